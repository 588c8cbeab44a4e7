package order

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
)

// Disputes is money of the order that the buyers' banks took back, in minor units. What the buyer owes does not
// change: the goods were sold and paid, and who is right is between the banks and the merchant.
type Disputes struct {
	Open int64 `json:"open,omitempty"` // withdrawn until a decision
	Lost int64 `json:"lost,omitempty"` // gone for good
}

// DisputeInput moves money between a dispute and the merchant. Amounts are the changes, in minor units.
type DisputeInput struct {
	Cause           event.Cause
	PaymentIntentID string
	Open            int64
	Lost            int64
	Description     string // for the order's history
}

// BookDispute books what a dispute of a payment withdrew, gave back or cost, on an order that the caller has
// loaded in this transaction.
func (s *Service) BookDispute(tx db.Tx, o *Order, in DisputeInput) error {
	o.Disputes.Open += in.Open
	o.Disputes.Lost += in.Lost
	if o.Disputes.Open < 0 || o.Disputes.Lost < 0 {
		return fault.Internal("ORDER_SETTLEMENT_INVALID", "a dispute of payment %s does not fit order %s", in.PaymentIntentID, o.ID)
	}
	change := Change{PaymentIntentID: in.PaymentIntentID, Dispute: true, Activities: []NewActivity{{
		Type: ActivityAdjustment, Description: in.Description, RefType: RefPaymentIntent, RefID: in.PaymentIntentID,
	}}}
	if in.Open == 0 && in.Lost == 0 {
		change.Events = Quiet
	}
	return s.Save(tx, o, in.Cause, change)
}
