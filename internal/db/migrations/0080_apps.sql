-- +goose NO TRANSACTION
-- +goose Up

-- Apps that a merchant owns. The secret is kept as a hash; the previous one is good until
-- previous_secret_until. version is that of the manifest new installs consent to.
CREATE TABLE IF NOT EXISTS apps (
    merchant_id            {{text}} NOT NULL,
    app_id                 {{text}} NOT NULL,
    client_id              {{text}} NOT NULL,
    type                   {{text}} NOT NULL CHECK (type IN ('server', 'plugin')),
    visibility             {{text}} NOT NULL,
    status                 {{text}} NOT NULL CHECK (status IN ('active', 'deleting', 'deleted')),
    secret_hash            {{text}} NOT NULL,
    previous_secret_hash   {{text}} NOT NULL DEFAULT '',
    previous_secret_until  {{int}},
    version                {{int}} NOT NULL CHECK (version >= 1),
    api_version            {{text}} NOT NULL,
    api_version_previous   {{text}} NOT NULL DEFAULT '',
    api_version_changed_at {{int}},
    created_at             {{int}} NOT NULL,
    updated_at             {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, app_id)
) {{options}};

-- A client shows its id before anybody knows whose it is.
CREATE INDEX IF NOT EXISTS apps_client ON apps (client_id);

CREATE INDEX IF NOT EXISTS apps_list ON apps (merchant_id, created_at, app_id);

-- What an app asked for, version by version; a row is never changed. Lists are JSON.
CREATE TABLE IF NOT EXISTS app_versions (
    merchant_id         {{text}} NOT NULL,
    app_id              {{text}} NOT NULL,
    version             {{int}} NOT NULL CHECK (version >= 1),
    name                {{text}} NOT NULL,
    icon_url            {{text}} NOT NULL DEFAULT '',
    redirect_uris       {{text}} NOT NULL,
    manifest            {{text}} NOT NULL,
    default_permissions {{text}} NOT NULL,
    created_at          {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, app_id, version)
) {{options}};

-- An app at the merchant that installed it. removal is the receipt, empty until it is written.
CREATE TABLE IF NOT EXISTS app_installs (
    merchant_id          {{text}} NOT NULL,
    install_id           {{text}} NOT NULL,
    app_id               {{text}} NOT NULL,
    owner_id             {{text}} NOT NULL,
    status               {{text}} NOT NULL CHECK (status IN ('pending_exchange', 'pending_consent', 'pending_onboarding', 'active',
        'pending_permission_upgrade', 'flagged_for_review', 'revoked', 'errored')),
    version              {{int}} NOT NULL CHECK (version >= 1),
    permission_ids       {{text}} NOT NULL,
    scopes               {{text}} NOT NULL,
    installed_by_user_id {{text}} NOT NULL DEFAULT '',
    limits               {{text}} NOT NULL,
    paused_at            {{int}},
    revoked_at           {{int}},
    revoked_by_user_id   {{text}} NOT NULL DEFAULT '',
    revoked_reason       {{text}} NOT NULL DEFAULT '',
    cleanup_until        {{int}},
    removal              {{text}} NOT NULL DEFAULT '',
    created_at           {{int}} NOT NULL,
    updated_at           {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, install_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS app_installs_live ON app_installs (merchant_id, app_id) WHERE status <> 'revoked';

CREATE INDEX IF NOT EXISTS app_installs_list ON app_installs (merchant_id, created_at, install_id);

-- Where the installs of an app are, for its owner, who is the merchant of these rows.
CREATE TABLE IF NOT EXISTS app_install_index (
    merchant_id  {{text}} NOT NULL,
    app_id       {{text}} NOT NULL,
    install_id   {{text}} NOT NULL,
    installer_id {{text}} NOT NULL,
    created_at   {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, app_id, install_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS app_install_index_list ON app_install_index (merchant_id, app_id, created_at, install_id);

-- What an install may do in one environment. Every token belongs to one grant.
CREATE TABLE IF NOT EXISTS app_grants (
    merchant_id        {{text}} NOT NULL,
    environment_id     {{text}} NOT NULL,
    grant_id           {{text}} NOT NULL,
    install_id         {{text}} NOT NULL,
    app_id             {{text}} NOT NULL,
    owner_id           {{text}} NOT NULL,
    status             {{text}} NOT NULL CHECK (status IN ('pending_exchange', 'active', 'revoked')),
    version            {{int}} NOT NULL CHECK (version >= 1),
    permission_ids     {{text}} NOT NULL,
    scopes             {{text}} NOT NULL,
    revoked_at         {{int}},
    revoked_by_user_id {{text}} NOT NULL DEFAULT '',
    created_at         {{int}} NOT NULL,
    updated_at         {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, grant_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS app_grants_live ON app_grants (merchant_id, environment_id, install_id) WHERE status <> 'revoked';

CREATE INDEX IF NOT EXISTS app_grants_install ON app_grants (merchant_id, install_id, created_at, grant_id);
