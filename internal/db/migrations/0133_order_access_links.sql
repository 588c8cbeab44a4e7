-- +goose NO TRANSACTION
-- +goose Up

-- A link that opens one order without a sign-in, by the hash of its token.
CREATE TABLE IF NOT EXISTS order_access_links (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    access_link_id {{text}} NOT NULL,
    token_hash     {{text}} NOT NULL,
    order_id       {{text}} NOT NULL,
    customer_id    {{text}} NOT NULL,
    opens          {{int}} NOT NULL DEFAULT 0 CHECK (opens >= 0),
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    revoked_at     {{int}},
    PRIMARY KEY (merchant_id, environment_id, access_link_id)
) {{options}};

CREATE INDEX IF NOT EXISTS order_access_links_token ON order_access_links (token_hash);

CREATE INDEX IF NOT EXISTS order_access_links_id ON order_access_links (access_link_id);

CREATE INDEX IF NOT EXISTS order_access_links_customer ON order_access_links (merchant_id, environment_id, customer_id);

CREATE INDEX IF NOT EXISTS order_access_links_old ON order_access_links (expires_at);
