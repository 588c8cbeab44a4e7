package refund_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/metadata"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// each runs a scenario on both engines and checks the books at its end.
func each(t *testing.T, scenario func(t *testing.T, b *flinttest.Bench)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		scenario(t, b)
		b.Check(t)
		b.Quiesce(t)
		b.CheckQuiet(t)
	})
}

// eachOf is each for a table of cases, which share a database and have an environment each.
func eachOf[C any](t *testing.T, cases []C, name func(C) string, scenario func(t *testing.T, b *flinttest.Bench, c C)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		whole := flinttest.New(t, d)
		for _, c := range cases {
			t.Run(name(c), func(t *testing.T) {
				b := whole.Another()
				scenario(t, b, c)
				b.Check(t)
				b.Quiesce(t)
				b.CheckQuiet(t)
			})
		}
	})
}

func percent(t flinttest.TB, s string) money.Percent {
	p, err := money.ParsePercent(s)
	if err != nil {
		t.Fatalf("percent %s: %v", s, err)
	}
	return p
}

// worked is the worked example of the money rules: 149.06 USD with discount, two taxes, a charge of
// 2.5 % after discounts and a tip of 10 %.
func worked(t *testing.T, b *flinttest.Bench) *order.Order {
	t.Helper()
	component := func(p, level string) order.TaxComponent {
		return order.TaxComponent{TaxType: "sales_tax", Percent: percent(t, p), Jurisdiction: order.Jurisdiction{
			Code: "X-" + level, Country: "US", Level: level, Name: level, State: "TX"}}
	}
	taxed := func(c ...order.TaxComponent) *order.ItemTaxInput {
		yes := true
		return &order.ItemTaxInput{Taxable: &yes, Calculation: &order.ItemTaxMethod{Mode: "external", PriceMode: "additive", Components: c}}
	}
	on := true
	tip := percent(t, "10")
	o := b.Order(t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}, {Price: 3334, Quantity: 1}}, func(in *order.CreateInput) {
		in.Lines[0].Tax = taxed(component("8.25", "state"))
		in.Lines[1].Tax = taxed(component("8.25", "state"), component("0.5", "city"))
		in.Discounts = []order.DiscountInput{{Name: "Ten", Amount: money.Amount{Minor: 1000, Currency: "USD"}}}
		in.Tip = &order.TipInput{Percent: &tip}
		in.Tax = &order.TaxInput{Enabled: &on, Calculation: &order.TaxCalculationInput{Mode: "external", PriceMode: "additive"}}
	})
	charge := percent(t, "2.5")
	b.Write(t, func(tx db.Tx) (err error) {
		o, err = b.Orders.AddCharge(b.Context(), tx, order.AddChargeInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Charge: order.ChargeInput{
			Type: "service_fee", Name: "Service", Percent: &charge, Basis: order.BasisPostDiscount}})
		return err
	})
	if o.Pricing.Total != 14906 {
		t.Fatalf("the worked example comes to %+v", o.Pricing)
	}
	return o
}

func line(o *order.Order, n int, quantity int64) func(*refund.CreateInput) {
	return func(in *refund.CreateInput) {
		in.Lines = append(in.Lines, refund.LineInput{LineID: o.Lines[n].ID, Quantity: &quantity})
	}
}

func amount(minor int64) func(*refund.CreateInput) {
	return func(in *refund.CreateInput) { in.Amount = flinttest.Money(minor, "USD") }
}

// settle lets the simulator finish refunds.
func settle(t *testing.T, b *flinttest.Bench) {
	t.Helper()
	b.Advance(300 * time.Millisecond)
	b.Deliver(t)
}

func made(t *testing.T, r *refund.Refund, err error) *refund.Refund {
	t.Helper()
	if err != nil {
		t.Fatalf("refund: %v", err)
	}
	return r
}

func TestRefundWholeOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		r, err := b.Refund(o.ID)
		made(t, r, err)
		s := b.State(t, o.ID)
		if r.Status != refund.StatusPending || s.Order.Settlement.Refunded != 0 || s.Leg().RefundReserved != 14906 || !slices.Contains(s.Order.RefundIDs, r.ID) {
			t.Errorf("refund %s, refunded %d, reserved %d", r.Status, s.Order.Settlement.Refunded, s.Leg().RefundReserved)
		}
		b.Check(t)
		settle(t, b)
		s, r = b.State(t, o.ID), b.RefundOf(t, r.ID)
		got := s.Order
		if r.Status != refund.StatusSucceeded || r.Amount != 14906 || r.Tip != 1233 {
			t.Errorf("the refund is %s over %d with a tip of %d", r.Status, r.Amount, r.Tip)
		}
		if got.DeriveRefundStatus() != order.RefundRefunded || got.DerivePaymentStatus() != order.PaymentPaid || got.Outstanding() != 0 || got.NetCollected() != 0 {
			t.Errorf("the order is %s and %s, outstanding %d, net %d", got.DeriveRefundStatus(), got.DerivePaymentStatus(), got.Outstanding(), got.NetCollected())
		}
		if got.Lines[0].RefundedQuantity != 3 || got.Lines[0].Refunded != got.Lines[0].Total || got.Lines[1].Refunded != got.Lines[1].Total ||
			got.Charges[0].Refunded != got.Charges[0].Total || got.Tips[0].Status != order.TipRefunded {
			t.Errorf("lines %+v\ncharges %+v\ntips %+v", got.Lines, got.Charges, got.Tips)
		}
		events := b.Events(t, o.ID)
		if !slices.Equal(events[len(events)-3:], []string{"refund.created", "order.refunded", "refund.updated"}) {
			t.Errorf("events: %v", events)
		}
		e := flinttest.Refused(t, second(b.Refund(o.ID)), "AMOUNT_EXCEEDS_REFUNDABLE")
		if e.Extra["maximum_money"] != (money.Amount{Minor: 0, Currency: "USD"}) {
			t.Errorf("the fault tells %v", e.Extra)
		}
	})
}

func second[A any](_ A, err error) error { return err }

func TestRefundUnitByUnit(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		for n, want := range []int64{3337, 3338, 3337} {
			r, err := b.Refund(o.ID, line(o, 0, 1))
			made(t, r, err)
			if r.Amount != want || r.Tip != 0 {
				t.Errorf("unit %d gives back %d, want %d (%+v)", n+1, r.Amount, want, r.Detail.Lines)
			}
			settle(t, b)
			b.Check(t)
		}
		flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 1))), "NOTHING_TO_REFUND_FOR_LINE_ITEM")
		r, err := b.Refund(o.ID)
		made(t, r, err)
		settle(t, b)
		if s := b.State(t, o.ID).Order; s.NetCollected() != 0 || s.Lines[1].Refunded != s.Lines[1].Total || s.Tips[0].Refunded != 1233 {
			t.Errorf("net %d, second line %+v, tip %+v", s.NetCollected(), s.Lines[1], s.Tips[0])
		}
	})
}

func TestRefundOfACharge(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		charge := func(minor int64) func(*refund.CreateInput) {
			return func(in *refund.CreateInput) {
				in.Charges = []refund.ChargeInput{{ChargeID: o.Charges[0].ID}}
				if minor > 0 {
					in.Charges[0].Amount = flinttest.Money(minor, "USD")
				}
			}
		}
		r, err := b.Refund(o.ID, charge(100))
		if made(t, r, err); r.Amount != 100 {
			t.Errorf("the part is %d", r.Amount)
		}
		flinttest.Refused(t, second(b.Refund(o.ID, charge(209))), "AMOUNT_EXCEEDS_REFUNDABLE")
		r, err = b.Refund(o.ID, charge(0))
		if made(t, r, err); r.Amount != 208 {
			t.Errorf("the rest is %d", r.Amount)
		}
		flinttest.Refused(t, second(b.Refund(o.ID, charge(0))), "ORDER_HAS_NO_REFUNDABLE_CHARGES")
		settle(t, b)
		if c := b.State(t, o.ID).Order.Charges[0]; c.Refunded != c.Total {
			t.Errorf("%d of %d refunded", c.Refunded, c.Total)
		}
	})
}

