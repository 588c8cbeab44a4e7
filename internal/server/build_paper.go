package server

import (
	"context"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/invoice"
	"flint/internal/logo"
	"flint/internal/notification"
	"flint/internal/pdf"
	"flint/internal/tenant"
	webinvoice "flint/internal/web/invoice"
)

// buildPaper makes credit notes and the documents of invoices, and hangs them on the hooks of both.
func (s *Server) buildPaper() {
	x := s.Services
	s.Paper = pdf.New()
	s.logos = &logo.Service{
		DB: s.DB, Clock: s.Clock, Client: egress.NewClient(s.Egress, egress.SystemLookup, nil), Log: s.Log, Check: pdf.CheckLogo,
	}
	s.Invoices.PDF = s.invoiceDocument
	s.Receipts.Renderers = map[string]func(context.Context, tenant.Scope, string) (notification.Attachment, error){invoiceFile: s.attachInvoice}
	s.Invoices.HasCreditNote = creditnote.Standing
	notes := &creditnote.Service{
		Clock: s.Clock, IDs: s.IDs, Events: x.Orders.Events, Orders: x.Orders, Invoices: s.Invoices, Refunds: x.Refunds,
		Settings: s.Settings.Effective, PDF: s.creditNoteDocument, Failpoints: s.Failpoints,
	}
	x.Refunds.Changed = append(x.Refunds.Changed, notes.RefundChanged)
	x.CreditNotes = notes
}

// hostedInvoices are the pages behind the links of invoices.
func (s *Server) hostedInvoices() *webinvoice.Handler {
	return webinvoice.NewHandler(webinvoice.Config{
		DB: s.DB, Clock: s.Clock, Log: s.Log, Invoices: s.Invoices, Notes: s.Services.CreditNotes, Merchants: s.Merchants,
		Settings: s.Settings.Effective, UI: s.UI, BaseURL: s.BaseURL, Here: s.Settings.Here, Throttle: s.pageThrottle(),
	})
}

// invoiceFile names the renderer of invoices that are attached to letters.
const invoiceFile = "invoice"

// attachInvoice draws the invoice of a letter as it stands when the letter leaves.
func (s *Server) attachInvoice(ctx context.Context, scope tenant.Scope, invoiceID string) (notification.Attachment, error) {
	var v *invoice.Invoice
	if err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		v, err = invoice.Get(tx, scope, invoiceID)
		return err
	}); err != nil {
		return notification.Attachment{}, err
	}
	data, err := s.invoiceDocument(ctx, v)
	return notification.Attachment{Name: v.Number + ".pdf", Type: "application/pdf", Data: data}, err
}
