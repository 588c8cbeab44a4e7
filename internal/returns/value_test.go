package returns

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/tax"
)

// paidOrder draws an order of any shape: discounts, charges, tips, tax inside and on top, currencies of 0, 2 and 3
// digits.
func paidOrder(t *rapid.T) *order.Order {
	o := &order.Order{ID: "ord_1", Currency: rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(t, "currency")}
	amount := rapid.OneOf(rapid.Int64Range(0, 7), rapid.Int64Range(0, 200_000))
	percent := rapid.Custom(func(t *rapid.T) money.Percent {
		return money.Percent(rapid.SampledFrom([]int64{0, 1, 5000, 82500, 190000, 333333}).Draw(t, "percent"))
	})
	setting := rapid.Custom(func(t *rapid.T) order.ItemTax {
		m := &order.ItemTaxMethod{Mode: order.TaxExternal, PriceMode: rapid.SampledFrom([]string{order.PriceAdditive, order.PriceInclusive}).Draw(t, "mode")}
		for n, p := range rapid.SliceOfN(percent, 1, 3).Draw(t, "components") {
			m.Components = append(m.Components, order.TaxComponent{TaxType: "sales_tax", Percent: p, Jurisdiction: order.Jurisdiction{Code: strconv.Itoa(n)}})
		}
		return order.ItemTax{Taxable: true, Calculation: m}
	})
	for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
		o.Lines = append(o.Lines, order.Line{ID: fmt.Sprintf("li_%d", i), Quantity: rapid.Int64Range(1, 9).Draw(t, "quantity"),
			UnitPrice: amount.Draw(t, "price"), Tax: setting.Draw(t, "tax")})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "charges") {
		fee := amount.Draw(t, "charge")
		o.Charges = append(o.Charges, order.Charge{ID: fmt.Sprintf("chg_%d", i), Amount: &fee, Tax: setting.Draw(t, "tax")})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "discounts") {
		o.Discounts = append(o.Discounts, order.Discount{ID: strconv.Itoa(i), Class: order.DiscountOrder, Amount: amount.Draw(t, "discount"),
			Status: order.DiscountRedeemed, CreatedAt: time.Unix(int64(i), 0)})
	}
	if rapid.Bool().Draw(t, "tip") {
		o.Tips = []order.Tip{{Status: order.TipSettled, Settled: amount.Draw(t, "tip")}}
	}
	o.Tax = order.Tax{Enabled: true, Mode: order.TaxExternal, PriceMode: order.PriceAdditive}
	if err := order.Price(o, tax.NewTable().Rates); err != nil {
		t.Fatalf("price: %v", err)
	}
	o.Settlement.Paid = o.Pricing.Total
	return o
}

// take adds what a resolution holds to what is taken of the order.
func take(t *rapid.T, r *Return, x *Resolution, taken map[string]refund.Taken) {
	credit, back, err := x.split(r)
	if err != nil {
		t.Fatal(err)
	}
	if credit.money() != x.moves() || back.money() != x.BuyerRefund || credit.money()+back.money() != x.leaves() {
		t.Fatalf("%d is credit and %d goes back of %d; %d and %d were promised", credit.money(), back.money(), x.leaves(), x.moves(), x.BuyerRefund)
	}
	for _, p := range append(credit.portions, back.portions...) {
		var fees int64
		for _, f := range p.fees {
			fees += f.Amount.Minor
		}
		if p.refunded < 0 || p.value.Total-fees != p.refunded || min(p.value.Subtotal, p.value.Discount, p.value.Tax, p.value.Total) < 0 {
			t.Fatalf("a portion of %+v with fees of %d gives back %d", p.value, fees, p.refunded)
		}
		taken[p.orderLineID] = taken[p.orderLineID].Plus(p.value.taken(p.quantity))
	}
}

// TestAnyReturnsOfALineSumToTheLine: however units come back, over however many returns and resolutions, with fees,
// credits and replacements, each line gives back exactly what was paid for it, and the order no more than it took in.
func TestAnyReturnsOfALineSumToTheLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := paidOrder(t)
		r := &Return{ID: "ret_1", OrderID: o.ID, Currency: o.Currency}
		for k := range o.Lines { // units of a line may lie in two fulfilments
			n := o.Lines[k].Quantity
			first := rapid.Int64Range(1, n).Draw(t, "first")
			for part, q := range []int64{first, n - first} {
				if q > 0 {
					r.Lines = append(r.Lines, Line{ID: fmt.Sprintf("rtli_%d_%d", k, part), OrderLineID: o.Lines[k].ID, Requested: q, Approved: q,
						DecidedAt: time.Unix(1, 0), RefundTiming: AfterApproval})
				}
			}
		}
		left := map[string]int64{}
		for _, l := range r.Lines {
			left[l.ID] = l.Approved
		}
		taken, given := map[string]refund.Taken{}, int64(0)
		for step := 0; len(left) > 0 && step < 60; step++ {
			x := drawResolution(t, r, left, step)
			tm := terms{kind: x.Type, replacements: x.Replacements, adjustments: x.Adjustments, room: o.Settlement.Paid - given}
			for _, l := range x.Lines {
				tm.lines = append(tm.lines, LineQuantity{l.LineID, l.Quantity})
			}
			q, err := value(o, r, taken, tm)
			if f := fault.Of(err); f != nil && f.Code == "RETURN_VALUE_EXCEEDED" {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			again, err := value(o, r, taken, tm)
			if err != nil || again.Hash != q.Hash {
				t.Fatalf("the same terms come to another quote: %v", errors.Join(err))
			}
			if q.BuyerRefund > 0 && q.BuyerPayment > 0 || q.BuyerRefund-q.BuyerPayment != q.Returned.Total+q.Credit-q.Deduction-q.Replacement {
				t.Fatalf("the net of %+v", q)
			}
			x.take(q)
			take(t, r, x, taken)
			given += x.leaves()
			for _, l := range x.Lines {
				if left[l.LineID] -= l.Quantity; left[l.LineID] == 0 {
					delete(left, l.LineID)
				}
			}
			r.Resolutions = append(r.Resolutions, *x)
		}
		if given > o.Settlement.Paid {
			t.Fatalf("%d was given back of %d", given, o.Settlement.Paid)
		}
		for k := range o.Lines {
			l := &o.Lines[k]
			h, all := taken[l.ID], order.LineShare(*l, 0, l.Quantity)
			if h.Amount > all.Total || h.Quantity > l.Quantity {
				t.Fatalf("of a line of %d units and %d, %d units and %d are taken", l.Quantity, all.Total, h.Quantity, h.Amount)
			}
			if h.Quantity == l.Quantity && (h != refund.Taken{Quantity: l.Quantity, Amount: all.Total, Subtotal: all.Subtotal, Discount: all.Discount, Tax: all.Tax}) {
				t.Fatalf("all units are taken: %+v of %+v", h, all)
			}
		}
	})
}

