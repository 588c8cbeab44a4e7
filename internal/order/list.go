package order

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
	SortCreatedAt   = "created_at"
	SortUpdatedAt   = "updated_at"
	SortOutstanding = "outstanding_money"
	SortTotal       = "total"
)

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
	NumberOnly          bool   // Query looks at the number alone, for callers who may not see the rest
	MinAmount           *int64
	MaxAmount           *int64
	Currency            string
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
	Orders []*Order
	Next   *listing.Cursor
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
	listing.CheckLimit(&l, in.Limit)
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
	sort := cmp.Or(in.SortBy, SortCreatedAt)
	q := in.query()
	if err := q.Sort(sortColumns[sort], in.Ascending, true, in.After); err != nil {
		return out, err
	}
	var err error
	out.Orders, out.Next, err = listing.Page(tx, q, in.Limit, func(r db.Row) (*Order, error) { return scanOrder(r, in.Scope) },
		func(o *Order) listing.Cursor { return listing.Cursor{Key: listing.Int(sortKey(sort, o)), ID: o.ID} })
	if err != nil {
		return ListResult{}, fmt.Errorf("list orders: %w", err)
	}
	return out, nil
}

// searched is where Query looks.
func (in ListInput) searched() string {
	if in.NumberOnly {
		return "order_number"
	}
	return "search"
}

func (in ListInput) query() *listing.Query {
	q := listing.From("orders", orderColumns, "order_id", in.Scope)
	if in.CustomerID != "" {
		q.And("customer_id <> '' AND customer_id = ?", in.CustomerID) // the first half lets the partial index be used
	}
	if in.ExternalReferenceID != "" {
		q.And("external_reference_id <> '' AND external_reference_id = ?", in.ExternalReferenceID)
	}
	return q.Equal("status", in.Status).Equal("order_number", in.OrderNumber).Equal("origin", in.Origin).Equal("currency", in.Currency).
		In("payment_status", in.PaymentStatuses).In("refund_status", in.RefundStatuses).In("fulfillment_status", in.FulfillmentStatuses).
		Search(in.searched(), in.Query).AtLeast("total", in.MinAmount).AtMost("total", in.MaxAmount).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
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

func checkOneOf(l *fault.List, code, param string, values, allowed []string) {
	for _, v := range values {
		if !slices.Contains(allowed, v) {
			l.Add(code, param, "The value is not one of: %s.", strings.Join(allowed, ", "))
			return
		}
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
