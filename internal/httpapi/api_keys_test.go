package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
)

func TestKeysOfANetwork(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		made := r.want(t, 201, r.call(t, "POST", "/v1/api-keys", r.a.live, `{"name":"here","scopes":["customers.read"],"allowed_networks":["127.0.0.1","2001:db8::/32"]}`)).data()
		id, key := made["api_key_id"].(string), made["secret_key"].(string)
		r.want(t, 200, r.call(t, "GET", "/v1/developer/auth-context", key, ""))
		r.want(t, 200, r.call(t, "PATCH", "/v1/api-keys/"+id, r.a.live, `{"allowed_networks":["192.0.2.0/24"]}`))
		if a := r.want(t, 403, r.call(t, "GET", "/v1/developer/auth-context", key, "")); a.code() != "AUTHORIZATION_FAILED" {
			t.Errorf("from elsewhere: %s", a.body)
		}
		if a := r.want(t, 200, r.call(t, "PATCH", "/v1/api-keys/"+id, r.a.live, `{"allowed_networks":[]}`)); a.data()["allowed_networks"] != nil {
			t.Errorf("no networks any more: %s", a.body)
		}
		r.want(t, 200, r.call(t, "GET", "/v1/developer/auth-context", key, ""))
		for _, bad := range []string{"here", "192.0.2.0/33", "::ffff:192.0.2.1", "fe80::1%eth0", ""} {
			a := r.want(t, 400, r.call(t, "PATCH", "/v1/api-keys/"+id, r.a.live, `{"allowed_networks":["192.0.2.1","`+bad+`"]}`))
			if !hasFault(a, "INVALID_ALLOWED_NETWORKS", "allowed_networks[1]") {
				t.Errorf("%q: %s", bad, a.body)
			}
		}
	})
}

func TestScopesOfAMode(t *testing.T) {
	t.Parallel()
	body := func(sandbox, scopes string) string {
		return `{"name":"x","sandbox_id":"` + sandbox + `","scopes":[` + scopes + `]}`
	}
	r := newRig(t, dbtest.Open(t, db.SQLite))
	own := r.a.Sandbox.Scope.EnvironmentID
	a := r.want(t, 400, r.call(t, "POST", "/v1/api-keys", r.a.live, body(own, `"customers.read","accounts.organizations.write"`)))
	details := a.fault()["details"].([]any)[0].(map[string]any)
	if a.code() != "SCOPE_NOT_ALLOWED_FOR_KEY_MODE" || a.param() != "scopes[1]" || details["allowed_key_modes"].([]any)[0] != "live" {
		t.Errorf("a scope for live keys: %s", a.body)
	}
	if a := r.call(t, "POST", "/v1/api-keys", r.a.live, `{"name":"x","scopes":["accounts.organizations.write"]}`); a.status != 201 {
		t.Errorf("the same for a live key: %s", a.body)
	}
	if a := r.want(t, 400, r.call(t, "PATCH", "/v1/api-keys/"+r.a.testKey.ID, r.a.live, `{"scopes":["merchants.profile.write"]}`)); a.code() != "SCOPE_NOT_ALLOWED_FOR_KEY_MODE" {
		t.Errorf("given later: %s", a.body)
	}
	if a := r.want(t, 400, r.call(t, "POST", "/v1/api-keys", r.a.test, `{"name":"x","scopes":["customers.read"]}`)); a.code() != "SANDBOX_ID_REQUIRED" {
		t.Errorf("a live key made by a test key: %s", a.body)
	}
	if a := r.want(t, 400, r.call(t, "POST", "/v1/api-keys", r.a.test, body(r.b.Sandbox.Scope.EnvironmentID, `"customers.read"`))); a.code() != "SANDBOX_ID_NOT_ALLOWED" {
		t.Errorf("a key of another sandbox made by a test key: %s", a.body)
	}
	if a := r.want(t, 404, r.call(t, "POST", "/v1/api-keys", r.a.live, body(r.b.Sandbox.Scope.EnvironmentID, `"customers.read"`))); a.code() != "SANDBOX_NOT_FOUND" {
		t.Errorf("a key of another merchant's sandbox: %s", a.body)
	}
	dev := newRigWith(t, dbtest.Open(t, db.SQLite), func(c *httpapi.Config) { c.Development = true })
	dev.want(t, 201, dev.call(t, "POST", "/v1/api-keys", dev.a.live, body(dev.a.Sandbox.Scope.EnvironmentID, `"accounts.organizations.write"`)))
}

