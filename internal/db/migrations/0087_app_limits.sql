-- +goose NO TRANSACTION
-- +goose Up

-- What an install refunded, in a window: an order, or a day of the merchant. Every refund of an
-- install locks the row of its day, so that two of them cannot pass a limit together.
CREATE TABLE IF NOT EXISTS app_refund_use (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    install_id     {{text}} NOT NULL,
    span           {{text}} NOT NULL CHECK (span IN ('order', 'day')),
    subject        {{text}} NOT NULL,
    currency       {{text}} NOT NULL CHECK (LENGTH(currency) = 3),
    amount         {{int}} NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (merchant_id, environment_id, install_id, span, subject, currency)
) {{clustered}};

-- What each refund of an install counts for: amount falls when parts of it fail.
CREATE TABLE IF NOT EXISTS app_refunds (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    refund_id      {{text}} NOT NULL,
    install_id     {{text}} NOT NULL,
    order_id       {{text}} NOT NULL,
    day            {{text}} NOT NULL,
    currency       {{text}} NOT NULL CHECK (LENGTH(currency) = 3),
    amount         {{int}} NOT NULL CHECK (amount >= 0),
    created_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, refund_id)
) {{clustered}};

-- Refunds of apps that wait for the merchant. request is the request as it came, made once it is approved.
CREATE TABLE IF NOT EXISTS app_approvals (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    approval_id    {{text}} NOT NULL,
    install_id     {{text}} NOT NULL,
    grant_id       {{text}} NOT NULL,
    app_id         {{text}} NOT NULL,
    order_id       {{text}} NOT NULL,
    currency       {{text}} NOT NULL CHECK (LENGTH(currency) = 3),
    amount         {{int}} NOT NULL CHECK (amount > 0),
    status         {{text}} NOT NULL CHECK (status IN ('pending', 'approved', 'refused')),
    request        {{text}} NOT NULL,
    refund_id      {{text}} NOT NULL DEFAULT '',
    reason         {{text}} NOT NULL DEFAULT '',
    decided_by     {{text}} NOT NULL DEFAULT '',
    decided_at     {{int}},
    expires_at     {{int}} NOT NULL,
    created_at     {{int}} NOT NULL,
    updated_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, approval_id)
) {{options}};

CREATE INDEX IF NOT EXISTS app_approvals_list ON app_approvals (merchant_id, environment_id, created_at, approval_id);

-- What a merchant asks its apps on behalf of a person, or for itself.
CREATE TABLE IF NOT EXISTS app_data_requests (
    merchant_id    {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    request_id     {{text}} NOT NULL,
    topic          {{text}} NOT NULL CHECK (topic IN ('customer_data', 'customer_redact', 'merchant_redact')),
    customer_id    {{text}} NOT NULL DEFAULT '',
    note           {{text}} NOT NULL DEFAULT '',
    due_at         {{int}} NOT NULL,
    created_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, request_id)
) {{options}};

CREATE INDEX IF NOT EXISTS app_data_requests_list ON app_data_requests (merchant_id, environment_id, created_at, request_id);

-- One install that was asked, and when its app said it was done.
CREATE TABLE IF NOT EXISTS app_data_request_apps (
    merchant_id     {{text}} NOT NULL,
    environment_id  {{text}} NOT NULL,
    request_id      {{text}} NOT NULL,
    install_id      {{text}} NOT NULL,
    app_id          {{text}} NOT NULL,
    owner_id        {{text}} NOT NULL,
    acknowledged_at {{int}},
    note            {{text}} NOT NULL DEFAULT '',
    PRIMARY KEY (merchant_id, environment_id, request_id, install_id)
) {{clustered}};

-- Where the owner of an app, who is the merchant of these rows, finds what its app was asked.
CREATE TABLE IF NOT EXISTS app_data_request_index (
    merchant_id    {{text}} NOT NULL,
    app_id         {{text}} NOT NULL,
    request_id     {{text}} NOT NULL,
    installer_id   {{text}} NOT NULL,
    environment_id {{text}} NOT NULL,
    created_at     {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, app_id, request_id)
) {{clustered}};

CREATE INDEX IF NOT EXISTS app_data_request_index_list ON app_data_request_index (merchant_id, app_id, created_at, request_id);
