package order_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/order"
)

// amounts are the figures of an order as its readers see them.
type amounts struct {
	subtotal, discount, charge, tax, tip, total                   int64
	paid, refunded, net, outstanding, credit, settledTip, balance int64
}

func amountsOf(o *order.Order) amounts {
	p, s := o.Pricing, o.Settlement
	return amounts{p.Subtotal, p.Discount, p.Charge, p.Tax, p.Tip, p.Total,
		s.Paid, s.Refunded, o.NetCollected(), o.Outstanding(), o.Credit(), s.SettledTip, o.Balance()}
}

func (b *bench) expect(step string, o *order.Order, want amounts, statuses string) {
	b.t.Helper()
	stored := b.get(o.ID)
	if got := amountsOf(stored); got != want || amountsOf(o) != want {
		b.t.Errorf("%s:\n got %+v\nwant %+v", step, got, want)
	}
	if got := stored.Status + " " + stored.DerivePaymentStatus() + " " + stored.DeriveRefundStatus(); got != statuses {
		b.t.Errorf("%s: statuses %q, want %q", step, got, statuses)
	}
	if err := b.checkBooks(stored); err != nil {
		b.t.Errorf("%s: %v", step, err)
	}
}

// The life of one order: made, priced up while unpaid, paid, refunded in part and in full, closed.
func TestLifeOfAnOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		o := do(b, b.Create, order.CreateInput{Scope: scope, Cause: cause, Lines: []order.LineInput{line("Chair", 2500, 2)},
			Discounts: []order.DiscountInput{{Name: "Welcome", Amount: *usd(500)}}})
		b.expect("created", o, amounts{subtotal: 5000, discount: 500, total: 4500, outstanding: 4500, balance: 4500}, "open unpaid none")
		l := b.get(o.ID).Lines[0]
		if l.BaseSubtotal != 5000 || l.Subtotal != 5000 || l.Discount != 500 || l.TaxAmount != 0 || l.Total != 4500 || l.Version != 1 {
			t.Errorf("line %+v", l)
		}
		if disc := o.Discounts[0]; disc.Source != "manual" || disc.Status != order.DiscountPending || disc.Amount != 500 || disc.Applied != 500 {
			t.Errorf("discount %+v", disc)
		}
		if x := o.Tax; x.Enabled || x.Mode != "automatic" || x.Status != "not_required" || x.Reason != "tax_disabled" {
			t.Errorf("tax %+v", x)
		}
		if o.Number != "1001" || o.Revision != 1 || o.Origin != "api" || o.FulfillmentStatus != "not_fulfilled" {
			t.Errorf("order %+v", o)
		}
		kinds, payloads := b.events(o.ID)
		want := `{"order_id":"` + o.ID + `","order_number":"1001","origin":"api","status":"open","payment_status":"unpaid","refund_status":"none",` +
			`"resource_updated_at":"2026-09-07T12:00:00Z"}`
		if !slices.Equal(kinds, []string{"order.created"}) || payloads[0] != want {
			t.Errorf("events %v\n got %v\nwant %v", kinds, payloads, want)
		}

		b.clock.Set(start.Add(time.Minute))
		o = do(b, b.AddCharge, order.AddChargeInput{Scope: scope, Cause: cause, OrderID: o.ID,
			Charge: order.ChargeInput{Type: "service_fee", Name: "Service", Amount: usd(500)}})
		// An order that states its taxes itself wants to hear that its line is not taxable.
		o = do(b, b.UpdateLine, order.UpdateLineInput{Scope: scope, Cause: cause, OrderID: o.ID, LineID: o.Lines[0].ID, Tax: &order.ItemTaxInput{Taxable: new(false)}})
		o = do(b, b.Patch, order.PatchInput{Scope: scope, Cause: cause, OrderID: o.ID, Tip: &order.TipInput{Percent: percent("10")},
			Tax: &order.TaxInput{Enabled: new(true), Calculation: &order.TaxCalculationInput{Mode: "external", PriceMode: "additive",
				Components: []order.FlatTaxInput{{TaxType: "retail_delivery_fee", Amount: *usd(400), Jurisdiction: colorado}}}}})
		b.expect("priced up", o, amounts{subtotal: 5000, discount: 500, charge: 500, tax: 400, tip: 450, total: 5850, outstanding: 5850, balance: 5850}, "open unpaid none")
		if o.Revision != 4 || !o.UpdatedAt.Equal(start.Add(time.Minute)) {
			t.Errorf("revision %d at %v", o.Revision, o.UpdatedAt)
		}

		o = b.settle(o.ID, order.SettleInput{Cause: cause, PaymentIntentID: "pi_1", Amount: 5850, Tip: 450})
		b.expect("paid", o, amounts{subtotal: 5000, discount: 500, charge: 500, tax: 400, tip: 450, total: 5850,
			paid: 5850, net: 5850, settledTip: 450}, "open paid none")
		if o.Discounts[0].Status != order.DiscountRedeemed || o.Tips[0].Status != order.TipSettled || o.Tips[0].Settled != 450 ||
			o.Tips[0].Allocations[0] != (order.TipAllocation{PaymentIntentID: "pi_1", Amount: 450}) || !slices.Equal(o.PaymentIntentIDs, []string{"pi_1"}) {
			t.Errorf("after the payment: %+v %+v %v", o.Discounts, o.Tips, o.PaymentIntentIDs)
		}
		kinds, payloads = b.events(o.ID)
		paid := payloads[len(payloads)-1]
		if kinds[len(kinds)-1] != "order.paid" || !strings.Contains(paid, `"outstanding_money":{"amount":0,"currency":"USD"},"order_payment_intent_ids":["pi_1"]`) ||
			!strings.Contains(paid, `"total_money":{"amount":5850,"currency":"USD"}`) || !strings.Contains(paid, `"quantity":2`) {
			t.Errorf("paid event %s %s", kinds[len(kinds)-1], paid)
		}

		charge, lineID := o.Charges[0].ID, o.Lines[0].ID
		first := order.RefundInput{Cause: cause, RefundID: "ref_1", Amount: 2250, Lines: []order.RefundedLine{{ID: lineID, Quantity: 1, Amount: 2250}}}
		refund := func(in order.RefundInput) *order.Order {
			return b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error { return b.SettleRefund(tx, o, in) })
		}
		o = refund(first)
		part := amounts{subtotal: 5000, discount: 500, charge: 500, tax: 400, tip: 450, total: 5850, paid: 5850, refunded: 2250, net: 3600, settledTip: 450}
		b.expect("refunded in part", o, part, "open paid partially_refunded")
		if l := o.Lines[0]; l.Refunded != 2250 || l.RefundedQuantity != 1 {
			t.Errorf("line %+v", l)
		}

		o = b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error { return b.ReverseRefund(tx, o, first) })
		part.refunded, part.net = 0, 5850
		b.expect("refund returned", o, part, "open paid none")
		refund(first)
		o = refund(order.RefundInput{Cause: cause, RefundID: "ref_2", Amount: 3600, Tip: 450,
			Lines: []order.RefundedLine{{ID: lineID, Quantity: 1, Amount: 2250}}, Charges: []order.RefundedCharge{{ID: charge, Amount: 500}}})
		part.refunded, part.net = 5850, 0
		b.expect("refunded in full", o, part, "open paid refunded")
		if o.Tips[0].Status != order.TipRefunded || o.Charges[0].Refunded != 500 || o.Lines[0].RefundedQuantity != 2 || !slices.Equal(o.RefundIDs, []string{"ref_1", "ref_2"}) {
			t.Errorf("after the refunds %+v", o)
		}

		o = do(b, b.Close, order.CloseInput{Scope: scope, Cause: cause, OrderID: o.ID, Reason: "Done"})
		b.expect("closed", o, part, "closed paid refunded")
		kinds, _ = b.events(o.ID)
		if want := []string{"order.created", "order.updated", "order.updated", "order.updated", "order.paid", "order.refunded", "order.updated", "order.refunded",
			"order.refunded", "order.closed"}; !slices.Equal(kinds, want) {
			t.Errorf("events %v", kinds)
		}
		if got, want := b.history(o.ID), strings.TrimLeft(`
created +4500 4500
charge_added +500 5000
line_item_updated +0 5000
tax_updated +400 5400
requested_tip_added +450 5850
payment -5850 0
refund +0 0
refund_failed +0 0
refund +0 0
refund +0 0
closed +0 0
`, "\n"); got != want {
			t.Errorf("history\n%s", got)
		}
		if a := b.activities(o.ID)[5]; a.RefType != order.RefPaymentIntent || a.RefID != "pi_1" || a.ActorID != "key_1" || a.RequestID != "req_1" || a.Currency != "USD" {
			t.Errorf("activity %+v", a)
		}
	})
}

