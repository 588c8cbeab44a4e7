package returns_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/tenant"
)

// dead is what a process that ended throws.
type dead struct{}

// fragile is a shop whose process ends once, at a place.
type fragile struct {
	*shop
	place string // empty: never
	ended bool
}

func (f *fragile) arm() {
	points := failpoint.Call(func(name string) {
		if name == f.place && !f.ended {
			f.ended = true
			panic(dead{})
		}
	})
	f.Returns.Failpoints, f.Payments.Failpoints, f.Refunds.Failpoints, f.Disputes.Failpoints = points, points, points, points
}

// do does a step. When the process ends in it, another one starts, its sweepers finish what was under way, and the
// caller, who got no answer, does the step again unless it turns out to be done.
func (f *fragile) do(done func() bool, step func() error) {
	f.t.Helper()
	before := f.ended
	err := func() (err error) {
		defer func() {
			if r := recover(); r != nil && r != (dead{}) {
				panic(r)
			}
		}()
		return step()
	}()
	if before == f.ended {
		f.ok(err)
		return
	}
	if err := f.Payments.Orphans(f.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.Advance(2 * time.Minute) // here an end comes out of a sweep as an error, and work that fails is put off
	f.work()
	if !done() {
		f.ok(step())
	}
}

// in does a step that is one transaction and nothing else: when the process ends in it, nothing of it was done.
func (f *fragile) in(fn func(tx db.Tx) error) {
	f.t.Helper()
	f.do(func() bool { return false }, func() error { return f.DB.Write(f.Context(), fn) })
}

func (f *fragile) sweep() {
	f.t.Helper()
	f.do(func() bool { return false }, func() error { _, err := f.Returns.Sweep(f.Context(), f.DB, 50); return err })
	f.do(func() bool { return false }, func() error { f.Quiesce(f.t); return nil })
}

func (f *fragile) refund(orderID string, change func(*refund.CreateInput)) string {
	f.t.Helper()
	count := func() (out []string) {
		f.Read(f.t, func(tx db.Tx) error {
			out = out[:0]
			return tx.Query(func(row db.Row) error {
				var refundID string
				err := row.Scan(&refundID)
				out = append(out, refundID)
				return err
			}, `SELECT refund_id FROM refunds WHERE merchant_id = $1 AND order_id = $2 ORDER BY refund_id`, f.Scope.MerchantID, orderID)
		})
		return out
	}
	before := len(count())
	f.do(func() bool { return len(count()) > before }, func() error { _, err := f.Refund(orderID, change); return err })
	f.do(func() bool { return false }, func() error { f.Quiesce(f.t); return nil })
	all := count()
	return all[len(all)-1]
}

// story comes by every place of returns, refunds and disputes, and tells how everything ended.
func (f *fragile) story() string {
	o := f.sold()
	f.arm()
	var r *returns.Return
	two, look := int64(2), true
	f.in(func(tx db.Tx) (err error) {
		r, err = f.Returns.Create(tx, returns.CreateInput{Scope: f.Scope, OrderID: o.ID, Cause: f.Cause, Lines: []returns.LineInput{
			{OrderLineID: o.Lines[0].ID, FulfillmentID: "ful_1", Quantity: 2, ReasonID: returnpolicy.BuiltIn()[0].ID}}})
		return err
	})
	f.in(func(tx db.Tx) (err error) {
		r, err = f.Returns.Decide(tx, returns.DecideInput{Scope: f.Scope, ReturnID: r.ID, Cause: f.Cause, CompletionMode: returns.ModeManual, Lines: []returns.Decision{{
			LineID: r.Lines[0].ID, Basis: returns.BasisExplicit, Approved: 2, ReturnRequired: &two, InspectionRequired: &look, RefundTiming: returns.AfterInspection,
			ReceivingLocation: "loc_shop", Destination: &returnpolicy.Destination{Name: "Shop"}, ResolutionMode: returns.ModeManual,
			AllowedResolutions: []string{returns.ResolutionRefund, returns.ResolutionExchange}}}})
		return err
	})
	cheap := f.exchangeOf(r, 1, 1000)
	f.in(func(tx db.Tx) error { _, _, err := f.Returns.Confirm(tx, f.of(cheap), cheap.QuoteHash); return err })
	var got *returns.Receipt
	f.in(func(tx db.Tx) (err error) {
		_, got, err = f.Returns.Receive(tx, returns.ReceiveInput{Scope: f.Scope, ReturnID: r.ID, Cause: f.Cause, Goods: returns.ReceiptGoods{
			ReceivedAt: f.Clock.Now(), LocationID: "loc_shop", Lines: []returns.ReceiptLineInput{{LineID: r.Lines[0].ID, Quantity: 2}}}})
		return err
	})
	var seen *returns.Inspection
	f.in(func(tx db.Tx) (err error) {
		_, seen, err = f.Returns.Inspect(tx, returns.InspectInput{Scope: f.Scope, ReturnID: r.ID, Cause: f.Cause, Goods: returns.InspectionGoods{ReceiptID: got.ID,
			InspectedAt: f.Clock.Now(), LocationID: "loc_shop", Lines: []returns.InspectionLineInput{{ReceiptLineID: got.Lines[0].ID, Quantity: 2, Condition: "opened", Acceptance: "accepted"}}}})
		return err
	})
	f.in(func(tx db.Tx) error {
		_, _, err := f.Returns.Dispose(tx, returns.DisposeInput{Scope: f.Scope, ReturnID: r.ID, Cause: f.Cause, Goods: returns.DispositionGoods{
			Type: returns.DisposeSellable, Quantity: 2, OccurredAt: f.Clock.Now(), Reason: "inspection_result", InspectionLineID: seen.Lines[0].ID}})
		return err
	})
	f.sweep()
	dear := f.exchangeOf(r, 1, 9000)
	f.in(func(tx db.Tx) error { _, _, err := f.Returns.Confirm(tx, f.of(dear), dear.QuoteHash); return err })
	f.in(func(tx db.Tx) error {
		_, _, err := f.Returns.Checkout(f.Context(), tx, f.of(dear), returns.SessionInput{})
		return err
	})
	f.in(func(tx db.Tx) error {
		_, _, _, err := f.Returns.Collect(f.Context(), tx, f.of(dear), returns.DoorLink)
		return err
	})
	f.Advance((returns.DefaultPaymentDays + 1) * 24 * time.Hour)
	f.sweep()
	f.refund(o.ID, func(in *refund.CreateInput) {
		in.Amount, in.Method, in.Reference = flinttest.Money(100, "USD"), refund.MethodManual, "cash"
	})
	f.Refunds.Limit = func(db.Tx, tenant.Scope) (*money.Amount, error) { return flinttest.Money(1, "USD"), nil }
	boss := event.Cause{ActorType: "user", ActorID: "usr_boss"}
	for _, approve := range []bool{true, false} {
		refundID := f.refund(o.ID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(50, "USD") })
		f.do(func() bool { return f.RefundOf(f.t, refundID).Status != refund.StatusRequiresAction }, func() error {
			var ops []payment.Operation
			err := f.DB.Write(f.Context(), func(tx db.Tx) (err error) {
				_, ops, err = f.Refunds.Decide(tx, refund.DecideInput{Scope: f.Scope, RefundID: refundID, Approve: approve, Cause: boss})
				return err
			})
			return errors.Join(err, f.Payments.Execute(f.Context(), ops, boss, nil))
		})
		f.do(func() bool { return false }, func() error { f.Quiesce(f.t); return nil })
	}
	f.Refunds.Limit = nil
	leg := f.State(f.t, o.ID).Leg()
	if _, err := f.Simulator.OpenDispute(f.Context(), simulator.OpenInput{Scope: f.Scope, PaymentID: leg.ID, Amount: leg.Captured}); err != nil {
		f.t.Fatal(err)
	}
	f.do(func() bool { return false }, func() error { f.Deliver(f.t); return nil })
	f.work()
	return f.told(o.ID, r.ID)
}

