-- +goose NO TRANSACTION
-- +goose Up

-- What banks said of payments. open_amount is withdrawn until a decision, lost_amount for good.
CREATE TABLE IF NOT EXISTS disputes (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	dispute_id {{text}} NOT NULL,
	payment_intent_id {{text}} NOT NULL,
	order_id {{text}} NOT NULL,
	customer_id {{text}} NOT NULL,
	processor {{text}} NOT NULL,
	processor_ref {{text}} NOT NULL,
	status {{text}} NOT NULL,
	case_type {{text}} NOT NULL,
	reason {{text}} NOT NULL,
	amount {{int}} NOT NULL CHECK (amount > 0),
	open_amount {{int}} NOT NULL CHECK (open_amount IN (0, amount)),
	lost_amount {{int}} NOT NULL CHECK (lost_amount IN (0, amount)),
	currency {{text}} NOT NULL,
	submissions {{int}} NOT NULL,
	evidence_due_at {{int}},
	version {{int}} NOT NULL,
	status_changed_at {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, dispute_id),
	CHECK (open_amount + lost_amount <= amount)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS disputes_ref ON disputes (merchant_id, environment_id, processor, processor_ref);

CREATE INDEX IF NOT EXISTS disputes_intent ON disputes (merchant_id, environment_id, payment_intent_id);

CREATE INDEX IF NOT EXISTS disputes_order ON disputes (merchant_id, environment_id, order_id);

CREATE INDEX IF NOT EXISTS disputes_created ON disputes (merchant_id, environment_id, created_at, dispute_id);

-- The simulator's own disputes.
CREATE TABLE IF NOT EXISTS simulator_disputes (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	dispute_ref {{text}} NOT NULL,
	charge_ref {{text}} NOT NULL,
	payment_id {{text}} NOT NULL,
	status {{text}} NOT NULL, -- scheduled until the bank opens it
	case_type {{text}} NOT NULL,
	reason {{text}} NOT NULL,
	amount {{int}} NOT NULL CHECK (amount > 0),
	currency {{text}} NOT NULL,
	submissions {{int}} NOT NULL,
	evidence_due_at {{int}},
	version {{int}} NOT NULL,
	next_at {{int}}, -- when it changes by itself, and into what
	next_status {{text}} NOT NULL,
	then_status {{text}} NOT NULL, -- what follows once it is open, empty for its deadline
	created_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, dispute_ref)
) {{options}};

CREATE INDEX IF NOT EXISTS simulator_disputes_due ON simulator_disputes (next_at) WHERE next_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS simulator_disputes_charge ON simulator_disputes (merchant_id, environment_id, charge_ref);
