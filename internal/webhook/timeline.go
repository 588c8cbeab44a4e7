package webhook

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// TimelineAttempt is an attempt with what a timeline tells of its delivery and event.
type TimelineAttempt struct {
	Attempt
	EventType   string
	Synthetic   bool // of a test event
	RequestID   string
	LogID       string // rlog_… of the request that caused the event
	Delivery    Status // of the delivery now
	Automatic   int    // attempts of the delivery that nobody asked for
	DeliveredAt time.Time
	NextRetryAt time.Time
}

// AttemptsOf reads attempts to deliver the events of a resource, newest first, at most limit of those that
// began between the two times, where given, and behind the cursor.
func (s *Service) AttemptsOf(_ context.Context, tx db.Tx, scope tenant.Scope, resourceID string, occurredAfter, occurredBefore time.Time, after *listing.Cursor, limit int) ([]TimelineAttempt, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	const table = `(SELECT a.*, e.type AS event_type, e.test AS synthetic, e.request_id, e.request_log_id, d.status AS delivery_status,
		d.automatic_attempt_count, d.delivered_at, d.due_at, d.lease, e.resource_id
		FROM events e JOIN webhook_deliveries d ON d.merchant_id = e.merchant_id AND d.environment_id = e.environment_id AND d.event_id = e.event_id
		JOIN webhook_attempts a ON a.merchant_id = d.merchant_id AND a.environment_id = d.environment_id AND a.delivery_id = d.delivery_id) t`
	q := listing.From(table, attemptColumns+`, event_type, synthetic, request_id, request_log_id, delivery_status, automatic_attempt_count, delivered_at, due_at, lease`,
		"attempt_id", scope).And("resource_id = ?", resourceID).Range("started_at", occurredAfter, occurredBefore)
	if err := q.Sort("started_at", false, true, after); err != nil {
		return nil, err
	}
	found, _, err := listing.Page(tx, q, limit, scanTimelineAttempt, func(a TimelineAttempt) listing.Cursor { return listing.At(a.StartedAt, a.ID) })
	if err != nil {
		return nil, fmt.Errorf("read the deliveries about a resource: %w", err)
	}
	return found, nil
}

func scanTimelineAttempt(r db.Row) (TimelineAttempt, error) {
	var (
		t              TimelineAttempt
		a              = &t.Attempt
		ms             int64
		delivered, due *time.Time
		lease          string
	)
	err := r.Scan(&a.Scope.MerchantID, &a.Scope.EnvironmentID, &a.ID, &a.DeliveryID, &a.EventID, &a.EndpointID, &a.Number, &a.Status,
		&a.Trigger, &a.Diagnostic, &a.ErrorCategory, &a.StatusCode, &ms, &a.ResponseHeaders, &a.ContentType, &a.BodyExcerpt,
		&a.ReasonMessage, &a.APIVersion, &a.StartedAt, &a.CompletedAt, &t.EventType, &t.Synthetic, &t.RequestID, &t.LogID, &t.Delivery,
		&t.Automatic, &delivered, &due, &lease)
	a.Duration = time.Duration(ms) * time.Millisecond
	if delivered != nil {
		t.DeliveredAt = *delivered
	}
	if t.Delivery == StatusPending && due != nil && lease == "" {
		t.NextRetryAt = *due
	}
	return t, err
}
