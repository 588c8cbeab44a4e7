-- +goose NO TRANSACTION
-- +goose Up

-- The payment under which the processor knows the money, for value that an exchange moved to another order.
ALTER TABLE payment_intents ADD COLUMN IF NOT EXISTS credit_of {{text}} NOT NULL DEFAULT '';

ALTER TABLE processor_operations ADD COLUMN IF NOT EXISTS known_as {{text}} NOT NULL DEFAULT '';

CREATE INDEX IF NOT EXISTS payment_intents_credit ON payment_intents (merchant_id, environment_id, credit_of) WHERE credit_of <> '';
