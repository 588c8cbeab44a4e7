package returns_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/dispute"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// cases tells whether the next case of a property over a whole database is run: few of them when nobody asked for a
// number with -rapid.checks, and a quarter as many on PostgreSQL, where a case takes many round trips.
func cases(d db.DB, byDefault int) func() bool {
	every, runs := 1, 0
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		every = max(100/byDefault, 1)
	}
	if d.Engine() == db.Postgres {
		every *= 4
	}
	return func() bool { runs++; return (runs-1)%every == 0 }
}

// world is one merchant's database that random acts are done to.
type world struct {
	*flinttest.Bench
	t        *rapid.T
	currency money.Currency
	orders   []string
	returns  []string
	trace    strings.Builder
}

// note tells of an act; what breaks without being the caller's fault ends the case.
func (w *world) note(what string, err error) bool {
	fmt.Fprintf(&w.trace, "%s: %v\n", what, err)
	if f := fault.Of(err); err != nil && (f == nil || f.Class == fault.ClassInternal) {
		w.t.Fatalf("%s broke: %v\n%s", what, err, &w.trace)
	}
	return err == nil
}

func (w *world) write(what string, fn func(tx db.Tx) error) bool {
	return w.note(what, w.DB.Write(w.Context(), fn))
}

func (w *world) money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: w.currency}
}

func (w *world) n(from, to int64, label string) int64 {
	return rapid.Int64Range(from, to).Draw(w.t, label)
}

func oneOf[T any](w *world, label string, of ...T) T { return rapid.SampledFrom(of).Draw(w.t, label) }

// sell makes an order of any shape and pays it, by one payment or by two.
func (w *world) sell() {
	lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) flinttest.Line {
		return flinttest.Line{Price: rapid.Int64Range(1, 20000).Draw(t, "price"), Quantity: rapid.Int64Range(1, 5).Draw(t, "quantity")}
	}), 1, 3).Draw(w.t, "lines")
	mode := oneOf(w, "tax mode", order.PriceAdditive, order.PriceInclusive)
	o := w.Order(w.t, w.currency, lines, func(in *order.CreateInput) {
		on, yes := true, true
		in.Tax = &order.TaxInput{Enabled: &on, Calculation: &order.TaxCalculationInput{Mode: order.TaxExternal, PriceMode: mode}}
		for n := range in.Lines {
			in.Lines[n].Tax = &order.ItemTaxInput{Taxable: &yes, Calculation: &order.ItemTaxMethod{Mode: order.TaxExternal, PriceMode: mode, Components: []order.TaxComponent{{
				TaxType: "sales_tax", Percent: money.Percent(w.n(0, 250000, "percent")), Jurisdiction: order.Jurisdiction{Code: "X", Country: "US", Level: "state", Name: "X", State: "TX"},
			}}}}
		}
		if off := w.n(0, lines[0].Price, "discount"); off > 0 {
			in.Discounts = []order.DiscountInput{{Name: "Off", Amount: w.money(off)}}
		}
		if tip := w.n(0, 900, "tip"); tip > 0 {
			in.Tip = &order.TipInput{Amount: flinttest.Money(tip, w.currency)}
		}
	})
	if fee := w.n(0, 600, "charge"); fee > 0 {
		w.Write(w.t, func(tx db.Tx) error {
			_, err := w.Orders.AddCharge(w.Context(), tx, order.AddChargeInput{Scope: w.Scope, Cause: w.Cause, OrderID: o.ID,
				Charge: order.ChargeInput{Type: "service_fee", Name: "Service", Amount: flinttest.Money(fee, w.currency)}})
			return err
		})
	}
	due := w.State(w.t, o.ID).Order.Outstanding()
	if due == 0 {
		return
	}
	if due > 1 && rapid.Bool().Draw(w.t, "two payments") {
		leg, err := w.Stage(o.ID, w.n(1, due-1, "first payment"), "")
		if err == nil {
			err = w.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: "simtok_approve"})
		}
		if err != nil {
			w.t.Fatalf("pay a part: %v", err)
		}
	}
	w.Paid(w.t, o.ID, "simtok_approve")
	w.orders = append(w.orders, o.ID)
}

