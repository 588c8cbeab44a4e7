package webhook

import (
	"context"
	"strings"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/tenant"
)

// Get reads one endpoint; RESOURCE_NOT_FOUND when it does not exist for the holder or was deleted.
func (s *Service) Get(_ context.Context, tx db.Tx, scope tenant.Scope, by Holder, endpointID string) (Endpoint, error) {
	return currentEndpoint(tx, scope, by, endpointID, "")
}

// EndpointFilter narrows the list of endpoints; zero fields do not.
type EndpointFilter struct {
	By           Holder
	Sources      []event.Source // endpoints that have one of them
	PartnerAppID string
}

// List reads one page of the holder's endpoints, newest first, and the cursor of the next.
func (s *Service) List(_ context.Context, tx db.Tx, scope tenant.Scope, f EndpointFilter, after *listing.Cursor, limit int) ([]Endpoint, *listing.Cursor, error) {
	if err := scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("webhook_endpoints", endpointColumns, "endpoint_id", scope).And("deleted_at IS NULL").Equal("partner_app_id", f.PartnerAppID)
	if f.By.AppID != "" {
		q.And("partner_app_id = ?", f.By.AppID).And("event_sources LIKE ?", hasSource(event.SourceMerchant))
	}
	if len(f.Sources) > 0 {
		patterns := make([]any, len(f.Sources))
		for i, source := range f.Sources {
			patterns[i] = hasSource(source)
		}
		q.And("(event_sources LIKE ?"+strings.Repeat(" OR event_sources LIKE ?", len(patterns)-1)+")", patterns...)
	}
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	return listing.Page(tx, q, limit, scanEndpoint, func(e Endpoint) listing.Cursor { return listing.At(e.CreatedAt, e.ID) })
}

// hasSource is the pattern of the lists of sources, JSON, that hold one.
func hasSource(s event.Source) string { return `%"` + string(s) + `"%` }
