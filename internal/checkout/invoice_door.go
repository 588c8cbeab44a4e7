package checkout

import (
	"cmp"
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Door refuses a payment through a session that is no way to its order any more. It is payment.Service.Door; the
// order is locked, and so is the session from here on, so nothing can end it before the payment is on record.
//
// Faults: CHECKOUT_SESSION_NOT_OPEN, CHECKOUT_SESSION_EXPIRED, CHECKOUT_RECOVERY_RESTRICTED,
// ORDER_COLLECTION_ALREADY_ACTIVE, RETURN_CHECKOUT_REQUIRED.
func (s *Service) Door(tx db.Tx, o *order.Order, sessionID string) error {
	session, err := load(tx, o.Scope, sessionID)
	if err != nil {
		return err
	}
	if session.OrderID != o.ID {
		return fault.NotFound("checkout session")
	}
	if err := s.checkOpen(session, s.Clock.Now()); err != nil {
		return err
	}
	return o.CheckCollectable(cmp.Or(session.InvoiceID, session.Detail.ReturnResolutionID))
}

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
