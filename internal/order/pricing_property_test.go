package order

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/ledger"
	"flint/internal/money"
	"flint/internal/tax"
)

// randomOrder draws an order that can be priced; amounts are small enough to be added up.
func randomOrder(t *rapid.T) *Order {
	o := &Order{ID: "ord_1", Currency: rapid.SampledFrom([]money.Currency{"USD", "EUR", "JPY", "KWD"}).Draw(t, "currency")}
	amount := rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 1_000_000))
	percent := rapid.Custom(func(t *rapid.T) money.Percent {
		return money.Percent(rapid.OneOf(rapid.Int64Range(0, 1_000_000), rapid.SampledFrom([]int64{0, 1, 82500, 190000, 1_000_000})).Draw(t, "percent"))
	})
	setting := rapid.Custom(func(t *rapid.T) ItemTax {
		if rapid.Bool().Draw(t, "automatic") {
			return ItemTax{Taxable: rapid.Bool().Draw(t, "taxable"), Category: rapid.SampledFrom([]string{"", "food"}).Draw(t, "category")}
		}
		s := stated(rapid.SampledFrom([]string{PriceAdditive, PriceInclusive}).Draw(t, "mode"), rapid.SliceOfN(percent, 1, 3).Draw(t, "components")...)
		s.Taxable = rapid.Bool().Draw(t, "taxable")
		return s
	})
	for i := range rapid.IntRange(1, 20).Draw(t, "lines") {
		o.Lines = append(o.Lines, Line{ID: fmt.Sprintf("li_%d", i), Quantity: rapid.Int64Range(1, 12).Draw(t, "quantity"),
			UnitPrice: amount.Draw(t, "price"), Tax: setting.Draw(t, "tax")})
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "charges") {
		c := Charge{ID: fmt.Sprintf("chg_%d", i), Tax: setting.Draw(t, "tax")}
		if rapid.Bool().Draw(t, "flat") {
			c.Amount = new(amount.Draw(t, "charge"))
		} else {
			c.Percent, c.Basis = new(percent.Draw(t, "charge")), rapid.SampledFrom([]string{BasisPreDiscount, BasisPostDiscount}).Draw(t, "basis")
		}
		o.Charges = append(o.Charges, c)
	}
	for range rapid.IntRange(0, 4).Draw(t, "discounts") {
		d := Discount{
			Class:     rapid.SampledFrom([]string{DiscountOrder, DiscountLineItem, DiscountServiceCharge}).Draw(t, "class"),
			Amount:    amount.Draw(t, "discount"),
			Status:    rapid.SampledFrom([]string{DiscountPending, DiscountRedeemed, DiscountCanceled}).Draw(t, "status"),
			CreatedAt: time.Unix(rapid.Int64Range(0, 3).Draw(t, "age"), 0),
		}
		for _, l := range o.Lines {
			if rapid.Bool().Draw(t, "named") {
				d.LineIDs = append(d.LineIDs, l.ID)
			}
		}
		for _, c := range o.Charges {
			d.ChargeIDs = append(d.ChargeIDs, c.ID)
		}
		o.Discounts = append(o.Discounts, d)
	}
	if rapid.Bool().Draw(t, "tip") {
		o.Tips = []Tip{{Status: TipSettled, Settled: amount.Draw(t, "settled")}, {Status: TipRequested, Percent: new(percent.Draw(t, "tip"))}}
	}
	o.Tax = Tax{
		Enabled: rapid.Bool().Draw(t, "enabled"), Mode: TaxAutomatic,
		PriceMode: rapid.SampledFrom([]string{"", PriceAdditive, PriceInclusive}).Draw(t, "order mode"),
		Location:  &TaxLocation{Address: Address{Country: rapid.SampledFrom([]string{"", "US", "DE", "BR"}).Draw(t, "country"), PostalCode: "10001"}},
		Flat:      []FlatTax{{Amount: amount.Draw(t, "flat tax")}},
	}
	o.Settlement = Settlement{Paid: amount.Draw(t, "paid")}
	o.Settlement.Refunded = rapid.Int64Range(0, o.Settlement.Paid).Draw(t, "refunded")
	return o
}

