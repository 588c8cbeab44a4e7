package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

func TestPaymentLinks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		call := func(method, path, body string) answer {
			t.Helper()
			return s.call(t, method, "/v1/"+path, s.a.test, body)
		}
		made := s.want(t, 201, call("POST", "payment-links", `{"name":"Tour","max_completions":1,"metadata":{"m":"1"},
			"line_items":[{"name":"Seat","unit_price_money":`+usd(1000)+`,"allow_quantity_adjustment":true,"max_quantity":4},
				{"name":"Gift","key":"gift","allow_unit_price_adjustment":true,"min_unit_price_money":`+usd(100)+`,"unit_price_money":`+usd(200)+`}],
			"custom_fields":[{"custom_field_type":"text","key":"name","label":"Name on the ticket","required":true,"max_length":10},
				{"custom_field_type":"dropdown","key":"meal","label":"Meal","options":["A","B"]}],
			"tip":{"enabled":true,"tip_percent_options":[5,10,15]},"theme":{"primary_color":"#112233"},"redirects":{"success_redirect_url":"https://shop.test/ok"}}`))
		goldenAnswer(t, "payment_link_created", made)
		link := "payment-links/" + made.data()["payment_link_id"].(string)
		s.want(t, 404, s.call(t, "GET", "/v1/"+link, s.b.test, ""))
		public := func() map[string]any {
			t.Helper()
			return s.want(t, 200, s.call(t, "GET", "/v1/"+link+"/public", "", "")).data()
		}
		shown := public()
		if shown["payment_link"].(map[string]any)["metadata"] != nil || shown["merchant_name"] != "Shop" || shown["remaining_quantity"] != 1.0 {
			t.Errorf("public: %v", shown)
		}
		context := shown["resolution_context"].(string)
		resolve := func(key, context, choices string) answer {
			t.Helper()
			return s.call(t, "POST", "/v1/"+link+"/resolve", "", `{"resolution_context":"`+context+`"`+choices+`}`, "Idempotency-Key: "+key)
		}
		if a := s.call(t, "POST", "/v1/"+link+"/resolve", "", `{}`); !hasFault(a, "IDEMPOTENCY_KEY_REQUIRED", "Idempotency-Key") {
			t.Errorf("without a key: %s", a.body)
		}
		name := `,"custom_field_values":{"name":"Ann"}`
		for _, c := range []struct{ context, choices, code, param string }{
			{"", name, "PAYMENT_LINK_RESOLUTION_CONTEXT_REQUIRED", "resolution_context"},
			{"plrc_v1.x.y", name, "PAYMENT_LINK_RESOLUTION_CONTEXT_INVALID", "resolution_context"},
			{context + "x", name, "PAYMENT_LINK_RESOLUTION_CONTEXT_INVALID", "resolution_context"},
			{context, ``, "REQUIRED_CUSTOM_FIELD_MISSING", "custom_field_values.name"},
			{context, `,"custom_field_values":{"name":"much too long"}`, "VALUE_TOO_LONG", "custom_field_values.name"},
			{context, `,"custom_field_values":{"name":"Ann","meal":"C"}`, "INVALID_DROPDOWN_VALUE", "custom_field_values.meal"},
			{context, `,"custom_field_values":{"name":"Ann","x":"C"}`, "UNKNOWN_CUSTOM_FIELD_KEY", "custom_field_values"},
			{context, name + `,"quantity_overrides":{"seat":5}`, "QUANTITY_ABOVE_MAX", "quantity_overrides.seat"},
			{context, name + `,"quantity_overrides":{"seat":0}`, "QUANTITY_BELOW_MIN", "quantity_overrides.seat"},
			{context, name + `,"quantity_overrides":{"gift":2}`, "QUANTITY_NOT_ADJUSTABLE", "quantity_overrides.gift"},
			{context, name + `,"quantity_overrides":{"x":2}`, "UNKNOWN_LINE_ITEM_KEY", "quantity_overrides"},
			{context, name + `,"unit_price_overrides":{"seat":` + usd(1) + `}`, "AMOUNT_NOT_ADJUSTABLE", "unit_price_overrides.seat"},
			{context, name + `,"unit_price_overrides":{"gift":` + usd(1) + `}`, "AMOUNT_BELOW_MIN", "unit_price_overrides.gift"},
			{context, name + `,"modifiers":{"gift":{}}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "modifiers"},
		} {
			if a := resolve("refused", c.context, c.choices); a.status < 400 || !hasFault(a, c.code, c.param) {
				t.Errorf("%s: %d %s, want %s at %q", c.choices, a.status, a.body, c.code, c.param)
			}
		}
		choices := name + `,"quantity_overrides":{"seat":2},"unit_price_overrides":{"gift":` + usd(500) + `}`
		opened := s.want(t, 201, resolve("k1", context, choices))
		again := s.want(t, 201, resolve("k1", context, choices))
		if again.header.Get("Idempotency-Replayed") != "true" || textIn(again.data(), byName("checkout_session_id")) != textIn(opened.data(), byName("checkout_session_id")) {
			t.Errorf("a repeated resolve: %s", again.body)
		}
		if a := resolve("k1", context, name); !hasFault(a, "IDEMPOTENCY_KEY_REUSED", "") {
			t.Errorf("a reused key: %s", a.body)
		}
		session := opened.data()["checkout_session"].(map[string]any)
		if session["origin"] != "payment_link" || session["payment_link_id"] != made.data()["payment_link_id"] || !strings.Contains(session["url"].(string), "#checkout_token=") ||
			session["tip"] == nil || session["theme"] == nil || session["metadata"] != nil {
			t.Errorf("the session: %v", session)
		}
		order := s.want(t, 200, call("GET", "orders/"+session["order_id"].(string), "")).data()
		if order["origin"] != "payment_link" || order["metadata"].(map[string]any)["custom_field_name"] != "Ann" || order["metadata"].(map[string]any)["m"] != "1" ||
			order["pricing_amounts"].(map[string]any)["total_money"].(map[string]any)["amount"] != 2500.0 {
			t.Errorf("the order: %v", order)
		}
		second := s.want(t, 201, resolve("k2", public()["resolution_context"].(string), name)).data()["checkout_session"].(map[string]any)["order_id"].(string)
		pay := func(orderID string, amount int64) string {
			t.Helper()
			a := s.want(t, 200, call("POST", "orders/"+orderID+"/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"}}`)).data()["payment_attempt"].(map[string]any)
			code, _ := a["failure_code"].(string)
			return a["status"].(string) + " " + code
		}
		if got := pay(session["order_id"].(string), 2500); got != "succeeded " {
			t.Errorf("paid: %s", got)
		}
		if got := pay(second, 1200); got != "failed payment_link_capacity_claim_failed" {
			t.Errorf("the second buyer: %s", got)
		}
		if l := call("GET", link, "").data(); l["completed_count"] != 1.0 || l["total_quantity_sold"] != 3.0 {
			t.Errorf("sold: %v", l)
		}
		if a := resolve("k3", public()["resolution_context"].(string), name); !hasFault(a, "PAYMENT_LINK_MAX_COMPLETIONS_REACHED", "") || public()["is_sold_out"] != true {
			t.Errorf("sold out: %s", a.body)
		}

		// A changed link wants to be read again, an old context too, an inactive link opens nothing.
		stale := public()["resolution_context"].(string)
		for _, c := range []struct{ body, code, param string }{
			{`{}`, "NO_FIELDS_TO_UPDATE", ""},
			{`{"line_items":[]}`, "EXPECTED_VERSION_REQUIRED", "expected_version"},
			{`{"name":"x","expected_version":7}`, "PAYMENT_LINK_CHANGED", ""},
			{`{"line_items":[{"payment_link_line_item_id":"x","name":"x","quantity":1,"unit_price_money":` + usd(1) + `}],"expected_version":1}`, "UNKNOWN_PAYMENT_LINK_LINE_ITEM_ID", "line_items[0].payment_link_line_item_id"},
		} {
			if a := call("PATCH", link, c.body); !hasFault(a, c.code, c.param) {
				t.Errorf("%s: %s, want %s at %q", c.body, a.body, c.code, c.param)
			}
		}
		s.want(t, 200, call("PATCH", link, `{"max_completions":2,"inactive_message":"Over"}`))
		if a := resolve("k4", stale, name); !hasFault(a, "PAYMENT_LINK_CHANGED", "") {
			t.Errorf("a changed link: %s", a.body)
		}
		old := public()["resolution_context"].(string)
		s.clock.Set(s.clock.Now().Add(31 * time.Minute))
		if a := resolve("k5", old, name); !hasFault(a, "PAYMENT_LINK_RESOLUTION_CONTEXT_REFRESH_REQUIRED", "") {
			t.Errorf("an old context: %s", a.body)
		}
		s.want(t, 200, call("PATCH", link, `{"status":"inactive"}`))
		if a := resolve("k6", public()["resolution_context"].(string), name); !hasFault(a, "PAYMENT_LINK_INACTIVE", "") || public()["payment_link"].(map[string]any)["inactive_message"] != "Over" {
			t.Errorf("inactive: %s", a.body)
		}
		if n := len(call("GET", "payment-links?status=inactive&query=tour", "").list()); n != 1 {
			t.Errorf("%d links listed", n)
		}

		// A bound link opens the balance of its order until that is paid.
		bought := s.want(t, 201, call("POST", "orders", `{"line_items":[{"name":"x","unit_price_money":`+usd(700)+`}]}`)).data()["order_id"].(string)
		link = "payment-links/" + s.want(t, 201, call("POST", "payment-links", `{"name":"Rest","order_id":"`+bought+`"}`)).data()["payment_link_id"].(string)
		first := s.want(t, 201, resolve("b1", public()["resolution_context"].(string), "")).data()["checkout_session"].(map[string]any)
		next := s.want(t, 201, resolve("b2", public()["resolution_context"].(string), "")).data()["checkout_session"].(map[string]any)
		if first["order_id"] != bought || next["order_id"] != bought || call("GET", "checkout-sessions/"+first["checkout_session_id"].(string), "").data()["status"] != "invalidated" {
			t.Errorf("a bound link: %v", next)
		}
		if got := pay(bought, 700); got != "succeeded " {
			t.Errorf("paid: %s", got)
		}
		if a := resolve("b3", public()["resolution_context"].(string), ""); !hasFault(a, "ORDER_ALREADY_PAID", "") || public()["is_sold_out"] != true {
			t.Errorf("a paid order: %s", a.body)
		}
	})
}

