package promotion

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"flint/internal/fault"
	"flint/internal/money"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func group(t testing.TB, text string) *Group {
	t.Helper()
	if text == "" {
		return nil
	}
	var f fault.List
	g := ParseEligibility(&f, "eligibility_rules", jsontext.Value(text))
	if err := f.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return g
}

func offer(id string, change func(*Promotion)) Offer {
	p := &Promotion{ID: "promo_" + id, Name: id, Redemption: Automatic, State: StateActive, CreatedAt: noon.Add(-time.Hour),
		Method: Method{Type: PercentOff, Percent: 10_0000}}
	change(p)
	p.defaults()
	return Offer{Promotion: p}
}

func usd(amount int64) *Money { return &Money{amount, "USD"} }

func basket(lines ...Line) Basket {
	b := Basket{Currency: "USD", Origin: "api", Lines: lines}
	for i := range b.Lines {
		b.Lines[i].ID = fmt.Sprintf("li_%d", i)
		b.Lines[i].Subtotal = b.Lines[i].UnitPrice * b.Lines[i].Quantity
	}
	return b
}

var open = Terms{Now: noon, Settings: Settings{Automatic: true, Codes: true}}

func decide(t testing.TB, b Basket, terms Terms, offers ...Offer) Decision {
	t.Helper()
	d, err := Decide(b, offers, terms)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// What each kind of promotion takes.
func TestValues(t *testing.T) {
	t.Parallel()
	shop := basket(Line{Name: "Shirt", SKU: "S", UnitPrice: 3000, Quantity: 3}, Line{Name: "Cap", SKU: "C", UnitPrice: 1000, Quantity: 2},
		Line{Name: "Sock", SKU: "K", UnitPrice: 333, Quantity: 1})
	shop.Charges = []Charge{{ID: "chg_1", Type: "delivery_fee", Amount: new(int64(700))}, {ID: "chg_2", Type: "service_fee", Percent: 10_0000, After: true}}
	for _, c := range []struct {
		name   string
		change func(*Promotion)
		parts  map[string]int64
	}{
		{"10 % of the order", func(p *Promotion) {}, map[string]int64{"li_0": 900, "li_1": 200, "li_2": 33}},
		{"50.00 off the order", func(p *Promotion) { p.Method = Method{Type: AmountOff, Amount: usd(5000)} },
			map[string]int64{"li_0": 3971, "li_1": 882, "li_2": 147}},
		{"more than there is", func(p *Promotion) { p.Method = Method{Type: AmountOff, Amount: usd(99999)} },
			map[string]int64{"li_0": 9000, "li_1": 2000, "li_2": 333}},
		{"2.00 off each cap", func(p *Promotion) {
			p.Class, p.Method = ClassLineItem, Method{Type: AmountOff, Amount: usd(200), Discounted: group(t, `[{"attribute":"line_item.sku","operator":"eq","values":["C"]}]`)}
		}, map[string]int64{"li_1": 400}},
		{"2.00 off all caps and socks together", func(p *Promotion) {
			p.Class, p.Method = ClassLineItem, Method{Type: AmountOff, Amount: usd(200), Allocation: Across,
				Discounted: group(t, `[{"attribute":"line_item.sku","operator":"in","values":["c","k"]}]`)}
		}, map[string]int64{"li_1": 171, "li_2": 29}},
		{"half off one shirt", func(p *Promotion) {
			p.Class, p.Method = ClassLineItem, Method{Type: PercentOff, Percent: 50_0000, MaxUnits: 1, Selection: HighestPrice,
				Discounted: group(t, `[{"attribute":"line_item.unit_price","operator":"gt","values":[{"amount":100,"currency":"USD"}]}]`)}
		}, map[string]int64{"li_0": 1500}},
		{"two cheapest free", func(p *Promotion) {
			p.Class, p.Method = ClassLineItem, Method{Type: PercentOff, Percent: 100_0000, MaxUnits: 2,
				Discounted: group(t, `[{"attribute":"line_item.name","operator":"is_defined"}]`)}
		}, map[string]int64{"li_1": 1000, "li_2": 333}},
		{"buy two get the cheapest free", func(p *Promotion) {
			p.Method = Method{Type: BuyXGetY, BuyQuantity: 2, GetQuantity: 1, GetPercent: 100_0000,
				Qualifying: group(t, `[{"attribute":"line_item.name","operator":"is_defined"}]`), Discounted: group(t, `[{"attribute":"line_item.name","operator":"is_defined"}]`)}
		}, map[string]int64{"li_1": 1000, "li_2": 333}},
		{"buy a shirt get a sock", func(p *Promotion) {
			p.Method = Method{Type: BuyXGetY, BuyQuantity: 1, GetQuantity: 1, GetPercent: 50_0000,
				Qualifying: group(t, `[{"attribute":"line_item.sku","operator":"eq","values":["S"]}]`), Discounted: group(t, `[{"attribute":"line_item.sku","operator":"eq","values":["K"]}]`)}
		}, map[string]int64{"li_2": 167}},
		{"delivery is free", func(p *Promotion) {
			p.Class = ClassServiceCharge
			p.Method = Method{Type: PercentOff, Percent: 100_0000, Discounted: charges(t, `[{"attribute":"service_charge.type","operator":"eq","values":["delivery_fee"]}]`)}
		}, map[string]int64{"chg_1": 700}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := decide(t, shop, open, offer("a", c.change))
			if len(d.Applied) != 1 {
				t.Fatalf("not applied: %+v", d.Skipped)
			}
			got, sum := map[string]int64{}, int64(0)
			for _, p := range d.Applied[0].Parts {
				got[p.ID] = p.Amount
				sum += p.Amount
			}
			if fmt.Sprint(got) != fmt.Sprint(c.parts) || sum != d.Applied[0].Applied {
				t.Errorf("took %v (%d), want %v", got, d.Applied[0].Applied, c.parts)
			}
		})
	}
}

