package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

func TestMyAddresses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customerID, session := s.signedIn(t, "ann@buyer.test")
		key := text(session, "secret")
		post := func(path, body string) map[string]any {
			t.Helper()
			s.clock.Set(s.clock.Now().Add(time.Second))
			a := s.call(t, "POST", "/v1/me/addresses"+path, key, body)
			if a.status > 201 {
				t.Fatalf("%s %s: %s", path, body, a.body)
			}
			return a.data()
		}
		address := func(city string) string {
			return `{"recipient_name":"Ann","label":"` + city + `","address":{"line1":"1 Main","city":"` + city + `","state":"CA","postal_code":"90001","country":"US"}}`
		}
		effective := func(billing, shipping string) {
			t.Helper()
			me := s.want(t, 200, s.call(t, "GET", "/v1/me", key, "")).data()
			for role, want := range map[string]string{"billing_address": billing, "shipping_address": shipping} {
				got := ""
				if a, ok := me[role].(map[string]any); ok {
					got = text(a, "city")
				}
				if got != want {
					t.Errorf("%s is %q, want %q", role, got, want)
				}
			}
		}
		first := post("", address("Austin"))
		if first["is_default_billing"] != true || first["is_default_shipping"] != true {
			t.Errorf("the first address: %v", first)
		}
		effective("Austin", "Austin")
		second := post("", address("Boston"))
		if second["is_default_billing"] != false {
			t.Errorf("the second address: %v", second)
		}
		post("/"+text(second, "customer_address_id")+"/set-default", `{"default_for":"shipping"}`)
		effective("Austin", "Boston")
		s.want(t, 200, s.call(t, "PATCH", "/v1/me/addresses/"+text(second, "customer_address_id"), key, `{"address":{"line1":"2","city":"Chicago","country":"US"}}`))
		effective("Austin", "Chicago")
		s.want(t, 200, s.call(t, "PATCH", "/v1/customers/"+customerID, s.a.test, `{"billing_address":{"line1":"9","city":"Dallas","country":"US"}}`))
		effective("Dallas", "Chicago")
		if a := s.want(t, 200, s.call(t, "GET", "/v1/customers/"+customerID+"/addresses/"+text(first, "customer_address_id"), s.a.test, "")); a.data()["is_default_billing"] != false {
			t.Errorf("a written address clears the saved default: %s", a.body)
		}
		third := post("", address("Elgin"))
		s.want(t, 200, s.call(t, "DELETE", "/v1/me/addresses/"+text(second, "customer_address_id"), key, ""))
		effective("Dallas", "Elgin")
		s.want(t, 200, s.call(t, "DELETE", "/v1/me/addresses/"+text(third, "customer_address_id"), key, ""))
		s.want(t, 200, s.call(t, "DELETE", "/v1/me/addresses/"+text(first, "customer_address_id"), key, ""))
		effective("Dallas", "")
		_, other := s.signedIn(t, "eve@buyer.test")
		mine := post("", address("Austin"))
		if a := s.call(t, "GET", "/v1/me/addresses/"+text(mine, "customer_address_id"), text(other, "secret"), ""); a.status != 404 {
			t.Errorf("another customer reads it: %s", a.body)
		}
		if l := s.want(t, 200, s.call(t, "GET", "/v1/customers/"+customerID+"/addresses", s.a.test, "")).list(); len(l) != 1 {
			t.Errorf("%d addresses", len(l))
		}
		for body, want := range map[string]string{`{"recipient_name":"A","address":{"line1":"1","city":"x","country":"us"}}`: "INVALID_COUNTRY",
			`{"address":{"line1":"1","city":"x","country":"US"}}`:                                   "FIELD_REQUIRED",
			`{"recipient_name":"A","phone":"12","address":{"line1":"1","city":"x","country":"US"}}`: "INVALID_PHONE_FORMAT"} {
			if a := s.call(t, "POST", "/v1/me/addresses", key, body); a.status != 400 || !strings.Contains(string(a.body), want) {
				t.Errorf("%s: %s", body, a.body)
			}
		}
	})
}