// TestSecretsOfKeysAreShownOnceAndStoredNowhere makes a key in each of the four ways.
func TestSecretsOfKeysAreShownOnceAndStoredNowhere(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		own := r.a.Sandbox.Scope.EnvironmentID
		var secrets []string
		for n, s := range []struct{ path, key, body string }{
			{"/v1/api-keys", r.a.live, `{"name":"live","scopes":["customers.read"]}`},
			{"/v1/api-keys", r.a.test, `{"name":"test","scopes":["customers.read"],"sandbox_id":"` + own + `"}`},
			{"/v1/developer/sandboxes", r.a.live, `{"name":"more","issue_test_key":true}`},
			{"/v1/developer/sandboxes/" + own + "/test-key", r.a.live, `{"name":"issued"}`},
		} {
			once := "Idempotency-Key: secret-" + string(rune('a'+n))
			first := r.want(t, 201, r.call(t, "POST", s.path, s.key, s.body, once))
			again := r.want(t, 201, r.call(t, "POST", s.path, s.key, s.body, once))
			secretKey, _ := first.data()["secret_key"].(string)
			if len(secretKey) != 54 || again.data()["secret_key"] != secretKey || again.header.Get("Idempotency-Replayed") != "true" {
				t.Errorf("%s: a repeat shows the same: %s", s.path, again.body)
			}
			if a := r.want(t, 409, r.call(t, "POST", s.path, s.key, strings.Replace(s.body, `"name":"`, `"name":"x`, 1), once)); strings.Contains(string(a.body), secretKey) {
				t.Errorf("%s: another request shows the secret", s.path)
			}
			secrets = append(secrets, secretKey)
		}
		rows := r.rows(t)
		for _, path := range []string{"/v1/api-keys?page_size=100", "/v1/developer/sandboxes", "/v1/developer/auth-context"} {
			rows += string(r.want(t, 200, r.call(t, "GET", path, r.a.live, "")).body)
		}
		for _, s := range append(secrets, r.a.live, r.a.test) {
			if strings.Contains(rows, s) || strings.Contains(rows, s[len("flint_test_")+8:]) || strings.Contains(r.logs.String(), s) {
				t.Errorf("the secret %s… is kept somewhere", s[:19])
			}
		}
	})
}

func TestASandboxEndsWithAllThatWaitsInIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		made := s.want(t, 201, s.call(t, "POST", "/v1/developer/sandboxes", s.a.live, `{"name":"Staging","issue_test_key":true}`)).data()
		id, key := made["sandbox_id"].(string), made["secret_key"].(string)
		hook := s.want(t, 201, s.call(t, "POST", "/v1/webhook-endpoints", key, `{"url":"`+newReceiver(t).URL+`"}`)).data()["webhook_endpoint_id"].(string)
		s.want(t, 201, s.call(t, "POST", "/v1/webhook-endpoints/"+hook+"/test-events", key, `{"event_type":"order.paid"}`))
		fresh := s.want(t, 200, s.call(t, "POST", "/v1/developer/sandboxes/"+id+"/reset", s.a.live, "", "Idempotency-Key: reset"))
		again := s.want(t, 200, s.call(t, "POST", "/v1/developer/sandboxes/"+id+"/reset", s.a.live, "", "Idempotency-Key: reset"))
		if fresh.data()["sandbox_id"] == id || again.data()["sandbox_id"] != fresh.data()["sandbox_id"] {
			t.Errorf("one reset gives one new sandbox: %s, %s", fresh.body, again.body)
		}
		var waiting, endpoints int64
		if err := d.Read(context.Background(), func(tx db.Tx) error {
			if err := tx.QueryRow([]any{&waiting}, `SELECT COUNT(*) FROM webhook_deliveries WHERE environment_id = $1 AND status = 'pending'`, id); err != nil {
				return err
			}
			return tx.QueryRow([]any{&endpoints}, `SELECT COUNT(*) FROM webhook_endpoints WHERE environment_id = $1 AND (deleted_at IS NULL OR secret <> '')`, id)
		}); err != nil || waiting != 0 || endpoints != 0 {
			t.Errorf("%d deliveries and %d endpoints are left: %v", waiting, endpoints, err)
		}
		s.want(t, 401, s.call(t, "GET", "/v1/merchant", key, ""))
		if a := s.want(t, 409, s.call(t, "POST", "/v1/developer/sandboxes/"+id+"/test-key", s.a.live, `{"name":"x"}`)); a.code() != "SANDBOX_ARCHIVED" {
			t.Errorf("a key of the old sandbox: %s", a.body)
		}
	})
}
