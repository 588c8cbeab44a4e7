package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// launched opens a session over the API and returns its id, the page's token and the credential's headers.
func (s *shop) launched(t *testing.T, body string) (id, token string, buyer []string) {
	t.Helper()
	data := s.want(t, 201, s.call(t, "POST", "/v1/checkout-sessions", s.a.test, body)).data()
	session := data["checkout_session"].(map[string]any)
	id = session["checkout_session_id"].(string)
	if url, ok := session["url"].(string); ok {
		_, token, _ = strings.Cut(url, "#checkout_token=")
	}
	return id, token, credentialIn(t, data)
}

// A launch token reads its session and does nothing else; the page's address is told again to who may write
// sessions, and to nobody else.
func TestLaunchTokensAreNarrow(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.Open(t, db.SQLite))
	order := s.order(t, oneLine)
	id, token, buyer := s.launched(t, `{"order_id":"`+order+`"}`)
	launch := []string{"X-Checkout-Session-ID: " + id, "X-Checkout-Session-Secret: " + token}
	at := "/v1/checkout-sessions/" + id
	if a := s.want(t, 200, s.call(t, "GET", at, "", "", launch...)); a.data()["checkout_session_id"] != id || a.data()["url"] != nil {
		t.Errorf("the launch token reads %s", a.body)
	}
	for _, c := range [][3]string{
		{"PATCH", at, `{"timezone":"Europe/Berlin"}`}, {"GET", "/v1/orders/" + order, ""},
		{"POST", "/v1/orders/" + order + "/pay", `{"action":"pay","payment_source":{"token":"simtok_approve"}}`},
		{"POST", at + "/customer-verifications", `{"purpose":"save_payment_method","email":"x@buyer.test"}`},
	} {
		if a := s.want(t, 403, s.call(t, c[0], c[1], "", c[2], launch...)); a.code() != "CHECKOUT_LAUNCH_TOKEN_RESTRICTED" {
			t.Errorf("%s %s with a launch token: %s", c[0], c[1], a.body)
		}
	}
	read, _ := s.keyOf(t, s.a.Sandbox.Scope, "reads", []string{"checkouts.checkout_sessions.read"}, time.Time{})
	for key, shown := range map[string]bool{s.a.test: true, read: false} {
		one := s.want(t, 200, s.call(t, "GET", at, key, "")).data()
		listed := s.want(t, 200, s.call(t, "GET", "/v1/checkout-sessions", key, "")).list()[0].(map[string]any)
		for _, v := range []map[string]any{one, listed} {
			if url, _ := v["url"].(string); strings.HasSuffix(url, "#checkout_token="+token) != shown {
				t.Errorf("a key that may write (%v) is shown %q", shown, url)
			}
		}
	}
	if a := s.want(t, 200, s.call(t, "GET", at, "", "", buyer...)); a.data()["url"] != nil {
		t.Errorf("a buyer is shown the page's address: %s", a.body)
	}
	embedded, token, _ := s.launched(t, `{"quick_pay_item":{"name":"Tea","amount_money":`+usd(300)+`},"surface":"embedded","page_origin":"https://shop.test"}`)
	if a := s.want(t, 200, s.call(t, "GET", "/v1/checkout-sessions/"+embedded, s.a.test, "")); token != "" || a.data()["url"] != nil {
		t.Errorf("an embedded session has an address: %s", a.body)
	}
}

