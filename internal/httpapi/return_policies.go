package httpapi

import (
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/returnpolicy"
)

// ListReturnPoliciesInput is the request of listReturnPolicies.
type ListReturnPoliciesInput struct {
	PageQuery
	ExternalReferenceID string   `query:"external_reference_id" minLength:"1" maxLength:"255" doc:"Exact."`
	Query               string   `query:"query" maxLength:"255" doc:"Part of an id, a name or of the external reference."`
	Status              []string `query:"status" enum:"active,inactive,archived" doc:"All but archived when left out."`
}

// CreateReturnPolicyRequest describes a policy with its first revision.
type CreateReturnPolicyRequest struct {
	Name                string                      `json:"name" maxLength:"255" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Revision            ReturnPolicyRevisionRequest `json:"revision"`
	ExternalReferenceID string                      `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata            map[string]string           `json:"metadata,omitempty"`
}

// CreateReturnPolicyInput is the request of createReturnPolicy.
type CreateReturnPolicyInput struct {
	Body CreateReturnPolicyRequest

	domain returnpolicy.CreateInput
}

// Validate implements Validator.
func (in *CreateReturnPolicyInput) Validate() error {
	r := &in.Body
	in.domain = returnpolicy.CreateInput{Name: r.Name, Rules: r.Revision.domain(), ExternalReferenceID: r.ExternalReferenceID, Metadata: r.Metadata}
	return in.domain.Validate()
}

// GetReturnPolicyInput is the request of getReturnPolicy.
type GetReturnPolicyInput struct {
	PolicyID string   `path:"return_policy_id" id:"rpol"`
	Expand   []string `query:"expand" enum:"current_revision"`
}

