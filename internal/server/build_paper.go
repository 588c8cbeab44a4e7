package server

import (
	"flint/internal/creditnote"
	"flint/internal/pdf"
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
