package customer

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"flint/internal/db"
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

// Cursor is the place after one row in a sorted list. It means something only together with the
// filters and the sort it came from; the surface binds them.
type Cursor struct {
	Key string // value of the sort column
	ID  string
}

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
	After     *Cursor
	Limit     int // 1 to 100
}

// ListResult is one page; Next is nil on the last one.
type ListResult struct {
	Customers []*Customer
	Next      *Cursor
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
	if in.Limit < 1 || in.Limit > 100 {
		l.Add("INVALID_PAGE_SIZE", "page_size", "A page has 1 to 100 items.")
	}
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
	column := sortColumns[sort]
	args := []any{in.Scope.MerchantID, in.Scope.EnvironmentID}
	where := "merchant_id = $1 AND environment_id = $2"
	and := func(condition string, v any) {
		args = append(args, v)
		where += " AND " + strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args)))
	}
	if in.Query != "" {
		and(`search LIKE ? ESCAPE '\'`, "%"+escapeLike.Replace(strings.ToLower(in.Query))+"%")
	}
	if in.Email != "" {
		and("email_key = ?", strings.ToLower(in.Email))
	}
	if in.ExternalReferenceID != "" {
		and("external_reference_id <> '' AND external_reference_id = ?", in.ExternalReferenceID)
	}
	for _, bound := range []struct {
		condition string
		t         time.Time
	}{
		{"created_at > ?", in.CreatedAfter}, {"created_at < ?", in.CreatedBefore},
		{"updated_at > ?", in.UpdatedAfter}, {"updated_at < ?", in.UpdatedBefore},
	} {
		if !bound.t.IsZero() {
			and(bound.condition, bound.t)
		}
	}
	direction, beyond := "DESC", "<"
	if in.Ascending {
		direction, beyond = "ASC", ">"
	}
	if in.After != nil {
		key, err := cursorKey(sort, in.After.Key)
		if err != nil {
			return out, err
		}
		args = append(args, key, in.After.ID)
		where += fmt.Sprintf(" AND (%s, customer_id) %s ($%d, $%d)", column, beyond, len(args)-1, len(args))
	}
	args = append(args, in.Limit+1)
	err := tx.Query(func(r db.Row) error {
		c, err := scan(r, in.Scope)
		if err == nil {
			out.Customers = append(out.Customers, c)
		}
		return err
	}, fmt.Sprintf(`SELECT %s FROM customers WHERE %s ORDER BY %s %s, customer_id %s LIMIT $%d`,
		columns, where, column, direction, direction, len(args)), args...)
	if err != nil {
		return ListResult{}, fmt.Errorf("list customers: %w", err)
	}
	if len(out.Customers) > in.Limit {
		out.Customers = out.Customers[:in.Limit]
		last := out.Customers[in.Limit-1]
		out.Next = &Cursor{Key: sortKey(sort, last), ID: last.ID}
	}
	return out, nil
}

// escapeLike makes a search text literal for LIKE … ESCAPE '\'.
var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func sortKey(sort string, c *Customer) string {
	switch sort {
	case SortName:
		return strings.ToLower(c.Name)
	case SortEmail:
		return strings.ToLower(c.Email)
	case SortUpdatedAt:
		return strconv.FormatInt(c.UpdatedAt.UnixMicro(), 10)
	default:
		return strconv.FormatInt(c.CreatedAt.UnixMicro(), 10)
	}
}

// cursorKey turns a cursor's key back into a value of the sort column.
func cursorKey(sort, key string) (any, error) {
	if sort == SortName || sort == SortEmail {
		return key, nil
	}
	v, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return nil, fault.Invalid("INVALID_PAGE_TOKEN", "page_token", "The page token does not belong to this list.")
	}
	return v, nil
}