// ask asks units of a paid order back, those of an order that replaced goods included.
func (w *world) ask() {
	o := w.State(w.t, oneOf(w, "order", w.orders...)).Order
	var lines []returns.LineInput
	for _, l := range o.Lines {
		if len(lines) == 0 || rapid.Bool().Draw(w.t, "too") {
			lines = append(lines, returns.LineInput{OrderLineID: l.ID, FulfillmentID: "ful_1", Quantity: w.n(1, l.Quantity, "units"), ReasonID: returnpolicy.BuiltIn()[0].ID, BuyerNote: "No."})
		}
	}
	var r *returns.Return
	if w.write("ask", func(tx db.Tx) (err error) {
		r, err = w.Returns.Create(tx, returns.CreateInput{Scope: w.Scope, OrderID: o.ID, Cause: w.Cause, Lines: lines})
		return err
	}) {
		w.returns = append(w.returns, r.ID)
		if w.n(0, 4, "decide at once") > 0 {
			w.decide(r)
		}
	}
}

func (w *world) decide(r *returns.Return) {
	var all []returns.Decision
	for _, l := range r.Lines {
		approved := max(w.n(-1, l.Requested, "approved"), 0)
		back, look := w.n(0, approved, "to be sent back"), rapid.Bool().Draw(w.t, "look")
		d := returns.Decision{LineID: l.ID, Basis: returns.BasisExplicit, Approved: approved, ReturnRequired: &back}
		if approved < l.Requested {
			d.DeclineReason = "merchant_discretion"
		}
		if approved > 0 {
			d.InspectionRequired = &look
			d.AllowedResolutions = []string{returns.ResolutionRefund, returns.ResolutionExchange, returns.ResolutionReplacement, returns.ResolutionNoMoney}
			d.ResolutionMode = returns.ModeManual
			d.RefundTiming = oneOf(w, "timing", returns.AfterApproval, returns.AfterApproval, returns.AfterReceipt, returns.AfterInspection, returns.TimingManual)
			if back > 0 {
				d.ReceivingLocation, d.Destination = "loc_shop", &returnpolicy.Destination{Name: "Shop"}
			}
			if rapid.Bool().Draw(w.t, "automatic") {
				d.ResolutionMode, d.SelectedResolution = returns.ModeAutomatic, returns.ResolutionRefund
			}
		}
		all = append(all, d)
	}
	w.write("decide", func(tx db.Tx) error {
		_, err := w.Returns.Decide(tx, returns.DecideInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause, Lines: all,
			CompletionMode: oneOf(w, "completion", returns.ModeAutomatic, returns.ModeManual)})
		return err
	})
}

func (w *world) some() *returns.Return {
	returnID := oneOf(w, "return", w.returns...)
	var r *returns.Return
	w.Read(w.t, func(tx db.Tx) (err error) { r, err = returns.Get(tx, w.Scope, returnID); return err })
	return r
}

// goods is what a warehouse does: it receives units, looks at them, or does without.
func (w *world) goods() {
	r := w.some()
	l := r.Lines[w.n(0, int64(len(r.Lines))-1, "line")]
	switch w.n(0, 4, "goods") {
	case 0, 1:
		w.write("receive", func(tx db.Tx) error {
			_, _, err := w.Returns.Receive(tx, returns.ReceiveInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause, Goods: returns.ReceiptGoods{
				ReceivedAt: w.Clock.Now(), LocationID: "loc_shop", Lines: []returns.ReceiptLineInput{{LineID: l.ID, Quantity: w.n(1, max(l.ReturnRequired, 1), "units")}}}})
			return err
		})
	case 2, 3:
		if len(r.Receipts) == 0 {
			return
		}
		of := r.Receipts[len(r.Receipts)-1]
		w.write("inspect", func(tx db.Tx) error {
			_, _, err := w.Returns.Inspect(tx, returns.InspectInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause, Goods: returns.InspectionGoods{
				ReceiptID: of.ID, InspectedAt: w.Clock.Now(), LocationID: "loc_shop", Lines: []returns.InspectionLineInput{{ReceiptLineID: of.Lines[0].ID,
					Quantity: w.n(1, of.Lines[0].Quantity, "units"), Condition: "opened", Acceptance: oneOf(w, "acceptance", "accepted", "accepted", "rejected", "review_required")}}}})
			return err
		})
	default:
		w.write("waive the inspection", func(tx db.Tx) error {
			_, err := w.Returns.WaiveInspection(tx, returns.WaiveInput{Scope: w.Scope, ReturnID: r.ID, LineID: l.ID, Reason: "trusted_buyer", Cause: w.Cause})
			return err
		})
	}
}

