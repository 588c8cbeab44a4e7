package order

import (
	"errors"
	"math"
	"testing"
	"time"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/tax"
)

// stated is a tax of the given percentages, in ten-thousandths of a percent.
func stated(priceMode string, percents ...money.Percent) ItemTax {
	m := &ItemTaxMethod{Mode: TaxExternal, PriceMode: priceMode}
	for _, p := range percents {
		m.Components = append(m.Components, TaxComponent{TaxType: tax.SalesTax, Percent: p})
	}
	return ItemTax{Taxable: true, Calculation: m}
}

// workedExample is the order that the money rules calculate by hand.
func workedExample() *Order {
	return &Order{
		ID: "ord_1", Currency: "USD",
		Lines: []Line{
			{ID: "li_1", Quantity: 3, UnitPrice: 3333, Tax: stated(PriceAdditive, 82500)},
			{ID: "li_2", Quantity: 1, UnitPrice: 3334, Tax: stated(PriceAdditive, 82500, 5000)},
		},
		Discounts: []Discount{{ID: "disc_1", Class: DiscountOrder, Amount: 1000, Status: DiscountPending}},
		Charges:   []Charge{{ID: "chg_1", Percent: new(money.Percent(25000)), Basis: BasisPostDiscount}},
		Tips:      []Tip{{ID: "tip_1", Status: TipRequested, Percent: new(money.Percent(100000))}},
		Tax:       Tax{Enabled: true, Mode: TaxExternal},
	}
}

func TestPriceWorkedExample(t *testing.T) {
	t.Parallel()
	o := workedExample()
	if err := Price(o, nil); err != nil {
		t.Fatal(err)
	}
	if want := (Pricing{Subtotal: 13333, Discount: 1000, Charge: 308, Tax: 763 + 269, Tip: 1233, Total: 14906}); o.Pricing != want {
		t.Errorf("pricing is %+v, want %+v", o.Pricing, want)
	}
	for i, want := range []struct{ subtotal, discount, tax, total int64 }{{9999, 750, 763, 10012}, {3334, 250, 269, 3353}} {
		l := o.Lines[i]
		if l.BaseSubtotal != want.subtotal || l.Subtotal != want.subtotal || l.Discount != want.discount ||
			l.TaxAmount != want.tax || l.TaxAdditive != want.tax || l.Total != want.total {
			t.Errorf("line %d is %+v, want %+v", i, l, want)
		}
	}
	if o.Charges[0].Applied != 308 || o.Charges[0].Total != 308 || o.Tips[0].Effective != 1233 || o.Discounts[0].Applied != 1000 {
		t.Errorf("charge %+v, tip %+v, discount %+v", o.Charges[0], o.Tips[0], o.Discounts[0])
	}
	if o.Tax.Status != TaxCalculated || o.Tax.Reason != ReasonStandardRated || o.Tax.Failure != "" {
		t.Errorf("the tax is %s, %s, %s", o.Tax.Status, o.Tax.Reason, o.Tax.Failure)
	}
	for i, want := range []struct {
		id, line        string
		percent         money.Percent
		taxable, amount int64
	}{{"txb_li_1_1", "li_1", 82500, 9249, 763}, {"txb_li_2_1", "li_2", 82500, 3084, 254}, {"txb_li_2_2", "li_2", 5000, 3084, 15}} {
		b := o.Tax.Breakdowns[i]
		if b.ID != want.id || b.LineID != want.line || *b.Percent != want.percent || b.Taxable != want.taxable ||
			b.Amount != want.amount || b.PriceMode != PriceAdditive || b.Calculation != "percentage" {
			t.Errorf("breakdown %d is %+v, want %+v", i, b, want)
		}
	}
	// The first line refunded unit by unit: 33.33 - 2.50 + 2.54, then + 2.55, then + 2.54.
	for n, want := range []Shares{{3333, 250, 254, 3337}, {3333, 250, 255, 3338}, {3333, 250, 254, 3337}} {
		if got := LineShare(o.Lines[0], int64(n), int64(n)+1); got != want {
			t.Errorf("unit %d carries %+v, want %+v", n+1, got, want)
		}
	}
}

