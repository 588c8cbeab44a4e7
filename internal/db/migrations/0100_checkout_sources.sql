-- +goose NO TRANSACTION
-- +goose Up

-- Where a session comes from besides its order: the invoice it collects, the payment link that a buyer
-- opened, the recovery link that brought a buyer back. Empty when it comes from none.
ALTER TABLE checkout_sessions ADD COLUMN IF NOT EXISTS invoice_id {{text}} NOT NULL DEFAULT '';

ALTER TABLE checkout_sessions ADD COLUMN IF NOT EXISTS payment_link_id {{text}} NOT NULL DEFAULT '';

ALTER TABLE checkout_sessions ADD COLUMN IF NOT EXISTS recovery_id {{text}} NOT NULL DEFAULT '';

-- Sessions of an invoice or of a link, for lists and for ending them together.
CREATE INDEX IF NOT EXISTS checkout_sessions_by_invoice ON checkout_sessions (merchant_id, environment_id, invoice_id)
    WHERE invoice_id <> '';

CREATE INDEX IF NOT EXISTS checkout_sessions_by_link ON checkout_sessions (merchant_id, environment_id, payment_link_id)
    WHERE payment_link_id <> '';
