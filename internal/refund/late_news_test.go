package refund_test

import (
	"testing"

	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/refund"
)

// A processor says that a refund failed, and later that it went through after all. The money has left,
// so it is booked when the payment still has room for it.
func TestRefundThatFailedAndSucceedsAfterAll(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		b.FailNext(t, payment.KindRefund)
		r, err := b.Refund(o.ID)
		made(t, r, err)
		if got := b.RefundOf(t, r.ID); got.Status != refund.StatusFailed {
			t.Fatalf("the refund is %s", got.Status)
		}
		late(t, b, r, 9)
		s, got := b.State(t, o.ID), b.RefundOf(t, r.ID)
		if got.Status != refund.StatusSucceeded || s.Order.Settlement.Refunded != 14906 || s.Leg().Refundable() != 0 || got.FailureReason() != "" {
			t.Errorf("the refund is %s, %d refunded, %d refundable", got.Status, s.Order.Settlement.Refunded, s.Leg().Refundable())
		}
		b.ForgetBooks()
	})
}

// The same when another refund has taken the money meanwhile: it cannot be booked, and is left to an
// operator with everything else as it was.
func TestRefundThatSucceedsAfterAllWithoutRoom(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		b.FailNext(t, payment.KindRefund)
		r, err := b.Refund(o.ID)
		made(t, r, err)
		again, err := b.Refund(o.ID, amount(5000))
		made(t, again, err)
		late(t, b, r, 9)
		settle(t, b)
		if s := b.State(t, o.ID); s.Order.Settlement.Refunded != 5000 || b.RefundOf(t, r.ID).Status != refund.StatusFailed {
			t.Errorf("%d refunded, the first is %s", s.Order.Settlement.Refunded, b.RefundOf(t, r.ID).Status)
		}
		if report := b.Check(t); len(report.Exceptions) != 1 || report.Exceptions[0].OperationID != r.Allocations[0].OperationID {
			t.Errorf("exceptions: %+v", report.Exceptions)
		}
	})
}

func late(t *testing.T, b *flinttest.Bench, r *refund.Refund, version int64) {
	t.Helper()
	a := r.Allocations[0]
	for range 2 {
		err := b.Payments.Notify(b.Context(), payment.Notice{ID: "late", Scope: b.Scope, Processor: "simulator", OperationID: a.OperationID, Outcome: payment.Outcome{
			State: payment.OutcomeSucceeded, PaymentID: a.PaymentIntentID, Amount: a.Amount, Currency: r.Currency, Version: version,
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}
