package checkout

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/tenant"
)

// InvoiceDoor is how invoices, which know no checkouts, open and end theirs.
func (s *Service) InvoiceDoor() invoice.Door {
	opened := func(l Launch) invoice.Opened {
		return invoice.Opened{SessionID: l.Session.ID, Secret: l.Secret.Reveal(), Token: l.Token.Reveal()}
	}
	return invoice.Door{
		Open: func(ctx context.Context, tx db.Tx, in invoice.DoorInput) (invoice.Opened, error) {
			v := in.Invoice
			l, err := s.Create(ctx, tx, CreateInput{
				Scope: v.Scope, OrderID: v.OrderID, InvoiceID: v.ID, ReplaceID: in.ReplaceID, Surface: in.Surface, ExpiresAt: v.LinkExpires, Cause: in.Cause,
				Detail: Detail{PageOrigin: in.PageOrigin, SuccessURL: in.SuccessURL, CancelURL: in.CancelURL, Options: in.Options},
			})
			if err != nil {
				return invoice.Opened{}, err
			}
			return opened(l), nil
		},
		Current: func(tx db.Tx, o *order.Order, cause event.Cause) (string, string, error) {
			session, err := s.Current(tx, o, cause)
			if err != nil || session == nil {
				return "", "", err
			}
			return session.ID, session.Surface, nil
		},
		Redirect: s.Redirect,
		Rotate: func(tx db.Tx, scope tenant.Scope, sessionID string) (invoice.Opened, error) {
			l, err := s.Rotate(tx, scope, sessionID)
			if err != nil {
				return invoice.Opened{}, err
			}
			return opened(l), nil
		},
		Fence: s.Fence,
	}
}
