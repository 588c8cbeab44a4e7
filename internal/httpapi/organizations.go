package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/organization"
	"flint/internal/tenant"
)

// Organization is the wire form of an organization. The highest one that is seen names no parent.
type Organization struct {
	OrganizationID       string            `json:"organization_id"`
	Name                 string            `json:"name"`
	ParentOrganizationID string            `json:"parent_organization_id,omitzero"`
	ParentOrganization   *Organization     `json:"parent_organization,omitzero" flint:"nullable" doc:"With expand=parent_organization."`
	Status               string            `json:"status" enum:"active,deleted"`
	Metadata             map[string]string `json:"metadata,omitzero"`
	CreatedAt            *time.Time        `json:"created_at,omitzero"`
	UpdatedAt            *time.Time        `json:"updated_at,omitzero"`
}

func wireOrganization(o organization.Organization) Organization {
	return Organization{OrganizationID: o.ID, Name: o.Name, ParentOrganizationID: o.ParentID, Status: o.Status, Metadata: o.Metadata,
		CreatedAt: moment(o.CreatedAt), UpdatedAt: moment(o.UpdatedAt)}
}

type organizationPath struct {
	OrganizationID string `path:"organization_id" id:"org"`
}

var organizationsWrite = auth.AllOf("accounts.organizations.write")

// organizationView is whose subtree the caller sees: that of its merchant.
func organizationView(c *Caller) organization.View {
	return organization.View{MerchantID: c.Scope.MerchantID}
}

// manageOrganizations refuses test keys: an organization is the same for real money and for test money.
func (a *API) manageOrganizations(c *Caller) error {
	if c.Scope.Mode() == tenant.ModeTest && !a.Development {
		return fault.Forbidden("AUTHORIZATION_FAILED", "Organizations are changed with a live key.")
	}
	return nil
}

type listOrganizationsInput struct {
	PageQuery
	ParentOrganizationID string    `query:"parent_organization_id" maxLength:"64"`
	Status               string    `query:"status" enum:"active,deleted"`
	SortBy               string    `query:"sort_by" enum:"name,created_at,updated_at" default:"created_at"`
	SortDirection        string    `query:"sort_direction" enum:"asc,desc" default:"desc"`
	CreatedAfter         time.Time `query:"created_after"`
	CreatedBefore        time.Time `query:"created_before"`
	UpdatedAfter         time.Time `query:"updated_after"`
	UpdatedBefore        time.Time `query:"updated_before"`
}

func listOrganizations(a *API, s accounts) {
	Get(a, "listOrganizations", func(ctx context.Context, tx db.Tx, c *Caller, in *listOrganizationsInput) (Page[Organization], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]organization.Organization, *listing.Cursor, error) {
			return s.organizations.List(ctx, tx, organization.ListInput{View: organizationView(c), ParentID: in.ParentOrganizationID, Status: in.Status,
				SortBy: in.SortBy, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
				CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore})
		})
		return MapPage(page, wireOrganization), err
	}, Doc("List organizations", "The merchant's own organization and all below it, deleted ones too unless status says otherwise."))
}

type getOrganizationInput struct {
	organizationPath
	Expand []string `query:"expand" enum:"parent_organization"`
}

func getOrganization(a *API, s accounts) {
	Get(a, "getOrganization", func(ctx context.Context, tx db.Tx, c *Caller, in *getOrganizationInput) (Organization, error) {
		o, err := s.organizations.Get(ctx, tx, organizationView(c), in.OrganizationID)
		if err != nil {
			return Organization{}, err
		}
		out := wireOrganization(o)
		if len(in.Expand) > 0 && o.ParentID != "" {
			parent, err := s.organizations.Get(ctx, tx, organizationView(c), o.ParentID)
			if err != nil {
				return Organization{}, err
			}
			wired := wireOrganization(parent)
			out.ParentOrganization = &wired
		}
		return out, nil
	}, Doc("Read an organization", "The merchant's own or one below it."))
}
