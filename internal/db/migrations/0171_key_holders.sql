-- +goose NO TRANSACTION
-- +goose Up
-- Who stands behind a key: the user or the key that made it, as far back as is known, "user:usr_…" or "api_key:key_…".
-- Empty on keys that the operator made, and on those from before: each of them stands for itself.
ALTER TABLE api_keys ADD COLUMN IF NOT EXISTS held_by {{text}} NOT NULL DEFAULT '';
