package httpapi_test

import (
	"context"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// settle lets the simulator tell what is due.
func (s *shop) settle(t *testing.T) {
	t.Helper()
	s.clock.Set(s.clock.Now().Add(10 * time.Second))
	if _, err := s.simulator.DeliverDue(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestPayAndRefund(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		id := s.order(t, `{"line_items":[{"name":"Tea","quantity":2,"unit_price_money":`+usd(500)+`}]}`)
		o := "/v1/orders/" + id
		pay := func(token string, total int64, key string) answer {
			return s.want(t, 200, s.call(t, "POST", o+"/pay", s.a.test,
				`{"action":"pay","payment_source":{"token":"`+token+`"},"expected_outstanding_money":`+usd(total)+`}`, "Idempotency-Key: "+key))
		}
		declined := pay("simtok_decline_card_declined", 1000, "one")
		if a := declined.data()["payment_attempt"].(map[string]any); a["status"] != "failed" || a["failure_code"] != "card_declined" {
			t.Errorf("a decline is an answer: %s", declined.body)
		}
		if a := s.want(t, 409, s.call(t, "POST", o+"/pay", s.a.test, `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(999)+`}`,
			"Idempotency-Key: other")); a.code() != "ORDER_CHANGED_REFRESH_REQUIRED" {
			t.Errorf("another amount: %s", a.body)
		}
		intents := s.want(t, 200, s.call(t, "GET", "/v1/payment-intents?order_id="+id, s.a.test, ""))
		leg := intents.list()[0].(map[string]any)["payment_intent_id"].(string)
		paid := s.want(t, 200, s.call(t, "POST", o+"/pay", s.a.test, `{"action":"confirm_payment_intents","payment_intents":[{"payment_intent_id":"`+leg+`","token":"simtok_approve"}],
			"expected_outstanding_money":`+usd(1000)+`}`, "Idempotency-Key: two"))
		if got := paid.data()["order"].(map[string]any); got["payment_status"] != "paid" {
			t.Fatalf("paid: %s", paid.body)
		}
		read := s.want(t, 200, s.call(t, "GET", o+"?expand=payment_intents", s.a.test, ""))
		if legs, _ := read.data()["payment_intents"].([]any); len(legs) == 0 {
			t.Errorf("expanded: %s", read.body)
		}
		line := read.data()["line_items"].([]any)[0].(map[string]any)["order_line_item_id"].(string)
		for _, c := range []struct {
			method, path, body, code string
		}{
			{"PATCH", "/line-items/" + line, `{"unit_price_money":` + usd(1) + `}`, "PAID_LINE_ITEM_PRICE_CHANGE_FORBIDDEN"},
			{"PATCH", "/line-items/" + line, `{"quantity":1}`, "PAID_LINE_ITEM_QUANTITY_DECREASE_FORBIDDEN"},
			{"DELETE", "/line-items/" + line, ``, "PAID_LINE_ITEM_REMOVAL_FORBIDDEN"},
			{"PATCH", "", `{"tax":{"enabled":true}}`, "ORDER_TAX_NOT_UPDATABLE_AFTER_PAYMENT"},
		} {
			if a := s.want(t, 409, s.call(t, c.method, o+c.path, s.a.test, c.body)); a.code() != c.code {
				t.Errorf("%s %s after the payment: %s", c.method, c.body, a.body)
			}
		}
		body := `{"order_id":"` + id + `","line_items":[{"order_line_item_id":"` + line + `","quantity":1}],"reason":"requested_by_customer"}`
		refund := s.want(t, 201, s.call(t, "POST", "/v1/refunds", s.a.test, body, "Idempotency-Key: back"))
		again := s.want(t, 201, s.call(t, "POST", "/v1/refunds", s.a.test, body, "Idempotency-Key: back"))
		if refund.data()["refund_id"] != again.data()["refund_id"] || amountOf(refund.data()["amount_money"]) != "500" {
			t.Errorf("one key, one refund: %s then %s", refund.body, again.body)
		}
		if a := s.want(t, 400, s.call(t, "POST", "/v1/refunds", s.a.test, `{"order_id":"`+id+`","amount_money":`+usd(501)+`}`)); a.code() != "AMOUNT_EXCEEDS_REFUNDABLE" {
			t.Errorf("more than is left: %s", a.body)
		}
		s.settle(t)
		refundID := refund.data()["refund_id"].(string)
		done := s.want(t, 200, s.call(t, "GET", "/v1/refunds/"+refundID+"?expand=order,payment_intent", s.a.test, ""))
		if done.data()["status"] != "succeeded" || done.data()["order"].(map[string]any)["refund_status"] != "partially_refunded" {
			t.Errorf("settled: %s", done.body)
		}
		s.want(t, 200, s.call(t, "PATCH", "/v1/refunds/"+refundID, s.a.test, `{"metadata":{"a":"1"}}`))
		if list := s.want(t, 200, s.call(t, "GET", "/v1/refunds?order_id="+id+"&status=succeeded", s.a.test, "")); len(list.list()) != 1 {
			t.Errorf("refunds: %s", list.body)
		}
		s.want(t, 404, s.call(t, "GET", "/v1/refunds/"+refundID, s.b.test, ""))
		s.want(t, 200, s.call(t, "GET", o+"/activities?type=payment,refund,payment_failed&sort_direction=asc", s.a.test, ""))
	})
}

func amountOf(v any) string { m, _ := v.(map[string]any); return number(m["amount"]) }