func TestPricedOrderAddsUp(t *testing.T) {
	t.Parallel()
	rates := tax.NewTable().Rates
	rapid.Check(t, func(t *rapid.T) {
		o := randomOrder(t)
		if err := Price(o, rates); err != nil {
			t.Fatal(err)
		}
		p := o.Pricing
		var lines, charges, discounts, taken, flat, breakdowns, merchandise int64
		for _, l := range o.Lines {
			if l.Discount < 0 || l.Discount > l.Subtotal || l.TaxAmount < 0 || l.Total < 0 || (l.TaxAdditive != 0 && l.TaxAdditive != l.TaxAmount) {
				t.Fatalf("line %+v", l)
			}
			lines, discounts, merchandise = lines+l.Total, discounts+l.Discount, merchandise+l.Subtotal
		}
		for _, c := range o.Charges {
			if c.Discount < 0 || c.Discount > c.Applied || c.TaxAmount < 0 || c.Total < 0 {
				t.Fatalf("charge %+v", c)
			}
			charges, discounts = charges+c.Total, discounts+c.Discount
		}
		for _, d := range o.Discounts {
			if d.Applied < 0 || d.Applied > d.Amount || (d.Status == DiscountCanceled && d.Applied != 0) {
				t.Fatalf("discount %+v", d)
			}
			taken += d.Applied
		}
		for _, b := range o.Tax.Breakdowns {
			breakdowns += b.Amount
			if b.LineID+b.ChargeID == "" {
				flat += b.Amount
			}
		}
		if lines+charges+flat+p.Tip != p.Total {
			t.Fatalf("lines %d + charges %d + order tax %d + tip %d is not the total %d", lines, charges, flat, p.Tip, p.Total)
		}
		if p.Subtotal-p.Discount+p.Charge+p.Tax+p.Tip != p.Total || p.Total < 0 {
			t.Fatalf("%+v does not add up", p)
		}
		if discounts != p.Discount || taken != p.Discount || merchandise != p.Subtotal {
			t.Fatalf("bases give %d, discounts take %d, pricing has %d", discounts, taken, p.Discount)
		}
		if breakdowns != p.Tax+p.TaxIncluded {
			t.Fatalf("breakdowns sum to %d, the tax is %d + %d", breakdowns, p.Tax, p.TaxIncluded)
		}
	})
}

func TestPricingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	rates := tax.NewTable().Rates
	rapid.Check(t, func(t *rapid.T) {
		o := randomOrder(t)
		if err := Price(o, rates); err != nil {
			t.Fatal(err)
		}
		once := *o
		once.Lines = append([]Line(nil), o.Lines...)
		once.Charges = append([]Charge(nil), o.Charges...)
		once.Discounts = append([]Discount(nil), o.Discounts...)
		once.Tips = append([]Tip(nil), o.Tips...)
		if err := Price(o, rates); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(&once, o) {
			t.Fatalf("priced once:  %+v\npriced twice: %+v", once, *o)
		}
	})
}

func TestLineSharesSumToTheLine(t *testing.T) {
	t.Parallel()
	rates := tax.NewTable().Rates
	rapid.Check(t, func(t *rapid.T) {
		o := randomOrder(t)
		if err := Price(o, rates); err != nil {
			t.Fatal(err)
		}
		for _, l := range o.Lines {
			var sum Shares
			for taken := int64(0); taken < l.Quantity; {
				n := rapid.Int64Range(1, l.Quantity-taken).Draw(t, "units")
				s := LineShare(l, taken, taken+n)
				if s.Subtotal != n*l.UnitPrice || s.Discount < 0 || s.Tax < 0 || s.Total < 0 {
					t.Fatalf("units %d to %d of %+v carry %+v", taken, taken+n, l, s)
				}
				sum.Subtotal += s.Subtotal
				sum.Discount += s.Discount
				sum.Tax += s.Tax
				sum.Total += s.Total
				taken += n
			}
			if want := (Shares{l.Subtotal, l.Discount, l.TaxAmount, l.Total}); sum != want {
				t.Fatalf("the units carry %+v, the line %+v", sum, want)
			}
		}
	})
}

func TestPositionBalances(t *testing.T) {
	t.Parallel()
	rates := tax.NewTable().Rates
	rapid.Check(t, func(t *rapid.T) {
		o := randomOrder(t)
		if err := Price(o, rates); err != nil {
			t.Fatal(err)
		}
		after := Position(o)
		held := map[ledger.Account]int64{}
		for _, p := range after {
			held[p.Account] = p.Amount
		}
		if zero(after) != 0 || held[ledger.Receivable] != o.Balance() || held[ledger.MerchantBalance] != o.NetCollected() {
			t.Fatalf("%+v holds %v", o.Pricing, after)
		}
		if held[ledger.Sales] > 0 || held[ledger.Tax] > 0 || held[ledger.Tips] > 0 || held[ledger.Refunds] < 0 {
			t.Fatalf("an account on the wrong side: %v", after)
		}
		before := Position(randomOrder(t))
		delta := PositionDelta(before, after)
		if zero(delta) != 0 {
			t.Fatalf("the delta %v does not balance", delta)
		}
		if rest := PositionDelta(after, append(append([]ledger.Posting(nil), before...), delta...)); len(rest) != 0 {
			t.Fatalf("%v and %v do not lead to %v", before, delta, after)
		}
	})
}

func zero(postings []ledger.Posting) (sum int64) {
	for _, p := range postings {
		sum += p.Amount
	}
	return sum
}

func BenchmarkPrice(b *testing.B) {
	o := workedExample()
	b.ReportAllocs()
	for b.Loop() {
		if err := Price(o, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPriceAutomatic(b *testing.B) {
	o, rates := located(workedExample(), "US", "CA", ""), tax.NewTable().Rates
	for i := range o.Lines {
		o.Lines[i].Tax.Calculation = nil
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := Price(o, rates); err != nil {
			b.Fatal(err)
		}
	}
}
