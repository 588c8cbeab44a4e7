package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	SortCreatedAt   = "created_at"
	SortUpdatedAt   = "updated_at"
	SortOutstanding = "outstanding_money"
	SortTotal       = "total"
)

// Cursor is the place after one row in a sorted list. It means something only together with the
// filters and the sort it came from; the surface binds them.
type Cursor struct {
	Key string // value of the sort column
	ID  string
}

// ListInput filters and sorts; empty fields do not filter. Bounds of times are exclusive, of amounts
// inclusive; amounts are totals in minor units and need Currency.
type ListInput struct {
	Scope tenant.Scope

	CustomerID          string
	Status              string
	PaymentStatuses     []string
	RefundStatuses      []string
	FulfillmentStatuses []string
	OrderNumber         string
	ExternalReferenceID string
	Origin              string
	Query               string // part of number, external reference, a note or a line's name, in any letter case
	MinAmount           *int64
	MaxAmount           *int64
	Currency            string
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
	Orders []*Order
	Next   *Cursor
}

var sortColumns = map[string]string{
	SortCreatedAt: "created_at", SortUpdatedAt: "updated_at", SortOutstanding: "outstanding", SortTotal: "total",
}

var (
	orderStatuses       = []string{StatusOpen, StatusClosed}
	paymentStatuses     = []string{PaymentUnpaid, PaymentPartiallyPaid, PaymentPaid}
	refundStatuses      = []string{RefundNone, RefundPartiallyRefunded, RefundRefunded}
	fulfillmentStatuses = []string{"not_fulfilled", "partially_fulfilled", "fulfilled", "canceled"}
	origins             = []string{"virtual_terminal", "payment_link", "checkout", "api", "subscription"}
)

// Validate reports every fault of the input.
func (in ListInput) Validate() error {
	var l fault.List
	if _, ok := sortColumns[cmp.Or(in.SortBy, SortCreatedAt)]; !ok {
		l.Add("INVALID_SORT_BY", "sort_by", "The list cannot be sorted by this.")
	}
	checkOneOf(&l, "INVALID_STATUS", "status", given(in.Status), orderStatuses)
	checkOneOf(&l, "INVALID_STATUS", "payment_status", in.PaymentStatuses, paymentStatuses)
	checkOneOf(&l, "INVALID_STATUS", "refund_status", in.RefundStatuses, refundStatuses)
	checkOneOf(&l, "INVALID_STATUS", "fulfillment_status", in.FulfillmentStatuses, fulfillmentStatuses)
	checkOneOf(&l, "INVALID_QUERY_PARAMETER", "origin", given(in.Origin), origins)
	for _, bound := range []struct {
		param string
		v     *int64
	}{{"min_amount", in.MinAmount}, {"max_amount", in.MaxAmount}} {
		if bound.v != nil && *bound.v < 1 {
			l.Add("INVALID_AMOUNT", bound.param, "The amount is at least 1.")
		}
	}
	if in.MinAmount != nil && in.MaxAmount != nil && *in.MinAmount > *in.MaxAmount {
		l.Add("INVALID_AMOUNT_RANGE", "min_amount", "The smallest amount is above the largest.")
	}
	if (in.MinAmount != nil || in.MaxAmount != nil) && in.Currency == "" {
		l.Add("CURRENCY_REQUIRED", "currency", "A range of amounts needs a currency.")
	}
	line := text.Rule{Max: maxReference}
	line.Check(&l, "query", in.Query)
	line.Check(&l, "customer_id", in.CustomerID)
	line.Check(&l, "order_number", in.OrderNumber)
	line.Check(&l, "external_reference_id", in.ExternalReferenceID)
	line.Check(&l, "currency", in.Currency)
	checkLimit(&l, in.Limit)
	return l.Err()
}

// List reads one page of orders.
func (s *Service) List(ctx context.Context, tx db.Tx, in ListInput) (ListResult, error) {
	var out ListResult
	if err := in.Validate(); err != nil {
		return out, err
	}
	if err := in.Scope.Check(); err != nil {
		return out, err
	}
	q := in.query()
	sort := cmp.Or(in.SortBy, SortCreatedAt)
	column, direction, beyond := sortColumns[sort], "DESC", "<"
	if in.Ascending {
		direction, beyond = "ASC", ">"
	}
	if in.After != nil {
		key, err := in.After.number()
		if err != nil {
			return out, err
		}
		q.and("("+column+", order_id) "+beyond+" (?, ?)", key, in.After.ID)
	}
	err := tx.Query(func(r db.Row) error {
		o, err := scanOrder(r, in.Scope)
		if err == nil {
			out.Orders = append(out.Orders, o)
		}
		return err
	}, fmt.Sprintf(`SELECT %s FROM orders WHERE %s ORDER BY %s %s, order_id %s LIMIT %d`,
		orderColumns, q.where, column, direction, direction, in.Limit+1), q.args...)
	if err != nil {
		return ListResult{}, fmt.Errorf("list orders: %w", err)
	}
	if len(out.Orders) > in.Limit {
		out.Orders = slices.Clip(out.Orders[:in.Limit])
		last := out.Orders[in.Limit-1]
		out.Next = &Cursor{Key: strconv.FormatInt(sortKey(sort, last), 10), ID: last.ID}
	}
	return out, nil
}

