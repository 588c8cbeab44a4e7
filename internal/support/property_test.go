package support_test

import (
	"flag"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/dispute"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/support"
)

// cases tells whether the next case of the property is run: few of them when nobody asked for a number with
// -rapid.checks, as make soak does, and a quarter as many on PostgreSQL, where a case takes many round trips.
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

// TestEveryFigureIsTheSumOfItsRows drives orders of any shape through anything that moves money, returns that make
// further orders included, and holds every figure against the order and against its rows on the way; the timeline
// must tell every event once, and the same whatever the size of its pages.
func TestEveryFigureIsTheSumOfItsRows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		whole, next := newRig(t, d), cases(d, 25)
		whole.Returns.Fulfilled = handedOver
		ran, moved := 0, 0
		rapid.Check(t, func(t *rapid.T) {
			if !next() {
				return
			}
			w := &world{rig: rigOf(whole.Another()), t: t, currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")}
			w.sell()
			if rapid.Bool().Draw(t, "begin with a return") {
				flinttest.Known(t, w.ask())
				flinttest.Known(t, w.resolve())
			}
			for range w.n(1, 14, "steps") {
				if rapid.Bool().Draw(t, "later") {
					w.Advance(time.Duration(w.n(1, 1000, "by")) * time.Millisecond)
				}
				flinttest.Known(t, w.step())
				if rapid.Bool().Draw(t, "look") {
					w.everything()
				}
			}
			w.work()
			w.Quiesce(t)
			w.work()
			w.everything()
			for _, orderID := range w.orders() {
				w.tells(t, orderID, int(w.n(1, 7, "page size")))
			}
			ran, moved = ran+1, moved+w.moved
		})
		if moved == 0 && ran >= 20 { // of a handful none may happen to
			t.Error("no case moved value from one order to another")
		}
		t.Logf("[rapid] OK, value was seen to have moved %d times", moved)
	})
}

// world is one merchant whose orders random acts are done to.
type world struct {
	*rig
	t        *rapid.T
	currency money.Currency
	moved    int
}

func (w *world) n(from, to int64, label string) int64 {
	return rapid.Int64Range(from, to).Draw(w.t, label)
}

func (w *world) money(minor int64) *money.Amount { return flinttest.Money(minor, w.currency) }

func oneOf[T any](w *world, label string, of ...T) T { return rapid.SampledFrom(of).Draw(w.t, label) }

// orders are the ids of all orders, those that returns made included.
func (w *world) orders() (out []string) {
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

// sell makes an order with a discount, tax inside or on top, a tip and a charge, and mostly pays it.
func (w *world) sell() {
	lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) flinttest.Line {
		return flinttest.Line{Price: rapid.Int64Range(1, 5000).Draw(t, "price"), Quantity: rapid.Int64Range(1, 4).Draw(t, "quantity")}
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
			in.Discounts = []order.DiscountInput{{Name: "Off", Amount: *w.money(off)}}
		}
		if tip := w.n(0, 900, "tip"); tip > 0 {
			in.Tip = &order.TipInput{Amount: w.money(tip)}
		}
	})
	if fee := w.n(0, 600, "charge"); fee > 0 {
		w.Write(w.t, func(tx db.Tx) error {
			_, err := w.Orders.AddCharge(w.Context(), tx, order.AddChargeInput{Scope: w.Scope, Cause: w.Cause, OrderID: o.ID,
				Charge: order.ChargeInput{Type: "service_fee", Name: "Service", Amount: w.money(fee)}})
			return err
		})
	}
	if w.n(0, 4, "pay at once") > 0 {
		flinttest.Known(w.t, w.Pay(o.ID, "simtok_approve"))
	}
}

// acts are what a step is drawn from; what matters more stands more often.
var acts = strings.Fields(`pay part hold capture decline refund refund session close fees credit dispute decide decide
	ask ask ask resolve resolve resolve resolve collect collect undo again deliver work`)

