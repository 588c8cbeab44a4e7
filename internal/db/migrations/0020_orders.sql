-- +goose NO TRANSACTION
-- +goose Up

-- Buyers of a merchant environment; email_key and name_key are in lower case, search is what the
-- list's query looks at.
CREATE TABLE IF NOT EXISTS customers (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    customer_id           {{text}} NOT NULL,
    email                 {{text}} NOT NULL,
    email_key             {{text}} NOT NULL,
    name                  {{text}} NOT NULL DEFAULT '',
    name_key              {{text}} NOT NULL DEFAULT '',
    phone                 {{text}} NOT NULL DEFAULT '',
    version               {{int}} NOT NULL CHECK (version >= 1),
    tax_exempt            {{int}} NOT NULL DEFAULT 0 CHECK (tax_exempt IN (0, 1)),
    external_reference_id {{text}} NOT NULL DEFAULT '',
    search                {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, customer_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS customers_email ON customers (merchant_id, environment_id, email_key);

CREATE INDEX IF NOT EXISTS customers_created ON customers (merchant_id, environment_id, created_at, customer_id);

CREATE INDEX IF NOT EXISTS customers_updated ON customers (merchant_id, environment_id, updated_at, customer_id);

CREATE INDEX IF NOT EXISTS customers_name ON customers (merchant_id, environment_id, name_key, customer_id);

CREATE INDEX IF NOT EXISTS customers_external_reference ON customers (merchant_id, environment_id, external_reference_id)
    WHERE external_reference_id <> '';

-- The number of the last order of an environment.
CREATE TABLE IF NOT EXISTS order_numbers (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    last           {{int}} NOT NULL CHECK (last >= 1),
    PRIMARY KEY (merchant_id, environment_id)
) {{clustered}};

-- The order record: what is filtered, sorted or constrained is a column, the priced aggregate is doc.
-- activities is the sequence of the last row of history.
CREATE TABLE IF NOT EXISTS orders (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    order_id              {{text}} NOT NULL,
    order_number          {{text}} NOT NULL,
    revision              {{int}} NOT NULL CHECK (revision >= 1),
    origin                {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('open', 'closed')),
    payment_status        {{text}} NOT NULL CHECK (payment_status IN ('unpaid', 'partially_paid', 'paid')),
    refund_status         {{text}} NOT NULL CHECK (refund_status IN ('none', 'partially_refunded', 'refunded')),
    fulfillment_status    {{text}} NOT NULL,
    currency              {{text}} NOT NULL,
    customer_id           {{text}} NOT NULL DEFAULT '',
    external_reference_id {{text}} NOT NULL DEFAULT '',
    active_attempt_id     {{text}} NOT NULL DEFAULT '',
    subtotal              {{int}} NOT NULL,
    discount              {{int}} NOT NULL,
    charge                {{int}} NOT NULL,
    tax                   {{int}} NOT NULL,
    tax_included          {{int}} NOT NULL,
    tip                   {{int}} NOT NULL,
    total                 {{int}} NOT NULL CHECK (total >= 0),
    paid                  {{int}} NOT NULL CHECK (paid >= 0),
    refunded              {{int}} NOT NULL CHECK (refunded >= 0),
    settled_tip           {{int}} NOT NULL,
    outstanding           {{int}} NOT NULL CHECK (outstanding >= 0),
    activities            {{int}} NOT NULL,
    search                {{text}} NOT NULL,
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, order_id),
    CONSTRAINT orders_refunded_within_paid CHECK (refunded <= paid)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS orders_number ON orders (merchant_id, environment_id, order_number);

CREATE INDEX IF NOT EXISTS orders_created ON orders (merchant_id, environment_id, created_at, order_id);

CREATE INDEX IF NOT EXISTS orders_updated ON orders (merchant_id, environment_id, updated_at, order_id);

CREATE INDEX IF NOT EXISTS orders_outstanding ON orders (merchant_id, environment_id, outstanding, order_id);

CREATE INDEX IF NOT EXISTS orders_total ON orders (merchant_id, environment_id, total, order_id);

CREATE INDEX IF NOT EXISTS orders_customer ON orders (merchant_id, environment_id, customer_id, created_at)
    WHERE customer_id <> '';

CREATE INDEX IF NOT EXISTS orders_external_reference ON orders (merchant_id, environment_id, external_reference_id)
    WHERE external_reference_id <> '';

-- The history of an order as people read it.
CREATE TABLE IF NOT EXISTS order_activities (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    order_id        {{text}} NOT NULL,
    sequence        {{int}} NOT NULL CHECK (sequence >= 1),
    activity_id     {{text}} NOT NULL,
    type            {{text}} NOT NULL,
    description     {{text}} NOT NULL,
    balance_delta   {{int}} NOT NULL,
    running_balance {{int}} NOT NULL,
    currency        {{text}} NOT NULL,
    reference_type  {{text}} NOT NULL DEFAULT '',
    reference_id    {{text}} NOT NULL DEFAULT '',
    actor_type      {{text}} NOT NULL DEFAULT '',
    actor_id        {{text}} NOT NULL DEFAULT '',
    request_id      {{text}} NOT NULL DEFAULT '',
    created_at      {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, order_id, sequence)
) {{clustered}};