func TestMyOrders(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customerID, session := s.signedIn(t, "ann@buyer.test")
		_, other := s.signedIn(t, "eve@buyer.test")
		key := text(session, "secret")
		orderID := s.order(t, `{"customer_id":"`+customerID+`","internal_note":"private","external_reference_id":"private-1","metadata":{"a":"private"},
			"line_items":[{"name":"Mug","metadata":{"b":"private"},"unit_price_money":`+usd(500)+`}]}`)
		s.order(t, `{"line_items":[{"name":"Somebody's","unit_price_money":`+usd(500)+`}]}`)
		s.want(t, 200, s.call(t, "POST", "/v1/orders/"+orderID+"/pay", s.a.test, `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+usd(500)+`}`))
		s.want(t, 201, s.call(t, "POST", "/v1/refunds", s.a.test, `{"order_id":"`+orderID+`","amount_money":`+usd(100)+`,"metadata":{"c":"private"}}`))
		for path, n := range map[string]int{"orders": 1, "orders?query=Mug": 0, "orders?query=1001": 1, "payments": 1, "refunds": 1,
			"orders/" + orderID + "/activities": 2, "payments?order_id=" + orderID: 1, "refunds?status=failed": 0} {
			a := s.want(t, 200, s.call(t, "GET", "/v1/me/"+path, key, ""))
			if len(a.list()) < n || n == 0 && len(a.list()) != 0 || strings.Contains(string(a.body), "private") || strings.Contains(string(a.body), s.a.testKey.ID) {
				t.Errorf("%s: %s", path, a.body)
			}
			if path == "orders?query=Mug" || strings.HasPrefix(path, "orders/") {
				continue
			}
			if b := s.want(t, 200, s.call(t, "GET", "/v1/me/"+path, text(other, "secret"), "")); len(b.list()) != 0 {
				t.Errorf("another customer's %s: %s", path, b.body)
			}
		}
		a := s.want(t, 200, s.call(t, "GET", "/v1/me/orders/"+orderID, key, ""))
		actions, _ := a.data()["buyer_actions"].([]any)
		if len(actions) != 2 || strings.Contains(string(a.body), "private") {
			t.Fatalf("an own order: %s", a.body)
		}
		if start, receipt := actions[0].(map[string]any), actions[1].(map[string]any); start["kind"] != "start_return" || start["unavailable_reason"] != "store_policy" ||
			receipt["kind"] != "resend_receipt" || receipt["is_available"] != true {
			t.Errorf("what may be done: %v", actions)
		}
		for _, path := range []string{"", "/activities"} {
			if a := s.call(t, "GET", "/v1/me/orders/"+orderID+path, text(other, "secret"), ""); a.status != 404 {
				t.Errorf("another customer's order%s: %s", path, a.body)
			}
		}
		if a := s.call(t, "POST", "/v1/me/orders/"+orderID+"/send-receipt", text(other, "secret"), ""); a.status != 404 {
			t.Errorf("another customer's receipt: %s", a.body)
		}
		for _, c := range [][3]string{{"GET", "/v1/me/orders?customer_id=" + customerID, ""}, {"PATCH", "/v1/me", `{"customer_id":"` + customerID + `","name":"x"}`},
			{"POST", "/v1/me/deletion-requests", `{"customer_id":"x"}`}} {
			if a := s.call(t, c[0], c[1], key, c[2]); a.status != 400 || a.code() != "ME_CUSTOMER_ID_FORBIDDEN" {
				t.Errorf("%s %s: %s", c[0], c[1], a.body)
			}
		}
		if a := s.call(t, "GET", "/v1/me", s.a.test, ""); a.status != 403 {
			t.Errorf("a merchant's key: %s", a.body)
		}
		if a := s.call(t, "GET", "/v1/orders/"+orderID, key, ""); a.status != 403 {
			t.Errorf("a session on a merchant's route: %s", a.body)
		}
		link := s.want(t, 201, s.call(t, "POST", "/v1/orders/"+orderID+"/access-links", s.a.test, `{}`))
		if link.data()["purpose"] != "order_view" || !strings.HasPrefix(text(link.data(), "url"), "https://flint.test/o/flint_oal_") {
			t.Errorf("a link: %s", link.body)
		}
		guest := s.order(t, `{"line_items":[{"name":"Mug","unit_price_money":`+usd(500)+`}]}`)
		if a := s.call(t, "POST", "/v1/orders/"+guest+"/access-links", s.a.test, ""); a.code() != "ACCESS_LINK_CUSTOMER_REQUIRED" {
			t.Errorf("a link to a guest's order: %s", a.body)
		}
		s.merchantHosted = s.a.Sandbox.Scope.EnvironmentID
		if a := s.call(t, "POST", "/v1/orders/"+orderID+"/access-links", s.a.test, ""); a.code() != "ACCESS_LINK_MERCHANT_HOSTED" {
			t.Errorf("a link where the merchant hosts: %s", a.body)
		}
	})
}

func TestGuestPurchasesAreLinked(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customerID, session := s.signedIn(t, "ann@buyer.test")
		otherID, _ := s.signedIn(t, "eve@buyer.test")
		buy := func(email, customer string) string {
			t.Helper()
			id := s.order(t, `{`+customer+`"line_items":[{"name":"Mug","unit_price_money":`+usd(500)+`}]}`)
			s.want(t, 200, s.call(t, "POST", "/v1/orders/"+id+"/pay", s.a.test, `{"action":"pay","payment_source":{"token":"simtok_approve"},"buyer_contact":{"email":"`+email+`"}}`))
			return id
		}
		mine := buy("Guest@buyer.test", "")
		buy("else@buyer.test", "")
		buy("guest@buyer.test", `"customer_id":"`+otherID+`",`)
		body := `{"customer_id":"` + customerID + `","email":"guest@buyer.test","purpose":"link_guest_purchases"}`
		v := s.want(t, 201, s.call(t, "POST", "/v1/customer-verifications", s.a.test, body)).data()
		path := "/v1/customer-verifications/" + text(v, "customer_verification_id") + "/confirm"
		if a := s.call(t, "POST", path, s.b.test, `{"code":"`+s.codeTo(t, "guest@buyer.test")+`"}`); a.status != 404 {
			t.Errorf("another merchant confirms: %s", a.body)
		}
		if a := s.want(t, 200, s.call(t, "POST", path, s.a.test, `{"code":"`+s.codeTo(t, "guest@buyer.test")+`"}`)); a.data()["status"] != "confirmed" {
			t.Errorf("confirmed: %s", a.body)
		}
		redeem := `{"customer_verification_id":"` + text(v, "customer_verification_id") + `"}`
		if a := s.call(t, "POST", "/v1/customers/"+otherID+"/link-guest-purchases", s.a.test, redeem); a.code() != "CUSTOMER_VERIFICATION_CUSTOMER_MISMATCH" {
			t.Errorf("another customer: %s", a.body)
		}
		linked := s.want(t, 200, s.call(t, "POST", "/v1/customers/"+customerID+"/link-guest-purchases", s.a.test, redeem))
		if ids, _ := linked.data()["order_ids"].([]any); len(ids) != 1 || ids[0] != mine || linked.data()["linked_order_count"] != 1.0 {
			t.Fatalf("linked: %s", linked.body)
		}
		if a := s.call(t, "POST", "/v1/customers/"+customerID+"/link-guest-purchases", s.a.test, redeem); a.code() != "CUSTOMER_VERIFICATION_USED" {
			t.Errorf("redeemed twice: %s", a.body)
		}
		for _, list := range []string{"orders", "payments"} {
			if l := s.want(t, 200, s.call(t, "GET", "/v1/me/"+list, text(session, "secret"), "")).list(); len(l) != 1 {
				t.Errorf("%d own %s", len(l), list)
			}
		}
	})
}

func TestEmailChange(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customerID, session := s.signedIn(t, "ann@buyer.test")
		s.signedIn(t, "eve@buyer.test")
		key := text(session, "secret")
		ask := func(to string) answer {
			t.Helper()
			s.clock.Set(s.clock.Now().Add(time.Minute))
			return s.call(t, "POST", "/v1/me/email-change-requests", key, `{"new_email":"`+to+`"}`)
		}
		confirm := func(requestID, fresh, current string) answer {
			t.Helper()
			return s.call(t, "POST", "/v1/me/email-change-requests/"+requestID+"/confirm", key, `{"new_email_code":"`+fresh+`","current_email_code":"`+current+`"}`)
		}
		if a := ask("ann@buyer.TEST"); a.code() != "CUSTOMER_EMAIL_ALREADY_USED" {
			t.Errorf("the own address: %s", a.body)
		}
		old := s.want(t, 201, ask("anna@buyer.test")).data()
		e := s.want(t, 201, ask("anna@buyer.test")).data()
		if e["current_email_confirmation_required"] != true {
			t.Errorf("a change: %v", e)
		}
		fresh, current, id := s.codeTo(t, "anna@buyer.test"), s.codeTo(t, "ann@buyer.test"), text(e, "email_change_request_id")
		if a := confirm(text(old, "email_change_request_id"), fresh, current); a.status != 410 {
			t.Errorf("a request that was replaced: %s", a.body)
		}
		if a := confirm(id, fresh, fresh); fresh != current && (a.code() != "CUSTOMER_VERIFICATION_CODE_INVALID" || a.param() != "current_email_code") {
			t.Errorf("one right code: %s", a.body)
		}
		if a := s.want(t, 200, s.call(t, "GET", "/v1/me", key, "")); a.data()["email"] != "ann@buyer.test" {
			t.Errorf("changed before both are proven: %s", a.body)
		}
		s.want(t, 200, confirm(id, fresh, current))
		if a := s.want(t, 200, s.call(t, "GET", "/v1/customers/"+customerID, s.a.test, "")); a.data()["email"] != "anna@buyer.test" || a.data()["version"] != 2.0 {
			t.Errorf("after the change: %s", a.body)
		}
		if a := confirm(id, fresh, current); a.code() != "CUSTOMER_VERIFICATION_USED" {
			t.Errorf("confirmed twice: %s", a.body)
		}
		taken := s.want(t, 201, ask("eve@buyer.test")).data()
		if a := confirm(text(taken, "email_change_request_id"), s.codeTo(t, "eve@buyer.test"), s.codeTo(t, "anna@buyer.test")); a.code() != "CUSTOMER_EMAIL_ALREADY_USED" {
			t.Errorf("somebody's address: %s", a.body)
		}
		p := s.want(t, 200, s.call(t, "PATCH", "/v1/me/email-preferences", key, `{"checkout_reminders":false}`)).data()
		if p["checkout_reminders"] != false || p["shipping_updates"] != true {
			t.Errorf("preferences: %v", p)
		}
		if q := s.want(t, 200, s.call(t, "GET", "/v1/me/email-preferences", key, "")).data(); q["checkout_reminders"] != false {
			t.Errorf("preferences later: %v", q)
		}
	})
}

func TestDeletionRequests(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customerID, session := s.signedIn(t, "ann@buyer.test")
		key := text(session, "secret")
		orderID := s.order(t, `{"customer_id":"`+customerID+`","line_items":[{"name":"Mug","unit_price_money":`+usd(500)+`}]}`)
		s.want(t, 201, s.call(t, "POST", "/v1/me/addresses", key, anAddress))
		first := s.want(t, 201, s.call(t, "POST", "/v1/me/deletion-requests", key, "")).data()
		again := s.want(t, 201, s.call(t, "POST", "/v1/customers/"+customerID+"/deletion-requests", s.a.test, "")).data()
		if first["status"] != "pending_review" || again["customer_deletion_request_id"] != first["customer_deletion_request_id"] {
			t.Errorf("asked twice: %v and %v", first, again)
		}
		resolve := func(id, how string) answer {
			t.Helper()
			return s.call(t, "POST", "/v1/customer-deletion-requests/"+id+"/resolve", s.a.test, `{"resolution":"`+how+`"}`)
		}
		id := text(first, "customer_deletion_request_id")
		if a := s.want(t, 200, resolve(id, "reject")); a.data()["status"] != "rejected" || text(a.data(), "resolved_at") == "" {
			t.Errorf("rejected: %s", a.body)
		}
		if a := resolve(id, "approve"); a.code() != "CUSTOMER_DELETION_BLOCKED" {
			t.Errorf("approved after that: %s", a.body)
		}
		s.clock.Set(s.clock.Now().Add(time.Second))
		second := text(s.want(t, 201, s.call(t, "POST", "/v1/me/deletion-requests", key, "")).data(), "customer_deletion_request_id")
		for range 2 {
			if a := s.want(t, 200, resolve(second, "approve")); a.data()["status"] != "completed" {
				t.Errorf("approved: %s", a.body)
			}
		}
		if a := s.call(t, "GET", "/v1/me", key, ""); a.status != 401 {
			t.Errorf("the session lives on: %s", a.body)
		}
		gone := s.want(t, 200, s.call(t, "GET", "/v1/customers/"+customerID, s.a.test, ""))
		for _, trace := range []string{"ann@", `"Ann"`, "secret note", "secret tier", "crm", "Main"} {
			if strings.Contains(string(gone.body), trace) {
				t.Errorf("%s is still there: %s", trace, gone.body)
			}
		}
		s.want(t, 200, s.call(t, "GET", "/v1/orders/"+orderID, s.a.test, ""))
		if l := s.want(t, 200, s.call(t, "GET", "/v1/customer-deletion-requests?status=completed", s.a.test, "")).list(); len(l) != 1 {
			t.Errorf("%d completed requests", len(l))
		}
		if a := s.call(t, "POST", "/v1/customer-sessions", s.a.test, `{"customer_id":"`+customerID+`"}`); a.status != 404 {
			t.Errorf("a session for somebody who was forgotten: %s", a.body)
		}
		s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"ann@buyer.test"}`))
		var kinds []string
		if err := s.db.Read(t.Context(), func(tx db.Tx) error {
			return tx.Query(func(r db.Row) error {
				var kind string
				err := r.Scan(&kind)
				kinds = append(kinds, kind)
				return err
			}, `SELECT type FROM events WHERE root_id = $1 AND type LIKE 'customer.deletion%' ORDER BY sequence`, customerID)
		}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(kinds, " "); got != "customer.deletion_requested customer.deletion_rejected customer.deletion_requested customer.deletion_completed" {
			t.Errorf("events %s", got)
		}
	})
}