func (w *world) step() error {
	act := oneOf(w, "step", acts...)
	switch act {
	case "ask":
		return w.ask()
	case "resolve":
		return w.resolve()
	case "collect", "undo", "again":
		return w.follow(act)
	case "work":
		w.work()
		return nil
	case "deliver":
		w.Advance(time.Second)
		w.Deliver(w.t)
		return nil
	}
	s := w.State(w.t, oneOf(w, "order", w.orders()...))
	orderID := s.Order.ID
	switch act {
	case "pay":
		return w.Pay(orderID, "simtok_approve")
	case "decline":
		return w.Pay(orderID, "simtok_decline_card_declined")
	case "part":
		leg, err := w.Stage(orderID, w.n(1, max(s.Order.Outstanding(), 1), "part"), "")
		if err != nil {
			return err
		}
		return w.Confirm(orderID, payment.PartialPayment, map[string]string{leg.ID: "simtok_approve"})
	case "hold":
		leg, err := w.Stage(orderID, 0, payment.CaptureManual)
		if err != nil {
			return err
		}
		return w.Confirm(orderID, "", map[string]string{leg.ID: "simtok_approve"})
	case "capture":
		if len(s.Intents) == 0 {
			return nil
		}
		return w.Capture(s.Leg(), 0)
	case "refund":
		_, err := w.Refund(orderID, func(in *refund.CreateInput) {
			in.Amount = w.money(w.n(1, max(s.Order.NetCollected(), 1), "refund"))
		})
		return err
	case "dispute":
		return w.dispute(s)
	case "decide":
		return w.decide(s)
	case "session":
		_, err := w.Session(orderID, "")
		return err
	}
	if s.Order.ReturnID != "" { // nobody invoices these here
		return nil
	}
	return w.DB.Write(w.Context(), func(tx db.Tx) error {
		o, err := w.Orders.Load(tx, w.Scope, orderID)
		if err != nil {
			return err
		}
		to, why := o.Invoicing, "A credit note."
		switch act {
		case "close":
			if o.Settlement.Paid == 0 {
				return nil
			}
			to, why = order.Invoicing{WrittenOff: o.Outstanding()}, "Given up on."
		case "fees":
			to.LateFees += w.n(1, 500, "fee")
			why = "A late fee."
		default:
			to.Credited += w.n(0, o.Pricing.Total+to.LateFees-to.Credited, "credit")
		}
		return w.Orders.SetInvoicing(tx, o, to, why, w.Cause)
	})
}

// dispute lets a bank claim a payment back; the bank knows nothing of credit.
func (w *world) dispute(s flinttest.State) error {
	paid := slices.DeleteFunc(s.Intents, func(i *payment.Intent) bool { return i.Captured == 0 || i.CreditOf != "" })
	if len(paid) == 0 {
		return nil
	}
	i := rapid.SampledFrom(paid).Draw(w.t, "payment")
	_, err := w.Simulator.OpenDispute(w.Context(), simulator.OpenInput{Scope: w.Scope, PaymentID: i.ID,
		Amount: w.n(1, i.Captured, "disputed"), CaseType: "chargeback"})
	w.Deliver(w.t)
	return err
}

// decide lets banks decide about the disputes of an order.
func (w *world) decide(s flinttest.State) error {
	for _, i := range s.Intents {
		var all []*dispute.Dispute
		w.Read(w.t, func(tx db.Tx) (err error) {
			all, err = dispute.OfIntent(tx, w.Scope, i.ID)
			return err
		})
		for _, d := range all {
			status := oneOf(w, "decision", dispute.StatusWon, dispute.StatusLost)
			if _, err := w.Simulator.MoveDispute(w.Context(), simulator.MoveInput{Scope: w.Scope, Ref: d.ProcessorRef, Status: status}); err != nil {
				return err
			}
			w.Deliver(w.t)
		}
	}
	return nil
}

// ask takes goods of an order back, or promises to, without asking for them.
func (w *world) ask() error {
	o := w.State(w.t, oneOf(w, "order", w.orders()...)).Order
	return w.DB.Write(w.Context(), func(tx db.Tx) error {
		l := o.Lines[w.n(0, int64(len(o.Lines))-1, "line")]
		r, err := w.Returns.Create(tx, returns.CreateInput{Scope: w.Scope, OrderID: o.ID, Cause: w.Cause, Lines: []returns.LineInput{
			{OrderLineID: l.ID, FulfillmentID: "ful_1", Quantity: w.n(1, l.Quantity, "units"), ReasonID: returnpolicy.BuiltIn()[0].ID}}})
		if err != nil {
			return err
		}
		none, no := int64(0), false
		_, err = w.Returns.Decide(tx, returns.DecideInput{Scope: w.Scope, ReturnID: r.ID, Cause: w.Cause, CompletionMode: returns.ModeManual, Lines: []returns.Decision{{
			LineID: r.Lines[0].ID, Basis: returns.BasisExplicit, Approved: r.Lines[0].Requested, ReturnRequired: &none, InspectionRequired: &no,
			RefundTiming: returns.AfterApproval, ResolutionMode: returns.ModeManual,
			AllowedResolutions: []string{returns.ResolutionRefund, returns.ResolutionExchange, returns.ResolutionReplacement}}}})
		return err
	})
}

