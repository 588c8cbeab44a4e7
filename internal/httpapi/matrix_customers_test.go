package httpapi_test

import (
	"strings"
	"testing"

	"flint/internal/auth"
	"flint/internal/auth/buyer"
)

// customer is a session of the house's customer.
func (h *house) customer() credential {
	return credential{name: "a customer of " + h.mark, kind: auth.CustomerSession, key: h.me}
}

// customerSessions are sessions of home's customer that open /v1/me, and such that open nothing.
func customerSessions(t *testing.T, m *matrix) []credential {
	t.Helper()
	open := func(seconds string) map[string]any {
		t.Helper()
		return m.want(t, 201, m.call(t, "POST", "/v1/customer-sessions", m.home.key, `{"customer_id":"`+m.home.ids["customer_id"]+`","expires_in_seconds":`+seconds+`}`)).data()
	}
	secretOf := func(s map[string]any) string { return s["secret"].(string) }
	out := []credential{m.home.customer(), {name: "another merchant's customer", key: m.houses[1].me},
		{name: "a session that expired", key: secretOf(open("3600")), dead: true, code: "CUSTOMER_SESSION_EXPIRED"}}
	revoked := open("86400")
	m.want(t, 200, m.call(t, "POST", "/v1/customer-sessions/"+revoked["customer_session_id"].(string)+"/revoke", m.home.key, ""))
	out = append(out, credential{name: "a session that was revoked", key: secretOf(revoked), dead: true, code: "INVALID_CUSTOMER_SESSION"})
	replaced := open("86400")
	m.want(t, 200, m.call(t, "POST", "/v1/customer-sessions/refresh", "", `{"refresh_token":"`+replaced["refresh_token"].(string)+`"}`, "Idempotency-Key: matrix-refresh"))
	return append(out,
		credential{name: "a secret that was replaced", key: secretOf(replaced), dead: true, code: "INVALID_CUSTOMER_SESSION"},
		credential{name: "a refresh token for a secret", dead: true, code: "INVALID_CUSTOMER_SESSION",
			key: auth.PrefixCustomerSession + strings.TrimPrefix(open("86400")["refresh_token"].(string), buyer.PrefixRefresh)})
}
