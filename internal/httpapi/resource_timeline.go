package httpapi

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/dispute"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/requestlog"
	"flint/internal/returns"
	"flint/internal/tenant"
	"flint/internal/webhook"
)

// ResourceTimeline is what happened around one resource, newest first.
type ResourceTimeline struct {
	ResourceID    string                  `json:"resource_id"`
	ResourceType  string                  `json:"resource_type"`
	Test          bool                    `json:"test"`
	EnvironmentID string                  `json:"environment_id,omitzero"`
	Entries       []ResourceTimelineEntry `json:"entries"`
}

// ResourceTimelineEntry is a request, an event or an attempt to deliver one.
type ResourceTimelineEntry struct {
	ID             string     `json:"resource_timeline_entry_id" doc:"The id of the request log, the event or the attempt."`
	Type           string     `json:"entry_type" enum:"api_request,webhook_event,webhook_delivery_attempt,image_mutation"`
	OccurredAt     time.Time  `json:"occurred_at"`
	Test           bool       `json:"test"`
	EnvironmentID  string     `json:"environment_id,omitzero"`
	ResourceType   string     `json:"resource_type,omitzero"`
	ResourceID     string     `json:"resource_id,omitzero"`
	RequestID      string     `json:"request_id,omitzero"`
	RequestLogID   string     `json:"api_request_log_id,omitzero"`
	CorrelationID  string     `json:"correlation_id,omitzero"`
	Method         string     `json:"http_method,omitzero"`
	Path           string     `json:"path,omitzero"`
	Route          string     `json:"route_pattern,omitzero"`
	StatusCode     int        `json:"status_code,omitzero"`
	Latency        *int64     `json:"latency_milliseconds,omitzero"`
	ErrorCode      string     `json:"error_code,omitzero"`
	EventID        string     `json:"webhook_event_id,omitzero"`
	EndpointID     string     `json:"webhook_endpoint_id,omitzero"`
	DeliveryID     string     `json:"webhook_delivery_id,omitzero"`
	AttemptID      string     `json:"webhook_delivery_attempt_id,omitzero"`
	EventType      string     `json:"event_type,omitzero"`
	EventSource    string     `json:"event_source,omitzero" enum:"business_event,test_api"`
	Status         string     `json:"status,omitzero" enum:"delivered,failed,pending,queued,sending"`
	AutomaticCount int        `json:"automatic_attempt_count,omitzero"`
	MaxAttempts    int        `json:"max_attempts,omitzero"`
	AttemptNumber  int        `json:"attempt_number,omitzero"`
	Trigger        string     `json:"delivery_trigger,omitzero" enum:"automatic_delivery,automatic_retry,manual_resend,test_event"`
	Diagnostic     string     `json:"diagnostic_category,omitzero" enum:"timeout,dns_error,tls_error,connection_error,blocked_target,request_error,http_error"`
	Duration       *int64     `json:"duration_milliseconds,omitzero"`
	StartedAt      *time.Time `json:"started_at,omitzero"`
	CompletedAt    *time.Time `json:"completed_at,omitzero"`
	DeliveredAt    *time.Time `json:"delivered_at,omitzero"`
	NextRetryAt    *time.Time `json:"next_retry_at,omitzero"`
	LastError      string     `json:"last_error,omitzero"`
	LastCode       int        `json:"last_response_code,omitzero"`
	ReasonMessage  string     `json:"reason_message,omitzero"`
	MutationKind   string     `json:"mutation_kind,omitzero" enum:"replaced"`
	ImageRevision  int64      `json:"image_revision,omitzero"`
	WebhookTrouble
}

// ResourceTimelineInput is the request of getResourceTimeline.
type ResourceTimelineInput struct {
	ResourceID     string    `path:"resource_id" id:"*"`
	PageSize       int       `query:"page_size" minimum:"1" maximum:"100" default:"20"`
	PageToken      string    `query:"page_token" maxLength:"2048" fault:"invalid=RESOURCE_TIMELINE_TOKEN_INVALID"`
	ResourceType   string    `query:"resource_type" maxLength:"64" fault:"invalid=UNSUPPORTED_RESOURCE_TYPE" doc:"Must be that of the id."`
	Include        []string  `query:"include" enum:"requests,webhooks,attempts" doc:"All of them when left out."`
	OccurredAfter  time.Time `query:"occurred_after" fault:"invalid=INVALID_TIMESTAMP"`
	OccurredBefore time.Time `query:"occurred_before" fault:"invalid=INVALID_TIMESTAMP"`
}

