-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS payment_attempts (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	attempt_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	checkout_session_id {{text}} NOT NULL,
	mode {{text}} NOT NULL,
	status {{text}} NOT NULL,
	completion {{text}} NOT NULL,
	expected_outstanding {{int}} NOT NULL CHECK (expected_outstanding >= 0),
	currency {{text}} NOT NULL,
	intent_ids {{text}} NOT NULL,
	failure_code {{text}} NOT NULL,
	failure_message {{text}} NOT NULL,
	started_at {{int}} NOT NULL,
	completed_at {{int}},
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, attempt_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS payment_attempts_order ON payment_attempts (merchant_id, environment_id, order_id, attempt_id);

CREATE TABLE IF NOT EXISTS payment_intents (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	payment_intent_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	attempt_id {{text}} NOT NULL,
	customer_id {{text}} NOT NULL,
	status {{text}} NOT NULL,
	amount {{int}} NOT NULL CHECK (amount > 0),
	tip {{int}} NOT NULL CHECK (tip >= 0 AND tip <= amount),
	currency {{text}} NOT NULL,
	capture_method {{text}} NOT NULL,
	flow {{text}} NOT NULL,
	origin {{text}} NOT NULL,
	processor {{text}} NOT NULL,
	authorized {{int}} NOT NULL CHECK (authorized >= 0),
	captured {{int}} NOT NULL CHECK (captured >= 0),
	released {{int}} NOT NULL CHECK (released >= 0),
	refunded {{int}} NOT NULL CHECK (refunded >= 0),
	refund_reserved {{int}} NOT NULL CHECK (refund_reserved >= 0),
	disputed {{int}} NOT NULL CHECK (disputed >= 0),
	authorized_at {{int}},
	authorization_expires_at {{int}},
	captured_at {{int}},
	external_reference_id {{text}} NOT NULL,
	detail {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, payment_intent_id),
	CHECK (captured + released <= authorized),
	CHECK (refunded + refund_reserved + disputed <= captured)
) {{clustered}};

CREATE INDEX IF NOT EXISTS payment_intents_order ON payment_intents (merchant_id, environment_id, order_id, payment_intent_id);

CREATE INDEX IF NOT EXISTS payment_intents_created ON payment_intents (merchant_id, environment_id, created_at, payment_intent_id);

CREATE INDEX IF NOT EXISTS payment_intents_holds ON payment_intents (authorization_expires_at) WHERE status = 'requires_capture';

CREATE TABLE IF NOT EXISTS processor_operations (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	operation_id {{text}} NOT NULL,
	kind {{text}} NOT NULL,
	processor {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	payment_intent_id {{text}} NOT NULL,
	refund_id {{text}} NOT NULL,
	state {{text}} NOT NULL,
	amount {{int}} NOT NULL CHECK (amount >= 0),
	currency {{text}} NOT NULL,
	source {{text}} NOT NULL,
	target {{text}} NOT NULL,
	return_url {{text}} NOT NULL,
	request_hash {{text}} NOT NULL,
	version {{int}} NOT NULL,
	processor_ref {{text}} NOT NULL,
	code {{text}} NOT NULL,
	message {{text}} NOT NULL,
	action_url {{text}} NOT NULL,
	checks {{int}} NOT NULL,
	next_check_at {{int}},
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, operation_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS processor_operations_intent ON processor_operations (merchant_id, environment_id, payment_intent_id, operation_id);

CREATE INDEX IF NOT EXISTS processor_operations_due ON processor_operations (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS processor_notices (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	processor {{text}} NOT NULL,
	notice_id {{text}} NOT NULL,
	operation_id {{text}} NOT NULL,
	result {{text}} NOT NULL,
	received_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, processor, notice_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS processor_operations_refund ON processor_operations (merchant_id, environment_id, refund_id) WHERE refund_id <> '';