func charges(t testing.TB, text string) *Group {
	t.Helper()
	var f fault.List
	g := ParseItems(&f, "x", jsontext.Value(text), ClassServiceCharge)
	if err := f.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

// Every reason why an offer takes no part.
func TestReasons(t *testing.T) {
	t.Parallel()
	shop := basket(Line{Name: "Shirt", SKU: "S", UnitPrice: 3000, Quantity: 1})
	one, two := new(int64(1)), noon.Add(time.Hour)
	code := func(o Offer, change func(*Code)) Offer {
		o.Promotion.Redemption, o.Asked = ByCode, true
		o.Code = &Code{ID: "pcode_1", PromotionID: o.Promotion.ID, Text: "SPRING", State: StateActive}
		change(o.Code)
		return o
	}
	plain := func(*Promotion) {}
	for _, c := range []struct {
		want  string
		terms Terms
		offer Offer
	}{
		{ReasonUnknownType, open, offer("a", func(p *Promotion) { p.Method.Type = "mystery" })},
		{ReasonAutomaticOff, Terms{Now: noon}, offer("a", plain)},
		{ReasonAutomaticOff, open, func() Offer { o := offer("a", plain); o.Refused = true; return o }()},
		{ReasonCodesOff, Terms{Now: noon, Settings: Settings{Automatic: true}}, code(offer("a", plain), func(*Code) {})},
		{ReasonCodeRequired, open, func() Offer {
			o := offer("a", func(p *Promotion) { p.Redemption = ByCode })
			o.Asked = true
			return o
		}()},
		{ReasonDisabled, open, offer("a", func(p *Promotion) { p.State = StateInactive })},
		{ReasonDisabled, open, code(offer("a", plain), func(c *Code) { c.State = StateInactive })},
		{ReasonNotYetStarted, open, offer("a", func(p *Promotion) { p.StartsAt = two })},
		{ReasonExpired, open, offer("a", func(p *Promotion) { p.EndsAt = noon })},
		{ReasonExpired, open, code(offer("a", plain), func(c *Code) { c.ExpiresAt = noon })},
		{ReasonExhausted, open, offer("a", func(p *Promotion) { p.MaxUses, p.Uses = one, 1 })},
		{ReasonExhausted, open, code(offer("a", plain), func(c *Code) { c.MaxUses, c.Uses = one, 1 })},
		{ReasonNotEligible, open, offer("a", func(p *Promotion) { p.PerCustomer = one })},
		{ReasonCurrency, open, offer("a", func(p *Promotion) { p.Method = Method{Type: AmountOff, Amount: &Money{100, "EUR"}} })},
		{ReasonCurrency, open, offer("a", func(p *Promotion) {
			p.Eligibility = group(t, `[{"attribute":"order.subtotal","operator":"gte","values":[{"amount":100,"currency":"EUR"}]}]`)
		})},
		{ReasonNotEligible, open, offer("a", func(p *Promotion) {
			p.Eligibility = group(t, `[{"attribute":"customer.has_ordered","operator":"eq","values":[true]}]`)
		})},
		{ReasonMinimum, open, code(offer("a", func(p *Promotion) {
			p.Eligibility = group(t, `{"all":[{"attribute":"order.subtotal","operator":"gte","values":[{"amount":3001,"currency":"USD"}]}]}`)
		}), func(*Code) {})},
		{ReasonBuyMissing, open, offer("a", func(p *Promotion) {
			p.Method = Method{Type: BuyXGetY, BuyQuantity: 1, GetQuantity: 1, GetPercent: 100_0000,
				Qualifying: group(t, `[{"attribute":"line_item.sku","operator":"eq","values":["S"]}]`), Discounted: group(t, `[{"attribute":"line_item.sku","operator":"eq","values":["S"]}]`)}
		})},
		{ReasonNoBalance, open, offer("a", func(p *Promotion) {
			p.Class = ClassServiceCharge
			p.Method.Discounted = charges(t, `[{"attribute":"service_charge.type","operator":"eq","values":["delivery_fee"]}]`)
		})},
	} {
		d := decide(t, shop, c.terms, c.offer)
		if len(d.Applied) != 0 || len(d.Skipped) != 1 || d.Skipped[0].Reason != c.want {
			t.Errorf("want %s, got %+v", c.want, d)
		}
	}
	near := decide(t, shop, open, offer("a", func(p *Promotion) {
		p.Eligibility = group(t, `[{"attribute":"matched_items.subtotal","operator":"gte","values":[{"amount":5000,"currency":"USD"}]}]`)
	}))
	if len(near.Available) != 1 || near.Available[0].Threshold != 5000 || near.Available[0].Current != 3000 || near.Available[0].Gap != 2000 {
		t.Errorf("available: %+v", near)
	}
}

// Which of several stay.
func TestTogether(t *testing.T) {
	t.Parallel()
	shop := basket(Line{Name: "Shirt", UnitPrice: 10000, Quantity: 1})
	percent := func(v money.Percent, more func(*Promotion)) func(*Promotion) {
		return func(p *Promotion) {
			p.Method.Percent = v * 10000
			more(p)
		}
	}
	in := func(selection string, priority int64) func(*Promotion) {
		return func(p *Promotion) { p.Exclusivity = &Exclusivity{"g", selection, priority} }
	}
	nothing := func(*Promotion) {}
	for _, c := range []struct {
		name   string
		offers []Offer
		limit  int
		want   string
	}{
		{"compound", []Offer{offer("a", percent(10, nothing)), offer("b", percent(10, nothing))}, 0, "a:1000 b:900 "},
		{"best of a group", []Offer{offer("a", percent(10, in(BestOf, 0))), offer("b", percent(20, in(BestOf, 0)))}, 0, "b:2000 | a:superseded_by_better_offer "},
		{"highest priority of a group", []Offer{offer("a", percent(10, in(HighestPriority, 2))), offer("b", percent(20, in(HighestPriority, 1)))}, 0, "a:1000 | b:superseded "},
		{"stop after", []Offer{offer("a", percent(10, func(p *Promotion) { p.Stacking = StopAfter })), offer("b", percent(20, nothing))}, 0, "a:1000 | b:not_combinable "},
		{"does not combine", []Offer{offer("a", percent(10, nothing)), offer("b", percent(20, func(p *Promotion) { p.CombinesWith = &Combines{Order: new(false)} }))}, 0,
			"a:1000 | b:not_combinable "},
		{"one at most", []Offer{offer("a", percent(10, nothing)), offer("b", percent(20, nothing))}, 1, "a:1000 | b:max_promotions_reached "},
		{"priority before age", []Offer{offer("a", percent(10, nothing)), offer("b", percent(50, in(BestOf, 5)))}, 0, "b:5000 a:500 "},
		{"nothing is left", []Offer{offer("a", percent(100, nothing)), offer("b", percent(50, nothing))}, 0, "a:10000 | b:no_discountable_balance "},
	} {
		terms := open
		terms.Settings.MaxPerOrder = c.limit
		for range 2 { // in either order
			if got := told(decide(t, shop, terms, c.offers...)); got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
			slices.Reverse(c.offers)
		}
	}
}

func told(d Decision) string {
	out := ""
	for _, o := range d.Applied {
		out += fmt.Sprintf("%s:%d ", o.Offer.Promotion.Name, o.Applied)
	}
	for i, o := range d.Skipped {
		if i == 0 {
			out += "| "
		}
		out += fmt.Sprintf("%s:%s ", o.Offer.Promotion.Name, o.Reason)
	}
	return out
}

// Rules are read back as they were written, and refused with their place.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`[{"attribute":"line_item.sku","operator":"in","values":["A","B"]}]`,
		`{"any":[{"attribute":"order.subtotal","operator":"gte","values":[{"amount":100,"currency":"USD"}],"currency_options":{"EUR":{"amount":90,"currency":"EUR"}}},{"all":[{"attribute":"customer.has_ordered","operator":"eq","values":[false]}]}]}`,
	} {
		raw, err := json.Marshal(group(t, text), json.Deterministic(true))
		if err != nil || string(raw) != text {
			t.Errorf("%s came back as %s, %v", text, raw, err)
		}
		var g Group
		if err := json.Unmarshal(raw, &g); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(g, json.Deterministic(true)); string(again) != text {
			t.Errorf("%s was stored as %s", text, again)
		}
	}
	for text, code := range map[string]string{
		`{"rules":[]}`: "INVALID_RULE_GROUP", `[]`: "INVALID_RULE_GROUP", `"x"`: "INVALID_RULE_GROUP", `{"all":[],"any":[]}`: "INVALID_RULE_GROUP",
		`[{"attribute":"order.weight","operator":"eq","values":[1]}]`:                                            "UNKNOWN_ATTRIBUTE",
		`[{"attribute":"order.subtotal","operator":"like","values":[1]}]`:                                        "INVALID_OPERATOR",
		`[{"attribute":"order.subtotal","operator":"contains","values":[1]}]`:                                    "INVALID_RULE_OPERATOR",
		`[{"attribute":"order.subtotal","operator":"gte","values":[1]}]`:                                         "INVALID_RULE_VALUE",
		`[{"attribute":"line_item.quantity","operator":"gte","values":[1.5]}]`:                                   "INVALID_RULE_VALUE",
		`[{"attribute":"line_item.sku","operator":"eq","values":["a","b"]}]`:                                     "INVALID_RULE_VALUE",
		`[{"attribute":"line_item.sku","operator":"eq","values":["a"],"more":1}]`:                                "UNKNOWN_FIELD",
		`{"all":[{"all":[{"all":[{"all":[{"all":[{"attribute":"order.origin","operator":"is_defined"}]}]}]}]}]}`: "INVALID_RULE_GROUP",
	} {
		var f fault.List
		ParseEligibility(&f, "eligibility_rules", jsontext.Value(text))
		if err := f.Err(); !fault.Is(err, code) && (fault.Of(err) == nil || !slices.ContainsFunc(fault.Of(err).Details, func(d fault.Detail) bool { return d.Code == code })) {
			t.Errorf("%s: %v, want %s", text, err, code)
		}
	}
}

