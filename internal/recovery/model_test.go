package recovery_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/order"
	"flint/internal/recovery"
)

// model is what a reader of the package comment expects of one order.
type model struct {
	state    string // empty before anybody was seen
	open     string // session, empty when none is open
	expires  time.Time
	current  string // session at which the buyer was seen last
	left     string
	last     time.Time
	gone     time.Time
	returns  int64
	told     map[string]int // events of each session
	finished bool           // paid or closed
}

func (m *model) live() bool {
	return m.state == recovery.StateWatching || m.state == recovery.StateAbandoned || m.state == recovery.StateReturned
}

func (m *model) active(now time.Time) {
	switch {
	case !m.live():
		m.state, m.returns, m.left = recovery.StateWatching, 0, m.open
	case m.state == recovery.StateAbandoned:
		m.state = recovery.StateReturned
		m.returns++
	}
	m.current, m.last = m.open, now
}

func (m *model) leave(now time.Time) {
	m.state, m.gone, m.left = recovery.StateAbandoned, now, m.current
	m.told[m.left] = 1
}

// ended is what the end of the open session does.
func (m *model) ended(now time.Time) {
	if m.current == m.open && (m.state == recovery.StateWatching || m.state == recovery.StateReturned) {
		m.leave(now)
	}
	m.open = ""
}

func (m *model) work(now time.Time) {
	if m.open != "" && !now.Before(m.expires) {
		m.ended(now)
	}
	switch {
	case (m.state == recovery.StateWatching || m.state == recovery.StateReturned) && now.Sub(m.last) >= time.Hour:
		m.leave(now)
	case m.state == recovery.StateAbandoned && now.Sub(m.gone) >= recovery.Lifetime:
		m.state = recovery.StateLapsed
	}
}

func (m *model) buy() {
	if m.live() {
		was := m.state
		m.state = recovery.StateCompleted
		if was != recovery.StateWatching {
			m.state = recovery.StateRecovered
		}
	}
	m.finished, m.open = true, ""
}

func TestTheMachineIsTheModels(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		r.plan = recovery.Plan{}
		rapid.Check(t, func(rt *rapid.T) { follow(rt, r) })
		r.Check(t)
	})
}

// follow does to one order what chance wants and compares after each step.
func follow(t *rapid.T, r *rig) {
	m := &model{told: map[string]int{}}
	o := r.Order(t, "USD", nil, func(in *order.CreateInput) { in.Lines = oneLine() })
	var all []string
	begin := func(replaces string) {
		s := r.opened(t, o.ID, func(in *checkout.CreateInput) { in.ReplaceID, in.Detail.ExpiresIn = replaces, 7200 })
		m.open, m.expires = s.ID, s.ExpiresAt
		all = append(all, s.ID)
	}
	steps := rapid.IntRange(1, 14).Draw(t, "steps")
	for range steps {
		now := r.Clock.Now()
		switch op := rapid.SampledFrom([]string{"visit", "visit", "email", "decline", "wait", "wait", "wait", "close", "session", "session", "link", "buy", "shut"}).Draw(t, "op"); op {
		case "session":
			if !m.finished {
				begin(m.open)
			}
		case "visit", "email", "decline":
			if m.open == "" {
				continue
			}
			s := r.SessionOf(t, m.open)
			switch op {
			case "visit":
				r.visit(t, s)
			case "email":
				r.email(t, s, "ana@buyer.test")
			default:
				if err := r.Pay(o.ID, "simtok_decline_generic_decline", by(s)); err != nil {
					continue // a declined payment is to be chosen again; nothing was tried
				}
			}
			m.active(now)
		case "wait":
			r.later(t, rapid.SampledFrom([]time.Duration{time.Minute, 29 * time.Minute, time.Hour, 3 * time.Hour, 31 * 24 * time.Hour}).Draw(t, "wait"))
			m.work(r.Clock.Now())
		case "close":
			if m.open != "" {
				r.Write(t, func(tx db.Tx) error {
					_, err := r.Checkouts.Close(tx, checkout.CloseInput{Scope: r.Scope, SessionID: m.open, Cause: r.Cause})
					return err
				})
				m.ended(now)
			}
		case "link":
			if m.finished || len(all) == 0 {
				continue
			}
			f, err := r.open(r.link(t, o.ID))
			if err != nil || f.Verdict != recovery.Ready {
				t.Fatalf("a link leads to %+v, %v", f, err)
			}
			if f.Session.ID != m.open {
				if m.open != "" {
					t.Fatalf("a link opened %s beside %s", f.Session.ID, m.open)
				}
				m.open, m.expires = f.Session.ID, f.Session.ExpiresAt
				all = append(all, f.Session.ID)
			}
			m.active(now)
		case "buy", "shut":
			if m.finished || rapid.IntRange(0, 2).Draw(t, "really") > 0 {
				continue
			}
			if op == "buy" {
				if err := r.Pay(o.ID, "simtok_approve"); err != nil {
					continue
				}
				m.buy()
				break
			}
			r.Write(t, func(tx db.Tx) error {
				_, err := r.Orders.Close(tx.Context(), tx, order.CloseInput{Scope: r.Scope, OrderID: o.ID, Cause: r.Cause})
				return err
			})
			if m.live() {
				m.state = recovery.StateEnded
			}
			m.finished, m.open = true, ""
		}
		compare(t, r, o.ID, m, all)
	}
}

func compare(t *rapid.T, r *rig, orderID string, m *model, all []string) {
	got := r.of(t, orderID)
	if got == nil {
		if m.state != "" {
			t.Fatalf("there is no recovery, the model says %s", m.state)
		}
		return
	}
	if got.State != m.state || got.Returns != m.returns {
		t.Fatalf("the recovery is %s after %d returns, the model says %s after %d", got.State, got.Returns, m.state, m.returns)
	}
	if m.live() && (got.SessionID != m.left || got.CurrentID != m.current) {
		t.Fatalf("left %s, at %s; the model says %s, %s", got.SessionID, got.CurrentID, m.left, m.current)
	}
	bought := 0
	for _, s := range all {
		events := r.Events(t, s)
		if n := count(events, abandoned); n != m.told[s] {
			t.Fatalf("%d abandonments of %s, the model says %d", n, s, m.told[s])
		}
		bought += count(events, recovered)
	}
	if want := map[bool]int{true: 1}[m.state == recovery.StateRecovered]; bought != want {
		t.Fatalf("%d events tell of a recovered order", bought)
	}
}
