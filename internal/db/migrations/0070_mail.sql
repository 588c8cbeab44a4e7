-- +goose NO TRANSACTION
-- +goose Up

-- The mailbox of development environments: mails that were not sent to anybody.
CREATE TABLE IF NOT EXISTS mails (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    mail_id        {{text}} NOT NULL,
    from_name      {{text}} NOT NULL DEFAULT '',
    reply_to       {{text}} NOT NULL DEFAULT '',
    recipient      {{text}} NOT NULL,
    recipient_key  {{text}} NOT NULL,
    subject        {{text}} NOT NULL,
    text_body      {{text}} NOT NULL,
    html_body      {{text}} NOT NULL DEFAULT '',
    created_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, mail_id)
) {{options}};

-- The mailbox page looks over all tenants.
CREATE INDEX IF NOT EXISTS mails_newest ON mails (created_at, mail_id);

CREATE INDEX IF NOT EXISTS mails_by_recipient ON mails (recipient_key, created_at, mail_id);

CREATE INDEX IF NOT EXISTS mails_by_id ON mails (mail_id);
