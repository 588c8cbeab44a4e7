package refund_test

import (
	"fmt"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
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

func paid(t *testing.T, b *flinttest.Bench, price, quantity int64) *order.Order {
	t.Helper()
	o := b.Order(t, "USD", []flinttest.Line{{Price: price, Quantity: quantity}})
	b.Paid(t, o.ID, "simtok_approve")
	return o
}

// through counts who got through; everybody else was refused with the code.
func through(t *testing.T, errs []error, code string) (n int) {
	t.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !fault.Is(err, code):
			t.Errorf("refused with %v, want %s", err, code)
		}
	}
	return n
}

func TestRace05RefundsOverTheRest(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := paid(t, b, 1000, 1)
		errs := flinttest.Race(width, func(int) error { return second(b.Refund(o.ID, amount(300))) })
		if n := through(t, errs, "AMOUNT_EXCEEDS_REFUNDABLE"); n != min(width, 3) {
			t.Errorf("%d refunds of 300 out of 1000 got through", n)
		}
		if leg := b.State(t, o.ID).Leg(); leg.RefundReserved != int64(min(width, 3))*300 {
			t.Errorf("%d is reserved", leg.RefundReserved)
		}
	})
}

// The same for the units of a line: none is given back twice.
func TestRace05RefundsOfTheLastUnits(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := paid(t, b, 333, 3)
		errs := flinttest.Race(width, func(int) error { return second(b.Refund(o.ID, line(o, 0, 1))) })
		if n := through(t, errs, "NOTHING_TO_REFUND_FOR_LINE_ITEM"); n != min(width, 3) {
			t.Errorf("%d refunds of a unit out of 3 got through", n)
		}
	})
}

func TestRace07RefundAndItsNotice(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := paid(t, b, 1000, 1)
		r, err := b.Refund(o.ID, amount(400))
		made(t, r, err)
		b.HoldNotices()
		b.Advance(300 * time.Millisecond)
		b.Deliver(t)
		var news payment.Notice
		for _, n := range b.TakeNotices() {
			if n.OperationID == r.Allocations[0].OperationID {
				news = n
			} else if err := b.Payments.Notify(b.Context(), n); err != nil { // of the round before
				t.Fatal(err)
			}
		}
		errs := flinttest.Race(width, func(k int) error {
			switch k % 3 {
			case 0:
				again := news
				again.ID = fmt.Sprint(again.ID, k%2)
				return b.Payments.Notify(b.Context(), again)
			case 1:
				_, err := b.Payments.Sweep(b.Context(), 10)
				return err
			default:
				err := second(b.Refund(o.ID, amount(600)))
				if fault.Is(err, "AMOUNT_EXCEEDS_REFUNDABLE") {
					return nil
				}
				return err
			}
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		if got := b.RefundOf(t, r.ID); got.Status != refund.StatusSucceeded || b.State(t, o.ID).Order.Settlement.Refunded != 400 {
			t.Errorf("the refund is %s, %d refunded", got.Status, b.State(t, o.ID).Order.Settlement.Refunded)
		}
	})
}

func TestParallelRefundsNeverExceedTheCapture(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		o := paid(t, b, 1000, 1)
		errs := flinttest.Race(64, func(k int) error { return second(b.Refund(o.ID, amount(int64(17+k)))) })
		through(t, errs, "AMOUNT_EXCEEDS_REFUNDABLE")
		b.Quiesce(t)
		b.CheckQuiet(t)
		if s := b.State(t, o.ID).Order.Settlement; s.Refunded > s.Paid || s.Refunded == 0 {
			t.Errorf("%d of %d refunded", s.Refunded, s.Paid)
		}
	})
}
