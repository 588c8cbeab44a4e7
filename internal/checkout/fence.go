package checkout

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
)

// fenceReasons are the ways in which another door, or a change behind it, ends a session.
var fenceReasons = []string{
	ReasonOrderMutated, ReasonSuperseded, ReasonInvoicePaidElsewhere, ReasonInvoiceVoided, ReasonInvoiceUncollectible, ReasonInvoiceBalanceChanged,
}

// Fence ends the order's open session as invalidated, for a reason that lies outside of it; without an open
// session nothing happens. The order is locked by the caller, so nobody can start a payment in between.
//
// Faults: CHECKOUT_PAYMENT_RESOLVING while a payment of the order is under way.
func (s *Service) Fence(tx db.Tx, o *order.Order, reason string, cause event.Cause) error {
	if o.ActiveAttemptID != "" {
		return resolving(o)
	}
	_, err := s.FenceAnyway(tx, o, reason, "", cause)
	return err
}

// FenceAnyway is Fence for facts that cannot wait, such as money that has come in elsewhere: a payment under
// way goes on, its buyer may see it through, and what it brings is booked. The session that takes the place
// of the ended one is named when there is one. It returns the ended session, nil without one.
func (s *Service) FenceAnyway(tx db.Tx, o *order.Order, reason, supersedingID string, cause event.Cause) (*Session, error) {
	if !slices.Contains(fenceReasons, reason) {
		return nil, fmt.Errorf("end the session of order %s: %q is no reason to end one", o.ID, reason)
	}
	current, err := s.Current(tx, o, cause)
	if err != nil || current == nil {
		return nil, err
	}
	current.SupersedingID = supersedingID
	return current, s.end(tx, o, current, StatusInvalidated, reason, cause)
}

// Current is the order's open session, locked; nil without one. One whose time is over is ended as expired
// on the way. The order is locked by the caller.
func (s *Service) Current(tx db.Tx, o *order.Order, cause event.Cause) (*Session, error) {
	if len(o.CheckoutSessionIDs) == 0 {
		return nil, nil
	}
	current, err := openOf(tx, o.Scope, o.ID)
	if err != nil || current == nil || current.Open(s.Clock.Now()) {
		return current, err
	}
	return nil, s.end(tx, o, current, StatusExpired, ReasonExpired, cause)
}

func resolving(o *order.Order) error {
	return fault.Conflict("CHECKOUT_PAYMENT_RESOLVING", "A payment of this order is under way.").
		Then("Wait for the payment to end, or cancel it.").
		With("order_payment_attempt_id", o.ActiveAttemptID)
}
