package organization

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

// ListMembers reads one page of the active direct memberships of an organization, oldest first, and the
// cursor of the next. Fault: RESOURCE_NOT_FOUND.
func (s *Service) ListMembers(_ context.Context, tx db.Tx, v View, organizationID string, after *listing.Cursor, limit int) ([]Membership, *listing.Cursor, error) {
	top, err := placeOf(tx, v.MerchantID)
	if err != nil {
		return nil, nil, err
	}
	o, err := visible(tx, top, organizationID)
	if err != nil {
		return nil, nil, err
	}
	q := listing.OfMerchant("organization_memberships", membershipColumns, "user_id", o.FounderID).
		Equal("organization_id", o.ID).Equal("status", StatusActive)
	if err := q.Sort("created_at", true, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, scanMembership, func(m Membership) listing.Cursor { return listing.At(m.CreatedAt, m.UserID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list memberships: %w", err)
	}
	return found, next, nil
}

// GrantInput gives a user a role in an organization, or another one.
type GrantInput struct {
	View
	OrganizationID string
	UserID         string
	Role           string
	Now            time.Time
}

// Validate reports every fault of the input.
func (in GrantInput) Validate() error {
	var faults fault.List
	if !KnownRole(in.Role) {
		faults.Add("INVALID_ROLE", "role", "A role is owner, admin, operator or viewer.")
	}
	return faults.Err()
}

// Grant gives or changes a role; added tells whether the user had no membership before. An organization
// without an owner of its own may be given one. Faults: RESOURCE_NOT_FOUND (of the user with param
// user_id), INVALID_ROLE, INVALID_STATUS_TRANSITION, SELF_ROLE_EDITS_FORBIDDEN, ROLE_MANAGEMENT_FORBIDDEN,
// ROLE_ASSIGNMENT_FORBIDDEN, OWNERSHIP_TRANSFER_REQUIRED.
func (s *Service) Grant(ctx context.Context, tx db.Tx, in GrantInput) (m Membership, added bool, err error) {
	if err := in.Validate(); err != nil {
		return Membership{}, false, err
	}
	top, o, err := lockActive(tx, in.View, in.OrganizationID)
	if err != nil {
		return Membership{}, false, err
	}
	at := place{o.FounderID, o.ID}
	if err := s.knownUser(tx, top, in.UserID); err != nil {
		return Membership{}, false, err
	}
	if m, err = membershipOf(tx, at, in.UserID); err != nil {
		return Membership{}, false, err
	}
	if err := s.mayChange(tx, in.View, at, m, in.UserID, in.Role); err != nil {
		return Membership{}, false, err
	}
	owner, err := ownerOf(tx, at)
	if err != nil {
		return Membership{}, false, err
	}
	if owner.UserID != "" && (in.Role == Owner) != (owner.UserID == in.UserID) {
		return Membership{}, false, errTransfer()
	}
	if added = m.Status != StatusActive; added {
		m = Membership{FounderID: o.FounderID, OrganizationID: o.ID, UserID: in.UserID, Status: StatusActive, CreatedAt: in.Now}
	}
	changed := !added && m.Role != in.Role
	m.Role, m.UpdatedAt = in.Role, in.Now
	if err := saveMembership(tx, m); err != nil || !changed {
		return m, added, err
	}
	return m, added, s.tell(ctx, tx, m)
}

// Revoke ends a direct membership. Faults: RESOURCE_NOT_FOUND, INVALID_STATUS_TRANSITION,
// SELF_ROLE_EDITS_FORBIDDEN, ROLE_MANAGEMENT_FORBIDDEN, OWNERSHIP_TRANSFER_REQUIRED for the owner.
func (s *Service) Revoke(ctx context.Context, tx db.Tx, v View, organizationID, userID string, now time.Time) (Membership, error) {
	_, o, err := lockActive(tx, v, organizationID)
	if err != nil {
		return Membership{}, err
	}
	at := place{o.FounderID, o.ID}
	m, err := membershipOf(tx, at, userID)
	if err != nil {
		return Membership{}, err
	}
	if m.Status != StatusActive {
		return Membership{}, fault.NotFound("membership")
	}
	if err := s.mayChange(tx, v, at, m, userID, ""); err != nil {
		return Membership{}, err
	}
	if m.Role == Owner {
		return Membership{}, errTransfer()
	}
	m.Status, m.UpdatedAt = StatusRevoked, now
	if err := saveMembership(tx, m); err != nil {
		return Membership{}, err
	}
	return m, s.tell(ctx, tx, m)
}

// TransferInput hands the ownership of an organization to one of its members.
type TransferInput struct {
	View
	OrganizationID string
	NewOwnerID     string
	Now            time.Time
}

// Transfer makes a direct member the owner and the owner until then an admin. Handing it to the present
// owner changes nothing. Faults: RESOURCE_NOT_FOUND, INVALID_STATUS_TRANSITION,
// OWNERSHIP_TRANSFER_FORBIDDEN for whoever is not an owner, MEMBERSHIP_REQUIRED of the new owner.
func (s *Service) Transfer(ctx context.Context, tx db.Tx, in TransferInput) error {
	_, o, err := lockActive(tx, in.View, in.OrganizationID)
	if err != nil {
		return err
	}
	at := place{o.FounderID, o.ID}
	role, err := actingRole(tx, in.View, at)
	if err != nil {
		return err
	}
	if role != Owner {
		return fault.Forbidden("OWNERSHIP_TRANSFER_FORBIDDEN", "Only an owner hands ownership on.")
	}
	next, err := membershipOf(tx, at, in.NewOwnerID)
	if err != nil {
		return err
	}
	if next.Status != StatusActive {
		return errNoMembership()
	}
	old, err := ownerOf(tx, at)
	if err != nil || old.UserID == next.UserID {
		return err
	}
	if old.UserID != "" { // first, for there is never more than one
		old.Role, old.UpdatedAt = Admin, in.Now
		if err := saveMembership(tx, old); err != nil {
			return err
		}
		if err := s.tell(ctx, tx, old); err != nil {
			return err
		}
	}
	next.Role, next.UpdatedAt = Owner, in.Now
	if err := saveMembership(tx, next); err != nil {
		return err
	}
	return s.tell(ctx, tx, next)
}

// knownUser refuses users of merchants that are not in the subtree, as if they did not exist.
func (s *Service) knownUser(tx db.Tx, top place, userID string) error {
	merchants, err := merchantsBelow(tx, top)
	if err != nil {
		return err
	}
	known, err := s.Users(tx, merchants, userID)
	if err != nil {
		return fmt.Errorf("look a user up: %w", err)
	}
	if !known {
		f := fault.NotFound("user")
		f.Param = "user_id"
		return f
	}
	return nil
}

func (s *Service) mayChange(tx db.Tx, v View, at place, m Membership, userID, role string) error {
	if v.UserID == userID {
		return fault.Forbidden("SELF_ROLE_EDITS_FORBIDDEN", "Nobody changes their own role.")
	}
	by, err := actingRole(tx, v, at)
	if err != nil {
		return err
	}
	old := ""
	if m.Status == StatusActive {
		old = m.Role
	}
	return mayManage(by, old, role)
}

// actingRole is the role that counts for v in an organization of its subtree.
func actingRole(tx db.Tx, v View, at place) (string, error) {
	if v.UserID == "" {
		return Owner, nil
	}
	held, err := rolesAt(tx, at, v.UserID)
	if err != nil {
		return "", fmt.Errorf("read the roles of a user: %w", err)
	}
	return highest(held), nil
}

func errTransfer() error {
	return fault.Conflict("OWNERSHIP_TRANSFER_REQUIRED", "The owner goes only by handing ownership on.").
		Then("Transfer the ownership to another member first.")
}
