package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/returnpolicy"
)

// ListReturnReasonsInput is the request of listReturnReasons.
type ListReturnReasonsInput struct {
	PageQuery
	ExternalReferenceID string   `query:"external_reference_id" minLength:"1" maxLength:"255" doc:"Exact."`
	Query               string   `query:"query" maxLength:"255" doc:"Part of a handle, a name or of the external reference."`
	Source              string   `query:"source" enum:"flint,merchant"`
	Status              []string `query:"status" enum:"active,archived" doc:"Active ones when left out."`
}

// CreateReturnReasonRequest describes a reason of the merchant.
type CreateReturnReasonRequest struct {
	Handle              string   `json:"handle" maxLength:"64" fault:"long=RETURN_INVALID" doc:"Lower-case letters, digits, _ and -; it stays."`
	Name                string   `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Description         string   `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	CategoryHandles     []string `json:"category_handles,omitempty" doc:"Lines of which categories it fits; empty for all."`
	NoteRequired        bool     `json:"is_note_required,omitzero"`
	ExternalReferenceID string   `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
}

// CreateReturnReasonInput is the request of createReturnReason.
type CreateReturnReasonInput struct {
	Body CreateReturnReasonRequest
}

func (r *CreateReturnReasonRequest) domain() returnpolicy.CreateReasonInput {
	return returnpolicy.CreateReasonInput{
		Handle: r.Handle, Name: r.Name, Description: r.Description, CategoryHandles: r.CategoryHandles, NoteRequired: r.NoteRequired,
		ExternalReferenceID: r.ExternalReferenceID,
	}
}

// Validate implements Validator.
func (in *CreateReturnReasonInput) Validate() error { return in.Body.domain().Validate() }

// ReturnReasonInput names a reason.
type ReturnReasonInput struct {
	ReasonID string `path:"return_reason_id" id:"rrsn"`
}

// UpdateReturnReasonRequest changes the fields that are sent; null takes away.
type UpdateReturnReasonRequest struct {
	Name                *string     `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Description         Opt[string] `json:"description,omitzero" maxLength:"5000" fault:"long=DESCRIPTION_TOO_LONG"`
	CategoryHandles     *[]string   `json:"category_handles,omitzero" doc:"Replaces all; needs expected_version."`
	NoteRequired        *bool       `json:"is_note_required,omitzero"`
	ExternalReferenceID Opt[string] `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	ExpectedVersion     *int64      `json:"expected_version,omitzero" minimum:"1"`
}

// UpdateReturnReasonInput is the request of updateReturnReason.
type UpdateReturnReasonInput struct {
	ReasonID string `path:"return_reason_id" id:"rrsn"`
	Body     UpdateReturnReasonRequest
}

func (in *UpdateReturnReasonInput) domain() returnpolicy.UpdateReasonInput {
	r := &in.Body
	return returnpolicy.UpdateReasonInput{
		ReasonID: in.ReasonID, Name: r.Name, Description: r.Description.Ptr(), CategoryHandles: r.CategoryHandles, NoteRequired: r.NoteRequired,
		ExternalReferenceID: r.ExternalReferenceID.Ptr(), ExpectedVersion: r.ExpectedVersion,
	}
}

// Validate implements Validator.
func (in *UpdateReturnReasonInput) Validate() error { return in.domain().Validate() }

// DeleteReturnReasonInput is the request of deleteReturnReason.
type DeleteReturnReasonInput struct {
	ReasonID        string `path:"return_reason_id" id:"rrsn"`
	ExpectedVersion *int64 `query:"expected_version"`
}

func registerReturnReasons(a *API, s *Services) {
	Get(a, "listReturnReasons", func(_ context.Context, tx db.Tx, c *Caller, in *ListReturnReasonsInput) (Page[*ReturnReason], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*returnpolicy.Reason, *listing.Cursor, error) {
			return s.ReturnPolicies.ListReasons(tx, returnpolicy.ListReasonsInput{
				Scope: c.Scope, Source: in.Source, Statuses: in.Status, Query: in.Query, ExternalReferenceID: in.ExternalReferenceID, After: after, Limit: limit,
			})
		})
		return MapPage(page, wireReturnReason), err
	}, Doc("List return reasons", "Built-in ones first, then the merchant's as they were made."))

	Write(a, "createReturnReason", func(_ context.Context, tx db.Tx, c *Caller, in *CreateReturnReasonInput) (*ReturnReason, error) {
		r := in.Body.domain()
		r.Scope = c.Scope
		out, err := s.ReturnPolicies.CreateReason(tx, r)
		return returnReasonAnswer(out, err)
	}, Doc("Add a return reason", "Beside the built-in ones, active at once."), Errors("RETURN_INVALID", "RETURN_REASON_HANDLE_TAKEN", "RESOURCE_LIMIT_EXCEEDED"))

	Get(a, "getReturnReason", func(_ context.Context, tx db.Tx, c *Caller, in *ReturnReasonInput) (*ReturnReason, error) {
		r, err := s.ReturnPolicies.ReasonByID(tx, c.Scope, in.ReasonID)
		return returnReasonAnswer(r, err)
	}, Doc("Read a return reason", "Archived ones included."))

	Write(a, "updateReturnReason", func(_ context.Context, tx db.Tx, c *Caller, in *UpdateReturnReasonInput) (*ReturnReason, error) {
		u := in.domain()
		u.Scope = c.Scope
		r, err := s.ReturnPolicies.UpdateReason(tx, u)
		return returnReasonAnswer(r, err)
	}, Doc("Change a return reason", "Returns that were made keep its name as it was."),
		Errors("RETURN_REASON_BUILT_IN", "RETURN_REASON_ARCHIVED", "RETURN_VERSION_CONFLICT", "RETURN_INVALID"))

	Write(a, "deleteReturnReason", func(_ context.Context, tx db.Tx, c *Caller, in *DeleteReturnReasonInput) (*ReturnReason, error) {
		r, err := s.ReturnPolicies.ArchiveReason(tx, c.Scope, in.ReasonID, in.ExpectedVersion)
		return returnReasonAnswer(r, err)
	}, Doc("Archive a return reason", "It is offered no more; returns that name it stay."), Errors("RETURN_REASON_BUILT_IN", "RETURN_VERSION_CONFLICT"))
}

func returnReasonAnswer(r *returnpolicy.Reason, err error) (*ReturnReason, error) {
	if err != nil {
		return nil, err
	}
	return wireReturnReason(r), nil
}
