package recovery_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/recovery"
)

func by(s *checkout.Session) func(*payment.PayInput) {
	return func(in *payment.PayInput) { in.CheckoutSessionID = s.ID }
}

func (r *rig) look(t flinttest.TB, token string) *recovery.Found {
	t.Helper()
	var f *recovery.Found
	r.Read(t, func(tx db.Tx) (err error) {
		f, err = r.rec.Look(tx, token)
		return err
	})
	return f
}

func TestALinkLeadsToTheOpenSession(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		token := r.link(t, s.OrderID)
		r.later(t, time.Hour)
		if got := r.of(t, s.OrderID); got.State != recovery.StateAbandoned {
			t.Fatal(got.State)
		}
		for range 3 { // a mail scanner
			r.look(t, token)
		}
		if got := r.of(t, s.OrderID); got.State != recovery.StateAbandoned {
			t.Error("looking at the link brought somebody back")
		}
		f, err := r.open(token)
		if err != nil || f.Verdict != recovery.Ready || f.Session.ID != s.ID || f.Link.Opens != 1 {
			t.Fatalf("%+v, %v", f, err)
		}
		if got := r.of(t, s.OrderID); got.State != recovery.StateReturned {
			t.Errorf("after opening: %s", got.State)
		}
		if err := r.Pay(s.OrderID, "simtok_approve", by(s)); err != nil {
			t.Fatal(err)
		}
		a := r.of(t, s.OrderID).Detail.Attribution
		if a == nil || a.LinkID != f.Link.ID || a.Source != recovery.SourceAction || a.SessionID != s.ID || a.ActionID == "" {
			t.Errorf("attribution %+v", a)
		}
		if f := r.look(t, token); f.Verdict != recovery.Bought {
			t.Errorf("after the purchase: %s", f.Verdict)
		}
		if f, err := r.open(token); err != nil || f.Verdict != recovery.Bought {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

func TestALinkReplacesWhatHasEnded(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t, func(in *checkout.CreateInput) {
			in.ExternalReferenceID = "ref-1"
			in.Detail = checkout.Detail{ExpiresIn: 3600, SuccessURL: "https://shop.test/thanks", CancelURL: "https://shop.test/", Theme: checkout.Theme{Primary: "#0b5d4f"},
				Collection: checkout.Collection{RequireEmail: true}, Metadata: map[string]string{"cart": "7"}}
		})
		r.email(t, s, "ana@buyer.test")
		token := r.link(t, s.OrderID)
		r.later(t, 2*time.Hour)
		// The price changes meanwhile: what holds now is asked for.
		r.Write(t, func(tx db.Tx) error {
			_, err := r.Orders.AddLines(tx.Context(), tx, order.AddLinesInput{Scope: r.Scope, OrderID: s.OrderID, Cause: r.Cause,
				Lines: []order.LineInput{{Name: "Gift wrap", UnitPrice: &money.Amount{Minor: 250, Currency: "USD"}}}})
			return err
		})
		f, err := r.open(token)
		if err != nil || f.Verdict != recovery.Ready || f.Session.ID == s.ID {
			t.Fatalf("%+v, %v", f, err)
		}
		d := f.Session.Detail
		if d.SuccessURL != "https://shop.test/thanks" || d.Theme.Primary != "#0b5d4f" || d.Metadata["cart"] != "7" || !d.Collection.RequireEmail ||
			d.Collection.Email != "ana@buyer.test" || d.Contact != nil || f.Session.ExternalReferenceID != "ref-1" || f.Order.Outstanding() != 5250 {
			t.Errorf("the new session: %+v", f.Session)
		}
		if f.Session.RecoveryID != r.of(t, s.OrderID).ID {
			t.Error("the new session does not name its recovery")
		}
		again, err := r.open(token)
		if err != nil || again.Session.ID != f.Session.ID {
			t.Errorf("a second open leads to %+v, %v", again, err)
		}
	})
}

func TestLinksThatLeadNowhere(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		if _, err := r.open("nonsense"); err == nil {
			t.Error("a token that nobody made opens something")
		}
		shut, old, revoked, worn := r.left(t), r.left(t), r.left(t), r.left(t)
		tokens := map[*checkout.Session]string{}
		for _, s := range []*checkout.Session{shut, old, revoked, worn} {
			tokens[s] = r.link(t, s.OrderID)
		}
		r.Write(t, func(tx db.Tx) error {
			_, err := r.Orders.Close(tx.Context(), tx, order.CloseInput{Scope: r.Scope, OrderID: shut.OrderID, Cause: r.Cause})
			return err
		})
		r.Write(t, func(tx db.Tx) error {
			_, err := r.rec.Revoke(tx, r.Scope, revoked.OrderID)
			return err
		})
		for range recovery.MaxOpens {
			if f, err := r.open(tokens[worn]); err != nil || f.Verdict != recovery.Ready {
				t.Fatalf("%+v, %v", f, err)
			}
		}
		r.Advance(time.Hour)
		for _, s := range []*checkout.Session{shut, revoked, worn} {
			if f, err := r.open(tokens[s]); err != nil || f.Verdict != recovery.Gone {
				t.Errorf("%+v, %v", f, err)
			}
		}
		r.Advance(recovery.Lifetime)
		if f, err := r.open(tokens[old]); err != nil || f.Verdict != recovery.Gone {
			t.Errorf("%+v, %v", f, err)
		}
	})
}