func TestRefundByAmountAndOverRefund(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		flinttest.Refused(t, second(b.Refund(o.ID)), "NO_PAYMENTS_FOR_ORDER")
		b.Paid(t, o.ID, "simtok_approve")
		r, err := b.Refund(o.ID, amount(10000))
		made(t, r, err)
		e := flinttest.Refused(t, second(b.Refund(o.ID, amount(4907))), "AMOUNT_EXCEEDS_REFUNDABLE")
		if e.Class.Status() != 400 || e.Extra["maximum_money"] != (money.Amount{Minor: 4906, Currency: "USD"}) {
			t.Errorf("status %d, %v", e.Class.Status(), e.Extra)
		}
		flinttest.Refused(t, second(b.Refund(o.ID, amount(0))), "INVALID_AMOUNT")
		flinttest.Refused(t, second(b.Refund(o.ID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(1, "EUR") })), "CURRENCY_MISMATCH")
		flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 1), amount(1))), "REFUND_TARGETS_EXCEED_REFUND_AMOUNT")
		flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 1), amount(4000))), "REFUND_AMOUNT_NOT_ALLOCATED")
		flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 4))), "INVALID_QUANTITY")
		flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 1), line(o, 0, 1))), "DUPLICATE_LINE_ITEM_TARGET")
		settle(t, b)
		flinttest.Refused(t, second(b.Refund(o.ID, amount(1), func(in *refund.CreateInput) { in.ExpectedRefunded = flinttest.Money(0, "USD") })),
			"ORDER_CHANGED_REFRESH_REQUIRED")
		r, err = b.Refund(o.ID, amount(4906), func(in *refund.CreateInput) { in.ExpectedRefunded = flinttest.Money(10000, "USD") })
		made(t, r, err)
		settle(t, b)
		if s := b.State(t, o.ID).Order; s.NetCollected() != 0 || s.Tips[0].Refunded != 1233 {
			t.Errorf("net %d, tip %+v", s.NetCollected(), s.Tips[0])
		}
	})
}

func TestRefundWithAdjustments(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 2}})
		b.Paid(t, o.ID, "simtok_approve")
		withhold := func(minor int64) func(*refund.CreateInput) {
			return func(in *refund.CreateInput) {
				in.Lines[0].Adjustments = []refund.AdjustmentInput{{Type: "restocking_fee", Amount: flinttest.Money(minor, "USD"), ReasonCode: "opened"}}
			}
		}
		flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 1), withhold(1001))), "REFUND_ADJUSTMENTS_EXCEED_AUTOMATIC")
		r, err := b.Refund(o.ID, line(o, 0, 1), withhold(150))
		if made(t, r, err); r.Amount != 850 || r.Detail.Lines[0].Total != 1000 {
			t.Errorf("%d of %+v", r.Amount, r.Detail.Lines)
		}
		settle(t, b)
		if l := b.State(t, o.ID).Order.Lines[0]; l.Refunded != 850 || l.RefundedQuantity != 1 {
			t.Errorf("the line is %+v", l)
		}
		// Withholding all of it leaves nothing to send.
		flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 1), withhold(1000))), "NOTHING_TO_REFUND_FOR_LINE_ITEM")
		r, err = b.Refund(o.ID)
		if made(t, r, err); r.Amount != 1150 {
			t.Errorf("the rest is %d", r.Amount)
		}
	})
}

