package httpapi_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// lockedWriter lets handlers log at the same time.
type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (l *lockedWriter) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.String()
}

func TestKeysFromMakingToRevoking(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		made := r.want(t, 201, r.call(t, "POST", "/v1/api-keys", r.a.live,
			`{"name":"CI","scopes":["customers.read"],"sandbox_id":"`+r.a.Sandbox.Scope.EnvironmentID+`"}`, "Idempotency-Key: one"))
		secretKey, _ := made.data()["secret_key"].(string)
		if !strings.HasPrefix(secretKey, auth.PrefixTestKey) || len(secretKey) != 54 {
			t.Fatalf("the secret has the wrong form: %d characters", len(secretKey))
		}
		if made.header.Get("Idempotency-Key") != "one" {
			t.Error("the effective key is not in the answer")
		}
		again := r.want(t, 201, r.call(t, "POST", "/v1/api-keys", r.a.live,
			`{"scopes":["customers.read"],"sandbox_id":"`+r.a.Sandbox.Scope.EnvironmentID+`", "name":"CI"}`, "Idempotency-Key: one"))
		if again.data()["secret_key"] != secretKey || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("a repeat must show the same secret and say so: %s", again.body)
		}
		if m, _ := again.json["meta"].(map[string]any); m["idempotency_replayed"] != true {
			t.Errorf("meta does not say that it is a repeat: %v", m)
		}
		if strings.Contains(r.logs.String(), secretKey) {
			t.Error("the secret is in the log")
		}
		who := r.want(t, 200, r.call(t, "GET", "/v1/developer/auth-context", secretKey, ""))
		if who.data()["sandbox_id"] != r.a.Sandbox.Scope.EnvironmentID || who.data()["environment"] != "sandbox" {
			t.Errorf("who am I: %s", who.body)
		}
		if who.header.Get("Flint-Merchant-Id") != r.a.Merchant.ID || who.header.Get("Flint-Mode") != "test" ||
			who.header.Get("Flint-Sandbox-Id") != r.a.Sandbox.Scope.EnvironmentID || who.header.Get("X-Request-Id") == "" {
			t.Errorf("headers: %v", who.header)
		}
		id, _ := made.data()["api_key_id"].(string)
		changed := r.want(t, 200, r.call(t, "PATCH", "/v1/api-keys/"+id, r.a.live, `{"name":"CI 2","expires_at":"2026-12-01T00:00:00Z"}`))
		if changed.data()["name"] != "CI 2" || changed.data()["expires_at"] != "2026-12-01T00:00:00Z" {
			t.Errorf("after the change: %s", changed.body)
		}
		if a := r.want(t, 200, r.call(t, "PATCH", "/v1/api-keys/"+id, r.a.live, `{"expires_at":null}`)); a.data()["expires_at"] != nil {
			t.Errorf("null must take the expiry away: %s", a.body)
		}
		r.want(t, 200, r.call(t, "POST", "/v1/api-keys/"+id+"/revoke", r.a.live, ""))
		if a := r.want(t, 401, r.call(t, "GET", "/v1/developer/auth-context", secretKey, "")); a.code() != "API_KEY_REVOKED" {
			t.Errorf("a revoked key: %s", a.body)
		}
		if a := r.want(t, 409, r.call(t, "POST", "/v1/api-keys/"+id+"/revoke", r.a.live, "")); a.code() != "API_KEY_ALREADY_REVOKED" {
			t.Errorf("revoking twice: %s", a.body)
		}
	})
}

func TestPagesOfKeys(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		for _, name := range []string{"c", "a", "b"} {
			r.want(t, 201, r.call(t, "POST", "/v1/api-keys", r.a.live, `{"name":"`+name+`","scopes":["customers.read"]}`))
		}
		var names []string
		token := ""
		for range 10 {
			p := r.want(t, 200, r.call(t, "GET", "/v1/api-keys?sort_by=name&sort_direction=asc&page_size=2&page_token="+token, r.a.live, ""))
			for _, k := range p.list() {
				names = append(names, k.(map[string]any)["name"].(string))
			}
			if token, _ = p.json["next_page_token"].(string); token == "" {
				break
			}
		}
		if got := strings.Join(names, " "); got != "a b c live test" {
			t.Errorf("keys by name: %s", got)
		}
		first := r.want(t, 200, r.call(t, "GET", "/v1/api-keys?page_size=2", r.a.live, ""))
		token, _ = first.json["next_page_token"].(string)
		for path, code := range map[string]string{
			"/v1/api-keys?page_size=2&status=active&page_token=" + token: "CURSOR_MISMATCH",
			"/v1/developer/sandboxes?page_token=" + token:                "CURSOR_MISMATCH",
			"/v1/api-keys?page_token=" + token[:len(token)-2] + "AA":     "INVALID_PAGE_TOKEN",
			"/v1/api-keys?page_token=nonsense":                           "INVALID_PAGE_TOKEN",
			"/v1/api-keys?page_size=101":                                 "INVALID_PAGE_SIZE",
			"/v1/api-keys?page_size=0":                                   "INVALID_PAGE_SIZE",
			"/v1/api-keys?status=all":                                    "INVALID_STATUS",
			"/v1/api-keys?created_after=yesterday":                       "INVALID_CREATED_AFTER",
			"/v1/api-keys?color=red":                                     "UNSUPPORTED_QUERY_PARAM",
		} {
			if a := r.want(t, 400, r.call(t, "GET", path, r.a.live, "")); a.code() != code {
				t.Errorf("GET %s: %s, want %s", path, a.code(), code)
			}
		}
		other := r.call(t, "GET", "/v1/api-keys?page_size=2&page_token="+token, r.b.live, "")
		if other.code() != "CURSOR_MISMATCH" {
			t.Errorf("the token of another merchant: %s", other.body)
		}
	})
}

