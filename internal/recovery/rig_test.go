package recovery_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/recovery"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// rig is a platform with recovery wired as the server does.
type rig struct {
	*flinttest.Bench
	rec  *recovery.Service
	plan recovery.Plan
	off  map[string]bool // addresses that have switched reminders off

	mu      sync.Mutex
	letters []recovery.Letter
}

func newRig(t testing.TB, d db.DB) *rig {
	t.Helper()
	b := flinttest.New(t, d)
	r := &rig{Bench: b, plan: recovery.Plan{
		Steps: []recovery.PlanStep{{Delay: time.Hour}, {Delay: 24 * time.Hour}, {Delay: 72 * time.Hour}}, HasAddress: true, Cap: 3, CapDays: 7,
	}, off: map[string]bool{}}
	r.rec = &recovery.Service{
		Clock: b.Clock, IDs: b.IDs, Events: &event.Log{IDs: b.IDs}, Orders: b.Orders, Payments: b.Payments, Checkouts: b.Checkouts,
		Logger: slog.New(slog.DiscardHandler), Key: []byte("0123456789abcdef0123456789abcdef"), Address: (&settings.Service{BaseURL: "https://pay.test"}).Address,
		Plan:         func(db.Tx, tenant.Scope) (recovery.Plan, error) { return r.plan, nil },
		Unsubscribed: func(_ db.Tx, _ tenant.Scope, email string) (bool, error) { return r.off[email], nil },
		Queue: func(tx db.Tx, l recovery.Letter) (string, string, error) {
			tx.AfterCommit(func() {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.letters = append(r.letters, l)
			})
			return fmt.Sprintf("mail_%s_%d", l.RecoveryID, l.Step), "", nil
		},
	}
	recovery.Wire(r.rec)
	return r
}

func each(t *testing.T, fn func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		fn(t, r)
		r.Check(t)
	})
}

// left opens a session over an order of 50.00 at which a buyer was.
func (r *rig) left(t flinttest.TB, change ...func(*checkout.CreateInput)) *checkout.Session {
	t.Helper()
	o := r.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
	s := r.opened(t, o.ID, change...)
	r.visit(t, s)
	return s
}

func (r *rig) opened(t flinttest.TB, orderID string, change ...func(*checkout.CreateInput)) *checkout.Session {
	t.Helper()
	in := checkout.CreateInput{Scope: r.Scope, OrderID: orderID, Cause: r.Cause}
	for _, f := range change {
		f(&in)
	}
	var l checkout.Launch
	r.Write(t, func(tx db.Tx) (err error) {
		l, err = r.Checkouts.Create(tx.Context(), tx, in)
		return err
	})
	return l.Session
}

func (r *rig) visit(t flinttest.TB, s *checkout.Session) {
	t.Helper()
	r.Write(t, func(tx db.Tx) error { return r.Checkouts.NoteOpened(tx, r.Scope, s.ID) })
}

// email leaves an address at a session.
func (r *rig) email(t flinttest.TB, s *checkout.Session, email string) {
	t.Helper()
	r.Write(t, func(tx db.Tx) error {
		_, err := r.Checkouts.Update(tx, checkout.UpdateInput{Scope: r.Scope, SessionID: s.ID, Contact: &checkout.ContactInput{Email: &email},
			Cause: event.Cause{ActorType: "buyer", ActorID: s.ID, CheckoutSessionID: s.ID}})
		return err
	})
}

// work runs the workers until nothing is due.
func (r *rig) work(t flinttest.TB) {
	t.Helper()
	for range 50 {
		if _, err := r.Checkouts.Expire(r.Context(), r.DB, 100); err != nil {
			t.Fatalf("expire: %v", err)
		}
		n, err := r.rec.Work(r.Context(), r.DB, 100)
		if err != nil {
			t.Fatalf("work: %v", err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatalf("the worker never comes to an end")
}

func (r *rig) later(t flinttest.TB, d time.Duration) {
	t.Helper()
	r.Advance(d)
	r.work(t)
}

// of is the newest recovery of an order, nil without one.
func (r *rig) of(t flinttest.TB, orderID string) *recovery.Recovery {
	t.Helper()
	var found []*recovery.Recovery
	r.Read(t, func(tx db.Tx) (err error) {
		found, _, err = recovery.List(tx, recovery.ListInput{Scope: r.Scope, OrderID: orderID, Limit: 10})
		return err
	})
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func (r *rig) steps(t flinttest.TB, recoveryID string) string {
	t.Helper()
	out := ""
	r.Read(t, func(tx db.Tx) error {
		steps, err := recovery.Steps(tx, r.Scope, recoveryID)
		for _, s := range steps {
			out += fmt.Sprintf("%d %s", s.Number, s.State)
			if s.Reason != "" {
				out += " " + s.Reason
			}
			out += "; "
		}
		return err
	})
	return out
}

// link makes a link of an order and returns its token.
func (r *rig) link(t flinttest.TB, orderID string) string {
	t.Helper()
	door, err := r.act(orderID, recovery.TypeRecoveryLink, false)
	if err != nil {
		t.Fatalf("make a link: %v", err)
	}
	return door.URL[len("https://pay.test/r/"):]
}

// act does a recovery action, the payment that is in its way included.
func (r *rig) act(orderID, kind string, cancel bool) (recovery.Door, error) {
	var a *recovery.Action
	var ops []payment.Operation
	var door recovery.Door
	err := r.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		a, ops, err = r.rec.Start(tx, recovery.StartInput{Scope: r.Scope, OrderID: orderID, Type: kind, CancelPayment: cancel, Cause: r.Cause})
		return err
	})
	if err != nil {
		return door, err
	}
	if err := r.Payments.Execute(r.Context(), ops, r.Cause, nil); err != nil {
		return door, err
	}
	err = r.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		_, door, err = r.rec.Finish(tx.Context(), tx, r.Scope, a.ID, r.Cause)
		return err
	})
	return door, err
}

func (r *rig) open(token string) (*recovery.Found, error) {
	var f *recovery.Found
	err := r.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		f, err = r.rec.Open(tx.Context(), tx, token)
		return err
	})
	return f, err
}

func count(events []string, kind string) (n int) {
	for _, e := range events {
		if e == kind {
			n++
		}
	}
	return n
}

func oneLine() []order.LineInput {
	return []order.LineInput{{Name: "Thing", UnitPrice: &money.Amount{Minor: 5000, Currency: "USD"}}}
}
