-- +goose NO TRANSACTION
-- +goose Up

-- An event of another environment that concerns an app, as the environment of an endpoint of the app's
-- owner knows it: what happened to a merchant that installed the app (with the grant that lets it
-- through), or the life of an install. The event itself stays where it happened; event_merchant_id and
-- event_environment_id say where that is. One row for each event and app, whatever the number of
-- endpoints.
CREATE TABLE IF NOT EXISTS webhook_forwards (
    merchant_id          {{text}} NOT NULL,
    environment_id       {{text}} NOT NULL,
    event_id             {{text}} NOT NULL,
    partner_app_id       {{text}} NOT NULL,
    event_merchant_id    {{text}} NOT NULL,
    event_environment_id {{text}} NOT NULL,
    event_type           {{text}} NOT NULL,
    source               {{text}} NOT NULL CHECK (source IN ('partner_app', 'installed_merchants')),
    install_id           {{text}} NOT NULL DEFAULT '',
    grant_id             {{text}} NOT NULL DEFAULT '',
    created_at           {{int}} NOT NULL,
    PRIMARY KEY (merchant_id, environment_id, event_id, partner_app_id),
    CONSTRAINT webhook_forwards_granted CHECK (source <> 'installed_merchants' OR grant_id <> '')
) {{clustered}};

-- Newest first, for the list of events.
CREATE INDEX IF NOT EXISTS webhook_forwards_by_time ON webhook_forwards (merchant_id, environment_id, created_at, event_id);

-- What is still to be ended when a grant ends.
CREATE INDEX IF NOT EXISTS webhook_forwards_by_grant ON webhook_forwards (merchant_id, environment_id, grant_id, event_id);

-- The endpoints of an app, in all environments of a merchant.
CREATE INDEX IF NOT EXISTS webhook_endpoints_by_app ON webhook_endpoints (merchant_id, partner_app_id)
    WHERE partner_app_id <> '';