// The merchant and the buyer see different things of a session.
func TestViewsOfASession(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.Open(t, db.SQLite))
	id, _, buyer := s.launched(t, `{"quick_pay_item":{"name":"Tea","amount_money":`+usd(300)+`},"metadata":{"k":"v"},"external_reference_id":"ref-1"}`)
	at := "/v1/checkout-sessions/" + id
	merchant, theirs := s.want(t, 200, s.call(t, "GET", at, s.a.test, "")).data(), s.want(t, 200, s.call(t, "GET", at, "", "", buyer...)).data()
	for _, name := range []string{"metadata", "external_reference_id"} {
		if merchant[name] == nil || theirs[name] != nil {
			t.Errorf("%s: the merchant sees %v, the buyer %v", name, merchant[name], theirs[name])
		}
	}
	for _, name := range []string{"save_payment_method_offered", "save_payment_method_phone_offered", "save_payment_method_requires_verification"} {
		if merchant[name] != nil || theirs[name] != false {
			t.Errorf("%s: the merchant sees %v, the buyer %v", name, merchant[name], theirs[name])
		}
	}
	for _, body := range []string{`{"metadata":{"k":"x"}}`, `{"external_reference_id":"x"}`} {
		if a := s.want(t, 400, s.call(t, "PATCH", at, "", body, buyer...)); a.code() != "CHECKOUT_SESSION_UPDATE_FIELD_NOT_ALLOWED" {
			t.Errorf("a buyer changes %s: %s", body, a.body)
		}
	}
	for _, body := range []string{`{"timezone":"Europe/Berlin"}`, `{"buyer_contact":{"email":"x@buyer.test"}}`} {
		if a := s.want(t, 400, s.call(t, "PATCH", at, s.a.test, body)); a.code() != "CHECKOUT_SESSION_UPDATE_FIELD_NOT_ALLOWED" {
			t.Errorf("a merchant changes %s: %s", body, a.body)
		}
	}
	if a := s.want(t, 200, s.call(t, "PATCH", at, "", `{"buyer_contact":{"email":"x@buyer.test","phone":null}}`, buyer...)); a.data()["buyer_contact"].(map[string]any)["is_phone_cleared"] != true {
		t.Errorf("the contact is %s", a.body)
	}
	s.want(t, 200, s.call(t, "POST", at+"/close", s.a.test, `{"reason_message":"sold out"}`))
	if a := s.want(t, 200, s.call(t, "PATCH", at, s.a.test, `{"metadata":null,"external_reference_id":"ref-2"}`)); a.data()["external_reference_id"] != "ref-2" || a.data()["closed_reason"] != "sold out" {
		t.Errorf("after its end: %s", a.body)
	}
	if a := s.want(t, 409, s.call(t, "PATCH", at, "", `{"timezone":"Europe/Berlin"}`, buyer...)); a.code() != "CHECKOUT_SESSION_NOT_OPEN" {
		t.Errorf("a buyer after the end: %s", a.body)
	}
}

