package payment_test

import (
	"fmt"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

// race runs rounds of a race on both engines; the books have to add up after all of them.
func race(t *testing.T, round func(t *testing.T, b *flinttest.Bench, width int)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		counting := &flinttest.Counting{DB: d}
		b := flinttest.New(t, counting)
		flinttest.Rounds(t, func(width int) { round(t, b, width) })
		b.Check(t)
		b.Quiesce(t)
		b.CheckQuiet(t)
		counting.NoDeadlocks(t)
	})
}

// oneWins checks that exactly one contender got through and that the others were refused with one of
// the codes. It returns the winner.
func oneWins(t *testing.T, errs []error, codes ...string) int {
	t.Helper()
	winner := -1
	for k, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Errorf("%d and %d both got through", winner, k)
		case err == nil:
			winner = k
		default:
			refusedWith(t, err, codes...)
		}
	}
	if winner < 0 {
		t.Fatalf("nobody got through: %v", errs)
	}
	return winner
}

func refusedWith(t *testing.T, err error, codes ...string) {
	t.Helper()
	for _, code := range codes {
		if fault.Is(err, code) {
			return
		}
	}
	t.Errorf("refused with %v, want one of %v", err, codes)
}

func thousand(t *testing.T, b *flinttest.Bench) *order.Order {
	t.Helper()
	return b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
}

func TestRace01DoubleSubmit(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := thousand(t, b)
		errs := flinttest.Race(width, func(int) error { return b.Pay(o.ID, "simtok_approve") })
		oneWins(t, errs, "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID")
		s := b.State(t, o.ID)
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 1000, 0)
		if len(s.Intents) != 1 || len(s.Attempts) != 1 {
			t.Errorf("%d payments, %d attempts", len(s.Intents), len(s.Attempts))
		}
	})
}

func TestRace02CompletionAndNotice(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := thousand(t, b)
		s := b.Paid(t, o.ID, "simtok_3ds")
		b.HoldNotices()
		b.Answer(t, s.Leg(), true)
		b.Deliver(t)
		notices := b.TakeNotices()
		if len(notices) != 1 {
			t.Fatalf("%d notices", len(notices))
		}
		errs := flinttest.Race(width, func(k int) error {
			switch k % 3 {
			case 0:
				return b.Payments.Notify(b.Context(), notices[0])
			case 1:
				if err := b.Resume(o.ID, s.Attempt.ID); err != nil && !fault.Is(err, "PAYMENT_ATTEMPT_NOT_RESUMABLE") {
					return err
				}
				return nil
			default:
				again := notices[0]
				again.ID = fmt.Sprint(again.ID, k) // the same news under another id
				return b.Payments.Notify(b.Context(), again)
			}
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		want(t, b.State(t, o.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 1000, 0)
		paid := 0
		for _, kind := range b.Events(t, o.ID) {
			if kind == order.EventPaid {
				paid++
			}
		}
		if paid != 1 {
			t.Errorf("%d order.paid", paid)
		}
	})
}

func TestRace03TwoCaptures(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := thousand(t, b)
		leg := b.Hold(t, o.ID, "simtok_approve").Leg()
		errs := flinttest.Race(width, func(k int) error { return b.Capture(leg, int64(k+1)) })
		winner := oneWins(t, errs, "PAYMENT_OPERATION_IN_PROGRESS", "INVALID_STATUS_FOR_CAPTURE")
		if got := b.State(t, o.ID); got.Order.Settlement.Paid != int64(winner+1) || got.Leg().Released != 1000-int64(winner+1) {
			t.Errorf("%d captured, paid %d, released %d", winner+1, got.Order.Settlement.Paid, got.Leg().Released)
		}
	})
}

func TestRace04CaptureAndVoid(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := thousand(t, b)
		leg := b.Hold(t, o.ID, "simtok_approve").Leg()
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 0 {
				return b.Capture(leg, 0)
			}
			return b.Cancel(leg)
		})
		winner := oneWins(t, errs, "PAYMENT_OPERATION_IN_PROGRESS", "INVALID_STATUS_FOR_CAPTURE", "ORDER_PAYMENT_LEG_ALREADY_SETTLED", "PAYMENT_INTENT_NOT_CANCELABLE")
		if winner%2 == 0 {
			want(t, b.State(t, o.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 1000, 0)
		} else {
			want(t, b.State(t, o.ID), payment.AttemptCanceled, payment.IntentCanceled, order.PaymentUnpaid, 0, 1000)
		}
	})
}

func TestRace12EditAndPay(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := thousand(t, b)
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 0 {
				return b.Pay(o.ID, "simtok_approve", func(in *payment.PayInput) { in.ExpectedOutstanding = flinttest.Money(1000, "USD") })
			}
			return b.DB.Write(b.Context(), func(tx db.Tx) error {
				_, err := b.Orders.AddLines(b.Context(), tx, order.AddLinesInput{
					Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Lines: []order.LineInput{{Name: "More", UnitPrice: flinttest.Money(501, "USD")}},
				})
				return err
			})
		})
		edits, paid := int64(0), int64(0)
		for k, err := range errs {
			switch {
			case err == nil && k%2 == 0:
				paid += 1000
			case err == nil:
				edits++
			default:
				refusedWith(t, err, "ORDER_CHANGED_REFRESH_REQUIRED", "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID", "PAYMENT_ATTEMPT_IN_PROGRESS")
			}
		}
		got := b.State(t, o.ID).Order
		if paid > 1000 || got.Settlement.Paid != paid || got.Pricing.Total != 1000+501*edits {
			t.Errorf("paid %d of %d after %d edits and payments of %d", got.Settlement.Paid, got.Pricing.Total, edits, paid)
		}
	})
}

func TestRace20ExpiryAndCapture(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := thousand(t, b)
		leg := b.Hold(t, o.ID, "simtok_approve").Leg()
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 0 {
				return b.Capture(leg, 0)
			}
			b.Clock.Set(leg.AuthorizationExpiresAt)
			_, err := b.Payments.Sweep(b.Context(), 100)
			return err
		})
		for k, err := range errs {
			if err != nil && k%2 == 1 {
				t.Error(err)
			} else if err != nil {
				refusedWith(t, err, "PAYMENT_OPERATION_IN_PROGRESS", "INVALID_STATUS_FOR_CAPTURE", "PAYMENT_AUTHORIZATION_EXPIRED")
			}
		}
		b.Sweep(t)
		switch s := b.State(t, o.ID); s.Leg().Status {
		case payment.IntentSucceeded:
			want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 1000, 0)
		default:
			want(t, s, payment.AttemptExpired, payment.IntentExpired, order.PaymentUnpaid, 0, 1000)
		}
	})
}
