-- +goose NO TRANSACTION
-- +goose Up

-- The order that an event belongs to whose root is another object: an invoice, a credit note, a checkout, a
-- return. Empty on events of orders themselves, which are found by their root and so cost no index entry.
ALTER TABLE events ADD COLUMN IF NOT EXISTS order_id {{text}} NOT NULL DEFAULT '';

CREATE INDEX IF NOT EXISTS events_by_order ON events (merchant_id, environment_id, order_id, created_at)
    WHERE order_id <> '';

-- Events from before say it where the table of their root does.
UPDATE events SET order_id = COALESCE((SELECT i.order_id FROM invoices i WHERE i.merchant_id = events.merchant_id
        AND i.environment_id = events.environment_id AND i.invoice_id = events.root_id), '')
    WHERE root_type = 'invoice' AND order_id = '';

UPDATE events SET order_id = COALESCE((SELECT n.order_id FROM credit_notes n WHERE n.merchant_id = events.merchant_id
        AND n.environment_id = events.environment_id AND n.credit_note_id = events.root_id), '')
    WHERE root_type = 'credit_note' AND order_id = '';

UPDATE events SET order_id = COALESCE((SELECT c.order_id FROM checkout_sessions c WHERE c.merchant_id = events.merchant_id
        AND c.environment_id = events.environment_id AND c.checkout_session_id = events.root_id), '')
    WHERE root_type = 'checkout_session' AND order_id = '';

UPDATE events SET order_id = COALESCE((SELECT a.order_id FROM app_approvals a WHERE a.merchant_id = events.merchant_id
        AND a.environment_id = events.environment_id AND a.approval_id = events.root_id), '')
    WHERE root_type = 'app_approval' AND order_id = '';
