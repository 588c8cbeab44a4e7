package promotion

import (
	"slices"
	"strings"

	"flint/internal/money"
)

// Basket is what promotions look at: the facts of one order.
type Basket struct {
	Currency money.Currency
	Origin   string
	Lines    []Line
	Charges  []Charge
	Flats    []Flat    // discounts that are not promotions, with those that are paid for
	Customer *Customer // nil: nobody is known
	TaxOnTop bool      // some tax is added to the prices
}

// Line is one line of a basket.
type Line struct {
	ID         string
	Name       string
	SKU        string
	VariantID  string
	ProductID  string
	Categories []string // handles
	Quantity   int64
	UnitPrice  int64
	Subtotal   int64 // before discounts
}

// Charge is a fee: Amount, or Percent of the merchandise before or after its discounts.
type Charge struct {
	ID      string
	Type    string
	Name    string
	Amount  *int64
	Percent money.Percent
	After   bool
}

// Customer is who buys.
type Customer struct {
	ID         string
	GroupID    string
	HasOrdered bool // something was paid on another order
}

// Flat is a reduction by a fixed amount.
type Flat struct {
	Rank      Rank
	Class     string
	Amount    int64
	LineIDs   []string
	ChargeIDs []string
}

// facts are what the rules of one group are held against.
type facts struct {
	b        *Basket
	line     *Line   // the line at hand, if any
	charge   *Charge // the charge at hand, if any
	items    bool    // only what is about lines is asked; the rest counts as true
	lift     bool    // thresholds count as reached
	subtotal int64   // of the matched lines
	quantity int64
	missing  *bool  // set when a rule has no amount in the basket's currency
	short    *[]gap // filled with the thresholds that are not reached
}

// gap is a threshold in money that is not reached.
type gap struct{ threshold, current, missing int64 }

func (g *Group) holds(f *facts) bool {
	if g == nil {
		return true
	}
	for i := range g.Members {
		m := &g.Members[i]
		var ok bool
		if m.Rule != nil {
			ok = m.Rule.holds(f)
		} else {
			ok = m.Group.holds(f)
		}
		if ok == g.Any {
			return g.Any
		}
	}
	return !g.Any
}

func (r *Rule) holds(f *facts) bool {
	a := attributes[r.Attribute]
	if f.items && a.subject != ofLine {
		return true
	}
	switch a.kind {
	case texts:
		return r.compareTexts(f.textsOf(r.Attribute))
	case bools:
		known := f.b.Customer != nil && f.b.Customer.HasOrdered
		return (r.Operator == "eq") == (known == *r.Values[0].Bool)
	case numbers:
		return r.compareNumber(f)
	default:
		return r.compareMoney(f)
	}
}

// textsOf are the values of a text attribute; an empty one is not defined.
func (f *facts) textsOf(attribute string) []string {
	var v string
	switch {
	case f.line != nil && attribute == "line_item.category_handle":
		return f.line.Categories
	case attribute == "order.origin":
		v = f.b.Origin
	case strings.HasPrefix(attribute, "customer."):
		if c := f.b.Customer; c != nil && attribute == "customer.id" {
			v = c.ID
		} else if c != nil {
			v = c.GroupID
		}
	case f.charge != nil && attribute == "service_charge.type":
		v = f.charge.Type
	case f.charge != nil && attribute == "service_charge.name":
		v = f.charge.Name
	case f.line == nil:
	case attribute == "line_item.name":
		v = f.line.Name
	case attribute == "line_item.sku":
		v = f.line.SKU
	case attribute == "line_item.variant_id":
		v = f.line.VariantID
	case attribute == "line_item.product_id":
		v = f.line.ProductID
	}
	if v == "" {
		return nil
	}
	return []string{v}
}

func (r *Rule) compareTexts(have []string) bool {
	any := func(f func(have, want string) bool) bool {
		return slices.ContainsFunc(have, func(h string) bool {
			return slices.ContainsFunc(r.Values, func(w Value) bool { return f(strings.ToLower(h), strings.ToLower(*w.Text)) })
		})
	}
	switch r.Operator {
	case "is_defined":
		return (len(have) > 0) == (len(r.Values) == 0 || *r.Values[0].Bool)
	case "contains":
		return any(strings.Contains)
	case "ne":
		return !any(func(h, w string) bool { return h == w })
	default:
		return any(func(h, w string) bool { return h == w })
	}
}