// exchangeOf proposes to exchange units of the only line for something else.
func (f *fragile) exchangeOf(r *returns.Return, units, price int64) (x *returns.Resolution) {
	f.t.Helper()
	in := exchange(price)
	in.Lines = []returns.ResolutionUnits{{LineID: r.Lines[0].ID, Quantity: units}}
	f.in(func(tx db.Tx) (err error) {
		_, x, err = f.Returns.Propose(tx, returns.ProposeInput{Scope: f.Scope, ReturnID: r.ID, Resolution: in, Cause: f.Cause})
		return err
	})
	return x
}

// told sums up all that the story has left behind.
func (f *fragile) told(orderID, returnID string) string {
	var out strings.Builder
	r := f.back(returnID)
	fmt.Fprintf(&out, "return %s %d receipts %d inspections %d dispositions\n", r.Status, len(r.Receipts), len(r.Inspections), len(r.Dispositions))
	for _, x := range r.Resolutions {
		fmt.Fprintf(&out, "%s %s %s: refund %d of %d, collected %d of %d, %d refunds, attempt %d\n", x.Type, x.Status, x.FailureCode, x.Refunded, x.BuyerRefund, x.Collected, x.BuyerPayment, len(x.RefundIDs), x.Attempt)
		made := f.State(f.t, x.ReplacementID)
		fmt.Fprintf(&out, "  %s paid %d, %d payments\n", made.Order.Status, made.Order.Settlement.Paid, len(made.Intents))
	}
	s := f.State(f.t, orderID)
	l := s.Order.Lines[0]
	fmt.Fprintf(&out, "refunded %d of %d, line %d/%d, disputes %+v, payment %d %d %d\n", s.Order.Settlement.Refunded, s.Order.Settlement.Paid, l.RefundedQuantity, l.Refunded,
		s.Order.Disputes, s.Leg().Refunded, s.Leg().RefundReserved, s.Leg().Disputed)
	for _, table := range []string{"orders", "refunds", "returns", "disputes", "payment_intents", "processor_operations", "return_claims", "return_work", "checkout_sessions", "payment_links"} {
		var n int64
		f.Read(f.t, func(tx db.Tx) error {
			return tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM `+table+` WHERE merchant_id = $1`, f.Scope.MerchantID)
		})
		fmt.Fprintf(&out, "%s %d\n", table, n)
	}
	return out.String()
}

// TestCrashAtEveryPlaceOfAReturn ends the process at every named place of returns, exchange credit, refunds and
// disputes: after another start everything is as if nothing had happened, and nothing has happened twice.
func TestCrashAtEveryPlaceOfAReturn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		run := func(place string) string {
			f := &fragile{shop: open(t, d), place: place}
			out := f.story()
			if place != "" && !f.ended {
				t.Errorf("%s was not come by", place)
			}
			f.sound()
			return out
		}
		want := run("")
		for _, place := range failpoint.Names {
			named := func(prefix string) bool { return strings.HasPrefix(place, prefix) }
			if !slices.ContainsFunc([]string{"return.", "refund.", "dispute.", "payment.credited"}, named) {
				continue
			}
			if got := run(place); got != want {
				t.Errorf("after a crash at %s:\n%swithout one:\n%s", place, got, want)
			}
		}
	})
}