// Validate implements Validator.
func (in *ResourceTimelineInput) Validate() error {
	if !in.OccurredAfter.IsZero() && !in.OccurredBefore.IsZero() && !in.OccurredAfter.Before(in.OccurredBefore) {
		return fault.Invalid("INVALID_CREATED_RANGE", "occurred_after", "occurred_after must be before occurred_before.")
	}
	return nil
}

// timelines are the resources that have one, and the scope that reads them beside the timeline's own.
var timelines = map[string]auth.Need{
	"order": allOf("commerce.orders.read"), "customer": allOf("customers.read"), "payment_intent": allOf("payments.payment_intents.read"),
	"refund": allOf("commerce.refunds.read"), "checkout_session": allOf("checkouts.checkout_sessions.read"),
	"return": allOf("commerce.returns.read"), "return_receipt": allOf("commerce.returns.read"), "return_inspection": allOf("commerce.returns.read"),
	"return_disposition": allOf("commerce.returns.read"), "return_resolution": allOf("commerce.returns.read"),
	"credit_note": allOf("commerce.credit_notes.read"), "dispute": allOf("payments.disputes.read"),
}

// timelineOf refuses resources that are not there.
func (s *Services) timelineOf(ctx context.Context, tx db.Tx, scope tenant.Scope, typ, resourceID string) (err error) {
	switch typ {
	case "order":
		_, err = s.Orders.Get(ctx, tx, scope, resourceID)
	case "customer":
		_, err = s.Customers.Get(ctx, tx, scope, resourceID)
	case "payment_intent":
		_, err = payment.Get(tx, scope, resourceID)
	case "refund":
		_, err = refund.Get(tx, scope, resourceID)
	case "checkout_session":
		_, err = checkout.Get(tx, scope, resourceID)
	case "return":
		_, err = returns.Get(tx, scope, resourceID)
	case "return_receipt", "return_inspection", "return_disposition", "return_resolution":
		err = returns.HasPart(tx, scope, typ, resourceID)
	case "dispute":
		_, err = dispute.Get(tx, scope, resourceID)
	case "credit_note":
		_, err = creditnote.Get(tx, scope, resourceID)
	}
	return err
}

func registerResourceTimeline(a *API, s *Services) {
	Handle(a, "getResourceTimeline", func(ctx context.Context, c *Caller, in *ResourceTimelineInput) (Paged[*ResourceTimeline], error) {
		typ := requestlog.ResourceType(in.ResourceID)
		need, ok := timelines[typ]
		switch {
		case !ok:
			return Paged[*ResourceTimeline]{}, fault.Invalid("UNSUPPORTED_RESOURCE_TYPE", "resource_id", "There are no timelines of such a resource.")
		case in.ResourceType != "" && in.ResourceType != typ:
			return Paged[*ResourceTimeline]{}, fault.Invalid("UNSUPPORTED_RESOURCE_TYPE", "resource_type", "This is not the type of the resource that the id names.")
		}
		if missing := need.Missing(c.Scopes); len(missing) > 0 {
			return Paged[*ResourceTimeline]{}, insufficientScope(need, missing)
		}
		a.catchUp(ctx)
		return read(ctx, a, func(tx db.Tx) (Paged[*ResourceTimeline], error) {
			if err := s.timelineOf(ctx, tx, c.Scope, typ, in.ResourceID); err != nil {
				return Paged[*ResourceTimeline]{}, err
			}
			page, err := List(c, PageQuery{PageSize: in.PageSize, PageToken: in.PageToken}, func(after *listing.Cursor, limit int) ([]ResourceTimelineEntry, *listing.Cursor, error) {
				return s.timeline(ctx, tx, a.BaseURL, c.Scope, in, after, limit)
			})
			return Paged[*ResourceTimeline]{Next: page.Next, Data: &ResourceTimeline{
				ResourceID: in.ResourceID, ResourceType: typ, Test: c.Scope.Mode() == tenant.ModeTest, EnvironmentID: c.Scope.EnvironmentID, Entries: page.Data,
			}}, timelineToken(err)
		})
	}, Doc("Read what happened around a resource", "Requests about it by any credential of the environment, its events, and the attempts to deliver them, newest first. "+
		"Needs the scope that reads the resource beside the one for timelines."),
		Errors("RESOURCE_TIMELINE_TOKEN_INVALID", "UNSUPPORTED_RESOURCE_TYPE", "INVALID_INCLUDE", "INVALID_CREATED_RANGE", "INVALID_TIMESTAMP"))
}

