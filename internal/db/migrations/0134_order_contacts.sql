-- +goose NO TRANSACTION
-- +goose Up

-- Orders without a customer by the address that their buyer left with a payment, in lower case: the guest
-- purchases of an address are found here. What counts is the order; a row here only says where to look.
CREATE TABLE IF NOT EXISTS order_contacts (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    address_key    {{text}} NOT NULL,
    order_id       {{text}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, address_key, order_id)
) {{clustered}};