// A row of section 2 of the price layer each: what a change does while the order is unpaid.
func TestPriceChangesWhileUnpaid(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		o := do(b, b.Create, order.CreateInput{Scope: scope, Cause: cause, Lines: []order.LineInput{line("Chair", 2500, 2)},
			Discounts: []order.DiscountInput{{Name: "Welcome", Amount: *usd(500)}}, Tip: &order.TipInput{Percent: percent("10")}})
		b.expect("created", o, amounts{subtotal: 5000, discount: 500, tip: 450, total: 4950, outstanding: 4950, balance: 4950}, "open unpaid none")

		o = do(b, b.AddCharge, order.AddChargeInput{Scope: scope, OrderID: o.ID, Charge: order.ChargeInput{Type: "rush_fee", Name: "Rush",
			Percent: percent("2.5"), Basis: "subtotal_post_discount"}})
		b.expect("percent charge", o, amounts{subtotal: 5000, discount: 500, charge: 113, tip: 450, total: 5063, outstanding: 5063, balance: 5063}, "open unpaid none")

		o = do(b, b.AddLines, order.AddLinesInput{Scope: scope, OrderID: o.ID, Lines: []order.LineInput{line("Table", 10000, 1), line("Lamp", 100, 3)}})
		b.expect("lines added", o, amounts{subtotal: 15300, discount: 500, charge: 370, tip: 1480, total: 16650, outstanding: 16650, balance: 16650}, "open unpaid none")

		lamp := o.Lines[2].ID
		o = do(b, b.UpdateLine, order.UpdateLineInput{Scope: scope, OrderID: o.ID, LineID: lamp, Quantity: new(int64(1)), ExpectedVersion: new(int64(1))})
		if o.Pricing.Subtotal != 15100 || o.Lines[2].Version != 2 {
			t.Errorf("quantity: %+v %+v", o.Pricing, o.Lines[2])
		}
		o = do(b, b.ApplyDiscount, order.ApplyDiscountInput{Scope: scope, OrderID: o.ID,
			Discount: order.DiscountInput{Name: "Scratch", Amount: *usd(50), Class: "line_item", LineIDs: []string{lamp}}})
		if o.Pricing.Discount != 550 {
			t.Errorf("line discount: %+v", o.Pricing)
		}
		o = do(b, b.DeleteLine, order.DeleteLineInput{Scope: scope, OrderID: o.ID, LineID: lamp})
		if len(o.Lines) != 2 || len(o.Discounts) != 1 || o.Pricing.Discount != 500 {
			t.Errorf("the line's discount outlived it: %+v %+v", o.Discounts, o.Pricing)
		}
		charge := o.Charges[0].ID
		o = do(b, b.UpdateCharge, order.UpdateChargeInput{Scope: scope, OrderID: o.ID, ChargeID: charge, Amount: usd(700)})
		if o.Pricing.Charge != 700 || o.Charges[0].Percent != nil || o.Charges[0].Basis != "" {
			t.Errorf("flat charge: %+v", o.Charges[0])
		}
		o = do(b, b.DeleteCharge, order.DeleteChargeInput{Scope: scope, OrderID: o.ID, ChargeID: charge})
		o = do(b, b.RemoveDiscounts, order.RemoveDiscountsInput{Scope: scope, OrderID: o.ID, DiscountIDs: []string{o.Discounts[0].ID}})
		o = do(b, b.Patch, order.PatchInput{Scope: scope, OrderID: o.ID, ClearTip: true})
		b.expect("back to merchandise", o, amounts{subtotal: 15000, total: 15000, outstanding: 15000, balance: 15000}, "open unpaid none")
		if o.Tips[0].Status != order.TipCanceled || len(o.Discounts) != 0 {
			t.Errorf("tips %+v discounts %+v", o.Tips, o.Discounts)
		}

		address := order.Address{Line1: "1 Main St", City: "Austin", State: "TX", PostalCode: "73301", Country: "US"}
		o = do(b, b.Patch, order.PatchInput{Scope: scope, OrderID: o.ID, Tax: &order.TaxInput{Enabled: new(true)}})
		if o.Tax.Status != "requires_location" || o.Pricing.Tax != 0 {
			t.Errorf("tax without a place: %+v", o.Tax)
		}
		o = do(b, b.Patch, order.PatchInput{Scope: scope, OrderID: o.ID, Delivery: &order.DeliveryInput{Address: address}})
		if o.Tax.Status != "calculated" || o.Tax.Location.Source != "fulfillment" || o.Pricing.Tax == 0 || o.Pricing.Total != 15000+o.Pricing.Tax {
			t.Errorf("tax where the goods go: %+v %+v", o.Tax, o.Pricing)
		}
		rows := b.activities(o.ID)
		if last := rows[len(rows)-1]; last.Type != "order_updated" || last.BalanceDelta != o.Pricing.Tax {
			t.Errorf("activity of the new destination: %+v", last)
		}
		o = do(b, b.Patch, order.PatchInput{Scope: scope, OrderID: o.ID, CustomerID: new(b.customer("charity@example.com", true))})
		b.expect("exempt", o, amounts{subtotal: 15000, total: 15000, outstanding: 15000, balance: 15000}, "open unpaid none")
		if o.Tax.Status != "exempt" {
			t.Errorf("tax of an exempt customer: %+v", o.Tax)
		}
		before := b.dump(o.ID)
		do(b, b.Reprice, order.RepriceInput{Scope: scope, OrderID: o.ID})
		do(b, b.Patch, order.PatchInput{Scope: scope, OrderID: o.ID, BuyerNote: new(""), CustomerID: &o.CustomerID})
		if b.dump(o.ID) != before {
			t.Error("a change of nothing wrote something")
		}
	})
}

