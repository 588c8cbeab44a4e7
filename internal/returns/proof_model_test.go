package returns_test

import (
	"testing"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// sequences runs sequences of acts of a machine: three to a case on SQLite, and about a hundred of them when nobody
// asked for a number of cases with -rapid.checks; one to a case and a quarter of the cases on PostgreSQL.
func sequences(t *testing.T, d db.DB, sequence func(t *rapid.T)) {
	t.Helper()
	next, each, n := cases(d, 33), 3, 0
	if d.Engine() == db.Postgres {
		each = 1
	}
	rapid.Check(t, func(t *rapid.T) {
		if !next() {
			return
		}
		for range each {
			n++
			sequence(t)
		}
	})
	t.Logf("[rapid] OK, %d sequences", n)
}

// settlement is what becomes of the value of n units, told without any of its code.
type settlement struct {
	status          string
	timing          string
	units, came     int64
	released, fails bool
}

// run is what follows by itself from a confirmed settlement.
func (m *settlement) run() {
	switch {
	case m.status != returns.ResolutionPending && m.status != returns.ResolutionRequiresAction:
	case m.timing == returns.TimingManual && !m.released:
		m.status = returns.ResolutionRequiresAction
	case m.timing == returns.AfterReceipt && m.came < m.units:
		m.status = returns.ResolutionPending
	default:
		m.status = "sent"
	}
}

// end is when the processor has answered.
func (m *settlement) end() {
	if m.status == "sent" {
		if m.status = returns.ResolutionFulfilled; m.fails {
			m.status, m.fails = returns.ResolutionFailed, false
		}
	}
}

// promised is how many units are claimed, and given how many were refunded.
func (m *settlement) promised() (claimed, given int64) {
	switch m.status {
	case returns.ResolutionPending, returns.ResolutionRequiresAction, returns.ResolutionFailed:
		return m.units, 0
	case returns.ResolutionFulfilled:
		return 0, m.units
	}
	return 0, 0
}

// TestResolutionsFollowTheModel drives a refund of a return by random acts and compares it with the model after each.
func TestResolutionsFollowTheModel(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		bench := flinttest.New(t, d)
		bench.Returns.Fulfilled = handedOver
		sequences(t, d, func(t *rapid.T) {
			w := &world{Bench: bench.Another(), t: t, currency: "USD"}
			w.NoFaults(t)
			m := &settlement{status: returns.ResolutionProposed, units: w.n(1, 3, "units"), timing: oneOf(w, "timing", returns.AfterApproval, returns.AfterReceipt, returns.TimingManual)}
			o := w.Order(t, "USD", []flinttest.Line{{Price: 700, Quantity: 3}})
			o = w.Paid(t, o.ID, "simtok_approve").Order
			var r *returns.Return
			var x *returns.Resolution
			w.Write(t, func(tx db.Tx) (err error) {
				r, err = w.Returns.Create(tx, returns.CreateInput{Scope: w.Scope, OrderID: o.ID, Cause: w.Cause, Lines: []returns.LineInput{
					{OrderLineID: o.Lines[0].ID, FulfillmentID: "ful_1", Quantity: m.units, ReasonID: returnpolicy.BuiltIn()[0].ID}}})
				if err != nil {
					return err
				}
				all, no := m.units, false
				r, err = w.Returns.Decide(tx, returns.DecideInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause, CompletionMode: returns.ModeManual, Lines: []returns.Decision{{
					LineID: r.Lines[0].ID, Basis: returns.BasisExplicit, Approved: all, ReturnRequired: &all, InspectionRequired: &no, RefundTiming: m.timing,
					ReceivingLocation: "loc_shop", Destination: &returnpolicy.Destination{Name: "Shop"}, ResolutionMode: returns.ModeManual, AllowedResolutions: []string{returns.ResolutionRefund}}}})
				if err != nil {
					return err
				}
				_, x, err = w.Returns.Propose(tx, returns.ProposeInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause, Resolution: returns.ResolutionInput{
					Type: returns.ResolutionRefund, Lines: []returns.ResolutionUnits{{LineID: r.Lines[0].ID, Quantity: m.units}}}})
				return err
			})
			in := returns.ActInput{ResolutionVersion: w.of(x), Reason: "operator_retry"}
			for range w.n(2, 8, "acts") {
				act := oneOf(w, "act", "confirm", "confirm", "release", "receive", "cancel", "retry", "fail", "send")
				allowed, was := true, *m
				did := true
				switch act {
				case "confirm":
					if allowed = m.status == returns.ResolutionProposed; allowed {
						m.status = returns.ResolutionPending
					}
					did = w.write(act, func(tx db.Tx) error { _, _, err := w.Returns.Confirm(tx, w.of(x), ""); return err })
				case "release":
					if allowed = m.status == returns.ResolutionRequiresAction; allowed {
						m.released = true
					}
					did = w.write(act, func(tx db.Tx) error { _, _, err := w.Returns.Release(tx, in); return err })
				case "receive":
					if allowed = m.came < m.units; allowed {
						m.came++
					}
					did = w.write(act, func(tx db.Tx) error {
						_, _, err := w.Returns.Receive(tx, returns.ReceiveInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause, Goods: returns.ReceiptGoods{
							ReceivedAt: w.Clock.Now(), LocationID: "loc_shop", Lines: []returns.ReceiptLineInput{{LineID: r.Lines[0].ID, Quantity: 1}}}})
						return err
					})
				case "cancel":
					if allowed = m.status != "sent" && m.status != returns.ResolutionFulfilled && m.status != returns.ResolutionCanceled; allowed {
						m.status = returns.ResolutionCanceled
					}
					did = w.write(act, func(tx db.Tx) error { _, _, err := w.Returns.CancelResolution(tx, in); return err })
				case "retry":
					if allowed = m.status == returns.ResolutionFailed; allowed {
						m.status = "sent"
					}
					did = w.write(act, func(tx db.Tx) error { _, _, err := w.Returns.Retry(tx, in); return err })
				case "fail":
					if m.status == "sent" {
						m.fails = true
						w.FailNext(t, payment.KindRefund)
					}
				case "send":
					w.work()
					w.Quiesce(t)
					m.end()
				}
				if did != allowed {
					t.Fatalf("%s of a resolution that is %s: allowed %v\n%s", act, was.status, allowed, &w.trace)
				}
				m.run()
				m.compare(w, r.ID, o.ID, x.ID)
			}
			m.fails = false
			w.settle() // the sweeper works for everybody: what this sequence left open would take the next one's faults
			m.end()
			m.compare(w, r.ID, o.ID, x.ID)
			w.CheckQuiet(t)
		})
	})
}

func (m *settlement) compare(w *world, returnID, orderID, resolutionID string) {
	var r *returns.Return
	var promised int64
	w.Read(w.t, func(tx db.Tx) (err error) {
		if r, err = returns.Get(tx, w.Scope, returnID); err == nil {
			promised, err = returns.Promised(tx, w.Scope, orderID)
		}
		return err
	})
	want := m.status
	if want == "sent" {
		want = returns.ResolutionPending
	}
	claimed, given := m.promised()
	x, o := r.Resolution(resolutionID), w.State(w.t, orderID).Order
	free := int64(0)
	if m.status == returns.ResolutionCanceled {
		free = m.units
	}
	if x.Status != want || promised != claimed*700 || o.Settlement.Refunded != given*700 || x.Refunded != given*700 || r.Lines[0].AvailableResolution != free {
		w.t.Fatalf("the resolution is %s (%s), %d promised, %d and %d given, %d free; the model %+v\n%s", x.Status, x.FailureCode, promised, x.Refunded,
			o.Settlement.Refunded, r.Lines[0].AvailableResolution, *m, &w.trace)
	}
}