func TestPriceDiscounts(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	// two lines of 60.00 and 40.00, charges of 10.00 and 5.00
	tests := []struct {
		name      string
		discounts []Discount
		applied   []int64
		lines     [2]int64
		charges   [2]int64
		total     int64
	}{
		{"none", nil, nil, [2]int64{}, [2]int64{}, 11500},
		{"order class spreads over all lines",
			[]Discount{{Class: DiscountOrder, Amount: 1000}}, []int64{1000}, [2]int64{600, 400}, [2]int64{}, 10500},
		{"order class leaves charges alone when it takes everything",
			[]Discount{{Class: DiscountOrder, Amount: 99999}}, []int64{10000}, [2]int64{6000, 4000}, [2]int64{}, 1500},
		{"line class takes from its lines",
			[]Discount{{Class: DiscountLineItem, Amount: 1000, LineIDs: []string{"b"}}}, []int64{1000}, [2]int64{0, 1000}, [2]int64{}, 10500},
		{"line class is capped at its lines",
			[]Discount{{Class: DiscountLineItem, Amount: 5000, LineIDs: []string{"b"}}}, []int64{4000}, [2]int64{0, 4000}, [2]int64{}, 7500},
		{"a line that is gone gives nothing",
			[]Discount{{Class: DiscountLineItem, Amount: 5000, LineIDs: []string{"z"}}}, []int64{0}, [2]int64{}, [2]int64{}, 11500},
		{"line class comes first, whatever the age, and order class takes of what is left",
			[]Discount{{Class: DiscountOrder, Amount: 1000, CreatedAt: day(1)}, {Class: DiscountLineItem, Amount: 2000, LineIDs: []string{"a"}, CreatedAt: day(2)}},
			[]int64{1000, 2000}, [2]int64{2500, 500}, [2]int64{}, 8500},
		{"the older takes first",
			[]Discount{{Class: DiscountOrder, Amount: 8000, CreatedAt: day(2)}, {Class: DiscountOrder, Amount: 8000, CreatedAt: day(1)}},
			[]int64{2000, 8000}, [2]int64{6000, 4000}, [2]int64{}, 1500},
		{"of one age, the first in the list",
			[]Discount{{Class: DiscountOrder, Amount: 8000}, {Class: DiscountOrder, Amount: 8000}},
			[]int64{8000, 2000}, [2]int64{6000, 4000}, [2]int64{}, 1500},
		{"service charge class takes from its charges",
			[]Discount{{Class: DiscountServiceCharge, Amount: 300, ChargeIDs: []string{"x", "y"}}}, []int64{300}, [2]int64{}, [2]int64{200, 100}, 11200},
		{"service charge class is capped",
			[]Discount{{Class: DiscountServiceCharge, Amount: 9999, ChargeIDs: []string{"y"}}}, []int64{500}, [2]int64{}, [2]int64{0, 500}, 11000},
		{"canceled takes nothing",
			[]Discount{{Class: DiscountOrder, Amount: 1000, Status: DiscountCanceled, Applied: 1000}}, []int64{0}, [2]int64{}, [2]int64{}, 11500},
		{"redeemed still counts",
			[]Discount{{Class: DiscountOrder, Amount: 1000, Status: DiscountRedeemed}}, []int64{1000}, [2]int64{600, 400}, [2]int64{}, 10500},
	}
	for _, tt := range tests {
		o := &Order{
			Currency:  "EUR",
			Lines:     []Line{{ID: "a", Quantity: 2, UnitPrice: 3000}, {ID: "b", Quantity: 1, UnitPrice: 4000}},
			Charges:   []Charge{{ID: "x", Amount: new(int64(1000))}, {ID: "y", Amount: new(int64(500))}},
			Discounts: tt.discounts,
		}
		if err := Price(o, nil); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		for i, want := range tt.applied {
			if got := o.Discounts[i].Applied; got != want {
				t.Errorf("%s: discount %d takes %d, want %d", tt.name, i, got, want)
			}
		}
		if got := [2]int64{o.Lines[0].Discount, o.Lines[1].Discount}; got != tt.lines {
			t.Errorf("%s: lines give %v, want %v", tt.name, got, tt.lines)
		}
		if got := [2]int64{o.Charges[0].Discount, o.Charges[1].Discount}; got != tt.charges {
			t.Errorf("%s: charges give %v, want %v", tt.name, got, tt.charges)
		}
		if o.Pricing.Total != tt.total {
			t.Errorf("%s: total %d, want %d", tt.name, o.Pricing.Total, tt.total)
		}
	}
}

func TestPriceChargeBases(t *testing.T) {
	t.Parallel()
	for basis, want := range map[string]int64{BasisPreDiscount: 1000, BasisPostDiscount: 750} {
		o := &Order{
			Currency:  "EUR",
			Lines:     []Line{{ID: "a", Quantity: 1, UnitPrice: 10000}},
			Charges:   []Charge{{ID: "x", Percent: new(money.Percent(100000)), Basis: basis}},
			Discounts: []Discount{{Class: DiscountOrder, Amount: 2500}},
		}
		if err := Price(o, nil); err != nil || o.Charges[0].Applied != want || o.Pricing.Total != 7500+want {
			t.Errorf("%s: charge %d of total %d, %v; want %d", basis, o.Charges[0].Applied, o.Pricing.Total, err, want)
		}
	}
}

