package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/webhook"
)

// ListWebhookEndpointsInput is the request of listWebhookEndpoints.
type ListWebhookEndpointsInput struct {
	PageQuery
	Sources []string `query:"event_sources" enum:"merchant,partner_app,installed_merchants" fault:"invalid=INVALID_EVENT_SOURCE"`
	AppID   string   `query:"partner_app_id" maxLength:"64"`
}

// EndpointInput names a webhook endpoint.
type EndpointInput struct {
	EndpointID string `path:"webhook_endpoint_id" id:"whep"`
}

// CreateWebhookEndpointRequest describes an endpoint.
type CreateWebhookEndpointRequest struct {
	URL           string   `json:"url" minLength:"1" maxLength:"2048" fault:"required=MISSING_URL,long=URL_TOO_LONG,invalid=INVALID_URL"`
	Description   string   `json:"description,omitzero" maxLength:"500" fault:"long=DESCRIPTION_TOO_LONG"`
	Enabled       *bool    `json:"enabled,omitzero" doc:"true when left out."`
	EnabledEvents []string `json:"enabled_events,omitempty" maxItems:"300" fault:"invalid=INVALID_EVENT_TYPE" doc:"Empty: all events of the sources. installed_merchants needs at least one."`
	EventSources  []string `json:"event_sources,omitempty" enum:"merchant,partner_app,installed_merchants" maxItems:"3" fault:"invalid=INVALID_EVENT_SOURCE" doc:"merchant when left out."`
	Mode          string   `json:"mode,omitzero" enum:"test,live,both" fault:"invalid=INVALID_MODE" doc:"That of the key when left out. partner_app has both; with installed_merchants it says which merchants' environments are heard."`
	PartnerAppID  string   `json:"partner_app_id,omitzero" maxLength:"64" doc:"The app whose events these are; needed by the sources partner_app and installed_merchants."`
	APIVersion    string   `json:"api_version,omitzero" maxLength:"16" fault:"long=INVALID_API_VERSION" doc:"default, or a date."`
}

// CreateWebhookEndpointInput is the request of createWebhookEndpoint.
type CreateWebhookEndpointInput struct {
	Body CreateWebhookEndpointRequest
}

// UpdateWebhookEndpointRequest changes the fields that are sent.
type UpdateWebhookEndpointRequest struct {
	URL                *string   `json:"url,omitzero" minLength:"1" maxLength:"2048" fault:"required=MISSING_URL,long=URL_TOO_LONG,invalid=INVALID_URL"`
	Description        *string   `json:"description,omitzero" maxLength:"500" fault:"long=DESCRIPTION_TOO_LONG"`
	Enabled            *bool     `json:"enabled,omitzero" doc:"false suppresses what waits for the endpoint."`
	EnabledEvents      *[]string `json:"enabled_events,omitzero" maxItems:"300" fault:"invalid=INVALID_EVENT_TYPE"`
	EventSources       *[]string `json:"event_sources,omitzero" enum:"merchant,partner_app,installed_merchants" maxItems:"3" fault:"invalid=INVALID_EVENT_SOURCE"`
	Mode               *string   `json:"mode,omitzero" enum:"test,live,both" fault:"invalid=INVALID_MODE"`
	PartnerAppID       *string   `json:"partner_app_id,omitzero" maxLength:"64"`
	APIVersion         *string   `json:"api_version,omitzero" maxLength:"16" fault:"long=INVALID_API_VERSION"`
	ExpectedAPIVersion *string   `json:"expected_api_version,omitzero" maxLength:"16" doc:"The version that was read; nothing changes when it is no longer current."`
}

// UpdateWebhookEndpointInput is the request of updateWebhookEndpoint.
type UpdateWebhookEndpointInput struct {
	EndpointID string `path:"webhook_endpoint_id" id:"whep"`
	Body       UpdateWebhookEndpointRequest
}

// WebhookSecret signs the deliveries of an endpoint.
type WebhookSecret struct {
	Secret string `json:"secret" doc:"whsec_…; shown this once."`
}

// holder is on whose behalf a call manages webhooks: the merchant, or an app that it installed.
func holder(c *Caller) webhook.Holder { return webhook.Holder{AppID: c.AppID} }

