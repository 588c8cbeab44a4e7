package httpapi

import (
	"context"
	"net/http"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/organization"
)

// OrganizationMembership is the role of a user in one organization.
type OrganizationMembership struct {
	OrganizationID string     `json:"organization_id"`
	UserID         string     `json:"user_id"`
	Role           string     `json:"role" enum:"owner,admin,operator,viewer"`
	Status         string     `json:"status" enum:"active,revoked"`
	CreatedAt      *time.Time `json:"created_at,omitzero"`
	UpdatedAt      *time.Time `json:"updated_at,omitzero"`

	added bool
}

// SuccessStatus is 201 for a membership that was added and 200 for one that was changed or read.
func (m OrganizationMembership) SuccessStatus() int {
	if m.added {
		return http.StatusCreated
	}
	return http.StatusOK
}

func wireMembership(m organization.Membership) OrganizationMembership {
	return OrganizationMembership{OrganizationID: m.OrganizationID, UserID: m.UserID, Role: m.Role, Status: m.Status,
		CreatedAt: moment(m.CreatedAt), UpdatedAt: moment(m.UpdatedAt)}
}

type listMembershipsInput struct {
	PageQuery
	organizationPath
}

func listOrganizationMemberships(a *API, s accounts) {
	Get(a, "listOrganizationMemberships", func(ctx context.Context, tx db.Tx, c *Caller, in *listMembershipsInput) (Page[OrganizationMembership], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]organization.Membership, *listing.Cursor, error) {
			return s.organizations.ListMembers(ctx, tx, organizationView(c), in.OrganizationID, after, limit)
		})
		return MapPage(page, wireMembership), err
	}, Doc("List memberships", "The active ones of this organization itself, oldest first. Those above it count here too and are listed there."))
}

type grantMembershipInput struct {
	organizationPath
	Body GrantMembershipRequest
}

// GrantMembershipRequest gives a user a role.
type GrantMembershipRequest struct {
	UserID string `json:"user_id" minLength:"1" maxLength:"64"`
	Role   string `json:"role" enum:"owner,admin,operator,viewer" fault:"invalid=INVALID_ROLE"`
}

func grantOrganizationMembership(a *API, s accounts) {
	Write(a, "grantOrganizationMembership", func(ctx context.Context, tx db.Tx, c *Caller, in *grantMembershipInput) (OrganizationMembership, error) {
		if err := a.manageOrganizations(c); err != nil {
			return OrganizationMembership{}, err
		}
		m, added, err := s.organizations.Grant(ctx, tx, organization.GrantInput{View: organizationView(c), OrganizationID: in.OrganizationID,
			UserID: in.Body.UserID, Role: in.Body.Role, Now: c.Now})
		if err != nil {
			return OrganizationMembership{}, err
		}
		out := wireMembership(m)
		out.added = added
		return out, nil
	}, Doc("Grant a role", "201 for a new member, 200 for another role of one. An organization has one owner."),
		Errors("INVALID_ROLE", "OWNERSHIP_TRANSFER_REQUIRED", "ROLE_ASSIGNMENT_FORBIDDEN", "ROLE_MANAGEMENT_FORBIDDEN",
			"SELF_ROLE_EDITS_FORBIDDEN", "INVALID_STATUS_TRANSITION"))
}

type membershipPath struct {
	organizationPath
	UserID string `path:"user_id" id:"user"`
}

// RevokeOrganizationMembershipResult says that the membership has ended.
type RevokeOrganizationMembershipResult struct {
	Success bool `json:"success" flint:"extension"`
}

func revokeOrganizationMembership(a *API, s accounts) {
	Write(a, "revokeOrganizationMembership", func(ctx context.Context, tx db.Tx, c *Caller, in *membershipPath) (RevokeOrganizationMembershipResult, error) {
		if err := a.manageOrganizations(c); err != nil {
			return RevokeOrganizationMembershipResult{}, err
		}
		_, err := s.organizations.Revoke(ctx, tx, organizationView(c), in.OrganizationID, in.UserID, c.Now)
		return RevokeOrganizationMembershipResult{Success: err == nil}, err
	}, Doc("Revoke a membership", "It holds at once. The owner goes only by handing ownership on."),
		Errors("OWNERSHIP_TRANSFER_REQUIRED", "ROLE_MANAGEMENT_FORBIDDEN", "INVALID_STATUS_TRANSITION"))
}

type transferOwnershipInput struct {
	organizationPath
	Body TransferOwnershipRequest
}

// TransferOwnershipRequest names the member who becomes the owner.
type TransferOwnershipRequest struct {
	NewOwnerUserID string `json:"new_owner_user_id" minLength:"1" maxLength:"64"`
}

// TransferOrganizationOwnershipResult says that the organization has its new owner.
type TransferOrganizationOwnershipResult struct {
	Success bool `json:"success" flint:"extension"`
}

func transferOrganizationOwnership(a *API, s accounts) {
	Write(a, "transferOrganizationOwnership", func(ctx context.Context, tx db.Tx, c *Caller, in *transferOwnershipInput) (TransferOrganizationOwnershipResult, error) {
		if err := a.manageOrganizations(c); err != nil {
			return TransferOrganizationOwnershipResult{}, err
		}
		err := s.organizations.Transfer(ctx, tx, organization.TransferInput{View: organizationView(c), OrganizationID: in.OrganizationID,
			NewOwnerID: in.Body.NewOwnerUserID, Now: c.Now})
		return TransferOrganizationOwnershipResult{Success: err == nil}, err
	}, Doc("Transfer ownership", "A member becomes the owner, and the owner until then an admin."),
		Errors("MEMBERSHIP_REQUIRED", "OWNERSHIP_TRANSFER_FORBIDDEN", "INVALID_STATUS_TRANSITION"))
}
