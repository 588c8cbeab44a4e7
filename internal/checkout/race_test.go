package checkout_test

import (
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
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

// through counts who got through; everybody else was refused with one of the codes.
func through(t *testing.T, errs []error, codes ...string) (n int) {
	t.Helper()
next:
	for _, err := range errs {
		if err == nil {
			n++
			continue
		}
		for _, code := range codes {
			if fault.Is(err, code) {
				continue next
			}
		}
		t.Errorf("refused with %v, want one of %v", err, codes)
	}
	return n
}

func TestRaceOfNewSessions(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := simple(t, b)
		sessions := make([]*checkout.Session, width)
		errs := flinttest.Race(width, func(k int) (err error) {
			sessions[k], err = b.Session(o.ID, "")
			return err
		})
		if n := through(t, errs, "CHECKOUT_SESSION_ALREADY_EXISTS"); n != 1 {
			t.Errorf("%d sessions were opened for one order", n)
		}
	})
}

// Buyers pay while the session's time runs out: however it ends, one payment at the most, and the
// session says what became of the order.
func TestRaceOfPaymentsAndExpiry(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		b.Advance(s.ExpiresAt.Sub(b.Clock.Now()) + time.Second)
		errs := flinttest.Race(width+1, func(k int) error {
			if k == width {
				_, err := b.Checkouts.Expire(b.Context(), b.DB, 100)
				return err
			}
			return b.Pay(o.ID, "simtok_approve")
		})
		if n := through(t, errs, "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID"); n != 2 {
			t.Errorf("%d got through: one payment and the expiry have to", n)
		}
		got := b.State(t, o.ID)
		if got.Order.Settlement.Paid != 5000 {
			t.Errorf("the order says %+v", got.Order.Settlement)
		}
		switch s := b.SessionOf(t, s.ID); s.Status {
		case checkout.StatusPaid, checkout.StatusExpired:
			if n := len(b.Events(t, s.ID)); n != 1 {
				t.Errorf("%d events tell that the session is %s", n, s.Status)
			}
		default:
			t.Errorf("the session of a paid order is %s", s.Status)
		}
	})
}
