-- +goose NO TRANSACTION
-- +goose Up

-- One row is one fulfilment: which units of an order's lines reach the buyer in one way.
CREATE TABLE IF NOT EXISTS fulfillments (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    fulfillment_id        {{text}} NOT NULL,
    order_id              {{text}} NOT NULL,
    type                  {{text}} NOT NULL CHECK (type IN ('shipment', 'pickup', 'local_delivery', 'digital', 'service')),
    status                {{text}} NOT NULL CHECK (status IN ('pending', 'in_progress', 'scheduled', 'preparing', 'picked', 'packed', 'ready', 'dispatched', 'completed', 'canceled', 'failed')),
    quantity_effect       {{text}} NOT NULL CHECK (quantity_effect IN ('preserve', 'fulfill', 'release')),
    customer_id           {{text}} NOT NULL DEFAULT '',
    external_reference_id {{text}} NOT NULL DEFAULT '',
    version               {{int}} NOT NULL CHECK (version >= 1),
    search                {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, fulfillment_id),
    CHECK ((status = 'completed') = (quantity_effect = 'fulfill')),
    CHECK (quantity_effect <> 'release' OR status IN ('canceled', 'failed'))
) {{options}};

CREATE INDEX IF NOT EXISTS fulfillments_order ON fulfillments (merchant_id, environment_id, order_id, created_at);

CREATE INDEX IF NOT EXISTS fulfillments_created ON fulfillments (merchant_id, environment_id, created_at, fulfillment_id);

-- The work queue asks for open ones by status.
CREATE INDEX IF NOT EXISTS fulfillments_status ON fulfillments (merchant_id, environment_id, status, created_at, fulfillment_id);

-- One row is one carrier leg. Its status follows its packages.
CREATE TABLE IF NOT EXISTS shipments (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    shipment_id           {{text}} NOT NULL,
    fulfillment_id        {{text}} NOT NULL,
    order_id              {{text}} NOT NULL,
    direction             {{text}} NOT NULL CHECK (direction IN ('outbound', 'return')),
    return_id             {{text}} NOT NULL DEFAULT '',
    status                {{text}} NOT NULL,
    external_system       {{text}} NOT NULL DEFAULT '',
    external_reference_id {{text}} NOT NULL DEFAULT '',
    version               {{int}} NOT NULL CHECK (version >= 1),
    search                {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    handed_off_at         {{int}},
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, shipment_id),
    CHECK ((direction = 'return') = (return_id <> ''))
) {{options}};

-- A provider's record exists once, so a call that is repeated finds it.
CREATE UNIQUE INDEX IF NOT EXISTS shipments_provider ON shipments (merchant_id, environment_id, external_system, external_reference_id)
    WHERE external_reference_id <> '';

CREATE INDEX IF NOT EXISTS shipments_order ON shipments (merchant_id, environment_id, order_id, created_at);

CREATE INDEX IF NOT EXISTS shipments_fulfillment ON shipments (merchant_id, environment_id, fulfillment_id, created_at);

CREATE INDEX IF NOT EXISTS shipments_return ON shipments (merchant_id, environment_id, return_id, created_at) WHERE return_id <> '';

CREATE INDEX IF NOT EXISTS shipments_created ON shipments (merchant_id, environment_id, created_at, shipment_id);

