-- +goose NO TRANSACTION
-- +goose Up

-- What the worker of invoices asks for every second: payment attempts whose link has run out.
CREATE INDEX IF NOT EXISTS invoice_attempts_due ON invoice_attempts (expires_at) WHERE status = 'open';
