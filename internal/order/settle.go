package order

import (
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
)

// SettleInput is money that arrived. Amounts are minor units of the order's currency.
type SettleInput struct {
	Cause           event.Cause
	PaymentIntentID string // empty for an order that costs nothing
	Amount          int64  // captured, tip included
	Tip             int64  // the part of Amount that is tip
	EndAttempt      bool   // the payment attempt is over with this
}

// Settle books captured money on an order that the caller has loaded in this transaction. It never
// refuses money for the state of the order: what comes late or twice is credit of the buyer. The
// first settled money redeems the discounts, fixes the tip (settled once it was carried in full) and
// freezes the delivery destination; a hold of the same payment ends. It records
// order.payment_captured for a hold, then order.paid or order.partially_paid; money on top of a paid
// order is an order.updated.
func (s *Service) Settle(tx db.Tx, o *Order, in SettleInput) error {
	if in.Amount < 0 || in.Tip < 0 || in.Tip > in.Amount {
		return fault.Internal("ORDER_SETTLEMENT_INVALID", "a settlement of order %s has amounts that cannot be", o.ID)
	}
	paid, err := money.Add(o.Settlement.Paid, in.Amount)
	if err != nil {
		return fault.Internal("ORDER_SETTLEMENT_INVALID", "the money settled on order %s does not fit", o.ID).Because(err)
	}
	alreadyPaid := hasSettledMoney(o) && o.DerivePaymentStatus() == PaymentPaid
	now := s.Clock.Now()
	if o.SettledAt.IsZero() {
		o.SettledAt = now
	}
	redeemDiscounts(o)
	freezeDelivery(o, now)
	o.Settlement.Paid = paid
	tip := in.Tip
	if o.Outstanding() == 0 {
		tip = in.Amount // everything is paid, so the tip is too, whatever the payments said of it
	}
	o.Settlement.SettledTip += carryTip(o, in.PaymentIntentID, tip, now)
	addID(&o.PaymentIntentIDs, in.PaymentIntentID)

	change := Change{PaymentIntentID: in.PaymentIntentID, Events: []string{}}
	if o.Hold != nil && o.Hold.PaymentIntentID == in.PaymentIntentID {
		o.Hold = nil
		change.Events = append(change.Events, EventCaptured)
	}
	if in.EndAttempt {
		o.ActiveAttemptID = ""
	}
	row := NewActivity{Type: ActivityPayment, Description: "Payment received.", RefType: RefPaymentIntent, RefID: in.PaymentIntentID}
	switch {
	case alreadyPaid:
		row.Description = "Payment received although nothing was due."
		change.Events = append(change.Events, EventUpdated)
	case o.DerivePaymentStatus() == PaymentPaid:
		change.Events = append(change.Events, EventPaid)
	default:
		row.Description = "Part of the order was paid."
		change.Events = append(change.Events, EventPartiallyPaid)
	}
	if in.PaymentIntentID == "" {
		row.RefType, row.Description = "", "Order settled without a payment: nothing was due."
	}
	change.Activities = []NewActivity{row}
	return s.Save(tx, o, in.Cause, change)
}

// redeemDiscounts makes the discounts a part of what was paid.
func redeemDiscounts(o *Order) {
	for i := range o.Discounts {
		if o.Discounts[i].Status == DiscountPending {
			o.Discounts[i].Status = DiscountRedeemed
		}
	}
}

func freezeDelivery(o *Order, now time.Time) {
	if o.Delivery != nil && o.Delivery.FrozenAt.IsZero() {
		o.Delivery.FrozenAt = now
	}
}

func addID(list *[]string, v string) {
	if v != "" && !slices.Contains(*list, v) {
		*list = append(*list, v)
	}
}
