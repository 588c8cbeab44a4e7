-- +goose NO TRANSACTION
-- +goose Up

-- Further credentials of a session, beside the one that was made with it: for a link or an invoice that
-- hands the same session out again, and for a buyer who proved an address. customer_id is whom it acts for,
-- email the address that was proven; both empty when it acts for nobody.
CREATE TABLE IF NOT EXISTS checkout_credentials (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    checkout_session_id {{text}} NOT NULL,
    secret_hash         {{text}} NOT NULL,
    customer_id         {{text}} NOT NULL DEFAULT '',
    email               {{text}} NOT NULL DEFAULT '',
    created_at          {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, checkout_session_id, secret_hash)
) {{clustered}};

-- Codes that were sent to prove an address at a checkout, and what became of them. The code itself is kept
-- as a keyed hash. asker names where the request came from, for the caps.
CREATE TABLE IF NOT EXISTS checkout_verifications (
    merchant_id              {{text}} NOT NULL,
    environment_id           {{text}} NOT NULL,
    checkout_session_id      {{text}} NOT NULL,
    customer_verification_id {{text}} NOT NULL,
    purpose                  {{text}} NOT NULL,
    channel                  {{text}} NOT NULL,
    automatic                {{int}} NOT NULL DEFAULT 0 CHECK (automatic IN (0, 1)),
    email                    {{text}} NOT NULL,
    code_hash                {{text}} NOT NULL,
    status                   {{text}} NOT NULL CHECK (status IN ('pending', 'replaced', 'confirmed')),
    tries                    {{int}} NOT NULL DEFAULT 0 CHECK (tries >= 0),
    last_try_at              {{int}},
    asker                    {{text}} NOT NULL DEFAULT '',
    created_at               {{int}} NOT NULL,
    expires_at               {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, checkout_session_id, customer_verification_id)
) {{options}};

-- How often an address was written to, and how often a code for it was wrong.
CREATE INDEX IF NOT EXISTS checkout_verifications_by_email ON checkout_verifications (merchant_id, environment_id, email, created_at);

CREATE INDEX IF NOT EXISTS checkout_verifications_by_asker ON checkout_verifications (merchant_id, environment_id, asker, created_at);

-- Until when a session keeps what its buyer typed; NULL while it is open and once that is erased.
ALTER TABLE checkout_sessions ADD COLUMN IF NOT EXISTS contact_until {{int}};

CREATE INDEX IF NOT EXISTS checkout_sessions_contact ON checkout_sessions (contact_until) WHERE contact_until IS NOT NULL;

-- Of a customer: to erase what sessions hold of one who is deleted.
CREATE INDEX IF NOT EXISTS checkout_sessions_by_customer ON checkout_sessions (merchant_id, environment_id, customer_id)
    WHERE customer_id <> '';
