package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/organization"
)

type createOrganizationInput struct {
	Body CreateOrganizationRequest
}

// CreateOrganizationRequest describes a new organization.
type CreateOrganizationRequest struct {
	Name                 string            `json:"name" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	ParentOrganizationID string            `json:"parent_organization_id,omitzero" maxLength:"64" fault:"long=INVALID_PARENT_ORGANIZATION" doc:"Needed: the first organization comes with its merchant."`
	Metadata             map[string]string `json:"metadata,omitzero"`
}

func createOrganization(a *API, s accounts) {
	Write(a, "createOrganization", func(ctx context.Context, tx db.Tx, c *Caller, in *createOrganizationInput) (Organization, error) {
		if err := a.manageOrganizations(c); err != nil {
			return Organization{}, err
		}
		o, err := s.organizations.Create(ctx, tx, organization.CreateInput{View: organizationView(c), Name: in.Body.Name,
			ParentID: in.Body.ParentOrganizationID, Metadata: in.Body.Metadata, Now: c.Now})
		if err != nil {
			return Organization{}, err
		}
		return wireOrganization(o), nil
	}, Doc("Create an organization", "Below the merchant's own or one under it, with a live key."),
		Errors("ROOT_ORGANIZATION_CREATION_FORBIDDEN", "INVALID_PARENT_ORGANIZATION", "RESOURCE_LIMIT_EXCEEDED"))
}

type updateOrganizationInput struct {
	organizationPath
	Body UpdateOrganizationRequest
}

// UpdateOrganizationRequest changes the fields that are sent.
type UpdateOrganizationRequest struct {
	Name                 *string       `json:"name,omitzero" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	ParentOrganizationID *string       `json:"parent_organization_id,omitzero" maxLength:"64" fault:"long=INVALID_PARENT_ORGANIZATION"`
	Metadata             MetadataPatch `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
}

func updateOrganization(a *API, s accounts) {
	Write(a, "updateOrganization", func(ctx context.Context, tx db.Tx, c *Caller, in *updateOrganizationInput) (Organization, error) {
		if err := a.manageOrganizations(c); err != nil {
			return Organization{}, err
		}
		o, err := s.organizations.Update(ctx, tx, organization.UpdateInput{View: organizationView(c), OrganizationID: in.OrganizationID,
			Name: in.Body.Name, ParentID: in.Body.ParentOrganizationID, Metadata: metadataPatch(in.Body.Metadata), Now: c.Now})
		if err != nil {
			return Organization{}, err
		}
		return wireOrganization(o), nil
	}, Doc("Change an organization", "Name, parent or metadata. With another parent it moves with all that is below it."),
		Errors("ORGANIZATION_CYCLE", "INVALID_PARENT_ORGANIZATION", "INVALID_STATUS_TRANSITION", "NO_FIELDS_TO_UPDATE"))
}

func deleteOrganization(a *API, s accounts) {
	Write(a, "deleteOrganization", func(ctx context.Context, tx db.Tx, c *Caller, in *organizationPath) (Organization, error) {
		if err := a.manageOrganizations(c); err != nil {
			return Organization{}, err
		}
		o, err := s.organizations.Delete(ctx, tx, organizationView(c), in.OrganizationID, c.Now)
		if err != nil {
			return Organization{}, err
		}
		return wireOrganization(o), nil
	}, Doc("Delete an organization", "One that no merchant belongs to and nothing active is below. It stays readable."),
		Errors("ORGANIZATION_HAS_ACTIVE_DESCENDANTS", "ORGANIZATION_LINKED_TO_MERCHANT", "INVALID_STATUS_TRANSITION"))
}
