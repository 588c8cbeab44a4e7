package httpapi_test

import (
	"regexp"
	"strings"
	"testing"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
)

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// From nothing to a key that works, through the API alone.
func TestOnboarding(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		started := s.want(t, 200, s.call(t, "POST", "/v1/onboarding/start", "", `{"email":"robin@new.test","first_name":"Robin","last_name":"Doe"}`)).data()
		verify := `{"verification_token":"` + started["verification_token"].(string) + `","verification_code":"` + sixDigits.FindString(s.mails[0].Text) + `"}`
		if got := s.call(t, "POST", "/v1/onboarding/verify-email", "", strings.Replace(verify, `_code":"`, `_code":"x`, 1)); got.code() != "INVALID_VERIFICATION" {
			t.Errorf("a wrong code: %s", got.body)
		}
		verified := s.want(t, 200, s.call(t, "POST", "/v1/onboarding/verify-email", "", verify)).data()
		session, sandbox := verified["onboarding_session_token"].(string), verified["default_sandbox_id"].(string)
		if !strings.HasPrefix(session, auth.PrefixOnboardingSession) || verified["can_issue_api_key"] != true || verified["next_step"].(map[string]any)["code"] != "create_api_key" {
			t.Errorf("verified: %v", verified)
		}
		state := s.want(t, 200, s.call(t, "GET", "/v1/onboarding/state", session, "")).data()
		if state["status"] != "ready_for_api_key" || state["default_sandbox_id"] != sandbox {
			t.Errorf("state: %v", state)
		}
		// The session opens what its rows say, and nothing else.
		if n := len(s.want(t, 200, s.call(t, "GET", "/v1/developer/sandboxes", session, "")).list()); n != 1 {
			t.Errorf("%d sandboxes", n)
		}
		other := s.want(t, 201, s.call(t, "POST", "/v1/developer/sandboxes", session, `{"name":"Second"}`)).data()["sandbox_id"].(string)
		s.want(t, 200, s.call(t, "GET", "/v1/onboarding/state?sandbox_id="+other, session, ""))
		for path, code := range map[string]string{"/v1/orders": "AUTHORIZATION_FAILED", "/v1/api-keys": "AUTHORIZATION_FAILED", "/v1/developer/request-logs": "AUTHORIZATION_FAILED"} {
			if got := s.call(t, "GET", path, session, ""); got.code() != code {
				t.Errorf("%s with a session: %s", path, got.body)
			}
		}
		if got := s.call(t, "POST", "/v1/onboarding/api-key", s.a.test, `{"name":"x"}`); got.status != 403 {
			t.Errorf("a key makes a first key: %s", got.body)
		}
		if got := s.call(t, "POST", "/v1/onboarding/api-key", "", `{"name":"x"}`); got.code() != "ONBOARDING_SESSION_REQUIRED" {
			t.Errorf("nobody makes a first key: %s", got.body)
		}
		made := s.want(t, 201, s.call(t, "POST", "/v1/onboarding/api-key", session, `{"name":"First"}`, "Idempotency-Key: once")).data()
		again := s.call(t, "POST", "/v1/onboarding/api-key", session, `{"name":"First"}`, "Idempotency-Key: once")
		if again.data()["secret_key"] != made["secret_key"] || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("a repeat: %s", again.body)
		}
		if got := s.call(t, "POST", "/v1/onboarding/api-key", session, `{"name":"Second"}`); got.code() != "INITIAL_API_KEY_ALREADY_CREATED" {
			t.Errorf("a second first key: %s", got.body)
		}
		key := made["secret_key"].(string)
		s.want(t, 201, s.call(t, "POST", "/v1/orders", key, `{"line_items":[{"name":"x","unit_price_money":`+usd(500)+`}]}`))
		for body, code := range map[string]string{`{"country":"DE"}`: "COUNTRY_NOT_SUPPORTED", `{"country":"d"}`: "INVALID_COUNTRY", `{"requested_capabilities":["fly"]}`: "CAPABILITY_SET_UNSUPPORTED",
			`{"profile":{"website_url":"x"}}`: "INVALID_WEBSITE_URL"} {
			if got := s.call(t, "POST", "/v1/onboarding/advance", key, body); got.code() != code {
				t.Errorf("%s: %s", body, got.body)
			}
		}
		done := s.want(t, 200, s.call(t, "POST", "/v1/onboarding/advance", key, `{"country":"US","requested_capabilities":["accept_card_payments","receive_payouts"],
			"profile":{"website_url":"https://new.test","support_email":"help@new.test"}}`)).data()
		if done["status"] != "complete" || done["next_step"] != nil {
			t.Errorf("at the end: %v", done)
		}
		for range 4 {
			if got := s.call(t, "POST", "/v1/onboarding/start", "", `{"email":"Robin@new.test","first_name":"Robin","last_name":"Doe"}`); got.status == 429 {
				if got.header.Get("Flint-Rate-Limited-Reason") != "setup-flow" || got.header.Get("Retry-After") == "" {
					t.Errorf("limited with %v", got.header)
				}
				return
			}
		}
		t.Error("mails to one address are not limited")
	})
}

func TestDemoSessionsAndReservedRoutes(t *testing.T) {
	t.Parallel()
	s := newShop(t, dbtest.Open(t, db.SQLite))
	demo := s.want(t, 201, s.call(t, "POST", "/v1/demo-sessions", "", `{}`)).data()
	key := demo["api_key"].(map[string]any)["secret_key"].(string)
	s.want(t, 201, s.call(t, "POST", "/v1/orders", key, `{"line_items":[{"name":"x","unit_price_money":`+usd(500)+`}]}`))
	if got := s.call(t, "GET", "/v1/api-keys", key, ""); got.code() != "INSUFFICIENT_SCOPE" {
		t.Errorf("a demo key lists keys: %s", got.body)
	}
	if got := s.call(t, "POST", "/v1/demo-sessions", "", ``); got.code() != "ACTIVE_DEMO_SESSION_EXISTS" {
		t.Errorf("a second session: %s", got.body)
	}
	s.want(t, 201, s.call(t, "POST", "/v1/demo-sessions/reset", "", ``, "X-Turnstile-Token: x"))
	s.clock.Set(s.clock.Now().Add(auth.CacheTTL))
	if got := s.call(t, "GET", "/v1/merchant", key, ""); got.code() != "API_KEY_REVOKED" {
		t.Errorf("the key of an ended session: %s", got.body)
	}
	s.services.Setup.Demo = false
	if got := s.call(t, "POST", "/v1/demo-sessions", "", `{}`); got.code() != "DEMO_SESSIONS_UNAVAILABLE" || got.status != 503 {
		t.Errorf("in production: %s", got.body)
	}
	for path, body := range map[string]string{"": `{"components":["payouts"]}`, "/refresh": `{"launch_token":"x"}`} {
		if got := s.call(t, "POST", "/v1/merchant-account-sessions"+path, s.a.test, body); got.code() != "RESERVED_FIELD_NOT_YET_SUPPORTED" {
			t.Errorf("reserved: %s", got.body)
		}
	}
}
