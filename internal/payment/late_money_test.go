package payment_test

import (
	"testing"

	"flint/internal/flinttest"
	"flint/internal/payment"
)

// Money that arrives after its attempt was given up is recorded, on top of what another paid.
func TestLateMoneyIsCredit(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, "simtok_decline_card_declined")
		op := b.Operation(t, s.Leg().ID)
		late := payment.Notice{ID: "late", Scope: b.Scope, Processor: "simulator", OperationID: op, Outcome: payment.Outcome{
			State: payment.OutcomeSucceeded, PaymentID: s.Leg().ID, Amount: 5850, Currency: "USD", Version: 9, ProcessorRef: "simch_late",
		}}
		if err := b.Confirm(o.ID, "", map[string]string{s.Leg().ID: "simtok_approve"}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := b.Payments.Notify(b.Context(), late); err != nil {
				t.Fatal(err)
			}
		}
		s = b.State(t, o.ID)
		if s.Order.Settlement.Paid != 11700 || s.Order.Credit() != 5850 || s.Leg().Captured != 11700 {
			t.Errorf("paid %d, credit %d, captured %d", s.Order.Settlement.Paid, s.Order.Credit(), s.Leg().Captured)
		}
		b.Check(t)
		b.ForgetBooks() // this money never was in the simulator's books
	})
}
