-- +goose NO TRANSACTION
-- +goose Up

-- Mails to buyers. One row is one mail, of which there is one for a key, ever. What it says is sealed
-- and is dropped once the mail has left.
CREATE TABLE IF NOT EXISTS letters (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    mail_id        {{text}} NOT NULL,
    letter_key     {{text}} NOT NULL,
    family         {{text}} NOT NULL,
    address_key    {{text}} NOT NULL,
    customer_id    {{text}} NOT NULL DEFAULT '',
    content        {{text}} NOT NULL DEFAULT '',
    state          {{text}} NOT NULL CHECK (state IN ('queued', 'sent', 'rejected', 'suppressed')),
    reason         {{text}} NOT NULL DEFAULT '',
    actor_type     {{text}} NOT NULL DEFAULT '',
    actor_id       {{text}} NOT NULL DEFAULT '',
    request_id     {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    send_at        {{int}} NOT NULL,
    ended_at       {{int}},
    PRIMARY KEY (merchant_id, environment_id, mail_id)
) {{options}};

CREATE UNIQUE INDEX IF NOT EXISTS letters_by_key ON letters (merchant_id, environment_id, letter_key);

-- How often an address was written to.
CREATE INDEX IF NOT EXISTS letters_by_address ON letters (merchant_id, environment_id, address_key, family, send_at);

-- What an address has switched off at a merchant. No row: everything is on.
CREATE TABLE IF NOT EXISTS email_preferences (
    merchant_id        {{text}} NOT NULL,
    environment_id     {{text}} NOT NULL,
    address_key        {{text}} NOT NULL,
    checkout_reminders {{int}} NOT NULL CHECK (checkout_reminders IN (0, 1)),
    shipping_updates   {{int}} NOT NULL CHECK (shipping_updates IN (0, 1)),
    updated_at         {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, address_key)
) {{clustered}};

-- What mails of the development mailbox carry besides.
ALTER TABLE mails ADD COLUMN IF NOT EXISTS cc {{text}} NOT NULL DEFAULT '';

ALTER TABLE mails ADD COLUMN IF NOT EXISTS unsubscribe {{text}} NOT NULL DEFAULT '';

CREATE TABLE IF NOT EXISTS mail_attachments (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    mail_id        {{text}} NOT NULL,
    position       {{int}} NOT NULL,
    name           {{text}} NOT NULL,
    type           {{text}} NOT NULL,
    data           {{bytes}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, mail_id, position)
) {{options}};
