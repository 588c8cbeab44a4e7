package payment_test

import (
	"testing"
	"time"

	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

func TestSplitPaymentWithALostAnswerStaysFinalizing(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		first, _ := b.Stage(o.ID, 2000, "")
		second, _ := b.Stage(o.ID, 3850, "")
		if err := b.Confirm(o.ID, "", map[string]string{first.ID: "simtok_timeout_charged", second.ID: "simtok_approve"}); err != nil {
			t.Fatal(err)
		}
		s := b.State(t, o.ID)
		want(t, s, payment.AttemptFinalizing, payment.IntentSucceeded, order.PaymentPartiallyPaid, 3850, 2000)
		if err := b.Resume(o.ID, s.Attempt.ID); err != nil {
			t.Fatal(err)
		}
		want(t, b.State(t, o.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
	})
}

// While a processor is unreachable, an operation is tried again at growing distances.
func TestLostRequestsAreTriedAtGrowingDistances(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
		b.LoseRequests(t, payment.KindSale, 4)
		b.Paid(t, o.ID, "simtok_approve")
		start, sweeps := b.Clock.Now(), 0
		for b.State(t, o.ID).Order.ActiveAttemptID != "" {
			if sweeps++; sweeps > 60 {
				t.Fatal("the payment does not end")
			}
			b.Advance(time.Second)
			if _, err := b.Payments.Sweep(b.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
		if took := b.Clock.Now().Sub(start); took < 14*time.Second {
			t.Errorf("five tries took %s", took)
		}
		want(t, b.State(t, o.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 1000, 0)
	})
}