func (in ListInput) query() query {
	q := query{where: "merchant_id = $1 AND environment_id = $2", args: []any{in.Scope.MerchantID, in.Scope.EnvironmentID}}
	if in.CustomerID != "" {
		q.and("customer_id <> '' AND customer_id = ?", in.CustomerID) // the first half lets the partial index be used
	}
	if in.ExternalReferenceID != "" {
		q.and("external_reference_id <> '' AND external_reference_id = ?", in.ExternalReferenceID)
	}
	for _, equal := range []struct{ column, v string }{
		{"status", in.Status}, {"order_number", in.OrderNumber}, {"origin", in.Origin}, {"currency", in.Currency},
	} {
		if equal.v != "" {
			q.and(equal.column+" = ?", equal.v)
		}
	}
	q.in("payment_status", in.PaymentStatuses)
	q.in("refund_status", in.RefundStatuses)
	q.in("fulfillment_status", in.FulfillmentStatuses)
	if in.Query != "" {
		q.and(`search LIKE ? ESCAPE '\'`, "%"+escapeLike.Replace(strings.ToLower(in.Query))+"%")
	}
	if in.MinAmount != nil {
		q.and("total >= ?", *in.MinAmount)
	}
	if in.MaxAmount != nil {
		q.and("total <= ?", *in.MaxAmount)
	}
	for _, bound := range []struct {
		condition string
		t         time.Time
	}{
		{"created_at > ?", in.CreatedAfter}, {"created_at < ?", in.CreatedBefore},
		{"updated_at > ?", in.UpdatedAfter}, {"updated_at < ?", in.UpdatedBefore},
	} {
		if !bound.t.IsZero() {
			q.and(bound.condition, bound.t)
		}
	}
	return q
}

func sortKey(sort string, o *Order) int64 {
	switch sort {
	case SortUpdatedAt:
		return o.UpdatedAt.UnixMicro()
	case SortOutstanding:
		return o.Outstanding()
	case SortTotal:
		return o.Pricing.Total
	default:
		return o.CreatedAt.UnixMicro()
	}
}

// query collects conditions; each ? of a condition becomes the next parameter.
type query struct {
	where string
	args  []any
}

func (q *query) and(condition string, values ...any) {
	for _, v := range values {
		q.args = append(q.args, v)
		condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(q.args)), 1)
	}
	q.where += " AND " + condition
}

func (q *query) in(column string, values []string) {
	if len(values) == 0 {
		return
	}
	marks := make([]string, len(values))
	args := make([]any, len(values))
	for i, v := range values {
		marks[i], args[i] = "?", v
	}
	q.and(column+" IN ("+strings.Join(marks, ", ")+")", args...)
}

// number is the cursor's key for lists that sort by a number.
func (c *Cursor) number() (int64, error) {
	v, err := strconv.ParseInt(c.Key, 10, 64)
	if err != nil {
		return 0, fault.Invalid("INVALID_PAGE_TOKEN", "page_token", "The page token does not belong to this list.")
	}
	return v, nil
}

// escapeLike makes a search text literal for LIKE … ESCAPE '\'.
var escapeLike = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func checkOneOf(l *fault.List, code, param string, values, allowed []string) {
	for _, v := range values {
		if !slices.Contains(allowed, v) {
			l.Add(code, param, "The value is not one of: %s.", strings.Join(allowed, ", "))
			return
		}
	}
}

func checkLimit(l *fault.List, limit int) {
	if limit < 1 || limit > 100 {
		l.Add("INVALID_PAGE_SIZE", "page_size", "A page has 1 to 100 items.")
	}
}

// given is v as a list, empty when v is.
func given(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

// notFoundOr turns an empty answer into a 404 about what, and wraps other errors with what was tried.
func notFoundOr(err error, what, tried string) error {
	if errors.Is(err, db.ErrNoRows) {
		return fault.NotFound(what)
	}
	return fmt.Errorf("%s: %w", tried, err)
}
