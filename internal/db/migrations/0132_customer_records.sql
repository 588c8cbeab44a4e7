-- +goose NO TRANSACTION
-- +goose Up

-- Addresses that a customer keeps. At most one row of a customer is the default of each role; its address is
-- the customer's effective one.
CREATE TABLE IF NOT EXISTS customer_addresses (
    merchant_id         {{text}} NOT NULL,
    environment_id      {{text}} NOT NULL,
    customer_address_id {{text}} NOT NULL,
    customer_id         {{text}} NOT NULL,
    recipient_name      {{text}} NOT NULL,
    label               {{text}} NOT NULL DEFAULT '',
    phone               {{text}} NOT NULL DEFAULT '',
    default_billing     {{int}} NOT NULL DEFAULT 0 CHECK (default_billing IN (0, 1)),
    default_shipping    {{int}} NOT NULL DEFAULT 0 CHECK (default_shipping IN (0, 1)),
    address             {{text}} NOT NULL,
    created_at          {{int}} NOT NULL,
    updated_at          {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, customer_address_id)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_addresses_customer ON customer_addresses (merchant_id, environment_id, customer_id, created_at, customer_address_id);

CREATE UNIQUE INDEX IF NOT EXISTS customer_addresses_billing ON customer_addresses (merchant_id, environment_id, customer_id)
    WHERE default_billing = 1;

CREATE UNIQUE INDEX IF NOT EXISTS customer_addresses_shipping ON customer_addresses (merchant_id, environment_id, customer_id)
    WHERE default_shipping = 1;

-- What became of a wish to have a customer's data deleted. At most one of a customer is undecided.
CREATE TABLE IF NOT EXISTS customer_deletion_requests (
    merchant_id                  {{text}} NOT NULL,
    environment_id               {{text}} NOT NULL,
    customer_deletion_request_id {{text}} NOT NULL,
    customer_id                  {{text}} NOT NULL,
    status                       {{text}} NOT NULL CHECK (status IN ('pending_review', 'processing', 'completed', 'rejected', 'failed')),
    requested_at                 {{int}} NOT NULL,
    resolved_at                  {{int}},
    PRIMARY KEY (merchant_id, environment_id, customer_deletion_request_id)
) {{options}};

CREATE INDEX IF NOT EXISTS customer_deletion_requests_requested ON customer_deletion_requests (merchant_id, environment_id, requested_at, customer_deletion_request_id);

CREATE INDEX IF NOT EXISTS customer_deletion_requests_customer ON customer_deletion_requests (merchant_id, environment_id, customer_id, requested_at);

CREATE UNIQUE INDEX IF NOT EXISTS customer_deletion_requests_open ON customer_deletion_requests (merchant_id, environment_id, customer_id)
    WHERE status IN ('pending_review', 'processing');
