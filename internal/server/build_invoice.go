package server

import (
	"cmp"
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/tenant"
)

// buildInvoice makes the invoice domain and hangs it on the hooks of orders and payments.
func (s *Server) buildInvoice() {
	x := s.Services
	s.Invoices = &invoice.Service{
		DB: s.DB, Clock: s.Clock, IDs: s.IDs, Events: x.Orders.Events, Orders: x.Orders, Payments: x.Payments, Customers: x.Customers,
		Logger: s.Log, Box: s.Box, Address: s.Settings.Address, Settings: s.Settings.Effective, Seller: s.seller, Door: x.Checkouts.InvoiceDoor(),
		Mail: invoice.Mail{Queue: s.queueInvoice, State: s.Receipts.State}, Failpoints: s.Failpoints,
	}
	s.Invoices.Attach()
	s.Settings.Term = invoice.TermUsable
	x.Invoices = s.Invoices
}

// seller is the merchant as its invoices name it.
func (s *Server) seller(tx db.Tx, scope tenant.Scope) (invoice.Seller, error) {
	m, err := s.Merchants.Get(tx.Context(), tx, scope.MerchantID)
	if err != nil {
		return invoice.Seller{}, err
	}
	out := invoice.Seller{Name: m.BusinessName}
	if a := m.Address; a != nil {
		out.Address = &order.Address{Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country}
	}
	return out, nil
}

// queueInvoice writes the mail of an invoice: what is asked for, until when, the way to pay, and the
// document.
func (s *Server) queueInvoice(ctx context.Context, tx db.Tx, l invoice.Letter) (string, error) {
	v := l.Invoice
	name := cmp.Or(v.Snapshot.MerchantName, "the merchant")
	subject, heading := "Invoice "+v.Number+" from "+name, "Invoice "+v.Number
	if l.Reminder {
		subject, heading = "Reminder: invoice "+v.Number+" from "+name, "A reminder of invoice "+v.Number
	}
	facts := []notification.Fact{{Name: "Invoice", Value: v.Number}}
	if !l.DueAt.IsZero() {
		facts = append(facts, notification.Fact{Name: "Due", Value: l.DueAt.In(v.Location()).Format("2 January 2006")})
	}
	if v.PONumber != "" {
		facts = append(facts, notification.Fact{Name: "Your order number", Value: v.PONumber})
	}
	blocks := []notification.Block{notification.Amount("Amount due", money.Format(l.Due, "en"))}
	if v.Memo != "" {
		blocks = append(blocks, notification.Paragraph(v.Memo))
	}
	blocks = append(blocks, notification.Facts(facts...), notification.Button("View and pay", l.URL))
	return s.Receipts.Queue(ctx, tx, notification.Letter{
		Scope: v.Scope, Key: l.Key, Family: notification.FamilyInvoices, To: v.RecipientEmail, Cc: v.CcEmails, Subject: subject, Heading: heading,
		Blocks: blocks, Footer: v.Footer, Render: invoiceFile, RenderID: v.ID, CustomerID: v.CustomerID, Timezone: v.Timezone, Cause: l.Cause,
	})
}

// verifyInvoice turns a buyer's token of an invoice into a principal that opens this invoice only.
func (s *Server) verifyInvoice(ctx context.Context, _, token string) (auth.Principal, error) {
	var p auth.Principal
	err := s.DB.Read(ctx, func(tx db.Tx) error {
		v, err := s.Invoices.Authenticate(tx, token)
		if err != nil {
			return err
		}
		p = auth.Principal{Kind: auth.InvoiceToken, ID: v.LinkID, SubjectID: v.ID, Scope: v.Scope}
		return nil
	})
	return p, err
}
