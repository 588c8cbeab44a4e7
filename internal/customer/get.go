package customer

import (
	"context"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Get reads a customer; RESOURCE_NOT_FOUND when the environment has none with the id.
func (s *Service) Get(ctx context.Context, tx db.Tx, scope tenant.Scope, customerID string) (*Customer, error) {
	return load(tx, scope, customerID, "")
}
