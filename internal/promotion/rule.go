package promotion

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/text"
)

// Group is a condition of several: all of its members, or any of them. Callers write it as an array of
// rules (all), {"all": […]} or {"any": […]}.
type Group struct {
	Any     bool
	List    bool // it was written as an array
	Members []Member
}

// Member is a rule or a group within a group.
type Member struct {
	Rule  *Rule
	Group *Group
}

// Rule compares one attribute.
type Rule struct {
	Attribute       string                   `json:"attribute"`
	Operator        string                   `json:"operator"`
	Values          []Value                  `json:"values,omitempty"`
	CurrencyOptions map[money.Currency]Money `json:"currency_options,omitempty"`
}

// Value is a text, a whole number, a bool or money; one of them is set.
type Value struct {
	Text   *string
	Number *int64
	Bool   *bool
	Money  *Money
}

// MarshalJSONTo implements json.MarshalerTo.
func (v Value) MarshalJSONTo(enc *jsontext.Encoder) error {
	switch {
	case v.Text != nil:
		return enc.WriteToken(jsontext.String(*v.Text))
	case v.Number != nil:
		return enc.WriteToken(jsontext.Int(*v.Number))
	case v.Bool != nil:
		return enc.WriteToken(jsontext.Bool(*v.Bool))
	}
	return json.MarshalEncode(enc, v.Money)
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (v *Value) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case '"':
		return json.UnmarshalDecode(dec, &v.Text)
	case '0':
		return json.UnmarshalDecode(dec, &v.Number)
	case 't', 'f':
		return json.UnmarshalDecode(dec, &v.Bool)
	default:
		return json.UnmarshalDecode(dec, &v.Money)
	}
}

// MarshalJSONTo implements json.MarshalerTo.
func (g Group) MarshalJSONTo(enc *jsontext.Encoder) error {
	if g.List {
		return json.MarshalEncode(enc, g.Members)
	}
	name := "all"
	if g.Any {
		name = "any"
	}
	return json.MarshalEncode(enc, map[string][]Member{name: g.Members})
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom, for what was stored; requests go through ParseGroup.
func (g *Group) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '[' {
		g.List = true
		return json.UnmarshalDecode(dec, &g.Members)
	}
	var named map[string][]Member
	if err := json.UnmarshalDecode(dec, &named); err != nil {
		return err
	}
	g.Members, g.Any = named["any"]
	if !g.Any {
		g.Members = named["all"]
	}
	return nil
}

// MarshalJSONTo implements json.MarshalerTo.
func (m Member) MarshalJSONTo(enc *jsontext.Encoder) error {
	if m.Rule != nil {
		return json.MarshalEncode(enc, m.Rule)
	}
	return json.MarshalEncode(enc, m.Group)
}

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (m *Member) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	var probe struct {
		Attribute string `json:"attribute"`
	}
	if raw.Kind() == '{' {
		if err := json.Unmarshal(raw, &probe); err != nil {
			return err
		}
	}
	if probe.Attribute != "" {
		return json.Unmarshal(raw, &m.Rule)
	}
	return json.Unmarshal(raw, &m.Group)
}

// each calls f for every rule of the group and of the groups in it.
func (g *Group) each(f func(*Rule)) {
	if g == nil {
		return
	}
	for i := range g.Members {
		if r := g.Members[i].Rule; r != nil {
			f(r)
		} else {
			g.Members[i].Group.each(f)
		}
	}
}

// Mentions tells whether a rule of the group is about the attribute.
func (g *Group) Mentions(attribute string) bool {
	found := false
	g.each(func(r *Rule) { found = found || r.Attribute == attribute })
	return found
}

// kind is what the values of an attribute are.
type kind int

const (
	texts kind = iota
	numbers
	amounts
	bools
)

// subject is what an attribute is a property of.
type subject int

const (
	ofLine subject = iota
	ofMatched
	ofOrder
	ofCustomer
	ofCharge
)

type attribute struct {
	subject subject
	kind    kind
}