func registerWebhookEndpoints(a *API, s *Services) {
	Get(a, "listWebhookEndpoints", func(ctx context.Context, tx db.Tx, c *Caller, in *ListWebhookEndpointsInput) (Page[*WebhookEndpoint], error) {
		sources := make([]event.Source, len(in.Sources))
		for n, source := range in.Sources {
			sources[n] = event.Source(source)
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]webhook.Endpoint, *listing.Cursor, error) {
			return s.Webhooks.List(ctx, tx, c.Scope, webhook.EndpointFilter{By: holder(c), Sources: sources, PartnerAppID: in.AppID}, after, limit)
		})
		return MapPage(page, wireEndpoint), err
	}, Doc("List webhook endpoints", "Of the key's environment, newest first. An app sees those that it made."))

	Write(a, "createWebhookEndpoint", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateWebhookEndpointInput) (*WebhookEndpoint, error) {
		r := &in.Body
		e, secret, err := s.Webhooks.Create(ctx, tx, webhook.CreateInput{
			Scope: c.Scope, By: holder(c), URL: r.URL, Description: r.Description, Enabled: r.Enabled, EnabledEvents: r.EnabledEvents,
			EventSources: r.EventSources, Mode: r.Mode, PartnerAppID: r.PartnerAppID, APIVersion: r.APIVersion,
		})
		if err != nil {
			return nil, err
		}
		out := wireEndpoint(e)
		out.Secret = secret.Reveal()
		return out, nil
	}, Doc("Create a webhook endpoint", "The signing secret is shown in this answer only."), OneTimeSecrets(),
		Errors("MISSING_URL", "INVALID_URL", "INVALID_URL_SCHEME", "INVALID_URL_HOST", "URL_TOO_LONG", "INVALID_EVENT_TYPE", "INVALID_EVENT_SOURCE",
			"INVALID_EVENT_SOURCES", "INVALID_WEBHOOK_ENDPOINT", "INVALID_WEBHOOK_ENDPOINT_SOURCE", "INVALID_MODE", "PARTNER_APP_NOT_FOUND", "INVALID_API_VERSION", "RESOURCE_LIMIT_EXCEEDED"))

	Get(a, "getWebhookEndpoint", func(ctx context.Context, tx db.Tx, c *Caller, in *EndpointInput) (*WebhookEndpoint, error) {
		e, err := s.Webhooks.Get(ctx, tx, c.Scope, holder(c), in.EndpointID)
		if err != nil {
			return nil, err
		}
		return wireEndpoint(e), nil
	}, Doc("Read a webhook endpoint", "Without its secret."))

	Write(a, "updateWebhookEndpoint", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateWebhookEndpointInput) (*WebhookEndpoint, error) {
		r := &in.Body
		e, err := s.Webhooks.Update(ctx, tx, webhook.UpdateInput{
			Scope: c.Scope, By: holder(c), EndpointID: in.EndpointID, URL: r.URL, Description: r.Description, Enabled: r.Enabled, EnabledEvents: r.EnabledEvents,
			EventSources: r.EventSources, Mode: r.Mode, PartnerAppID: r.PartnerAppID, APIVersion: r.APIVersion, ExpectedAPIVersion: r.ExpectedAPIVersion,
		})
		if err != nil {
			return nil, err
		}
		return wireEndpoint(e), nil
	}, Doc("Change a webhook endpoint", "A sparse update."), Errors("API_VERSION_CHANGED", "RESOURCE_LIMIT_EXCEEDED", "INVALID_EVENT_TYPE",
		"INVALID_URL", "INVALID_URL_SCHEME", "INVALID_URL_HOST", "INVALID_MODE", "INVALID_API_VERSION", "INVALID_EVENT_SOURCE",
		"INVALID_EVENT_SOURCES", "INVALID_WEBHOOK_ENDPOINT", "INVALID_WEBHOOK_ENDPOINT_SOURCE", "PARTNER_APP_NOT_FOUND"))

	Write(a, "deleteWebhookEndpoint", func(ctx context.Context, tx db.Tx, c *Caller, in *EndpointInput) (Done, error) {
		return Done{true}, s.Webhooks.Delete(ctx, tx, c.Scope, holder(c), in.EndpointID)
	}, Doc("Delete a webhook endpoint", "What waits for it is suppressed; its deliveries stay readable."))

	Write(a, "rotateWebhookSecret", func(ctx context.Context, tx db.Tx, c *Caller, in *EndpointInput) (WebhookSecret, error) {
		secret, err := s.Webhooks.RotateSecret(ctx, tx, c.Scope, holder(c), in.EndpointID)
		return WebhookSecret{secret.Reveal()}, err
	}, Doc("Rotate an endpoint's secret", "Both secrets sign for 24 hours."), OneTimeSecrets(), Errors("WEBHOOK_SECRET_ROTATION_OVERLAP_ACTIVE"))
}
