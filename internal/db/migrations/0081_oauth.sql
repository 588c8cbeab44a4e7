-- +goose NO TRANSACTION
-- +goose Up

-- An authorization code between consent and exchange. The code itself is not here, only its hash. A used
-- row stays a while, so that a second use is recognized and ends the family made from the first.
CREATE TABLE IF NOT EXISTS oauth_codes (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    code_hash      {{text}} NOT NULL,
    client_id      {{text}} NOT NULL,
    grant_id       {{text}} NOT NULL,
    user_id        {{text}} NOT NULL,
    redirect_uri   {{text}} NOT NULL,
    challenge      {{text}} NOT NULL DEFAULT '',
    family_id      {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    used_at        {{int}},
    purge_at       {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, code_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS oauth_codes_secret ON oauth_codes (code_hash);

CREATE INDEX IF NOT EXISTS oauth_codes_old ON oauth_codes (purge_at);

-- All tokens that descend from one consent: of a code (kind install), of an uninstall (kind cleanup) or of an
-- approved device (kind cli).
-- Whether a token works is decided here and on the grant, never on the token alone. app_id, grant_id and
-- owner_id are empty for a CLI session.
CREATE TABLE IF NOT EXISTS oauth_token_families (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    family_id      {{text}} NOT NULL,
    kind           {{text}} NOT NULL CHECK (kind IN ('install', 'cleanup', 'cli')),
    client_id      {{text}} NOT NULL,
    app_id         {{text}} NOT NULL DEFAULT '',
    owner_id       {{text}} NOT NULL DEFAULT '',
    grant_id       {{text}} NOT NULL DEFAULT '',
    user_id        {{text}} NOT NULL,
    scopes         {{text}} NOT NULL,
    status         {{text}} NOT NULL CHECK (status IN ('active', 'revoked')),
    revoked_reason {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    idle_until     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    revoked_at     {{int}},
    PRIMARY KEY (merchant_id, environment_id, family_id)
) {{options}};

CREATE INDEX IF NOT EXISTS oauth_token_families_by_grant ON oauth_token_families (merchant_id, environment_id, grant_id, created_at, family_id);

CREATE INDEX IF NOT EXISTS oauth_token_families_old ON oauth_token_families (idle_until);

-- Access and refresh tokens by their hash. successor is the sealed pair that replaced a refresh token; it
-- is kept only while a second caller may still ask for it.
CREATE TABLE IF NOT EXISTS oauth_tokens (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    token_hash     {{text}} NOT NULL,
    family_id      {{text}} NOT NULL,
    kind           {{text}} NOT NULL CHECK (kind IN ('access', 'refresh')),
    scopes         {{text}} NOT NULL DEFAULT '',
    parent_hash    {{text}} NOT NULL DEFAULT '',
    successor      {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    used_at        {{int}},
    revoked_at     {{int}},
    purge_at       {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, token_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS oauth_tokens_secret ON oauth_tokens (token_hash);

CREATE INDEX IF NOT EXISTS oauth_tokens_old ON oauth_tokens (purge_at);

-- A device that asks to be let in. It belongs to no merchant until somebody approves it for one: merchant
-- and environment are empty while it is pending. user_code_hash is keyed, because the code is short.
CREATE TABLE IF NOT EXISTS oauth_devices (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    device_hash    {{text}} NOT NULL,
    user_code_hash {{text}} NOT NULL,
    client_id      {{text}} NOT NULL,
    requested      {{text}} NOT NULL DEFAULT '',
    status         {{text}} NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'used')),
    user_id        {{text}} NOT NULL DEFAULT '',
    scopes         {{text}} NOT NULL DEFAULT '',
    family_id      {{text}} NOT NULL DEFAULT '',
    wait_seconds   {{int}} NOT NULL,
    polled_at      {{int}},
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    purge_at       {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, device_hash),
    CONSTRAINT oauth_devices_owner CHECK (status IN ('pending', 'denied') OR merchant_id <> '')
) {{options}};

CREATE INDEX IF NOT EXISTS oauth_devices_secret ON oauth_devices (device_hash);

CREATE INDEX IF NOT EXISTS oauth_devices_code ON oauth_devices (user_code_hash);

CREATE INDEX IF NOT EXISTS oauth_devices_old ON oauth_devices (purge_at);
