package webhook

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/tenant"
)

// Get reads one endpoint; RESOURCE_NOT_FOUND when it does not exist or was deleted.
func (s *Service) Get(_ context.Context, tx db.Tx, scope tenant.Scope, endpointID string) (Endpoint, error) {
	return currentEndpoint(tx, scope, endpointID, "")
}

// List reads one page of endpoints, newest first, and the cursor of the next. Sources, when given, narrows
// to endpoints of one of them.
func (s *Service) List(_ context.Context, tx db.Tx, scope tenant.Scope, sources []event.Source, after *listing.Cursor, limit int) ([]Endpoint, *listing.Cursor, error) {
	if err := scope.Check(); err != nil {
		return nil, nil, err
	}
	if len(sources) > 0 && !slices.Contains(sources, event.SourceMerchant) {
		return nil, nil, nil // no endpoint of the other sources can exist yet
	}
	q := listing.From("webhook_endpoints", endpointColumns, "endpoint_id", scope).And("deleted_at IS NULL")
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, scanEndpoint, func(e Endpoint) listing.Cursor { return listing.At(e.CreatedAt, e.ID) })
}
