package payment_test

import (
	"testing"
	"time"

	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

func TestPayBankDebit(t *testing.T) {
	type testCase struct {
		token, attempt, intent, status string
		paid                           int64
	}
	eachOf(t, []testCase{
		{"simtok_processing_succeeds", payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850},
		{"simtok_processing_fails", payment.AttemptFailed, payment.IntentRequiresPaymentMethod, order.PaymentUnpaid, 0},
	}, func(c testCase) string { return c.token }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, c.token)
		want(t, s, payment.AttemptProcessing, payment.IntentProcessing, order.PaymentUnpaid, 0, 5850)
		flinttest.Refused(t, b.Resume(o.ID, s.Attempt.ID), "PAYMENT_ATTEMPT_STILL_PROCESSING")
		flinttest.Refused(t, b.CancelAttempt(o.ID, s.Attempt.ID), "PAYMENT_ATTEMPT_NOT_CANCELABLE")
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "ORDER_PAYMENT_ATTEMPT_ACTIVE")
		b.Advance(5 * time.Second)
		b.Deliver(t)
		want(t, b.State(t, o.ID), c.attempt, c.intent, c.status, c.paid, 5850-c.paid)
	})
}