// failing pays with a source whose refunds end in a certain way.
func TestRefundOutcomes(t *testing.T) {
	type testCase struct{ kind, token, after300ms, after11s string }
	var cases []testCase
	for _, kind := range []string{"whole", "lines", "amount"} {
		cases = append(cases,
			testCase{kind, "simtok_approve", refund.StatusSucceeded, refund.StatusSucceeded},
			testCase{kind, "simtok_refund_fails", refund.StatusFailed, refund.StatusFailed},
			testCase{kind, "simtok_refund_returned", refund.StatusSucceeded, refund.StatusFailed},
			testCase{kind, "simtok_insufficient_balance", refund.StatusFailed, refund.StatusFailed})
	}
	eachOf(t, cases, func(c testCase) string { return c.token + " " + c.kind }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		kind := c.kind
		o := worked(t, b)
		b.Paid(t, o.ID, c.token)
		var change []func(*refund.CreateInput)
		switch kind {
		case "lines":
			change = append(change, line(o, 0, 2), line(o, 1, 1), func(in *refund.CreateInput) {
				in.Charges = []refund.ChargeInput{{ChargeID: o.Charges[0].ID}}
			})
		case "amount":
			change = append(change, amount(5000))
		}
		r, err := b.Refund(o.ID, change...)
		made(t, r, err)
		b.Check(t)
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{300 * time.Millisecond, c.after300ms}, {11 * time.Second, c.after11s}} {
			b.Advance(step.wait)
			b.Deliver(t)
			b.Check(t)
			s, r := b.State(t, o.ID), b.RefundOf(t, r.ID)
			if r.Status != step.want {
				t.Fatalf("after %s the refund is %s, want %s", step.wait, r.Status, step.want)
			}
			refunded := int64(0)
			if step.want == refund.StatusSucceeded {
				refunded = r.Amount
			} else if r.FailureReason() == "" {
				t.Error("the refund does not say why it failed")
			}
			if s.Order.Settlement.Refunded != refunded || s.Leg().RefundReserved != 0 || s.Leg().Refundable() != 14906-refunded {
				t.Errorf("refunded %d, reserved %d, refundable %d", s.Order.Settlement.Refunded, s.Leg().RefundReserved, s.Leg().Refundable())
			}
		}
		if c.after11s == refund.StatusFailed {
			// What failed is free again, to the last unit.
			again, err := b.Refund(o.ID, change...)
			made(t, again, err)
			if again.Amount != r.Amount || again.Tip != r.Tip {
				t.Errorf("the second try gives back %d with %d tip, the first %d with %d", again.Amount, again.Tip, r.Amount, r.Tip)
			}
		}
	})
}

// parts pays an order in three payments; their tokens decide how their refunds end.
func parts(t *testing.T, b *flinttest.Bench, o *order.Order, tokens ...string) []*payment.Intent {
	t.Helper()
	share := o.Pricing.Total / int64(len(tokens))
	for n, token := range tokens {
		b.Advance(time.Minute)
		if n == len(tokens)-1 {
			b.Paid(t, o.ID, token)
			break
		}
		leg, err := b.Stage(o.ID, share, "")
		if err == nil {
			err = b.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: token})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.State(t, o.ID).Intents
}

func TestRefundOverSeveralPaymentsNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		legs := parts(t, b, o, "simtok_approve", "simtok_approve", "simtok_approve")
		r, err := b.Refund(o.ID, amount(6000))
		made(t, r, err)
		if len(r.Allocations) != 2 || r.Allocations[0].PaymentIntentID != legs[2].ID || r.Allocations[0].Amount != legs[2].Captured ||
			r.Allocations[1].PaymentIntentID != legs[1].ID || r.Allocations[1].Amount != 6000-legs[2].Captured {
			t.Errorf("allocations %+v of %d", r.Allocations, legs[2].Captured)
		}
		named := func(n int, minor int64) func(*refund.CreateInput) {
			return func(in *refund.CreateInput) {
				in.Tenders = append(in.Tenders, refund.TenderInput{PaymentIntentID: legs[n].ID, Amount: *flinttest.Money(minor, "USD")})
			}
		}
		r, err = b.Refund(o.ID, named(0, 1000))
		if made(t, r, err); r.Amount != 1000 || r.Allocations[0].PaymentIntentID != legs[0].ID {
			t.Errorf("allocations %+v", r.Allocations)
		}
		flinttest.Refused(t, second(b.Refund(o.ID, named(2, 1))), "AMOUNT_EXCEEDS_REFUNDABLE")
		flinttest.Refused(t, second(b.Refund(o.ID, named(0, 1), named(0, 1))), "REFUND_TENDER_CAPACITY_CONFLICT")
		flinttest.Refused(t, second(b.Refund(o.ID, named(0, 1), amount(2))), "REFUND_AMOUNT_NOT_ALLOCATED")
		r, err = b.Refund(o.ID, func(in *refund.CreateInput) { in.OrderID, in.PaymentIntentID = "", legs[1].ID })
		if made(t, r, err); len(r.Allocations) != 1 || r.Allocations[0].PaymentIntentID != legs[1].ID {
			t.Errorf("allocations %+v", r.Allocations)
		}
		settle(t, b)
	})
}

