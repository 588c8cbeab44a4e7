package refund

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/tenant"
)

// ListInput filters and sorts refunds; empty fields do not filter.
type ListInput struct {
	Scope               tenant.Scope
	OrderID             string
	PaymentIntentID     string
	CustomerID          string
	Status              string
	Reasons             []string
	ExternalReferenceID string
	Method              string
	ReturnID            string
	ReturnResolutionID  string
	Query               string // part of an id, order id, external reference or reason text
	MinAmount           *int64 // minor units, included; needs Currency
	MaxAmount           *int64
	Currency            string
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time
	SortBy              string // created_at (default), updated_at, amount
	Ascending           bool
	After               *listing.Cursor
	Limit               int
}

// List reads one page of refunds and the cursor of the next, nil on the last page.
func List(tx db.Tx, in ListInput) ([]*Refund, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	if (in.MinAmount != nil || in.MaxAmount != nil) && in.Currency == "" {
		return nil, nil, fault.Invalid("CURRENCY_REQUIRED", "currency", "An amount filter needs a currency.")
	}
	sort := map[string]string{"": "created_at", "created_at": "created_at", "updated_at": "updated_at", "amount": "amount"}[in.SortBy]
	if sort == "" {
		return nil, nil, fault.Invalid("INVALID_SORT_BY", "sort_by", "The list sorts by created_at, updated_at or amount.")
	}
	q := listing.From("refunds", columns, "refund_id", in.Scope).
		Equal("order_id", in.OrderID).Equal("customer_id", in.CustomerID).Equal("status", in.Status).In("reason", in.Reasons).
		Equal("external_reference_id", in.ExternalReferenceID).Equal("return_id", in.ReturnID).
		Equal("return_resolution_id", in.ReturnResolutionID).Equal("currency", in.Currency).Search("search", in.Query).
		AtLeast("amount", in.MinAmount).AtMost("amount", in.MaxAmount).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	switch in.Method {
	case "":
	case MethodOriginal: // older refunds have no method
		q.And(`method IN ('', ?)`, in.Method)
	default:
		q.Equal("method", in.Method)
	}
	if in.PaymentIntentID != "" {
		q.And(`refund_id IN (SELECT refund_id FROM refund_allocations WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = ?)`, in.PaymentIntentID)
	}
	if err := q.Sort(sort, in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(row db.Row) (*Refund, error) { return scan(row, in.Scope) }, func(r *Refund) listing.Cursor {
		switch sort {
		case "updated_at":
			return listing.At(r.UpdatedAt, r.ID)
		case "amount":
			return listing.Cursor{Key: listing.Int(r.Amount), ID: r.ID}
		}
		return listing.At(r.CreatedAt, r.ID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list refunds: %w", err)
	}
	return found, next, loadAllocations(tx, in.Scope, found)
}

// SetMetadata merges a patch into a refund's metadata; nothing else of a refund can be changed.
func (s *Service) SetMetadata(tx db.Tx, scope tenant.Scope, refundID string, p metadata.Patch) (*Refund, error) {
	peek, err := Get(tx, scope, refundID)
	if err != nil {
		return nil, err
	}
	if _, err := s.Orders.Load(tx, scope, peek.OrderID); err != nil {
		return nil, err
	}
	r, err := Load(tx, scope, refundID)
	if err != nil {
		return nil, err
	}
	if r.Detail.Metadata, err = metadata.Merge(r.Detail.Metadata, p); err != nil {
		return nil, err
	}
	return r, save(tx, r, nil, s.Clock.Now())
}

func scan(row db.Row, scope tenant.Scope) (*Refund, error) {
	r := &Refund{Scope: scope}
	var detail string
	if err := row.Scan(&r.ID, &r.OrderID, &r.CustomerID, &r.Status, &r.Amount, &r.Tip, &r.Currency, &r.Reason,
		&r.ExternalReferenceID, &r.ReturnID, &r.ReturnResolutionID, &detail, &r.CreatedAt, &r.UpdatedAt); err != nil {
		return nil, err
	}
	return r, json.Unmarshal([]byte(detail), &r.Detail)
}
