-- +goose NO TRANSACTION
-- +goose Up

-- One row is one invoice: columns are what lists filter and sort by and what must hold, doc is the rest.
CREATE TABLE IF NOT EXISTS invoices (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	invoice_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	customer_id {{text}} NOT NULL,
	status {{text}} NOT NULL CHECK (status IN ('draft', 'open', 'partially_paid', 'paid', 'void', 'uncollectible', 'credited')),
	invoice_number {{text}} NOT NULL,
	sequence {{int}} NOT NULL CHECK (sequence >= 0),
	version {{int}} NOT NULL CHECK (version >= 1),
	currency {{text}} NOT NULL,
	external_reference_id {{text}} NOT NULL,
	total {{int}} NOT NULL CHECK (total >= 0),
	fees {{int}} NOT NULL CHECK (fees >= 0),
	waived {{int}} NOT NULL CHECK (waived >= 0 AND waived <= fees),
	paid {{int}} NOT NULL CHECK (paid >= 0),
	credited {{int}} NOT NULL CHECK (credited >= 0),
	written_off {{int}} NOT NULL CHECK (written_off >= 0),
	refunded {{int}} NOT NULL CHECK (refunded >= 0),
	outstanding {{int}} NOT NULL CHECK (outstanding >= 0),
	due_at {{int}},
	overdue_at {{int}},
	next_check_at {{int}},
	link_id {{text}} NOT NULL,
	token_hash {{text}} NOT NULL,
	activities {{int}} NOT NULL CHECK (activities >= 0),
	search {{text}} NOT NULL,
	doc {{text}} NOT NULL,
	issued_at {{int}},
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, invoice_id),
	CHECK (outstanding = total + fees - waived - paid - credited - written_off)
) {{options}};

-- An order has one invoice that is not given up.
CREATE UNIQUE INDEX IF NOT EXISTS invoices_active ON invoices (merchant_id, environment_id, order_id)
	WHERE status NOT IN ('void', 'uncollectible');

-- Numbers occur once per environment.
CREATE UNIQUE INDEX IF NOT EXISTS invoices_sequence ON invoices (merchant_id, environment_id, sequence) WHERE sequence > 0;

CREATE UNIQUE INDEX IF NOT EXISTS invoices_link ON invoices (merchant_id, environment_id, link_id) WHERE link_id <> '';

CREATE INDEX IF NOT EXISTS invoices_by_link ON invoices (link_id) WHERE link_id <> '';

CREATE INDEX IF NOT EXISTS invoices_by_token ON invoices (token_hash) WHERE token_hash <> '';

CREATE INDEX IF NOT EXISTS invoices_due ON invoices (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS invoices_created ON invoices (merchant_id, environment_id, created_at, invoice_id);

CREATE INDEX IF NOT EXISTS invoices_customer ON invoices (merchant_id, environment_id, customer_id, created_at) WHERE customer_id <> '';

-- The last number that was given out. Its row is locked by the transaction that issues.
CREATE TABLE IF NOT EXISTS invoice_numbers (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	series {{text}} NOT NULL,
	last {{int}} NOT NULL CHECK (last >= 1),
	PRIMARY KEY (merchant_id, environment_id, series)
) {{clustered}};

CREATE TABLE IF NOT EXISTS invoice_terms (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	term_id {{text}} NOT NULL,
	name {{text}} NOT NULL,
	status {{text}} NOT NULL CHECK (status IN ('active', 'archived')),
	external_reference_id {{text}} NOT NULL,
	version {{int}} NOT NULL CHECK (version >= 1),
	doc {{text}} NOT NULL,
	search {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, term_id)
) {{clustered}};

-- History rows, never changed.
CREATE TABLE IF NOT EXISTS invoice_activities (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	invoice_id {{text}} NOT NULL,
	sequence {{int}} NOT NULL,
	activity_id {{text}} NOT NULL,
	type {{text}} NOT NULL,
	description {{text}} NOT NULL,
	actor_type {{text}} NOT NULL,
	actor_id {{text}} NOT NULL,
	detail {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, invoice_id, sequence)
) {{clustered}};

CREATE TABLE IF NOT EXISTS invoice_deliveries (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	delivery_id {{text}} NOT NULL,
	invoice_id {{text}} NOT NULL,
	type {{text}} NOT NULL,
	status {{text}} NOT NULL CHECK (status IN ('pending', 'sent', 'failed', 'suppressed')),
	to_email {{text}} NOT NULL,
	cc_emails {{text}} NOT NULL,
	mail_id {{text}} NOT NULL,
	error {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	sent_at {{int}},
	PRIMARY KEY (merchant_id, environment_id, delivery_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS invoice_deliveries_invoice ON invoice_deliveries (merchant_id, environment_id, invoice_id, delivery_id);

CREATE INDEX IF NOT EXISTS invoice_deliveries_pending ON invoice_deliveries (created_at) WHERE status = 'pending';

CREATE TABLE IF NOT EXISTS invoice_attempts (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	attempt_id {{text}} NOT NULL,
	invoice_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	entry_id {{text}} NOT NULL,
	session_id {{text}} NOT NULL,
	order_attempt_id {{text}} NOT NULL,
	payment_intent_id {{text}} NOT NULL,
	rail {{text}} NOT NULL CHECK (rail IN ('card', 'ach_debit', 'manual')),
	status {{text}} NOT NULL CHECK (status IN ('open', 'processing', 'settled', 'failed', 'canceled', 'expired')),
	expected {{int}} NOT NULL CHECK (expected > 0),
	idempotency_key {{text}} NOT NULL,
	failure_code {{text}} NOT NULL,
	failure_message {{text}} NOT NULL,
	settles_at {{int}},
	started_at {{int}} NOT NULL,
	settled_at {{int}},
	cancel_requested_at {{int}},
	canceled_at {{int}},
	expires_at {{int}},
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, attempt_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS invoice_attempts_invoice ON invoice_attempts (merchant_id, environment_id, invoice_id, attempt_id);
