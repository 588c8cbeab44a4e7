-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS checkout_sessions (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	checkout_session_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	status {{text}} NOT NULL,
	terminal_reason {{text}} NOT NULL,
	surface {{text}} NOT NULL,
	origin {{text}} NOT NULL,
	customer_id {{text}} NOT NULL,
	external_reference_id {{text}} NOT NULL,
	superseding_id {{text}} NOT NULL,
	secret_hash {{text}} NOT NULL,
	launch_hash {{text}} NOT NULL,
	search {{text}} NOT NULL,
	detail {{text}} NOT NULL,
	expires_at {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, checkout_session_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS checkout_sessions_open ON checkout_sessions (merchant_id, environment_id, order_id) WHERE status = 'open';

CREATE INDEX IF NOT EXISTS checkout_sessions_by_id ON checkout_sessions (checkout_session_id);

CREATE INDEX IF NOT EXISTS checkout_sessions_created ON checkout_sessions (merchant_id, environment_id, created_at, checkout_session_id);

CREATE INDEX IF NOT EXISTS checkout_sessions_due ON checkout_sessions (expires_at) WHERE status = 'open';
