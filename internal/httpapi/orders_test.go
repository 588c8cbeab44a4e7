package httpapi_test

import (
	"strconv"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// jurisdiction of the worked example.
const county = `"jurisdiction":{"code":"US-CA-037","country":"US","level":"county","name":"Los Angeles County","state":"CA"}`
const district = `"jurisdiction":{"code":"US-CA-D1","country":"US","level":"district","name":"District One","state":"CA"}`

// workedExample is the order of design decision 0004: every rule of pricing in one body.
const workedExample = `{
	"line_items": [
		{"name": "Mug", "quantity": 3, "unit_price_money": {"amount": 3333, "currency": "USD"}, "tax": {"taxable": true, "calculation":
			{"mode": "external", "price_mode": "additive", "components": [{"tax_type": "sales_tax", "percent": 8.25, ` + county + `}]}}},
		{"name": "Bowl", "unit_price_money": {"amount": 3334, "currency": "USD"}, "tax": {"calculation":
			{"mode": "external", "price_mode": "additive", "components": [{"tax_type": "sales_tax", "percent": 8.25, ` + county + `},
			{"tax_type": "sales_tax", "percent": 0.5, ` + district + `}]}}}],
	"discounts": [{"manual": {"name": "Welcome", "amount_money": {"amount": 1000, "currency": "USD"}}}],
	"requested_tip": {"percent": 10, "name": "Thanks"},
	"tax": {"enabled": true, "calculation": {"mode": "external", "price_mode": "additive"}},
	"external_reference_id": "cart-7", "buyer_note": "Ring twice", "internal_note": "vip", "metadata": {"channel": "web"}}`

func TestOrderOfTheWorkedExample(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		made := s.want(t, 201, s.call(t, "POST", "/v1/orders", s.a.test, workedExample))
		golden(t, "order_created", made)
		id := made.data()["order_id"].(string)
		charged := s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/charges", s.a.test,
			`{"charge":{"type":"service_fee","name":"Service","percent":2.5,"calculation_basis":"subtotal_post_discount","tax":{"taxable":false}}}`))
		golden(t, "order_worked_example", charged)
		golden(t, "order_activities", s.want(t, 200, s.call(t, "GET", "/v1/orders/"+id+"/activities", s.a.test, "")))
		read := s.want(t, 200, s.call(t, "GET", "/v1/orders/"+id, s.a.test, ""))
		if got, want := amounts(read), "13333 1000 308 1032 1233 14906"; got != want {
			t.Errorf("subtotal, discount, charge, tax, tip, total: %s, want %s", got, want)
		}
		s.want(t, 404, s.call(t, "GET", "/v1/orders/"+id, s.b.test, ""))
		s.want(t, 404, s.call(t, "GET", "/v1/orders/"+id, s.a.live, ""))
	})
}

func amounts(a answer) string {
	p, _ := a.data()["pricing_amounts"].(map[string]any)
	var out []string
	for _, name := range []string{"subtotal_money", "discount_money", "charge_money", "tax_money", "requested_tip_money", "total_money"} {
		m, _ := p[name].(map[string]any)
		out = append(out, number(m["amount"]))
	}
	return strings.Join(out, " ")
}

func number(v any) string { return strconv.FormatFloat(v.(float64), 'f', -1, 64) }