// returned picks a return, nil when there is none.
func (w *world) returned() (r *returns.Return) {
	var all []*returns.Return
	orders := w.orders()
	w.Read(w.t, func(tx db.Tx) error {
		all = all[:0]
		for _, orderID := range orders {
			some, err := returns.OfOrder(tx, w.Scope, orderID)
			if err != nil {
				return err
			}
			all = append(all, some...)
		}
		return nil
	})
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(w.t, "return")
}

// resolve gives the buyer something for what came back: money, goods that cost more, less or the same, or it
// corrects what was given.
func (w *world) resolve() error {
	r := w.returned()
	if r == nil {
		return nil
	}
	in := returns.ResolutionInput{Type: oneOf(w, "type", returns.ResolutionRefund, returns.ResolutionExchange, returns.ResolutionExchange, returns.ResolutionExchange,
		returns.ResolutionReplacement, returns.ResolutionCorrection)}
	l := r.Lines[0]
	switch {
	case in.Type == returns.ResolutionCorrection && len(r.Resolutions) == 0, in.Type != returns.ResolutionCorrection && l.AvailableResolution == 0:
		return nil
	case in.Type == returns.ResolutionCorrection:
		in.Corrects = r.Resolutions[0].ID
		part := *w.money(w.n(0, max(r.Resolutions[0].Returned, 1), "correction"))
		in.Adjustments = []returns.AdjustmentInput{{Type: "restocking_fee", Effect: oneOf(w, "effect", returns.EffectDeduction, returns.EffectCredit), Reason: "return_policy", Assessed: part, Applied: part}}
	default:
		in.Lines = []returns.ResolutionUnits{{LineID: l.ID, Quantity: w.n(1, l.AvailableResolution, "units")}}
	}
	if in.Type == returns.ResolutionExchange {
		price := w.money(oneOf(w, "price", w.n(1, 9000, "any"), l.Value.Total, max(l.Value.Total/2, 1)))
		in.PricingBasis, in.Replacements = returns.PriceAgreed, []returns.ReplacementInput{{Name: "Other", Quantity: w.n(1, 2, "other units"), UnitPrice: price}}
	}
	return w.DB.Write(w.Context(), func(tx db.Tx) error {
		_, x, err := w.Returns.Propose(tx, returns.ProposeInput{Scope: w.Scope, ReturnID: r.ID, Resolution: in, Cause: w.Cause})
		if err != nil {
			return err
		}
		_, _, err = w.Returns.Confirm(tx, returns.ResolutionVersion{Scope: w.Scope, ResolutionID: x.ID, Cause: w.Cause}, "")
		return err
	})
}

// follow collects the difference of a resolution, gives the resolution up or tries it again.
func (w *world) follow(act string) error {
	r := w.returned()
	if r == nil || len(r.Resolutions) == 0 {
		return nil
	}
	x := oneOf(w, "resolution", r.Resolutions...)
	v := returns.ResolutionVersion{Scope: w.Scope, ResolutionID: x.ID, Cause: w.Cause}
	if act == "collect" {
		var sessionID, orderID string
		err := w.DB.Write(w.Context(), func(tx db.Tx) error {
			_, x, err := w.Returns.Checkout(w.Context(), tx, v, returns.SessionInput{})
			if err == nil {
				sessionID, orderID = x.Effect.SessionID, x.ReplacementID
			}
			return err
		})
		if err != nil {
			return err
		}
		return w.PaySession(orderID, sessionID, "simtok_approve")
	}
	return w.DB.Write(w.Context(), func(tx db.Tx) (err error) {
		in := returns.ActInput{ResolutionVersion: v, Reason: "merchant_request"}
		if act == "undo" {
			_, _, err = w.Returns.CancelResolution(tx, in)
		} else {
			in.Reason = "operator_retry"
			_, _, err = w.Returns.Retry(tx, in)
		}
		return err
	})
}

func (w *world) work() {
	if _, err := w.Returns.Sweep(w.Context(), w.DB, 50); err != nil {
		w.t.Fatalf("the sweeper: %v", err)
	}
}

// everything proves the explanation of every order.
func (w *world) everything() {
	for _, orderID := range w.orders() {
		w.proves(orderID)
	}
}

