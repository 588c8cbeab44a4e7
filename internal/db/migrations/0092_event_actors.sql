-- +goose NO TRANSACTION
-- +goose Up

-- Who caused an event, as order_activities name it: api_key, app, user, buyer, processor or system, and the
-- id of the credential, app, person or session. Empty on events from before.
ALTER TABLE events ADD COLUMN IF NOT EXISTS actor_type {{text}} NOT NULL DEFAULT '';

ALTER TABLE events ADD COLUMN IF NOT EXISTS actor_id {{text}} NOT NULL DEFAULT '';
