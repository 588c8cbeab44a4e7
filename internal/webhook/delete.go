package webhook

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

// Delete ends an endpoint: what waits for it is suppressed and its secrets are wiped; its deliveries
// stay readable. RESOURCE_NOT_FOUND when it does not exist for the holder or was deleted.
func (s *Service) Delete(_ context.Context, tx db.Tx, scope tenant.Scope, by Holder, endpointID string) error {
	e, err := currentEndpoint(tx, scope, by, endpointID, tx.ForUpdate())
	if err != nil {
		return err
	}
	return end(tx, e, s.Clock.Now())
}

func end(tx db.Tx, e Endpoint, now time.Time) error {
	e.Enabled, e.DeletedAt, e.UpdatedAt = false, now, now
	e.secret, e.previousSecret = "", ""
	if err := updateEndpoint(tx, e); err != nil {
		return err
	}
	return suppress(tx, e, now)
}
