package customer

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
	"flint/internal/text"
)

// Sort keys of a list.
const (
	SortCreatedAt = "created_at"
	SortUpdatedAt = "updated_at"
	SortName      = "name"  // regardless of letter case
	SortEmail     = "email" // regardless of letter case
)

// ListInput filters and sorts; empty fields do not filter. After bounds are exclusive, before bounds too.
type ListInput struct {
	Scope tenant.Scope

	Query               string // part of e-mail, name, phone or external reference
	Email               string // exact, regardless of letter case
	ExternalReferenceID string // exact
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time

	SortBy    string // created_at when empty
	Ascending bool
	After     *listing.Cursor
	Limit     int // 1 to 100
}

// ListResult is one page; Next is nil on the last one.
type ListResult struct {
	Customers []*Customer
	Next      *listing.Cursor
}

var sortColumns = map[string]string{
	SortCreatedAt: "created_at", SortUpdatedAt: "updated_at", SortName: "name_key", SortEmail: "email_key",
}

// Validate reports every fault of the input.
func (in ListInput) Validate() error {
	var l fault.List
	if _, ok := sortColumns[cmp.Or(in.SortBy, SortCreatedAt)]; !ok {
		l.Add("INVALID_SORT_BY", "sort_by", "The list cannot be sorted by this.")
	}
	line := text.Rule{Max: maxReference}
	line.Check(&l, "query", in.Query)
	line.Check(&l, "email", in.Email)
	line.Check(&l, "external_reference_id", in.ExternalReferenceID)
	listing.CheckLimit(&l, in.Limit)
	return l.Err()
}

// List reads one page of customers.
func (s *Service) List(ctx context.Context, tx db.Tx, in ListInput) (ListResult, error) {
	var out ListResult
	if err := in.Validate(); err != nil {
		return out, err
	}
	if err := in.Scope.Check(); err != nil {
		return out, err
	}
	sort := cmp.Or(in.SortBy, SortCreatedAt)
	q := listing.From("customers", columns, "customer_id", in.Scope).Search("search", in.Query).
		Equal("email_key", strings.ToLower(in.Email)).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	if in.ExternalReferenceID != "" { // said twice, which lets the partial index be used
		q.And("external_reference_id <> '' AND external_reference_id = ?", in.ExternalReferenceID)
	}
	numeric := sort == SortCreatedAt || sort == SortUpdatedAt
	if err := q.Sort(sortColumns[sort], in.Ascending, numeric, in.After); err != nil {
		return out, err
	}
	var err error
	out.Customers, out.Next, err = listing.Page(tx, q, in.Limit, func(r db.Row) (*Customer, error) { return scan(r, in.Scope) },
		func(c *Customer) listing.Cursor { return listing.Cursor{Key: sortKey(sort, c), ID: c.ID} })
	if err != nil {
		return ListResult{}, fmt.Errorf("list customers: %w", err)
	}
	return out, nil
}

func sortKey(sort string, c *Customer) string {
	switch sort {
	case SortName:
		return strings.ToLower(c.Name)
	case SortEmail:
		return strings.ToLower(c.Email)
	case SortUpdatedAt:
		return listing.Time(c.UpdatedAt)
	default:
		return listing.Time(c.CreatedAt)
	}
}
