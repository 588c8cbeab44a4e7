package webhook

import (
	"context"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/tenant"
)

// GetDelivery reads one delivery; RESOURCE_NOT_FOUND when there is none.
func (s *Service) GetDelivery(_ context.Context, tx db.Tx, scope tenant.Scope, deliveryID string) (Delivery, error) {
	return findDelivery(tx, scope, deliveryID, "")
}

// ListDeliveries reads one page of the deliveries of an event, newest first, and the cursor of the next;
// RESOURCE_NOT_FOUND when there is no such event.
func (s *Service) ListDeliveries(_ context.Context, tx db.Tx, scope tenant.Scope, eventID string, after *listing.Cursor, limit int) ([]Delivery, *listing.Cursor, error) {
	if _, err := event.Get(tx, scope, eventID); err != nil {
		return nil, nil, err
	}
	q := listing.From("webhook_deliveries d", deliveryColumns, "delivery_id", scope).Equal("event_id", eventID)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, func(r db.Row) (d Delivery, err error) {
		err = r.Scan(d.targets()...)
		return d, err
	}, func(d Delivery) listing.Cursor { return listing.At(d.CreatedAt, d.ID) })
}

// ListAttempts reads one page of the attempts of a delivery, newest first, and the cursor of the next;
// RESOURCE_NOT_FOUND when there is no such delivery.
func (s *Service) ListAttempts(_ context.Context, tx db.Tx, scope tenant.Scope, deliveryID string, after *listing.Cursor, limit int) ([]Attempt, *listing.Cursor, error) {
	if _, err := findDelivery(tx, scope, deliveryID, ""); err != nil {
		return nil, nil, err
	}
	q := listing.From("webhook_attempts", attemptColumns, "attempt_id", scope).Equal("delivery_id", deliveryID)
	if err := q.Sort("attempt_number", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, scanAttempt, func(a Attempt) listing.Cursor {
		return listing.Cursor{Key: listing.Int(int64(a.Number)), ID: a.ID}
	})
}
