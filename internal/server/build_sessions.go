package server

import (
	"context"
	"fmt"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/invoice"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/settings"
	"flint/internal/stranded"
	"flint/internal/tenant"
)

// buildSessions makes the doors to orders and lets payments and prices close them.
func (s *Server) buildSessions(events *event.Log, orders *order.Service, payments *payment.Service) *checkout.Service {
	checkouts := &checkout.Service{
		Clock: s.Clock, IDs: s.IDs, Events: events, Orders: orders, Payments: payments, Key: s.derive("checkout page"),
		Settings: s.Settings.Effective, Failpoints: s.Failpoints,
	}
	if s.Mail != nil || s.Development {
		checkouts.SendCode = s.mailCheckoutCode
	}
	checkouts.HasSaved = func(tx db.Tx, scope tenant.Scope, customerID string) (bool, error) {
		saved, _, err := payment.ListMethods(tx, payment.MethodList{Scope: scope, CustomerID: customerID, Now: s.Clock.Now(), Limit: 1})
		return len(saved) > 0, err
	}
	checkouts.MayEmbed = s.Settings.MayEmbed
	payments.Door = checkouts.Door
	payments.Settled = append(payments.Settled, checkouts.OrderSettled)
	orders.Repriced = append(orders.Repriced, checkouts.OrderRepriced)
	return checkouts
}

// buildStranded makes the inbox of money that was not due where it settled.
func (s *Server) buildStranded(events *event.Log, orders *order.Service, payments *payment.Service, refunds *refund.Service) *stranded.Service {
	inbox := &stranded.Service{Clock: s.Clock, IDs: s.IDs, Events: events, Orders: orders, Payments: payments, Refunds: refunds, Failpoints: s.Failpoints}
	payments.Excess = inbox.Record
	refunds.Changed = append(refunds.Changed, inbox.RefundEnded)
	orders.Balanced = append(orders.Balanced, inbox.Follow)
	return inbox
}

// mailCheckoutCode queues the code by which a buyer proves an address.
func (s *Server) mailCheckoutCode(ctx context.Context, tx db.Tx, l checkout.CodeLetter) error {
	code := l.Code.Reveal()
	_, err := s.Receipts.Queue(ctx, tx, notification.Letter{
		Scope: l.Scope, Key: l.Key, Family: notification.FamilySecurity, To: l.To, Timezone: l.Zone, Cause: l.Cause,
		Subject: "Your code for the checkout", Heading: "Your code",
		Blocks: []notification.Block{
			notification.Paragraph("Type this code at the checkout to go on:"),
			notification.Code(code[:3] + " " + code[3:]),
			notification.Paragraph(fmt.Sprintf("It works for %d minutes. Nobody will ask you for it. If you are not paying for anything, you need not do anything.",
				int(l.Life.Minutes()))),
		},
	})
	if err != nil {
		return fmt.Errorf("queue a code of a checkout: %w", err)
	}
	return nil
}

// sessionViews are what other domains add to the answers about sessions.
func (s *Server) sessionViews() httpapi.SessionViews {
	return httpapi.SessionViews{
		Support: func(tx db.Tx, scope tenant.Scope) (httpapi.CheckoutSupport, error) {
			m, err := s.Merchants.Get(tx.Context(), tx, scope.MerchantID)
			if err != nil {
				return httpapi.CheckoutSupport{}, fmt.Errorf("read whom a buyer can ask: %w", err)
			}
			return httpapi.CheckoutSupport{Email: m.SupportEmail, Phone: m.SupportPhone, URL: m.SupportURL}, nil
		},
		Invoice: func(tx db.Tx, scope tenant.Scope, invoiceID string) (*httpapi.ExpandedInvoice, error) {
			v, err := invoice.Get(tx, scope, invoiceID)
			if err != nil {
				return nil, err
			}
			return httpapi.ExpandInvoice(v, s.Clock.Now()), nil
		},
		PaymentLink: func(tx db.Tx, scope tenant.Scope, linkID string) (*httpapi.ExpandedPaymentLink, error) {
			l, err := s.Services.PaymentLinks.Get(tx, scope, linkID)
			if err != nil {
				return nil, err
			}
			return httpapi.ExpandPaymentLink(l, s.Settings.Address(scope, settings.DomainCheckout)), nil
		},
		SaveOffer: func(tx db.Tx, session *checkout.Session, actsForID string) (httpapi.SaveOffer, error) {
			offered, err := s.Services.Checkouts.OffersVerification(tx, session)
			return httpapi.SaveOffer{Offered: offered, RequiresVerification: offered && actsForID == ""}, err
		},
	}
}