// proves holds the explanation against the order, with sums of its own.
func (w *world) proves(orderID string) {
	t := w.t
	t.Helper()
	x, s := w.explain(t, orderID), w.State(t, orderID)
	o := s.Order
	var received int64
	for _, i := range s.Intents {
		if i.CreditOf != "" {
			received += i.Captured
		}
	}
	for name, want := range map[string]int64{
		"balance": o.Balance(), "outstanding": o.Outstanding(), "credit": o.Credit(), "total": o.Pricing.Total, "paid": o.Settlement.Paid,
		"refunded": o.Settlement.Refunded, "net_collected": o.NetCollected(), "late_fees": o.Invoicing.LateFees,
		"credited": o.Invoicing.Credited, "written_off": o.WrittenOff(),
		"disputed": o.Disputes.Open, "dispute_lost": o.Disputes.Lost, "kept": o.NetCollected() - o.Disputes.Open - o.Disputes.Lost,
		"exchange_credit_received": received, "exchange_credit_given": w.given(o),
	} {
		f := figure(t, x, name)
		var sum int64
		for _, row := range f.Rows {
			sum += row.Amount
			if row.Running != sum || row.What == "" || row.EntryID == "" {
				t.Fatalf("%s has the row %+v after %d", name, row, sum-row.Amount)
			}
		}
		if f.Amount != want || sum != want || f.Text == "" {
			t.Fatalf("%s is %d and its rows sum to %d, want %d: %+v", name, f.Amount, sum, want, f)
		}
	}
	if len(x.Summary) < 3 {
		t.Fatalf("the summary is %q", x.Summary)
	}
	w.names(x, s)
}

// given is what exchange credit took off an order, told by its refunds alone.
func (w *world) given(o *order.Order) (minor int64) {
	for _, refundID := range o.RefundIDs {
		if r := w.RefundOf(w.t, refundID); r.Method() == refund.MethodExchangeCredit {
			for _, a := range r.Allocations {
				if a.Status == refund.StatusSucceeded {
					minor += a.Amount
				}
			}
		}
	}
	return minor
}

// names holds what the explanation says of exchanges against the payments that hold their value.
func (w *world) names(x *support.Explanation, s flinttest.State) {
	t := w.t
	t.Helper()
	if (x.MadeFor == nil) != (s.Order.ReturnID == "") {
		t.Fatalf("the order is of return %q, and explained as made for %+v", s.Order.ReturnID, x.MadeFor)
	}
	for _, i := range s.Intents {
		if i.CreditOf == "" {
			continue
		}
		var giver *payment.Intent
		w.Read(t, func(tx db.Tx) (err error) {
			giver, err = payment.Get(tx, w.Scope, i.Detail.Credit.PaymentIntentID)
			return err
		})
		from := w.State(t, giver.OrderID).Order
		n := slices.IndexFunc(x.Moved, func(m support.Transfer) bool { return m.In && m.PaymentIntentID == i.ID })
		if n < 0 {
			t.Fatalf("the credit %s is not explained: %+v", i.ID, x.Moved)
		}
		m := x.Moved[n]
		if m.OrderID != from.ID || m.OrderNumber != from.Number || m.OtherIntentID != giver.ID || m.ReturnID != s.Order.ReturnID || m.Amount != i.Captured {
			t.Fatalf("the credit %+v is explained as %+v", i, m)
		}
		back := w.explain(t, from.ID).Moved
		if !slices.ContainsFunc(back, func(o support.Transfer) bool {
			return !o.In && o.OrderID == s.Order.ID && o.OtherIntentID == i.ID && o.PaymentIntentID == giver.ID && o.Amount == m.Amount
		}) {
			t.Fatalf("order %s gave %+v and says %+v", from.Number, m, back)
		}
		named := "order " + from.Number + " (payment " + giver.ID + ")"
		told := slices.ContainsFunc(x.Entries, func(e support.BookedEntry) bool { return e.PaymentID == i.ID && strings.Contains(e.What, named) })
		summed := strings.Contains(strings.Join(x.Summary, " "), named)
		if !told || summed != (i.Captured > 0) {
			t.Fatalf("%q is not named where it should be: %q, %+v", named, x.Summary, x.Entries)
		}
		w.moved++
	}
}

// handedOver is the fulfilment of orders that are handed over at once.
func handedOver(_ db.Tx, o *order.Order) (out []returnpolicy.FulfilledLine, _ error) {
	for _, l := range o.Lines {
		out = append(out, returnpolicy.FulfilledLine{FulfillmentID: "ful_1", OrderLineItemID: l.ID, Quantity: l.Quantity, FulfilledAt: flinttest.Start})
	}
	return out, nil
}
