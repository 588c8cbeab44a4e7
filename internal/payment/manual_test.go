package payment_test

import (
	"testing"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/refund"
)

// recordIt records money and takes it back, the way a surface does.
func recordIt(b *flinttest.Bench, orderID string, amount int64) error {
	return b.DB.Write(b.Context(), func(tx db.Tx) error {
		_, _, err := b.Payments.RecordManual(tx, payment.RecordInput{Scope: b.Scope, OrderID: orderID, Amount: amount, Flow: "api", Note: "cheque", Cause: b.Cause})
		return err
	})
}

func reverseIt(b *flinttest.Bench, orderID string, amount int64) error {
	return b.DB.Write(b.Context(), func(tx db.Tx) error {
		_, err := b.Payments.ReverseManual(tx, payment.ReverseInput{Scope: b.Scope, OrderID: orderID, Amount: amount, Cause: b.Cause})
		return err
	})
}

// Money received elsewhere pays an order like any other; it is reversed and never refunded.
func TestRecordedMoney(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		for _, amount := range []int64{5000, 850} {
			if err := recordIt(b, o.ID, amount); err != nil {
				t.Fatal(err)
			}
		}
		s := b.State(t, o.ID)
		if s.Order.DerivePaymentStatus() != "paid" || s.Leg().Processor != payment.Manual || s.Leg().Status != payment.IntentSucceeded {
			t.Errorf("order %s, payment %+v", s.Order.DerivePaymentStatus(), s.Leg())
		}
		_, err := b.Refund(o.ID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(100, "USD") })
		flinttest.Refused(t, err, "AMOUNT_EXCEEDS_REFUNDABLE")
		flinttest.Refused(t, reverseIt(b, o.ID, 5851), "REVERSAL_EXCEEDS_MANUAL_PAYMENTS")
		if err := reverseIt(b, o.ID, 1000); err != nil {
			t.Fatal(err)
		}
		s = b.State(t, o.ID)
		if s.Order.Outstanding() != 1000 || s.Order.DerivePaymentStatus() != "partially_paid" || s.Leg().Status != payment.IntentCanceled {
			t.Errorf("outstanding %d, %s, newest %s", s.Order.Outstanding(), s.Order.DerivePaymentStatus(), s.Leg().Status)
		}
		b.Paid(t, o.ID, "simtok_approve")
	})
}

// Recorded, reversed, charged and refunded in any order: the books add up after every step.
func TestRecordedMoneyProperties(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		bench := flinttest.New(t, d)
		rapid.Check(t, func(t *rapid.T) {
			b := bench.Another()
			o := b.Order(t, "USD", []flinttest.Line{{Price: 3000, Quantity: 1}})
			recorded := int64(0)
			for range rapid.IntRange(1, 6).Draw(t, "steps") {
				amount := rapid.Int64Range(1, 2500).Draw(t, "amount")
				switch rapid.IntRange(0, 3).Draw(t, "step") {
				case 0, 1:
					if err := recordIt(b, o.ID, amount); err != nil {
						t.Fatal(err)
					}
					recorded += amount
				case 2:
					err := reverseIt(b, o.ID, amount)
					if amount > recorded {
						flinttest.Refused(t, err, "REVERSAL_EXCEEDS_MANUAL_PAYMENTS")
					} else if err != nil {
						t.Fatal(err)
					} else {
						recorded -= amount
					}
				case 3:
					flinttest.Known(t, b.Pay(o.ID, "simtok_approve"))
				}
				b.Check(t)
			}
		})
	})
}
