-- +goose NO TRANSACTION
-- +goose Up

-- Where a merchant environment wants its events. Secrets are sealed for their row; previous_secret
-- signs beside the new one until previous_secret_until. failing_since is the first failure since the
-- last success.
CREATE TABLE IF NOT EXISTS webhook_endpoints (
    merchant_id            {{text}} NOT NULL,
    environment_id         {{text}} NOT NULL,
    endpoint_id            {{text}} NOT NULL,
    url                    {{text}} NOT NULL,
    description            {{text}} NOT NULL DEFAULT '',
    enabled                {{int}} NOT NULL CHECK (enabled IN (0, 1)),
    enabled_events         {{text}} NOT NULL,
    event_sources          {{text}} NOT NULL,
    mode                   {{text}} NOT NULL,
    partner_app_id         {{text}} NOT NULL DEFAULT '',
    api_version            {{text}} NOT NULL,
    api_version_previous   {{text}} NOT NULL DEFAULT '',
    api_version_changed_at {{int}},
    secret                 {{text}} NOT NULL,
    previous_secret        {{text}} NOT NULL DEFAULT '',
    previous_secret_until  {{int}},
    failing_since          {{int}},
    disabled_reason        {{text}} NOT NULL DEFAULT '',
    created_at             {{int}} NOT NULL,
    updated_at             {{int}} NOT NULL,
    deleted_at             {{int}},
    PRIMARY KEY (merchant_id, environment_id, endpoint_id)
) {{options}};

CREATE INDEX IF NOT EXISTS webhook_endpoints_by_creation ON webhook_endpoints (merchant_id, environment_id, created_at, endpoint_id);

-- One event on its way to one endpoint. While a delivery is pending, due_at is when it is tried next;
-- while lease is set, somebody is trying it and due_at is when it counts as abandoned.
CREATE TABLE IF NOT EXISTS webhook_deliveries (
    merchant_id             {{text}} NOT NULL,
    environment_id          {{text}} NOT NULL,
    delivery_id             {{text}} NOT NULL,
    event_id                {{text}} NOT NULL,
    endpoint_id             {{text}} NOT NULL,
    test                    {{int}} NOT NULL DEFAULT 0 CHECK (test IN (0, 1)),
    status                  {{text}} NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'suppressed')),
    attempt_count           {{int}} NOT NULL DEFAULT 0,
    automatic_attempt_count {{int}} NOT NULL DEFAULT 0 CHECK (automatic_attempt_count BETWEEN 0 AND 9),
    due_at                  {{int}},
    lease                   {{text}} NOT NULL DEFAULT '',
    delivered_at            {{int}},
    last_response_code      {{int}} NOT NULL DEFAULT 0,
    last_error              {{text}} NOT NULL DEFAULT '',
    error_category          {{text}} NOT NULL DEFAULT '',
    created_at              {{int}} NOT NULL,
    updated_at              {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, delivery_id),
    CONSTRAINT webhook_deliveries_once UNIQUE (merchant_id, environment_id, event_id, endpoint_id),
    CONSTRAINT webhook_deliveries_due CHECK (status <> 'pending' OR due_at IS NOT NULL)
) {{options}};

-- The queue of each endpoint.
CREATE INDEX IF NOT EXISTS webhook_deliveries_queue ON webhook_deliveries (merchant_id, environment_id, endpoint_id, due_at)
    WHERE status = 'pending';

-- The log of what was sent and answered.
CREATE TABLE IF NOT EXISTS webhook_attempts (
    merchant_id      {{text}} NOT NULL,
    environment_id   {{text}} NOT NULL,
    attempt_id       {{text}} NOT NULL,
    delivery_id      {{text}} NOT NULL,
    event_id         {{text}} NOT NULL,
    endpoint_id      {{text}} NOT NULL,
    attempt_number   {{int}} NOT NULL CHECK (attempt_number > 0),
    status           {{text}} NOT NULL CHECK (status IN ('delivered', 'failed')),
    delivery_trigger {{text}} NOT NULL,
    diagnostic       {{text}} NOT NULL DEFAULT '',
    error_category   {{text}} NOT NULL DEFAULT '',
    status_code      {{int}} NOT NULL DEFAULT 0,
    duration_ms      {{int}} NOT NULL,
    response_headers {{text}} NOT NULL DEFAULT '',
    content_type     {{text}} NOT NULL DEFAULT '',
    body_excerpt     {{text}} NOT NULL DEFAULT '',
    reason_message   {{text}} NOT NULL DEFAULT '',
    api_version      {{text}} NOT NULL,
    started_at       {{int}} NOT NULL,
    completed_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, attempt_id),
    CONSTRAINT webhook_attempts_number UNIQUE (merchant_id, environment_id, delivery_id, attempt_number)
) {{options}};

-- The sequencer goes from environment to environment.
CREATE INDEX IF NOT EXISTS events_unsequenced_by_environment ON events (merchant_id, environment_id, created_at, event_id)
    WHERE position IS NULL;
