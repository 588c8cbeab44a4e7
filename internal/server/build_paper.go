package server

import (
	"flint/internal/creditnote"
	"flint/internal/pdf"
	webinvoice "flint/internal/web/invoice"
)

// buildPaper makes credit notes and the documents of invoices, and hangs them on the hooks of both.
func (s *Server) buildPaper() {
	x := s.Services
	s.Paper = pdf.New()
	s.Invoices.PDF = s.invoiceDocument
	s.Invoices.HasCreditNote = creditnote.Standing
	notes := &creditnote.Service{
		Clock: s.Clock, IDs: s.IDs, Events: x.Orders.Events, Orders: x.Orders, Invoices: s.Invoices, Refunds: x.Refunds,
		Settings: s.Settings.Effective, PDF: s.creditNoteDocument, Failpoints: s.Failpoints,
	}
	x.Refunds.Changed = notes.RefundChanged
	x.CreditNotes = notes
}

// hostedInvoices are the pages behind the links of invoices.
func (s *Server) hostedInvoices() *webinvoice.Handler {
	return webinvoice.NewHandler(webinvoice.Config{
		DB: s.DB, Clock: s.Clock, Log: s.Log, Invoices: s.Invoices, Notes: s.Services.CreditNotes, Merchants: s.Merchants,
		Settings: s.Settings.Effective, UI: s.UI, BaseURL: s.BaseURL, Throttle: s.pageThrottle(),
	})
}