func TestPriceInEveryExponent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		currency              money.Currency
		unit, tax, tip, total int64
	}{
		{"JPY", 333, 100, 100, 1199},     // 10 % of 999 yen is 99.9
		{"USD", 3333, 1000, 1000, 11999}, // 9.999
		{"KWD", 33333, 10000, 10000, 119999},
		{"CLF", 333333, 100000, 100000, 1199999},
	}
	for _, tt := range tests {
		o := &Order{
			Currency: tt.currency,
			Lines:    []Line{{ID: "a", Quantity: 3, UnitPrice: tt.unit, Tax: stated(PriceAdditive, 100000)}},
			Tips:     []Tip{{Status: TipRequested, Percent: new(money.Percent(100000))}},
			Tax:      Tax{Enabled: true},
		}
		if err := Price(o, nil); err != nil || o.Pricing.Tax != tt.tax || o.Pricing.Tip != tt.tip || o.Pricing.Total != tt.total {
			t.Errorf("%s: %+v, %v", tt.currency, o.Pricing, err)
		}
	}
}

func TestPriceTips(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		currency money.Currency
		tips     []Tip
		tip      int64
		code     string
	}{
		{"percent after discounts", "USD", []Tip{{Status: TipRequested, Percent: new(money.Percent(200000))}}, 1800, ""},
		{"amount", "USD", []Tip{{Status: TipRequested, Amount: new(int64(777))}}, 777, ""},
		{"canceled", "USD", []Tip{{Status: TipCanceled, Amount: new(int64(777)), Effective: 777}}, 0, ""},
		{"settled counts with what settled", "USD", []Tip{{Status: TipSettled, Amount: new(int64(777)), Effective: 777, Settled: 500}}, 500, ""},
		{"a refunded tip was still charged", "USD", []Tip{{Status: TipRefunded, Effective: 500, Settled: 500, Refunded: 500}}, 500, ""},
		{"settled and a new one", "USD", []Tip{{Status: TipPartiallyRefunded, Settled: 500, Refunded: 1}, {Status: TipRequested, Amount: new(int64(100))}}, 600, ""},
		{"at the ceiling", "USD", []Tip{{Status: TipRequested, Amount: new(int64(100000))}}, 100000, ""},
		{"above the ceiling", "USD", []Tip{{Status: TipRequested, Amount: new(int64(100001))}}, 0, "TIP_LIMIT_EXCEEDED"},
		{"no ceiling elsewhere", "EUR", []Tip{{Status: TipRequested, Amount: new(int64(100001))}}, 100001, ""},
		{"negative", "USD", []Tip{{Status: TipRequested, Amount: new(int64(-1))}}, 0, "INVALID_TIP_AMOUNT"},
		{"negative percent", "USD", []Tip{{Status: TipRequested, Percent: new(money.Percent(-1))}}, 0, "INVALID_TIP_PERCENT"},
		{"neither", "USD", []Tip{{Status: TipRequested}}, 0, "INVALID_TIP"},
	}
	for _, tt := range tests {
		o := &Order{
			Currency:  tt.currency,
			Lines:     []Line{{ID: "a", Quantity: 1, UnitPrice: 10000}},
			Discounts: []Discount{{Class: DiscountOrder, Amount: 1000}},
			Tips:      tt.tips,
		}
		err := Price(o, nil)
		if tt.code != "" {
			if !fault.Is(err, tt.code) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
			}
			continue
		}
		if err != nil || o.Pricing.Tip != tt.tip || o.Pricing.Total != 9000+tt.tip {
			t.Errorf("%s: %+v, %v; want a tip of %d", tt.name, o.Pricing, err, tt.tip)
		}
	}
	if ceiling, limited := TipCeiling("USD", 250000); ceiling != 250000 || !limited {
		t.Errorf("the ceiling of a large order is %d, %t", ceiling, limited)
	}
}

