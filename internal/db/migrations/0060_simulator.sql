-- +goose NO TRANSACTION
-- +goose Up

-- The simulator's own books. Nothing outside its package reads or writes them.
CREATE TABLE IF NOT EXISTS simulator_charges (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    charge_ref     {{text}} NOT NULL,
    operation_id   {{text}} NOT NULL, -- the authorize or sale that opened it
    payment_id     {{text}} NOT NULL,
    behaviour      {{text}} NOT NULL,
    state          {{text}} NOT NULL,
    currency       {{text}} NOT NULL,
    amount         {{int}} NOT NULL,
    authorized     {{int}} NOT NULL,
    captured       {{int}} NOT NULL,
    released       {{int}} NOT NULL,
    refunding      {{int}} NOT NULL, -- reserved by refunds that have not settled
    refunded       {{int}} NOT NULL,
    expires_at     {{int}},          -- until when a hold can be captured
    created_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, charge_ref),
    CHECK (amount > 0 AND authorized >= 0 AND authorized <= amount),
    CHECK (captured >= 0 AND released >= 0 AND captured + released <= authorized),
    CHECK (refunding >= 0 AND refunded >= 0 AND refunding + refunded <= captured)
) {{options}};

CREATE TABLE IF NOT EXISTS simulator_operations (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    operation_id   {{text}} NOT NULL,
    request_hash   {{text}} NOT NULL,
    kind           {{text}} NOT NULL,
    payment_id     {{text}} NOT NULL,
    refund_id      {{text}} NOT NULL,
    charge_ref     {{text}} NOT NULL, -- the charge acted on, empty when there is none
    amount         {{int}} NOT NULL,
    currency       {{text}} NOT NULL,
    return_url     {{text}} NOT NULL,
    source         {{text}} NOT NULL, -- JSON of what was charged, without numbers
    state          {{text}} NOT NULL,
    version        {{int}} NOT NULL,  -- rises with every change of the outcome
    processor_ref  {{text}} NOT NULL,
    code           {{text}} NOT NULL,
    message        {{text}} NOT NULL,
    challenge      {{text}} NOT NULL, -- the opaque part of the challenge page's address
    expires_at     {{int}},
    settle_at      {{int}},           -- when it changes by itself, and into what
    settle_to      {{text}} NOT NULL,
    settle_code    {{text}} NOT NULL,
    created_at     {{int}} NOT NULL,
    updated_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, operation_id)
) {{options}};

CREATE INDEX IF NOT EXISTS simulator_operations_settle ON simulator_operations (settle_at) WHERE settle_at IS NOT NULL;

-- The challenge page knows no tenant: its address is the capability.
CREATE INDEX IF NOT EXISTS simulator_operations_challenge ON simulator_operations (challenge) WHERE challenge <> '';

CREATE TABLE IF NOT EXISTS simulator_notices (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    notice_id      {{text}} NOT NULL,
    copy           {{int}} NOT NULL, -- a duplicated notice has two rows with one id
    operation_id   {{text}} NOT NULL,
    outcome        {{text}} NOT NULL, -- JSON of the outcome as it was when the notice was made
    due_at         {{int}} NOT NULL,
    tries          {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, notice_id, copy)
) {{clustered}};

CREATE INDEX IF NOT EXISTS simulator_notices_due ON simulator_notices (due_at);

CREATE TABLE IF NOT EXISTS simulator_tokens (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    token_hash     {{text}} NOT NULL,
    behaviour      {{text}} NOT NULL,
    source         {{text}} NOT NULL, -- JSON: type, brand, last four digits
    created_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, token_hash)
) {{clustered}};
