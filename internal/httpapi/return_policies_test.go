package httpapi_test

import (
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

const policyRules = `{"scope":{},"priority":1,"eligibility_result":"eligible","approval_mode":"manual","is_merchandise_return_required":true,
	"receiving_location_id":"loc_main","receiving_destination":{"name":"Returns desk","address":{"line1":"1 Dock Road","city":"Town","country":"US"}},
	"allowed_resolution_types":["refund","exchange"],"resolution_mode":"manual","refund_timing":"after_receipt","completion_mode":"automatic",
	"return_window":{"starts_at_event":"fulfilled","duration_seconds":2592000},"restocking_fee":{"calculation_type":"percent","percent":12.5}}`

// Rules about returns over the wire: made, turned on, changed on top of what was read, and archived; a buyer
// sees what they say before asking.
func TestReturnPoliciesAndPreviews(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key := s.a.test
		call := func(status int, method, path, body string) answer {
			t.Helper()
			return s.want(t, status, s.call(t, method, path, key, body))
		}
		made := call(201, "POST", "/v1/return-policies", `{"name":"Thirty days","revision":`+policyRules+`}`).data()
		path := "/v1/return-policies/" + text(made, "return_policy_id")
		if text(made, "status") != "inactive" || made["current_revision"].(map[string]any)["restocking_fee"].(map[string]any)["percent"] != 12.5 {
			t.Errorf("made %v", made)
		}
		call(200, "PATCH", path, `{"status":"active","expected_version":1}`)
		if a := call(409, "PATCH", path, `{"name":"x","expected_version":1}`); a.code() != "RETURN_VERSION_CONFLICT" || a.fault()["current_version"] != 2.0 {
			t.Errorf("stale: %s", a.body)
		}
		if a := call(409, "POST", path+"/revisions", `{"expected_current_return_policy_revision_id":"rprev_01J00000000000000000000000","revision":`+policyRules+`}`); a.code() != "RETURN_POLICY_CONFLICT" {
			t.Errorf("on top of another: %s", a.body)
		}
		first := text(made, "current_return_policy_revision_id")
		call(201, "POST", path+"/revisions", `{"expected_current_return_policy_revision_id":"`+first+`","revision":`+policyRules+`}`)
		if n := len(call(200, "GET", path+"/revisions", "").list()); n != 2 {
			t.Errorf("%d revisions", n)
		}
		if a := call(200, "GET", path+"/revisions/"+first, ""); text(a.data(), "return_policy_id") != text(made, "return_policy_id") {
			t.Errorf("the first: %s", a.body)
		}
		if a := call(400, "POST", "/v1/return-policies", `{"name":"x","revision":`+strings.Replace(policyRules, `"after_receipt"`, `"after_inspection"`, 1)+`}`); a.fault()["param"] != "revision.refund_timing" {
			t.Errorf("fault %s", a.body)
		}
		reason := text(call(201, "POST", "/v1/return-reasons", `{"handle":"too_loud","name":"Too loud","is_note_required":true}`).data(), "return_reason_id")
		call(200, "PATCH", "/v1/return-reasons/"+reason, `{"description":"It hums."}`)
		if n := len(call(200, "GET", "/v1/return-reasons?source=merchant", "").list()); n != 1 {
			t.Errorf("%d reasons", n)
		}
		customerID, session := s.signedIn(t, "ann@buyer.test")
		me := text(session, "secret")
		o := call(201, "POST", "/v1/orders", `{"customer_id":"`+customerID+`","line_items":[{"name":"Radio","quantity":2,"unit_price_money":`+usd(1000)+`}]}`).data()
		ask := `{"mode":"eligibility","eligibility":{"order_id":"` + text(o, "order_id") + `","selection":{"selection_type":"all_remaining_fulfilled"}}}`
		if a := call(200, "POST", "/v1/return-previews", ask); text(a.data()["eligibility"].(map[string]any), "status") != "ineligible" {
			t.Errorf("nothing was handed over: %s", a.body)
		}
		_, other := s.signedIn(t, "bob@buyer.test")
		s.want(t, 404, s.call(t, "POST", "/v1/me/return-previews", text(other, "secret"), ask))
		s.want(t, 200, s.call(t, "POST", "/v1/me/return-previews", me, ask))
		if a := call(400, "POST", "/v1/return-previews", `{"mode":"eligibility"}`); a.fault()["param"] != "eligibility" {
			t.Errorf("no part: %s", a.body)
		}
		call(200, "DELETE", path, "")
		call(200, "DELETE", "/v1/return-reasons/"+reason, "")
		if a := call(409, "PATCH", path, `{"status":"active"}`); a.code() != "RETURN_POLICY_ARCHIVED" {
			t.Errorf("archived: %s", a.body)
		}
	})
}
