-- +goose NO TRANSACTION
-- +goose Up

-- An e-mail address that somebody wants to prove as theirs. Nobody knows yet which merchants they work
-- for. The code has six digits, so its hash takes a key that is not in the database, and tries are counted.
CREATE TABLE IF NOT EXISTS platform_onboarding_verifications (
    token_hash {{text}} NOT NULL,
    email      {{text}} NOT NULL,
    first_name {{text}} NOT NULL,
    last_name  {{text}} NOT NULL,
    code_hash  {{text}} NOT NULL,
    tries      {{int}} NOT NULL DEFAULT 0,
    used_at    {{int}},
    created_at {{int}} NOT NULL,
    expires_at {{int}} NOT NULL,
    PRIMARY KEY (token_hash)
) {{options}};

CREATE INDEX IF NOT EXISTS platform_onboarding_verifications_by_end ON platform_onboarding_verifications (expires_at);

-- What a person who proved an address holds to set a merchant up. It cannot be prolonged.
CREATE TABLE IF NOT EXISTS onboarding_sessions (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    session_id     {{text}} NOT NULL,
    user_id        {{text}} NOT NULL,
    token_hash     {{text}} NOT NULL,
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, session_id)
) {{options}};

CREATE INDEX IF NOT EXISTS onboarding_sessions_by_token ON onboarding_sessions (token_hash);

CREATE INDEX IF NOT EXISTS onboarding_sessions_by_end ON onboarding_sessions (expires_at);

-- What an environment has told of itself beyond the merchant's profile.
CREATE TABLE IF NOT EXISTS onboardings (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    country        {{text}} NOT NULL DEFAULT '',
    capabilities   {{text}} NOT NULL DEFAULT '',
    synced_at      {{int}},
    updated_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id)
) {{clustered}};

-- A sandbox that somebody tries without an account, until its time or the next one of the same client.
CREATE TABLE IF NOT EXISTS demo_sessions (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    demo_session_id {{text}} NOT NULL,
    client_hash     {{text}} NOT NULL,
    created_at      {{int}} NOT NULL,
    expires_at      {{int}} NOT NULL,
    ended_at        {{int}},
    PRIMARY KEY (merchant_id, environment_id, demo_session_id)
) {{options}};

CREATE INDEX IF NOT EXISTS demo_sessions_by_client ON demo_sessions (client_hash, created_at) WHERE ended_at IS NULL;

CREATE INDEX IF NOT EXISTS demo_sessions_by_end ON demo_sessions (expires_at) WHERE ended_at IS NULL;

-- Of which merchant demo sessions are the sandboxes.
CREATE INDEX IF NOT EXISTS demo_sessions_by_age ON demo_sessions (created_at);