func (w *world) adjustments(of int64) (out []returns.AdjustmentInput) {
	for range w.n(0, 2, "adjustments") {
		a := returns.AdjustmentInput{Type: "restocking_fee", Effect: returns.EffectDeduction, Reason: "return_policy", Assessed: w.money(w.n(0, max(of, 1), "fee"))}
		a.Applied = a.Assessed
		switch w.n(0, 3, "kind") {
		case 0:
			a.Type, a.Effect = "goodwill_credit", returns.EffectCredit
		case 1:
			a.Applied, a.Status, a.WaiverReason = w.money(0), returns.AdjustmentWaived, "customer_service"
		}
		out = append(out, a)
	}
	return out
}

// resolve proposes a resolution as its preview says, and mostly confirms it.
func (w *world) resolve() {
	r := w.some()
	in := returns.ResolutionInput{Type: oneOf(w, "type", returns.ResolutionRefund, returns.ResolutionRefund, returns.ResolutionExchange, returns.ResolutionExchange,
		returns.ResolutionReplacement, returns.ResolutionNoMoney, returns.ResolutionCorrection)}
	var worth int64
	for _, l := range r.Lines {
		if in.Type != returns.ResolutionCorrection && l.AvailableResolution > 0 && (len(in.Lines) == 0 || rapid.Bool().Draw(w.t, "too")) {
			in.Lines = append(in.Lines, returns.ResolutionUnits{LineID: l.ID, Quantity: w.n(1, l.AvailableResolution, "units")})
			worth += l.Value.Total
		}
	}
	switch in.Type {
	case returns.ResolutionExchange:
		price := w.money(oneOf(w, "price", w.n(0, 30000, "any"), worth, max(worth-1, 0)))
		in.PricingBasis, in.Replacements = returns.PriceAgreed, []returns.ReplacementInput{{Name: "Other", Quantity: w.n(1, 2, "units"), UnitPrice: &price}}
	case returns.ResolutionCorrection:
		if len(r.Resolutions) == 0 {
			return
		}
		in.Corrects = r.Resolutions[0].ID
		worth = r.Resolutions[0].Returned
	}
	if in.Type != returns.ResolutionNoMoney {
		in.Adjustments = w.adjustments(worth / 2)
	}
	var x *returns.Resolution
	if !w.write("propose "+in.Type, func(tx db.Tx) error {
		_, seen, q, err := w.Returns.Preview(tx, returns.PreviewInput{Scope: w.Scope, ReturnID: r.ID, Resolution: in, Cause: w.Cause})
		if err != nil {
			return err
		}
		if _, x, err = w.Returns.Propose(tx, returns.ProposeInput{Scope: w.Scope, ReturnID: r.ID, Resolution: in, ExpectedQuoteHash: q.Hash, Cause: w.Cause}); err != nil {
			return err
		}
		if seen.Returned != x.Returned || seen.BuyerRefund != x.BuyerRefund || seen.BuyerPayment != x.BuyerPayment || seen.Replacement != x.Replacement {
			w.t.Fatalf("the preview said %+v, the proposal %+v", seen, x)
		}
		return nil
	}) {
		return
	}
	if w.n(0, 5, "confirm") > 0 {
		w.confirm(x)
	}
}

func (w *world) of(x *returns.Resolution) returns.ResolutionVersion {
	return returns.ResolutionVersion{Scope: w.Scope, ResolutionID: x.ID, Cause: w.Cause}
}

// confirm confirms a resolution; what is frozen is what was proposed.
func (w *world) confirm(x *returns.Resolution) {
	w.write("confirm "+x.Type, func(tx db.Tx) error {
		_, now, err := w.Returns.Confirm(tx, w.of(x), x.QuoteHash)
		if err == nil && (now.BuyerRefund != x.BuyerRefund || now.BuyerPayment != x.BuyerPayment || now.Returned != x.Returned) {
			w.t.Fatalf("%+v was proposed and %+v confirmed", x, now)
		}
		if err == nil {
			fmt.Fprintf(&w.trace, "  returned %d, refund %d, payment %d: %s %s\n", now.Returned, now.BuyerRefund, now.BuyerPayment, now.Status, now.FailureCode)
		}
		return err
	})
}