// attributes is the matrix of what rules can look at; docs/promotions.md shows it to people.
var attributes = map[string]attribute{
	"line_item.name":            {ofLine, texts},
	"line_item.sku":             {ofLine, texts},
	"line_item.variant_id":      {ofLine, texts},
	"line_item.product_id":      {ofLine, texts},
	"line_item.category_handle": {ofLine, texts},
	"line_item.quantity":        {ofLine, numbers},
	"line_item.unit_price":      {ofLine, amounts},
	"matched_items.subtotal":    {ofMatched, amounts},
	"matched_items.quantity":    {ofMatched, numbers},
	"order.subtotal":            {ofOrder, amounts},
	"order.origin":              {ofOrder, texts},
	"customer.id":               {ofCustomer, texts},
	"customer.group_id":         {ofCustomer, texts},
	"customer.has_ordered":      {ofCustomer, bools},
	"service_charge.type":       {ofCharge, texts},
	"service_charge.name":       {ofCharge, texts},
}

// operators is what each kind of attribute can be compared by.
var operators = map[kind][]string{
	texts:   {"eq", "ne", "in", "contains", "is_defined"},
	numbers: {"eq", "ne", "gt", "gte", "lt", "lte", "in"},
	amounts: {"eq", "ne", "gt", "gte", "lt", "lte"},
	bools:   {"eq", "ne"},
}

