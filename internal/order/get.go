package order

import (
	"context"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Get reads an order without locking it; RESOURCE_NOT_FOUND when the environment has none with the id.
func (s *Service) Get(ctx context.Context, tx db.Tx, scope tenant.Scope, orderID string) (*Order, error) {
	return load(tx, scope, orderID, "")
}
