package httpapi_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/money"
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
		goldenAnswer(t, "order_created", made)
		id := made.data()["order_id"].(string)
		charged := s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/charges", s.a.test,
			`{"charge":{"type":"service_fee","name":"Service","percent":2.5,"calculation_basis":"subtotal_post_discount","tax":{"taxable":false}}}`))
		goldenAnswer(t, "order_worked_example", charged)
		goldenAnswer(t, "order_activities", s.want(t, 200, s.call(t, "GET", "/v1/orders/"+id+"/activities", s.a.test, "")))
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

func TestListOrders(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customer := s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"ann@buyer.test"}`)).data()["customer_id"].(string)
		order := func(name string, price int64, more string) string {
			s.clock.Set(s.clock.Now().Add(time.Second))
			return s.order(t, `{"line_items":[{"name":"`+name+`","unit_price_money":`+usd(price)+`}]`+more+`}`)
		}
		tea := order("Tea", 500, `,"external_reference_id":"cart-1","customer_id":"`+customer+`"`)
		mug := order("100% Mug", 2000, `,"buyer_note":"for Ann"`)
		bowl := order("Bowl", 1000, "")
		names := map[string]string{tea: "tea", mug: "mug", bowl: "bowl"}
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+bowl+"/close", s.a.test, `{"reason_message":"gone"}`))
		s.want(t, 201, s.call(t, "POST", "/v1/orders", s.b.test, oneLine))

		list := func(query string) string {
			a := s.want(t, 200, s.call(t, "GET", "/v1/orders?"+query, s.a.test, ""))
			var out []string
			for _, o := range a.list() {
				out = append(out, names[o.(map[string]any)["order_id"].(string)])
			}
			return strings.Join(out, " ")
		}
		for query, want := range map[string]string{
			"":                             "bowl mug tea",
			"sort_direction=asc":           "tea mug bowl",
			"sort_by=total":                "mug bowl tea",
			"sort_by=outstanding_money":    "mug bowl tea",
			"status=open":                  "mug tea",
			"status=closed":                "bowl",
			"customer_id=" + customer:      "tea",
			"external_reference_id=cart-1": "tea",
			"order_number=1002":            "mug",
			"origin=api&query=tea":         "tea",
			"query=100%25":                 "mug",
			"query=ANN":                    "mug",
			"query=" + "%25":               "mug",
			"payment_status=unpaid,paid":   "bowl mug tea",
			"payment_status=paid":          "",
			"refund_status=none":           "bowl mug tea",
			"refund_status=refunded&refund_status=partially_refunded": "",
			"fulfillment_status=not_fulfilled":                        "bowl mug tea",
			"min_amount=600&max_amount=1000&currency=USD":             "bowl",
			"min_amount=1&currency=EUR":                               "",
			"created_after=2026-09-07T12:00:01Z":                      "bowl mug",
			"created_before=2026-09-07T12:00:02Z":                     "tea",
			"return_id=ret_1":                                         "",
			"return_resolution_id=rres_1":                             "",
			"subscription_id=sub_1":                                   "",
			"subscription_delivery_changed=true":                      "",
			"subscription_delivery_changed=false&status=closed":       "bowl",
		} {
			if got := list(query); got != want {
				t.Errorf("orders of %q: %q, want %q", query, got, want)
			}
		}

		first := s.want(t, 200, s.call(t, "GET", "/v1/orders?page_size=2&sort_by=total", s.a.test, ""))
		token, _ := first.json["next_page_token"].(string)
		second := s.want(t, 200, s.call(t, "GET", "/v1/orders?page_size=5&sort_by=total&page_token="+token, s.a.test, ""))
		if len(first.list()) != 2 || len(second.list()) != 1 || second.list()[0].(map[string]any)["order_id"] != tea || second.json["next_page_token"] != nil {
			t.Errorf("pages: %s then %s", first.body, second.body)
		}
		for _, c := range []struct{ query, key, code, param string }{
			{"page_token=" + token, s.a.test, "CURSOR_MISMATCH", "page_token"},
			{"sort_by=total&sort_direction=asc&page_token=" + token, s.a.test, "CURSOR_MISMATCH", "page_token"},
			{"sort_by=total&page_token=" + token, s.b.test, "CURSOR_MISMATCH", "page_token"},
			{"sort_by=total&page_token=" + token[1:], s.a.test, "INVALID_PAGE_TOKEN", "page_token"},
			{"status=paid", s.a.test, "INVALID_STATUS", "status"},
			{"payment_status=unpaid,nothing", s.a.test, "INVALID_STATUS", "payment_status"},
			{"sort_by=name", s.a.test, "INVALID_SORT_BY", "sort_by"},
			{"min_amount=5", s.a.test, "CURRENCY_REQUIRED", "currency"},
			{"min_amount=0&currency=USD", s.a.test, "INVALID_AMOUNT", "min_amount"},
			{"min_amount=9&max_amount=5&currency=USD", s.a.test, "INVALID_AMOUNT_RANGE", "min_amount"},
			{"created_after=today", s.a.test, "INVALID_CREATED_AFTER", "created_after"},
			{"expand=customer", s.a.test, "UNSUPPORTED_QUERY_PARAM", "expand"},
			{"page_size=0", s.a.test, "INVALID_PAGE_SIZE", "page_size"},
		} {
			if a := s.want(t, 400, s.call(t, "GET", "/v1/orders?"+c.query, c.key, "")); a.code() != c.code || a.param() != c.param {
				t.Errorf("orders of %q: %s", c.query, a.body)
			}
		}
	})
}

func TestChangeAnOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		id := s.order(t, oneLine)
		patch := func(body string) answer { return s.want(t, 200, s.call(t, "PATCH", "/v1/orders/"+id, s.a.test, body)) }
		a := patch(`{"buyer_note":"b","internal_note":"i","metadata":{"x":"1","y":"2"},"requested_tip":{"amount_money":` + usd(50) + `},
			"delivery_destination":{"address":{"line1":"1 Main","city":"Town","country":"US","state":"CA","postal_code":"90001"},"recipient":{"name":"Ann"}}}`)
		if amounts(a) != "500 0 0 0 50 550" || a.data()["order_revision"] != 2.0 {
			t.Errorf("after the first change: %s", a.body)
		}
		a = patch(`{"metadata":{"x":null,"z":"3"},"requested_tip":null,"internal_note":"","order_revision":2}`)
		if m := a.data()["metadata"].(map[string]any); len(m) != 2 || m["y"] != "2" || m["z"] != "3" {
			t.Errorf("merged metadata: %v", m)
		}
		if a.data()["requested_tip"] != nil || a.data()["internal_note"] != nil || a.data()["buyer_note"] != "b" || a.data()["delivery_destination"] == nil {
			t.Errorf("null takes away, absent stays: %s", a.body)
		}
		a = patch(`{"metadata":null,"delivery_destination":null}`)
		if a.data()["metadata"] != nil || a.data()["delivery_destination"] != nil {
			t.Errorf("null takes everything away: %s", a.body)
		}
		same := patch(`{"buyer_note":"b"}`)
		if same.data()["order_revision"] != a.data()["order_revision"] {
			t.Errorf("a change of nothing: %s", same.body)
		}
		a = patch(`{"tax":{"enabled":true,"location":{"address":{"country":"US","postal_code":"90001"}}}}`)
		if tax := a.data()["tax"].(map[string]any); tax["status"] != "calculated" {
			t.Errorf("tax: %v", tax)
		}
		a = s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/line-items", s.a.test, `{"line_items":[{"name":"Mug","quantity":2,"unit_price_money":`+usd(100)+`}]}`))
		mug := a.data()["line_items"].([]any)[1].(map[string]any)["order_line_item_id"].(string)
		a = s.want(t, 200, s.call(t, "PATCH", "/v1/orders/"+id+"/line-items/"+mug, s.a.test, `{"quantity":3,"expected_version":1,"metadata":{"k":"v"}}`))
		if l := a.data()["line_items"].([]any)[1].(map[string]any); l["quantity"] != 3.0 || l["version"] != 2.0 {
			t.Errorf("line: %v", l)
		}
		a = s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/discounts", s.a.test,
			`{"manual":{"name":"Off","amount_money":`+usd(50)+`,"discount_class":"line_item","order_line_item_ids":["`+mug+`"]}}`))
		discount := a.data()["applied_discounts"].([]any)[0].(map[string]any)["order_discount_id"].(string)
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/discounts/reprice", s.a.test, ""))
		a = s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/discounts/remove", s.a.test, `{"order_discount_ids":["`+discount+`"]}`))
		if a.data()["applied_discounts"] != nil {
			t.Errorf("discounts: %s", a.body)
		}
		a = s.want(t, 200, s.call(t, "DELETE", "/v1/orders/"+id+"/line-items/"+mug, s.a.test, ""))
		if len(a.data()["line_items"].([]any)) != 1 {
			t.Errorf("lines: %s", a.body)
		}
		a = s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/charges", s.a.test, `{"charge":{"type":"delivery_fee","name":"Bike","amount_money":`+usd(300)+`}}`))
		charge := a.data()["charges"].([]any)[0].(map[string]any)["order_charge_id"].(string)
		a = s.want(t, 200, s.call(t, "PATCH", "/v1/orders/"+id+"/charges/"+charge, s.a.test, `{"percent":10,"calculation_basis":"subtotal_pre_discount"}`))
		if amounts(a)[:9] != "500 0 50 " {
			t.Errorf("a percentage instead of an amount: %s", a.body)
		}
		s.want(t, 200, s.call(t, "DELETE", "/v1/orders/"+id+"/charges/"+charge, s.a.test, ""))

		one := s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/close", s.a.test, `{"reason_message":"done"}`, "Idempotency-Key: close"))
		again := s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/close", s.a.test, `{"reason_message":"done"}`, "Idempotency-Key: close"))
		if again.header.Get("Idempotency-Replayed") != "true" || again.data()["order_revision"] != one.data()["order_revision"] || one.data()["status"] != "closed" {
			t.Errorf("closing twice with one key: %s", again.body)
		}
		for path, code := range map[string]string{"/close": "ORDER_ALREADY_CLOSED", "/discounts/reprice": "ORDER_CLOSED"} {
			if a := s.want(t, 409, s.call(t, "POST", "/v1/orders/"+id+path, s.a.test, "")); a.code() != code {
				t.Errorf("a closed order: %s", a.body)
			}
		}
		newest := s.want(t, 200, s.call(t, "GET", "/v1/orders/"+id+"/activities?page_size=1&type=closed,created", s.a.test, ""))
		if newest.list()[0].(map[string]any)["activity_type"] != "closed" || newest.json["next_page_token"] == nil {
			t.Errorf("activities: %s", newest.body)
		}
		if a := s.want(t, 400, s.call(t, "GET", "/v1/orders/"+id+"/activities?type=opened", s.a.test, "")); a.param() != "type" {
			t.Errorf("an unknown type: %s", a.body)
		}
	})
}

func TestBuyerOfAnOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		id := s.order(t, `{"line_items":[{"name":"Tea","unit_price_money":`+usd(500)+`}],"internal_note":"secret","metadata":{"cost":"3"},
			"discounts":[{"manual":{"name":"Off","amount_money":`+usd(10)+`}}]}`)
		other := s.order(t, oneLine)
		five := money.Percent(5 * 10000)
		buyer := s.session(t, id, checkout.Detail{CodesEnabled: new(false), Tip: checkout.Tip{Enabled: true, Options: []money.Percent{five, 2 * five, 3 * five}}})
		bare := s.session(t, other, checkout.Detail{})
		seen := s.want(t, 200, s.call(t, "GET", "/v1/orders/"+id, "", "", buyer...))
		if strings.Contains(string(seen.body), "secret") || seen.data()["metadata"] != nil {
			t.Errorf("a buyer sees what is the merchant's: %s", seen.body)
		}
		discount := seen.data()["applied_discounts"].([]any)[0].(map[string]any)["order_discount_id"].(string)
		own := seen.data()["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
		s.want(t, 404, s.call(t, "GET", "/v1/orders/"+other, "", "", buyer...))
		s.want(t, 404, s.call(t, "PATCH", "/v1/orders/"+other, "", `{"requested_tip":null}`, buyer...))
		a := s.want(t, 200, s.call(t, "PATCH", "/v1/orders/"+id, "", `{"requested_tip":{"percent":10},"tax":{"location":{"address":{"country":"US","postal_code":"90001"}}}}`, buyer...))
		if amounts(a) != "500 10 0 0 49 539" {
			t.Errorf("a buyer's tip: %s", a.body)
		}
		for _, c := range []struct {
			what, method, path, body string
			buyer                    []string
			status                   int
			code, param              string
		}{
			{"a note", "PATCH", "", `{"internal_note":"x"}`, buyer, 400, "CHECKOUT_ORDER_UPDATE_FIELD_NOT_ALLOWED", "internal_note"},
			{"tax off", "PATCH", "", `{"tax":{"enabled":false}}`, buyer, 400, "CHECKOUT_ORDER_UPDATE_FIELD_NOT_ALLOWED", "tax.enabled"},
			{"a tip that is not offered", "PATCH", "", `{"requested_tip":{"percent":11}}`, buyer, 400, "CHECKOUT_TIP_NOT_ALLOWED", "requested_tip"},
			{"a manual discount", "POST", "/discounts", `{"manual":{"name":"x","amount_money":` + usd(1) + `}}`, buyer, 400, "CHECKOUT_MANUAL_DISCOUNT_NOT_ALLOWED", "manual"},
			{"a promotion by id", "POST", "/discounts", `{"promotion":{"promotion_id":"promo_1"}}`, buyer, 400, "CHECKOUT_DISCOUNT_ID_NOT_ALLOWED", "promotion.promotion_id"},
			{"a code", "POST", "/discounts", `{"promotion":{"promotion_code":"X"}}`, buyer, 400, "PROMOTION_CODES_DISABLED", "promotion.promotion_code"},
			{"the merchant's discount", "POST", "/discounts/remove", `{"order_discount_ids":["` + discount + `"]}`, buyer, 400, "CHECKOUT_DISCOUNT_NOT_REMOVABLE", "order_discount_ids"},
			{"the price", "PATCH", "/line-items/" + own, `{"unit_price_money":` + usd(1) + `}`, buyer, 400, "FIELD_NOT_ALLOWED_FOR_CALLER", ""},
			{"a charge", "POST", "/charges", `{"charge":{"type":"other","name":"x","amount_money":` + usd(1) + `}}`, buyer, 403, "AUTHORIZATION_FAILED", ""},
			{"the customer", "GET", "?expand=customer", ``, buyer, 400, "FIELD_NOT_ALLOWED_FOR_CALLER", "expand"},
			{"a wrong secret", "GET", "", ``, []string{buyer[0], "X-Checkout-Session-Secret: no"}, 401, "CHECKOUT_SESSION_AUTH_REQUIRED", ""},
		} {
			keep := s.row(t, id)
			a := s.call(t, c.method, "/v1/orders/"+id+c.path, "", c.body, c.buyer...)
			if a.status != c.status || !hasFault(a, c.code, c.param) {
				t.Errorf("%s: %d %s", c.what, a.status, a.body)
			}
			if s.row(t, id) != keep {
				t.Errorf("%s changed the order", c.what)
			}
		}
		if a := s.call(t, "PATCH", "/v1/orders/"+other, "", `{"requested_tip":{"percent":5}}`, bare...); a.code() != "CHECKOUT_TIPPING_DISABLED" {
			t.Errorf("a tip where none is taken: %s", a.body)
		}
	})
}

func TestExpandNeedsScopes(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.Open(t, db.SQLite))
	customer := s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"ann@buyer.test","name":"Ann"}`)).data()["customer_id"].(string)
	id := s.order(t, `{"line_items":[{"name":"Tea","unit_price_money":`+usd(500)+`}],"customer_id":"`+customer+`"}`)
	made := s.want(t, 201, s.call(t, "POST", "/v1/api-keys", s.a.live, `{"name":"x","scopes":["commerce.orders.read"],"sandbox_id":"`+s.a.Sandbox.Scope.EnvironmentID+`"}`))
	narrow := made.data()["secret_key"].(string)
	s.want(t, 200, s.call(t, "GET", "/v1/orders/"+id+"?expand=fulfillments.packages,subscription", narrow, ""))
	if a := s.want(t, 403, s.call(t, "GET", "/v1/orders/"+id+"?expand=customer", narrow, "")); a.code() != "INSUFFICIENT_SCOPE" {
		t.Errorf("expanding without the scope: %s", a.body)
	}
	a := s.want(t, 200, s.call(t, "GET", "/v1/orders/"+id+"?expand=customer&expand=payment_intents", s.a.test, ""))
	if c, _ := a.data()["customer"].(map[string]any); c["name"] != "Ann" {
		t.Errorf("expanded: %s", a.body)
	}
	if a := s.want(t, 400, s.call(t, "GET", "/v1/orders/"+id+"?expand=everything", s.a.test, "")); a.code() != "INVALID_EXPAND" {
		t.Errorf("expanding what is not there: %s", a.body)
	}
}
