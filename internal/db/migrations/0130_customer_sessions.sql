-- +goose NO TRANSACTION
-- +goose Up

-- A buyer's credential for /v1/me. The row is the whole family: one live secret, and one unspent refresh
-- token in customer_session_refreshes. expires_at is when no refresh is possible any more.
CREATE TABLE IF NOT EXISTS customer_sessions (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    customer_session_id {{text}} NOT NULL,
    customer_id         {{text}} NOT NULL,
    status              {{text}} NOT NULL CHECK (status IN ('active', 'revoked')),
    revoked_reason      {{text}} NOT NULL DEFAULT '',
    secret_hash         {{text}} NOT NULL,
    secret_expires_at   {{int}} NOT NULL,
    secret_seconds      {{int}} NOT NULL CHECK (secret_seconds > 0),
    refresh_seconds     {{int}} NOT NULL CHECK (refresh_seconds > 0),
    created_at          {{int}} NOT NULL,
    expires_at          {{int}} NOT NULL,
    ends_at             {{int}} NOT NULL,
    revoked_at          {{int}},
    PRIMARY KEY (merchant_id, environment_id, customer_session_id)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_sessions_secret ON customer_sessions (secret_hash);

CREATE INDEX IF NOT EXISTS customer_sessions_customer ON customer_sessions (merchant_id, environment_id, customer_id, created_at);

CREATE INDEX IF NOT EXISTS customer_sessions_old ON customer_sessions (expires_at);

-- Refresh tokens by their hash. key_hash is the idempotency key that spent the token, and sealed the pair it
-- was exchanged for, kept only until that pair's refresh token is spent in turn.
CREATE TABLE IF NOT EXISTS customer_session_refreshes (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    refresh_hash        {{text}} NOT NULL,
    customer_session_id {{text}} NOT NULL,
    key_hash            {{text}} NOT NULL DEFAULT '',
    sealed              {{text}} NOT NULL DEFAULT '',
    created_at          {{int}} NOT NULL,
    expires_at          {{int}} NOT NULL,
    spent_at            {{int}},
    PRIMARY KEY (merchant_id, environment_id, refresh_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_session_refreshes_token ON customer_session_refreshes (refresh_hash);

CREATE INDEX IF NOT EXISTS customer_session_refreshes_session ON customer_session_refreshes (merchant_id, environment_id, customer_session_id);

-- A one-time way into the hosted account: what an account_url carries.
CREATE TABLE IF NOT EXISTS customer_account_entries (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    entry_hash     {{text}} NOT NULL,
    customer_id    {{text}} NOT NULL,
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    used_at        {{int}},
    PRIMARY KEY (merchant_id, environment_id, entry_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_account_entries_old ON customer_account_entries (expires_at);

-- A browser that is signed in to the hosted account, by the hash of its cookie. It is independent of
-- customer_sessions: revoking those does not end it.
CREATE TABLE IF NOT EXISTS customer_account_logins (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    login_hash     {{text}} NOT NULL,
    customer_id    {{text}} NOT NULL,
    method         {{text}} NOT NULL CHECK (method IN ('account_url', 'code')),
    created_at     {{int}} NOT NULL,
    last_seen_at   {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, login_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_account_logins_customer ON customer_account_logins (merchant_id, environment_id, customer_id);

CREATE INDEX IF NOT EXISTS customer_account_logins_old ON customer_account_logins (expires_at);

-- The address of a hosted account names the environment alone.
CREATE INDEX IF NOT EXISTS environments_id ON environments (environment_id);
