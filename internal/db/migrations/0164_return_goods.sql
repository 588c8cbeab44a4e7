-- +goose NO TRANSACTION
-- +goose Up

-- Dispositions that are planned, by the time at which they happen.
CREATE INDEX IF NOT EXISTS return_dispositions_due ON return_dispositions (occurred_at, merchant_id, environment_id, return_id) WHERE status = 'pending';
