-- +goose NO TRANSACTION
-- +goose Up

-- What lowers prices by rule. uses are held by pending discounts and redeemed ones; targets are the
-- catalogue objects of the rules, one a line, as lists search for them.
CREATE TABLE IF NOT EXISTS promotions (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    promotion_id          {{text}} NOT NULL,
    name                  {{text}} NOT NULL,
    name_key              {{text}} NOT NULL,
    redemption            {{text}} NOT NULL CHECK (redemption IN ('automatic', 'code')),
    class                 {{text}} NOT NULL CHECK (class IN ('order', 'line_item', 'service_charge')),
    state                 {{text}} NOT NULL CHECK (state IN ('active', 'inactive', 'archived')),
    starts_at             {{int}},
    ends_at               {{int}},
    max_uses              {{int}} CHECK (max_uses >= 1),
    uses                  {{int}} NOT NULL DEFAULT 0 CHECK (uses >= 0),
    external_reference_id {{text}} NOT NULL DEFAULT '',
    search                {{text}} NOT NULL,
    targets               {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, promotion_id),
    CONSTRAINT promotions_uses_within_limit CHECK (max_uses IS NULL OR uses <= max_uses)
) {{options}};

CREATE INDEX IF NOT EXISTS promotions_created ON promotions (merchant_id, environment_id, created_at, promotion_id);

CREATE INDEX IF NOT EXISTS promotions_automatic ON promotions (merchant_id, environment_id, promotion_id)
    WHERE redemption = 'automatic' AND state = 'active';

-- Texts by which promotions are asked for; code_key is in lower case.
CREATE TABLE IF NOT EXISTS promotion_codes (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    code_id        {{text}} NOT NULL,
    promotion_id   {{text}} NOT NULL,
    code           {{text}} NOT NULL,
    code_key       {{text}} NOT NULL,
    state          {{text}} NOT NULL CHECK (state IN ('active', 'inactive', 'deleted')),
    max_uses       {{int}} CHECK (max_uses >= 1),
    uses           {{int}} NOT NULL DEFAULT 0 CHECK (uses >= 0),
    expires_at     {{int}},
    doc            {{text}} NOT NULL,
    created_at     {{int}} NOT NULL,
    updated_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, code_id),
    CONSTRAINT promotion_codes_uses_within_limit CHECK (max_uses IS NULL OR uses <= max_uses)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS promotion_codes_text ON promotion_codes (merchant_id, environment_id, code_key)
    WHERE state <> 'deleted';

CREATE INDEX IF NOT EXISTS promotion_codes_created ON promotion_codes (merchant_id, environment_id, created_at, code_id);

CREATE INDEX IF NOT EXISTS promotion_codes_promotion ON promotion_codes (merchant_id, environment_id, promotion_id, created_at, code_id);

-- Uses of one customer, of promotions that count them.
CREATE TABLE IF NOT EXISTS promotion_customers (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    promotion_id   {{text}} NOT NULL,
    customer_id    {{text}} NOT NULL,
    uses           {{int}} NOT NULL CHECK (uses >= 0),
    PRIMARY KEY (merchant_id, environment_id, promotion_id, customer_id)
) {{clustered}};
