package payment

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// ReassignInput moves money that was captured for one order to another of the same currency.
type ReassignInput struct {
	Scope           tenant.Scope
	PaymentIntentID string // whose money it is
	ToOrderID       string
	Amount          int64 // minor units
	Cause           event.Cause
}

// Reassign takes captured money off its payment and its order, and records it on another order as money
// received elsewhere. Nothing moves at the processor. The payment can give back only what is left of it
// afterwards, so the moved part is not refunded twice; on the other order it is given back like any recorded
// money. It returns the new payment.
//
// Both orders are locked, in the order of their ids.
//
// Faults: RESOURCE_NOT_FOUND, STRANDED_PAYMENT_ASSIGNMENT_INVALID, CURRENCY_MISMATCH,
// AMOUNT_EXCEEDS_REFUNDABLE, PAYMENT_INTENT_LIMIT_REACHED.
func (s *Service) Reassign(tx db.Tx, in ReassignInput) (*Intent, error) {
	peek, err := Get(tx, in.Scope, in.PaymentIntentID)
	if err != nil {
		return nil, err
	}
	if peek.OrderID == in.ToOrderID {
		return nil, fault.Invalid("STRANDED_PAYMENT_ASSIGNMENT_INVALID", "order_id", "The money lies on this order already.")
	}
	from, to, err := s.loadBoth(tx, in.Scope, peek.OrderID, in.ToOrderID)
	if err != nil {
		return nil, err
	}
	switch {
	case to.Currency != from.Currency:
		return nil, fault.Invalid("CURRENCY_MISMATCH", "order_id", "The other order is in another currency.")
	case to.Status != order.StatusOpen:
		return nil, fault.Conflict("ORDER_NOT_OPEN", "The other order is closed and takes no money.")
	case to.ActiveAttemptID != "":
		return nil, fault.Conflict("ORDER_PAYMENT_ATTEMPT_ACTIVE", "A payment of the other order is under way.").
			With("order_payment_attempt_id", to.ActiveAttemptID)
	}
	if err := to.CheckCollectable(""); err != nil {
		return nil, err
	}
	i, err := Load(tx, in.Scope, in.PaymentIntentID)
	if err != nil {
		return nil, err
	}
	if left := i.Refundable(); in.Amount < 1 || in.Amount > left {
		return nil, fault.Invalid("AMOUNT_EXCEEDS_REFUNDABLE", "order_id", "The payment does not hold as much any more.").
			With("maximum_money", money.Amount{Minor: left, Currency: i.Currency})
	}
	if err := s.reverse(tx, from, i, in.Amount, in.Cause, s.Clock.Now()); err != nil {
		return nil, fmt.Errorf("take money off order %s: %w", from.ID, err)
	}
	s.Failpoints.Hit("stranded.assigned")
	moved, _, err := s.RecordManual(tx, RecordInput{
		Scope: in.Scope, OrderID: to.ID, Amount: in.Amount, Flow: "api", ReceivedAt: i.CapturedAt,
		Note: "Moved from order " + from.Number + ".", ExternalReferenceID: i.ID, Cause: in.Cause,
	})
	return moved, err
}

// loadBoth locks two orders so that two moves in opposite directions do not wait for each other.
func (s *Service) loadBoth(tx db.Tx, scope tenant.Scope, fromID, toID string) (from, to *order.Order, err error) {
	load := func(orderID, param string) *order.Order {
		if err != nil {
			return nil
		}
		var o *order.Order
		o, err = s.Orders.Load(tx, scope, orderID)
		if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
			f.Param = param
		}
		return o
	}
	if fromID < toID {
		from = load(fromID, "")
		to = load(toID, "order_id")
	} else {
		to = load(toID, "order_id")
		from = load(fromID, "")
	}
	return from, to, err
}
