package payment

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// ListInput filters and sorts payment intents; empty fields do not filter.
type ListInput struct {
	Scope               tenant.Scope
	OrderID             string
	CustomerID          string
	InvoiceID           string // with OrderID, the order it bills
	Status              string
	Origin              string
	Flows               []string
	ExternalReferenceID string
	Query               string // part of an id, order id or external reference
	MinAmount           *int64 // minor units, included; needs Currency
	MaxAmount           *int64
	Currency            string
	RefundStatus        []string
	DisputeStatus       []string // of the most urgent dispute, none without any
	CreatedAfter        time.Time
	CreatedBefore       time.Time
	UpdatedAfter        time.Time
	UpdatedBefore       time.Time
	SortBy              string // created_at (default), updated_at, amount
	Ascending           bool
	After               *listing.Cursor
	Limit               int
}

// refundStatusSQL spells RefundStatus for the database.
const refundStatusSQL = `CASE WHEN refunded = 0 THEN 'none' WHEN refunded < captured THEN 'partially_refunded' ELSE 'refunded' END`

// disputeStatusSQL is the status of a payment's most urgent dispute.
const disputeStatusSQL = `COALESCE((SELECT d.status FROM disputes d WHERE d.merchant_id = payment_intents.merchant_id
	AND d.environment_id = payment_intents.environment_id AND d.payment_intent_id = payment_intents.payment_intent_id
	ORDER BY CASE d.status WHEN 'needs_response' THEN 0 WHEN 'under_review' THEN 1 WHEN 'warning_needs_response' THEN 2
		WHEN 'warning_under_review' THEN 3 WHEN 'lost' THEN 4 WHEN 'won' THEN 5 WHEN 'prevented' THEN 6 ELSE 7 END LIMIT 1), 'none')`

// List reads one page of payment intents and the cursor of the next, nil on the last page.
func List(tx db.Tx, in ListInput) ([]*Intent, *listing.Cursor, error) {
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
	q := listing.From("payment_intents", intentColumns, "payment_intent_id", in.Scope).
		Equal("order_id", in.OrderID).Equal("customer_id", in.CustomerID).Equal("status", in.Status).Equal("origin", in.Origin).
		In("flow", in.Flows).Equal("external_reference_id", in.ExternalReferenceID).Equal("currency", in.Currency).
		Search("lower(payment_intent_id || ' ' || order_id || ' ' || external_reference_id)", in.Query).
		AtLeast("amount", in.MinAmount).AtMost("amount", in.MaxAmount).In(refundStatusSQL, in.RefundStatus).In(disputeStatusSQL, in.DisputeStatus).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("updated_at", in.UpdatedAfter, in.UpdatedBefore)
	if in.InvoiceID != "" {
		q.Search("lower(detail)", `"invoice_id":"`+in.InvoiceID+`"`)
	}
	if err := q.Sort(sort, in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Intent, error) { return scanIntent(r, in.Scope) }, func(i *Intent) listing.Cursor {
		switch sort {
		case "updated_at":
			return listing.At(i.UpdatedAt, i.ID)
		case "amount":
			return listing.Cursor{Key: listing.Int(i.Amount), ID: i.ID}
		}
		return listing.At(i.CreatedAt, i.ID)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list payment intents: %w", err)
	}
	return found, next, nil
}