// Some payments give the money back and some do not: what did go back stays booked, tip included, and
// the rest can be refunded once more.
func TestRefundPartiallySucceeds(t *testing.T) {
	type testCase struct {
		kind   string
		tokens []string
	}
	var cases []testCase
	for _, tokens := range [][]string{
		{"simtok_approve", "simtok_refund_fails", "simtok_approve"},
		{"simtok_refund_fails", "simtok_approve", "simtok_approve"},
		{"simtok_approve", "simtok_insufficient_balance", "simtok_refund_returned"},
		{"simtok_approve", "simtok_refund_returned", "simtok_refund_fails"},
		{"simtok_refund_returned", "simtok_refund_returned", "simtok_refund_fails"},
	} {
		cases = append(cases, testCase{"whole", tokens}, testCase{"lines", tokens})
	}
	eachOf(t, cases, func(c testCase) string { return c.kind + " " + strings.Join(c.tokens, " ") }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		kind, tokens := c.kind, c.tokens
		o := worked(t, b)
		legs := parts(t, b, o, tokens...)
		var change []func(*refund.CreateInput)
		if kind == "lines" {
			change = append(change, line(o, 0, 3), line(o, 1, 1))
		}
		r, err := b.Refund(o.ID, change...)
		made(t, r, err)
		for _, wait := range []time.Duration{300 * time.Millisecond, 11 * time.Second} {
			b.Advance(wait)
			b.Deliver(t)
			b.Check(t)
		}
		r = b.RefundOf(t, r.ID)
		s := b.State(t, o.ID)
		var back, tip int64
		for _, a := range r.Allocations {
			if a.Status == refund.StatusSucceeded {
				back += a.Amount
				tip += a.Tip
			}
		}
		status := refund.StatusPartiallySucceeded
		if back == 0 {
			status = refund.StatusFailed
		}
		if r.Status != status || s.Order.Settlement.Refunded != back || s.Order.Tips[0].Refunded != tip {
			t.Errorf("the refund is %s, %d of %d back, tip %d of %d", r.Status, s.Order.Settlement.Refunded, back, s.Order.Tips[0].Refunded, tip)
		}
		if l := s.Order.Lines[0]; l.Refunded != 0 || l.RefundedQuantity != 0 {
			t.Errorf("the line carries %+v of a refund that did not go through", l)
		}
		// The rest goes back where it can.
		for _, leg := range legs {
			_, err := b.Refund(o.ID, func(in *refund.CreateInput) { in.OrderID, in.PaymentIntentID = "", leg.ID })
			flinttest.Known(t, err)
		}
	})
}

func TestRefundAnswerLost(t *testing.T) {
	eachOf(t, []string{"request", "answer"}, func(lost string) string { return lost }, func(t *testing.T, b *flinttest.Bench, lost string) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		if lost == "request" {
			b.LoseRequests(t, payment.KindRefund, 1)
		} else {
			b.LoseAnswers(t, payment.KindRefund, 1)
		}
		r, err := b.Refund(o.ID, amount(5000))
		made(t, r, err)
		if s := b.State(t, o.ID); s.Leg().RefundReserved != 5000 {
			t.Errorf("%d is reserved", s.Leg().RefundReserved)
		}
		flinttest.Refused(t, second(b.Refund(o.ID, amount(9907))), "AMOUNT_EXCEEDS_REFUNDABLE")
		b.Quiesce(t)
		if got := b.RefundOf(t, r.ID); got.Status != refund.StatusSucceeded {
			t.Errorf("the refund is %s", got.Status)
		}
	})
}

func TestRefundMetadata(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		r, err := b.Refund(o.ID, amount(100))
		made(t, r, err)
		value := "b"
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Refunds.SetMetadata(tx, b.Scope, r.ID, metadata.Patch{Set: map[string]*string{"a": &value}})
			return err
		})
		settle(t, b)
		if got := b.RefundOf(t, r.ID); got.Detail.Metadata["a"] != "b" || got.Status != refund.StatusSucceeded {
			t.Errorf("%s with %v", got.Status, got.Detail.Metadata)
		}
	})
}