func byName(want string) func(name, v string) bool {
	return func(name, _ string) bool { return name == want }
}

func TestPaymentLinksRefuse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		line := `"line_items":[{"name":"x","unit_price_money":` + usd(100) + `}]`
		for _, c := range []struct{ body, code, param string }{
			{`{}`, "NAME_REQUIRED", "name"},
			{`{"name":"x"}`, "MISSING_LINE_ITEMS", "line_items"},
			{`{"name":"x","payment_link_type":"donation",` + line + `,"donation_min_amount_money":` + usd(1) + `}`, "DONATION_LINE_ITEMS_NOT_ALLOWED", "line_items"},
			{`{"name":"x","payment_link_type":"donation"}`, "FIELD_REQUIRED", "donation_min_amount_money"},
			{`{"name":"x","payment_link_type":"donation","donation_min_amount_money":` + usd(9) + `,"donation_max_amount_money":` + usd(8) + `}`, "INVALID_DONATION_AMOUNT_RANGE", "donation_min_amount_money"},
			{`{"name":"x","payment_link_type":"donation","donation_min_amount_money":` + usd(9) + `,"donation_suggested_amount_money_options":[` + usd(8) + `]}`, "SUGGESTED_AMOUNT_BELOW_MIN", "donation_suggested_amount_money_options[0]"},
			{`{"name":"x","payment_link_type":"event",` + line + `}`, "FIELD_REQUIRED", "event_config"},
			{`{"name":"x","payment_link_type":"event",` + line + `,"event_config":{}}`, "INVALID_TIMEZONE", "event_config.timezone"},
			{`{"name":"x","payment_link_type":"event",` + line + `,"event_config":{"timezone":"Europe/Berlin","event_at":"2020-01-01T00:00:00Z"}}`, "INVALID_EVENT_AT", "event_config.event_at"},
			{`{"name":"x","event_config":{"timezone":"Europe/Berlin"},` + line + `}`, "EVENT_CONFIG_NOT_APPLICABLE", "event_config"},
			{`{"name":"x","subscription_plan_id":"p",` + line + `}`, "RESERVED_FIELD_NOT_YET_SUPPORTED", "subscription_plan_id"},
			{`{"name":"x",` + line + `,"custom_fields":[{"custom_field_type":"dropdown","key":"k","label":"l"}]}`, "OPTIONS_REQUIRED", "custom_fields[0].options"},
			{`{"name":"x",` + line + `,"custom_fields":[{"custom_field_type":"checkbox","key":"k","label":"l","max_length":3}]}`, "MAX_LENGTH_NOT_APPLICABLE", "custom_fields[0].max_length"},
			{`{"name":"x",` + line + `,"custom_fields":[{"custom_field_type":"text","key":" k","label":"l"}]}`, "CUSTOM_FIELD_KEY_WHITESPACE", "custom_fields[0].key"},
			{`{"name":"x",` + line + `,"custom_fields":[{"custom_field_type":"text","key":"` + strings.Repeat("k", 244) + `","label":"l"}]}`, "CUSTOM_FIELD_KEY_TOO_LONG", "custom_fields[0].key"},
			{`{"name":"x",` + line + `,"metadata":{"custom_field_k":"v"}}`, "RESERVED_METADATA_KEY", "metadata"},
			{`{"name":"x",` + line + `,"expiration":{"expires_in_seconds":5}}`, "INVALID_EXPIRATION", "expiration.expires_in_seconds"},
			{`{"name":"x","line_items":[{"variant_id":"var_01J00000000000000000000000"}]}`, "PAYMENT_LINK_LINE_ITEM_UNAVAILABLE", "line_items[0].variant_id"},
			{`{"name":"x","line_items":[{"name":"x"}]}`, "LINE_ITEM_UNIT_PRICE_REQUIRED", "line_items[0].unit_price_money"},
			{`{"name":"x","line_items":[{"name":"x","unit_price_money":` + usd(1) + `,"min_quantity":2}]}`, "INVALID_QUANTITY_RANGE", "line_items[0].min_quantity"},
		} {
			if a := s.call(t, "POST", "/v1/payment-links", s.a.test, c.body); a.status < 400 || !hasFault(a, c.code, c.param) {
				t.Errorf("%s: %d %s, want %s at %q", c.body, a.status, a.body, c.code, c.param)
			}
		}
	})
}
