package returns_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// changedMind and faulty are built-in reasons; the second needs a note.
const (
	changedMind = "rrsn_01K4GZ00000000000000000001"
	faulty      = "rrsn_01K4GZ00000000000000000004"
)

// life is a bench with returns; every line of an order was handed over by one fulfilment.
type life struct {
	*flinttest.Bench
	returns *returns.Service
}

func newLife(t testing.TB, d db.DB) *life {
	b := flinttest.New(t, d)
	policies := &returnpolicy.Service{Clock: b.Clock, IDs: b.IDs}
	return &life{Bench: b, returns: &returns.Service{
		Clock: b.Clock, IDs: b.IDs, Events: b.Orders.Events, Orders: b.Orders, Refunds: b.Refunds, Policies: policies,
		Fulfilled: func(_ db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error) {
			var out []returnpolicy.FulfilledLine
			for _, l := range o.Lines {
				out = append(out, returnpolicy.FulfilledLine{
					FulfillmentID: "ful_1", OrderLineItemID: l.ID, Quantity: l.Quantity, FulfilledAt: b.Clock.Now(),
				})
			}
			return out, nil
		},
	}}
}

func lifeOnEach(t *testing.T, scenario func(t *testing.T, r *life)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) { scenario(t, newLife(t, d)) })
}

func (r *life) try(fn func(tx db.Tx) error) error { return r.DB.Write(r.Context(), fn) }

// ask asks n units of the first line back.
func (r *life) ask(o *order.Order, n int64) (out *returns.Return, err error) {
	err = r.try(func(tx db.Tx) error {
		out, err = r.returns.Create(tx, returns.CreateInput{Scope: r.Scope, OrderID: o.ID, Cause: r.Cause, Lines: []returns.LineInput{
			{OrderLineID: o.Lines[0].ID, Quantity: n, ReasonID: changedMind},
		}})
		return err
	})
	return out, err
}

func (r *life) asked(t flinttest.TB, o *order.Order, n int64) *returns.Return {
	t.Helper()
	x, err := r.ask(o, n)
	if err != nil {
		t.Fatalf("ask %d units back: %v", n, err)
	}
	return x
}

// decide approves n units of the only line, which the buyer keeps, and declines the rest.
func (r *life) decide(x *returns.Return, n int64) (out *returns.Return, err error) {
	none := int64(0)
	d := returns.Decision{LineID: x.Lines[0].ID, Basis: returns.BasisExplicit, Approved: n, ReturnRequired: &none}
	if n < x.Lines[0].Requested {
		d.DeclineReason = "merchant_discretion"
	}
	if n > 0 {
		d.AllowedResolutions, d.ResolutionMode = []string{returns.ResolutionRefund}, returns.ModeManual
	}
	err = r.try(func(tx db.Tx) error {
		out, err = r.returns.Decide(tx, returns.DecideInput{Scope: r.Scope, ReturnID: x.ID, Lines: []returns.Decision{d}, Cause: r.Cause})
		return err
	})
	return out, err
}

func (r *life) cancel(x *returns.Return) (out *returns.Return, err error) {
	err = r.try(func(tx db.Tx) error {
		out, err = r.returns.Cancel(tx, returns.CancelInput{Scope: r.Scope, ReturnID: x.ID, Reason: "merchant_request", Cause: r.Cause})
		return err
	})
	return out, err
}

func (r *life) complete(x *returns.Return) (out *returns.Return, err error) {
	err = r.try(func(tx db.Tx) error {
		out, err = r.returns.Complete(tx, returns.CompleteInput{Scope: r.Scope, ReturnID: x.ID, Cause: r.Cause})
		return err
	})
	return out, err
}

func (r *life) reopen(x *returns.Return) (out *returns.Return, err error) {
	err = r.try(func(tx db.Tx) error {
		out, err = r.returns.Reopen(tx, returns.ReopenInput{Scope: r.Scope, ReturnID: x.ID, Reason: "merchant_request", Cause: r.Cause})
		return err
	})
	return out, err
}

// told counts the events of a return by their type.
func (r *life) told(t flinttest.TB, x *returns.Return) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := r.DB.Read(r.Context(), func(tx db.Tx) error {
		return tx.Query(func(row db.Row) error {
			var kind string
			err := row.Scan(&kind)
			out[kind]++
			return err
		}, `SELECT type FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $3`, r.Scope.MerchantID, r.Scope.EnvironmentID, x.ID)
	})
	if err != nil {
		t.Fatalf("read the events: %v", err)
	}
	return out
}
