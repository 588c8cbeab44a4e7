package organization

import (
	"context"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
)

// UpdateInput changes what is not nil.
type UpdateInput struct {
	View
	OrganizationID string
	Name           *string
	ParentID       *string
	Metadata       metadata.Patch
	Now            time.Time
}

// Validate reports every fault of the input.
func (in UpdateInput) Validate() error {
	var faults fault.List
	if in.Name == nil && in.ParentID == nil && in.Metadata.IsZero() {
		faults.Add("NO_FIELDS_TO_UPDATE", "", "Send at least one field to change.")
	}
	if in.Name != nil {
		checkName(&faults, *in.Name)
	}
	return faults.Err()
}

// Update changes name, parent or metadata. Faults: RESOURCE_NOT_FOUND, INVALID_PARENT_ORGANIZATION,
// ORGANIZATION_CYCLE, INVALID_STATUS_TRANSITION for a deleted one, the metadata faults.
func (s *Service) Update(_ context.Context, tx db.Tx, in UpdateInput) (Organization, error) {
	if err := in.Validate(); err != nil {
		return Organization{}, err
	}
	top, o, err := lockActive(tx, in.View, in.OrganizationID)
	if err != nil {
		return Organization{}, err
	}
	if in.Name != nil {
		o.Name = strings.TrimSpace(*in.Name)
	}
	if in.ParentID != nil && *in.ParentID != o.ParentID {
		if err := parent(tx, top, *in.ParentID); err != nil {
			return Organization{}, err
		}
		cycle, err := within(tx, place{o.FounderID, o.ID}, *in.ParentID)
		if err != nil {
			return Organization{}, err
		}
		if cycle {
			return Organization{}, fault.Conflict("ORGANIZATION_CYCLE", "An organization cannot lie below itself.")
		}
		o.ParentID = *in.ParentID
	}
	if o.Metadata, err = metadata.Merge(o.Metadata, in.Metadata); err != nil {
		var l fault.List
		l.AddError("metadata", err)
		return Organization{}, l.Err()
	}
	o.UpdatedAt = in.Now
	return top.seen(o), updateOrganization(tx, o)
}

// lockActive locks the tree that v sees a part of and reads an active organization of it. Faults:
// RESOURCE_NOT_FOUND, INVALID_STATUS_TRANSITION.
func lockActive(tx db.Tx, v View, organizationID string) (place, Organization, error) {
	top, err := placeOf(tx, v.MerchantID)
	if err == nil {
		err = lockTree(tx, top.founderID)
	}
	if err != nil {
		return place{}, Organization{}, err
	}
	o, err := visible(tx, top, organizationID)
	if err == nil && o.Status != StatusActive {
		err = errDeleted()
	}
	return top, o, err
}
