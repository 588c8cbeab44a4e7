package webhook

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
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
	By             Holder
	EndpointID     string
	DeliveryStatus string
	EventSources   []string // empty: all
	PartnerAppID   string
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

// ListEvents reads one page of event records, newest first, and the cursor of the next: what happened in
// the environment, and what was forwarded to it from merchants that installed an app of its owner.
func (s *Service) ListEvents(_ context.Context, tx db.Tx, scope tenant.Scope, f EventFilter, after *listing.Cursor, limit int) ([]EventRecord, *listing.Cursor, error) {
	if err := f.Validate(); err != nil {
		return nil, nil, err
	}
	var (
		out  []EventRecord
		more bool
	)
	if f.own() {
		events, next, err := event.List(tx, scope, f.ofEnvironment(), after, limit)
		if err != nil {
			return nil, nil, err
		}
		more = next != nil
		for _, e := range events {
			out = append(out, recordOf(told{event: e}))
		}
	}
	if f.forwarded() {
		forwards, next, err := listForwards(tx, scope, f, after, limit)
		if err != nil {
			return nil, nil, err
		}
		more = more || next != nil
		for _, t := range forwards {
			out = append(out, recordOf(t))
		}
	}
	slices.SortFunc(out, func(a, b EventRecord) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.WebhookEventID, a.WebhookEventID))
	})
	if len(out) <= limit && !more {
		return out, nil, nil
	}
	out = out[:min(len(out), limit)]
	last := out[len(out)-1]
	next := listing.At(last.CreatedAt, last.WebhookEventID)
	return out, &next, nil
}

func (f EventFilter) wants(s event.Source) bool {
	return len(f.EventSources) == 0 || slices.Contains(f.EventSources, string(s))
}

// own and forwarded report whether the filter can be met by events of the environment itself, and by
// those of others.
func (f EventFilter) own() bool {
	return f.wants(event.SourceMerchant) && f.PartnerAppID == "" || f.wants(event.SourcePartnerApp) && f.By.AppID == ""
}

func (f EventFilter) forwarded() bool {
	return f.By.AppID == "" && f.RequestID+f.RequestLogID == "" && (f.wants(event.SourceInstalledMerchants) || f.wants(event.SourcePartnerApp))
}

// ofEnvironment is the filter for the environment's own events.
func (f EventFilter) ofEnvironment() event.Filter {
	out := event.Filter{
		Type: f.EventType, ResourceType: f.ResourceType, ResourceID: f.ResourceID, RequestID: f.RequestID, RequestLogID: f.RequestLogID,
		CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore, Tests: slices.Contains(f.Include, "test_events"),
	}
	var conditions []string
	switch {
	case !f.wants(event.SourcePartnerApp) || f.By.AppID != "":
		conditions = append(conditions, `e.type NOT LIKE 'partner_app.%'`)
	case !f.wants(event.SourceMerchant) || f.PartnerAppID != "":
		conditions = append(conditions, `e.type LIKE 'partner_app.%'`)
	}
	if f.PartnerAppID != "" {
		conditions = append(conditions, `e.data LIKE ?`)
		out.Args = append(out.Args, `%"partner_app_id":"`+f.PartnerAppID+`"%`)
	}
	if condition, args := f.delivered("e"); condition != "" {
		conditions, out.Args = append(conditions, condition), append(out.Args, args...)
	}
	out.Where = strings.Join(conditions, " AND ")
	return out
}

// delivered is the condition on the deliveries of an event, which the table called by the alias names.
func (f EventFilter) delivered(alias string) (condition string, args []any) {
	if f.EndpointID == "" && f.DeliveryStatus == "" {
		return "", nil
	}
	condition = `EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.merchant_id = ` + alias + `.merchant_id
		AND d.environment_id = ` + alias + `.environment_id AND d.event_id = ` + alias + `.event_id`
	if f.EndpointID != "" {
		condition, args = condition+` AND d.endpoint_id = ?`, append(args, f.EndpointID)
	}
	if f.DeliveryStatus != "" {
		condition, args = condition+` AND d.status = ?`, append(args, f.DeliveryStatus)
	}
	return condition + `)`, args
}

