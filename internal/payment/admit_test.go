package payment_test

import (
	"slices"
	"testing"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

// A payment that is not admitted is on record, charges nothing, and leaves the order as payable as it was.
func TestPaymentsAreAdmittedFirst(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		code, ended := "payment_link_capacity_claim_failed", []string{}
		b.Payments.Admit = append(b.Payments.Admit, func(db.Tx, *order.Order, string) (string, error) { return code, nil })
		b.Payments.Ended = append(b.Payments.Ended, func(_ db.Tx, _ *order.Order, attemptID string, _ event.Cause) error {
			ended = append(ended, attemptID)
			return nil
		})
		o := dinner(t, b)
		turned := b.Paid(t, o.ID, "simtok_approve")
		if a := turned.Attempt; a == nil || a.Status != payment.AttemptFailed || a.FailureCode != code || len(turned.Intents) != 0 {
			t.Fatalf("the attempt is %+v with %d legs", a, len(turned.Intents))
		}
		if o := turned.Order; o.Settlement.Paid != 0 || o.ActiveAttemptID != "" || o.Outstanding() != 5850 {
			t.Errorf("the order is %+v", o.Settlement)
		}
		code = ""
		declined := b.Paid(t, o.ID, "simtok_decline_insufficient_funds")
		if !slices.Equal(ended, []string{turned.Attempt.ID, declined.Attempt.ID}) {
			t.Errorf("ended: %v", ended)
		}
		leg := map[string]string{declined.Leg().ID: "simtok_approve"}
		code = "coupon_reservation_failed"
		if err := b.Confirm(o.ID, "", leg); err != nil {
			t.Fatal(err)
		}
		if again := b.State(t, o.ID); again.Order.Settlement.Paid != 0 || len(ended) != 3 {
			t.Errorf("paid %d, ended %v", again.Order.Settlement.Paid, ended)
		}
		code = ""
		if err := b.Confirm(o.ID, "", leg); err != nil {
			t.Fatal(err)
		}
		if done := b.State(t, o.ID); done.Order.Outstanding() != 0 || len(ended) != 3 {
			t.Errorf("outstanding %d, ended %v", done.Order.Outstanding(), ended)
		}
	})
}
