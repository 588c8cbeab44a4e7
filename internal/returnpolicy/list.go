package returnpolicy

import (
	"fmt"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/tenant"
)

// ListInput filters policies; empty fields do not filter. Archived ones come only when asked for.
type ListInput struct {
	Scope               tenant.Scope
	Statuses            []string
	Query               string // part of an id, a name or of the external reference
	ExternalReferenceID string
	After               *listing.Cursor
	Limit               int
}

// List reads one page of policies with their current revisions, newest first.
func (s *Service) List(tx db.Tx, in ListInput) ([]*Policy, *listing.Cursor, error) {
	q := listing.From("return_policies", policyColumns, "return_policy_id", in.Scope).Search("search", in.Query).
		Equal("external_reference_id", in.ExternalReferenceID)
	if len(in.Statuses) == 0 {
		q.And("status <> 'archived'")
	} else {
		q.In("status", in.Statuses)
	}
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	page, next, err := listing.Page(tx, q, in.Limit, func(row db.Row) (*Policy, error) { return scanPolicy(row, in.Scope) },
		func(p *Policy) listing.Cursor { return listing.At(p.CreatedAt, p.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list return policies: %w", err)
	}
	for _, p := range page {
		if p.Revision, err = revision(tx, in.Scope, p.RevisionID); err != nil {
			return nil, nil, err
		}
	}
	return page, next, nil
}

// ListRevisions reads one page of the revisions of a policy, newest first; RESOURCE_NOT_FOUND.
func (s *Service) ListRevisions(tx db.Tx, scope tenant.Scope, policyID string, after *listing.Cursor, limit int) ([]*Revision, *listing.Cursor, error) {
	if _, err := loadPolicy(tx, scope, policyID, ""); err != nil {
		return nil, nil, err
	}
	q := listing.From("return_policy_revisions", revisionColumns, "return_policy_revision_id", scope).Equal("return_policy_id", policyID)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	page, next, err := listing.Page(tx, q, limit, scanRevision, func(r *Revision) listing.Cursor { return listing.At(r.CreatedAt, r.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list the revisions of a return policy: %w", err)
	}
	return page, next, nil
}

// ListReasonsInput filters reasons; empty fields do not filter. Archived ones come only when asked for.
type ListReasonsInput struct {
	Scope               tenant.Scope
	Source              string
	Statuses            []string
	Query               string // part of a handle, a name or of the external reference
	ExternalReferenceID string
	After               *listing.Cursor
	Limit               int
}

// ListReasons reads one page of reasons, by id: built-in ones first, then the merchant's as they were made.
func (s *Service) ListReasons(tx db.Tx, in ListReasonsInput) ([]*Reason, *listing.Cursor, error) {
	all, err := s.Reasons(tx, in.Scope)
	if err != nil {
		return nil, nil, err
	}
	if len(in.Statuses) == 0 {
		in.Statuses = []string{StatusActive}
	}
	query := strings.ToLower(in.Query)
	all = slices.DeleteFunc(all, func(r *Reason) bool {
		return in.After != nil && r.ID <= in.After.ID || in.Source != "" && r.Source != in.Source || !slices.Contains(in.Statuses, r.Status) ||
			in.ExternalReferenceID != "" && r.ExternalReferenceID != in.ExternalReferenceID ||
			!strings.Contains(strings.ToLower(strings.Join([]string{r.Handle, r.Name, r.ExternalReferenceID}, "\n")), query)
	})
	slices.SortFunc(all, func(a, b *Reason) int { return strings.Compare(a.ID, b.ID) })
	if len(all) <= in.Limit {
		return all, nil, nil
	}
	return all[:in.Limit], &listing.Cursor{ID: all[in.Limit-1].ID}, nil
}
