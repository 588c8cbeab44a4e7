-- +goose NO TRANSACTION
-- +goose Up

-- Hostnames under which a merchant's buyers reach its pages, with the ones it gave up.
CREATE TABLE IF NOT EXISTS custom_domains (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    domain_type    {{text}} NOT NULL CHECK (domain_type IN ('checkout', 'customer_account')),
    hostname       {{text}} NOT NULL,
    status         {{text}} NOT NULL,
    reason         {{text}} NOT NULL DEFAULT '',
    checked_at     {{int}},
    redirect_until {{int}},
    created_at     {{int}} NOT NULL,
    updated_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, domain_type, hostname)
) {{options}};

-- Whose a hostname is, once its DNS has proven it: a request that comes under a name finds its merchant.
CREATE TABLE IF NOT EXISTS platform_hostnames (
    hostname       {{text}} NOT NULL PRIMARY KEY,
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    domain_type    {{text}} NOT NULL,
    taken_at       {{int}} NOT NULL
) {{options}};

-- Hostnames whose pages may show wallets.
CREATE TABLE IF NOT EXISTS payment_method_domains (
    merchant_id              {{text}} NOT NULL,
    environment_id           {{text}} NOT NULL,
    payment_method_domain_id {{text}} NOT NULL,
    domain_name              {{text}} NOT NULL,
    status                   {{text}} NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at               {{int}} NOT NULL,
    updated_at               {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, payment_method_domain_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS payment_method_domains_by_name ON payment_method_domains (merchant_id, environment_id, domain_name);

CREATE INDEX IF NOT EXISTS payment_method_domains_newest ON payment_method_domains (merchant_id, environment_id, created_at, payment_method_domain_id);
