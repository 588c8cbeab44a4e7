-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS merchants (
	merchant_id {{text}} NOT NULL,
	email {{text}} NOT NULL,
	business_name {{text}} NOT NULL DEFAULT '',
	business_type {{text}} NOT NULL DEFAULT '',
	status {{text}} NOT NULL DEFAULT 'active',
	phone {{text}} NOT NULL DEFAULT '',
	website_url {{text}} NOT NULL DEFAULT '',
	support_email {{text}} NOT NULL DEFAULT '',
	support_phone {{text}} NOT NULL DEFAULT '',
	support_url {{text}} NOT NULL DEFAULT '',
	reporting_timezone {{text}} NOT NULL DEFAULT 'UTC',
	accent_color {{text}} NOT NULL DEFAULT '',
	address {{text}} NOT NULL DEFAULT '',
	logo {{text}} NOT NULL DEFAULT '',
	icon {{text}} NOT NULL DEFAULT '',
	metadata {{text}} NOT NULL DEFAULT '',
	api_version {{text}} NOT NULL,
	api_version_pinned_at {{int}} NOT NULL,
	version {{int}} NOT NULL,
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id)
) {{options}};
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS environments (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	mode {{text}} NOT NULL CHECK (mode IN ('test', 'live')),
	name {{text}} NOT NULL,
	name_key {{text}} NOT NULL,
	is_default {{int}} NOT NULL CHECK (is_default IN (0, 1)),
	status {{text}} NOT NULL CHECK (status IN ('active', 'archived')),
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id)
) {{options}};
-- +goose StatementEnd
-- +goose StatementBegin
CREATE UNIQUE INDEX IF NOT EXISTS environments_name ON environments (merchant_id, mode, name_key) WHERE status = 'active';
-- +goose StatementEnd
-- +goose StatementBegin
CREATE UNIQUE INDEX IF NOT EXISTS environments_default ON environments (merchant_id, mode) WHERE is_default = 1;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS api_keys (
	merchant_id {{text}} NOT NULL,
	environment_id {{text}} NOT NULL,
	api_key_id {{text}} NOT NULL,
	name {{text}} NOT NULL,
	key_prefix {{text}} NOT NULL,
	secret_hash {{text}} NOT NULL,
	scopes {{text}} NOT NULL,
	status {{text}} NOT NULL CHECK (status IN ('active', 'revoked')),
	expires_at {{int}},
	last_used_at {{int}},
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, environment_id, api_key_id)
) {{options}};
-- +goose StatementEnd
-- +goose StatementBegin
CREATE INDEX IF NOT EXISTS api_keys_secret ON api_keys (secret_hash);
-- +goose StatementEnd
-- +goose StatementBegin
CREATE INDEX IF NOT EXISTS api_keys_list ON api_keys (merchant_id, api_key_id);
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TABLE IF NOT EXISTS users (
	merchant_id {{text}} NOT NULL,
	user_id {{text}} NOT NULL,
	email {{text}} NOT NULL,
	email_key {{text}} NOT NULL,
	first_name {{text}} NOT NULL DEFAULT '',
	last_name {{text}} NOT NULL DEFAULT '',
	password_hash {{text}} NOT NULL,
	created_at {{int}} NOT NULL,
	updated_at {{int}} NOT NULL,
	PRIMARY KEY (merchant_id, user_id)
) {{options}};
-- +goose StatementEnd
-- +goose StatementBegin
CREATE UNIQUE INDEX IF NOT EXISTS users_email ON users (merchant_id, email_key);
-- +goose StatementEnd
-- +goose StatementBegin
CREATE INDEX IF NOT EXISTS users_sign_in ON users (email_key);
-- +goose StatementEnd