// act does something to a resolution.
func (w *world) act() {
	r := w.some()
	if len(r.Resolutions) == 0 {
		return
	}
	x := &r.Resolutions[w.n(0, int64(len(r.Resolutions))-1, "resolution")]
	if len(x.SupportedActions) == 0 {
		return
	}
	in := returns.ActInput{ResolutionVersion: w.of(x), Reason: "operator_retry"}
	switch action := oneOf(w, "action", x.SupportedActions...); action {
	case returns.ActResolutionConfirm:
		w.confirm(x)
	case returns.ActResolutionRelease:
		w.write(action, func(tx db.Tx) error { _, _, err := w.Returns.Release(tx, in); return err })
	case returns.ActResolutionRetry:
		w.write(action, func(tx db.Tx) error { _, _, err := w.Returns.Retry(tx, in); return err })
	case returns.ActResolutionCancel:
		w.write(action, func(tx db.Tx) error { _, _, err := w.Returns.CancelResolution(tx, in); return err })
	case returns.ActResolutionCollect, returns.ActResolutionCheckout:
		var sessionID string
		if w.write("open a checkout", func(tx db.Tx) error {
			_, x, err := w.Returns.Checkout(w.Context(), tx, w.of(x), returns.SessionInput{})
			if err == nil {
				sessionID = x.Effect.SessionID
			}
			return err
		}) && w.note("pay the difference", w.PaySession(x.ReplacementID, sessionID, oneOf(w, "token", "simtok_approve", "simtok_approve", "simtok_decline_card_declined", "simtok_processing_succeeds"))) {
			w.orders = append(w.orders, x.ReplacementID)
		}
	}
}

func (w *world) whole() {
	r := w.some()
	switch w.n(0, 2, "whole") {
	case 0:
		w.write("complete", func(tx db.Tx) error {
			_, err := w.Returns.Complete(tx, returns.CompleteInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause})
			return err
		})
	case 1:
		w.write("reopen", func(tx db.Tx) error {
			_, err := w.Returns.Reopen(tx, returns.ReopenInput{Scope: w.Scope, ReturnID: r.ID, Reason: "merchant_request", Cause: w.Cause})
			return err
		})
	default:
		w.write("cancel the return", func(tx db.Tx) error {
			_, err := w.Returns.Cancel(tx, returns.CancelInput{Scope: w.Scope, ReturnID: r.ID, Reason: "merchant_request", Cause: w.Cause})
			return err
		})
	}
}

// refund gives something back without a return.
func (w *world) refund() {
	o := w.State(w.t, oneOf(w, "order", w.orders...)).Order
	_, err := w.Refund(o.ID, func(in *refund.CreateInput) {
		if l := o.Lines[0]; rapid.Bool().Draw(w.t, "units") {
			n := w.n(1, l.Quantity, "units")
			in.Lines = []refund.LineInput{{LineID: l.ID, Quantity: &n}}
		} else {
			in.Amount = flinttest.Money(w.n(1, max(o.Settlement.Paid/3, 1), "amount"), w.currency)
		}
	})
	w.note("refund", err)
}

// dispute lets a bank open, decide or turn a dispute.
func (w *world) dispute() {
	s := w.State(w.t, oneOf(w, "order", w.orders...))
	i := s.Intents[w.n(0, int64(len(s.Intents))-1, "payment")]
	var known []*dispute.Dispute
	w.Read(w.t, func(tx db.Tx) (err error) { known, err = dispute.OfIntent(tx, w.Scope, i.ID); return err })
	switch {
	case i.Captured == 0 || i.CreditOf != "":
	case len(known) == 0:
		_, err := w.Simulator.OpenDispute(w.Context(), simulator.OpenInput{Scope: w.Scope, PaymentID: i.ID, Amount: w.n(0, i.Captured, "disputed")})
		w.note("dispute", err)
	default:
		_, err := w.Simulator.MoveDispute(w.Context(), simulator.MoveInput{Scope: w.Scope, Ref: known[0].ProcessorRef,
			Status: oneOf(w, "to", dispute.StatusWon, dispute.StatusLost, dispute.StatusPrevented, dispute.StatusUnderReview)})
		w.note("the bank decides", err)
	}
	w.Deliver(w.t)
}

