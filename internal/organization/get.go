package organization

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

// Get reads an organization that v sees. The parent of the highest one is not told, for it is not
// seen. Fault: RESOURCE_NOT_FOUND.
func (s *Service) Get(_ context.Context, tx db.Tx, v View, organizationID string) (Organization, error) {
	top, err := placeOf(tx, v.MerchantID)
	if err != nil {
		return Organization{}, err
	}
	o, err := visible(tx, top, organizationID)
	return top.seen(o), err
}

// Of reads the organization of a merchant, as that merchant sees it. Fault: RESOURCE_NOT_FOUND when it
// belongs to none.
func (s *Service) Of(ctx context.Context, tx db.Tx, merchantID string) (Organization, error) {
	top, err := placeOf(tx, merchantID)
	if err != nil {
		return Organization{}, err
	}
	return s.Get(ctx, tx, View{MerchantID: merchantID}, top.organizationID)
}

func (p place) seen(o Organization) Organization {
	if o.ID == p.organizationID {
		o.ParentID = ""
	}
	return o
}

// ListInput selects organizations that v sees.
type ListInput struct {
	View
	ParentID      string // empty: any
	Status        string // empty: any
	SortBy        string // created_at (default), updated_at, name
	Ascending     bool
	After         *listing.Cursor
	CreatedAfter  time.Time // zero: no bound; all bounds are exclusive
	CreatedBefore time.Time
	UpdatedAfter  time.Time
	UpdatedBefore time.Time
	Limit         int
}

// List reads one page of organizations and the cursor of the next, nil on the last page.
func (s *Service) List(_ context.Context, tx db.Tx, in ListInput) ([]Organization, *listing.Cursor, error) {
	top, err := placeOf(tx, in.MerchantID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	// The subquery counts its parameters from the tree and its top, so these come first.
	q := listing.OfMerchant("organizations", organizationColumns, "organization_id", top.founderID).And("? <> ''", top.organizationID).
		And("organization_id IN ("+below+")").Equal("status", in.Status).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	if in.ParentID != "" {
		q = q.Equal("parent_organization_id", in.ParentID).And("organization_id <> ?", top.organizationID)
	}
	column, numeric := "created_at", true
	switch in.SortBy {
	case "updated_at":
		column = "updated_at"
	case "name":
		column, numeric = "name", false
	}
	if err := q.Sort(column, in.Ascending, numeric, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, scanOrganization, func(o Organization) listing.Cursor {
		switch in.SortBy {
		case "name":
			return listing.Cursor{Key: o.Name, ID: o.ID}
		case "updated_at":
			return listing.At(o.UpdatedAt, o.ID)
		}
		return listing.At(o.CreatedAt, o.ID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list organizations: %w", err)
	}
	for n := range found {
		found[n] = top.seen(found[n])
	}
	return found, next, nil
}