func TestPriceRefuses(t *testing.T) {
	t.Parallel()
	line := func(quantity, price int64) []Line { return []Line{{ID: "a", Quantity: quantity, UnitPrice: price}} }
	tests := []struct {
		name, code, param string
		order             Order
	}{
		{"no quantity", "LINE_ITEM_INVALID_QUANTITY", "line_items[0].quantity", Order{Lines: line(0, 1)}},
		{"negative price", "LINE_ITEM_NEGATIVE_PRICE", "line_items[0].unit_price_money", Order{Lines: line(1, -1)}},
		{"a product out of range", "INVALID_TOTALS", "", Order{Lines: line(math.MaxInt64, 2)}},
		{"a sum out of range", "INVALID_TOTALS", "", Order{Lines: append(line(1, math.MaxInt64), line(1, 1)...)}},
		{"a tax out of range", "INVALID_TOTALS", "", Order{Tax: Tax{Enabled: true},
			Lines: []Line{{Quantity: 1, UnitPrice: math.MaxInt64, Tax: stated(PriceAdditive, 10000)}}}},
		{"a charge out of range", "INVALID_TOTALS", "", Order{Lines: line(1, math.MaxInt64),
			Charges: []Charge{{Percent: new(money.Percent(2000000)), Basis: BasisPreDiscount}}}},
		{"charges out of range", "INVALID_TOTALS", "", Order{Lines: line(1, 1),
			Charges: []Charge{{Amount: new(int64(math.MaxInt64))}, {Amount: new(int64(math.MaxInt64))}}}},
		{"a tip out of range", "INVALID_TOTALS", "", Order{Currency: "EUR", Lines: line(1, math.MaxInt64),
			Tips: []Tip{{Status: TipRequested, Amount: new(int64(1))}}}},
		{"rates out of range", "INVALID_TOTALS", "", Order{Tax: Tax{Enabled: true},
			Lines: []Line{{Quantity: 1, UnitPrice: 1, Tax: stated(PriceInclusive, math.MaxInt64, math.MaxInt64)}}}},
		{"negative discount", "DISCOUNT_AMOUNT_INVALID", "discounts[0].amount_money", Order{Lines: line(1, 1),
			Discounts: []Discount{{Class: DiscountOrder, Amount: -1}}}},
		{"a discount of no class", "INVALID_DISCOUNT_CLASS", "discounts[0].discount_class", Order{Lines: line(1, 1),
			Discounts: []Discount{{Amount: 1}}}},
		{"a charge of nothing", "CHARGE_VALUE_REQUIRED", "charges[0]", Order{Lines: line(1, 1), Charges: []Charge{{}}}},
		{"a charge of both", "CHARGE_VALUE_REQUIRED", "charges[0]", Order{Lines: line(1, 1),
			Charges: []Charge{{Amount: new(int64(1)), Percent: new(money.Percent(1))}}}},
		{"negative charge", "CHARGE_VALUE_REQUIRED", "charges[0].amount_money", Order{Lines: line(1, 1), Charges: []Charge{{Amount: new(int64(-1))}}}},
		{"negative percent", "INVALID_CHARGE_PERCENT", "charges[0].percent", Order{Lines: line(1, 1),
			Charges: []Charge{{Percent: new(money.Percent(-1)), Basis: BasisPreDiscount}}}},
		{"a percent of what", "CALCULATION_BASIS_REQUIRED", "charges[0].calculation_basis", Order{Lines: line(1, 1),
			Charges: []Charge{{Percent: new(money.Percent(1))}}}},
		{"negative tax", "INVALID_TAX_PERCENTAGE", "line_items[0].tax.calculation.components[0].percent", Order{Tax: Tax{Enabled: true},
			Lines: []Line{{Quantity: 1, UnitPrice: 1, Tax: stated(PriceAdditive, -1)}}}},
		{"a price mode of its own", "INVALID_TAX_PRICE_MODE", "line_items[0].tax.calculation.price_mode", Order{Tax: Tax{Enabled: true},
			Lines: []Line{{Quantity: 1, UnitPrice: 1, Tax: stated("sideways", 1)}}}},
		{"negative flat tax", "INVALID_FLAT_TAX", "tax.calculation.components[0].flat_money", Order{Lines: line(1, 1),
			Tax: Tax{Enabled: true, Flat: []FlatTax{{Amount: -1}}}}},
	}
	for _, tt := range tests {
		err := Price(&tt.order, nil)
		f := fault.Of(err)
		if f == nil || f.Code != tt.code || f.Param != tt.param || f.Class != fault.ClassInvalid {
			t.Errorf("%s: %v; want %s (%s)", tt.name, err, tt.code, tt.param)
		}
		if tt.code == "INVALID_TOTALS" && !errors.Is(err, money.ErrOverflow) {
			t.Errorf("%s: the cause is not the overflow: %v", tt.name, err)
		}
	}
}
