-- +goose NO TRANSACTION
-- +goose Up

-- What a confirmed resolution holds of a line of the order until a refund carries it: units, and what they carry.
-- The row of line '' holds the money that the resolution still gives back.
CREATE TABLE IF NOT EXISTS return_claims (
    merchant_id          {{text}} NOT NULL,
    environment_id       {{text}} NOT NULL,
    order_id             {{text}} NOT NULL,
    return_resolution_id {{text}} NOT NULL,
    order_line_item_id   {{text}} NOT NULL,
    return_id            {{text}} NOT NULL,
    quantity             {{int}} NOT NULL CHECK (quantity >= 0),
    subtotal             {{int}} NOT NULL CHECK (subtotal >= 0),
    discount             {{int}} NOT NULL CHECK (discount >= 0),
    tax                  {{int}} NOT NULL CHECK (tax >= 0),
    total                {{int}} NOT NULL CHECK (total >= 0),
    created_at           {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, order_id, return_resolution_id, order_line_item_id)
) {{options}};

-- Returns whose value has something to do: a payment came in, goods were sent, a balance was never paid.
CREATE TABLE IF NOT EXISTS return_work (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    return_id      {{text}} NOT NULL,
    kind           {{text}} NOT NULL,
    due_at         {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, return_id, kind)
) {{clustered}};

CREATE INDEX IF NOT EXISTS return_work_due ON return_work (due_at);
