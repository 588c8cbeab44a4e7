-- +goose NO TRANSACTION
-- +goose Up

-- The identity of a set of rules about returns. The rules stand in its revisions.
CREATE TABLE IF NOT EXISTS return_policies (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    return_policy_id      {{text}} NOT NULL,
    name                  {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('active', 'inactive', 'archived')),
    current_revision_id   {{text}} NOT NULL,
    external_reference_id {{text}} NOT NULL DEFAULT '',
    search                {{text}} NOT NULL,
    metadata              {{text}} NOT NULL DEFAULT '',
    version               {{int}} NOT NULL CHECK (version >= 1),
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_policy_id)
) {{options}};

CREATE INDEX IF NOT EXISTS return_policies_created ON return_policies (merchant_id, environment_id, created_at, return_policy_id);

CREATE INDEX IF NOT EXISTS return_policies_active ON return_policies (merchant_id, environment_id, current_revision_id) WHERE status = 'active';

-- One row is one revision. It is written once and never changed.
CREATE TABLE IF NOT EXISTS return_policy_revisions (
    merchant_id               {{text}} NOT NULL,
    environment_id            {{text}} NOT NULL,
    return_policy_revision_id {{text}} NOT NULL,
    return_policy_id          {{text}} NOT NULL,
    doc                       {{text}} NOT NULL,
    created_at                {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_policy_revision_id)
) {{options}};

CREATE INDEX IF NOT EXISTS return_policy_revisions_policy
    ON return_policy_revisions (merchant_id, environment_id, return_policy_id, created_at, return_policy_revision_id);

-- Reasons that merchants have added to the built-in ones, which have no rows.
CREATE TABLE IF NOT EXISTS return_reasons (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    return_reason_id      {{text}} NOT NULL,
    handle                {{text}} NOT NULL,
    name                  {{text}} NOT NULL,
    description           {{text}} NOT NULL DEFAULT '',
    category_handles      {{text}} NOT NULL DEFAULT '',
    note_required         {{int}} NOT NULL CHECK (note_required IN (0, 1)),
    status                {{text}} NOT NULL CHECK (status IN ('active', 'archived')),
    external_reference_id {{text}} NOT NULL DEFAULT '',
    version               {{int}} NOT NULL CHECK (version >= 1),
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_reason_id)
) {{options}};

-- A handle names one reason, archived ones included: history goes on to mean what it meant.
CREATE UNIQUE INDEX IF NOT EXISTS return_reasons_handle ON return_reasons (merchant_id, environment_id, handle);
