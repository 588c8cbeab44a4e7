-- +goose NO TRANSACTION
-- +goose Up

-- One row follows the buyer of one order from the first visit to a checkout until the order is bought, closed
-- or given up. An order has at most one that lives. due_at is when the worker has to look at it next.
CREATE TABLE IF NOT EXISTS recoveries (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    recovery_id         {{text}} NOT NULL,
    order_id            {{text}} NOT NULL,
    checkout_session_id {{text}} NOT NULL,
    current_session_id  {{text}} NOT NULL,
    state               {{text}} NOT NULL CHECK (state IN ('watching', 'abandoned', 'returned', 'recovered', 'completed', 'ended', 'lapsed')),
    reason              {{text}} NOT NULL DEFAULT '',
    returns             {{int}} NOT NULL DEFAULT 0,
    detail              {{text}} NOT NULL DEFAULT '{}',
    last_activity_at    {{int}} NOT NULL,
    abandoned_at        {{int}},
    due_at              {{int}},
    ended_at            {{int}},
    created_at          {{int}} NOT NULL,
    updated_at          {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, recovery_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS recoveries_live ON recoveries (merchant_id, environment_id, order_id) WHERE ended_at IS NULL;

CREATE INDEX IF NOT EXISTS recoveries_due ON recoveries (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS recoveries_created ON recoveries (merchant_id, environment_id, created_at, recovery_id);

CREATE INDEX IF NOT EXISTS recoveries_by_order ON recoveries (merchant_id, environment_id, order_id, recovery_id);

-- A session whose buyer was seen. abandoned_at is set once, with the session's event.
CREATE TABLE IF NOT EXISTS recovery_visits (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    checkout_session_id {{text}} NOT NULL,
    recovery_id         {{text}} NOT NULL,
    abandoned_at        {{int}},
    created_at          {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, checkout_session_id)
) {{clustered}};

-- A reminder of the plan, and what became of it.
CREATE TABLE IF NOT EXISTS recovery_steps (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    recovery_id    {{text}} NOT NULL,
    step           {{int}} NOT NULL CHECK (step BETWEEN 1 AND 3),
    subject        {{text}} NOT NULL DEFAULT '',
    state          {{text}} NOT NULL CHECK (state IN ('planned', 'sent', 'suppressed')),
    reason         {{text}} NOT NULL DEFAULT '',
    address_key    {{text}} NOT NULL DEFAULT '',
    mail_id        {{text}} NOT NULL DEFAULT '',
    link_id        {{text}} NOT NULL DEFAULT '',
    due_at         {{int}} NOT NULL,
    decided_at     {{int}},
    PRIMARY KEY (merchant_id, environment_id, recovery_id, step)
) {{clustered}};

CREATE INDEX IF NOT EXISTS recovery_steps_by_address ON recovery_steps (merchant_id, environment_id, address_key, decided_at)
    WHERE state = 'sent';

-- Locked while it is decided whether one more mail may go to an address. The key is a keyed hash.
CREATE TABLE IF NOT EXISTS recovery_addresses (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    address_key    {{text}} NOT NULL,
    asked_at       {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, address_key)
) {{clustered}};

-- A link that brings a buyer back to an order. Its token is kept as a hash.
CREATE TABLE IF NOT EXISTS recovery_links (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    link_id             {{text}} NOT NULL,
    order_id            {{text}} NOT NULL,
    recovery_id         {{text}} NOT NULL DEFAULT '',
    source              {{text}} NOT NULL CHECK (source IN ('event', 'reminder', 'action')),
    step                {{int}} NOT NULL DEFAULT 0,
    action_id           {{text}} NOT NULL DEFAULT '',
    app_id              {{text}} NOT NULL DEFAULT '',
    token_hash          {{text}} NOT NULL,
    opens               {{int}} NOT NULL DEFAULT 0 CHECK (opens >= 0),
    last_opened_at      {{int}},
    expires_at          {{int}} NOT NULL,
    revoked_at          {{int}},
    created_at          {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, link_id)
) {{options}};

CREATE INDEX IF NOT EXISTS recovery_links_by_token ON recovery_links (token_hash);

CREATE INDEX IF NOT EXISTS recovery_links_by_order ON recovery_links (merchant_id, environment_id, order_id);

-- A door to an order that a merchant or an app put in place of another.
CREATE TABLE IF NOT EXISTS recovery_actions (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    action_id           {{text}} NOT NULL,
    order_id            {{text}} NOT NULL,
    checkout_session_id {{text}} NOT NULL DEFAULT '',
    recovery_id         {{text}} NOT NULL DEFAULT '',
    type                {{text}} NOT NULL CHECK (type IN ('checkout_session', 'payment_link', 'invoice', 'recovery_link')),
    state               {{text}} NOT NULL CHECK (state IN ('pending', 'done', 'failed')),
    failure_code        {{text}} NOT NULL DEFAULT '',
    canceled_attempt_id {{text}} NOT NULL DEFAULT '',
    door_id             {{text}} NOT NULL DEFAULT '',
    fenced_session_id   {{text}} NOT NULL DEFAULT '',
    actor_type          {{text}} NOT NULL DEFAULT '',
    actor_id            {{text}} NOT NULL DEFAULT '',
    created_at          {{int}} NOT NULL,
    ended_at            {{int}},
    PRIMARY KEY (merchant_id, environment_id, action_id)
) {{options}};

CREATE INDEX IF NOT EXISTS recovery_actions_by_order ON recovery_actions (merchant_id, environment_id, order_id, created_at, action_id);
