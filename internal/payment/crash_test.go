package payment_test

import (
	"testing"

	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

// The process dies at every named place of a payment; the sweeper finishes it, and the money moves once.
func TestCrashAtEveryPlace(t *testing.T) {
	eachOf(t, []string{"planned", "before_call", "after_call", "before_apply", "after_apply", "after_commit"}, func(place string) string { return place }, func(t *testing.T, b *flinttest.Bench, place string) {
		o := dinner(t, b)
		b.CrashAt(place)
		crashed := b.Crashes(func() { _ = b.Pay(o.ID, "simtok_approve") })
		if !crashed {
			t.Fatal("nothing crashed")
		}
		if place == "planned" {
			want(t, flinttest.State{Order: b.State(t, o.ID).Order, Intents: []*payment.Intent{{}}}, "", "", order.PaymentUnpaid, 0, 5850)
			return
		}
		if err := b.Payments.Orphans(b.Context()); err != nil {
			t.Fatal(err)
		}
		b.Sweep(t)
		s := b.State(t, o.ID)
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		if got := b.Charges(t, s.Leg().ID); got != 1 {
			t.Errorf("the simulator charged %d times", got)
		}
	})
}