// timeline merges one page of what each source knows.
func (s *Services) timeline(ctx context.Context, tx db.Tx, baseURL string, scope tenant.Scope, in *ResourceTimelineInput, after *listing.Cursor, limit int) ([]ResourceTimelineEntry, *listing.Cursor, error) {
	wants := func(what string) bool { return len(in.Include) == 0 || slices.Contains(in.Include, what) }
	var all []ResourceTimelineEntry
	if wants("requests") {
		found, err := requestlog.OfResource(tx, scope, in.ResourceID, in.OccurredAfter, in.OccurredBefore, after, limit+1)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range found {
			all = append(all, timelineRequest(r, baseURL))
		}
	}
	if wants("webhooks") {
		found, _, err := event.List(tx, scope, event.Filter{ResourceID: in.ResourceID, CreatedAfter: in.OccurredAfter, CreatedBefore: in.OccurredBefore, Tests: true}, after, limit+1)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range found {
			all = append(all, timelineEvent(e))
		}
	}
	if wants("attempts") {
		found, err := s.Webhooks.AttemptsOf(ctx, tx, scope, in.ResourceID, in.OccurredAfter, in.OccurredBefore, after, limit+1)
		if err != nil {
			return nil, nil, err
		}
		for _, t := range found {
			all = append(all, timelineAttempt(t, baseURL))
		}
	}
	slices.SortFunc(all, func(x, y ResourceTimelineEntry) int {
		return cmp.Or(y.OccurredAt.Compare(x.OccurredAt), strings.Compare(y.ID, x.ID))
	})
	more := len(all) > limit
	all = all[:min(limit, len(all))]
	for i := range all {
		all[i].Test, all[i].EnvironmentID = scope.Mode() == tenant.ModeTest, scope.EnvironmentID
	}
	if !more {
		return all, nil, nil
	}
	last := all[limit-1]
	next := listing.At(last.OccurredAt, last.ID)
	return all, &next, nil
}

func timelineRequest(r requestlog.Summary, baseURL string) ResourceTimelineEntry {
	ms := r.Latency.Milliseconds()
	out := ResourceTimelineEntry{
		ID: r.ID, Type: "api_request", OccurredAt: r.CreatedAt, ResourceType: r.ResourceType, ResourceID: r.ResourceID, RequestID: r.RequestID,
		RequestLogID: r.ID, CorrelationID: r.ID, Method: r.Method, Path: r.Path, Route: r.Route, StatusCode: r.Status, Latency: &ms, ErrorCode: r.Fault.Code,
	}
	if r.Fault.Code != "" {
		out.WebhookTrouble = WebhookTrouble{Category: requestlog.Category(r.Status, r.Fault.Code), Summary: r.Fault.Message, Action: r.Fault.Advice,
			Reference: baseURL + "/docs/errors#" + r.Fault.Code, Retryable: &r.Fault.Retryable}
	}
	return out
}

func timelineEvent(e event.Event) ResourceTimelineEntry {
	return ResourceTimelineEntry{
		ID: e.ID, Type: "webhook_event", OccurredAt: e.CreatedAt, ResourceType: e.ResourceType, ResourceID: e.ResourceID, RequestID: e.RequestID,
		RequestLogID: e.RequestLogID, CorrelationID: e.RequestLogID, EventID: e.ID, EventType: e.Type, EventSource: eventOrigin(e.Test),
	}
}

func timelineAttempt(t webhook.TimelineAttempt, baseURL string) ResourceTimelineEntry {
	ms := t.Duration.Milliseconds()
	out := ResourceTimelineEntry{
		ID: t.ID, Type: "webhook_delivery_attempt", OccurredAt: t.StartedAt, RequestID: t.RequestID, RequestLogID: t.LogID, CorrelationID: t.LogID,
		EventID: t.EventID, EndpointID: t.EndpointID, DeliveryID: t.DeliveryID, AttemptID: t.ID, EventType: t.EventType, EventSource: eventOrigin(t.Synthetic),
		Status: string(t.Status), AutomaticCount: t.Automatic, MaxAttempts: webhook.MaxAttempts, AttemptNumber: t.Number, Trigger: string(t.Trigger),
		Diagnostic: t.Diagnostic, StatusCode: t.StatusCode, LastCode: t.StatusCode, Duration: &ms, StartedAt: timeIf(t.StartedAt), CompletedAt: timeIf(t.CompletedAt),
		DeliveredAt: timeIf(t.DeliveredAt), NextRetryAt: timeIf(t.NextRetryAt), ReasonMessage: t.ReasonMessage,
		WebhookTrouble: wireTrouble(t.ErrorCategory, t.StatusCode, baseURL),
	}
	if t.ErrorCategory != "" {
		out.LastError = webhook.Advise(t.ErrorCategory, t.StatusCode).Message
	}
	return out
}

func eventOrigin(test bool) string {
	if test {
		return "test_api"
	}
	return "business_event"
}
