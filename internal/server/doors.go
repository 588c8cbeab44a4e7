package server

import (
	"context"
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/paymentlink"
	"flint/internal/recovery"
)

// boundLinkName is the title of a link that a recovery action made.
const boundLinkName = "Your order"

// recoveryDoors are the ways of other domains to collect an order, for the actions of package recovery. The
// caller hands the address to the buyer, so that nothing is mailed here.
func (s *Server) recoveryDoors() map[string]recovery.OpenDoor {
	return map[string]recovery.OpenDoor{
		recovery.TypePaymentLink: func(ctx context.Context, tx db.Tx, o *order.Order, cause event.Cause) (recovery.Door, error) {
			if o.InvoiceID != "" { // the link could not be paid
				return recovery.Door{}, fault.Conflict("ORDER_COLLECTION_ALREADY_ACTIVE", "An invoice collects this order.")
			}
			l, err := s.Services.PaymentLinks.Create(ctx, tx, paymentlink.CreateInput{
				Scope: o.Scope, Cause: cause, Link: paymentlink.Link{Name: boundLinkName, OrderID: o.ID},
			})
			if err != nil {
				return recovery.Door{}, err
			}
			return recovery.Door{ID: l.ID, URL: s.BaseURL + "/pay/" + l.ID}, nil
		},
		recovery.TypeInvoice: func(ctx context.Context, tx db.Tx, o *order.Order, cause event.Cause) (recovery.Door, error) {
			draft, err := s.Services.Invoices.Create(ctx, tx, invoice.CreateInput{Scope: o.Scope, OrderID: o.ID, Cause: cause})
			if err != nil {
				return recovery.Door{}, err
			}
			issued, err := s.Services.Invoices.Issue(ctx, tx, invoice.IssueInput{
				Scope: o.Scope, InvoiceID: draft.ID, DeliveryMode: invoice.DeliverByCaller, Cause: cause,
			})
			if err != nil {
				return recovery.Door{}, err
			}
			url, err := s.Services.Invoices.PublicURL(issued.Invoice)
			if err != nil {
				return recovery.Door{}, fmt.Errorf("make the address of invoice %s: %w", draft.ID, err)
			}
			return recovery.Door{ID: draft.ID, URL: url}, nil
		},
	}
}
