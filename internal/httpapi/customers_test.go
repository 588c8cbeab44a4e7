package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

func TestCustomers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		made := s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"Ann@Buyer.test","name":"Ann","phone":"+15550100200",
			"billing_address":{"line1":"1 Main","city":"Town","state":"CA","postal_code":"90001","country":"US"},"tax_exempt":true,
			"tax_identity":{"legal_name":"Ann Ltd","registered_address":null,"tax_ids":[{"type":"eu_vat","value":"DE123","n":1.50}]},
			"is_verified":true,"group_id":"gold","internal_note":"n","external_reference_id":"crm-1","metadata":{"a":"1"}}`))
		goldenAnswer(t, "customer_created", made)
		id := made.data()["customer_id"].(string)
		s.want(t, 200, s.call(t, "GET", "/v1/customers/"+id+"?expand=receivables,default_payment_method", s.a.test, ""))
		s.want(t, 404, s.call(t, "GET", "/v1/customers/"+id, s.b.test, ""))
		a := s.want(t, 200, s.call(t, "PATCH", "/v1/customers/"+id, s.a.test, `{"name":"Anna","metadata":{"a":null,"b":"2"}}`))
		if a.data()["version"] != 2.0 || a.data()["name"] != "Anna" || a.data()["phone"] != "+15550100200" {
			t.Errorf("after a change: %s", a.body)
		}
		a = s.want(t, 200, s.call(t, "PATCH", "/v1/customers/"+id, s.a.test, `{"tax_identity":null,"expected_version":2}`))
		if a.data()["tax_identity"] != nil {
			t.Errorf("null takes the identity away: %s", a.body)
		}
		for _, c := range []struct {
			method, path, body string
			status             int
			code, param        string
		}{
			{"POST", "/v1/customers", `{}`, 400, "CUSTOMER_EMAIL_REQUIRED", "email"},
			{"POST", "/v1/customers", `{"email":"ann"}`, 400, "INVALID_EMAIL_FORMAT", "email"},
			{"POST", "/v1/customers", `{"email":"ANN@buyer.test"}`, 409, "CUSTOMER_EMAIL_ALREADY_USED", "email"},
			{"POST", "/v1/customers", `{"email":"b@buyer.test","phone":"0800"}`, 400, "INVALID_PHONE_FORMAT", "phone"},
			{"POST", "/v1/customers", `{"email":"b@buyer.test","billing_address":{"line1":"x","city":"y","country":"us"}}`, 400, "INVALID_COUNTRY", "billing_address.country"},
			{"POST", "/v1/customers", `{"email":"b@buyer.test","default_invoice_payment_term_id":"ipt_1"}`, 400, "RESERVED_FIELD_NOT_YET_SUPPORTED", "default_invoice_payment_term_id"},
			{"POST", "/v1/customers", `{"email":"b@buyer.test","tax_identity":{"tax_ids":[` + strings.Repeat("1,", 20) + `1]}}`, 400, "INVALID_TAX_IDENTITY", "tax_identity.tax_ids"},
			{"PATCH", "/v1/customers/" + id, `{}`, 400, "NO_FIELDS_TO_UPDATE", ""},
			{"PATCH", "/v1/customers/" + id, `{"email":"x@buyer.test"}`, 400, "UNKNOWN_FIELD", "email"},
			{"PATCH", "/v1/customers/" + id, `{"name":null}`, 400, "NULL_NOT_ALLOWED", "name"},
			{"PATCH", "/v1/customers/" + id, `{"tax_identity":{"tax_ids":[]}}`, 400, "EXPECTED_VERSION_REQUIRED", "expected_version"},
			{"PATCH", "/v1/customers/" + id, `{"name":"x","expected_version":1}`, 409, "VERSION_CONFLICT", ""},
			{"PATCH", "/v1/customers/" + id, `{"name":"x","expected_version":0}`, 400, "INVALID_EXPECTED_VERSION", "expected_version"},
		} {
			if a := s.call(t, c.method, c.path, s.a.test, c.body); a.status != c.status || !hasFault(a, c.code, c.param) {
				t.Errorf("%s %s: %d %s, want %s at %q", c.method, c.body, a.status, a.body, c.code, c.param)
			}
		}
		for _, name := range []string{"bob", "Cid"} {
			s.clock.Set(s.clock.Now().Add(time.Second))
			s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"`+name+`@buyer.test","name":"`+name+`"}`))
		}
		for query, want := range map[string]string{
			"":                                "Cid bob Anna",
			"sort_by=name&sort_direction=asc": "Anna bob Cid",
			"query=buyer.test&sort_by=email":  "Cid bob Anna",
			"email=ANN@buyer.test":            "Anna",
			"external_reference_id=crm-1":     "Anna",
			"query=an":                        "Anna",
			"expand=receivables&query=bob":    "bob",
		} {
			var names []string
			for _, c := range s.want(t, 200, s.call(t, "GET", "/v1/customers?"+query, s.a.test, "")).list() {
				names = append(names, c.(map[string]any)["name"].(string))
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("customers of %q: %q, want %q", query, got, want)
			}
		}
	})
}