// Section 6: closing cancels what was not redeemed, so the total of an unpaid order can rise.
func TestCloseUnpaid(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		o := do(b, b.Create, order.CreateInput{Scope: scope, Cause: cause, Lines: []order.LineInput{line("Chair", 2500, 2)},
			Discounts: []order.DiscountInput{{Name: "Welcome", Amount: *usd(500)}}})
		o = do(b, b.Close, order.CloseInput{Scope: scope, Cause: cause, OrderID: o.ID, Reason: "Changed my mind"})
		b.expect("closed", o, amounts{subtotal: 5000, total: 5000, outstanding: 5000, balance: 5000}, "closed unpaid none")
		if x := o.Discounts[0]; x.Status != order.DiscountCanceled || x.Applied != 0 || o.ClosedReason != "Changed my mind" {
			t.Errorf("discount %+v, reason %q", x, o.ClosedReason)
		}
		if got := b.history(o.ID); got != "created +4500 4500\nclosed +500 5000\n" {
			t.Errorf("history %s", got)
		}
		if kinds, _ := b.events(o.ID); !slices.Equal(kinds, []string{"order.created", "order.closed"}) {
			t.Errorf("events %v", kinds)
		}
		// Money that arrives late is booked all the same, and a closed order keeps its notes open.
		o = b.settle(o.ID, order.SettleInput{Cause: cause, PaymentIntentID: "pi_1", Amount: 5000})
		b.expect("late money", o, amounts{subtotal: 5000, total: 5000, paid: 5000, net: 5000}, "closed paid none")
		do(b, b.Patch, order.PatchInput{Scope: scope, OrderID: o.ID, InternalNote: new("paid late")})
	})
}

