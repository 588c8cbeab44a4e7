-- +goose NO TRANSACTION
-- +goose Up

-- What a merchant decided about an environment: only what it has said, as JSON. Defaults are code.
CREATE TABLE IF NOT EXISTS settings (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    document       {{text}} NOT NULL,
    version        {{int}} NOT NULL CHECK (version > 1),
    created_at     {{int}} NOT NULL,
    updated_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id)
) {{options}};
