-- +goose NO TRANSACTION
-- +goose Up

-- What a merchant sells; name_key and search are in lower case, search covers the variants as well.
CREATE TABLE IF NOT EXISTS products (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    product_id            {{text}} NOT NULL,
    name                  {{text}} NOT NULL,
    name_key              {{text}} NOT NULL,
    product_type          {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('active', 'inactive', 'archived')),
    version               {{int}} NOT NULL CHECK (version >= 1),
    external_reference_id {{text}} NOT NULL DEFAULT '',
    search                {{text}} NOT NULL,
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, product_id)
) {{options}};

CREATE INDEX IF NOT EXISTS products_created ON products (merchant_id, environment_id, created_at, product_id);

CREATE INDEX IF NOT EXISTS products_updated ON products (merchant_id, environment_id, updated_at, product_id);

CREATE INDEX IF NOT EXISTS products_name ON products (merchant_id, environment_id, name_key, product_id);

CREATE INDEX IF NOT EXISTS products_external_reference ON products (merchant_id, environment_id, external_reference_id)
    WHERE external_reference_id <> '';

-- Variants of products; combination names the chosen option values.
CREATE TABLE IF NOT EXISTS product_variants (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    variant_id            {{text}} NOT NULL,
    product_id            {{text}} NOT NULL,
    name                  {{text}} NOT NULL,
    sku                   {{text}} NOT NULL,
    barcode               {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('active', 'inactive', 'archived')),
    position              {{int}} NOT NULL,
    version               {{int}} NOT NULL CHECK (version >= 1),
    unit_price            {{int}} NOT NULL CHECK (unit_price >= 0),
    currency              {{text}} NOT NULL,
    external_reference_id {{text}} NOT NULL DEFAULT '',
    combination           {{text}} NOT NULL,
    search                {{text}} NOT NULL,
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, variant_id)
) {{options}};

CREATE INDEX IF NOT EXISTS product_variants_product ON product_variants (merchant_id, environment_id, product_id, position);

CREATE UNIQUE INDEX IF NOT EXISTS product_variants_combination ON product_variants (merchant_id, environment_id, product_id, combination)
    WHERE status <> 'archived';

CREATE UNIQUE INDEX IF NOT EXISTS product_variants_sku ON product_variants (merchant_id, environment_id, sku)
    WHERE sku <> '' AND status <> 'archived';

CREATE UNIQUE INDEX IF NOT EXISTS product_variants_barcode ON product_variants (merchant_id, environment_id, barcode)
    WHERE barcode <> '' AND status <> 'archived';

-- Categories exist from their first use on.
CREATE TABLE IF NOT EXISTS product_categories (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    handle         {{text}} NOT NULL,
    category_id    {{text}} NOT NULL,
    name           {{text}} NOT NULL,
    created_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, handle)
) {{clustered}};

CREATE TABLE IF NOT EXISTS product_category_members (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    handle         {{text}} NOT NULL,
    product_id     {{text}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, handle, product_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS product_category_members_product ON product_category_members (merchant_id, environment_id, product_id);

-- Which orders have lines of a variant, for the question whether the variant is still needed.
CREATE TABLE IF NOT EXISTS order_variants (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    variant_id     {{text}} NOT NULL,
    order_id       {{text}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, variant_id, order_id)
) {{clustered}};
