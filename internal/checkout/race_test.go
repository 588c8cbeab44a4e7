package checkout_test

import (
	"testing"
	"time"

	"flint/internal/checkout"
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

// paying opens a session over a fresh order and begins a payment in it that waits for its buyer.
func paying(t *testing.T, b *flinttest.Bench) (*checkout.Session, flinttest.State) {
	t.Helper()
	o := simple(t, b)
	var s *checkout.Session
	b.Write(t, func(tx db.Tx) error { // it ends before the bank stops asking
		l, err := b.Checkouts.Create(b.Context(), tx, checkout.CreateInput{Scope: b.Scope, OrderID: o.ID, Detail: checkout.Detail{ExpiresIn: 60}, Cause: b.Cause})
		s = l.Session
		return err
	})
	if err := b.Pay(o.ID, "simtok_3ds", func(in *payment.PayInput) { in.CheckoutSessionID = s.ID }); err != nil {
		t.Fatal(err)
	}
	return s, b.State(t, o.ID)
}

// A buyer's bank says yes while the job ends the session: the money is booked once, whoever is first, and
// pays the order, for nothing else did.
func TestRaceOfExpiryAndLateMoney(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		s, state := paying(t, b)
		b.Clock.Set(s.ExpiresAt)
		flinttest.Race(min(width, 8)+1, func(k int) error {
			if k == 0 {
				b.TryAnswer(state.Leg(), true)
				_, err := b.Simulator.DeliverDue(b.Context())
				return err
			}
			_, err := b.Checkouts.Expire(b.Context(), b.DB, 100)
			return err
		})
		b.Deliver(t)
		got := b.State(t, state.Order.ID)
		if got.Order.Settlement.Paid != 5000 || got.Order.Credit() != 0 || got.Order.Stranded || got.Attempt.Status != payment.AttemptSucceeded {
			t.Errorf("the order says %+v, its attempt is %s", got.Order.Settlement, got.Attempt.Status)
		}
		switch s := b.SessionOf(t, s.ID); s.Status {
		case checkout.StatusPaid, checkout.StatusExpired:
			if n := len(b.Events(t, s.ID)); n != 1 {
				t.Errorf("%d events tell that the session is %s", n, s.Status)
			}
		default:
			t.Errorf("the session is %s", s.Status)
		}
	})
}

// A merchant makes the order dearer while its buyer pays what the page showed: the buyer is charged that
// amount or nothing, and nobody is charged through a session that shows an old price.
func TestRaceOfEditsAndPayments(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		seen := flinttest.Money(5000, "USD")
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 1 {
				return b.Pay(o.ID, "simtok_approve", func(in *payment.PayInput) { in.CheckoutSessionID, in.ExpectedOutstanding = s.ID, seen })
			}
			return b.DB.Write(b.Context(), func(tx db.Tx) error {
				_, err := b.Orders.AddLines(b.Context(), tx, order.AddLinesInput{
					Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Lines: []order.LineInput{{Name: "More", UnitPrice: flinttest.Money(100, "USD")}},
				})
				return err
			})
		})
		through(t, errs, "ORDER_CHANGED_REFRESH_REQUIRED", "CHECKOUT_SESSION_NOT_OPEN", "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID", "PAYMENT_ATTEMPT_IN_PROGRESS")
		got := b.State(t, o.ID)
		if paid := got.Order.Settlement.Paid; paid != 0 && paid != 5000 || got.Order.Stranded {
			t.Errorf("the buyer was charged %d", paid)
		}
		switch s := b.SessionOf(t, s.ID); {
		case got.Order.Settlement.Paid == 5000 && s.Status != checkout.StatusPaid && s.Status != checkout.StatusPartiallyPaid:
			t.Errorf("the session of the payment is %s", s.Status)
		case got.Order.Settlement.Paid == 0 && s.TerminalReason != checkout.ReasonOrderMutated:
			t.Errorf("the session of the old price is %s because of %q", s.Status, s.TerminalReason)
		}
	})
}

// Everybody replaces the same session: one does, the others learn that it is no longer the open one.
func TestRaceOfReplacements(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := simple(t, b)
		first := opened(t, b, o.ID, "")
		sessions := make([]*checkout.Session, width)
		errs := flinttest.Race(width, func(k int) (err error) {
			sessions[k], err = b.Session(o.ID, first.ID)
			return err
		})
		if n := through(t, errs, "CHECKOUT_SESSION_CURRENT_CHANGED"); n != 1 {
			t.Errorf("%d replaced one session", n)
		}
		for k, s := range sessions {
			if errs[k] == nil {
				ended(t, b, s.ID, checkout.StatusOpen, "", "")
				if got := ended(t, b, first.ID, checkout.StatusInvalidated, checkout.ReasonSuperseded, "checkout_session.invalidated"); got.SupersedingID != s.ID {
					t.Errorf("superseded by %q, want %q", got.SupersedingID, s.ID)
				}
			}
		}
	})
}

// A buyer gives the payment up in one tab and approves it in another: it is paid or it is not, and the
// session agrees.
func TestRaceOfCancellationAndSuccess(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		s, state := paying(t, b)
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 0 {
				b.TryAnswer(state.Leg(), true)
				return nil
			}
			return b.CancelAttempt(state.Order.ID, state.Attempt.ID)
		})
		through(t, errs, "PAYMENT_ATTEMPT_NOT_CANCELABLE", "PAYMENT_OPERATION_IN_PROGRESS")
		b.Deliver(t)
		b.Sweep(t)
		got := b.State(t, state.Order.ID)
		paid, status := got.Order.Settlement.Paid, b.SessionOf(t, s.ID).Status
		if (paid != 0 || status != checkout.StatusOpen || got.Attempt.Status != payment.AttemptCanceled) &&
			(paid != 5000 || status != checkout.StatusPaid || got.Attempt.Status != payment.AttemptSucceeded) {
			t.Errorf("paid %d, the session is %s and the attempt %s", paid, status, got.Attempt.Status)
		}
		if got.Order.ActiveAttemptID != "" || got.Order.Stranded {
			t.Errorf("active attempt %q, stranded %v", got.Order.ActiveAttemptID, got.Order.Stranded)
		}
	})
}
