package payment_test

import (
	"testing"

	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

// A buyer confirms, and the merchant cancels before the news arrives: the hold is gone at the
// processor, so the news must not bring it back.
func TestNewsOfAHoldAfterItsCancellation(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Hold(t, o.ID, "simtok_3ds")
		want(t, s, payment.AttemptRequiresAction, payment.IntentRequiresAction, order.PaymentUnpaid, 0, 5850)
		b.Answer(t, s.Leg(), true)
		if err := b.CancelAttempt(o.ID, s.Attempt.ID); err != nil {
			t.Fatal(err)
		}
		b.Deliver(t)
		s = b.State(t, o.ID)
		want(t, s, payment.AttemptCanceled, payment.IntentCanceled, order.PaymentUnpaid, 0, 5850)
		if s.Order.Hold != nil {
			t.Errorf("the order holds %+v", s.Order.Hold)
		}
		want(t, b.Paid(t, o.ID, "simtok_approve"), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
	})
}

// The buyer confirmed and the money moved before the cancellation reached the processor.
func TestCancellationThatComesTooLate(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, "simtok_3ds")
		b.Answer(t, s.Leg(), true)
		if err := b.CancelAttempt(o.ID, s.Attempt.ID); err != nil {
			t.Fatal(err)
		}
		b.Deliver(t)
		s = b.State(t, o.ID)
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		if s.Leg().Detail.CancellationReason != "" {
			t.Errorf("the settled payment says it was canceled: %s", s.Leg().Detail.CancellationReason)
		}
	})
}

// A cancellation whose answer was lost is finished after the hold has expired: expired is final.
func TestCancellationAnsweredAfterExpiry(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Hold(t, o.ID, "simtok_approve")
		b.LoseRequests(t, payment.KindVoid, 2)
		if err := b.Cancel(s.Leg()); err != nil {
			t.Fatal(err)
		}
		b.Clock.Set(s.Leg().AuthorizationExpiresAt)
		b.Sweep(t)
		b.Sweep(t)
		s = b.State(t, o.ID)
		if s.Order.ActiveAttemptID != "" || s.Order.Hold != nil || !s.Leg().Ended() {
			t.Errorf("active attempt %q, hold %+v, leg %s", s.Order.ActiveAttemptID, s.Order.Hold, s.Leg().Status)
		}
		n := 0
		for _, kind := range b.Events(t, o.ID) {
			if kind == "payment_intent.canceled" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the payment ended %d times", n)
		}
	})
}