-- One row is one parcel of a shipment.
CREATE TABLE IF NOT EXISTS packages (
    merchant_id           {{text}} NOT NULL,
    environment_id        {{text}} NOT NULL,
    package_id            {{text}} NOT NULL,
    shipment_id           {{text}} NOT NULL,
    fulfillment_id        {{text}} NOT NULL,
    order_id              {{text}} NOT NULL,
    status                {{text}} NOT NULL CHECK (status IN ('created', 'packed', 'shipped', 'in_transit', 'out_for_delivery', 'delivered', 'delivery_attempted', 'exception', 'returned', 'voided')),
    external_system       {{text}} NOT NULL DEFAULT '',
    external_reference_id {{text}} NOT NULL DEFAULT '',
    version               {{int}} NOT NULL CHECK (version >= 1),
    search                {{text}} NOT NULL DEFAULT '',
    doc                   {{text}} NOT NULL,
    created_at            {{int}} NOT NULL,
    updated_at            {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, package_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS packages_provider ON packages (merchant_id, environment_id, external_system, external_reference_id)
    WHERE external_reference_id <> '';

CREATE INDEX IF NOT EXISTS packages_shipment ON packages (merchant_id, environment_id, shipment_id, created_at);

CREATE INDEX IF NOT EXISTS packages_fulfillment ON packages (merchant_id, environment_id, fulfillment_id, created_at);

CREATE INDEX IF NOT EXISTS packages_order ON packages (merchant_id, environment_id, order_id, created_at);

CREATE INDEX IF NOT EXISTS packages_created ON packages (merchant_id, environment_id, created_at, package_id);

-- Units of an order line that lie in a parcel. A removed item leaves no row.
CREATE TABLE IF NOT EXISTS package_items (
    merchant_id        {{text}} NOT NULL,
    environment_id     {{text}} NOT NULL,
    package_id         {{text}} NOT NULL,
    package_item_id    {{text}} NOT NULL,
    fulfillment_id     {{text}} NOT NULL,
    order_line_item_id {{text}} NOT NULL,
    quantity           {{int}} NOT NULL CHECK (quantity >= 1),
    metadata           {{text}} NOT NULL DEFAULT '',
    created_at         {{int}} NOT NULL,
    updated_at         {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, package_id, package_item_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS package_items_fulfillment ON package_items (merchant_id, environment_id, fulfillment_id);

-- What happened on the way of a fulfilment, its shipments and packages. Rows are never changed. kind is what the
-- list filters by: the status that was reached, or what was observed.
CREATE TABLE IF NOT EXISTS fulfillment_events (
    merchant_id       {{text}} NOT NULL,
    environment_id    {{text}} NOT NULL,
    event_id          {{text}} NOT NULL,
    order_id          {{text}} NOT NULL,
    fulfillment_id    {{text}} NOT NULL,
    shipment_id       {{text}} NOT NULL DEFAULT '',
    package_id        {{text}} NOT NULL DEFAULT '',
    event_type        {{text}} NOT NULL,
    kind              {{text}} NOT NULL,
    external_system   {{text}} NOT NULL DEFAULT '',
    external_event_id {{text}} NOT NULL DEFAULT '',
    doc               {{text}} NOT NULL,
    occurred_at       {{int}} NOT NULL,
    received_at       {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, event_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS fulfillment_events_provider ON fulfillment_events (merchant_id, environment_id, external_system, external_event_id)
    WHERE external_event_id <> '';

CREATE INDEX IF NOT EXISTS fulfillment_events_fulfillment ON fulfillment_events (merchant_id, environment_id, fulfillment_id, received_at);

CREATE INDEX IF NOT EXISTS fulfillment_events_order ON fulfillment_events (merchant_id, environment_id, order_id, received_at);

CREATE INDEX IF NOT EXISTS fulfillment_events_received ON fulfillment_events (merchant_id, environment_id, received_at, event_id);

CREATE INDEX IF NOT EXISTS fulfillment_events_occurred ON fulfillment_events (merchant_id, environment_id, occurred_at, event_id);

-- Whether the buyer was told of an event, and if not, why.
CREATE TABLE IF NOT EXISTS fulfillment_notifications (
    merchant_id       {{text}} NOT NULL,
    environment_id    {{text}} NOT NULL,
    notification_id   {{text}} NOT NULL,
    order_id          {{text}} NOT NULL,
    fulfillment_id    {{text}} NOT NULL,
    event_id          {{text}} NOT NULL,
    notification_type {{text}} NOT NULL,
    status            {{text}} NOT NULL CHECK (status IN ('pending', 'sent', 'failed', 'suppressed')),
    mail_id           {{text}} NOT NULL DEFAULT '',
    doc               {{text}} NOT NULL,
    created_at        {{int}} NOT NULL,
    updated_at        {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, notification_id)
) {{options}};

CREATE INDEX IF NOT EXISTS fulfillment_notifications_order ON fulfillment_notifications (merchant_id, environment_id, order_id, created_at);

CREATE INDEX IF NOT EXISTS fulfillment_notifications_event ON fulfillment_notifications (merchant_id, environment_id, event_id);

CREATE INDEX IF NOT EXISTS fulfillment_notifications_mail ON fulfillment_notifications (merchant_id, environment_id, mail_id) WHERE mail_id <> '';

CREATE INDEX IF NOT EXISTS fulfillment_notifications_created ON fulfillment_notifications (merchant_id, environment_id, created_at, notification_id);
