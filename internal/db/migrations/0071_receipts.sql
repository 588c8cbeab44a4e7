-- +goose NO TRANSACTION
-- +goose Up

-- Receipts that were asked for. They are kept for the life of the order, because the number of
-- different addresses is limited for that long. address_key is the address as compared.
CREATE TABLE IF NOT EXISTS receipts (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    order_id       {{text}} NOT NULL,
    mail_id        {{text}} NOT NULL,
    address        {{text}} NOT NULL,
    address_key    {{text}} NOT NULL CHECK (address_key <> ''),
    by_checkout    {{int}} NOT NULL CHECK (by_checkout IN (0, 1)),
    state          {{text}} NOT NULL CHECK (state IN ('queued', 'sent', 'rejected')),
    actor_type     {{text}} NOT NULL DEFAULT '',
    actor_id       {{text}} NOT NULL DEFAULT '',
    request_id     {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    ended_at       {{int}},
    PRIMARY KEY (merchant_id, environment_id, order_id, mail_id)
) {{clustered}};
