package organization

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
)

// Delete marks an organization as deleted; its rows stay. Faults: RESOURCE_NOT_FOUND,
// INVALID_STATUS_TRANSITION, ORGANIZATION_HAS_ACTIVE_DESCENDANTS, ORGANIZATION_LINKED_TO_MERCHANT, the
// last two with what is in the way.
func (s *Service) Delete(_ context.Context, tx db.Tx, v View, organizationID string, now time.Time) (Organization, error) {
	top, o, err := lockActive(tx, v, organizationID)
	if err != nil {
		return Organization{}, err
	}
	at := place{o.FounderID, o.ID}
	children, err := activeBelow(tx, at)
	if err != nil {
		return Organization{}, err
	}
	if len(children) > 0 {
		return Organization{}, fault.Conflict("ORGANIZATION_HAS_ACTIVE_DESCENDANTS", "There are active organizations below this one.").
			With("blocking_resources", blocking("organization", children)).With("blocking_resource_count", len(children))
	}
	merchants, err := merchantsOf(tx, at)
	if err != nil {
		return Organization{}, err
	}
	if len(merchants) > 0 {
		return Organization{}, fault.Conflict("ORGANIZATION_LINKED_TO_MERCHANT", "Merchants belong to this organization.").
			With("blocking_resources", blocking("merchant", merchants)).With("blocking_resource_count", len(merchants))
	}
	o.Status, o.UpdatedAt = StatusDeleted, now
	return top.seen(o), updateOrganization(tx, o)
}
