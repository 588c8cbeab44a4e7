package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/invoice"
)

// ListMyInvoicesInput is the request of me.listInvoices.
type ListMyInvoicesInput struct {
	PageQuery
	InvoiceFilters
}

// buyersInvoice reads an issued invoice that the caller's credential opens: their own as a customer, the one of
// their link otherwise. Everything else does not exist for them.
func buyersInvoice(tx db.Tx, c *Caller, invoiceID string) (*invoice.Invoice, error) {
	v, err := invoice.Get(tx, c.Scope, invoiceID)
	if err != nil {
		return nil, err
	}
	mine := c.Kind == auth.InvoiceToken && c.SubjectID == v.ID || c.Kind == auth.CustomerSession && c.SubjectID != "" && c.SubjectID == v.CustomerID
	if !mine || !v.Issued() {
		return nil, fault.NotFound("invoice")
	}
	return v, nil
}

func registerBuyerInvoices(a *API, s *Services) {
	Get(a, "me.listInvoices", func(ctx context.Context, tx db.Tx, c *Caller, in *ListMyInvoicesInput) (Page[*BuyerInvoice], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*invoice.Invoice, *listing.Cursor, error) {
			if c.SubjectID == "" {
				return nil, nil, fault.NotFound("customer")
			}
			list := in.domain(c, c.SubjectID, after, limit)
			list.IssuedOnly = true
			return s.Invoices.List(tx, list)
		})
		return MapPage(page, func(v *invoice.Invoice) *BuyerInvoice { return wireBuyerInvoice(v, c.Now) }), err
	}, Doc("List my invoices", "Those that were issued, newest first unless sorted otherwise."))

	Get(a, "me.getInvoice", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoicePath) (*BuyerInvoice, error) {
		v, err := buyersInvoice(tx, c, in.InvoiceID)
		if err != nil {
			return nil, err
		}
		return wireBuyerInvoice(v, c.Now), nil
	}, Doc("Read an invoice of mine", "As a signed-in customer, or with the token of the invoice's link."))

	Handle(a, "me.getInvoicePDF", func(ctx context.Context, c *Caller, in *InvoicePath) (*Raw, error) {
		v, err := read(ctx, a, func(tx db.Tx) (*invoice.Invoice, error) { return buyersInvoice(tx, c, in.InvoiceID) })
		if err != nil {
			return nil, err
		}
		return s.invoicePDF(ctx, v)
	}, Doc("Download an invoice of mine", "The frozen document as a PDF."), Produces([]string{"application/pdf"}), Errors("INVOICE_PDF_UNAVAILABLE"))

	Write(a, "me.createInvoiceCheckoutSession", func(ctx context.Context, tx db.Tx, c *Caller, in *InvoiceCheckoutSessionInput) (*BuyerInvoiceCheckoutSessionResult, error) {
		if _, err := buyersInvoice(tx, c, in.InvoiceID); err != nil {
			return nil, err
		}
		v, launch, err := s.openInvoice(ctx, tx, c, in)
		if err != nil {
			return nil, err
		}
		return &BuyerInvoiceCheckoutSessionResult{wireBuyerInvoice(v, c.Now), launch}, nil
	}, Doc("Pay an invoice of mine", "Opens its checkout, or gives the one that is open."), OneTimeSecrets(), errorsOfInvoiceCheckout)
}
