package paymentlink

import (
	"cmp"
	"context"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/returns"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// ReturnDoors are how returns, which know no checkouts, links and invoices, collect the difference of an exchange.
// linkURL gives the address of a link.
func (s *Service) ReturnDoors(invoices *invoice.Service, address func(scope tenant.Scope, kind string) string) returns.Doors {
	return returns.Doors{
		Session: s.returnSession,
		Link: func(ctx context.Context, tx db.Tx, o *order.Order, r *returns.Return, x *returns.Resolution, cause event.Cause) (string, string, error) {
			if err := s.Checkouts.Fence(tx, o, checkout.ReasonSuperseded, cause); err != nil {
				return "", "", err
			}
			l, err := s.Create(ctx, tx, CreateInput{Scope: o.Scope, Cause: cause, Link: Link{
				OrderID: o.ID, Name: "Return " + r.Number, Session: checkout.Detail{ReturnResolutionID: x.ID},
			}})
			if err != nil {
				return "", "", err
			}
			return l.ID, l.Address(address(l.Scope, settings.DomainCheckout)), nil
		},
		Invoice: func(ctx context.Context, tx db.Tx, o *order.Order, _ *returns.Return, x *returns.Resolution, cause event.Cause) (string, string, error) {
			draft, err := invoices.Create(ctx, tx, invoice.CreateInput{Scope: o.Scope, OrderID: o.ID, ReturnResolutionID: x.ID, Cause: cause})
			if err != nil {
				return "", "", err
			}
			issued, err := invoices.Issue(ctx, tx, invoice.IssueInput{Scope: o.Scope, InvoiceID: draft.ID, DeliveryMode: invoice.DeliverByCaller, Cause: cause})
			if err != nil {
				return "", "", err
			}
			url, err := invoices.PublicURL(issued.Invoice)
			return draft.ID, url, err
		},
		Close: func(ctx context.Context, tx db.Tx, o *order.Order, door, doorID string, cause event.Cause) error {
			switch door {
			case returns.DoorLink:
				_, err := s.Update(ctx, tx, UpdateInput{Scope: o.Scope, ID: doorID, Edit: func(l *Link) { l.Status = StatusInactive }})
				if err != nil {
					return err
				}
			case returns.DoorInvoice:
				intents, err := payment.OfOrder(tx, o.Scope, o.ID, false)
				if err != nil {
					return err
				}
				credit := int64(0)
				for _, i := range payment.CreditsOf(intents, o.ReturnResolutionID) {
					credit += i.Captured
				}
				_, err = invoices.Withdraw(tx, invoice.VersionInput{Scope: o.Scope, InvoiceID: doorID, Cause: cause}, credit)
				return err
			}
			return s.Checkouts.Fence(tx, o, checkout.ReasonSuperseded, cause)
		},
	}
}

// returnSession opens the checkout of a balance, or finds the open one of the same surface.
func (s *Service) returnSession(ctx context.Context, tx db.Tx, o *order.Order, in returns.SessionInput) (string, error) {
	surface := cmp.Or(in.Surface, checkout.SurfaceHosted)
	current, err := s.Checkouts.Current(tx, o, in.Cause)
	if err != nil {
		return "", err
	}
	if current != nil && current.Surface == surface && current.Detail.ReturnResolutionID == in.ResolutionID && current.PaymentLinkID == "" &&
		(in.PageOrigin == "" || in.PageOrigin == current.Detail.PageOrigin) {
		if o.ActiveAttemptID != "" { // the addresses stand still while the buyer is away paying
			return current.ID, nil
		}
		return current.ID, s.Checkouts.Redirect(tx, o.Scope, current.ID, in.SuccessURL, in.CancelURL)
	}
	if o.ActiveAttemptID != "" {
		code := "ORDER_COLLECTION_IN_PROGRESS"
		if current != nil && current.Surface != surface {
			code = "CHECKOUT_SURFACE_CHANGE_NOT_ALLOWED"
		}
		return "", fault.Conflict(code, "A payment of the difference is under way.").
			Then("Wait for it, or cancel it.").With("order_payment_attempt_id", o.ActiveAttemptID)
	}
	opening := checkout.CreateInput{
		Scope: o.Scope, OrderID: o.ID, Surface: surface, Cause: in.Cause,
		Detail: checkout.Detail{ReturnResolutionID: in.ResolutionID, PageOrigin: in.PageOrigin, SuccessURL: in.SuccessURL, CancelURL: in.CancelURL},
	}
	if current != nil {
		opening.ReplaceID = current.ID
	}
	l, err := s.Checkouts.Create(ctx, tx, opening)
	if err != nil {
		return "", err
	}
	return l.Session.ID, nil
}
