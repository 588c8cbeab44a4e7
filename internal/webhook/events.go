package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// EventFilter narrows the list of event records; zero fields do not.
type EventFilter struct {
	EndpointID     string
	DeliveryStatus string
	EventSources   []string
	EventType      string
	ResourceType   string
	ResourceID     string
	RequestID      string
	RequestLogID   string
	CreatedAfter   time.Time
	CreatedBefore  time.Time
	Include        []string // test_events
}

// Validate reports every fault of the filter.
func (f EventFilter) Validate() error {
	var faults fault.List
	if f.DeliveryStatus != "" && !slices.Contains([]Status{StatusPending, StatusDelivered, StatusFailed, StatusSuppressed}, Status(f.DeliveryStatus)) {
		faults.Add("INVALID_DELIVERY_STATUS", "delivery_status", "The status must be pending, delivered, failed or suppressed.")
	}
	for _, s := range f.EventSources {
		if !slices.Contains([]event.Source{event.SourceMerchant, event.SourcePartnerApp, event.SourceInstalledMerchants}, event.Source(s)) {
			faults.Add("INVALID_EVENT_SOURCE", "event_source", "The source must be merchant, partner_app or installed_merchants.")
		}
	}
	if _, ok := event.TypeOf(f.EventType); f.EventType != "" && !ok {
		faults.Add("INVALID_EVENT_TYPE", "event_type", "This is not a type of event.")
	}
	if f.ResourceType != "" && !event.Recorded(f.ResourceType) {
		faults.Add("INVALID_RESOURCE_TYPE", "resource_type", "Event records do not name this type of resource.")
	}
	for _, v := range f.Include {
		if v != "test_events" {
			faults.Add("INVALID_INCLUDE", "include", "Only test_events can be included.")
		}
	}
	if !f.CreatedAfter.IsZero() && !f.CreatedBefore.IsZero() && !f.CreatedAfter.Before(f.CreatedBefore) {
		faults.Add("INVALID_CREATED_RANGE", "created_after", "created_after must be before created_before.")
	}
	return faults.Err()
}

// ListEvents reads one page of event records, newest first, and the cursor of the next.
func (s *Service) ListEvents(_ context.Context, tx db.Tx, scope tenant.Scope, f EventFilter, after *listing.Cursor, limit int) ([]event.Event, *listing.Cursor, error) {
	if err := f.Validate(); err != nil {
		return nil, nil, err
	}
	if len(f.EventSources) > 0 && !slices.Contains(f.EventSources, string(event.SourceMerchant)) {
		return nil, nil, nil // records of the other sources come with apps
	}
	filter := event.Filter{
		Type: f.EventType, ResourceType: f.ResourceType, ResourceID: f.ResourceID, RequestID: f.RequestID, RequestLogID: f.RequestLogID,
		CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore, Tests: slices.Contains(f.Include, "test_events"),
	}
	if f.EndpointID != "" || f.DeliveryStatus != "" {
		filter.Where = `EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.merchant_id = e.merchant_id
			AND d.environment_id = e.environment_id AND d.event_id = e.event_id`
		if f.EndpointID != "" {
			filter.Where += ` AND d.endpoint_id = ?`
			filter.Args = append(filter.Args, f.EndpointID)
		}
		if f.DeliveryStatus != "" {
			filter.Where += ` AND d.status = ?`
			filter.Args = append(filter.Args, f.DeliveryStatus)
		}
		filter.Where += `)`
	}
	return event.List(tx, scope, filter, after, limit)
}

// EventRecord is the contract's WebhookEvent, with the sequence and the root of ours.
type EventRecord struct {
	WebhookEventID string         `json:"webhook_event_id"`
	EventType      string         `json:"event_type"`
	EventOrigin    string         `json:"event_origin"`
	EventSource    event.Source   `json:"event_source"`
	Test           bool           `json:"test"`
	ResourceType   string         `json:"resource_type,omitzero"`
	ResourceID     string         `json:"resource_id,omitzero"`
	RequestID      string         `json:"request_id,omitzero"`
	RequestLogID   string         `json:"api_request_log_id,omitzero"`
	CorrelationID  string         `json:"correlation_id,omitzero"`
	Sequence       int64          `json:"sequence"`
	RootType       string         `json:"root_type"`
	RootID         string         `json:"root_id"`
	Payload        jsontext.Value `json:"payload,omitzero"`
	CreatedAt      time.Time      `json:"created_at"`
}

// RecordOf is the record of an event without its payload, as lists show it.
func RecordOf(e event.Event) EventRecord {
	r := EventRecord{
		WebhookEventID: e.ID, EventType: e.Type, EventOrigin: "business_event", EventSource: event.SourceMerchant, Test: e.Test,
		RequestID: e.RequestID, RequestLogID: e.RequestLogID, CorrelationID: e.RequestLogID, Sequence: e.Sequence, RootType: e.RootType, RootID: e.RootID, CreatedAt: e.CreatedAt.UTC(),
	}
	if e.Test {
		r.EventOrigin = "test_api"
	}
	if event.Recorded(e.ResourceType) {
		r.ResourceType, r.ResourceID = e.ResourceType, e.ResourceID
	}
	return r
}

// RecordWithPayload is the record with its payload, unless that has expired or needs a scope that
// allows does not grant. allows is asked with a read scope and knows that the write scope implies it.
func (s *Service) RecordWithPayload(e event.Event, allows func(scope string) bool) EventRecord {
	r := RecordOf(e)
	if visible(e, allows) && !expired(e, s.Clock.Now()) {
		r.Payload = jsontext.Value(e.Data)
	}
	return r
}

func visible(e event.Event, allows func(scope string) bool) bool {
	scope := event.ReadScope(e.ResourceType)
	return scope != "" && allows(scope)
}
