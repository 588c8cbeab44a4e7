-- +goose NO TRANSACTION
-- +goose Up

-- Operators watch what has no end yet, over all tenants; almost every operation has one.
CREATE INDEX IF NOT EXISTS processor_operations_open ON processor_operations (state, created_at)
    WHERE state IN ('planned', 'unknown', 'processing', 'requires_action', 'parked');
