package httpapi

import (
	"context"
	"net/http"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/invoice"
)

// InvoiceFilters are the filters that merchants and buyers share.
type InvoiceFilters struct {
	Status              []string  `query:"status" enum:"draft,open,partially_paid,paid,void,uncollectible,credited"`
	OrderID             string    `query:"order_id"`
	ExternalReferenceID string    `query:"external_reference_id" minLength:"1" maxLength:"255"`
	CreatedAfter        time.Time `query:"created_after"`
	CreatedBefore       time.Time `query:"created_before"`
	DueAfter            time.Time `query:"due_after"`
	DueBefore           time.Time `query:"due_before"`
	IsOverdue           *bool     `query:"is_overdue"`
	HasAmountDue        *bool     `query:"has_amount_due"`
	Query               string    `query:"query" maxLength:"255"`
	SortBy              string    `query:"sort_by" enum:"created_at,updated_at,due_at,invoice_number,outstanding_money"`
	SortDirection       string    `query:"sort_direction" enum:"asc,desc"`
}

func (in *InvoiceFilters) domain(c *Caller, customerID string, after *listing.Cursor, limit int) invoice.ListInput {
	return invoice.ListInput{
		Scope: c.Scope, Statuses: in.Status, CustomerID: customerID, OrderID: in.OrderID, ExternalReferenceID: in.ExternalReferenceID,
		CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore, DueAfter: in.DueAfter, DueBefore: in.DueBefore, Overdue: in.IsOverdue,
		HasAmountDue: in.HasAmountDue, Query: in.Query, SortBy: in.SortBy, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
	}
}

// ListInvoicesInput is the request of invoices.list.
type ListInvoicesInput struct {
	PageQuery
	InvoiceFilters
	CustomerID string `query:"customer_id"`
}

// InvoicePath names an invoice.
type InvoicePath struct {
	InvoiceID string `path:"invoice_id" id:"inv"`
}

// GetInvoiceInput is the request of invoices.get.
type GetInvoiceInput struct {
	InvoicePath
	Expand []string `query:"expand" enum:"customer,order"`
}

// ListInvoiceActivitiesInput is the request of invoices.listActivities.
type ListInvoiceActivitiesInput struct {
	InvoicePath
	PageQuery
	SortDirection string   `query:"sort_direction" enum:"asc,desc"`
	Type          []string `query:"type" enum:"draft_created,updated,issued,issue_failed,sent,delivery_sent,reminder_due,reminder_sent,viewed,overdue,payment_attempt_started,payment_processing,payment_applied,manual_payment_recorded,manual_payment_reversed,refund_succeeded,credited,late_fee_due,late_fee_assessed,late_fee_waived,collection_blocked,collection_block_resolved,token_regenerated,voided,marked_uncollectible"`
}

// ListInvoiceDeliveriesInput is the request of invoices.listDeliveryAttempts.
type ListInvoiceDeliveriesInput struct {
	InvoicePath
	PageQuery
}

// ListInvoiceAttemptsInput is the request of invoices.listPaymentAttempts.
type ListInvoiceAttemptsInput struct {
	InvoicePath
	PageQuery
	IdempotencyKey string `query:"idempotency_key" maxLength:"255" doc:"Of a collect call whose answer was lost."`
}

// InvoiceAttemptPath names a payment attempt of an invoice.
type InvoiceAttemptPath struct {
	InvoicePath
	AttemptID string `path:"invoice_payment_attempt_id" id:"invpa"`
}

