package recovery

import (
	"context"
	"slices"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
)

// Verdict is what a link finds.
type Verdict string

// Verdicts.
const (
	Ready   Verdict = "ready"   // the order can be paid
	Waiting Verdict = "waiting" // a payment waits for its buyer at the bank
	Paying  Verdict = "paying"  // a payment is with the bank, or held for the merchant
	Bought  Verdict = "bought"
	Gone    Verdict = "gone" // the order is closed, or the link leads nowhere any more
)

// Found is what a link leads to.
type Found struct {
	Verdict Verdict
	Link    *Link
	Order   *order.Order
	Session *checkout.Session // to go on at: the open one, that of the payment under way, or the newest; nil without one
	Attempt *payment.Attempt  // under way, nil without one
}

// Look tells what the link of a token leads to, without touching anything: mail scanners follow links, too.
//
// Faults: RESOURCE_NOT_FOUND.
func (s *Service) Look(tx db.Tx, token string) (*Found, error) {
	link, err := findLink(tx, token)
	if err != nil {
		return nil, err
	}
	o, err := s.Orders.Get(tx.Context(), tx, link.Scope, link.OrderID)
	if err != nil {
		return nil, err
	}
	return s.find(tx, link, o)
}

func (s *Service) find(tx db.Tx, link *Link, o *order.Order) (*Found, error) {
	now := s.Clock.Now()
	f := &Found{Link: link, Order: o}
	var err error
	if n := len(o.CheckoutSessionIDs); n > 0 {
		if f.Session, err = checkout.Get(tx, o.Scope, o.CheckoutSessionIDs[n-1]); err != nil {
			return nil, err
		}
	}
	if o.ActiveAttemptID != "" {
		if f.Attempt, err = payment.GetAttempt(tx, o.Scope, o.ID, o.ActiveAttemptID); err != nil {
			return nil, err
		}
	}
	switch {
	case o.DerivePaymentStatus() == order.PaymentPaid:
		f.Verdict = Bought
	case !link.good(now) || o.Status != order.StatusOpen || len(o.Lines) == 0:
		f.Verdict = Gone
	case o.InvoiceID != "":
		f.Verdict = Gone // an invoice has a page of its own
	case f.Attempt != nil:
		f.Verdict = Paying
		if a := f.Attempt; a.Status == payment.AttemptRequiresAction && a.CheckoutSessionID != "" {
			if f.Session, err = checkout.Get(tx, o.Scope, a.CheckoutSessionID); err != nil {
				return nil, err
			}
			if f.Session.Open(now) || f.Session.Recovering(now) {
				f.Verdict = Waiting
			}
		}
	case f.Session == nil || f.Session.InvoiceID != "":
		f.Verdict = Gone
	default:
		f.Verdict = Ready
	}
	return f, nil
}

// Open leads the holder of a token back: to the order's open session, or to a new one of the same
// configuration in the place of the one that has ended. With a payment that waits for its buyer it leads to
// the session of that payment. It counts; Found.Verdict tells whether there is anything to go on with.
//
// Faults: RESOURCE_NOT_FOUND.
func (s *Service) Open(ctx context.Context, tx db.Tx, token string) (*Found, error) {
	found, err := findLink(tx, token)
	if err != nil {
		return nil, err
	}
	o, err := s.Orders.Load(tx, found.Scope, found.OrderID)
	if err != nil {
		return nil, err
	}
	link, err := lockLink(tx, found.Scope, found.ID)
	if err != nil {
		return nil, err
	}
	f, err := s.find(tx, link, o)
	if err != nil || f.Verdict != Ready && f.Verdict != Waiting {
		return f, err
	}
	if err := countOpen(tx, link, s.Clock.Now()); err != nil {
		return nil, err
	}
	s.Failpoints.Hit("recovery.opened")
	if f.Verdict == Waiting {
		return f, s.note(tx, o, f.Session.ID)
	}
	cause := event.Cause{ActorType: "buyer", ActorID: link.ID}
	current, err := s.Checkouts.Current(tx, o, cause)
	if err != nil {
		return nil, err
	}
	if current != nil {
		f.Session = current
	} else {
		if f.Session, err = checkout.Get(tx, o.Scope, f.Session.ID); err != nil { // Current may have ended it
			return nil, err
		}
		launch, err := s.again(ctx, tx, o, f.Session, "", cause)
		if e := fault.Of(err); e != nil && e.Class == fault.ClassConflict {
			f.Verdict = Gone // another door collects the order now
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		f.Session, f.Order = launch.Session, launch.Order
	}
	return f, s.note(tx, o, f.Session.ID)
}

// CancelPayment gives up the payment that waits for the holder of a token, by the operations it returns. The
// caller executes them and opens the link again.
//
// Faults: RESOURCE_NOT_FOUND, and PAYMENT_ATTEMPT_NOT_CANCELABLE when it does not wait any more.
func (s *Service) CancelPayment(tx db.Tx, token string) ([]payment.Operation, event.Cause, error) {
	f, err := s.Look(tx, token)
	if err != nil {
		return nil, event.Cause{}, err
	}
	cause := event.Cause{ActorType: "buyer", ActorID: f.Link.ID}
	if f.Verdict != Waiting {
		return nil, cause, fault.Conflict("PAYMENT_ATTEMPT_NOT_CANCELABLE", "No payment waits for its buyer.")
	}
	cause.CheckoutSessionID = f.Session.ID
	ops, err := s.Payments.CancelAttempt(tx, payment.CancelAttemptInput{
		Scope: f.Link.Scope, OrderID: f.Order.ID, AttemptID: f.Attempt.ID, Reason: "abandoned", Cause: cause,
	})
	return ops, cause, err
}

// again opens a session of the same configuration as an earlier one of the order. What the buyer had left is
// filled in; the session acts for the customer that the merchant named, and for none that was confirmed.
func (s *Service) again(ctx context.Context, tx db.Tx, o *order.Order, old *checkout.Session, replaceID string, cause event.Cause) (checkout.Launch, error) {
	recoveryID := old.RecoveryID
	if r, err := live(tx, o.Scope, o.ID); err != nil {
		return checkout.Launch{}, err
	} else if r != nil {
		recoveryID = r.ID
	}
	return s.Checkouts.Create(ctx, tx, checkout.CreateInput{
		Scope: o.Scope, OrderID: o.ID, ReplaceID: replaceID, PaymentLinkID: old.PaymentLinkID, RecoveryID: recoveryID, Origin: old.Origin,
		Surface: checkout.SurfaceHosted, ExternalReferenceID: old.ExternalReferenceID, Detail: sameAs(&old.Detail), Cause: cause,
	})
}

// sameAs is the configuration of a session without what happened to it.
func sameAs(old *checkout.Detail) checkout.Detail {
	d := *old
	d.PageOrigin, d.ClosedReason, d.RecoveryID, d.Contact = "", "", "", nil
	d.RecoveryUntil = time.Time{}
	d.Options = slices.Clone(old.Options)
	if c := old.Contact; c != nil {
		if c.Email != "" || c.EmailCleared {
			d.Collection.Email = c.Email
		}
		if c.Phone != "" || c.PhoneCleared {
			d.Collection.Phone = c.Phone
		}
		if c.Billing != nil {
			d.Collection.Billing = c.Billing
		}
	}
	return d
}