// handOver says that an order that replaces goods was handed over.
func (w *world) handOver() {
	r := w.some()
	for _, x := range r.Resolutions {
		if x.ReplacementID == "" {
			continue
		}
		w.write("hand over", func(tx db.Tx) error {
			o, err := w.Orders.Load(tx, w.Scope, x.ReplacementID)
			if err != nil || o.Status == order.StatusClosed || o.Outstanding() > 0 {
				return err
			}
			if !slices.Contains(w.orders, o.ID) && o.Settlement.Paid > 0 {
				w.orders = append(w.orders, o.ID)
			}
			o.FulfillmentStatus = "fulfilled"
			return w.Orders.Save(tx, o, w.Cause, order.Change{})
		})
	}
}

func (w *world) work() {
	if _, err := w.Returns.Sweep(w.Context(), w.DB, 50); err != nil {
		w.t.Fatalf("the sweeper: %v\n%s", err, &w.trace)
	}
}

// settle lets everything that is under way come to its end.
func (w *world) settle() {
	w.NoFaults(w.t)
	for range 3 {
		w.work()
		w.Quiesce(w.t)
	}
}

// sums are what every amount of the world has to keep to, at any moment.
func (w *world) sums() {
	if w.DB.Engine() == db.SQLite { // on PostgreSQL the doctor comes at the end alone
		w.Check(w.t)
	}
	for _, orderID := range w.everyOrder() {
		s := w.State(w.t, orderID)
		o := s.Order
		if o.Settlement.Refunded > o.Settlement.Paid {
			w.t.Fatalf("%d was given back of %d\n%s", o.Settlement.Refunded, o.Settlement.Paid, &w.trace)
		}
		for _, i := range s.Intents {
			if i.Refunded+i.RefundReserved+i.Disputed > i.Captured {
				w.t.Fatalf("payment %+v\n%s", i, &w.trace)
			}
		}
		var taken, claimed map[string]refund.Taken
		var promised int64
		w.Read(w.t, func(tx db.Tx) (err error) {
			if taken, err = refund.LoadTaken(tx, w.Scope, o.ID); err != nil {
				return err
			}
			if claimed, err = returns.Claimed(tx, w.Scope, o.ID); err != nil {
				return err
			}
			promised, err = returns.Promised(tx, w.Scope, o.ID)
			return err
		})
		if promised < 0 {
			w.t.Fatalf("%d is promised of %s\n%s", promised, o.ID, &w.trace)
		}
		for _, l := range o.Lines {
			a, b, all := taken[l.ID], claimed[l.ID], order.LineShare(l, 0, l.Quantity)
			held := a.Plus(b)
			whole := refund.Taken{Quantity: l.Quantity, Amount: all.Total, Subtotal: all.Subtotal, Discount: all.Discount, Tax: all.Tax}
			if held.Quantity > l.Quantity || held.Amount > all.Total || held.Quantity == l.Quantity && held != whole {
				w.t.Fatalf("of line %s, %+v in all, %+v is taken or claimed\n%s", l.ID, whole, held, &w.trace)
			}
		}
	}
}

func (w *world) everyOrder() (out []string) {
	w.Read(w.t, func(tx db.Tx) error {
		out = out[:0]
		return tx.Query(func(row db.Row) error {
			var orderID string
			err := row.Scan(&orderID)
			out = append(out, orderID)
			return err
		}, `SELECT order_id FROM orders WHERE merchant_id = $1 AND environment_id = $2 ORDER BY order_id`, w.Scope.MerchantID, w.Scope.EnvironmentID)
	})
	return out
}

// kept holds what resolutions that ended gave and took against what they said they would.
func (w *world) kept() {
	for _, returnID := range w.returns {
		var r *returns.Return
		w.Read(w.t, func(tx db.Tx) (err error) { r, err = returns.Get(tx, w.Scope, returnID); return err })
		for k := range r.Resolutions {
			x := &r.Resolutions[k]
			done := x.Status == returns.ResolutionFulfilled
			if x.Refunded > x.BuyerRefund || x.Collected > x.BuyerPayment || done && (x.Refunded != x.BuyerRefund || x.Collected != x.BuyerPayment) {
				w.t.Fatalf("%s resolution is %s: gave %d of %d, took %d of %d\n%s", x.Type, x.Status, x.Refunded, x.BuyerRefund, x.Collected, x.BuyerPayment, &w.trace)
			}
			var moved, arrived int64
			if x.ReplacementID != "" {
				for _, i := range payment.CreditsOf(w.State(w.t, x.ReplacementID).Intents, x.ID) {
					arrived += i.Captured
				}
			}
			for _, refundID := range x.RefundIDs {
				if rf := w.RefundOf(w.t, refundID); rf.Method() == refund.MethodExchangeCredit && rf.Status == refund.StatusSucceeded {
					moved += rf.Amount
				}
			}
			if moved != arrived {
				w.t.Fatalf("%d of value left its order and %d arrived\n%s", moved, arrived, &w.trace)
			}
		}
	}
}