// Whatever comes together: sums are exact, nothing falls below zero, and the order of the offers does
// not matter.
func TestDecisionsAddUp(t *testing.T) {
	t.Parallel()
	any := group(t, `[{"attribute":"line_item.name","operator":"is_defined"}]`)
	first := group(t, `[{"attribute":"line_item.sku","operator":"eq","values":["A"]}]`)
	fee := charges(t, `[{"attribute":"service_charge.type","operator":"is_defined"}]`)
	rapid.Check(t, func(t *rapid.T) {
		b := Basket{Currency: "USD"}
		amount := rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 100_000))
		for i := range rapid.IntRange(1, 6).Draw(t, "lines") {
			l := Line{ID: fmt.Sprint("li_", i), Name: "x", SKU: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "sku"),
				Quantity: rapid.Int64Range(1, 7).Draw(t, "quantity"), UnitPrice: amount.Draw(t, "price")}
			l.Subtotal = l.Quantity * l.UnitPrice
			b.Lines = append(b.Lines, l)
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "charges") {
			b.Charges = append(b.Charges, Charge{ID: fmt.Sprint("chg_", i), Type: "service_fee", Percent: 10_0000, After: rapid.Bool().Draw(t, "after")})
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "flats") {
			b.Flats = append(b.Flats, Flat{Rank: Rank{Since: noon.Add(time.Duration(i) * time.Second)}, Class: ClassOrder, Amount: amount.Draw(t, "flat")})
		}
		var offers []Offer
		for i := range rapid.IntRange(0, 6).Draw(t, "offers") {
			offers = append(offers, offer(strconv.Itoa(i), func(p *Promotion) {
				p.CreatedAt = noon.Add(-time.Duration(rapid.IntRange(1, 3).Draw(t, "age")) * time.Hour)
				p.Class = rapid.SampledFrom(classes).Draw(t, "class")
				p.Method = Method{Type: rapid.SampledFrom([]string{PercentOff, AmountOff}).Draw(t, "type")}
				if p.Class == ClassLineItem && rapid.Bool().Draw(t, "bxgy") {
					p.Method = Method{Type: BuyXGetY, BuyQuantity: rapid.Int64Range(1, 3).Draw(t, "buy"), GetQuantity: rapid.Int64Range(1, 3).Draw(t, "get"),
						GetPercent: money.Percent(rapid.Int64Range(10000, 1000000).Draw(t, "percent")), Qualifying: rapid.SampledFrom([]*Group{any, first}).Draw(t, "qualifying")}
				}
				switch p.Method.Type {
				case PercentOff:
					p.Method.Percent = money.Percent(rapid.Int64Range(10000, 1000000).Draw(t, "percent"))
				case AmountOff:
					p.Method.Amount = usd(amount.Draw(t, "amount") + 1)
				}
				switch p.Class {
				case ClassLineItem:
					p.Method.Discounted = rapid.SampledFrom([]*Group{any, first}).Draw(t, "discounted")
					p.Method.Allocation = rapid.SampledFrom([]string{Each, Across}).Draw(t, "allocation")
					if p.Method.Allocation == Each {
						p.Method.MaxUnits = rapid.Int64Range(0, 3).Draw(t, "units")
					}
				case ClassServiceCharge:
					p.Method.Discounted = fee
				}
				if rapid.Bool().Draw(t, "exclusive") {
					p.Exclusivity = &Exclusivity{Group: rapid.SampledFrom([]string{"g", "h"}).Draw(t, "group"), Selection: rapid.SampledFrom([]string{BestOf, HighestPriority}).Draw(t, "selection"),
						Priority: rapid.Int64Range(0, 2).Draw(t, "priority")}
				}
				p.Stacking = rapid.SampledFrom([]string{Continue, Continue, StopAfter}).Draw(t, "stacking")
				p.CombinesWith = rapid.SampledFrom([]*Combines{nil, nil, {Order: new(false)}, {LineItem: new(false)}}).Draw(t, "combines")
			}))
		}
		d, err := Decide(b, offers, open)
		if err != nil {
			t.Fatal(err)
		}
		taken := map[string]int64{}
		for _, o := range d.Applied {
			var sum int64
			for _, p := range o.Parts {
				if p.Amount <= 0 {
					t.Fatalf("a part of %d", p.Amount)
				}
				taken[p.ID] += p.Amount
				sum += p.Amount
			}
			if sum != o.Applied || o.Applied > o.Amount || o.Applied == 0 {
				t.Fatalf("parts %d, applied %d, amount %d", sum, o.Applied, o.Amount)
			}
		}
		for _, l := range b.Lines {
			if taken[l.ID] > l.Subtotal {
				t.Fatalf("%d taken from a line of %d", taken[l.ID], l.Subtotal)
			}
		}
		if len(d.Applied)+len(d.Skipped)+len(d.Available) != len(offers) {
			t.Fatalf("%d offers, told of %+v", len(offers), d)
		}
		again, err := Decide(b, rapid.Permutation(offers).Draw(t, "another order"), open)
		if err != nil || told(again) != told(d) {
			t.Fatalf("%s in another order is %s (%v)", told(d), told(again), err)
		}
	})
}

