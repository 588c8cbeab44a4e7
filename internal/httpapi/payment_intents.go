package httpapi

import (
	"context"
	"slices"
	"time"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/payment"
)

// ListPaymentIntentsInput is the request of listPaymentIntents.
type ListPaymentIntentsInput struct {
	PageQuery
	CustomerID string `query:"customer_id"`
	PaymentIntentFilter
}

// PaymentIntentFilter filters and sorts a list of payment intents.
type PaymentIntentFilter struct {
	OrderID             string    `query:"order_id"`
	InvoiceID           string    `query:"invoice_id"`
	Status              string    `query:"status" enum:"requires_payment_method,requires_confirmation,requires_action,processing,requires_capture,succeeded,canceled,expired"`
	Origin              string    `query:"origin" enum:"virtual_terminal,payment_link,checkout,api,subscription"`
	RiskLevel           []string  `query:"risk_level" enum:"normal,elevated,highest,not_assessed"`
	Flow                []string  `query:"payment_flow" enum:"checkout,payment_link,invoice,subscription_initial,subscription_renewal,virtual_terminal,api"`
	ExternalReferenceID string    `query:"external_reference_id" maxLength:"255"`
	ReturnID            string    `query:"return_id"`
	ReturnResolutionID  string    `query:"return_resolution_id"`
	Query               string    `query:"query" maxLength:"255"`
	MinAmount           *int64    `query:"min_amount" minimum:"1"`
	MaxAmount           *int64    `query:"max_amount" minimum:"1"`
	Currency            string    `query:"currency" maxLength:"3"`
	RefundStatus        []string  `query:"refund_status" enum:"none,partially_refunded,refunded"`
	DisputeStatus       []string  `query:"dispute_status" enum:"none,warning_needs_response,warning_under_review,warning_closed,needs_response,under_review,won,lost,prevented"`
	SortBy              string    `query:"sort_by" enum:"created_at,updated_at,amount"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	UpdatedAfter        time.Time `query:"updated_after"`
	UpdatedBefore       time.Time `query:"updated_before"`
}

// GetPaymentIntentInput is the request of getPaymentIntent.
type GetPaymentIntentInput struct {
	IntentID string   `path:"payment_intent_id" id:"pi"`
	Expand   []string `query:"expand" enum:"customer,invoice,order"`
}

func registerPaymentIntents(a *API, s *Services) {
	Get(a, "listPaymentIntents", func(ctx context.Context, tx db.Tx, c *Caller, in *ListPaymentIntentsInput) (Page[*PaymentIntent], error) {
		page, err := listIntents(tx, c, in.PageQuery, in.PaymentIntentFilter, in.CustomerID)
		return MapPage(page, func(i *payment.Intent) *PaymentIntent { return wireIntent(i, c.Now) }), err
	}, Doc("List payment intents", "Newest first unless sorted otherwise."), Errors("CURRENCY_REQUIRED"))

	scopes := map[string]string{"customer": "customers.read", "order": "commerce.orders.read", "invoice": "commerce.invoices.read"}
	Get(a, "getPaymentIntent", func(ctx context.Context, tx db.Tx, c *Caller, in *GetPaymentIntentInput) (*PaymentIntent, error) {
		if err := mayExpand(c, in.Expand, scopes, "order", "invoice"); err != nil {
			return nil, err
		}
		i, err := payment.Get(tx, c.Scope, in.IntentID)
		if err != nil {
			return nil, err
		}
		if c.Kind == auth.CheckoutCredential {
			session, err := checkout.Get(tx, c.Scope, c.SubjectID)
			if err != nil {
				return nil, err
			}
			if session.OrderID != i.OrderID {
				return nil, fault.NotFound("payment intent")
			}
		}
		out := wireIntent(i, c.Now)
		if err := s.expandParties(ctx, tx, c, in.Expand, i.OrderID, i.CustomerID, &out.Order, &out.Customer); err != nil {
			return nil, err
		}
		if slices.Contains(in.Expand, "invoice") && out.InvoiceID != "" {
			found, err := expanded(tx, c, out.InvoiceID, s.Sessions.Invoice)
			if err != nil {
				return nil, err
			}
			if found != nil {
				out.Invoice = found
			}
		}
		return out, nil
	}, Doc("Read a payment intent", "A leg of an order."))
}

// listIntents reads a page of payment intents, of one customer unless customerID is empty.
func listIntents(tx db.Tx, c *Caller, q PageQuery, f PaymentIntentFilter, customerID string) (Page[*payment.Intent], error) {
	// Nothing has a risk level or a return yet, so these filters match nothing
	// but their neutral value.
	if f.ReturnID+f.ReturnResolutionID != "" ||
		len(f.RiskLevel) > 0 && !slices.Contains(f.RiskLevel, "not_assessed") {
		return Page[*payment.Intent]{Data: []*payment.Intent{}}, nil
	}
	if f.InvoiceID != "" {
		v, err := invoice.Get(tx, c.Scope, f.InvoiceID)
		if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && f.OrderID != "" && f.OrderID != v.OrderID {
			return Page[*payment.Intent]{Data: []*payment.Intent{}}, nil
		}
		if err != nil {
			return Page[*payment.Intent]{}, err
		}
		f.OrderID = v.OrderID
	}
	return List(c, q, func(after *listing.Cursor, limit int) ([]*payment.Intent, *listing.Cursor, error) {
		return payment.List(tx, payment.ListInput{
			Scope: c.Scope, OrderID: f.OrderID, InvoiceID: f.InvoiceID, CustomerID: customerID, Status: f.Status, Origin: f.Origin, Flows: f.Flow,
			ExternalReferenceID: f.ExternalReferenceID, Query: f.Query, MinAmount: f.MinAmount, MaxAmount: f.MaxAmount,
			Currency: f.Currency, RefundStatus: f.RefundStatus, DisputeStatus: f.DisputeStatus, CreatedAfter: f.CreatedAfter, CreatedBefore: f.CreatedBefore,
			UpdatedAfter: f.UpdatedAfter, UpdatedBefore: f.UpdatedBefore, SortBy: f.SortBy, Ascending: f.SortDirection == "asc",
			After: after, Limit: limit,
		})
	})
}

// expandParties puts the order and the customer that an object belongs to into the answer, when asked to.
func (s *Services) expandParties(ctx context.Context, tx db.Tx, c *Caller, expand []string, orderID, customerID string,
	order **OrderSummary, customer **CustomerSummary) (err error) {
	if err := expandOrder(ctx, s, tx, c, expand, orderID, order); err != nil {
		return err
	}
	if slices.Contains(expand, "customer") && customerID != "" {
		*customer, err = s.customerSummary(ctx, tx, c, customerID)
	}
	return err
}

// customerSummary is an expanded customer, nil when it is gone.
func (s *Services) customerSummary(ctx context.Context, tx db.Tx, c *Caller, customerID string) (*CustomerSummary, error) {
	found, err := s.Customers.Get(ctx, tx, c.Scope, customerID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return summaryOf(found), nil
}

func summaryOf(c *customer.Customer) *CustomerSummary {
	return &CustomerSummary{ID: c.ID, Email: c.Email, Name: c.Name, Phone: c.Phone, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt}
}
