package recovery_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/recovery"
)

const abandoned, recovered = "checkout_session.abandoned", "checkout_session.recovered"

func TestABuyerWhoLeavesIsNoticedOnce(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		o := r.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
		unseen := r.opened(t, o.ID)
		r.later(t, 2*time.Hour)
		if r.of(t, o.ID) != nil {
			t.Fatal("a session that nobody opened has a recovery")
		}
		r.visit(t, unseen)
		r.later(t, 59*time.Minute)
		if got := r.of(t, o.ID); got.State != recovery.StateWatching {
			t.Fatalf("after 59 minutes: %s", got.State)
		}
		r.email(t, unseen, "ana@buyer.test")
		r.later(t, 59*time.Minute)
		if got := r.of(t, o.ID); got.State != recovery.StateWatching {
			t.Fatalf("59 minutes after the contact: %s", got.State)
		}
		r.later(t, time.Minute)
		got := r.of(t, o.ID)
		if got.State != recovery.StateAbandoned || got.Reason != recovery.ReasonIdle || got.SessionID != unseen.ID {
			t.Fatalf("after an hour: %+v", got)
		}
		r.later(t, 48*time.Hour) // the session runs out as well
		r.visit(t, unseen)       // and nobody comes back to it
		r.later(t, 48*time.Hour)
		if n := count(r.Events(t, unseen.ID), abandoned); n != 1 {
			t.Errorf("%d events of one abandonment", n)
		}
	})
}

func TestWhatAnAbandonmentTells(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		r.email(t, s, "ana@buyer.test")
		r.later(t, time.Hour)
		var data string
		r.Read(t, func(tx db.Tx) error {
			return tx.QueryRow([]any{&data}, `SELECT data FROM events WHERE merchant_id = $1 AND type = $2`, r.Scope.MerchantID, abandoned)
		})
		for _, want := range []string{`"checkout_session_id":"` + s.ID, `"order_id":"` + s.OrderID, `"reason":"inactivity"`, `"is_contact_known":true`, `"recovery_url":"https://pay.test/r/`} {
			if !strings.Contains(data, want) {
				t.Errorf("%s is not in %s", want, data)
			}
		}
		if strings.Contains(data, "ana@") {
			t.Error("the event tells the buyer's address")
		}
		_, token, _ := strings.Cut(data, "/r/")
		token, _, _ = strings.Cut(token, `"`)
		if f, err := r.open(token); err != nil || f.Session.ID != s.ID {
			t.Errorf("the event's link leads to %+v, %v", f, err)
		}
	})
}

func TestEndsThatLeaveABuyerBehind(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		expires := r.left(t, func(in *checkout.CreateInput) { in.Detail.ExpiresIn = 600 })
		closed := r.left(t)
		r.Write(t, func(tx db.Tx) error {
			_, err := r.Checkouts.Close(tx, checkout.CloseInput{Scope: r.Scope, SessionID: closed.ID, Cause: r.Cause})
			return err
		})
		if got := r.of(t, closed.OrderID); got.State != recovery.StateAbandoned || got.Reason != recovery.ReasonClosed {
			t.Errorf("closed: %+v", got)
		}
		r.later(t, 10*time.Minute)
		if got := r.of(t, expires.OrderID); got.State != recovery.StateAbandoned || got.Reason != recovery.ReasonExpired {
			t.Errorf("expired: %+v", got)
		}
		r.later(t, 5*time.Hour)
		for _, s := range []*checkout.Session{expires, closed} {
			if n := count(r.Events(t, s.ID), abandoned); n != 1 {
				t.Errorf("%d events", n)
			}
		}
	})
}

func TestComingBackAndLeavingAgain(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		r.later(t, time.Hour)
		r.visit(t, s)
		if got := r.of(t, s.OrderID); got.State != recovery.StateReturned || got.Returns != 1 {
			t.Fatalf("back: %+v", got)
		}
		r.later(t, 2*time.Hour)
		if got := r.of(t, s.OrderID); got.State != recovery.StateAbandoned {
			t.Fatalf("gone again: %+v", got)
		}
		if n := count(r.Events(t, s.ID), abandoned); n != 1 {
			t.Errorf("%d events of one session", n)
		}
		// Another session of the same order is told of, under the same recovery.
		before := r.of(t, s.OrderID)
		next := r.opened(t, s.OrderID, func(in *checkout.CreateInput) { in.ReplaceID = s.ID })
		r.visit(t, next)
		r.later(t, time.Hour)
		after := r.of(t, s.OrderID)
		if after.ID != before.ID || after.SessionID != next.ID || count(r.Events(t, next.ID), abandoned) != 1 {
			t.Errorf("the second session: %+v", after)
		}
	})
}

