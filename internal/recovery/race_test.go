package recovery_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/recovery"
)

// race runs rounds of a race on both engines; the books have to add up after all of them.
func race(t *testing.T, round func(t *testing.T, r *rig, width int)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		counting := &flinttest.Counting{DB: d}
		r := newRig(t, counting)
		flinttest.Rounds(t, func(width int) { round(t, r, width) })
		r.Check(t)
		r.Quiesce(t)
		r.CheckQuiet(t)
		counting.NoDeadlocks(t)
	})
}

// A purchase and the worker that reminds meet. Once the purchase has committed nothing decides to mail.
func TestRaceOfPurchaseAndReminder(t *testing.T) {
	race(t, func(t *testing.T, r *rig, width int) {
		s := r.left(t)
		r.email(t, s, "ana@buyer.test")
		r.plan.Cap = 0
		var paid, mailed atomic.Bool
		r.rec.Queue = func(tx db.Tx, l recovery.Letter) (string, string, error) {
			if l.OrderID != s.OrderID {
				return "mail_other", "", nil
			}
			if paid.Load() {
				t.Error("it was decided to mail a buyer whose purchase had committed")
			}
			tx.AfterCommit(func() { mailed.Store(true) })
			return "mail_1", "", nil
		}
		r.Advance(time.Hour)
		errs := flinttest.Race(width+1, func(k int) error {
			if k == 0 {
				err := r.Pay(s.OrderID, "simtok_approve", by(s))
				paid.Store(true)
				return err
			}
			_, err := r.rec.Work(r.Context(), r.DB, 100)
			return err
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		got := r.of(t, s.OrderID)
		steps := r.steps(t, got.ID)
		if mailed.Load() != (len(steps) >= 6 && steps[:6] == "1 sent") {
			t.Errorf("mailed %v, steps %s", mailed.Load(), steps)
		}
		n := count(r.Events(t, s.ID), abandoned)
		switch {
		case got.State == recovery.StateRecovered && n == 1 && count(r.Events(t, s.ID), recovered) == 1:
		case got.State == recovery.StateCompleted && n == 0:
		default:
			t.Errorf("%s with %d abandonments", got.State, n)
		}
	})
}

func TestRaceOfWorkers(t *testing.T) {
	race(t, func(t *testing.T, r *rig, width int) {
		s := r.left(t)
		r.email(t, s, "ana@buyer.test")
		r.plan.Cap = 0
		before := len(r.letters)
		r.Advance(time.Hour)
		for _, err := range flinttest.Race(width, func(int) error { _, err := r.rec.Work(r.Context(), r.DB, 100); return err }) {
			if err != nil {
				t.Error(err)
			}
		}
		r.work(t)
		mine := 0
		for _, l := range r.letters[before:] {
			if l.OrderID == s.OrderID {
				mine++
			}
		}
		if n := count(r.Events(t, s.ID), abandoned); n != 1 || mine != 1 {
			t.Errorf("%d events and %d letters", n, mine)
		}
	})
}

func TestRaceOfOpenedLinks(t *testing.T) {
	race(t, func(t *testing.T, r *rig, width int) {
		s := r.left(t, func(in *checkout.CreateInput) { in.Detail.ExpiresIn = 600 })
		token := r.link(t, s.OrderID)
		r.Advance(11 * time.Minute) // over, and not written down yet
		found := make([]*recovery.Found, width)
		errs := flinttest.Race(width+1, func(k int) (err error) {
			if k == width {
				_, err = r.Checkouts.Expire(r.Context(), r.DB, 100)
				return err
			}
			found[k], err = r.open(token)
			return err
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		sessions := map[string]bool{}
		for _, f := range found {
			if f != nil && f.Verdict == recovery.Ready {
				sessions[f.Session.ID] = true
			}
		}
		if o := r.State(t, s.OrderID).Order; len(sessions) != 1 || len(o.CheckoutSessionIDs) != 2 || sessions[s.ID] {
			t.Errorf("%d sessions were opened, the order has %d", len(sessions), len(o.CheckoutSessionIDs))
		}
	})
}

// An action gives up a payment that its buyer confirms at the same moment. The money comes once, or it is
// booked as credit beside another payment; the order never has two open doors.
func TestRaceOfActionAndLateConfirmation(t *testing.T) {
	race(t, func(t *testing.T, r *rig, _ int) {
		s := r.left(t)
		if err := r.Pay(s.OrderID, "simtok_3ds", by(s)); err != nil {
			t.Fatal(err)
		}
		leg := r.State(t, s.OrderID).Leg()
		var door recovery.Door
		errs := flinttest.Race(2, func(k int) (err error) {
			if k == 0 {
				return r.confirm(leg)
			}
			door, err = r.act(s.OrderID, recovery.TypeCheckoutSession, true)
			return err
		})
		if errs[0] != nil && fault.Of(errs[0]) == nil {
			t.Error(errs[0])
		}
		r.Deliver(t)
		r.Quiesce(t)
		got := r.State(t, s.OrderID)
		open := 0
		for _, sessionID := range got.Order.CheckoutSessionIDs {
			if r.SessionOf(t, sessionID).Status == checkout.StatusOpen {
				open++
			}
		}
		paid := got.Order.Settlement.Paid
		switch {
		case errs[1] == nil && door.ID != "" && paid == 0 && open == 1: // given up first
		case errs[1] == nil && paid == 5000 && open == 0: // late money paid the order, which shut the new door
		case errs[1] != nil && fault.Of(errs[1]) != nil && paid == 5000 && open == 0: // confirmed first
		case errs[1] != nil && fault.Of(errs[1]) != nil && paid == 0 && open == 1: // the void came too late to be known
		default:
			t.Errorf("confirmed: %v, action: %v; paid %d, %d open", errs[0], errs[1], paid, open)
		}
		if paid == 0 && open == 1 {
			if err := r.Pay(s.OrderID, "simtok_approve"); err != nil {
				t.Error(err)
			}
			if n := r.State(t, s.OrderID).Order.Settlement.Paid; n != 5000 {
				t.Errorf("paid %d", n)
			}
		}
	})
}

// confirm plays the buyer at the bank; it may come too late.
func (r *rig) confirm(leg *payment.Intent) error {
	var url string
	err := r.DB.Read(r.Context(), func(tx db.Tx) error {
		return tx.QueryRow([]any{&url}, `SELECT action_url FROM processor_operations WHERE merchant_id = $1 AND payment_intent_id = $2 AND kind = 'sale'`,
			r.Scope.MerchantID, leg.ID)
	})
	if err != nil {
		return err
	}
	_, err = r.Simulator.Answer(r.Context(), strings.TrimPrefix(url, simulator.ChallengePath), true)
	return err
}

func TestRaceOfExpiryAndOpening(t *testing.T) {
	race(t, func(t *testing.T, r *rig, width int) {
		s := r.left(t, func(in *checkout.CreateInput) { in.Detail.ExpiresIn = 600 })
		r.Advance(10 * time.Minute)
		errs := flinttest.Race(width+2, func(k int) error {
			switch k {
			case 0:
				_, err := r.Checkouts.Expire(r.Context(), r.DB, 100)
				return err
			case 1:
				_, err := r.rec.Work(r.Context(), r.DB, 100)
				return err
			}
			return r.DB.Write(r.Context(), func(tx db.Tx) error { return r.Checkouts.NoteOpened(tx, r.Scope, s.ID) })
		})
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		r.work(t)
		if n := count(r.Events(t, s.ID), abandoned); n != 1 || r.of(t, s.OrderID).State != recovery.StateAbandoned {
			t.Errorf("%d events, %s", n, r.of(t, s.OrderID).State)
		}
	})
}
