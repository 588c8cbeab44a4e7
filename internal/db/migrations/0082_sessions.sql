-- +goose NO TRANSACTION
-- +goose Up

-- People sign in once for all merchants they work for, so these tables belong to the installation and are
-- keyed by the e-mail address. user_ids are the users that were proven, one per merchant, separated by
-- spaces; empty means every user of the address, because the address itself was proven.
CREATE TABLE IF NOT EXISTS platform_user_sessions (
    session_hash     {{text}} NOT NULL,
    session_id       {{text}} NOT NULL,
    email_key        {{text}} NOT NULL,
    user_ids         {{text}} NOT NULL DEFAULT '',
    method           {{text}} NOT NULL CHECK (method IN ('password', 'code', 'passkey')),
    agent            {{text}} NOT NULL DEFAULT '',
    address          {{text}} NOT NULL DEFAULT '',
    authenticated_at {{int}} NOT NULL,
    last_seen_at     {{int}} NOT NULL,
    expires_at       {{int}} NOT NULL,
    PRIMARY KEY (session_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS platform_user_sessions_by_email ON platform_user_sessions (email_key);

CREATE INDEX IF NOT EXISTS platform_user_sessions_by_end ON platform_user_sessions (expires_at);

-- A sign-in that has begun in one browser: a mailed code, or the challenge of a passkey. It is used once.
CREATE TABLE IF NOT EXISTS platform_sign_in_codes (
    pending_hash {{text}} NOT NULL,
    kind         {{text}} NOT NULL CHECK (kind IN ('code', 'passkey', 'register')),
    email_key    {{text}} NOT NULL DEFAULT '',
    code_hash    {{text}} NOT NULL DEFAULT '',
    tries        {{int}} NOT NULL DEFAULT 0,
    detail       {{text}} NOT NULL DEFAULT '',
    expires_at   {{int}} NOT NULL,
    PRIMARY KEY (pending_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS platform_sign_in_codes_by_end ON platform_sign_in_codes (expires_at);

-- Failed tries of one account by one way of signing in. Addresses that nobody has count as well.
CREATE TABLE IF NOT EXISTS platform_sign_in_failures (
    account_key   {{text}} NOT NULL,
    failures      {{int}} NOT NULL DEFAULT 0,
    blocked_until {{int}} NOT NULL DEFAULT 0,
    updated_at    {{int}} NOT NULL,
    PRIMARY KEY (account_key)
) {{clustered}};

CREATE TABLE IF NOT EXISTS platform_passkeys (
    credential_id {{text}} NOT NULL,
    passkey_id    {{text}} NOT NULL,
    email_key     {{text}} NOT NULL,
    user_ids      {{text}} NOT NULL DEFAULT '',
    handle        {{text}} NOT NULL,
    name          {{text}} NOT NULL,
    credential    {{text}} NOT NULL,
    created_at    {{int}} NOT NULL,
    last_used_at  {{int}},
    PRIMARY KEY (credential_id)
) {{options}};

CREATE INDEX IF NOT EXISTS platform_passkeys_by_email ON platform_passkeys (email_key);
