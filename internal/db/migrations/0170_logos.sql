-- +goose NO TRANSACTION
-- +goose Up

-- The picture behind the address of a merchant's logo, as it was fetched last: one row an environment. Without data the
-- address gave none.
CREATE TABLE IF NOT EXISTS logos (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    url            {{text}} NOT NULL,
    data           {{bytes}} NOT NULL,
    tried_at       {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id)
) {{options}};
