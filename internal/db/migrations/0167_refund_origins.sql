-- +goose NO TRANSACTION
-- +goose Up
-- The return and the resolution that a refund carries out, empty for others.
ALTER TABLE refunds ADD COLUMN IF NOT EXISTS return_id {{text}} NOT NULL DEFAULT '';

ALTER TABLE refunds ADD COLUMN IF NOT EXISTS return_resolution_id {{text}} NOT NULL DEFAULT '';

-- How the buyer gets the money; empty on refunds from before, which all went to the original payment.
ALTER TABLE refunds ADD COLUMN IF NOT EXISTS method {{text}} NOT NULL DEFAULT '';

CREATE INDEX IF NOT EXISTS refunds_return ON refunds (merchant_id, environment_id, return_id, refund_id)
	WHERE return_id <> '';
