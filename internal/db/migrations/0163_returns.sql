-- +goose NO TRANSACTION
-- +goose Up

-- One row is one return. The document is the return without its parts; the columns are what lists filter by.
CREATE TABLE IF NOT EXISTS returns (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    return_id             {{text}} NOT NULL,
    order_id              {{text}} NOT NULL,
    customer_id           {{text}} NOT NULL DEFAULT '',
    return_number         {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('requested', 'open', 'completed', 'declined', 'canceled')),
    decision_status       {{text}} NOT NULL,
    merchandise_status    {{text}} NOT NULL,
    resolution_status     {{text}} NOT NULL,
    external_reference_id {{text}} NOT NULL DEFAULT '',
    work                  {{text}} NOT NULL DEFAULT '',
    search                {{text}} NOT NULL DEFAULT '',
    version               {{int}} NOT NULL CHECK (version >= 1),
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS returns_number ON returns (merchant_id, environment_id, return_number);

CREATE INDEX IF NOT EXISTS returns_created ON returns (merchant_id, environment_id, created_at, return_id);

CREATE INDEX IF NOT EXISTS returns_order ON returns (merchant_id, environment_id, order_id, created_at);

CREATE INDEX IF NOT EXISTS returns_customer ON returns (merchant_id, environment_id, customer_id, created_at);

-- Lines of returns. live is the units that the return holds of its line of a fulfilment.
CREATE TABLE IF NOT EXISTS return_lines (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    return_id             {{text}} NOT NULL,
    return_line_item_id   {{text}} NOT NULL,
    place                 {{int}} NOT NULL,
    order_id              {{text}} NOT NULL,
    order_line_item_id    {{text}} NOT NULL,
    fulfillment_id        {{text}} NOT NULL,
    return_reason_id      {{text}} NOT NULL,
    receiving_location_id {{text}} NOT NULL DEFAULT '',
    status                {{text}} NOT NULL,
    merchandise_status    {{text}} NOT NULL,
    resolution_status     {{text}} NOT NULL,
    requested             {{int}} NOT NULL CHECK (requested >= 1),
    approved              {{int}} NOT NULL CHECK (approved >= 0 AND approved <= requested),
    canceled              {{int}} NOT NULL CHECK (canceled >= 0 AND canceled <= approved),
    live                  {{int}} NOT NULL CHECK (live >= 0 AND live <= requested),
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_id, return_line_item_id)
) {{options}};

CREATE INDEX IF NOT EXISTS return_lines_order ON return_lines (merchant_id, environment_id, order_id, order_line_item_id);

-- Goods that arrived. search and the columns behind it serve the list over all returns.
CREATE TABLE IF NOT EXISTS return_receipts (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    return_receipt_id     {{text}} NOT NULL,
    return_id             {{text}} NOT NULL,
    status                {{text}} NOT NULL,
    receiving_location_id {{text}} NOT NULL,
    shipment_id           {{text}} NOT NULL DEFAULT '',
    source_system_type    {{text}} NOT NULL DEFAULT '',
    external_reference_id {{text}} NOT NULL DEFAULT '',
    lines                 {{text}} NOT NULL DEFAULT '',
    verifications         {{text}} NOT NULL DEFAULT '',
    search                {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    received_at           {{int}} NOT NULL,
    created_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_receipt_id)
) {{options}};

CREATE INDEX IF NOT EXISTS return_receipts_return ON return_receipts (merchant_id, environment_id, return_id, created_at);

CREATE INDEX IF NOT EXISTS return_receipts_created ON return_receipts (merchant_id, environment_id, created_at, return_receipt_id);

-- Looks at goods that arrived.
CREATE TABLE IF NOT EXISTS return_inspections (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    return_inspection_id  {{text}} NOT NULL,
    return_id             {{text}} NOT NULL,
    return_receipt_id     {{text}} NOT NULL,
    status                {{text}} NOT NULL,
    location_id           {{text}} NOT NULL,
    source_system_type    {{text}} NOT NULL DEFAULT '',
    external_reference_id {{text}} NOT NULL DEFAULT '',
    lines                 {{text}} NOT NULL DEFAULT '',
    acceptances           {{text}} NOT NULL DEFAULT '',
    search                {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    inspected_at          {{int}} NOT NULL,
    created_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_inspection_id)
) {{options}};

CREATE INDEX IF NOT EXISTS return_inspections_return ON return_inspections (merchant_id, environment_id, return_id, created_at);

CREATE INDEX IF NOT EXISTS return_inspections_created ON return_inspections (merchant_id, environment_id, created_at, return_inspection_id);

-- Where goods ended.
CREATE TABLE IF NOT EXISTS return_dispositions (
    merchant_id                    {{text}} NOT NULL,
    environment_id                 {{text}} NOT NULL,
    return_disposition_id          {{text}} NOT NULL,
    return_id                      {{text}} NOT NULL,
    return_line_item_id            {{text}} NOT NULL DEFAULT '',
    return_receipt_line_item_id    {{text}} NOT NULL DEFAULT '',
    return_inspection_line_item_id {{text}} NOT NULL DEFAULT '',
    status                         {{text}} NOT NULL,
    disposition_type               {{text}} NOT NULL,
    inventory_location_id          {{text}} NOT NULL DEFAULT '',
    replaces_return_disposition_id {{text}} NOT NULL DEFAULT '',
    external_reference_id          {{text}} NOT NULL DEFAULT '',
    quantity                       {{int}} NOT NULL CHECK (quantity >= 0),
    version                        {{int}} NOT NULL CHECK (version >= 1),
    search                         {{text}} NOT NULL DEFAULT '',
    doc                            {{text}} NOT NULL,
    occurred_at                    {{int}} NOT NULL,
    created_at                     {{int}} NOT NULL,
    updated_at                     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_disposition_id)
) {{options}};

CREATE INDEX IF NOT EXISTS return_dispositions_return ON return_dispositions (merchant_id, environment_id, return_id, created_at);

CREATE INDEX IF NOT EXISTS return_dispositions_created ON return_dispositions (merchant_id, environment_id, created_at, return_disposition_id);

-- What becomes of value.
CREATE TABLE IF NOT EXISTS return_resolutions (
    merchant_id                   {{text}} NOT NULL,
    environment_id                {{text}} NOT NULL,
    return_resolution_id          {{text}} NOT NULL,
    return_id                     {{text}} NOT NULL,
    resolution_type               {{text}} NOT NULL,
    status                        {{text}} NOT NULL,
    action_required_by            {{text}} NOT NULL DEFAULT '',
    corrects_return_resolution_id {{text}} NOT NULL DEFAULT '',
    return_policy_revision_id     {{text}} NOT NULL DEFAULT '',
    replacement_order_id          {{text}} NOT NULL DEFAULT '',
    external_reference_id         {{text}} NOT NULL DEFAULT '',
    lines                         {{text}} NOT NULL DEFAULT '',
    version                       {{int}} NOT NULL CHECK (version >= 1),
    search                        {{text}} NOT NULL DEFAULT '',
    doc                           {{text}} NOT NULL,
    expires_at                    {{int}},
    created_at                    {{int}} NOT NULL,
    updated_at                    {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_resolution_id)
) {{options}};

CREATE INDEX IF NOT EXISTS return_resolutions_return ON return_resolutions (merchant_id, environment_id, return_id, created_at);

CREATE INDEX IF NOT EXISTS return_resolutions_created ON return_resolutions (merchant_id, environment_id, created_at, return_resolution_id);

CREATE INDEX IF NOT EXISTS return_resolutions_replacement ON return_resolutions (merchant_id, environment_id, replacement_order_id);
