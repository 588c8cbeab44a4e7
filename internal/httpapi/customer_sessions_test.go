package httpapi_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// signedIn makes a customer of merchant a and opens a session for them.
func (s *shop) signedIn(t testing.TB, email string) (customerID string, session map[string]any) {
	t.Helper()
	customerID = s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"`+email+`","name":"Ann","internal_note":"secret note","external_reference_id":"crm",
		"metadata":{"tier":"secret tier"}}`)).data()["customer_id"].(string)
	return customerID, s.want(t, 201, s.call(t, "POST", "/v1/customer-sessions", s.a.test, `{"customer_id":"`+customerID+`","expires_in_seconds":86400}`)).data()
}

func text(m map[string]any, name string) string { v, _ := m[name].(string); return v }

func (s *shop) refresh(t testing.TB, token, key string) answer {
	t.Helper()
	return s.call(t, "POST", "/v1/customer-sessions/refresh", "", `{"refresh_token":"`+token+`"}`, "Idempotency-Key: "+key)
}

func TestCustomerSessions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customerID, first := s.signedIn(t, "ann@buyer.test")
		if !strings.HasPrefix(text(first, "account_url"), "https://flint.test/account/"+s.a.Sandbox.Scope.EnvironmentID+"/enter/") || text(first, "account_url_expires_at") == "" {
			t.Errorf("no way into the hosted account: %v", first)
		}
		me := s.want(t, 200, s.call(t, "GET", "/v1/me", text(first, "secret"), ""))
		if me.data()["customer_id"] != customerID || strings.Contains(string(me.body), "secret ") || strings.Contains(string(me.body), "crm") {
			t.Errorf("own profile: %s", me.body)
		}
		second := s.want(t, 200, s.refresh(t, text(first, "refresh_token"), "k1")).data()
		if second["customer_session_id"] != first["customer_session_id"] || second["secret"] == first["secret"] || second["refresh_token"] == first["refresh_token"] {
			t.Errorf("a refresh replaces both and keeps the session: %v", second)
		}
		if a := s.call(t, "GET", "/v1/me", text(first, "secret"), ""); a.code() != "INVALID_CUSTOMER_SESSION" {
			t.Errorf("the replaced secret: %s", a.body)
		}
		again := s.want(t, 200, s.refresh(t, text(first, "refresh_token"), "k1")).data()
		if again["secret"] != second["secret"] || again["refresh_token"] != second["refresh_token"] {
			t.Errorf("the same call again: %v, want %v", again, second)
		}
		if a := s.refresh(t, text(second, "refresh_token"), "k1"); a.status != 409 || a.code() != "IDEMPOTENCY_KEY_REUSED" {
			t.Errorf("a key for another token: %s", a.body)
		}
		third := s.want(t, 200, s.refresh(t, text(second, "refresh_token"), "k2")).data()
		if a := s.refresh(t, text(first, "refresh_token"), "k1"); a.status != 401 || a.code() != "CUSTOMER_SESSION_REFRESH_REUSED" {
			t.Errorf("a repetition after its answer was used: %s", a.body)
		}
		if a := s.call(t, "GET", "/v1/me", text(third, "secret"), ""); a.code() != "INVALID_CUSTOMER_SESSION" {
			t.Errorf("the family lives on after a reuse: %s", a.body)
		}
		if a := s.refresh(t, text(third, "refresh_token"), "k3"); a.code() != "CUSTOMER_SESSION_REFRESH_REUSED" {
			t.Errorf("the newest token of a family that ended: %s", a.body)
		}
		for body, want := range map[string]string{`{"refresh_token":"x"}`: "CUSTOMER_SESSION_REFRESH_EXPIRED", `{}`: "FIELD_REQUIRED"} {
			if a := s.call(t, "POST", "/v1/customer-sessions/refresh", "", body, "Idempotency-Key: k9"); a.code() != want {
				t.Errorf("%s: %s", body, a.body)
			}
		}
		if a := s.call(t, "POST", "/v1/customer-sessions/refresh", "", `{"refresh_token":"x"}`); a.code() != "IDEMPOTENCY_KEY_REQUIRED" {
			t.Errorf("without a key: %s", a.body)
		}
		for body, param := range map[string]string{
			`{"customer_id":"` + customerID + `","expires_in_seconds":299}`:              "expires_in_seconds",
			`{"customer_id":"` + customerID + `","refresh_expires_in_seconds":2592001}`:  "refresh_expires_in_seconds",
			`{"customer_id":"` + customerID + `","account_url_expires_in_seconds":3601}`: "account_url_expires_in_seconds",
		} {
			if a := s.call(t, "POST", "/v1/customer-sessions", s.a.test, body); !hasFault(a, "INVALID_EXPIRATION", param) {
				t.Errorf("%s: %s", body, a.body)
			}
		}
		if a := s.call(t, "POST", "/v1/customer-sessions", s.b.test, `{"customer_id":"`+customerID+`"}`); a.status != 404 {
			t.Errorf("another merchant's customer: %s", a.body)
		}
	})
}

func TestCustomerSessionsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		customerID, one := s.signedIn(t, "ann@buyer.test")
		open := func() map[string]any {
			return s.want(t, 201, s.call(t, "POST", "/v1/customer-sessions", s.a.test, `{"customer_id":"`+customerID+`"}`)).data()
		}
		two, three := open(), open()
		path := "/v1/customer-sessions/" + text(one, "customer_session_id") + "/revoke"
		if a := s.call(t, "POST", path, s.b.test, ""); a.code() != "CUSTOMER_SESSION_NOT_FOUND" {
			t.Errorf("revoked by another merchant: %s", a.body)
		}
		for range 2 {
			if a := s.want(t, 200, s.call(t, "POST", path, s.a.test, "")); a.data()["revoked"] != true {
				t.Errorf("revoked: %s", a.body)
			}
		}
		if a := s.refresh(t, text(one, "refresh_token"), "k"); a.code() != "CUSTOMER_SESSION_REFRESH_EXPIRED" {
			t.Errorf("refreshed after its end: %s", a.body)
		}
		s.want(t, 200, s.call(t, "GET", "/v1/me", text(two, "secret"), ""))
		if a := s.want(t, 200, s.call(t, "POST", "/v1/customers/"+customerID+"/sessions/revoke", s.a.test, "")); a.data()["revoked_count"] != 2.0 {
			t.Errorf("revoked all: %s", a.body)
		}
		for _, v := range []map[string]any{two, three} {
			if a := s.call(t, "GET", "/v1/me", text(v, "secret"), ""); a.status != 401 {
				t.Errorf("a revoked session: %s", a.body)
			}
		}
		late := open()
		s.clock.Set(s.clock.Now().Add(time.Hour))
		if a := s.call(t, "GET", "/v1/me", text(late, "secret"), ""); a.code() != "CUSTOMER_SESSION_EXPIRED" {
			t.Errorf("an expired secret: %s", a.body)
		}
		fresh := s.want(t, 200, s.refresh(t, text(late, "refresh_token"), "k")).data()
		s.want(t, 200, s.call(t, "GET", "/v1/me", text(fresh, "secret"), ""))
		s.clock.Set(s.clock.Now().Add(30 * 24 * time.Hour))
		if a := s.refresh(t, text(fresh, "refresh_token"), "k2"); a.code() != "CUSTOMER_SESSION_REFRESH_EXPIRED" {
			t.Errorf("an expired refresh token: %s", a.body)
		}
		s.merchantHosted = s.a.Sandbox.Scope.EnvironmentID
		if v := open(); text(v, "account_url") != "" {
			t.Errorf("a merchant that hosts accounts itself: %v", v)
		}
	})
}

// TestRefreshRaces lets two holders of one refresh token come at once: with one key both get the same
// answer, with two keys one gets an answer and the family ends.
func TestRefreshRaces(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		_, session := s.signedIn(t, "ann@buyer.test")
		both := func(token string, keys ...string) (out []answer) {
			out = make([]answer, len(keys))
			var wait sync.WaitGroup
			for i, k := range keys {
				wait.Go(func() { out[i] = s.refresh(t, token, k) })
			}
			wait.Wait()
			return out
		}
		a := both(text(session, "refresh_token"), "same", "same", "same", "same")
		for _, v := range a {
			if v.status != 200 || text(v.data(), "secret") != text(a[0].data(), "secret") {
				t.Fatalf("one key at once: %d %s", v.status, v.body)
			}
		}
		b := both(text(a[0].data(), "refresh_token"), "mine", "yours")
		if b[0].status > b[1].status {
			b[0], b[1] = b[1], b[0]
		}
		if b[0].status != 200 || b[1].code() != "CUSTOMER_SESSION_REFRESH_REUSED" {
			t.Fatalf("two keys at once: %s and %s", b[0].body, b[1].body)
		}
		if v := s.call(t, "GET", "/v1/me", text(b[0].data(), "secret"), ""); v.status != 401 {
			t.Errorf("the winner goes on: %s", v.body)
		}
	})
}
