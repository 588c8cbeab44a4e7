package httpapi_test

import (
	"bytes"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// A credit note over the wire: drafted, issued, set against an open invoice and taken back, and one paid out
// with its issue; the buyer reads it, and an event carries the whole of it.
func TestACreditNoteFromDraftToRefund(t *testing.T) {
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
		draft := call("POST", "/v1/invoices", `{"quick_pay":{"line_items":[{"name":"Work","quantity":2,"unit_price_money":`+usd(2500)+`}]}}`, 201).data()
		path := "/v1/invoices/" + draft["invoice_id"].(string)
		issued := call("POST", path+"/issue", `{"delivery_mode":"caller_managed"}`, 200).data()
		_, token, _ := strings.Cut(issued["public_url"].(string), "#invoice_token=")
		line := issued["invoice"].(map[string]any)["snapshot"].(map[string]any)["line_items"].([]any)[0].(map[string]any)["invoice_line_item_id"].(string)
		create := func() string {
			return call("POST", "/v1/credit-notes", `{"invoice_id":"`+draft["invoice_id"].(string)+`","reason":"returned_goods","memo":"Sorry","credit_note_lines":[{"invoice_line_item_id":"`+
				line+`","correction":{"type":"quantity","quantity":1}}]}`, 201).data()["credit_note_id"].(string)
		}
		first := "/v1/credit-notes/" + create()
		if a := call("GET", first+"/pdf", "", 409); a.fault()["code"] != "CREDIT_NOTE_NOT_ISSUED" {
			t.Errorf("fault %s", a.body)
		}
		mine := "/v1/me" + strings.TrimPrefix(path, "/v1") + "/credit-notes"
		if a := s.call(t, "GET", mine, token, ""); a.status != 200 || len(a.list()) != 0 {
			t.Errorf("the buyer sees a draft: %d %s", a.status, a.body)
		}
		if a := call("PATCH", first, `{"credit_note_lines":[]}`, 400); a.fault()["code"] != "EXPECTED_VERSION_REQUIRED" {
			t.Errorf("fault %s", a.body)
		}
		if got := call("PATCH", first, `{"memo":null,"reason":"billing_error"}`, 200).data(); got["memo"] != nil || got["reason"] != "billing_error" {
			t.Errorf("edited %v", got)
		}
		if a := call("POST", first+"/issue", `{"refund":{"reason":"other"}}`, 400); a.fault()["code"] != "IDEMPOTENCY_KEY_REQUIRED" {
			t.Errorf("fault %s", a.body)
		}
		note := call("POST", first+"/issue", `{"expected_version":2}`, 200).data()
		if note["credit_note_number"] != "CN-1001" || note["status"] != "issued" || note["unallocated_money"].(map[string]any)["amount"] != float64(2500) {
			t.Errorf("issued %v", note)
		}
		set := call("POST", first+"/allocations", `{"amount_money":`+usd(2500)+`}`, 201, "Idempotency-Key: set").data()
		allocation := set["credit_note_allocation"].(map[string]any)["credit_note_allocation_id"].(string)
		if set["invoice"].(map[string]any)["outstanding_money"].(map[string]any)["amount"] != float64(2500) || set["credit_note"].(map[string]any)["unallocated_money"].(map[string]any)["amount"] != float64(0) {
			t.Errorf("allocated %v", set)
		}
		if found := call("GET", first+"/allocations?idempotency_key=set", "", 200).list(); len(found) != 1 {
			t.Errorf("found %v", found)
		}
		back := call("POST", first+"/allocations/"+allocation+"/reverse", `{}`, 200).data()
		if back["credit_note_allocation"].(map[string]any)["reversed_at"] == nil || back["invoice"].(map[string]any)["status"] != "open" {
			t.Errorf("reversed %v", back)
		}
		call("POST", first+"/void", ``, 200)
		if a := s.call(t, "GET", mine, token, ""); a.status != 200 || len(a.list()) != 1 || strings.Contains(string(a.body), "unallocated_money") {
			t.Errorf("the buyer reads %d %s", a.status, a.body)
		}
		if a := s.call(t, "GET", mine+"/"+strings.TrimPrefix(first, "/v1/credit-notes/")+"/pdf", token, ""); a.status != 200 || !bytes.HasPrefix(a.body, []byte("%PDF")) {
			t.Errorf("the buyer downloads %d %s", a.status, a.body)
		}
		// Paid by the buyer; then a note is issued and paid out in one call.
		open := s.call(t, "POST", "/v1/me"+strings.TrimPrefix(path, "/v1")+"/checkout-session", token, `{}`)
		paid := s.call(t, "POST", "/v1/orders/"+draft["order_id"].(string)+"/pay", "", `{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":`+
			usd(5000)+`}`, credentialIn(t, open.data())...)
		if paid.status > 201 {
			t.Fatalf("pay: %d %s", paid.status, paid.body)
		}
		second := "/v1/credit-notes/" + create()
		for range 2 {
			out := call("POST", second+"/issue", `{"refund":{"reason":"requested_by_customer","amount_money":`+usd(1000)+`}}`, 200, "Idempotency-Key: out").data()
			if r := out["refund"].(map[string]any); r["credit_note_id"] != strings.TrimPrefix(second, "/v1/credit-notes/") || r["invoice_id"] != draft["invoice_id"] {
				t.Errorf("refund %v", r)
			}
		}
		call("POST", second+"/refunds", `{"reason":"other"}`, 201, "Idempotency-Key: rest")
		if a := call("POST", second+"/refunds", `{"reason":"other","amount_money":`+usd(1)+`}`, 409, "Idempotency-Key: more"); a.fault()["code"] != "CREDIT_NOTE_REFUND_EXCEEDS_BALANCE" {
			t.Errorf("fault %s", a.body)
		}
		if found := call("GET", second+"/refunds", "", 200).list(); len(found) != 2 {
			t.Errorf("refunds %v", found)
		}
		if all := call("GET", "/v1/credit-notes?status=issued&query=CN-1002", "", 200).list(); len(all) != 1 {
			t.Errorf("listed %v", all)
		}
		if events := call("GET", "/v1/webhook-events?event_type=credit_note.updated", "", 200).list(); len(events) == 0 {
			t.Error("no event tells of the refunds")
		}
	})
}
