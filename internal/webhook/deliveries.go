package webhook

import (
	"context"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// GetDelivery reads one delivery; RESOURCE_NOT_FOUND when there is none for the holder.
func (s *Service) GetDelivery(_ context.Context, tx db.Tx, scope tenant.Scope, by Holder, deliveryID string) (Delivery, error) {
	return holdersDelivery(tx, scope, by, deliveryID, "")
}

// holdersDelivery is findDelivery for a holder, to whom a delivery to somebody else's endpoint does not
// exist.
func holdersDelivery(tx db.Tx, scope tenant.Scope, by Holder, deliveryID, lock string) (Delivery, error) {
	d, err := findDelivery(tx, scope, deliveryID, lock)
	if err != nil || by.AppID == "" {
		return d, err
	}
	e, err := findEndpoint(tx, scope, d.EndpointID, "")
	if err == nil && !by.sees(e) {
		return Delivery{}, fault.NotFound("webhook delivery")
	}
	return d, err
}

// ListDeliveries reads one page of the deliveries of an event, newest first, and the cursor of the next;
// RESOURCE_NOT_FOUND when there is no such event for the holder.
func (s *Service) ListDeliveries(_ context.Context, tx db.Tx, scope tenant.Scope, by Holder, eventID string, after *listing.Cursor, limit int) ([]Delivery, *listing.Cursor, error) {
	if _, err := s.eventOf(tx, scope, by, eventID); err != nil {
		return nil, nil, err
	}
	q := listing.From("webhook_deliveries d", deliveryColumns, "delivery_id", scope).Equal("event_id", eventID)
	if by.AppID != "" {
		q.And(`endpoint_id IN (SELECT w.endpoint_id FROM webhook_endpoints w WHERE w.merchant_id = ? AND w.environment_id = ?
			AND w.partner_app_id = ? AND w.event_sources LIKE ?)`, scope.MerchantID, scope.EnvironmentID, by.AppID, hasSource(event.SourceMerchant))
	}
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, func(r db.Row) (d Delivery, err error) {
		err = r.Scan(d.targets()...)
		return d, err
	}, func(d Delivery) listing.Cursor { return listing.At(d.CreatedAt, d.ID) })
}

// ListAttempts reads one page of the attempts of a delivery, newest first, and the cursor of the next;
// RESOURCE_NOT_FOUND when there is no such delivery for the holder.
func (s *Service) ListAttempts(_ context.Context, tx db.Tx, scope tenant.Scope, by Holder, deliveryID string, after *listing.Cursor, limit int) ([]Attempt, *listing.Cursor, error) {
	if _, err := holdersDelivery(tx, scope, by, deliveryID, ""); err != nil {
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
