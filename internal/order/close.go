package order

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// CloseInput ends the work on an order. Reason is the merchant's note and may be empty.
type CloseInput struct {
	Scope   tenant.Scope
	Cause   event.Cause
	OrderID string
	Reason  string
}

// Validate reports every fault of the input.
func (in CloseInput) Validate() error {
	var l fault.List
	checkNote(&l, "reason_message", in.Reason)
	return l.Err()
}

// Close closes an open order: discounts that were not redeemed are canceled, which may raise the
// total, and order.closed is recorded. Money that was paid stays, and refunds remain possible.
func (s *Service) Close(ctx context.Context, tx db.Tx, in CloseInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	if o.Status == StatusClosed {
		return nil, fault.Conflict("ORDER_ALREADY_CLOSED", "The order is already closed.")
	}
	if err := checkNoAttempt(o); err != nil {
		return nil, err
	}
	if o.InvoiceID != "" && o.Outstanding() > 0 {
		return nil, lockedByInvoice(o)
	}
	canceled := false
	for i := range o.Discounts {
		if d := &o.Discounts[i]; d.Status == DiscountPending {
			d.Status, canceled = DiscountCanceled, true
		}
	}
	if canceled {
		if err := s.reprice(o); err != nil {
			return nil, err
		}
	}
	o.Status, o.ClosedReason = StatusClosed, in.Reason
	return o, s.Save(tx, o, in.Cause, Change{
		Activities: []NewActivity{{Type: ActivityClosed, Description: "Order closed."}},
		Events:     []string{EventClosed},
	})
}
