package order

import (
	"errors"
	"slices"
	"testing"

	"flint/internal/money"
	"flint/internal/tax"
)

func at100(setting ItemTax) *Order {
	return &Order{ID: "ord_1", Currency: "EUR", Lines: []Line{{ID: "li_1", Quantity: 1, UnitPrice: 10000, Tax: setting}}}
}

func located(o *Order, country, state, postal string) *Order {
	o.Tax = Tax{Enabled: true, Mode: TaxAutomatic, Location: &TaxLocation{Address: Address{Country: country, State: state, PostalCode: postal}}}
	return o
}

func TestTaxStatus(t *testing.T) {
	t.Parallel()
	taxable := ItemTax{Taxable: true}
	builtIn := tax.NewTable().Rates
	failing := func(err error) RateFunc {
		return func(tax.Query) (tax.Result, error) { return tax.Result{}, err }
	}
	exempt := located(at100(taxable), "US", "CA", "")
	exempt.Tax.ExemptBy = "cus_1"
	exempt.Tax.Flat = []FlatTax{{Amount: 28}}
	disabled := located(at100(stated(PriceAdditive, 82500)), "US", "CA", "")
	disabled.Tax.Enabled = false
	disabled.Tax.Flat = []FlatTax{{Amount: 28}}
	unplaced := at100(taxable)
	unplaced.Tax = Tax{Enabled: true, Mode: TaxAutomatic}
	external := at100(taxable)
	external.Tax = Tax{Enabled: true, Mode: TaxExternal}

	tests := []struct {
		name                    string
		o                       *Order
		rates                   RateFunc
		status, reason, failure string
		tax                     int64
	}{
		{"disabled", disabled, builtIn, TaxNotRequired, ReasonTaxDisabled, "", 0},
		{"exempt", exempt, builtIn, TaxExempt, ReasonCustomerExempt, "", 0},
		{"no location", unplaced, builtIn, TaxRequiresLocation, ReasonLocationRequired, "", 0},
		{"a vague location", located(at100(taxable), "US", "", ""), builtIn, TaxRequiresLocation, ReasonLocationRequired, "", 0},
		{"a state", located(at100(taxable), "US", "CA", ""), builtIn, TaxCalculated, ReasonStandardRated, "", 725},
		{"a city", located(at100(taxable), "US", "", "10001"), builtIn, TaxCalculated, ReasonStandardRated, "", 400 + 450 + 38},
		{"a country", located(at100(taxable), "DE", "", ""), builtIn, TaxCalculated, ReasonStandardRated, "", 1900},
		{"exempt goods", located(at100(ItemTax{Taxable: true, Category: "food"}), "GB", "", ""), builtIn, TaxCalculated, ReasonNotTaxable, "", 0},
		{"a place without", located(at100(taxable), "US", "OR", ""), builtIn, TaxCalculated, ReasonNoJurisdiction, "", 0},
		{"nothing taxable", located(at100(ItemTax{}), "US", "CA", ""), builtIn, TaxCalculated, ReasonNotTaxable, "", 0},
		{"an unknown country", located(at100(taxable), "BR", "", ""), builtIn, TaxIncomplete, ReasonNoJurisdiction, FailureLocation, 0},
		{"no rate", located(at100(taxable), "US", "CA", ""), failing(tax.ErrRateUnavailable), TaxIncomplete, ReasonNoJurisdiction, FailureRate, 0},
		{"no answer", located(at100(taxable), "US", "CA", ""), failing(errors.New("boom")), TaxIncomplete, ReasonNoJurisdiction, FailureCalculation, 0},
		{"nobody to ask", located(at100(taxable), "US", "CA", ""), nil, TaxIncomplete, ReasonNoJurisdiction, FailureCalculation, 0},
		{"external without components", external, builtIn, TaxCalculated, ReasonNotTaxable, "", 0},
	}
	for _, tt := range tests {
		if err := Price(tt.o, tt.rates); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := tt.o.Tax; got.Status != tt.status || got.Reason != tt.reason || got.Failure != tt.failure {
			t.Errorf("%s: %s, %s, %q; want %s, %s, %q", tt.name, got.Status, got.Reason, got.Failure, tt.status, tt.reason, tt.failure)
		}
		if tt.o.Pricing.Tax != tt.tax || tt.o.Pricing.Total != 10000+tt.tax || (tt.tax > 0) != (len(tt.o.Tax.Breakdowns) > 0) {
			t.Errorf("%s: %+v with %d breakdowns, want a tax of %d", tt.name, tt.o.Pricing, len(tt.o.Tax.Breakdowns), tt.tax)
		}
	}
}

