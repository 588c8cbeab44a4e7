-- +goose NO TRANSACTION
-- +goose Up

-- Where an API key may be used from: prefixes separated by spaces. A key without a row may be used from anywhere.
CREATE TABLE IF NOT EXISTS api_key_networks (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    api_key_id     {{text}} NOT NULL,
    networks       {{text}} NOT NULL CHECK (networks <> ''),
    PRIMARY KEY (merchant_id, environment_id, api_key_id)
) {{clustered}};
