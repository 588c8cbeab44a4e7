-- +goose NO TRANSACTION
-- +goose Up

-- Cards that customers let be charged again. source is the processor's token, sealed; expires_at is the
-- first moment at which the card is no longer valid, NULL while it is not known.
CREATE TABLE IF NOT EXISTS payment_methods (
    merchant_id       {{text}} NOT NULL,
    environment_id    {{text}} NOT NULL,
    payment_method_id {{text}} NOT NULL,
    customer_id       {{text}} NOT NULL,
    status            {{text}} NOT NULL CHECK (status IN ('pending', 'active', 'removed', 'failed')),
    usage             {{text}} NOT NULL CHECK (usage IN ('on_session', 'off_session')),
    type              {{text}} NOT NULL,
    processor         {{text}} NOT NULL,
    source            {{text}} NOT NULL,
    setup_hash        {{text}} NOT NULL,
    detail            {{text}} NOT NULL,
    pending_until     {{int}} NOT NULL,
    expires_at        {{int}},
    created_at        {{int}} NOT NULL,
    updated_at        {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, payment_method_id)
) {{options}};

CREATE INDEX IF NOT EXISTS payment_methods_customer ON payment_methods (merchant_id, environment_id, customer_id, created_at, payment_method_id);

CREATE INDEX IF NOT EXISTS payment_methods_setup ON payment_methods (setup_hash) WHERE setup_hash <> '';
