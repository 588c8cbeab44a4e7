package organization

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
)

// CreateInput describes a new organization.
type CreateInput struct {
	View
	Name     string
	ParentID string
	Metadata map[string]string
	Now      time.Time
}

// Validate reports every fault of the input.
func (in CreateInput) Validate() error {
	var faults fault.List
	checkName(&faults, in.Name)
	faults.AddError("metadata", metadata.Check(in.Metadata))
	return faults.Err()
}

func checkName(faults *fault.List, name string) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(name)); {
	case n == 0:
		faults.Add("NAME_REQUIRED", "name", "An organization needs a name.")
	case n > maxName:
		faults.Add("NAME_TOO_LONG", "name", "A name has at most %d characters.", maxName)
	}
}

// Create makes an organization below one that v sees; the root of a tree comes with its merchant.
// Faults: ROOT_ORGANIZATION_CREATION_FORBIDDEN, INVALID_PARENT_ORGANIZATION, RESOURCE_LIMIT_EXCEEDED.
func (s *Service) Create(_ context.Context, tx db.Tx, in CreateInput) (Organization, error) {
	if err := in.Validate(); err != nil {
		return Organization{}, err
	}
	if in.ParentID == "" {
		return Organization{}, fault.Forbidden("ROOT_ORGANIZATION_CREATION_FORBIDDEN", "The first organization comes with its merchant; name a parent.")
	}
	top, err := placeOf(tx, in.MerchantID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return Organization{}, errParent()
	}
	if err == nil {
		err = lockTree(tx, top.founderID)
	}
	if err == nil {
		err = parent(tx, top, in.ParentID)
	}
	if err != nil {
		return Organization{}, err
	}
	n, err := countOrganizations(tx, top.founderID)
	if err != nil {
		return Organization{}, err
	}
	if n >= MaxOrganizations {
		return Organization{}, fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "A tree has at most %d organizations.", MaxOrganizations).With("limit", MaxOrganizations)
	}
	o := Organization{FounderID: top.founderID, ID: s.IDs.New(id.Organization), ParentID: in.ParentID, Name: strings.TrimSpace(in.Name),
		Metadata: in.Metadata, Status: StatusActive, CreatedAt: in.Now, UpdatedAt: in.Now}
	return o, insertOrganization(tx, o)
}

// parent refuses an organization that nothing can be put below.
func parent(tx db.Tx, top place, organizationID string) error {
	o, err := visible(tx, top, organizationID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && o.Status != StatusActive {
		return errParent()
	}
	return err
}

func errParent() error {
	return fault.Invalid("INVALID_PARENT_ORGANIZATION", "parent_organization_id", "This must be an active organization that you see.")
}