// UpdateReturnPolicyRequest changes the fields that are sent; null takes away.
type UpdateReturnPolicyRequest struct {
	Name                *string       `json:"name,omitzero" maxLength:"255" fault:"long=NAME_TOO_LONG"`
	Status              string        `json:"status,omitzero" enum:"active,inactive"`
	ExternalReferenceID Opt[string]   `json:"external_reference_id,omitzero" maxLength:"255" fault:"long=INVALID_EXTERNAL_REFERENCE_ID"`
	Metadata            MetadataPatch `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
	ExpectedVersion     *int64        `json:"expected_version,omitzero" minimum:"1"`
}

// UpdateReturnPolicyInput is the request of updateReturnPolicy.
type UpdateReturnPolicyInput struct {
	PolicyID string `path:"return_policy_id" id:"rpol"`
	Body     UpdateReturnPolicyRequest
}

func (in *UpdateReturnPolicyInput) domain() returnpolicy.UpdateInput {
	r := &in.Body
	return returnpolicy.UpdateInput{
		PolicyID: in.PolicyID, Name: r.Name, Status: r.Status, ExternalReferenceID: r.ExternalReferenceID.Ptr(), Metadata: metadataIf(r.Metadata),
		ExpectedVersion: r.ExpectedVersion,
	}
}

// Validate implements Validator.
func (in *UpdateReturnPolicyInput) Validate() error { return in.domain().Validate() }

// DeleteReturnPolicyInput is the request of deleteReturnPolicy.
type DeleteReturnPolicyInput struct {
	PolicyID        string `path:"return_policy_id" id:"rpol"`
	ExpectedVersion *int64 `query:"expected_version"`
}

// ListReturnPolicyRevisionsInput is the request of listReturnPolicyRevisions.
type ListReturnPolicyRevisionsInput struct {
	PageQuery
	PolicyID string `path:"return_policy_id" id:"rpol"`
}

// PublishReturnPolicyRevisionRequest puts rules on top of the revision that was read.
type PublishReturnPolicyRevisionRequest struct {
	ExpectedRevisionID string                      `json:"expected_current_return_policy_revision_id"`
	ExpectedVersion    *int64                      `json:"expected_version,omitzero" minimum:"1"`
	Revision           ReturnPolicyRevisionRequest `json:"revision"`
}

// PublishReturnPolicyRevisionInput is the request of publishReturnPolicyRevision.
type PublishReturnPolicyRevisionInput struct {
	PolicyID string `path:"return_policy_id" id:"rpol"`
	Body     PublishReturnPolicyRevisionRequest

	domain returnpolicy.PublishInput
}

// Validate implements Validator.
func (in *PublishReturnPolicyRevisionInput) Validate() error {
	r := &in.Body
	in.domain = returnpolicy.PublishInput{
		PolicyID: in.PolicyID, ExpectedRevisionID: r.ExpectedRevisionID, ExpectedVersion: r.ExpectedVersion, Rules: r.Revision.domain(),
	}
	return in.domain.Validate()
}

// ReturnPolicyRevisionInput names a revision.
type ReturnPolicyRevisionInput struct {
	PolicyID   string `path:"return_policy_id" id:"rpol"`
	RevisionID string `path:"return_policy_revision_id" id:"rprev"`
}

func registerReturnPolicies(a *API, s *Services) {
	Get(a, "listReturnPolicies", func(_ context.Context, tx db.Tx, c *Caller, in *ListReturnPoliciesInput) (Page[*ReturnPolicy], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*returnpolicy.Policy, *listing.Cursor, error) {
			return s.ReturnPolicies.List(tx, returnpolicy.ListInput{
				Scope: c.Scope, Statuses: in.Status, Query: in.Query, ExternalReferenceID: in.ExternalReferenceID, After: after, Limit: limit,
			})
		})
		return MapPage(page, func(p *returnpolicy.Policy) *ReturnPolicy { return wireReturnPolicy(p, false) }), err
	}, Doc("List return policies", "Newest first; archived ones only when asked for."))

	Write(a, "createReturnPolicy", func(_ context.Context, tx db.Tx, c *Caller, in *CreateReturnPolicyInput) (*ReturnPolicy, error) {
		in.domain.Scope = c.Scope
		p, err := s.ReturnPolicies.Create(tx, in.domain)
		return returnPolicyAnswer(p, true, err)
	}, Doc("Create a return policy", "With its first revision. It is inactive until its status is set to active."), Errors("RETURN_INVALID", "INVALID_ID"))

	Get(a, "getReturnPolicy", func(_ context.Context, tx db.Tx, c *Caller, in *GetReturnPolicyInput) (*ReturnPolicy, error) {
		p, err := s.ReturnPolicies.Get(tx, c.Scope, in.PolicyID)
		return returnPolicyAnswer(p, slices.Contains(in.Expand, "current_revision"), err)
	}, Doc("Read a return policy", ""))

	Write(a, "updateReturnPolicy", func(_ context.Context, tx db.Tx, c *Caller, in *UpdateReturnPolicyInput) (*ReturnPolicy, error) {
		u := in.domain()
		u.Scope = c.Scope
		p, err := s.ReturnPolicies.Update(tx, u)
		return returnPolicyAnswer(p, false, err)
	}, Doc("Rename a return policy, or turn it on or off", "Returns that were made keep the revision they were judged by. A rule is changed by publishing a revision."),
		Errors("RETURN_POLICY_ARCHIVED", "RETURN_VERSION_CONFLICT", "RESOURCE_LIMIT_EXCEEDED"))

	Write(a, "deleteReturnPolicy", func(_ context.Context, tx db.Tx, c *Caller, in *DeleteReturnPolicyInput) (*ReturnPolicy, error) {
		p, err := s.ReturnPolicies.Archive(tx, c.Scope, in.PolicyID, in.ExpectedVersion)
		return returnPolicyAnswer(p, false, err)
	}, Doc("Archive a return policy", "For good; the answer is its final state."), Errors("RETURN_VERSION_CONFLICT"))

	Get(a, "listReturnPolicyRevisions", func(_ context.Context, tx db.Tx, c *Caller, in *ListReturnPolicyRevisionsInput) (Page[*ReturnPolicyRevision], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*returnpolicy.Revision, *listing.Cursor, error) {
			return s.ReturnPolicies.ListRevisions(tx, c.Scope, in.PolicyID, after, limit)
		})
		return MapPage(page, wireReturnPolicyRevision), err
	}, Doc("List the revisions of a return policy", "Newest first."))

	Write(a, "publishReturnPolicyRevision", func(_ context.Context, tx db.Tx, c *Caller, in *PublishReturnPolicyRevisionInput) (*ReturnPolicy, error) {
		in.domain.Scope = c.Scope
		p, err := s.ReturnPolicies.Publish(tx, in.domain)
		return returnPolicyAnswer(p, true, err)
	}, Doc("Publish a revision of a return policy", "It rules from now on; what was made before keeps the revision it has."),
		Errors("RETURN_INVALID", "INVALID_ID", "RETURN_POLICY_CONFLICT", "RETURN_POLICY_ARCHIVED", "RETURN_VERSION_CONFLICT"))

	Get(a, "getReturnPolicyRevision", func(_ context.Context, tx db.Tx, c *Caller, in *ReturnPolicyRevisionInput) (*ReturnPolicyRevision, error) {
		return wired(wireReturnPolicyRevision)(s.ReturnPolicies.RevisionOf(tx, c.Scope, in.PolicyID, in.RevisionID))
	}, Doc("Read a revision of a return policy", "Current or past."))
}

func returnPolicyAnswer(p *returnpolicy.Policy, expanded bool, err error) (*ReturnPolicy, error) {
	if err != nil {
		return nil, err
	}
	return wireReturnPolicy(p, expanded), nil
}
