package order

import (
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
)

// RefundInput is money that was given back. Amounts are minor units of the order's currency. Lines and
// Charges are what the whole refund was for; a refund over several payments names them once, with the
// last of its parts.
type RefundInput struct {
	Cause    event.Cause
	RefundID string
	Amount   int64
	Tip      int64
	Lines    []RefundedLine
	Charges  []RefundedCharge
}

// RefundedLine is the part of a refund for one line item. Quantity may be 0 for money without units.
type RefundedLine struct {
	ID       string
	Quantity int64
	Amount   int64
}

// RefundedCharge is the part of a refund for one charge.
type RefundedCharge struct {
	ID     string
	Amount int64
}

// SettleRefund books a refund that succeeded on an order that the caller has loaded in this
// transaction, and records order.refunded. The refund was checked and its amount reserved before, so
// an input that does not fit the order is an internal error. A line or charge may have become cheaper
// since: what was sent back of it is a fact all the same. What the buyer owes does not change.
func (s *Service) SettleRefund(tx db.Tx, o *Order, in RefundInput) error {
	if err := s.bookRefund(o, in, 1); err != nil {
		return err
	}
	addID(&o.RefundIDs, in.RefundID)
	err := s.Save(tx, o, in.Cause, Change{
		RefundID:   in.RefundID,
		Events:     []string{EventRefunded},
		Activities: []NewActivity{{Type: ActivityRefund, Description: "Refund sent to the buyer.", RefType: RefRefund, RefID: in.RefundID}},
	})
	if err != nil {
		return err
	}
	return s.gaveBack(tx, o, in.Cause)
}

// ReverseRefund takes back what SettleRefund booked for the same input: the refund had succeeded and
// was returned by the bank after all.
func (s *Service) ReverseRefund(tx db.Tx, o *Order, in RefundInput) error {
	if err := s.bookRefund(o, in, -1); err != nil {
		return err
	}
	err := s.Save(tx, o, in.Cause, Change{
		RefundID:   in.RefundID,
		Activities: []NewActivity{{Type: ActivityRefundFailed, Description: "A refund came back and is due again.", RefType: RefRefund, RefID: in.RefundID}},
	})
	if err != nil {
		return err
	}
	return s.gaveBack(tx, o, in.Cause)
}

// NoteRefundFailed writes the activity of a refund that did not go through; no money had moved.
func (s *Service) NoteRefundFailed(tx db.Tx, o *Order, cause event.Cause, refundID string) error {
	return s.Save(tx, o, cause, Change{Events: Quiet, Activities: []NewActivity{{
		Type: ActivityRefundFailed, Description: "A refund did not go through.", RefType: RefRefund, RefID: refundID,
	}}})
}

// AttachRefund lists a refund that was asked for and moved nothing yet.
func (s *Service) AttachRefund(tx db.Tx, o *Order, cause event.Cause, refundID string) error {
	if slices.Contains(o.RefundIDs, refundID) {
		return nil
	}
	o.RefundIDs = append(o.RefundIDs, refundID)
	return s.Save(tx, o, cause, Change{Events: Quiet})
}

// bookRefund adds the refund to the order's figures, or takes it off when sign is -1.
func (s *Service) bookRefund(o *Order, in RefundInput, sign int64) error {
	wrong := func() error {
		return fault.Internal("ORDER_SETTLEMENT_INVALID", "refund %s does not fit order %s", in.RefundID, o.ID)
	}
	if in.Amount <= 0 || in.Tip < 0 || in.Tip > in.Amount {
		return wrong()
	}
	o.Settlement.Refunded += sign * in.Amount
	if o.Settlement.Refunded < 0 || o.Settlement.Refunded > o.Settlement.Paid {
		return wrong()
	}
	for _, part := range in.Lines {
		l := o.Line(part.ID)
		if l == nil || part.Amount < 0 || part.Quantity < 0 {
			return wrong()
		}
		l.Refunded += sign * part.Amount
		l.RefundedQuantity += sign * part.Quantity
		if l.Refunded < 0 || l.RefundedQuantity < 0 || l.RefundedQuantity > l.Quantity {
			return wrong()
		}
	}
	for _, part := range in.Charges {
		c := o.Charge(part.ID)
		if c == nil || part.Amount < 0 {
			return wrong()
		}
		c.Refunded += sign * part.Amount
		if c.Refunded < 0 {
			return wrong()
		}
	}
	now := s.Clock.Now()
	if refundTips(o, sign*in.Tip, now) != 0 {
		return wrong()
	}
	return nil
}
