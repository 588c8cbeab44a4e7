package httpapi_test

import (
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// An invoice over the wire: drafted of a quick pay, issued, opened by its buyer, paid in its checkout.
func TestAnInvoiceFromDraftToPaid(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key := s.a.test
		call := func(method, path, body string, status int, headers ...string) answer {
			t.Helper()
			a := s.call(t, method, path, key, body, headers...)
			if a.status != status {
				t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
			}
			return a
		}
		draft := call("POST", "/v1/invoices", `{"quick_pay":{"line_items":[{"name":"Work","unit_price_money":`+usd(5000)+`}]},"memo":"Thanks"}`, 201).data()
		path := "/v1/invoices/" + draft["invoice_id"].(string)
		if draft["status"] != "draft" || draft["outstanding_money"].(map[string]any)["amount"] != float64(5000) {
			t.Errorf("draft %v", draft)
		}
		if a := call("POST", path+"/issue", `{}`, 409); a.fault()["code"] != "RECIPIENT_EMAIL_REQUIRED" {
			t.Errorf("fault %s", a.body)
		}
		issued := call("POST", path+"/issue", `{"delivery_mode":"caller_managed","expected_version":1}`, 200).data()
		url := issued["public_url"].(string)
		_, token, _ := strings.Cut(url, "#invoice_token=")
		v := issued["invoice"].(map[string]any)
		if v["invoice_number"] != "1001" || v["status"] != "open" || v["snapshot"] == nil || v["delivery_mode"] != "caller_managed" {
			t.Errorf("issued %v", v)
		}
		mine := s.call(t, "GET", "/v1/me"+strings.TrimPrefix(path, "/v1"), token, "")
		if mine.status != 200 || strings.Contains(string(mine.body), "public_url") || mine.data()["buyer_actions"] == nil {
			t.Errorf("the buyer reads %d %s", mine.status, mine.body)
		}
		if a := s.call(t, "GET", "/v1/me"+strings.TrimPrefix(path, "/v1"), token+"x", ""); a.status != 401 || a.fault()["code"] != "BUYER_INVOICE_CREDENTIAL_INVALID" {
			t.Errorf("a wrong token reads %d %s", a.status, a.body)
		}
		open := s.call(t, "POST", "/v1/me"+strings.TrimPrefix(path, "/v1")+"/checkout-session", token, `{}`)
		again := call("POST", path+"/checkout-session", `{}`, 200).data()
		if open.status != 201 || again["reused_existing"] != true {
			t.Fatalf("opened %d %s", open.status, open.body)
		}
		if a := call("POST", path+"/collect", `{}`, 409, "Idempotency-Key: one"); a.fault()["code"] != "INVOICE_AUTOPAY_PAYMENT_METHOD_REQUIRED" {
			t.Errorf("fault %s", a.body)
		}
		buyer := credentialIn(t, open.data())
		paid := s.call(t, "POST", "/v1/orders/"+draft["order_id"].(string)+"/pay", "", `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+
			usd(5000)+`}`, buyer...)
		if paid.status > 201 {
			t.Fatalf("pay: %d %s", paid.status, paid.body)
		}
		if v := call("GET", path, "", 200).data(); v["status"] != "paid" || v["paid_money"].(map[string]any)["amount"] != float64(5000) {
			t.Errorf("paid %v", v)
		}
		attempts := call("GET", path+"/payment-attempts", "", 200).list()
		if len(attempts) != 1 || attempts[0].(map[string]any)["status"] != "settled" {
			t.Errorf("attempts %v", attempts)
		}
		if rows := call("GET", path+"/activities?sort_direction=asc", "", 200).list(); len(rows) < 4 || rows[0].(map[string]any)["activity_type"] != "draft_created" {
			t.Errorf("activities %v", rows)
		}
		if list := call("GET", "/v1/invoices?status=paid&has_amount_due=false&is_overdue=false&sort_by=invoice_number&query=work", "", 200).list(); len(list) != 0 {
			t.Errorf("the query finds %v", list)
		}
		if list := call("GET", "/v1/invoices?status=paid&has_amount_due=false&is_overdue=false&sort_by=due_at&query=thanks", "", 200).list(); len(list) != 1 {
			t.Errorf("the list has %d", len(list))
		}
	})
}
