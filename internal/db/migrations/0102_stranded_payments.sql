-- +goose NO TRANSACTION
-- +goose Up

-- Money that came in where nothing was due any more: the inbox of what a merchant has to decide about. One
-- row is one payment's money; amount is what came too much, remaining what of it is still undecided. It lies
-- on the order as credit meanwhile.
CREATE TABLE IF NOT EXISTS stranded_payments (
    merchant_id                {{text}} NOT NULL,
    environment_id             {{text}} NOT NULL,
    stranded_payment_id        {{text}} NOT NULL,
    order_id                   {{text}} NOT NULL,
    payment_intent_id          {{text}} NOT NULL,
    attempt_id                 {{text}} NOT NULL,
    checkout_session_id        {{text}} NOT NULL,
    reason                     {{text}} NOT NULL,
    status                     {{text}} NOT NULL CHECK (status IN ('open', 'refunding', 'resolved')),
    currency                   {{text}} NOT NULL,
    amount                     {{int}} NOT NULL CHECK (amount > 0),
    remaining                  {{int}} NOT NULL CHECK (remaining >= 0 AND remaining <= amount),
    resolution                 {{text}} NOT NULL DEFAULT '',
    refund_id                  {{text}} NOT NULL DEFAULT '',
    assigned_order_id          {{text}} NOT NULL DEFAULT '',
    assigned_payment_intent_id {{text}} NOT NULL DEFAULT '',
    note                       {{text}} NOT NULL DEFAULT '',
    resolved_by_type           {{text}} NOT NULL DEFAULT '',
    resolved_by_id             {{text}} NOT NULL DEFAULT '',
    resolved_at                {{int}},
    created_at                 {{int}} NOT NULL,
    updated_at                 {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, stranded_payment_id),
    CONSTRAINT stranded_payments_decided CHECK ((status = 'resolved') = (remaining = 0) AND (status = 'resolved') = (resolution <> ''))
) {{options}};

CREATE INDEX IF NOT EXISTS stranded_payments_created ON stranded_payments (merchant_id, environment_id, created_at, stranded_payment_id);

CREATE INDEX IF NOT EXISTS stranded_payments_by_order ON stranded_payments (merchant_id, environment_id, order_id);

CREATE INDEX IF NOT EXISTS stranded_payments_by_refund ON stranded_payments (merchant_id, environment_id, refund_id) WHERE refund_id <> '';
