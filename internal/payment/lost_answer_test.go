package payment_test

import (
	"testing"

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
