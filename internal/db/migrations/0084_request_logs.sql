-- +goose NO TRANSACTION
-- +goose Up

-- What API requests of keys and app tokens asked and were answered, without secrets, for their
-- developers. A row is written after the answer, and only if there is room for it: a request without a
-- row has happened all the same. The id sorts by time. query and headers are JSON. redacted tells which of
-- the parts lack something that was secret, cut which bodies are not whole.
CREATE TABLE IF NOT EXISTS request_logs (
    merchant_id       {{text}} NOT NULL,
    environment_id    {{text}} NOT NULL,
    credential_id     {{text}} NOT NULL,
    log_id            {{text}} NOT NULL,
    request_id        {{text}} NOT NULL,
    method            {{text}} NOT NULL,
    path              {{text}} NOT NULL,
    route             {{text}} NOT NULL,
    status            {{int}} NOT NULL,
    latency_us        {{int}} NOT NULL,
    asked_version     {{text}} NOT NULL DEFAULT '',
    version_source    {{text}} NOT NULL DEFAULT '',
    served_version    {{text}} NOT NULL DEFAULT '',
    resource_type     {{text}} NOT NULL DEFAULT '',
    resource_id       {{text}} NOT NULL DEFAULT '',
    parent_id         {{text}} NOT NULL DEFAULT '',
    error_code        {{text}} NOT NULL DEFAULT '',
    error_message     {{text}} NOT NULL DEFAULT '',
    error_advice      {{text}} NOT NULL DEFAULT '',
    retryable         {{int}} NOT NULL DEFAULT 0 CHECK (retryable IN (0, 1)),
    created_at        {{int}} NOT NULL,
    query             {{text}} NOT NULL DEFAULT '',
    headers           {{text}} NOT NULL DEFAULT '',
    request_body      {{text}} NOT NULL DEFAULT '',
    response_body     {{text}} NOT NULL DEFAULT '',
    response_type     {{text}} NOT NULL DEFAULT '',
    redacted          {{int}} NOT NULL DEFAULT 0,
    cut               {{int}} NOT NULL DEFAULT 0,
    PRIMARY KEY (merchant_id, environment_id, credential_id, log_id)
) {{options}};

CREATE INDEX IF NOT EXISTS request_logs_by_request ON request_logs (merchant_id, environment_id, request_id);

CREATE INDEX IF NOT EXISTS request_logs_by_resource ON request_logs (merchant_id, environment_id, resource_id, created_at)
    WHERE resource_id <> '';

-- Of requests about a part of something: POST /v1/orders/ord_…/line-items/li_….
CREATE INDEX IF NOT EXISTS request_logs_by_parent ON request_logs (merchant_id, environment_id, parent_id, created_at)
    WHERE parent_id <> '';

-- Rows are removed after their time, over all tenants.
CREATE INDEX IF NOT EXISTS request_logs_by_age ON request_logs (created_at);

-- The log of the request that caused an event, empty where none did.
ALTER TABLE events ADD COLUMN IF NOT EXISTS request_log_id {{text}} NOT NULL DEFAULT '';
