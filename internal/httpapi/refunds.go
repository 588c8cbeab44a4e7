package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/payment"
	"flint/internal/refund"
)

// ListRefundsInput is the request of listRefunds.
type ListRefundsInput struct {
	PageQuery
	CustomerID string `query:"customer_id"`
	RefundFilter
}

// RefundFilter filters and sorts a list of refunds.
type RefundFilter struct {
	OrderID             string    `query:"order_id"`
	PaymentIntentID     string    `query:"payment_intent_id"`
	Status              string    `query:"status" enum:"pending,in_transit,succeeded,failed,requires_action,canceled,partially_succeeded"`
	Reason              []string  `query:"reason" enum:"duplicate,fraudulent,requested_by_customer,defective_product,wrong_item_shipped,never_received,not_as_described,arrived_too_late,customer_changed_mind,better_price_found,accidental_order,other"`
	Method              string    `query:"refund_method" enum:"original_payment,manual,exchange_credit"`
	MinAmount           *int64    `query:"min_amount" minimum:"1"`
	MaxAmount           *int64    `query:"max_amount" minimum:"1"`
	Currency            string    `query:"currency" maxLength:"3"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	ReturnID            string    `query:"return_id"`
	ReturnResolutionID  string    `query:"return_resolution_id"`
	Query               string    `query:"query" maxLength:"255"`
	SortBy              string    `query:"sort_by" enum:"created_at,updated_at,amount"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
}

// GetRefundInput is the request of getRefund.
type GetRefundInput struct {
	RefundID string   `path:"refund_id" id:"ref"`
	Expand   []string `query:"expand" enum:"customer,order,payment_intent,payment_refunds.payment_intent"`
}

// UpdateRefundRequest changes metadata; nothing else of a refund changes.
type UpdateRefundRequest struct {
	Metadata MetadataPatch `json:"metadata,omitzero" doc:"Merged by key; a null value removes its key, null as a whole removes all."`
}

// UpdateRefundInput is the request of updateRefund.
type UpdateRefundInput struct {
	RefundID string `path:"refund_id" id:"ref"`
	Body     UpdateRefundRequest
}

func registerRefunds(a *API, s *Services) {
	Get(a, "listRefunds", func(ctx context.Context, tx db.Tx, c *Caller, in *ListRefundsInput) (Page[*Refund], error) {
		page, err := listRefunds(tx, c, in.PageQuery, in.RefundFilter, in.CustomerID)
		return MapPage(page, wireRefund), err
	}, Doc("List refunds", "Newest first unless sorted otherwise."), Errors("CURRENCY_REQUIRED"))

	scopes := map[string]string{
		"customer": "customers.read", "order": "commerce.orders.read", "payment_intent": "payments.payment_intents.read",
		"payment_refunds.payment_intent": "payments.payment_intents.read",
	}
	Get(a, "getRefund", func(ctx context.Context, tx db.Tx, c *Caller, in *GetRefundInput) (*Refund, error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return nil, err
		}
		r, err := refund.Get(tx, c.Scope, in.RefundID)
		if err != nil {
			return nil, err
		}
		return s.expandRefund(ctx, tx, c, r, in.Expand)
	}, Doc("Read a refund", "Its status changes when the processor has given the money back."))

	Write(a, "updateRefund", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateRefundInput) (*Refund, error) {
		return wired(wireRefund)(s.Refunds.SetMetadata(tx, c.Scope, in.RefundID, metadataPatch(in.Body.Metadata)))
	}, Doc("Change a refund's metadata", "Nothing else of a refund can be changed."))
}

// listRefunds reads a page of refunds, of one customer unless customerID is empty.
func listRefunds(tx db.Tx, c *Caller, q PageQuery, f RefundFilter, customerID string) (Page[*refund.Refund], error) {
	return List(c, q, func(after *listing.Cursor, limit int) ([]*refund.Refund, *listing.Cursor, error) {
		return refund.List(tx, refund.ListInput{
			Scope: c.Scope, OrderID: f.OrderID, PaymentIntentID: f.PaymentIntentID, CustomerID: customerID, Status: f.Status,
			Reasons: f.Reason, MinAmount: f.MinAmount, MaxAmount: f.MaxAmount, Currency: f.Currency,
			ExternalReferenceID: f.ExternalReferenceID, Method: f.Method, ReturnID: f.ReturnID, ReturnResolutionID: f.ReturnResolutionID, Query: f.Query, SortBy: f.SortBy, Ascending: f.SortDirection == "asc",
			CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore, UpdatedAfter: f.UpdatedAfter,
			UpdatedBefore: f.UpdatedBefore, After: after, Limit: limit,
		})
	})
}

func (s *Services) expandRefund(ctx context.Context, tx db.Tx, c *Caller, r *refund.Refund, expand []string) (*Refund, error) {
	out := wireRefund(r)
	if err := s.expandParties(ctx, tx, c, expand, r.OrderID, r.CustomerID, &out.Order, &out.Customer); err != nil {
		return nil, err
	}
	if !slices.Contains(expand, "payment_intent") && !slices.Contains(expand, "payment_refunds.payment_intent") {
		return out, nil
	}
	for n := range out.PaymentRefunds {
		i, err := payment.Get(tx, c.Scope, out.PaymentRefunds[n].PaymentIntentID)
		if err != nil {
			return nil, err
		}
		summary := wireIntentSummary(i)
		if slices.Contains(expand, "payment_refunds.payment_intent") {
			out.PaymentRefunds[n].PaymentIntent = &summary
		}
		if slices.Contains(expand, "payment_intent") && i.ID == out.PaymentIntentID {
			out.PaymentIntent = &summary
		}
	}
	return out, nil
}
