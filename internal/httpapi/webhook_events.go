package httpapi

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/webhook"
)

// WebhookEventType is a kind of event that endpoints can want.
type WebhookEventType struct {
	Type        string   `json:"event_type"`
	Description string   `json:"description"`
	Sources     []string `json:"event_sources" enum:"merchant,partner_app,installed_merchants"`
}

// ListWebhookEventsInput is the request of listWebhookEvents.
type ListWebhookEventsInput struct {
	PageQuery
	EndpointID     string    `query:"webhook_endpoint_id" maxLength:"64"`
	DeliveryStatus string    `query:"delivery_status" enum:"pending,delivered,failed,suppressed" fault:"invalid=INVALID_DELIVERY_STATUS"`
	Sources        []string  `query:"event_source" enum:"merchant,partner_app,installed_merchants" fault:"invalid=INVALID_EVENT_SOURCE"`
	PartnerAppID   string    `query:"partner_app_id" maxLength:"64"`
	Type           string    `query:"event_type" maxLength:"128" fault:"invalid=INVALID_EVENT_TYPE"`
	ResourceType   string    `query:"resource_type" maxLength:"64" fault:"invalid=INVALID_RESOURCE_TYPE"`
	ResourceID     string    `query:"resource_id" maxLength:"64"`
	RequestLogID   string    `query:"api_request_log_id" maxLength:"64"`
	RequestID      string    `query:"request_id" maxLength:"128"`
	CorrelationID  string    `query:"correlation_id" maxLength:"64"`
	CreatedAfter   time.Time `query:"created_after"`
	CreatedBefore  time.Time `query:"created_before"`
	Include        []string  `query:"include" enum:"test_events"`
}

// EventInput names an event.
type EventInput struct {
	EventID string `path:"webhook_event_id" id:"whev"`
}

func registerWebhookEvents(a *API, s *Services) {
	Handle(a, "listWebhookEventTypes", func(context.Context, *Caller, *struct{}) (Page[WebhookEventType], error) {
		types := event.Types()
		out := make([]WebhookEventType, len(types))
		for n, t := range types {
			out[n] = WebhookEventType{Type: t.Name, Description: t.Description}
			for _, source := range t.Sources() {
				out[n].Sources = append(out[n].Sources, string(source))
			}
		}
		return Page[WebhookEventType]{Data: out}, nil
	}, Doc("List event types", "The whole catalogue, on one page."))

	Get(a, "listWebhookEvents", func(ctx context.Context, tx db.Tx, c *Caller, in *ListWebhookEventsInput) (Page[*WebhookEvent], error) {
		filter := webhook.EventFilter{
			By: holder(c), PartnerAppID: in.PartnerAppID, EndpointID: in.EndpointID, DeliveryStatus: in.DeliveryStatus, EventSources: in.Sources, EventType: in.Type,
			ResourceType: in.ResourceType, ResourceID: in.ResourceID, RequestID: in.RequestID, CreatedAfter: in.CreatedAfter,
			CreatedBefore: in.CreatedBefore, Include: in.Include, RequestLogID: or(in.RequestLogID, in.CorrelationID),
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]webhook.EventRecord, *listing.Cursor, error) {
			if in.RequestLogID != "" && in.CorrelationID != "" && in.RequestLogID != in.CorrelationID {
				return nil, nil, filter.Validate() // a record names one log of a request
			}
			return s.Webhooks.ListEvents(ctx, tx, c.Scope, filter, after, limit)
		})
		return MapPage(page, wireEvent), err
	}, Doc("List events", "Newest first, without payloads: what happened in the environment, the life of its apps, and what was forwarded from merchants that installed them."), Errors("INVALID_EVENT_TYPE", "INVALID_EVENT_SOURCE", "INVALID_RESOURCE_TYPE",
		"INVALID_DELIVERY_STATUS", "INVALID_INCLUDE", "INVALID_CREATED_RANGE"))

	Get(a, "getWebhookEvent", func(ctx context.Context, tx db.Tx, c *Caller, in *EventInput) (*WebhookEvent, error) {
		r, err := s.Webhooks.GetEvent(ctx, tx, c.Scope, holder(c), in.EventID, c.Scopes.Has)
		if err != nil {
			return nil, err
		}
		return wireEvent(r), nil
	}, Doc("Read an event", "With its payload, when it is still kept and the caller may read its resource."))
}
