package webhook

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// Get reads one endpoint; RESOURCE_NOT_FOUND when it does not exist or was deleted.
func (s *Service) Get(_ context.Context, tx db.Tx, scope tenant.Scope, endpointID string) (Endpoint, error) {
	return currentEndpoint(tx, scope, endpointID, "")
}

// List reads up to limit endpoints older than the cursor, newest first. Sources, when given, narrows to
// endpoints of one of them.
func (s *Service) List(_ context.Context, tx db.Tx, scope tenant.Scope, sources []event.Source, after event.Cursor, limit int) ([]Endpoint, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if len(sources) > 0 && !slices.Contains(sources, event.SourceMerchant) {
		return nil, nil // no endpoint of the other sources can exist yet
	}
	where, args := `merchant_id = $1 AND environment_id = $2 AND deleted_at IS NULL`, []any{scope.MerchantID, scope.EnvironmentID, limit}
	if after != (event.Cursor{}) {
		where += ` AND (created_at, endpoint_id) < ($4, $5)`
		args = append(args, after.At, after.ID)
	}
	return queryEndpoints(tx, where+` ORDER BY created_at DESC, endpoint_id DESC LIMIT $3`, args...)
}