func registerInvoices(a *API, s *Services) {
	Get(a, "invoices.list", func(ctx context.Context, tx db.Tx, c *Caller, in *ListInvoicesInput) (Page[*Invoice], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*invoice.Invoice, *listing.Cursor, error) {
			return s.Invoices.List(tx, in.domain(c, in.CustomerID, after, limit))
		})
		if err != nil {
			return Page[*Invoice]{}, err
		}
		out := Page[*Invoice]{Data: make([]*Invoice, len(page.Data)), Next: page.Next}
		for n, v := range page.Data {
			if out.Data[n], err = s.wireInvoice(v, c.Now); err != nil {
				return Page[*Invoice]{}, err
			}
		}
		return out, nil
	}, Doc("List invoices", "Newest first unless sorted otherwise."))

	scopes := map[string]string{"customer": "customers.read", "order": "commerce.orders.read"}
	Get(a, "invoices.get", func(ctx context.Context, tx db.Tx, c *Caller, in *GetInvoiceInput) (*Invoice, error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return nil, err
		}
		v, err := invoice.Get(tx, c.Scope, in.InvoiceID)
		if err != nil {
			return nil, err
		}
		out, err := s.wireInvoice(v, c.Now)
		if err != nil {
			return nil, err
		}
		return out, s.expandParties(ctx, tx, c, in.Expand, v.OrderID, v.CustomerID, &out.Order, &out.Customer)
	}, Doc("Read an invoice", "With its balance, its schedule and, once it is issued, the frozen document."))

	Get(a, "invoices.listActivities", func(ctx context.Context, tx db.Tx, c *Caller, in *ListInvoiceActivitiesInput) (Page[*InvoiceActivity], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*invoice.Activity, *listing.Cursor, error) {
			return invoice.ListActivities(tx, invoice.ListActivitiesInput{
				Scope: c.Scope, InvoiceID: in.InvoiceID, Types: in.Type, Ascending: in.SortDirection == "asc", After: after, Limit: limit,
			})
		})
		return MapPage(page, wireInvoiceActivity), err
	}, Doc("List what happened to an invoice", "Newest first unless sorted otherwise."))

	Get(a, "invoices.listDeliveryAttempts", func(ctx context.Context, tx db.Tx, c *Caller, in *ListInvoiceDeliveriesInput) (Page[*InvoiceDeliveryAttempt], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*invoice.DeliveryAttempt, *listing.Cursor, error) {
			return invoice.ListDeliveries(tx, c.Scope, in.InvoiceID, after, limit)
		})
		return MapPage(page, wireInvoiceDelivery), err
	}, Doc("List an invoice's e-mails", "Newest first."))

	Get(a, "invoices.listPaymentAttempts", func(ctx context.Context, tx db.Tx, c *Caller, in *ListInvoiceAttemptsInput) (Page[*InvoicePaymentAttempt], error) {
		v, err := invoice.Get(tx, c.Scope, in.InvoiceID)
		if err != nil {
			return Page[*InvoicePaymentAttempt]{}, err
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*invoice.PaymentAttempt, *listing.Cursor, error) {
			return invoice.ListAttempts(tx, invoice.ListAttemptsInput{
				Scope: c.Scope, InvoiceID: in.InvoiceID, IdempotencyKey: in.IdempotencyKey, After: after, Limit: limit,
			})
		})
		return MapPage(page, func(at *invoice.PaymentAttempt) *InvoicePaymentAttempt {
			return wireInvoiceAttempt(at, v.Currency, c.Now)
		}), err
	}, Doc("List an invoice's payment attempts", "Newest first."))

	Get(a, "invoices.getPaymentAttempt", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceAttemptPath) (*InvoicePaymentAttempt, error) {
		v, err := invoice.Get(tx, c.Scope, in.InvoiceID)
		if err != nil {
			return nil, err
		}
		found, err := invoice.GetAttempt(tx, c.Scope, in.InvoiceID, in.AttemptID)
		if err != nil {
			return nil, err
		}
		return wireInvoiceAttempt(found, v.Currency, c.Now), nil
	}, Doc("Read a payment attempt of an invoice", "An attempt past its time reads as expired."))

	Handle(a, "invoices.getPDF", func(ctx context.Context, c *Caller, in *InvoicePath) (*Raw, error) {
		v, err := read(ctx, a, func(tx db.Tx) (*invoice.Invoice, error) { return invoice.Get(tx, c.Scope, in.InvoiceID) })
		if err != nil {
			return nil, err
		}
		return s.invoicePDF(ctx, v)
	}, Doc("Download an invoice", "The frozen document as a PDF."), Produces([]string{"application/pdf"}), Errors("INVOICE_PDF_UNAVAILABLE", "INVOICE_NOT_ISSUED"))
}

// invoicePDF renders the frozen document.
func (s *Services) invoicePDF(ctx context.Context, v *invoice.Invoice) (*Raw, error) {
	if !v.Issued() {
		return nil, fault.Conflict("INVOICE_NOT_ISSUED", "The invoice is a draft.").Then("Issue it first.")
	}
	if s.Invoices.PDF == nil {
		return nil, fault.Unavailable("INVOICE_PDF_UNAVAILABLE", "The document cannot be rendered here.")
	}
	body, err := s.Invoices.PDF(ctx, v)
	if err != nil {
		return nil, fault.Unavailable("INVOICE_PDF_UNAVAILABLE", "The document could not be rendered.").Because(err)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `inline; filename="invoice-`+v.Number+`.pdf"`)
	return &Raw{Header: h, Body: body}, nil
}