// drawResolution is a resolution of some of the units that are left.
func drawResolution(t *rapid.T, r *Return, left map[string]int64, step int) *Resolution {
	x := &Resolution{ID: strconv.Itoa(step), Type: rapid.SampledFrom([]string{ResolutionRefund, ResolutionRefund, ResolutionExchange}).Draw(t, "type")}
	for _, l := range r.Lines {
		if n := left[l.ID]; n > 0 && (len(x.Lines) == 0 || rapid.Bool().Draw(t, "too")) {
			x.Lines = append(x.Lines, ResolutionLine{LineID: l.ID, Quantity: rapid.Int64Range(1, n).Draw(t, "units")})
		}
	}
	if x.Type == ResolutionExchange {
		x.Replacements = []ReplacementLine{{Name: "other", Quantity: 1, Value: Value{Total: rapid.Int64Range(0, 400_000).Draw(t, "replacement")}}}
	}
	for range rapid.IntRange(0, 3).Draw(t, "adjustments") {
		a := Adjustment{Type: "restocking_fee", Effect: EffectDeduction, Status: AdjustmentApplied, Applied: rapid.Int64Range(0, 300).Draw(t, "fee"), Reason: "return_policy"}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			a.Type, a.Effect = "goodwill_credit", EffectCredit
		case 1:
			a.LineID = x.Lines[0].LineID
		case 2:
			a.Status, a.Assessed, a.Applied = AdjustmentWaived, a.Applied, 0
		}
		x.Adjustments = append(x.Adjustments, a)
	}
	return x
}

// TestOriginalPriceComesToWhatWasPaid: units at their original price, taken in any portions, sum to their value.
func TestOriginalPriceComesToWhatWasPaid(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, total := rapid.Int64Range(1, 20).Draw(t, "units"), rapid.Int64Range(0, 100_000).Draw(t, "value")
		e := &pooled{sold: &order.Line{}, quantity: n, value: total}
		var sum int64
		for left := n; left > 0; {
			part := rapid.Int64Range(1, left).Draw(t, "part")
			sum, left = sum+e.take(part), left-part
		}
		if sum != total {
			t.Fatalf("%d units of %d come to %d", n, total, sum)
		}
	})
}

// TestGatesOpenInTheOrderOfResolutions: goods that arrive open the gates of earlier resolutions first.
func TestGatesOpenInTheOrderOfResolutions(t *testing.T) {
	t.Parallel()
	r := &Return{Lines: []Line{{ID: "a", Approved: 3, ReturnRequired: 3, Requested: 3}}}
	for _, xID := range []string{"1", "2"} {
		r.Resolutions = append(r.Resolutions, Resolution{ID: xID, Type: ResolutionRefund, Status: ResolutionPending,
			Lines: []ResolutionLine{{LineID: "a", Quantity: 1, RefundTiming: AfterReceipt}}})
	}
	for received, want := range []([2]bool){{false, false}, {true, false}, {true, true}} {
		r.Lines[0].Received = int64(received)
		for k := range want {
			if open := len(r.Resolutions[k].gates(r)) == 0; open != want[k] {
				t.Errorf("%d arrived: resolution %d is open: %v", received, k+1, open)
			}
		}
	}
	r.Lines[0].Received, r.Lines[0].ReturnRequired = 0, 1 // two units stay with the buyer
	if len(r.Resolutions[1].gates(r)) != 0 {
		t.Error("units that stay with the buyer wait for goods")
	}
}

// TestAWaivedInspectionDoesNotPayForRejectedUnits: what an inspection rejected or left open before it was waived keeps
// its value waiting, as the exception would say that such units were paid for wrongly.
func TestAWaivedInspectionDoesNotPayForRejectedUnits(t *testing.T) {
	t.Parallel()
	l := Line{ID: "a", Requested: 4, Approved: 4, ReturnRequired: 3, InspectionRequired: true, WaivedAt: time.Unix(1, 0), DecidedAt: time.Unix(1, 0)}
	l.Received, l.Rejected, l.ReviewRequired = 3, 1, 1
	for n, want := range []bool{true, true, true, false, false} {
		if open := gateOpen(&l, AfterInspection, int64(n)); open != want {
			t.Errorf("the value of %d units may move: %v; one stays with the buyer and one of three was accepted", n, open)
		}
	}
	if l.open(AfterInspection) != 2 {
		t.Errorf("%d units are paid for rightly", l.open(AfterInspection))
	}
}
