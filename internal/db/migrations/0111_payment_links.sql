-- +goose NO TRANSACTION
-- +goose Up

-- Links that anybody can pay. completed and sold count paid orders, held and held_quantity what payments
-- under way have claimed; a cap of 0 is none.
CREATE TABLE IF NOT EXISTS payment_links (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    payment_link_id       {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('active', 'inactive')),
    payment_link_type     {{text}} NOT NULL CHECK (payment_link_type IN ('standard', 'donation', 'event')),
    name                  {{text}} NOT NULL,
    version               {{int}} NOT NULL CHECK (version >= 1),
    order_id              {{text}} NOT NULL DEFAULT '',
    external_reference_id {{text}} NOT NULL DEFAULT '',
    max_completions       {{int}} NOT NULL CHECK (max_completions >= 0),
    max_quantity          {{int}} NOT NULL CHECK (max_quantity >= 0),
    completed             {{int}} NOT NULL CHECK (completed >= 0),
    sold                  {{int}} NOT NULL CHECK (sold >= 0),
    held                  {{int}} NOT NULL CHECK (held >= 0),
    held_quantity         {{int}} NOT NULL CHECK (held_quantity >= 0),
    search                {{text}} NOT NULL,
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, payment_link_id)
) {{options}};

CREATE INDEX IF NOT EXISTS payment_links_by_id ON payment_links (payment_link_id);

CREATE INDEX IF NOT EXISTS payment_links_created ON payment_links (merchant_id, environment_id, created_at, payment_link_id);

-- What the orders of links take of their places: open, held by a payment, released, or counted as paid.
-- late: the money came when the place had been given back. nonce names the page that made the order.
CREATE TABLE IF NOT EXISTS payment_link_claims (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    order_id        {{text}} NOT NULL,
    payment_link_id {{text}} NOT NULL,
    state           {{text}} NOT NULL CHECK (state IN ('open', 'held', 'released', 'counted')),
    nonce           {{text}} NOT NULL DEFAULT '',
    quantity        {{int}} NOT NULL CHECK (quantity >= 0),
    late            {{int}} NOT NULL CHECK (late IN (0, 1)),
    created_at      {{int}} NOT NULL,
    updated_at      {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, order_id)
) {{clustered}};

CREATE UNIQUE INDEX IF NOT EXISTS payment_link_claims_nonce ON payment_link_claims (merchant_id, environment_id, payment_link_id, nonce)
    WHERE nonce <> '';

-- Which links sell which variants.
CREATE TABLE IF NOT EXISTS payment_link_variants (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    variant_id      {{text}} NOT NULL,
    payment_link_id {{text}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, variant_id, payment_link_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS payment_link_variants_link ON payment_link_variants (merchant_id, environment_id, payment_link_id);
