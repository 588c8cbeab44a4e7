package server

import (
	"context"
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/paymentlink"
	"flint/internal/recovery"
	"flint/internal/settings"
)

// doors are what an abandoned order can be opened through besides a session of its own.
func (s *Server) doors() map[string]recovery.OpenDoor {
	return map[string]recovery.OpenDoor{recovery.TypePaymentLink: s.openLink, recovery.TypeInvoice: s.openInvoice}
}

// openLink binds a payment link to the order, for what it has outstanding.
func (s *Server) openLink(ctx context.Context, tx db.Tx, o *order.Order, cause event.Cause) (recovery.Door, error) {
	l, err := s.Services.PaymentLinks.Create(ctx, tx, paymentlink.CreateInput{
		Scope: o.Scope, Cause: cause, Link: paymentlink.Link{OrderID: o.ID, Name: "Order " + o.Number},
	})
	if err != nil {
		return recovery.Door{}, fmt.Errorf("make a payment link of the order: %w", err)
	}
	return recovery.Door{ID: l.ID, URL: l.Address(s.Settings.Address(l.Scope, settings.DomainCheckout))}, nil
}

// openInvoice bills the order; the merchant, who asked for it, hands the address out.
func (s *Server) openInvoice(ctx context.Context, tx db.Tx, o *order.Order, cause event.Cause) (recovery.Door, error) {
	draft, err := s.Invoices.Create(ctx, tx, invoice.CreateInput{Scope: o.Scope, OrderID: o.ID, Cause: cause})
	if err != nil {
		return recovery.Door{}, fmt.Errorf("draft an invoice over the order: %w", err)
	}
	issued, err := s.Invoices.Issue(ctx, tx, invoice.IssueInput{Scope: o.Scope, InvoiceID: draft.ID, DeliveryMode: invoice.DeliverByCaller, Cause: cause})
	if err != nil {
		return recovery.Door{}, fmt.Errorf("issue the invoice over the order: %w", err)
	}
	url, err := s.Invoices.PublicURL(issued.Invoice)
	return recovery.Door{ID: draft.ID, URL: url}, err
}
