package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
)

// usd is an amount of dollars on the wire.
func usd(minor int64) string { return fmt.Sprintf(`{"amount":%d,"currency":"USD"}`, minor) }

const oneLine = `{"line_items":[{"name":"Tea","unit_price_money":{"amount":500,"currency":"USD"}}]}`

// line is a body with one line; its fields are merged with those of a good one.
func line(fields string) string {
	return `{"line_items":[{"name":"Tea","unit_price_money":` + usd(500) + `,` + fields + `}]}`
}

// TestOrdersRefuse holds what the routes of an order refuse, with the code and the place of the fault,
// and that nothing changed.
func TestOrdersRefuse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		id := s.order(t, oneLine)
		foreign := s.want(t, 201, s.call(t, "POST", "/v1/orders", s.b.test, oneLine)).data()
		strangerLine := foreign["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
		stranger := s.want(t, 201, s.call(t, "POST", "/v1/customers", s.b.test, `{"email":"b@buyer.test"}`)).data()["customer_id"].(string)
		o := "/v1/orders/" + id
		own := s.want(t, 200, s.call(t, "GET", o, s.a.test, "")).data()["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
		keep := s.row(t, id)
		orders, customers := s.count(t, "orders"), s.count(t, "customers")

		long := func(n int) string { return strings.Repeat("x", n) }
		deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
		many := strings.TrimSuffix(strings.Repeat(`{"name":"Tea","unit_price_money":`+usd(1)+`},`, 251), ",")
		for _, c := range []struct {
			what, method, path, body string
			status                   int
			code, param              string
		}{
			{"no lines", "POST", "/v1/orders", `{}`, 400, "MISSING_LINE_ITEMS", "line_items"},
			{"no body", "POST", "/v1/orders", ``, 400, "MISSING_LINE_ITEMS", "line_items"},
			{"empty lines", "POST", "/v1/orders", `{"line_items":[]}`, 400, "MISSING_LINE_ITEMS", "line_items"},
			{"null lines", "POST", "/v1/orders", `{"line_items":null}`, 400, "NULL_NOT_ALLOWED", "line_items"},
			{"null line", "POST", "/v1/orders", `{"line_items":[null]}`, 400, "NULL_NOT_ALLOWED", "line_items[0]"},
			{"too many lines", "POST", "/v1/orders", `{"line_items":[` + many + `]}`, 400, "TOO_MANY_LINE_ITEMS", "line_items"},
			{"not an object", "POST", "/v1/orders", `[1]`, 400, "INVALID_FIELD_TYPE", ""},
			{"not JSON", "POST", "/v1/orders", `{"line_items":`, 400, "INVALID_JSON", ""},
			{"two values", "POST", "/v1/orders", oneLine + oneLine, 400, "INVALID_JSON", ""},
			{"a field twice", "POST", "/v1/orders", `{"buyer_note":"a","buyer_note":"b"}`, 400, "DUPLICATE_FIELD", "buyer_note"},
			{"an escaped field twice", "POST", "/v1/orders", `{"buyer_note":"a","buyer\u005fnote":"b"}`, 400, "DUPLICATE_FIELD", "buyer_note"},
			{"too large", "POST", "/v1/orders", `{"buyer_note":"` + long(httpapi.MaxBody) + `"}`, 413, "REQUEST_BODY_TOO_LARGE", ""},
			{"too deep", "POST", "/v1/orders", line(`"modifiers":` + deep), 400, "INVALID_JSON", "line_items[0].modifiers" + strings.Repeat("[0]", 29)},
			{"unknown field", "POST", "/v1/orders", line(`"discounted":true`), 400, "UNKNOWN_FIELD", "line_items[0].discounted"},
			{"wrong letter case", "POST", "/v1/orders", `{"lineItems":[]}`, 400, "UNKNOWN_FIELD", "lineItems"},
			{"name of a number", "POST", "/v1/orders", `{"line_items":[{"name":7,"unit_price_money":` + usd(1) + `}]}`, 400, "INVALID_FIELD_TYPE", "line_items[0].name"},
			{"no name", "POST", "/v1/orders", `{"line_items":[{"unit_price_money":` + usd(1) + `}]}`, 400, "LINE_ITEM_NAME_REQUIRED", "line_items[0].name"},
			{"blank name", "POST", "/v1/orders", `{"line_items":[{"name":" ","unit_price_money":` + usd(1) + `}]}`, 400, "LINE_ITEM_NAME_REQUIRED", "line_items[0].name"},
			{"long name", "POST", "/v1/orders", `{"line_items":[{"name":"` + long(256) + `","unit_price_money":` + usd(1) + `}]}`, 400, "LINE_ITEM_NAME_TOO_LONG", "line_items[0].name"},
			{"control characters in a name", "POST", "/v1/orders", `{"line_items":[{"name":"a\u0000b","unit_price_money":` + usd(1) + `}]}`, 400, "INVALID_FIELD_VALUE", "line_items[0].name"},
			{"a line break in a name", "POST", "/v1/orders", `{"line_items":[{"name":"a\nb","unit_price_money":` + usd(1) + `}]}`, 400, "INVALID_TEXT", "line_items[0].name"},
			{"a turned name", "POST", "/v1/orders", `{"line_items":[{"name":"a\u202eb","unit_price_money":` + usd(1) + `}]}`, 400, "INVALID_TEXT", "line_items[0].name"},
			{"half a surrogate", "POST", "/v1/orders", `{"line_items":[{"name":"a\ud800","unit_price_money":` + usd(1) + `}]}`, 400, "INVALID_JSON", ""},
			{"no price", "POST", "/v1/orders", `{"line_items":[{"name":"Tea"}]}`, 400, "LINE_ITEM_UNIT_PRICE_REQUIRED", "line_items[0].unit_price_money"},
			{"negative price", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(-1) + `}]}`, 400, "LINE_ITEM_NEGATIVE_PRICE", "line_items[0].unit_price_money.amount"},
			{"a price with a fraction", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":{"amount":5.5,"currency":"USD"}}]}`, 400, "INVALID_FIELD_TYPE", "line_items[0].unit_price_money.amount"},
			{"a price with an exponent", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":{"amount":1e3,"currency":"USD"}}]}`, 400, "INVALID_FIELD_TYPE", "line_items[0].unit_price_money.amount"},
			{"a price as text", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":{"amount":"500","currency":"USD"}}]}`, 400, "INVALID_FIELD_TYPE", "line_items[0].unit_price_money.amount"},
			{"a price beyond 64 bits", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":{"amount":9223372036854775808,"currency":"USD"}}]}`, 400, "VALUE_OUT_OF_RANGE", "line_items[0].unit_price_money.amount"},
			{"a price above the ceiling", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(10_000_000_000_001) + `}]}`, 400, "AMOUNT_TOO_LARGE", "line_items[0].unit_price_money.amount"},
			{"a total beyond 64 bits", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","quantity":1000000,"unit_price_money":` + usd(10_000_000_000_000) + `}]}`, 400, "INVALID_TOTALS", ""},
			{"no currency", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":{"amount":5}}]}`, 400, "FIELD_REQUIRED", "line_items[0].unit_price_money.currency"},
			{"a malformed currency", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":{"amount":5,"currency":"usd"}}]}`, 400, "INVALID_CURRENCY", "line_items[0].unit_price_money.currency"},
			{"an unknown currency", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":{"amount":5,"currency":"ZZZ"}}]}`, 400, "UNSUPPORTED_CURRENCY", "line_items[0].unit_price_money.currency"},
			{"two currencies", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `},{"name":"Tee","unit_price_money":{"amount":5,"currency":"EUR"}}]}`, 400, "CURRENCY_MISMATCH", "line_items[1].unit_price_money.currency"},
			{"quantity of zero", "POST", "/v1/orders", line(`"quantity":0`), 400, "LINE_ITEM_INVALID_QUANTITY", "line_items[0].quantity"},
			{"half a piece", "POST", "/v1/orders", line(`"quantity":0.5`), 400, "INVALID_FIELD_TYPE", "line_items[0].quantity"},
			{"a large quantity", "POST", "/v1/orders", line(`"quantity":1000001`), 400, "LINE_ITEM_QUANTITY_TOO_LARGE", "line_items[0].quantity"},
			{"a variant", "POST", "/v1/orders", `{"line_items":[{"variant_id":"var_1"}]}`, 400, "INVALID_ID", "line_items[0].variant_id"},
			{"a gift card", "POST", "/v1/orders", line(`"gift_card_purchase":{"x":1}`), 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "line_items[0].gift_card_purchase"},
			{"a fulfilment", "POST", "/v1/orders", line(`"fulfillment":{"requirement":"none"}`), 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "line_items[0].fulfillment"},
			{"a promotion", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `}],"discounts":[{"promotion":{"promotion_code":"X"}}]}`, 409, "PROMOTION_DECLINED", "discounts[0].promotion"},
			{"a discount of nothing", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `}],"discounts":[{}]}`, 400, "EXACTLY_ONE_REQUIRED", "discounts[0]"},
			{"a discount of a line to be", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `}],"discounts":[{"manual":{"name":"x","amount_money":` + usd(1) + `,"discount_class":"line_item","order_line_item_ids":["li_1"]}}]}`, 400, "CREATE_ORDER_LINE_ITEM_DISCOUNT_UNSUPPORTED", "discounts[0].manual"},
			{"a picture by http", "POST", "/v1/orders", line(`"image":{"url":"http://x.test/a.png"}`), 400, "IMAGE_URL_INVALID", "line_items[0].image.url"},
			{"a tax without a mode", "POST", "/v1/orders", line(`"tax":{"calculation":{"price_mode":"additive"}}`), 400, "FIELD_REQUIRED", "line_items[0].tax.calculation.mode"},
			{"a percentage with five decimals", "POST", "/v1/orders", line(`"tax":{"calculation":{"mode":"external","price_mode":"additive","components":[{"tax_type":"sales_tax","percent":8.12345,` + county + `}]}}`), 400, "INVALID_TAX_PERCENTAGE", "line_items[0].tax.calculation.components[0].percent"},
			{"a negative percentage", "POST", "/v1/orders", line(`"tax":{"calculation":{"mode":"external","price_mode":"additive","components":[{"tax_type":"sales_tax","percent":-1,` + county + `}]}}`), 400, "INVALID_TAX_PERCENTAGE", "line_items[0].tax.calculation.components[0].percent"},
			{"a jurisdiction without a level", "POST", "/v1/orders", line(`"tax":{"calculation":{"mode":"external","price_mode":"additive","components":[{"tax_type":"sales_tax","percent":1,"jurisdiction":{"code":"X","country":"US","name":"X"}}]}}`), 400, "INVALID_TAX_JURISDICTION", "line_items[0].tax.calculation.components[0].jurisdiction.level"},
			{"somebody else's customer", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `}],"customer_id":"` + stranger + `"}`, 404, "RESOURCE_NOT_FOUND", "customer_id"},
			{"a malformed customer", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `}],"customer_id":"me"}`, 400, "INVALID_ID", "customer_id"},
			{"a reserved metadata key", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `}],"metadata":{"flint_x":"1"}}`, 400, "RESERVED_METADATA_KEY", "metadata"},
			{"metadata of a number", "POST", "/v1/orders", `{"line_items":[{"name":"Tea","unit_price_money":` + usd(5) + `}],"metadata":{"n":1}}`, 400, "INVALID_FIELD_TYPE", "metadata.n"},

			{"nothing to change", "PATCH", o, `{}`, 400, "NO_FIELDS_TO_UPDATE", ""},
			{"a note of null", "PATCH", o, `{"buyer_note":null}`, 400, "NULL_NOT_ALLOWED", "buyer_note"},
			{"a long note", "PATCH", o, `{"buyer_note":"` + long(5001) + `"}`, 400, "NOTE_TOO_LONG", "buyer_note"},
			{"routing of stock", "PATCH", o, `{"inventory_routing_source":{"type":"policy"}}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "inventory_routing_source"},
			{"a tip of both kinds", "PATCH", o, `{"requested_tip":{"amount_money":` + usd(1) + `,"percent":5}}`, 400, "INVALID_TIP", "requested_tip"},
			{"a tip of nothing", "PATCH", o, `{"requested_tip":{"amount_money":` + usd(0) + `}}`, 400, "INVALID_TIP_AMOUNT", "requested_tip.amount_money.amount"},
			{"a negative tip", "PATCH", o, `{"requested_tip":{"amount_money":` + usd(-1) + `}}`, 400, "INVALID_TIP_AMOUNT", "requested_tip.amount_money.amount"},
			{"a tip in euros", "PATCH", o, `{"requested_tip":{"amount_money":{"amount":1,"currency":"EUR"}}}`, 400, "TIP_CURRENCY_MISMATCH", "requested_tip.amount_money.currency"},
			{"a tip above the ceiling", "PATCH", o, `{"requested_tip":{"amount_money":` + usd(100_001) + `}}`, 400, "TIP_LIMIT_EXCEEDED", "requested_tip"},
			{"an address without a city", "PATCH", o, `{"delivery_destination":{"address":{"line1":"1 Main","country":"US"}}}`, 400, "DELIVERY_DESTINATION_ADDRESS_INCOMPLETE", "delivery_destination.address.city"},
			{"a recipient of nothing", "PATCH", o, `{"delivery_destination":{"address":{"line1":"1 Main","city":"Town","country":"US"},"recipient":{}}}`, 400, "FIELD_REQUIRED", "delivery_destination.recipient"},
			{"a tax location of nothing", "PATCH", o, `{"tax":{"location":{"address":{"country":"US"}}}}`, 400, "ORDER_TAX_LOCATION_INVALID", "tax.location.address"},
			{"an old revision", "PATCH", o, `{"buyer_note":"x","order_revision":7}`, 409, "ORDER_CONFLICT", ""},
			{"a foreign order", "PATCH", "/v1/orders/" + foreign["order_id"].(string), `{"buyer_note":"x"}`, 404, "RESOURCE_NOT_FOUND", ""},
			{"an order that is no order", "PATCH", "/v1/orders/none", `{"buyer_note":"x"}`, 404, "RESOURCE_NOT_FOUND", ""},

			{"lines in euros", "POST", o + "/line-items", `{"line_items":[{"name":"Tee","unit_price_money":{"amount":5,"currency":"EUR"}}]}`, 400, "CURRENCY_MISMATCH", "line_items[0].unit_price_money.currency"},
			{"no new lines", "POST", o + "/line-items", `{"line_items":[]}`, 400, "MISSING_LINE_ITEMS", "line_items"},
			{"a foreign line", "PATCH", o + "/line-items/" + strangerLine, `{"quantity":2}`, 404, "RESOURCE_NOT_FOUND", ""},
			{"a stale line", "PATCH", o + "/line-items/" + own, `{"quantity":2,"expected_version":9}`, 409, "ORDER_LINE_ITEM_VERSION_CONFLICT", ""},
			{"modifiers", "PATCH", o + "/line-items/" + own, `{"modifiers":[],"expected_version":1}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "modifiers"},
			{"the last line", "DELETE", o + "/line-items/" + own, ``, 409, "MISSING_LINE_ITEMS", ""},
			{"a body for a removal", "DELETE", o + "/line-items/" + own, `{}`, 400, "REQUEST_BODY_NOT_ALLOWED", ""},

			{"a charge of nothing", "POST", o + "/charges", `{"charge":{"type":"other","name":"x"}}`, 400, "CHARGE_VALUE_REQUIRED", "charge"},
			{"a negative charge", "POST", o + "/charges", `{"charge":{"type":"other","name":"x","amount_money":` + usd(-5) + `}}`, 400, "INVALID_AMOUNT", "charge.amount_money.amount"},
			{"a charge without a basis", "POST", o + "/charges", `{"charge":{"type":"other","name":"x","percent":5}}`, 400, "CALCULATION_BASIS_REQUIRED", "charge.calculation_basis"},
			{"a flat charge with a basis", "POST", o + "/charges", `{"charge":{"type":"other","name":"x","amount_money":` + usd(5) + `,"calculation_basis":"subtotal_pre_discount"}}`, 400, "CALCULATION_BASIS_FORBIDDEN", "charge.calculation_basis"},
			{"a charge of 101 percent", "POST", o + "/charges", `{"charge":{"type":"other","name":"x","percent":101,"calculation_basis":"subtotal_pre_discount"}}`, 400, "INVALID_CHARGE_PERCENT", "charge.percent"},
			{"a charge of no type", "POST", o + "/charges", `{"charge":{"type":"tax","name":"x","amount_money":` + usd(5) + `}}`, 400, "INVALID_FIELD_VALUE", "charge.type"},
			{"a charge that is not there", "DELETE", o + "/charges/chg_01J00000000000000000000000", ``, 404, "ORDER_CHARGE_NOT_FOUND", ""},

			{"a discount of nothing", "POST", o + "/discounts", `{}`, 400, "EXACTLY_ONE_REQUIRED", ""},
			{"a discount of zero", "POST", o + "/discounts", `{"manual":{"name":"x","amount_money":` + usd(0) + `}}`, 400, "DISCOUNT_AMOUNT_INVALID", "manual.amount_money.amount"},
			{"a discount of lines without lines", "POST", o + "/discounts", `{"manual":{"name":"x","amount_money":` + usd(1) + `,"discount_class":"line_item"}}`, 400, "LINE_ITEM_DISCOUNT_REQUIRES_IDS", "manual.order_line_item_ids"},
			{"a discount of foreign lines", "POST", o + "/discounts", `{"manual":{"name":"x","amount_money":` + usd(1) + `,"discount_class":"line_item","order_line_item_ids":["` + strangerLine + `"]}}`, 400, "RESOURCE_NOT_FOUND", "manual.order_line_item_ids"},
			{"no discounts to remove", "POST", o + "/discounts/remove", `{"order_discount_ids":[]}`, 400, "DISCOUNT_IDS_REQUIRED", "order_discount_ids"},
			{"a discount that is not there", "POST", o + "/discounts/remove", `{"order_discount_ids":["disc_1"]}`, 404, "DISCOUNT_NOT_FOUND", "order_discount_ids"},
			{"a reason of a list", "POST", o + "/close", `{"reason_message":["x"]}`, 400, "INVALID_FIELD_TYPE", "reason_message"},
		} {
			a := s.call(t, c.method, c.path, s.a.test, c.body)
			if a.status != c.status || !hasFault(a, c.code, c.param) {
				t.Errorf("%s: %d %s, want %d %s at %q", c.what, a.status, a.body, c.status, c.code, c.param)
			}
			if len(c.body) < 4000 && len(c.body) > 40 && strings.Contains(string(a.body), c.body[10:40]) {
				t.Errorf("%s: the answer repeats the request: %s", c.what, a.body)
			}
			if got := s.row(t, id); got != keep {
				t.Fatalf("%s changed the order:\n%s\nwas\n%s", c.what, got, keep)
			}
		}
		if s.count(t, "orders") != orders || s.count(t, "customers") != customers {
			t.Error("a refused call left something behind")
		}
		if a := s.call(t, "POST", "/v1/orders", s.a.test, oneLine, "Content-Type: text/plain"); a.code() != "UNSUPPORTED_CONTENT_TYPE" {
			t.Errorf("plain text: %s", a.body)
		}
		a := s.want(t, 400, s.call(t, "POST", "/v1/orders", s.a.test,
			`{"line_items":[{"name":"","quantity":3,"unit_price_money":`+usd(1)+`,"modifiers":[1]}],"buyer_note":"\u202e","requested_tip":{}}`))
		for code, param := range map[string]string{
			"LINE_ITEM_NAME_REQUIRED": "line_items[0].name", "RESERVED_FIELD_NOT_YET_SUPPORTED": "line_items[0].modifiers",
			"INVALID_TEXT": "buyer_note", "INVALID_TIP": "requested_tip",
		} {
			if !hasFault(a, code, param) {
				t.Errorf("not all faults at once: no %s at %s in %s", code, param, a.body)
			}
		}
	})
}
