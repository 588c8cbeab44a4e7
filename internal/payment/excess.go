package payment

import (
	"flint/internal/order"
)

// Why money was not due where it settled.
const (
	ExcessOrderClosed  = "order_closed"       // the order takes no money any more
	ExcessAttemptEnded = "attempt_ended"      // its attempt had been canceled, had failed or run out
	ExcessOrderPaid    = "order_already_paid" // another payment was faster
)

// Excess is money that settled and was not due.
type Excess struct {
	Intent            *Intent
	CheckoutSessionID string // the attempt's, may be empty
	Amount            int64  // minor units beyond what the order owed; all of it for a closed order
	Reason            string // one of the Excess constants
}

// tellExcess reports the part of a settlement that was not due; more is by how much the order's credit rose.
func (t *transition) tellExcess(more int64) error {
	e := Excess{Intent: t.intent, CheckoutSessionID: t.session, Amount: more, Reason: ExcessOrderPaid}
	switch {
	case t.order.Status == order.StatusClosed:
		e.Amount, e.Reason = t.settled, ExcessOrderClosed
	case t.late:
		e.Reason = ExcessAttemptEnded
	}
	if e.Amount <= 0 || t.service.Excess == nil || t.intent.Processor == Manual {
		return nil
	}
	return t.service.Excess(t.tx, t.order, e, t.cause)
}