// The credential of a session that ended over a payment sees that payment through and does nothing else.
func TestRecoveryOpensOneAttempt(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	s := newShop(t, d)
	order := s.order(t, oneLine)
	o := "/v1/orders/" + order
	id, _, buyer := s.launched(t, `{"order_id":"`+order+`","tip":{"enabled":true}}`)
	declined := s.want(t, 200, s.call(t, "POST", o+"/pay", "", `{"action":"pay","payment_source":{"token":"simtok_decline_card_declined"}}`, buyer...)).data()["payment_attempt"].(map[string]any)
	leg := declined["payment_intents"].([]any)[0].(map[string]any)["payment_intent_id"].(string)
	waits := s.want(t, 200, s.call(t, "POST", o+"/pay", "", `{"action":"confirm_payment_intents","payment_intents":[{"payment_intent_id":"`+leg+`","token":"simtok_3ds"}]}`, buyer...))
	open := waits.data()["payment_attempt"].(map[string]any)["order_payment_attempt_id"].(string)
	s.clock.Set(s.clock.Now().Add(25 * 3600e9))
	if _, err := s.services.Checkouts.Expire(t.Context(), d, 10); err != nil {
		t.Fatal(err)
	}
	got := s.want(t, 200, s.call(t, "GET", "/v1/checkout-sessions/"+id, "", "", buyer...)).data()
	if got["recovery_mode"] != true || got["recovery_payment_attempt_id"] != open || got["recovery_expires_at"] == nil || got["active_payment_attempt"] == nil {
		t.Errorf("the session says %v", got)
	}
	s.want(t, 200, s.call(t, "GET", o, "", "", buyer...))
	s.want(t, 200, s.call(t, "GET", o+"/payment-attempts/"+open, "", "", buyer...))
	for _, c := range [][4]string{
		{"PATCH", o, `{"requested_tip":{"percent":15}}`, "CHECKOUT_RECOVERY_RESTRICTED"},
		{"PATCH", "/v1/checkout-sessions/" + id, `{"timezone":"Europe/Berlin"}`, "CHECKOUT_RECOVERY_RESTRICTED"},
		{"POST", o + "/discounts", `{"promotion":{"code":"X"}}`, "CHECKOUT_RECOVERY_RESTRICTED"},
		{"POST", o + "/send-receipt", ``, "CHECKOUT_RECOVERY_RESTRICTED"},
		{"POST", "/v1/checkout-sessions/" + id + "/customer-verifications", `{"purpose":"save_payment_method","email":"x@buyer.test"}`, "CHECKOUT_RECOVERY_RESTRICTED"},
		{"GET", o + "/payment-attempts/" + declined["order_payment_attempt_id"].(string), "", "CHECKOUT_RECOVERY_ATTEMPT_MISMATCH"},
		{"POST", o + "/payment-attempts/" + declined["order_payment_attempt_id"].(string) + "/cancel", "", "CHECKOUT_RECOVERY_ATTEMPT_MISMATCH"},
	} {
		if a := s.want(t, 409, s.call(t, c[0], c[1], "", c[2], buyer...)); a.code() != c[3] {
			t.Errorf("%s %s in recovery: %s", c[0], c[1], a.body)
		}
	}
	s.want(t, 200, s.call(t, "POST", o+"/payment-attempts/"+open+"/cancel", "", "", buyer...))
}

