-- +goose NO TRANSACTION
-- +goose Up
CREATE TABLE IF NOT EXISTS refunds (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	refund_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	customer_id {{text}} NOT NULL,
	status {{text}} NOT NULL,
	amount {{int}} NOT NULL CHECK (amount > 0),
	tip {{int}} NOT NULL CHECK (tip >= 0 AND tip <= amount),
	currency {{text}} NOT NULL,
	reason {{text}} NOT NULL,
	external_reference_id {{text}} NOT NULL,
	search {{text}} NOT NULL,
	detail {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, refund_id)
) {{options}};

CREATE INDEX IF NOT EXISTS refunds_order ON refunds (merchant_id, environment_id, order_id, refund_id);

CREATE INDEX IF NOT EXISTS refunds_created ON refunds (merchant_id, environment_id, created_at, refund_id);

CREATE TABLE IF NOT EXISTS refund_allocations (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	refund_id {{text}} NOT NULL,
	refund_allocation_id {{text}} NOT NULL,
	payment_intent_id {{text}} NOT NULL,
	operation_id {{text}} NOT NULL,
	amount {{int}} NOT NULL CHECK (amount > 0),
	tip {{int}} NOT NULL CHECK (tip >= 0 AND tip <= amount),
	status {{text}} NOT NULL,
	failure_reason {{text}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, refund_id, refund_allocation_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS refund_allocations_intent ON refund_allocations (merchant_id, environment_id, payment_intent_id);

CREATE TABLE IF NOT EXISTS refund_items (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	item_id {{text}} NOT NULL,
	sold_quantity {{int}} NOT NULL,
	taken_quantity {{int}} NOT NULL CHECK (taken_quantity >= 0),
	sold_amount {{int}} NOT NULL,
	taken_amount {{int}} NOT NULL CHECK (taken_amount >= 0),
	taken_subtotal {{int}} NOT NULL,
	taken_discount {{int}} NOT NULL,
	taken_tax {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, order_id, item_id),
	CHECK (taken_quantity <= sold_quantity),
	CHECK (taken_amount <= sold_amount)
) {{clustered}};