func TestInclusiveTax(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		price    int64
		discount int64
		percents []money.Percent
		inside   int64
		parts    []int64
	}{
		{"German", 11900, 0, []money.Percent{190000}, 1900, []int64{1900}},
		{"after the discount", 11900, 5950, []money.Percent{190000}, 950, []int64{950}},
		{"rounded once for all components", 1000, 0, []money.Percent{50000, 99750}, 130, []int64{43, 87}},
		{"everything given away", 11900, 11900, []money.Percent{190000}, 0, []int64{0}},
		{"no rate", 11900, 0, []money.Percent{0}, 0, []int64{0}},
	}
	for _, tt := range tests {
		o := &Order{
			Currency:  "EUR",
			Lines:     []Line{{ID: "a", Quantity: 1, UnitPrice: tt.price, Tax: stated(PriceInclusive, tt.percents...)}},
			Discounts: []Discount{{Class: DiscountOrder, Amount: tt.discount}},
			Tax:       Tax{Enabled: true, Mode: TaxExternal},
		}
		if err := Price(o, nil); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		l, p := o.Lines[0], o.Pricing
		if l.TaxAmount != tt.inside || l.TaxAdditive != 0 || l.Total != tt.price-tt.discount ||
			p.Tax != 0 || p.TaxIncluded != tt.inside || p.Total != tt.price-tt.discount {
			t.Errorf("%s: %+v, %+v; want %d inside", tt.name, l, p, tt.inside)
		}
		var parts []int64
		for _, b := range o.Tax.Breakdowns {
			parts = append(parts, b.Amount)
			if b.PriceMode != PriceInclusive || b.Taxable != tt.price-tt.discount-tt.inside {
				t.Errorf("%s: breakdown %+v", tt.name, b)
			}
		}
		if !slices.Equal(parts, tt.parts) {
			t.Errorf("%s: components %v, want %v", tt.name, parts, tt.parts)
		}
	}
}

// TestTaxModesMix: each item has its own mode, charges are taxed after their discounts, flat taxes come
// on top, tips and untaxed items stay untouched.
func TestTaxModesMix(t *testing.T) {
	t.Parallel()
	o := &Order{
		ID: "ord_1", Currency: "EUR",
		Lines: []Line{
			{ID: "a", Quantity: 1, UnitPrice: 11900, Tax: ItemTax{Taxable: true}}, // automatic, price mode of the order
			{ID: "b", Quantity: 1, UnitPrice: 10000, Tax: stated(PriceAdditive, 50000)},
			{ID: "c", Quantity: 1, UnitPrice: 10000, Tax: ItemTax{Taxable: true, Calculation: &ItemTaxMethod{Mode: TaxAutomatic, PriceMode: PriceAdditive}}},
			{ID: "d", Quantity: 1, UnitPrice: 10000},
		},
		Charges:   []Charge{{ID: "x", Amount: new(int64(1000)), Tax: stated(PriceAdditive, 100000)}},
		Discounts: []Discount{{Class: DiscountServiceCharge, Amount: 400, ChargeIDs: []string{"x"}}},
		Tips:      []Tip{{Status: TipRequested, Amount: new(int64(500))}},
		Tax: Tax{Enabled: true, Mode: TaxAutomatic, PriceMode: PriceInclusive, Location: &TaxLocation{Address: Address{Country: "DE"}},
			Flat: []FlatTax{{TaxType: "retail_delivery_fee", Amount: 28}}},
	}
	if err := Price(o, tax.NewTable().Rates); err != nil {
		t.Fatal(err)
	}
	want := Pricing{Subtotal: 41900, Discount: 400, Charge: 1000, Tax: 500 + 1900 + 60 + 28, TaxIncluded: 1900, Tip: 500,
		Total: 41900 - 400 + 1000 + 2488 + 500}
	if o.Pricing != want {
		t.Errorf("pricing is %+v, want %+v", o.Pricing, want)
	}
	var ids []string
	for _, b := range o.Tax.Breakdowns {
		ids = append(ids, b.ID)
	}
	if want := []string{"txb_a_1", "txb_b_1", "txb_c_1", "txb_x_1", "txb_ord_1_1"}; !slices.Equal(ids, want) {
		t.Errorf("breakdowns %v, want %v", ids, want)
	}
	if b := o.Tax.Breakdowns[4]; b.Calculation != "flat_amount" || b.Amount != 28 || b.LineID+b.ChargeID != "" || b.Percent != nil {
		t.Errorf("the flat tax is %+v", b)
	}
	if b := o.Tax.Breakdowns[3]; b.ChargeID != "x" || b.Taxable != 600 {
		t.Errorf("the tax of the charge is %+v", b)
	}
}

// TestPriceLeavesTheRatesAlone: pricing must not write into what the table shares between answers.
func TestPriceLeavesTheRatesAlone(t *testing.T) {
	t.Parallel()
	table := tax.NewTable()
	o := located(at100(ItemTax{Taxable: true}), "US", "", "10001")
	if err := Price(o, table.Rates); err != nil {
		t.Fatal(err)
	}
	for i := range o.Tax.Breakdowns {
		*o.Tax.Breakdowns[i].Percent = 0
	}
	r, err := table.Rates(tax.Query{Country: "US", PostalCode: "10001"})
	if err != nil || r.Components[0].Percent != 40000 {
		t.Fatalf("the table now says %+v, %v", r, err)
	}
}