// A code makes the checkout act for the address's customer, through a new credential alone.
func TestVerificationOverTheAPI(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.Open(t, db.SQLite))
	s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"Ada@buyer.test","billing_address":{"line1":"1 Way","city":"Hull","state":"ER","postal_code":"HU1","country":"GB"}}`))
	order := s.order(t, oneLine)
	id, _, buyer := s.launched(t, `{"order_id":"`+order+`"}`)
	at := "/v1/checkout-sessions/" + id
	sent := s.want(t, 201, s.call(t, "POST", at+"/customer-verifications", "", `{"purpose":"use_saved_payment_methods","channel":"email","email":"ada@buyer.test"}`, buyer...)).data()
	confirm := at + "/customer-verifications/" + sent["customer_verification_id"].(string) + "/confirm"
	key := "Idempotency-Key: " + strings.Repeat("k", 20)
	for range 2 { // a wrong try is an answer like any other, and counts once
		if a := s.want(t, 400, s.call(t, "POST", confirm, "", `{"code":"000000"}`, append(buyer, key)...)); a.code() != "CUSTOMER_VERIFICATION_CODE_INVALID" {
			t.Errorf("a wrong code: %s", a.body)
		}
	}
	s.want(t, 503, s.call(t, "POST", confirm, "", `{"code":"999999"}`, buyer...))
	done := s.want(t, 200, s.call(t, "POST", confirm, "", `{"code":"424242"}`, buyer...)).data()
	proven := credentialIn(t, done)
	if proven[1] == buyer[1] || done["checkout_session"].(map[string]any)["customer_prefill"].(map[string]any)["email"] != "Ada@buyer.test" {
		t.Errorf("confirmed: %v", done)
	}
	for n, headers := range [][]string{buyer, proven} {
		prefill := s.want(t, 200, s.call(t, "GET", at, "", "", headers...)).data()["customer_prefill"]
		if (prefill != nil) != (n == 1) {
			t.Errorf("credential %d is shown %v", n, prefill)
		}
	}
	if a := s.want(t, 409, s.call(t, "POST", confirm, "", `{"code":"424242"}`, proven...)); a.code() != "CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED" {
		t.Errorf("once more: %s", a.body)
	}
	s.want(t, 200, s.call(t, "POST", "/v1/orders/"+order+"/pay", "", `{"action":"pay","payment_source":{"token":"simtok_approve"}}`, proven...))
	if got := s.want(t, 200, s.call(t, "GET", "/v1/orders/"+order, s.a.test, "")).data(); got["customer_id"] == nil || got["payment_status"] != "paid" {
		t.Errorf("the paid order: %v", got["customer_id"])
	}
}

// What a session leaves open is decided by the merchant's settings; what it says wins.
func TestSessionsTakeTheirDefaultsFromTheSettings(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.Open(t, db.SQLite))
	quick := `{"quick_pay_item":{"name":"Tea","amount_money":` + usd(300) + `}`
	read := func(more string) map[string]any {
		id, _, _ := s.launched(t, quick+more+`}`)
		return s.want(t, 200, s.call(t, "GET", "/v1/checkout-sessions/"+id, s.a.test, "")).data()
	}
	got := read(`,"tip":{"enabled":true}`)
	if tip := got["tip"].(map[string]any); len(tip["tip_percent_options"].([]any)) != 3 || tip["is_custom_tip_enabled"] != true {
		t.Errorf("the tip is %v", tip)
	}
	if got["expiration"].(map[string]any)["expires_in_seconds"] != float64(checkout.DefaultExpiresIn) {
		t.Errorf("expiration %v", got["expiration"])
	}
	smart := `,"tip":{"enabled":true,"is_custom_tip_enabled":false,"is_smart_tips_enabled":true,"smart_tip_money_options":[` + usd(100) + `,` + usd(200) + `,` + usd(300) + `],"default_smart_tip_money":` + usd(200) + `}`
	id, _, buyer := s.launched(t, quick+smart+`}`)
	session := s.want(t, 200, s.call(t, "GET", "/v1/checkout-sessions/"+id, s.a.test, "")).data()
	o := "/v1/orders/" + session["order_id"].(string)
	if a := s.want(t, 400, s.call(t, "PATCH", o, "", `{"requested_tip":{"amount_money":`+usd(150)+`}}`, buyer...)); a.code() != "CHECKOUT_TIP_NOT_ALLOWED" {
		t.Errorf("another amount: %s", a.body)
	}
	s.want(t, 200, s.call(t, "PATCH", o, "", `{"requested_tip":{"amount_money":`+usd(200)+`}}`, buyer...))
	for more, code := range map[string]string{
		`,"tip":{"enabled":true,"is_smart_tips_enabled":true,"smart_tip_money_options":[` + usd(100) + `]}`: "INVALID_SMART_TIP_AMOUNTS_COUNT",
		`,"payments":{"enabled_payment_options":[]}`:                                                        "INVALID_PAYMENT_OPTIONS",
		`,"payments":{"enabled_payment_options":["card","card"]}`:                                           "INVALID_PAYMENT_OPTIONS",
		`,"payments":{"enabled_payment_options":["affirm"]}`:                                                "PAYMENT_OPTION_UNAVAILABLE",
		`,"legal":{"require_terms_of_service":true}`:                                                        "FIELD_REQUIRED",
		`,"surface":"embedded","page_origin":"https://shop.test/cart"`:                                      "INVALID_URL",
		`,"customer_collection":{"prefilled_customer_info":{"email":"nobody"}}`:                             "INVALID_EMAIL_FORMAT",
		`,"subscription_plan_id":"plan_1"`:                                                                  "RESERVED_FIELD_NOT_YET_SUPPORTED",
	} {
		if a := s.want(t, 400, s.call(t, "POST", "/v1/checkout-sessions", s.a.test, quick+more+`}`)); a.code() != code {
			t.Errorf("%s: %s, want %s", more, a.body, code)
		}
	}
}