func TestPayInPartsAndTwice(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		o := do(b, b.Create, order.CreateInput{Scope: scope, Cause: cause, Lines: []order.LineInput{line("Chair", 2700, 2)}, Tip: &order.TipInput{Amount: usd(450)}})
		o = b.settle(o.ID, order.SettleInput{Cause: cause, PaymentIntentID: "pi_a", Amount: 3000, Tip: 100})
		b.expect("first part", o, amounts{subtotal: 5400, tip: 450, total: 5850, paid: 3000, net: 3000, outstanding: 2850, settledTip: 100, balance: 2850}, "open partially_paid none")
		if x := o.Tips[0]; x.Status != order.TipRequested || x.Settled != 100 {
			t.Errorf("tip carried in part %+v", x)
		}
		o = do(b, b.AddLines, order.AddLinesInput{Scope: scope, Cause: cause, OrderID: o.ID, Lines: []order.LineInput{line("Foam", 100, 1)}})
		o = b.settle(o.ID, order.SettleInput{Cause: cause, PaymentIntentID: "pi_b", Amount: 2950, Tip: 350})
		full := amounts{subtotal: 5500, tip: 450, total: 5950, paid: 5950, net: 5950, settledTip: 450}
		b.expect("second part", o, full, "open paid none")
		o = b.settle(o.ID, order.SettleInput{Cause: cause, PaymentIntentID: "pi_c", Amount: 1000})
		full.paid, full.net, full.credit, full.balance = 6950, 6950, 1000, -1000
		b.expect("paid twice", o, full, "open paid none")
		o = b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error {
			return b.SettleRefund(tx, o, order.RefundInput{Cause: cause, RefundID: "ref_1", Amount: 1000})
		})
		full.refunded, full.net, full.credit, full.balance = 1000, 5950, 0, 0
		b.expect("credit returned", o, full, "open paid partially_refunded")
		if kinds, _ := b.events(o.ID); !slices.Equal(kinds, []string{"order.created", "order.partially_paid", "order.updated", "order.paid", "order.updated", "order.refunded"}) {
			t.Errorf("events %v", kinds)
		}
	})
}