// rest gives back all that can be given back: then nothing is left, but for what is promised, disputed or withheld.
func (w *world) rest() {
	for _, returnID := range w.returns {
		var r *returns.Return
		w.Read(w.t, func(tx db.Tx) (err error) { r, err = returns.Get(tx, w.Scope, returnID); return err })
		for k := range r.Resolutions {
			if x := &r.Resolutions[k]; slices.Contains(x.SupportedActions, returns.ActResolutionCancel) {
				w.write("cancel at the end", func(tx db.Tx) error {
					_, _, err := w.Returns.CancelResolution(tx, returns.ActInput{ResolutionVersion: w.of(x), Reason: "merchant_request"})
					return err
				})
			}
		}
	}
	for _, orderID := range w.everyOrder() {
		s := w.State(w.t, orderID)
		var left, promised int64
		under := false
		for _, i := range s.Intents {
			left += i.Refundable()
			under = under || i.UnderDispute()
		}
		w.Read(w.t, func(tx db.Tx) (err error) { promised, err = returns.Promised(tx, w.Scope, orderID); return err })
		if left <= promised || under {
			continue
		}
		_, err := w.Refund(orderID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(left-promised, w.currency) })
		if err != nil {
			w.t.Fatalf("the rest of %d less %d: %v\n%s", left, promised, err, &w.trace)
		}
	}
	w.settle()
	w.sums()
}

// TestMoneyAddsUpWhateverHappens does anything to orders and returns of one merchant, in any order: nothing is given
// back that was not collected, units carry exactly what was charged for them, what a preview said is what is booked,
// the doctor finds nothing, and the processor's books equal ours.
func TestMoneyAddsUpWhateverHappens(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		bench, next := flinttest.New(t, d), cases(d, 12)
		bench.Returns.Fulfilled = handedOver
		rapid.Check(t, func(t *rapid.T) {
			if !next() {
				return
			}
			w := &world{Bench: bench.Another(), t: t, currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")}
			w.NoFaults(t)
			w.sell()
			if len(w.orders) == 0 {
				return
			}
			w.ask()
			for range w.n(3, 14, "acts") {
				switch what := w.n(0, 21, "act"); {
				case what < 2 || len(w.returns) == 0:
					w.ask()
				case what < 5:
					w.goods()
				case what < 10:
					w.resolve()
				case what < 13:
					w.act()
				case what < 14:
					w.whole()
				case what < 15:
					w.refund()
				case what < 16:
					w.FailNext(t, payment.KindRefund)
				case what < 17:
					w.dispute()
				case what < 18:
					w.Advance(oneOf(w, "wait", time.Second, time.Hour, (returns.DefaultPaymentDays+1)*24*time.Hour))
					w.work()
				case what < 19:
					w.handOver()
				case what < 20:
					w.work()
				case what < 21:
					w.Advance(300 * time.Millisecond)
					w.Deliver(t)
				default:
					if r := w.some(); r.DecisionStatus == returns.DecisionPending {
						w.decide(r)
					}
				}
				w.sums()
			}
			w.settle()
			w.CheckQuiet(t)
			w.sums()
			w.kept()
			w.rest()
			w.CheckQuiet(t)
		})
	})
}

// handedOver is the fulfilment of orders that are handed over at once.
func handedOver(_ db.Tx, o *order.Order) (out []returnpolicy.FulfilledLine, _ error) {
	for _, l := range o.Lines {
		out = append(out, returnpolicy.FulfilledLine{FulfillmentID: "ful_1", OrderLineItemID: l.ID, Quantity: l.Quantity, FulfilledAt: flinttest.Start})
	}
	return out, nil
}