// The example of docs/promotions.md, to the last cent.
func TestExampleOfTheDocs(t *testing.T) {
	t.Parallel()
	shop := basket(Line{Name: "Shirt", SKU: "S", UnitPrice: 3000, Quantity: 2}, Line{Name: "Cap", SKU: "C", UnitPrice: 1000, Quantity: 3})
	shop.Charges = []Charge{{ID: "chg_1", Type: "delivery_fee", Amount: new(int64(700))}}
	shop.Flats = []Flat{{Rank: Rank{Since: noon}, Class: ClassOrder, Amount: 500}}
	d := decide(t, shop, open,
		offer("caps", func(p *Promotion) {
			p.Class, p.Method = ClassLineItem, Method{Type: PercentOff, Percent: 20_0000}
			p.Eligibility = group(t, `[{"attribute":"line_item.sku","operator":"eq","values":["C"]}]`)
		}),
		offer("order", func(*Promotion) {}),
		offer("delivery", func(p *Promotion) {
			p.Class, p.Method.Percent = ClassServiceCharge, 100_0000
			p.Method.Discounted = charges(t, `[{"attribute":"service_charge.type","operator":"eq","values":["delivery_fee"]}]`)
		}))
	if got := told(d); got != "caps:600 order:840 delivery:700 " {
		t.Errorf("%q", got)
	}
	if got := fmt.Sprint(d.Applied[1].Parts); got != "[{li_0 600} {li_1 240}]" {
		t.Errorf("10 %% of the order: %s", got)
	}
}