func TestHoldAndAttempt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		o := do(b, b.Create, order.CreateInput{Scope: scope, Cause: cause, Lines: []order.LineInput{line("Chair", 5850, 1)},
			Delivery: &order.DeliveryInput{Address: order.Address{Line1: "1", City: "X", Country: "US"}}})
		start := func(attempt, intent string) {
			t.Helper()
			b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error {
				return b.SetActiveAttempt(tx, o, order.AttemptInput{Cause: cause, AttemptID: attempt, PaymentIntentIDs: []string{intent},
					BuyerContact: &order.BuyerContact{Email: "a@b.co"}})
			})
		}
		start("opat_1", "pi_1")
		if o = b.get(o.ID); o.ActiveAttemptID != "opat_1" || o.Delivery.FrozenAt.IsZero() || o.BuyerContact.Email != "a@b.co" || !slices.Equal(o.PaymentIntentIDs, []string{"pi_1"}) {
			t.Errorf("with an attempt %+v", o)
		}
		b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error {
			return b.ClearActiveAttempt(tx, o, order.AttemptEnd{Cause: cause, Failed: true, PaymentIntentID: "pi_1"})
		})
		if o = b.get(o.ID); o.ActiveAttemptID != "" || !o.Delivery.FrozenAt.IsZero() {
			t.Errorf("after the failed attempt %+v", o)
		}
		hold := order.Hold{PaymentIntentID: "pi_2", Authorized: 5850, Capturable: 5850, ExpiresAt: b.clock.Now().Add(time.Hour)}
		start("opat_2", "pi_2")
		o = b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error { return b.SetHold(tx, o, cause, hold) })
		b.expect("held", o, amounts{subtotal: 5850, total: 5850, outstanding: 5850, balance: 5850}, "open unpaid none")
		o = b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error {
			return b.ClearHold(tx, o, order.HoldEnd{Cause: cause, Expired: true, EndAttempt: true})
		})
		if o.Hold != nil || o.ActiveAttemptID != "" {
			t.Errorf("after the hold ran out %+v", o)
		}
		start("opat_3", "pi_2")
		b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error { return b.SetHold(tx, o, cause, hold) })
		o = b.settle(o.ID, order.SettleInput{Cause: cause, PaymentIntentID: "pi_2", Amount: 4000, EndAttempt: true})
		b.expect("captured in part", o, amounts{subtotal: 5850, total: 5850, paid: 4000, net: 4000, outstanding: 1850, balance: 1850}, "open partially_paid none")
		if o.Hold != nil || o.ActiveAttemptID != "" || o.Delivery.FrozenAt.IsZero() {
			t.Errorf("after the capture %+v", o)
		}
		kinds, _ := b.events(o.ID)
		if want := []string{"order.created", "order.payment_authorized", "order.payment_authorization_expired", "order.payment_authorized",
			"order.payment_captured", "order.partially_paid"}; !slices.Equal(kinds, want) {
			t.Errorf("events %v", kinds)
		}
		if got := b.history(o.ID); got != "created +5850 5850\npayment_failed +0 5850\npayment -4000 1850\n" {
			t.Errorf("history %s", got)
		}
	})
}

var colorado = order.Jurisdiction{Code: "US-CO", Country: "US", Level: "state", Name: "Colorado", State: "CO"}