func TestWhoSendsTheSameAddressAgainIsBack(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		r.email(t, s, "ana@buyer.test")
		r.later(t, time.Hour)
		r.email(t, s, "ana@buyer.test")
		if got := r.of(t, s.OrderID); got.State != recovery.StateReturned || got.Returns != 1 {
			t.Errorf("back with the same address: %+v", got)
		}
	})
}

func TestAPurchaseThroughAnyDoorEndsIt(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		quick := r.left(t)
		r.Paid(t, quick.OrderID, "simtok_approve")
		if got := r.of(t, quick.OrderID); got.State != recovery.StateCompleted || count(r.Events(t, quick.ID), recovered) != 0 {
			t.Errorf("bought at once: %+v", got)
		}
		late := r.left(t)
		r.email(t, late, "ana@buyer.test")
		r.later(t, 90*time.Minute)
		r.Paid(t, late.OrderID, "simtok_approve") // the merchant's own call
		got := r.of(t, late.OrderID)
		if got.State != recovery.StateRecovered || got.Detail.Attribution == nil || got.Detail.Attribution.LinkID != "" || count(r.Events(t, late.ID), recovered) != 1 {
			t.Errorf("bought elsewhere: %+v", got)
		}
		if steps := r.steps(t, got.ID); steps != "1 sent; 2 suppressed order_paid; 3 suppressed order_paid; " {
			t.Errorf("steps: %s", steps)
		}
		r.later(t, 40*24*time.Hour)
		if len(r.letters) != 1 {
			t.Errorf("%d letters", len(r.letters))
		}
		shut := r.left(t)
		r.later(t, time.Hour)
		r.Write(t, func(tx db.Tx) error {
			_, err := r.Orders.Close(tx.Context(), tx, order.CloseInput{Scope: r.Scope, OrderID: shut.OrderID, Cause: r.Cause})
			return err
		})
		if got := r.of(t, shut.OrderID); got.State != recovery.StateEnded {
			t.Errorf("closed: %+v", got)
		}
		forgotten := r.left(t)
		r.later(t, time.Hour)
		r.later(t, recovery.Lifetime)
		if got := r.of(t, forgotten.OrderID); got.State != recovery.StateLapsed {
			t.Errorf("forgotten: %+v", got)
		}
	})
}

// A payment that the bank has is no abandonment; one that waits for its buyer is.
func TestPaymentsUnderWay(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		by := func(s *checkout.Session) func(*payment.PayInput) {
			return func(in *payment.PayInput) { in.CheckoutSessionID = s.ID }
		}
		clearing := r.left(t)
		if err := r.Pay(clearing.OrderID, "simtok_processing_stays", by(clearing)); err != nil {
			t.Fatal(err)
		}
		if a := r.State(t, clearing.OrderID).Attempt; a.Status != payment.AttemptProcessing {
			t.Fatalf("the attempt is %s", a.Status)
		}
		r.later(t, 3*time.Hour)
		if got := r.of(t, clearing.OrderID); got.State != recovery.StateWatching {
			t.Errorf("with the bank: %+v", got)
		}
		asked := r.left(t)
		if err := r.Pay(asked.OrderID, "simtok_3ds", by(asked)); err != nil {
			t.Fatal(err)
		}
		r.Advance(61 * time.Minute)
		r.work(t)
		if got := r.of(t, asked.OrderID); got.State != recovery.StateAbandoned {
			t.Errorf("with the buyer: %+v", got)
		}
	})
}

func TestTheClockMayJump(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		start := r.Clock.Now()
		r.Clock.Set(start.Add(-10 * time.Hour))
		r.work(t)
		if got := r.of(t, s.OrderID); got.State != recovery.StateWatching {
			t.Errorf("back: %+v", got)
		}
		r.visit(t, s)
		r.later(t, time.Hour)
		if got := r.of(t, s.OrderID); got.State != recovery.StateAbandoned {
			t.Errorf("the buyer's time counts from where the clock is: %+v", got)
		}
		r.Clock.Set(start.AddDate(1, 0, 0))
		r.work(t)
		r.Clock.Set(start)
		r.work(t)
		if n := count(r.Events(t, s.ID), abandoned); n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