// listForwards reads one page of the events that were forwarded, newest first, each once.
func listForwards(tx db.Tx, scope tenant.Scope, f EventFilter, after *listing.Cursor, limit int) ([]told, *listing.Cursor, error) {
	q := listing.From("webhook_forwards f", forwardColumns, "event_id", scope).Equal("partner_app_id", f.PartnerAppID).
		Equal("event_type", f.EventType).Range("created_at", f.CreatedAfter, f.CreatedBefore).In("source", f.EventSources)
	if f.PartnerAppID == "" {
		q.And(`NOT EXISTS (SELECT 1 FROM webhook_forwards o WHERE o.merchant_id = f.merchant_id AND o.environment_id = f.environment_id
			AND o.event_id = f.event_id AND o.partner_app_id < f.partner_app_id)`)
	}
	if f.own() { // what happened here is listed already
		q.And("(event_merchant_id <> ? OR event_environment_id <> ?)", scope.MerchantID, scope.EnvironmentID)
	}
	if f.ResourceType != "" || f.ResourceID != "" {
		condition, args := `EXISTS (SELECT 1 FROM events e WHERE e.merchant_id = f.event_merchant_id AND e.environment_id = f.event_environment_id
			AND e.event_id = f.event_id`, []any{}
		if f.ResourceType != "" {
			condition, args = condition+` AND e.resource_type = ?`, append(args, f.ResourceType)
		}
		if f.ResourceID != "" {
			condition, args = condition+` AND e.resource_id = ?`, append(args, f.ResourceID)
		}
		q.And(condition+`)`, args...)
	}
	if condition, args := f.delivered("f"); condition != "" {
		q.And(condition, args...)
	}
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	forwards, next, err := listing.Page(tx, q, limit, func(r db.Row) (v forward, err error) {
		err = r.Scan(v.targets()...)
		return v, err
	}, func(v forward) listing.Cursor { return listing.At(v.CreatedAt, v.EventID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list forwarded events: %w", err)
	}
	all, err := withEvents(tx, forwards)
	return all, next, err
}

// GetEvent reads one event record with its payload, unless that has expired or the caller may not read
// its resource; allows is asked with a read scope and knows that the write scope implies it. What
// happened to another merchant is shown as far as that merchant's grant lets the app hear of it now.
// RESOURCE_NOT_FOUND when the holder knows no such event.
func (s *Service) GetEvent(_ context.Context, tx db.Tx, scope tenant.Scope, by Holder, eventID string, allows func(scope string) bool) (EventRecord, error) {
	t, err := s.eventOf(tx, scope, by, eventID)
	if err != nil {
		return EventRecord{}, err
	}
	if t.via == nil || t.via.Source != event.SourceInstalledMerchants {
		return s.withPayload(t, allows), nil
	}
	g, err := s.grant(tx, t.event.Scope, t.via.GrantID)
	if err != nil {
		return EventRecord{}, err
	}
	r := recordOf(t)
	if g.lets(scope.MerchantID, t.via.AppID, t.event) && visible(t.event, allows) && !expired(t.event, s.Clock.Now()) {
		if r.Payload, err = forwardedData(t.event, *t.via); err != nil {
			return EventRecord{}, err
		}
	}
	return r, nil
}

// EventActor is who caused an event, as the activities of orders name it.
type EventActor struct {
	Type string `json:"type"` // api_key, app, user, buyer, processor or system
	ID   string `json:"id,omitzero"`
}

// EventRecord is the contract's WebhookEvent, with the sequence, the root and the actor of ours.
type EventRecord struct {
	WebhookEventID string         `json:"webhook_event_id"`
	EventType      string         `json:"event_type"`
	EventOrigin    string         `json:"event_origin"`
	EventSource    event.Source   `json:"event_source"`
	PartnerAppID   string         `json:"partner_app_id,omitzero"`
	Test           bool           `json:"test"`
	ResourceType   string         `json:"resource_type,omitzero"`
	ResourceID     string         `json:"resource_id,omitzero"`
	RequestID      string         `json:"request_id,omitzero"`
	RequestLogID   string         `json:"api_request_log_id,omitzero"`
	CorrelationID  string         `json:"correlation_id,omitzero"`
	Sequence       int64          `json:"sequence"`
	RootType       string         `json:"root_type"`
	RootID         string         `json:"root_id"`
	Actor          *EventActor    `json:"actor,omitzero"`
	Payload        jsontext.Value `json:"payload,omitzero"`
	CreatedAt      time.Time      `json:"created_at"`
}

// recordOf is the record of an event without its payload, as lists show it. The request that caused what
// another merchant did is that merchant's own, and so is who did it, unless it was the app that is told.
func recordOf(t told) EventRecord {
	e := t.event
	r := EventRecord{
		WebhookEventID: e.ID, EventType: e.Type, EventOrigin: "business_event", EventSource: event.SourceMerchant, Test: e.Test,
		RequestID: e.RequestID, RequestLogID: e.RequestLogID, CorrelationID: e.RequestLogID, Sequence: e.Sequence, RootType: e.RootType, RootID: e.RootID, CreatedAt: e.CreatedAt.UTC(),
	}
	if typ, ok := event.TypeOf(e.Type); ok && typ.From(event.SourcePartnerApp) {
		r.EventSource, r.PartnerAppID = event.SourcePartnerApp, appOf(e)
	}
	if t.via != nil {
		r.EventSource, r.PartnerAppID = t.via.Source, t.via.AppID
	}
	if r.EventSource != event.SourceMerchant {
		r.RequestID, r.RequestLogID, r.CorrelationID = "", "", ""
	}
	if e.ActorType != "" && (r.EventSource == event.SourceMerchant || e.ActorType == "app" && e.ActorID == r.PartnerAppID) {
		r.Actor = &EventActor{Type: e.ActorType, ID: e.ActorID}
	}
	if e.Test {
		r.EventOrigin = "test_api"
	}
	if event.Recorded(e.ResourceType) {
		r.ResourceType, r.ResourceID = e.ResourceType, e.ResourceID
	}
	return r
}

// withPayload is the record of an event of the environment with its payload, unless that has expired or
// needs a scope that allows does not grant.
func (s *Service) withPayload(t told, allows func(scope string) bool) EventRecord {
	r := recordOf(t)
	if visible(t.event, allows) && !expired(t.event, s.Clock.Now()) {
		r.Payload = public(t.event)
	}
	return r
}

func visible(e event.Event, allows func(scope string) bool) bool {
	scope := event.ReadScope(e.ResourceType)
	return scope != "" && allows(scope)
}
