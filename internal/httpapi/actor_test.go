package httpapi_test

import (
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// TestTheAppIsNamed: what an app does to an order carries the app in the order's history, in the events and
// in the log, and what the merchant does itself does not.
func TestTheAppIsNamed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		its, grant := s.install(t, s.b.Live.Scope, s.a.Sandbox.Scope)
		token := tokenOf(grant)
		mine := s.order(t, `{"line_items":[{"name":"x","unit_price_money":`+usd(5000)+`}]}`)
		made := s.want(t, 201, s.call(t, "POST", "/v1/orders", token, `{"line_items":[{"name":"x","unit_price_money":`+usd(5000)+`}]}`))
		order := made.data()["order_id"].(string)
		s.want(t, 200, s.call(t, "PATCH", "/v1/orders/"+order, token, `{"internal_note":"by the app"}`))
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+order+"/charges", token, `{"charge":{"type":"delivery_fee","name":"x","amount_money":`+usd(300)+`}}`))
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+order+"/pay", token,
			`{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(5300)+`}`))
		refund := s.want(t, 201, s.call(t, "POST", "/v1/refunds", token, `{"order_id":"`+order+`","amount_money":`+usd(100)+`}`)).data()["refund_id"].(string)

		s.settle(t) // the processor tells later that the refund went through

		seen := map[string]bool{}
		for _, v := range s.want(t, 200, s.call(t, "GET", "/v1/orders/"+order+"/activities?page_size=100", s.a.test, "")).list() {
			row := v.(map[string]any)
			seen[row["activity_type"].(string)] = true
			if row["actor_type"] != "app" || row["actor_id"] != its.ID {
				t.Errorf("the history says %v", row)
			}
		}
		for _, typ := range []string{"created", "charge_added", "payment", "refund"} {
			if !seen[typ] {
				t.Errorf("the history has no %s", typ)
			}
		}

		clear(seen)
		for _, v := range s.want(t, 200, s.call(t, "GET", "/v1/webhook-events?page_size=100", s.a.test, "")).list() {
			e := v.(map[string]any)
			actor, _ := e["actor"].(map[string]any)
			switch e["root_id"] {
			case order, refund:
				seen[e["event_type"].(string)] = true
				if actor["type"] != "app" || actor["id"] != its.ID {
					t.Errorf("%s was caused by %v", e["event_type"], actor)
				}
				one := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events/"+e["webhook_event_id"].(string), s.a.test, ""))
				if alone, _ := one.data()["actor"].(map[string]any); alone["id"] != actor["id"] {
					t.Errorf("read alone: %s", one.body)
				}
			case mine:
				if actor["type"] != "api_key" || actor["id"] != s.a.testKey.ID {
					t.Errorf("%s of the merchant was caused by %v", e["event_type"], actor)
				}
			}
		}
		for _, typ := range []string{"order.created", "order.updated", "order.paid", "payment_intent.succeeded", "refund.created", "refund.updated"} {
			if !seen[typ] {
				t.Errorf("there is no event %s", typ)
			}
		}

		for _, operation := range []string{"createOrder", "updateOrder", "addOrderCharge", "payOrder", "createRefund"} {
			named := false
			for line := range strings.Lines(s.logs.String()) {
				named = named || strings.Contains(line, `"operation":"`+operation+`"`) && strings.Contains(line, `"app_id":"`+its.ID+`","grant_id":"`+grant.ID+`"`)
			}
			if !named {
				t.Errorf("no line of the log names the app with %s", operation)
			}
		}
	})
}
