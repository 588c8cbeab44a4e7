-- +goose NO TRANSACTION
-- +goose Up

-- One row is one credit note. Credit that was set against the invoice or is on its way back is reserved here.
CREATE TABLE IF NOT EXISTS credit_notes (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    credit_note_id        {{text}} NOT NULL,
    invoice_id            {{text}} NOT NULL,
    order_id              {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('draft', 'issued', 'void')),
    reason                {{text}} NOT NULL,
    credit_note_number    {{text}} NOT NULL DEFAULT '',
    sequence              {{int}} NOT NULL CHECK (sequence >= 0),
    version               {{int}} NOT NULL CHECK (version >= 1),
    currency              {{text}} NOT NULL,
    external_reference_id {{text}} NOT NULL DEFAULT '',
    total                 {{int}} NOT NULL CHECK (total >= 0),
    allocated             {{int}} NOT NULL CHECK (allocated >= 0),
    refunded              {{int}} NOT NULL CHECK (refunded >= 0),
    pending               {{int}} NOT NULL CHECK (pending >= 0),
    search                {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    issued_at             {{int}},
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, credit_note_id),
    CHECK (allocated + pending <= total),
    CHECK (status = 'issued' OR allocated + pending = 0)
) {{options}};

-- Numbers occur once per environment.
CREATE UNIQUE INDEX IF NOT EXISTS credit_notes_sequence ON credit_notes (merchant_id, environment_id, sequence) WHERE sequence > 0;

CREATE INDEX IF NOT EXISTS credit_notes_created ON credit_notes (merchant_id, environment_id, created_at, credit_note_id);

CREATE INDEX IF NOT EXISTS credit_notes_invoice ON credit_notes (merchant_id, environment_id, invoice_id, created_at);

CREATE INDEX IF NOT EXISTS credit_notes_order ON credit_notes (merchant_id, environment_id, order_id);

-- What issued credit notes take off a line of an invoice: never more than the line.
CREATE TABLE IF NOT EXISTS credit_note_items (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    invoice_id      {{text}} NOT NULL,
    line_id         {{text}} NOT NULL,
    billed_quantity {{int}} NOT NULL,
    billed_total    {{int}} NOT NULL,
    quantity        {{int}} NOT NULL CHECK (quantity >= 0),
    total           {{int}} NOT NULL CHECK (total >= 0),
    discount        {{int}} NOT NULL CHECK (discount >= 0),
    tax             {{int}} NOT NULL CHECK (tax >= 0),
    tax_additive    {{int}} NOT NULL CHECK (tax_additive >= 0),
    PRIMARY KEY (merchant_id, environment_id, invoice_id, line_id),
    CHECK (total <= billed_total),
    CHECK (quantity <= billed_quantity)
) {{clustered}};

-- Credit set against an invoice. A row stays when it is reversed.
CREATE TABLE IF NOT EXISTS credit_note_allocations (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    credit_note_id  {{text}} NOT NULL,
    allocation_id   {{text}} NOT NULL,
    invoice_id      {{text}} NOT NULL,
    amount          {{int}} NOT NULL CHECK (amount > 0),
    idempotency_key {{text}} NOT NULL DEFAULT '',
    allocated_at    {{int}} NOT NULL,
    reversed_at     {{int}},
    PRIMARY KEY (merchant_id, environment_id, credit_note_id, allocation_id)
) {{clustered}};

-- Refunds that pay a credit note out.
CREATE TABLE IF NOT EXISTS credit_note_refunds (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    credit_note_id  {{text}} NOT NULL,
    refund_id       {{text}} NOT NULL,
    idempotency_key {{text}} NOT NULL DEFAULT '',
    created_at      {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, credit_note_id, refund_id)
) {{clustered}};
