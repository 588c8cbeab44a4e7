-- +goose NO TRANSACTION
-- +goose Up

-- A code that was mailed to an address to prove that somebody reads it. The code itself is not here, only a
-- keyed hash of it. Rows are written whether or not a mail went out, so that limits tell nothing.
CREATE TABLE IF NOT EXISTS customer_codes (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    code_id        {{text}} NOT NULL,
    purpose        {{text}} NOT NULL CHECK (purpose IN ('link_guest_purchases', 'sign_in', 'email_new', 'email_current')),
    customer_id    {{text}} NOT NULL DEFAULT '',
    address        {{text}} NOT NULL,
    address_key    {{text}} NOT NULL,
    code_hash      {{text}} NOT NULL,
    tries          {{int}} NOT NULL DEFAULT 0 CHECK (tries >= 0),
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    confirmed_at   {{int}},
    redeemed_at    {{int}},
    PRIMARY KEY (merchant_id, environment_id, code_id)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_codes_address ON customer_codes (merchant_id, environment_id, address_key, created_at);

CREATE INDEX IF NOT EXISTS customer_codes_customer ON customer_codes (merchant_id, environment_id, customer_id, created_at)
    WHERE customer_id <> '';

CREATE INDEX IF NOT EXISTS customer_codes_old ON customer_codes (created_at);

-- A customer's wish to have another e-mail address, until both addresses are proven. Its codes are rows of
-- customer_codes.
CREATE TABLE IF NOT EXISTS customer_email_changes (
    merchant_id             {{text}} NOT NULL,
    environment_id          {{text}} NOT NULL,
    email_change_request_id {{text}} NOT NULL,
    customer_id             {{text}} NOT NULL,
    new_email               {{text}} NOT NULL,
    current_email           {{text}} NOT NULL,
    status                  {{text}} NOT NULL CHECK (status IN ('pending', 'confirmed', 'superseded')),
    created_at              {{int}} NOT NULL,
    expires_at              {{int}} NOT NULL,
    confirmed_at            {{int}},
    PRIMARY KEY (merchant_id, environment_id, email_change_request_id)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_email_changes_customer ON customer_email_changes (merchant_id, environment_id, customer_id, created_at);