func TestSandboxes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		made := r.want(t, 201, r.call(t, "POST", "/v1/developer/sandboxes", r.a.live, `{"name":"Staging","issue_test_key":true}`))
		id, _ := made.data()["sandbox_id"].(string)
		key, _ := made.data()["secret_key"].(string)
		if a := r.want(t, 409, r.call(t, "POST", "/v1/developer/sandboxes", r.a.live, `{"name":"staging"}`)); a.code() != "SANDBOX_ALREADY_EXISTS" {
			t.Errorf("the same name twice: %s", a.body)
		}
		if a := r.want(t, 403, r.call(t, "POST", "/v1/developer/sandboxes", r.a.test, `{"name":"x"}`)); a.code() != "SANDBOX_MANAGEMENT_REQUIRES_LIVE_KEY" {
			t.Errorf("a test key made a sandbox: %s", a.body)
		}
		list := r.want(t, 200, r.call(t, "GET", "/v1/developer/sandboxes", key, ""))
		if len(list.list()) != 1 || list.list()[0].(map[string]any)["sandbox_id"] != id {
			t.Errorf("a test key sees its own sandbox: %s", list.body)
		}
		r.want(t, 404, r.call(t, "GET", "/v1/developer/sandboxes/"+id, r.b.live, ""))
		r.want(t, 404, r.call(t, "POST", "/v1/developer/sandboxes/"+id+"/reset", r.b.live, ""))
		fresh := r.want(t, 200, r.call(t, "POST", "/v1/developer/sandboxes/"+id+"/reset", r.a.live, ""))
		if fresh.data()["sandbox_id"] == id || fresh.data()["name"] != "Staging" {
			t.Errorf("a reset gives a new sandbox of the same name: %s", fresh.body)
		}
		if a := r.want(t, 401, r.call(t, "GET", "/v1/developer/auth-context", key, "")); a.code() != "API_KEY_REVOKED" {
			t.Errorf("a key of the old sandbox: %s", a.body)
		}
		newID, _ := fresh.data()["sandbox_id"].(string)
		issued := r.want(t, 201, r.call(t, "POST", "/v1/developer/sandboxes/"+newID+"/test-key", r.a.live, `{"name":"again","scopes":["customers.read"]}`))
		if issued.data()["sandbox_id"] != newID {
			t.Errorf("the key belongs elsewhere: %s", issued.body)
		}
		r.want(t, 200, r.call(t, "DELETE", "/v1/developer/sandboxes/"+newID, r.a.live, ""))
		if a := r.want(t, 409, r.call(t, "DELETE", "/v1/developer/sandboxes/"+newID, r.a.live, "")); a.code() != "SANDBOX_ARCHIVED" {
			t.Errorf("retiring twice: %s", a.body)
		}
		if a := r.want(t, 409, r.call(t, "DELETE", "/v1/developer/sandboxes/"+r.a.Sandbox.Scope.EnvironmentID, r.a.live, "")); a.code() != "DEFAULT_SANDBOX_CANNOT_BE_ARCHIVED" {
			t.Errorf("retiring the default: %s", a.body)
		}
		if a := r.want(t, 409, r.call(t, "POST", "/v1/developer/sandboxes/"+r.a.Sandbox.Scope.EnvironmentID+"/reset", r.a.live, "")); a.code() != "DEFAULT_SANDBOX_CANNOT_BE_RESET" {
			t.Errorf("resetting the default: %s", a.body)
		}
	})
}

func TestMerchantProfile(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		a := r.want(t, 200, r.call(t, "PATCH", "/v1/merchant", r.a.live, `{"business_name":"Löwe & Söhne","accent_color":"#112233",
			"address":{"line1":"1 Main","city":"Town","state":"CA","postal_code":"90001","country":"US"},"metadata":{"x":"1","y":"2"},"expected_version":1}`))
		if a.data()["version"] != 2.0 {
			t.Errorf("version: %s", a.body)
		}
		a = r.want(t, 200, r.call(t, "PATCH", "/v1/merchant", r.a.live, `{"metadata":{"x":null,"z":"3"}}`))
		if m, _ := a.data()["metadata"].(map[string]any); len(m) != 2 || m["y"] != "2" || m["z"] != "3" {
			t.Errorf("merged metadata: %v", m)
		}
		if a = r.want(t, 409, r.call(t, "PATCH", "/v1/merchant", r.a.live, `{"phone":"+1 555 0100","expected_version":1}`)); a.code() != "VERSION_CONFLICT" || a.fault()["current_version"] != 3.0 {
			t.Errorf("a stale version: %s", a.body)
		}
		a = r.want(t, 200, r.call(t, "PATCH", "/v1/merchant", r.a.live, `{"metadata":null}`))
		if a.data()["metadata"] != nil {
			t.Errorf("null clears metadata: %s", a.body)
		}
		if a = r.want(t, 403, r.call(t, "PATCH", "/v1/merchant", r.a.test, `{"phone":""}`)); a.code() != "PROFILE_WRITE_LIVE_MODE_REQUIRED" {
			t.Errorf("a test key changed the profile: %s", a.body)
		}
		a = r.want(t, 400, r.call(t, "PATCH", "/v1/merchant", r.a.live, `{"support_email":"nobody","support_url":"ftp://x","reporting_timezone":"Mars/City"}`))
		if details, _ := a.fault()["details"].([]any); a.code() != "INVALID_REQUEST" || len(details) != 3 {
			t.Errorf("three faults at once: %s", a.body)
		}
		if b := r.want(t, 200, r.call(t, "GET", "/v1/merchant", r.b.test, "")); b.data()["business_name"] != "Shop" {
			t.Errorf("the other merchant changed: %s", b.body)
		}
	})
}