var allOperators = []string{"eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "is_defined"}

// Limits of a group.
const (
	maxDepth  = 4
	maxRules  = 50
	maxValues = 100
	maxText   = 255
	maxAmount = 10_000_000_000_000
)

// parser reads a group as a caller wrote it and notes every fault with its path.
type parser struct {
	f       *fault.List
	allowed []subject
	rules   int
}

// ParseEligibility reads eligibility rules; nil and a noted fault when they make no sense.
func ParseEligibility(f *fault.List, param string, raw jsontext.Value) *Group {
	p := parser{f: f, allowed: []subject{ofLine, ofMatched, ofOrder, ofCustomer}}
	return p.group(param, raw, 1)
}

// ParseItems reads rules about lines or, for class service_charge, about charges.
func ParseItems(f *fault.List, param string, raw jsontext.Value, class string) *Group {
	p := parser{f: f, allowed: []subject{ofLine}}
	if class == ClassServiceCharge {
		p.allowed = []subject{ofCharge}
	}
	return p.group(param, raw, 1)
}

func (p *parser) bad(param, format string, args ...any) {
	p.f.Add("INVALID_RULE_GROUP", param, format, args...)
}

func (p *parser) group(param string, raw jsontext.Value, depth int) *Group {
	if depth > maxDepth {
		p.bad(param, "Rules are nested at most %d deep.", maxDepth)
		return nil
	}
	g := &Group{}
	var members []jsontext.Value
	switch raw.Kind() {
	case '[':
		g.List = true
		if err := json.Unmarshal(raw, &members); err != nil {
			p.bad(param, "The rules cannot be read.")
			return nil
		}
	case '{':
		var named map[string][]jsontext.Value
		err := json.Unmarshal(raw, &named)
		all, isAll := named["all"]
		any, isAny := named["any"]
		if err != nil || len(named) != 1 || (!isAll && !isAny) {
			p.bad(param, `A rule group is an array of rules, {"all": […]} or {"any": […]}.`)
			return nil
		}
		g.Any, members = isAny, all
		if isAny {
			members, param = any, param+".any"
		} else {
			param += ".all"
		}
	default:
		p.bad(param, `A rule group is an array of rules, {"all": […]} or {"any": […]}.`)
		return nil
	}
	if len(members) == 0 {
		p.bad(param, "A rule group has at least one rule.")
		return nil
	}
	for i, m := range members {
		at := param + "[" + strconv.Itoa(i) + "]"
		var fields map[string]jsontext.Value
		if m.Kind() == '{' && json.Unmarshal(m, &fields) == nil {
			if _, inner := fields["all"]; !inner {
				_, inner = fields["any"]
				if !inner {
					g.Members = append(g.Members, Member{Rule: p.rule(at, m, fields)})
					continue
				}
			}
			g.Members = append(g.Members, Member{Group: p.group(at, m, depth+1)})
			continue
		}
		p.bad(at, "A rule is an object with attribute, operator and values.")
	}
	return g
}

func (p *parser) rule(at string, raw jsontext.Value, fields map[string]jsontext.Value) *Rule {
	if p.rules++; p.rules == maxRules+1 {
		p.bad(at, "There are more than %d rules.", maxRules)
	}
	r := &Rule{}
	for name := range fields {
		if !slices.Contains([]string{"attribute", "operator", "values", "currency_options"}, name) {
			p.f.Add("UNKNOWN_FIELD", at, "A rule has attribute, operator, values and currency_options.")
			return r
		}
	}
	if err := json.Unmarshal(raw, r); err != nil {
		p.f.Add("INVALID_RULE_VALUE", at, "The values of a rule are texts, whole numbers, true, false or amounts of money.")
		return r
	}
	a, known := attributes[r.Attribute]
	switch {
	case !known || !slices.Contains(p.allowed, a.subject):
		p.f.Add("UNKNOWN_ATTRIBUTE", at+".attribute", "Rules here cannot look at this attribute.")
	case !slices.Contains(allOperators, r.Operator):
		p.f.Add("INVALID_OPERATOR", at+".operator", "There is no such operator.")
	case !slices.Contains(operators[a.kind], r.Operator):
		p.f.Add("INVALID_RULE_OPERATOR", at+".operator", "This attribute cannot be compared so.")
	default:
		p.values(at, r, a.kind)
	}
	return r
}

func (p *parser) values(at string, r *Rule, k kind) {
	bad := func(format string, args ...any) { p.f.Add("INVALID_RULE_VALUE", at+".values", format, args...) }
	want := k
	switch r.Operator {
	case "is_defined":
		want = bools
		if len(r.Values) > 1 {
			bad("is_defined has one value, true or false, or none.")
		}
	case "in":
		if len(r.Values) == 0 || len(r.Values) > maxValues {
			bad("Name between 1 and %d values.", maxValues)
		}
	default:
		if len(r.Values) != 1 && (k != amounts || len(r.Values) != 0 || len(r.CurrencyOptions) == 0) {
			bad("This operator compares with one value.")
		}
	}
	if len(r.CurrencyOptions) > 0 && k != amounts {
		p.f.Add("INVALID_RULE_VALUE", at+".currency_options", "Only amounts of money have currency options.")
	}
	for c, m := range r.CurrencyOptions {
		if m.Currency != c || !c.Known() || m.Amount < 0 || m.Amount > maxAmount {
			p.f.Add("INVALID_RULE_VALUE", at+".currency_options", "Each currency stands for an amount in it.")
			break
		}
	}
	for i, v := range r.Values {
		ok := false
		switch want {
		case texts:
			ok = v.Text != nil
			if ok {
				text.Rule{Max: maxText, Required: true, Missing: "INVALID_RULE_VALUE", TooLong: "INVALID_RULE_VALUE"}.Check(p.f, fmt.Sprintf("%s.values[%d]", at, i), *v.Text)
			}
		case numbers:
			ok = v.Number != nil && *v.Number >= 0
		case bools:
			ok = v.Bool != nil
		case amounts:
			ok = v.Money != nil && v.Money.Currency.Known() && v.Money.Amount >= 0 && v.Money.Amount <= maxAmount
		}
		if !ok {
			bad("The values do not fit the attribute.")
			return
		}
	}
}

// aboutLinesOnly tells whether discounted items can be told from eligibility alone.
func (g *Group) aboutLinesOnly() bool {
	if g == nil {
		return false
	}
	pure := true
	g.each(func(r *Rule) {
		pure = pure && (attributes[r.Attribute].subject == ofLine || r.Attribute == "matched_items.subtotal")
	})
	return pure
}
