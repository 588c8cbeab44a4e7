package webhook

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// GetDelivery reads one delivery; RESOURCE_NOT_FOUND when there is none.
func (s *Service) GetDelivery(_ context.Context, tx db.Tx, scope tenant.Scope, deliveryID string) (Delivery, error) {
	return findDelivery(tx, scope, deliveryID, "")
}

// ListDeliveries reads up to limit deliveries of an event older than the cursor, newest first;
// RESOURCE_NOT_FOUND when there is no such event.
func (s *Service) ListDeliveries(_ context.Context, tx db.Tx, scope tenant.Scope, eventID string, after event.Cursor, limit int) ([]Delivery, error) {
	if _, err := event.Get(tx, scope, eventID); err != nil {
		return nil, err
	}
	rest, args := `d.merchant_id = $1 AND d.environment_id = $2 AND d.event_id = $3`, []any{scope.MerchantID, scope.EnvironmentID, eventID, limit}
	if after != (event.Cursor{}) {
		rest += ` AND (d.created_at, d.delivery_id) < ($5, $6)`
		args = append(args, after.At, after.ID)
	}
	return queryDeliveries(tx, rest+` ORDER BY d.created_at DESC, d.delivery_id DESC LIMIT $4`, args...)
}

// ListAttempts reads up to limit attempts of a delivery with numbers below before (0: from the last),
// newest first; RESOURCE_NOT_FOUND when there is no such delivery.
func (s *Service) ListAttempts(_ context.Context, tx db.Tx, scope tenant.Scope, deliveryID string, before, limit int) ([]Attempt, error) {
	if _, err := findDelivery(tx, scope, deliveryID, ""); err != nil {
		return nil, err
	}
	return queryAttempts(tx, `merchant_id = $1 AND environment_id = $2 AND delivery_id = $3 AND (attempt_number < $4 OR $4 = 0)
		ORDER BY attempt_number DESC LIMIT $5`, scope.MerchantID, scope.EnvironmentID, deliveryID, before, limit)
}