// A payment that waits at the bank is gone on with, or given up first: one charge whatever happens.
func TestALinkAndAPaymentUnderWay(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		begun := func() (*checkout.Session, string) {
			s := r.left(t, func(in *checkout.CreateInput) { in.Detail.ExpiresIn = 600 })
			if err := r.Pay(s.OrderID, "simtok_3ds", by(s)); err != nil {
				t.Fatal(err)
			}
			token := r.link(t, s.OrderID)
			r.later(t, 11*time.Minute)
			if got := r.SessionOf(t, s.ID); got.Status != checkout.StatusExpired || !got.Recovering(r.Clock.Now()) {
				t.Fatalf("the session is %+v", got)
			}
			return s, token
		}
		goesOn, token := begun()
		f, err := r.open(token)
		if err != nil || f.Verdict != recovery.Waiting || f.Session.ID != goesOn.ID {
			t.Fatalf("%+v, %v", f, err)
		}
		r.Answer(t, r.State(t, goesOn.OrderID).Leg(), true)
		r.Deliver(t)
		if f := r.look(t, token); f.Verdict != recovery.Bought {
			t.Errorf("confirmed: %s", f.Verdict)
		}
		startsAgain, token := begun()
		var ops []payment.Operation
		var cause event.Cause
		r.Write(t, func(tx db.Tx) (err error) {
			ops, cause, err = r.rec.CancelPayment(tx, token)
			return err
		})
		if err := r.Payments.Execute(r.Context(), ops, cause, nil); err != nil {
			t.Fatal(err)
		}
		f, err = r.open(token)
		if err != nil || f.Verdict != recovery.Ready || f.Session.ID == startsAgain.ID {
			t.Fatalf("%+v, %v", f, err)
		}
		if err := r.Pay(startsAgain.OrderID, "simtok_approve", by(f.Session)); err != nil {
			t.Fatal(err)
		}
		r.Quiesce(t)
		if paid := r.State(t, startsAgain.OrderID).Order.Settlement.Paid; paid != 5000 {
			t.Errorf("paid %d", paid)
		}
	})
}

func TestActionsPutOneDoorInThePlaceOfAnother(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		s := r.left(t)
		door, err := r.act(s.OrderID, recovery.TypeCheckoutSession, false)
		if err != nil || !strings.HasPrefix(door.URL, "https://pay.test/checkout/"+door.ID+"#checkout_token=cslaunch_") {
			t.Fatalf("%+v, %v", door, err)
		}
		old := r.SessionOf(t, s.ID)
		if old.Status != checkout.StatusInvalidated || old.SupersedingID != door.ID {
			t.Errorf("the old session: %+v", old)
		}
		if _, err := r.act(s.OrderID, recovery.TypeInvoice, false); err == nil {
			t.Error("a door that nobody can open was opened")
		}
		next := r.SessionOf(t, door.ID)
		if next.RecoveryID != r.of(t, s.OrderID).ID {
			t.Error("the new session does not name its recovery")
		}
		// The buyer has never been at the new one: the old one was left.
		r.later(t, time.Hour)
		if got := r.of(t, s.OrderID); got.State != recovery.StateAbandoned || got.SessionID != s.ID {
			t.Errorf("%+v", got)
		}
		if err := r.Pay(s.OrderID, "simtok_3ds", by(next)); err != nil {
			t.Fatal(err)
		}
		_, err = r.act(s.OrderID, recovery.TypeCheckoutSession, false)
		flinttest.Refused(t, err, "CHECKOUT_PAYMENT_RESOLVING")
		third, err := r.act(s.OrderID, recovery.TypeCheckoutSession, true)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.SessionOf(t, third.ID); got.Status != checkout.StatusOpen || r.SessionOf(t, next.ID).Status != checkout.StatusInvalidated {
			t.Errorf("%+v", got)
		}
		if a := r.State(t, s.OrderID); a.Order.ActiveAttemptID != "" || a.Attempt.Status != payment.AttemptCanceled {
			t.Errorf("the payment in the way is %+v", a.Attempt)
		}
		r.Paid(t, s.OrderID, "simtok_approve")
		got := r.of(t, s.OrderID)
		if got.State != recovery.StateRecovered || got.Detail.Attribution.ActionID == "" {
			t.Errorf("%+v %+v", got, got.Detail.Attribution)
		}
		_, err = r.act(s.OrderID, recovery.TypeCheckoutSession, false)
		flinttest.Refused(t, err, "ORDER_ALREADY_PAID")
		_, err = r.act(s.OrderID, recovery.TypeRecoveryLink, false)
		flinttest.Refused(t, err, "ORDER_ALREADY_PAID")
	})
}
