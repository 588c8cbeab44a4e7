package returns

import (
	"cmp"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// DefaultPaymentDays is how long a buyer has to pay the difference of an exchange when the merchant says nothing.
const DefaultPaymentDays = 14

// codePaymentExpired marks an exchange whose difference was not paid in time.
const codePaymentExpired = "buyer_payment_expired"

// execute carries a confirmed resolution out, once its gates are open: value moves to the order that replaces the
// goods, what is left is refunded, and the buyer is asked for what is missing. What cannot be done fails the
// resolution before anything is written. o is the order as it is afterwards.
func (s *Service) execute(tx db.Tx, o *order.Order, r *Return, x *Resolution, cause event.Cause) error {
	credit, back, err := x.split(r)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	err = s.possible(tx, o, r, x)
	switch f := fault.Of(err); {
	case f != nil && f.Class != fault.ClassInternal:
		x.fail(f.Code, f.Message)
		return nil
	case err != nil:
		return err
	}
	x.Effect = Effect{StartedAt: now}
	x.Attempt++
	if err := unclaim(tx, r, x); err != nil {
		return err
	}
	s.Failpoints.Hit("return.executing")
	if x.asks() > 0 {
		if err := s.makeOrder(tx, o, r, x, credit, cause, now); err != nil {
			return err
		}
	}
	if err := s.giveBack(tx, o, r, x, back, cause, now); err != nil {
		return err
	}
	return s.reload(tx, o)
}

// reload reads an order again that others have changed in the meantime, in the same transaction.
func (s *Service) reload(tx db.Tx, o *order.Order) error {
	fresh, err := s.Orders.Load(tx, o.Scope, o.ID)
	if err != nil {
		return fmt.Errorf("read order %s after its effects: %w", o.ID, err)
	}
	*o = *fresh
	return nil
}

// possible tells why a resolution cannot be carried out now; nil when it can.
func (s *Service) possible(tx db.Tx, o *order.Order, r *Return, x *Resolution) error {
	if x.asks() > 0 {
		priced, err := s.Orders.Quote(tx.Context(), tx, replacementOrder(o, r, x, event.Cause{}))
		if err != nil {
			return err
		}
		if priced.Pricing.Total != x.asks() {
			return fault.Conflict("RETURN_QUOTE_STALE", "The replacement does not come to the confirmed amount any more.")
		}
	}
	intents, err := payment.OfOrder(tx, o.Scope, o.ID, true)
	if err != nil {
		return fmt.Errorf("lock the payments of order %s: %w", o.ID, err)
	}
	var left, free int64
	for _, i := range intents {
		left += i.Refundable()
		if !i.UnderDispute() {
			free += i.Refundable()
		}
	}
	if err := s.permit(tx, o, r, x, true); err != nil {
		return err
	}
	need := x.leaves() - x.Refunded
	if need > free && need <= left {
		return fault.Conflict("PAYMENT_INTENT_DISPUTED", "A payment of the order is disputed, and the others do not hold as much.")
	}
	if need > left {
		return fault.Invalid("RETURN_VALUE_EXCEEDED", "", "The payments of the order do not hold as much any more.")
	}
	return nil
}

// makeOrder makes the order of the resolution and moves the returned value to it.
func (s *Service) makeOrder(tx db.Tx, o *order.Order, r *Return, x *Resolution, credit parcel, cause event.Cause, now time.Time) error {
	made, err := s.Orders.Create(tx.Context(), tx, replacementOrder(o, r, x, cause))
	if err != nil {
		return fmt.Errorf("make the order of resolution %s: %w", x.ID, err)
	}
	if made.Pricing.Total != x.asks() {
		return fmt.Errorf("the order %s of resolution %s came to %d instead of %d", made.ID, x.ID, made.Pricing.Total, x.asks())
	}
	x.ReplacementID, x.Effect.ReplacementIs = made.ID, replacementUnpaid
	s.Failpoints.Hit("return.replacement_created")
	if credit.money() > 0 {
		if made, err = s.moveCredit(tx, o, r, x, credit, cause); err != nil {
			return err
		}
		x.Effect.CreditedAt = now
	}
	if made.Outstanding() == 0 {
		x.Effect.ReplacementIs = replacementPaid
		return nil
	}
	days := int64(DefaultPaymentDays)
	if s.PaymentDays != nil {
		if days, err = s.PaymentDays(tx, r.Scope); err != nil {
			return fmt.Errorf("read how long buyers have to pay: %w", err)
		}
	}
	x.ExpiresAt = now.Add(time.Duration(days) * 24 * time.Hour)
	return due(tx, r.Scope, r.ID, workExpiry, x.ExpiresAt)
}

// moveCredit takes value off the order that it was paid for, by a refund that no processor is asked for, and puts it
// on the order that replaces the goods, payment by payment.
func (s *Service) moveCredit(tx db.Tx, o *order.Order, r *Return, x *Resolution, credit parcel, cause event.Cause) (*order.Order, error) {
	amount := r.Money(credit.money())
	gone, ops, err := s.Refunds.Create(tx, refund.CreateInput{
		Scope: r.Scope, OrderID: o.ID, Amount: &amount, Lines: credit.lines(), Extra: credit.extra, Method: refund.MethodExchangeCredit, Reason: "other",
		ReasonMessage: "Credited to the order that replaces the goods.", ReturnID: r.ID, ReturnResolutionID: x.ID, Cause: cause,
	})
	if err != nil {
		return nil, fmt.Errorf("take the value of resolution %s off its order: %w", x.ID, err)
	}
	x.Effect.CreditRefundID = gone.ID
	x.RefundIDs = append(x.RefundIDs, gone.ID)
	s.Failpoints.Hit("return.credit_taken")
	var made *order.Order
	for _, op := range ops {
		if _, err := s.Refunds.Payments.Carry(tx, op, cause); err != nil {
			return nil, fmt.Errorf("take the value of resolution %s off its order: %w", x.ID, err)
		}
		from, err := payment.Get(tx, r.Scope, op.PaymentID)
		if err != nil {
			return nil, err
		}
		_, made, err = s.Refunds.Payments.RecordCredit(tx, payment.CreditInput{
			Scope: r.Scope, OrderID: x.ReplacementID, From: from, Amount: op.Amount, Cause: cause,
			Credit: payment.Credit{PaymentIntentID: from.ID, RefundID: gone.ID, ReturnResolutionID: x.ID},
		})
		if err != nil {
			return nil, fmt.Errorf("put the value of resolution %s on its order: %w", x.ID, err)
		}
		s.Failpoints.Hit("return.credit_given")
	}
	return made, nil
}

// giveBack plans the refund of what does not become credit, less what earlier attempts gave back. Units whose value
// fees took up altogether stay claimed for good: no refund will ever hold them.
func (s *Service) giveBack(tx db.Tx, o *order.Order, r *Return, x *Resolution, back parcel, cause event.Cause, now time.Time) error {
	if left := back.money() - x.Refunded; x.Refunded > 0 && left > 0 {
		back = back.without(r, x.Refunded)
	}
	if back.money() == 0 || back.money() <= x.Refunded && x.Refunded > 0 {
		return claim(tx, r, x, parcel{portions: back.portions, extra: -back.portionMoney()}, now)
	}
	amount := r.Money(back.money())
	grantID, err := s.grantOf(tx, r, x)
	if err != nil {
		return err
	}
	made, _, err := s.Refunds.Create(tx, refund.CreateInput{
		Scope: r.Scope, OrderID: o.ID, Amount: &amount, Lines: back.lines(), Extra: back.extra, Reason: "other", ReasonMessage: "Return " + r.Number,
		ReturnID: r.ID, ReturnResolutionID: x.ID, GrantID: grantID, Approved: true, Cause: cause,
	})
	if err != nil {
		return fmt.Errorf("refund resolution %s: %w", x.ID, err)
	}
	x.Effect.RefundID, x.Effect.RefundStatus = made.ID, made.Status
	x.RefundIDs = append(x.RefundIDs, made.ID)
	s.Failpoints.Hit("return.refund_planned")
	return due(tx, r.Scope, r.ID, workRefund, now)
}

// undo takes back what execute did as long as the buyer paid nothing: the order that replaced the goods is closed,
// and the value returns to the order it was paid for.
func (s *Service) undo(tx db.Tx, o *order.Order, r *Return, x *Resolution, why string, cause event.Cause) error {
	if x.ReplacementID == "" {
		return nil
	}
	made, err := s.Orders.Load(tx, r.Scope, x.ReplacementID)
	if err != nil {
		return fmt.Errorf("lock the order of resolution %s: %w", x.ID, err)
	}
	if err := s.closeDoors(tx, made, x, cause); err != nil {
		return err
	}
	intents, err := payment.OfOrder(tx, r.Scope, made.ID, true)
	if err != nil {
		return err
	}
	s.Failpoints.Hit("return.undoing")
	for _, i := range payment.CreditsOf(intents, x.ID) {
		if _, err := s.Refunds.Payments.CreditBack(tx, r.Scope, i.ID, cause); err != nil {
			return fmt.Errorf("take the credit of resolution %s back: %w", x.ID, err)
		}
	}
	if _, err := s.Orders.Close(tx.Context(), tx, order.CloseInput{Scope: r.Scope, OrderID: made.ID, Reason: why, Cause: cause}); err != nil {
		return fmt.Errorf("close the order of resolution %s: %w", x.ID, err)
	}
	if x.Effect.CreditRefundID != "" {
		gone, err := refund.Get(tx, r.Scope, x.Effect.CreditRefundID)
		if err != nil {
			return err
		}
		for _, a := range gone.Allocations {
			if _, err := s.Refunds.Payments.RefundBack(tx, r.Scope, a.OperationID, cause); err != nil {
				return fmt.Errorf("give the value of resolution %s back to its order: %w", x.ID, err)
			}
		}
	}
	s.Failpoints.Hit("return.undone")
	if err := s.reload(tx, o); err != nil {
		return err
	}
	x.Effect, x.ExpiresAt = Effect{}, time.Time{}
	return unclaim(tx, r, x)
}

// fail notes that the resolution could not be carried out.
func (x *Resolution) fail(code, message string) {
	x.FailureCode, x.FailureMessage = code, message
}

// RefundChanged follows the refunds of resolutions. It is one of refund.Service.Changed; the order is locked.
func (s *Service) RefundChanged(tx db.Tx, o *order.Order, rf *refund.Refund, was string, cause event.Cause) error {
	if rf.ReturnResolutionID == "" || rf.Method() == refund.MethodExchangeCredit {
		return nil
	}
	r, err := s.locked(tx, rf.Scope, rf.ReturnID)
	if err != nil {
		return fmt.Errorf("lock the return of refund %s: %w", rf.ID, err)
	}
	x := r.Resolution(rf.ReturnResolutionID)
	if x == nil {
		return fmt.Errorf("refund %s is of no resolution of return %s", rf.ID, r.ID)
	}
	if completes := rf.Detail.CompletesID; completes != "" && completes == x.Effect.RefundID {
		x.Effect.RefundID = rf.ID // the buyer got the money another way
		x.RefundIDs = append(x.RefundIDs, rf.ID)
	}
	if x.Refunded, err = refunded(tx, r.Scope, x, rf); err != nil {
		return err
	}
	if rf.ID == x.Effect.RefundID && rf.Status != was { // news of an older attempt settle nothing
		x.Effect.RefundStatus = rf.Status
		if err := s.settleRefund(tx, r, x, rf); err != nil {
			return err
		}
	}
	var c change
	return s.save(tx, o, r, cause, c)
}

// RefundCompleting frees what a resolution claimed again when its refund failed, for the refund that records how
// the buyer got the money after all. It is a refund.Service.Completing; the order is locked.
func (s *Service) RefundCompleting(tx db.Tx, failed *refund.Refund) error {
	if failed.ReturnResolutionID == "" {
		return nil
	}
	r, err := s.locked(tx, failed.Scope, failed.ReturnID)
	if err != nil {
		return fmt.Errorf("lock the return of refund %s: %w", failed.ID, err)
	}
	if x := r.Resolution(failed.ReturnResolutionID); x != nil && x.Effect.RefundID == failed.ID {
		return unclaim(tx, r, x)
	}
	return nil
}

// settleRefund lets the resolution fail or stand with its refund. What a failed refund gave free is claimed again.
func (s *Service) settleRefund(tx db.Tx, r *Return, x *Resolution, rf *refund.Refund) error {
	switch rf.Status {
	case refund.StatusSucceeded:
		x.FailureCode, x.FailureMessage = "", ""
		return unclaim(tx, r, x)
	case refund.StatusFailed, refund.StatusCanceled, refund.StatusPartiallySucceeded:
		x.fail(cmp.Or(rf.FailureReason(), "refund_failed"), "The refund did not go through; the buyer has not got all of it.")
		_, back, err := x.split(r)
		if err != nil {
			return err
		}
		if err := unclaim(tx, r, x); err != nil {
			return err
		}
		back.extra -= x.Refunded
		return claim(tx, r, x, back, s.Clock.Now())
	}
	return nil
}

// refunded is what the refunds of a resolution have given back to the buyer, in minor units.
func refunded(tx db.Tx, scope tenant.Scope, x *Resolution, news *refund.Refund) (minor int64, err error) {
	for _, refundID := range x.RefundIDs {
		rf := news
		if refundID != news.ID {
			if rf, err = refund.Get(tx, scope, refundID); err != nil {
				return 0, err
			}
		}
		if rf.Method() == refund.MethodExchangeCredit {
			continue
		}
		for _, a := range rf.Allocations {
			if a.Status == refund.StatusSucceeded {
				minor += a.Amount
			}
		}
	}
	return minor, nil
}
