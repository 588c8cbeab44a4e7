package httpapi_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"flint/internal/auth"
	"flint/internal/httpapi"
)

// lists reads a list plainly, filtered by every id of the victim that it takes, and from the victim's
// page token.
func (m *matrix) lists(t *testing.T, r httpapi.Route, c credential, by, victim *house) {
	path := fill(t, r.Path, by.ids)
	queries := []string{"", "?page_size=100"}
	for _, p := range operationOf(m.api, r).Parameters {
		if v, ok := victim.ids[p.Name]; ok && p.In == "query" {
			queries = append(queries, "?"+p.Name+"="+v)
		}
		if p.In == "query" && p.Name == "query" {
			queries = append(queries, "?query="+url.QueryEscape(victim.mark))
		}
	}
	for _, q := range queries {
		if a := m.ask(t, r, c, path+q, ""); a.status >= 500 || leaks(a, victim, by) != "" {
			t.Errorf("%s for %s: %s, %d %s", q, by.mark, leaks(a, victim, by), a.status, a.body)
		}
	}
	first := m.call(t, "GET", fill(t, r.Path, victim.ids)+"?page_size=1", victim.key, "")
	if token, _ := first.json["next_page_token"].(string); token != "" {
		if a := m.ask(t, r, c, path+"?page_size=1&page_token="+token, ""); a.status != 400 {
			t.Errorf("%s goes on from the page of %s: %d %s", by.mark, victim.mark, a.status, a.body)
		}
	}
}

// odd tries texts that are no ids.
func (m *matrix) odd(t *testing.T, r httpapi.Route) {
	if !placeholder.MatchString(r.Path) {
		return
	}
	for _, odd := range []string{"x", "%20", "ord_", "..%2F..", "%00", strings.Repeat("9", 3000), "ord_01J00000000000000000000000'--"} {
		ids := map[string]string{}
		for n := range m.home.ids {
			ids[n] = odd
		}
		if a := m.ask(t, r, credential{key: m.home.key}, fill(t, r.Path, ids), m.body(t, r, m.home)); a.status != 404 && a.status != 403 {
			t.Errorf("the id %.20q: %d %s", odd, a.status, a.body)
		}
	}
}

// shares reports what is no trespass: a merchant's environments share its organization and its apps, and
// its live key manages keys, sandboxes, installs and the set-up of the merchant. A type of domain is a
// word, and everybody's own.
func (m *matrix) shares(r httpapi.Route, c credential, by, victim *house) bool {
	under := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(r.Path, p) })
	}
	return r.ID == "settings.validateCustomDomain" || by.scope.MerchantID == victim.scope.MerchantID && (under("/v1/organizations", "/v1/developer/partner/") ||
		c.key == m.a.live && under("/v1/installed-apps", "/v1/api-keys", "/v1/developer/sandboxes", "/v1/onboarding"))
}

// liveOnly are operations that a test key is refused and that are tried with the merchant's live key.
func liveOnly(r httpapi.Route) bool {
	return r.ID == "updateMerchant" || r.ID == "settings.validateCustomDomain" || strings.Contains(r.Path, "sandbox") ||
		strings.HasPrefix(r.Path, "/v1/developer/partner/") || strings.HasPrefix(r.Path, "/v1/installed-apps") ||
		strings.HasPrefix(r.Path, "/v1/organizations") && r.Method != "GET"
}

// own is the other way round: with its own key and ids each operation gets past authorization and finds
// its object, else the refusals prove nothing. Nobody else's rows change. Reads come first, for the
// writes end things.
func (m *matrix) own(t *testing.T) {
	t.Helper()
	routes := slices.DeleteFunc(slices.Clone(m.routes), func(r httpapi.Route) bool { return streams(m.api, r) || r.By == auth.Nobody })
	slices.SortStableFunc(routes, func(a, b httpapi.Route) int { return strings.Compare(turn(a), turn(b)) })
	rows := m.rowsOf(t)
	for _, r := range routes {
		c := m.home.owner()
		switch {
		case r.By&auth.APIKey == 0 && r.By&auth.InstallToken != 0:
			c = m.home.app()
		case r.By&auth.APIKey == 0 && r.By&auth.CustomerSession != 0:
			c = m.home.customer()
		case r.By&auth.APIKey == 0:
			continue
		case liveOnly(r):
			c.key = m.a.live
		}
		a := m.ask(t, r, c, fill(t, r.Path+queries[r.ID], m.home.ids), m.body(t, r, m.home))
		_, known := bodies[r.ID]
		if a.status == 401 || a.status == 403 || a.status >= 500 || r.Method == "GET" && a.status != 200 || known && (a.status == 400 || a.status == 404) {
			if !strings.Contains(string(a.body), "DISCOUNT") { // one that is not there
				t.Errorf("%s with its own key: %d %s", r.ID, a.status, a.body)
			}
		}
		if r.Method == "GET" {
			continue
		}
		after := m.rowsOf(t)
		for whose, now := range after {
			merchant, environment, _ := strings.Cut(whose, " ")
			mine := merchant == m.home.scope.MerchantID && (liveOnly(r) || environment == "" || environment == m.home.scope.EnvironmentID)
			if diff := changes(rows[whose], now); len(diff) > 0 && !mine {
				t.Errorf("%s changed %d rows of somebody else:\n%s", r.ID, len(diff), strings.Join(diff[:min(len(diff), 10)], "\n"))
			}
		}
		rows = after
	}
}

// turn puts reads before writes, and what ends an object or its environment last.
func turn(r httpapi.Route) string {
	switch {
	case r.Method == "GET":
		return "0"
	case r.Method == "DELETE" || strings.HasSuffix(r.Path, "revoke") || strings.HasSuffix(r.Path, "close"):
		return "2"
	case strings.HasSuffix(r.Path, "reset"):
		return "3"
	}
	return "1"
}
