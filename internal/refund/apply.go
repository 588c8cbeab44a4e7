package refund

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
)

// Apply takes the outcome of a refund operation, once, with the order locked. payment.Service calls it
// for answers, look-ups and notices alike.
func (s *Service) Apply(tx db.Tx, o *order.Order, op payment.Operation, out payment.Outcome, cause event.Cause) error {
	now := s.Clock.Now()
	i, err := payment.Load(tx, op.Scope, op.PaymentID) // locked before the refund, as everywhere
	if err != nil {
		return err
	}
	r, err := Load(tx, op.Scope, op.RefundID)
	if err != nil {
		return err
	}
	n := slices.IndexFunc(r.Allocations, func(a Allocation) bool { return a.OperationID == op.ID })
	if n < 0 {
		return fmt.Errorf("refund %s has no allocation for operation %s", r.ID, op.ID)
	}
	a, was := &r.Allocations[n], r.Status
	sign, news := r.turn(a, i, out)
	if !news {
		return nil
	}
	if err := payment.Save(tx, i, now); err != nil {
		return err
	}
	if a.Status == StatusFailed {
		if err := releaseTip(tx, r, a.Tip); err != nil {
			return err
		}
	}
	s.Failpoints.Hit("refund.applied")
	r.Status = r.derive()
	if sign >= 0 && r.Detail.ActorType != "" { // a notice tells how it ended; who did it is who asked. A reversal is the bank's.
		cause.ActorType, cause.ActorID = r.Detail.ActorType, r.Detail.ActorID
	}
	booked := order.RefundInput{Cause: cause, RefundID: r.ID, Amount: a.Amount, Tip: a.Tip}
	if err := settleItems(tx, r, was, &booked, now); err != nil {
		return err
	}
	if err := save(tx, r, a, now); err != nil {
		return err
	}
	if err := s.recount(tx, r); err != nil {
		return err
	}
	switch sign {
	case 1:
		err = s.Orders.SettleRefund(tx, o, booked)
	case -1:
		err = s.Orders.ReverseRefund(tx, o, booked)
	default:
		err = s.Orders.NoteRefundFailed(tx, o, cause, r.ID)
	}
	if err != nil {
		return err
	}
	if err := s.tell(tx, o, r, was, cause); err != nil {
		return err
	}
	if r.Status == was {
		return nil
	}
	name := "refund.updated"
	if r.Status == StatusFailed {
		name = "refund.failed"
	}
	return s.record(tx, r, name, cause, now)
}

// turn takes an outcome over into an allocation and its payment. sign tells where its money is now: given back (1), not
// moved (0), or with the merchant again (-1). An outcome that says nothing new is no news.
func (r *Refund) turn(a *Allocation, i *payment.Intent, out payment.Outcome) (sign int64, news bool) {
	switch {
	case out.State == payment.OutcomeSucceeded && a.Status == StatusPending:
		a.Status = StatusSucceeded
		i.RefundReserved -= a.Amount
		i.Refunded += a.Amount
		return 1, true
	case out.State == payment.OutcomeFailed && a.Status == StatusPending:
		a.Status, a.FailureReason = StatusFailed, failureReason(out.Code)
		i.RefundReserved -= a.Amount
		return 0, true
	case out.State == payment.OutcomeFailed && a.Status == StatusSucceeded:
		// The bank gave it back to the merchant: the buyer does not have it, so nothing is refunded.
		a.Status, a.FailureReason = StatusFailed, failureReason(out.Code)
		i.Refunded -= a.Amount
		return -1, true
	case out.State == payment.OutcomeSucceeded && a.Status == StatusFailed:
		// It went through after all, and the payment has room for it. Its tip and items were given free
		// and may be taken by now, so it is money of the order and of nothing in particular.
		a.Status, a.FailureReason = StatusSucceeded, ""
		r.Tip, a.Tip = r.Tip-a.Tip, 0
		i.Refunded += a.Amount
		return 1, true
	}
	return 0, false
}

// settleItems adds the refund's lines and charges to what is booked on the order: once all of its
// money is back, or once some of it is not after all. What a refund gives up is free for another one;
// the tip goes with its part, because a part that did go back keeps its own.
func settleItems(tx db.Tx, r *Refund, was string, booked *order.RefundInput, now time.Time) error {
	switch {
	case r.Status == StatusSucceeded && !r.Detail.ItemsSettled && !r.Detail.ItemsReleased:
		r.Detail.ItemsSettled = true
		r.addItems(booked)
	case (r.Status == StatusFailed || r.Status == StatusPartiallySucceeded) && r.Status != was && !r.Detail.ItemsReleased:
		if r.Detail.ItemsSettled {
			r.Detail.ItemsSettled = false
			r.addItems(booked)
		}
		r.Detail.ItemsReleased = true
		if err := markGivenBack(tx, r, -1, now); err != nil {
			return err
		}
		return releaseItems(tx, r)
	}
	return nil
}

func (r *Refund) addItems(booked *order.RefundInput) {
	for _, part := range r.Detail.Lines {
		booked.Lines = append(booked.Lines, order.RefundedLine{ID: part.LineID, Quantity: part.Quantity, Amount: part.Refunded})
	}
	for _, part := range r.Detail.Charges {
		booked.Charges = append(booked.Charges, order.RefundedCharge{ID: part.ChargeID, Amount: part.Amount})
	}
}

// recount tells what a refund of an app still gives back.
func (s *Service) recount(tx db.Tx, r *Refund) error {
	if r.Detail.GrantID == "" || s.Recount == nil {
		return nil
	}
	return s.Recount(tx, r.Scope, r.ID, r.kept())
}

// refundData is the data object of refund events; the contract leaves it open beyond the ids.
type refundData struct {
	RefundID     string       `json:"refund_id"`
	OrderID      string       `json:"order_id"`
	Status       string       `json:"status"`
	AmountMoney  money.Amount `json:"amount_money"`
	FailedReason string       `json:"failure_reason,omitempty"`
	ReturnID     string       `json:"return_id,omitempty"`
	ResolutionID string       `json:"return_resolution_id,omitempty"`
	UpdatedAt    time.Time    `json:"resource_updated_at"`
}

func (s *Service) record(tx db.Tx, r *Refund, eventType string, cause event.Cause, now time.Time) error {
	return s.Events.Record(tx, r.Scope, now, cause, event.New{
		Type: eventType, RootType: "order", RootID: r.OrderID, ResourceType: "refund", ResourceID: r.ID,
		Data: refundData{
			RefundID: r.ID, OrderID: r.OrderID, Status: r.Status, AmountMoney: r.Money(r.Amount),
			FailedReason: r.FailureReason(), ReturnID: r.ReturnID, ResolutionID: r.ReturnResolutionID, UpdatedAt: now,
		},
	})
}