func (r *Rule) compareNumber(f *facts) bool {
	have := f.quantity
	if r.Attribute == "line_item.quantity" {
		if f.line == nil {
			return false
		}
		have = f.line.Quantity
	} else if f.lift && r.threshold() {
		return true
	}
	return slices.ContainsFunc(r.Values, func(v Value) bool { return compare(r.Operator, have, *v.Number) })
}

// threshold tells whether more in the basket makes the rule true.
func (r *Rule) threshold() bool {
	s := attributes[r.Attribute].subject
	return (r.Operator == "gte" || r.Operator == "gt") && (s == ofMatched || s == ofOrder)
}

func (r *Rule) compareMoney(f *facts) bool {
	want, ok := int64(0), false
	if len(r.Values) == 1 && r.Values[0].Money.Currency == f.b.Currency {
		want, ok = r.Values[0].Money.Amount, true
	} else if m, found := r.CurrencyOptions[f.b.Currency]; found {
		want, ok = m.Amount, true
	}
	if !ok {
		if f.missing != nil {
			*f.missing = true
		}
		return false
	}
	var have int64
	switch r.Attribute {
	case "line_item.unit_price":
		if f.line == nil {
			return false
		}
		have = f.line.UnitPrice
	case "matched_items.subtotal":
		have = f.subtotal
	default:
		for i := range f.b.Lines {
			have += f.b.Lines[i].Subtotal
		}
	}
	reached := compare(r.Operator, have, want)
	if r.threshold() && f.lift {
		if !reached && f.short != nil {
			missing := want - have
			if r.Operator == "gt" {
				missing++
			}
			*f.short = append(*f.short, gap{want, have, missing})
		}
		return true
	}
	return reached
}

func compare(operator string, have, want int64) bool {
	switch operator {
	case "ne":
		return have != want
	case "gt":
		return have > want
	case "gte":
		return have >= want
	case "lt":
		return have < want
	case "lte":
		return have <= want
	default:
		return have == want
	}
}

// lines are the lines that the group's rules about lines pick, all when it has none.
func (b *Basket) pick(g *Group) []bool {
	out := make([]bool, len(b.Lines))
	for i := range b.Lines {
		out[i] = g.holds(&facts{b: b, line: &b.Lines[i], items: true})
	}
	return out
}

// pickCharges are the charges that the group's rules pick.
func (b *Basket) pickCharges(g *Group) []bool {
	out := make([]bool, len(b.Charges))
	for i := range b.Charges {
		out[i] = g.holds(&facts{b: b, charge: &b.Charges[i]})
	}
	return out
}

// eligible holds the basket against a group. When it fails only for want of more in the basket, the
// reason is minimum_not_met, and the gap is set if one amount of money is all that is missing.
func (b *Basket) eligible(g *Group) (reason string, missing *gap) {
	if g == nil {
		return "", nil
	}
	picked := b.pick(g)
	f := facts{b: b, missing: new(bool), short: new([]gap)}
	aboutLines := false
	g.each(func(r *Rule) { aboutLines = aboutLines || attributes[r.Attribute].subject == ofLine })
	for i, yes := range picked {
		if yes {
			f.subtotal += b.Lines[i].Subtotal
			f.quantity += b.Lines[i].Quantity
		}
	}
	holds := func() bool {
		if !aboutLines {
			return g.holds(&f)
		}
		for i, yes := range picked {
			f.line = &b.Lines[i]
			if yes && g.holds(&f) {
				return true
			}
		}
		return false
	}
	if holds() {
		return "", nil
	}
	if *f.missing {
		return ReasonCurrency, nil
	}
	f.lift = true
	if !holds() {
		return ReasonNotEligible, nil
	}
	others := false
	g.each(func(r *Rule) {
		others = others || (r.threshold() && attributes[r.Attribute].kind == numbers && !compareAny(r, f.quantity))
	})
	if s := *f.short; len(s) == 1 && !others {
		return ReasonMinimum, &s[0]
	}
	return ReasonMinimum, nil
}

func compareAny(r *Rule, have int64) bool {
	return slices.ContainsFunc(r.Values, func(v Value) bool { return compare(r.Operator, have, *v.Number) })
}
