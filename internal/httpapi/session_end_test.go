package httpapi_test

import (
	"testing"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// A session that has ended takes no money, though its credential still reads; an attempt of another
// session is not its buyer's to resume.
func TestAnEndedSessionStartsNoPayment(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	s := newShop(t, d)
	order := s.order(t, oneLine)
	o, pay := "/v1/orders/"+order, `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(500)+`}`
	first := s.session(t, order, checkout.Detail{})
	declined := s.want(t, 200, s.call(t, "POST", o+"/pay", "", `{"action":"pay","payment_source":{"token":"simtok_decline_card_declined"},"expected_outstanding_money":`+usd(500)+`}`, first...))
	attempt := declined.data()["payment_attempt"].(map[string]any)["order_payment_attempt_id"].(string)
	id := s.want(t, 200, s.call(t, "GET", "/v1/checkout-sessions?order_id="+order, s.a.test, "")).list()[0].(map[string]any)["checkout_session_id"].(string)
	s.want(t, 200, s.call(t, "POST", "/v1/checkout-sessions/"+id+"/close", s.a.test, ""))
	s.want(t, 200, s.call(t, "GET", o, "", "", first...))
	for path, body := range map[string]string{"/pay": pay, "/payment-intents": `{"amount_money":` + usd(100) + `}`} {
		if a := s.want(t, 409, s.call(t, "POST", o+path, "", body, first...)); a.code() != "CHECKOUT_SESSION_NOT_OPEN" {
			t.Errorf("%s of a closed session: %s", path, a.body)
		}
	}
	second := s.session(t, order, checkout.Detail{})
	s.want(t, 404, s.call(t, "POST", o+"/pay", "", `{"action":"resume","order_payment_attempt_id":"`+attempt+`"}`, second...))

	// A session that ended while a payment waited for its buyer lets that one be seen through.
	waits := s.want(t, 200, s.call(t, "POST", o+"/pay", "", `{"action":"confirm_payment_intents","payment_intents":[{"payment_intent_id":"`+
		declined.data()["payment_attempt"].(map[string]any)["payment_intents"].([]any)[0].(map[string]any)["payment_intent_id"].(string)+`","token":"simtok_processing_succeeds"}],"expected_outstanding_money":`+usd(500)+`}`, second...))
	open := waits.data()["payment_attempt"].(map[string]any)["order_payment_attempt_id"].(string)
	s.clock.Set(s.clock.Now().Add(25 * 3600e9))
	if _, err := s.services.Checkouts.Expire(t.Context(), d, 10); err != nil {
		t.Fatal(err)
	}
	if a := s.want(t, 409, s.call(t, "POST", o+"/pay", "", pay, second...)); a.code() != "CHECKOUT_RECOVERY_RESTRICTED" {
		t.Errorf("another payment in recovery: %s", a.body)
	}
	if a := s.want(t, 409, s.call(t, "POST", o+"/pay", "", `{"action":"resume","order_payment_attempt_id":"`+attempt+`"}`, second...)); a.code() != "CHECKOUT_RECOVERY_ATTEMPT_MISMATCH" {
		t.Errorf("another attempt in recovery: %s", a.body)
	}
	if a := s.call(t, "POST", o+"/pay", "", `{"action":"resume","order_payment_attempt_id":"`+open+`"}`, second...); a.code() == "CHECKOUT_RECOVERY_RESTRICTED" || a.status == 404 {
		t.Errorf("the attempt in recovery: %s", a.body)
	}
}
