package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

const shirt = `{"name":"Shirt","product_type":"physical","description":"Soft","categories":["Summer Wear","Shirts"],"images":[{"url":"https://img.test/s.png","alt":"A shirt"}],
	"external_reference_id":"erp-1","metadata":{"a":"1"},
	"options":[{"name":"Size","client_option_key":"size","values":[{"value":"M","client_value_key":"m"},{"value":"L","client_value_key":"l"}]}],
	"variants":[{"sku":"S-M","barcode":"111","unit_price_money":{"amount":2000,"currency":"USD"},"line_item_tax_category":"clothing","selected_option_values":[{"client_option_key":"size","client_value_key":"m"}]},
		{"sku":"S-L","unit_price_money":{"amount":2500,"currency":"USD"},"taxable":false,"selected_option_values":[{"client_option_key":"size","client_value_key":"l"}]}]}`

func TestProducts(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		call := func(method, path, body string) answer {
			t.Helper()
			return s.call(t, method, "/v1/"+path, s.a.test, body)
		}
		made := s.want(t, 201, call("POST", "products", shirt))
		goldenAnswer(t, "product_created", made)
		p := made.data()
		product := "products/" + p["product_id"].(string)
		medium, large := variantNamed(t, call, product, "S-M"), variantNamed(t, call, product, "S-L")
		s.want(t, 404, s.call(t, "GET", "/v1/"+product, s.b.test, ""))

		s.clock.Set(s.clock.Now().Add(time.Second))
		mug := s.want(t, 201, call("POST", "products", `{"name":"mug","product_type":"digital","default_variant":{"sku":"MUG","unit_price_money":{"amount":900,"currency":"USD"},"modifier_set_id":null}}`)).data()
		for _, c := range []struct {
			method, path, body string
			status             int
			code, param        string
		}{
			{"POST", "products", `{"name":"x","product_type":"digital"}`, 400, "INVALID_PRODUCT_CREATE_SHAPE", ""},
			{"POST", "products", `{"name":"x","product_type":"digital","default_variant":{"unit_price_money":` + usd(1) + `},"options":[{"name":"a","values":[{"value":"b"}]}]}`, 400, "INVALID_PRODUCT_CREATE_SHAPE", "default_variant"},
			{"POST", "products", `{"name":"x","product_type":"gift_card","default_variant":{"unit_price_money":` + usd(1) + `}}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "product_type"},
			{"POST", "products", `{"name":"x","product_type":"digital","default_variant":{"unit_price_money":` + usd(1) + `,"modifier_set_id":"ms"}}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "default_variant.modifier_set_id"},
			{"POST", "products", `{"name":"x","product_type":"digital","default_variant":{"unit_price_money":` + usd(1) + `,"inventory_item_id":"i"}}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "default_variant.inventory_item_id"},
			{"POST", "products", `{"name":"x","product_type":"digital","default_variant":{"sku":"MUG","unit_price_money":` + usd(1) + `}}`, 409, "SKU_ALREADY_EXISTS", "default_variant.sku"},
			{"POST", "products", `{"name":"x","product_type":"digital","default_variant":{"barcode":"111","unit_price_money":` + usd(1) + `}}`, 409, "BARCODE_ALREADY_EXISTS", "default_variant.barcode"},
			{"POST", "products", strings.Replace(strings.ReplaceAll(shirt, "S-", "T-"), `"barcode":"111",`, `"barcode":"112",`, 1), 201, "", ""},
			{"POST", "products", strings.Replace(strings.ReplaceAll(strings.ReplaceAll(shirt, "S-", "U-"), "111", "113"), `"client_value_key":"m"}]}`, `"client_value_key":"l"}]}`, 1), 409, "VARIANT_OPTION_COMBINATION_ALREADY_EXISTS", "variants[1].selected_option_values"},
			{"POST", "products", strings.Replace(strings.ReplaceAll(strings.ReplaceAll(shirt, "S-", "U-"), "111", "113"), `2500,"currency":"USD"`, `2500,"currency":"EUR"`, 1), 400, "MIXED_VARIANT_CURRENCIES", "variants[1].unit_price_money.currency"},
			{"POST", product + "/variants", `{"unit_price_money":` + usd(1) + `}`, 400, "INVALID_OPTION_SELECTION", "selected_option_values"},
			{"POST", "products/" + mug["product_id"].(string) + "/variants", `{"unit_price_money":` + usd(1) + `}`, 409, "VARIANT_OPTION_COMBINATION_ALREADY_EXISTS", "selected_option_values"},
			{"PATCH", product, `{}`, 400, "NO_FIELDS_TO_UPDATE", ""},
			{"PATCH", product, `{"categories":["x"]}`, 400, "EXPECTED_VERSION_REQUIRED", "expected_version"},
			{"PATCH", product, `{"images":[],"expected_version":7}`, 409, "VERSION_CONFLICT", ""},
			{"PATCH", product, `{"options":[],"expected_version":1}`, 409, "PRODUCT_OPTION_IN_USE", "options"},
			{"PATCH", product + "/variants/" + medium, `{"sku":"S-L"}`, 409, "SKU_ALREADY_EXISTS", "sku"},
			{"PATCH", product + "/variants/" + medium, `{"images":[]}`, 400, "EXPECTED_VERSION_REQUIRED", "expected_version"},
			{"PATCH", product + "/variants/" + medium, `{"unit_price_money":{"amount":1,"currency":"EUR"}}`, 400, "MIXED_VARIANT_CURRENCIES", "unit_price_money.currency"},
			{"DELETE", "products/" + mug["product_id"].(string) + "/variants/" + mug["default_variant_id"].(string), ``, 409, "PRODUCT_NEEDS_VARIANT", ""},
			{"POST", "orders", `{"line_items":[{"variant_id":"` + medium + `","name":"x"}]}`, 400, "LINE_ITEM_SOURCE_CONFLICT", "line_items[0]"},
			{"POST", "orders", `{"line_items":[{"variant_id":"` + medium + `","description":"x"}]}`, 400, "CATALOG_LINE_ITEM_FIELDS_READ_ONLY", "line_items[0]"},
			{"POST", "orders", `{"line_items":[{"variant_id":"var_01J00000000000000000000000"}]}`, 404, "RESOURCE_NOT_FOUND", "line_items[0].variant_id"},
			{"POST", "orders", `{"line_items":[{"variant_id":"` + medium + `"},{"name":"x","unit_price_money":{"amount":1,"currency":"EUR"}}]}`, 400, "CURRENCY_MISMATCH", "line_items[1].unit_price_money.currency"},
			{"POST", "orders", `{"line_items":[{"bundle_id":"b"}]}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "line_items[0].bundle_id"},
		} {
			if a := call(c.method, c.path, c.body); a.status != c.status || c.code != "" && !hasFault(a, c.code, c.param) {
				t.Errorf("%s %s %s: %d %s, want %s at %q", c.method, c.path, c.body, a.status, a.body, c.code, c.param)
			}
		}
		for query, want := range map[string]string{
			"":                                "Shirt mug Shirt",
			"sort_by=name&sort_direction=asc": "mug Shirt Shirt",
			"sku=S-L":                         "Shirt",
			"query=soft":                      "Shirt Shirt",
			"category_handle=summer-wear":     "Shirt Shirt",
			"external_reference_id=erp-1":     "Shirt Shirt",
			"product_type=digital":            "mug",
			"status=archived":                 "",
			"delivery_profile_id=x":           "",
		} {
			var names []string
			for _, c := range s.want(t, 200, call("GET", "products?"+query, "")).list() {
				names = append(names, c.(map[string]any)["name"].(string))
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("products of %q: %q, want %q", query, got, want)
			}
		}
		if m := call("GET", "products?sku=S-L", "").list()[0].(map[string]any)["matched_variant"]; m == nil || m.(map[string]any)["variant_id"] != large {
			t.Errorf("matched %v", m)
		}

		// An order copies the variant, and keeps what it copied.
		bought := s.want(t, 201, call("POST", "orders", `{"line_items":[{"variant_id":"`+medium+`","quantity":2},{"name":"x","unit_price_money":`+usd(1)+`}]}`))
		goldenAnswer(t, "order_of_variant", bought)
		order := "orders/" + bought.data()["order_id"].(string)
		line := bought.data()["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
		s.want(t, 200, call("PATCH", product+"/variants/"+medium, `{"unit_price_money":`+usd(9999)+`,"name":"Middle"}`))
		if a := call("GET", order, "").data()["line_items"].([]any)[0].(map[string]any); a["name"] != "Shirt – M" || a["unit_price_money"].(map[string]any)["amount"] != 2000.0 {
			t.Errorf("the line followed the catalogue: %v", a)
		}
		if a := call("PATCH", order+"/line-items/"+line, `{"name":"y"}`); a.status != 400 || !hasFault(a, "CATALOG_LINE_ITEM_FIELDS_READ_ONLY", "") {
			t.Errorf("rename: %s", a.body)
		}
		s.want(t, 200, call("PATCH", order+"/line-items/"+line, `{"quantity":3}`))
		s.want(t, 200, call("POST", order+"/line-items", `{"line_items":[{"variant_id":"`+large+`"}]}`))

		// What somebody could still pay for stays.
		if a := call("DELETE", product+"/variants/"+large, ""); !hasFault(a, "VARIANT_IN_OPEN_ORDER", "") {
			t.Errorf("archive: %s", a.body)
		}
		if a := call("DELETE", product, ""); !hasFault(a, "PRODUCT_IN_USE", "") {
			t.Errorf("archive: %s", a.body)
		}
		session := s.want(t, 201, call("POST", "checkout-sessions", `{"order_id":"`+bought.data()["order_id"].(string)+`"}`))
		if a := call("DELETE", product, ""); !hasFault(a, "PRODUCT_IN_OPEN_CHECKOUT_SESSION", "") {
			t.Errorf("archive: %s", a.body)
		}
		s.want(t, 200, call("PATCH", product, `{"status":"inactive"}`))
		if a := call("POST", "orders", `{"line_items":[{"variant_id":"`+large+`"}]}`); a.status != 409 || !hasFault(a, "VARIANT_NOT_SELLABLE", "line_items[0].variant_id") {
			t.Errorf("sold an inactive product: %s", a.body)
		}
		s.want(t, 200, call("POST", "checkout-sessions/"+textIn(session.data(), func(name, _ string) bool { return name == "checkout_session_id" })+"/close", ""))
		s.want(t, 200, call("POST", order+"/close", `{}`))
		s.want(t, 200, call("DELETE", product+"/variants/"+large, ""))
		if a := s.want(t, 200, call("DELETE", product, "")); a.data()["status"] != "archived" || a.data()["variant_count"] != 0.0 {
			t.Errorf("archived: %s", a.body)
		}
		if a := call("PATCH", product, `{"name":"x"}`); !hasFault(a, "PRODUCT_ARCHIVED", "") {
			t.Errorf("changed an archived product: %s", a.body)
		}
		s.want(t, 201, call("POST", "products", `{"name":"again","product_type":"digital","default_variant":{"sku":"S-L","unit_price_money":`+usd(1)+`}}`))
	})
}

func variantNamed(t *testing.T, call func(method, path, body string) answer, product, sku string) string {
	t.Helper()
	for _, v := range call("GET", product+"/variants?sort_by=unit_price", "").list() {
		if v := v.(map[string]any); v["sku"] == sku {
			return v["variant_id"].(string)
		}
	}
	t.Fatalf("no variant %s", sku)
	return ""
}
