-- +goose NO TRANSACTION
-- +goose Up

-- What happened, in the transaction that made it happen. position stays NULL until the sequencer
-- places the event in the feed of its environment.
CREATE TABLE IF NOT EXISTS events (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    event_id        {{text}} NOT NULL,
    type            {{text}} NOT NULL,
    root_type       {{text}} NOT NULL,
    root_id         {{text}} NOT NULL,
    sequence        {{int}} NOT NULL CHECK (sequence > 0),
    position        {{int}} CHECK (position > 0),
    resource_type   {{text}} NOT NULL,
    resource_id     {{text}} NOT NULL,
    data            {{text}} NOT NULL,
    request_id      {{text}} NOT NULL DEFAULT '',
    idempotency_key {{text}} NOT NULL DEFAULT '',
    test            {{int}} NOT NULL DEFAULT 0 CHECK (test IN (0, 1)),
    created_at      {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, event_id),
    CONSTRAINT events_sequence UNIQUE (merchant_id, environment_id, root_id, sequence)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS events_position ON events (merchant_id, environment_id, position)
    WHERE position IS NOT NULL;

CREATE INDEX IF NOT EXISTS events_by_resource ON events (merchant_id, environment_id, resource_id, created_at);

CREATE INDEX IF NOT EXISTS events_by_type ON events (merchant_id, environment_id, type, created_at);

CREATE INDEX IF NOT EXISTS events_by_creation ON events (merchant_id, environment_id, created_at, event_id);

-- The next free position of each environment's feed.
CREATE TABLE IF NOT EXISTS event_feeds (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    next_position  {{int}} NOT NULL DEFAULT 1 CHECK (next_position > 0),
    PRIMARY KEY (merchant_id, environment_id)
) {{clustered}};

-- The journal is append-only: rows are inserted, never updated or deleted.
CREATE TABLE IF NOT EXISTS journal_entries (
    merchant_id       {{text}} NOT NULL,
    environment_id    {{text}} NOT NULL,
    entry_id          {{text}} NOT NULL,
    reason            {{text}} NOT NULL CHECK (reason <> ''),
    order_id          {{text}} NOT NULL,
    payment_intent_id {{text}} NOT NULL DEFAULT '',
    refund_id         {{text}} NOT NULL DEFAULT '',
    currency          {{text}} NOT NULL CHECK (LENGTH(currency) = 3),
    created_at        {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, entry_id),
    CONSTRAINT journal_entries_reason UNIQUE (merchant_id, environment_id, reason)
) {{options}};

CREATE INDEX IF NOT EXISTS journal_entries_by_order ON journal_entries (merchant_id, environment_id, order_id);

-- amount is in minor units, debit positive. An order's postings lie together, because they are read
-- together; an entry belongs to one order.
CREATE TABLE IF NOT EXISTS postings (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    entry_id       {{text}} NOT NULL,
    line           {{int}} NOT NULL,
    order_id       {{text}} NOT NULL,
    account        {{text}} NOT NULL,
    currency       {{text}} NOT NULL CHECK (LENGTH(currency) = 3),
    amount         {{int}} NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (merchant_id, environment_id, order_id, entry_id, line),
    FOREIGN KEY (merchant_id, environment_id, entry_id) REFERENCES journal_entries (merchant_id, environment_id, entry_id)
) {{clustered}};

-- Answers kept for repeated calls. body may be sealed (encrypted at rest).
CREATE TABLE IF NOT EXISTS idempotency_keys (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    credential_id  {{text}} NOT NULL,
    route          {{text}} NOT NULL,
    key            {{text}} NOT NULL,
    fingerprint    {{text}} NOT NULL,
    state          {{text}} NOT NULL,
    status         {{int}} NOT NULL DEFAULT 0,
    headers        {{text}} NOT NULL DEFAULT '',
    body           {{text}} NOT NULL DEFAULT '',
    sealed         {{int}} NOT NULL DEFAULT 0 CHECK (sealed IN (0, 1)),
    request_id     {{text}} NOT NULL DEFAULT '',
    api_version    {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    expires_at     {{int}} NOT NULL,
    locked_until   {{int}},
    PRIMARY KEY (merchant_id, environment_id, credential_id, route, key)
) {{options}};

CREATE INDEX IF NOT EXISTS idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- Work to do later, at least once. key makes a job unique within its kind.
CREATE TABLE IF NOT EXISTS jobs (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    job_id         {{text}} NOT NULL,
    kind           {{text}} NOT NULL,
    key            {{text}} NOT NULL,
    payload        {{text}} NOT NULL DEFAULT '',
    run_at         {{int}} NOT NULL,
    attempts       {{int}} NOT NULL DEFAULT 0,
    lease_until    {{int}},
    lease_epoch    {{int}} NOT NULL DEFAULT 0,
    last_error     {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    done_at        {{int}},
    PRIMARY KEY (merchant_id, environment_id, job_id),
    CONSTRAINT jobs_key UNIQUE (merchant_id, environment_id, kind, key)
) {{options}};

-- Workers look over all tenants for what is due.
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (run_at, job_id) WHERE done_at IS NULL;

CREATE INDEX IF NOT EXISTS jobs_done ON jobs (done_at) WHERE done_at IS NOT NULL;
