package httpapi_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/notification"
	"flint/internal/tenant"
)

// credential is something to call with. What is to be expected of it follows from the route's row.
type credential struct {
	name    string
	kind    auth.Kind
	key     string
	headers []string
	scopes  auth.ScopeSet
	cleanup bool   // of a removed install: opens what its row says and nothing else
	dead    bool   // refused whatever the route: unknown, revoked, expired
	status  int    // that a dead one is refused with, 401 when 0
	code    string // that it is refused with, where one is promised
}

// credentialKinds is every kind of credential and how the matrix gets some of it: one entry is all that
// a new kind takes. madeUp has the kind's form and is nobody's. A kind that nothing verifies yet has no
// make; once something does, the test asks for one.
var credentialKinds = map[auth.Kind]struct {
	madeUp credential
	make   func(t *testing.T, m *matrix) []credential
}{
	auth.Nobody: {credential{}, func(*testing.T, *matrix) []credential { return []credential{{}} }},
	auth.APIKey: {credential{key: auth.PrefixTestKey + strings.Repeat("x", 43)}, wrongKeys},
	auth.CheckoutCredential: {credential{headers: []string{"X-Checkout-Session-ID: cs_01J00000000000000000000000", "X-Checkout-Session-Secret: csauth_x"}},
		func(_ *testing.T, m *matrix) []credential {
			return []credential{{name: "a session of the environment", headers: m.home.buyer},
				{name: "another merchant's session", headers: m.houses[1].buyer}}
		}},
	auth.InstallToken: {credential{key: auth.PrefixInstallToken + "x"}, func(t *testing.T, m *matrix) []credential {
		return append(wrongTokens(t, m), realTokens(t, m)...)
	}},
	auth.CLIToken:          {credential{key: auth.PrefixCLIToken + strings.Repeat("x", 43)}, cliTokens},
	auth.OnboardingSession: {credential{key: auth.PrefixOnboardingSession + "x"}, wrongSessions},
	auth.CustomerSession:   {credential{key: auth.PrefixCustomerSession + "x"}, nil},
	auth.InvoiceToken: {credential{key: auth.PrefixInvoiceToken + "x"}, func(_ *testing.T, m *matrix) []credential {
		return []credential{{name: "an invoice of the environment", key: m.home.invoice},
			{name: "another merchant's invoice", key: m.houses[1].invoice}}
	}},
}

// matrix is one server with five environments in it: home and, of the same and of another merchant, test
// and live ones.
type matrix struct {
	*shop
	home   *house
	houses []*house // home first, then another merchant's sandbox
	routes []httpapi.Route
	creds  []credential
	cells  atomic.Int64
	// ownerID is the user who owns home's merchant.
	ownerID string
}

func newMatrix(t *testing.T, d db.DB) *matrix {
	t.Helper()
	m := &matrix{}
	m.shop = newShop(t, d, func(s *shop) {
		s.services.Receipts = &notification.Service{DB: d, Orders: func(_ context.Context, tx db.Tx, scope tenant.Scope, orderID string) (notification.Order, error) {
			_, err := s.services.Orders.Load(tx, scope, orderID)
			return notification.Order{}, err // not paid: a receipt that may be asked for is refused
		}}
	})
	hook := newReceiver(t).URL
	var second merchant.Environment
	if err := d.Write(t.Context(), func(tx db.Tx) (err error) {
		second, err = m.merchants.CreateSandbox(tx.Context(), tx, merchant.CreateSandboxInput{MerchantID: m.a.Merchant.ID, Name: "second", Now: start})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	m.ownerID = m.user(t, m.a, "owner@a.test", "")
	m.user(t, m.b, "owner@b.test", "")
	secondKey, _ := m.keyOf(t, second.Scope, "second", auth.AllScopes().Names(), time.Time{})
	m.houses = []*house{
		m.furnish(t, "home", m.a, m.a.Sandbox.Scope, m.a.test, hook), m.furnish(t, "stranger", m.b, m.b.Sandbox.Scope, m.b.test, hook),
		m.furnish(t, "second", m.a, second.Scope, secondKey, hook), m.furnish(t, "live", m.a, m.a.Live.Scope, m.a.live, hook),
		m.furnish(t, "strangelive", m.b, m.b.Live.Scope, m.b.live, hook),
	}
	m.home = m.houses[0]
	missing := m.api.Missing()
	for _, r := range httpapi.Routes() {
		if !slices.Contains(missing, r.ID) {
			m.routes = append(m.routes, r)
		}
	}
	m.collect(t)
	m.clock.Set(m.clock.Now().Add(later)) // so that a change would show, and the expired key is
	m.verified(t)
	return m
}

// collect makes credentials of every kind that some row of the table accepts.
func (m *matrix) collect(t *testing.T) {
	t.Helper()
	for _, r := range httpapi.Routes() {
		for bit := range 16 {
			kind := auth.Kind(1 << bit)
			if _, known := credentialKinds[kind]; r.By&kind != 0 && !known {
				t.Fatalf("%s accepts a kind of credential that credentialKinds does not have: %s", r.ID, kind)
			}
		}
	}
	for kind, k := range credentialKinds {
		if kind != auth.Nobody {
			k.madeUp.name, k.madeUp.dead = "a made-up "+kind.String(), true
			m.creds = append(m.creds, k.madeUp.of(kind))
		}
		switch verified := m.api.Verify[kind] != nil; {
		case k.make != nil:
			for _, c := range k.make(t, m) {
				m.creds = append(m.creds, c.of(kind))
			}
		case verified:
			t.Fatalf("%s is verified now: credentialKinds needs a make for it, with its scopes, without, revoked and expired", kind)
		}
	}
}

func (c credential) of(kind auth.Kind) credential {
	c.kind = kind
	if c.name == "" {
		c.name = "nothing"
	}
	return c
}

// verdict is what the row says of a credential: the status it is refused with, 0 when it is let in.
func verdict(r httpapi.Route, c credential) int {
	kind := c.kind
	if kind == auth.CLIToken { // a person's own program stands where their key would
		kind = auth.APIKey
	}
	switch {
	case r.By == auth.Nobody, c.kind == auth.Nobody && r.By&auth.Nobody != 0:
		return 0
	case c.kind == auth.Nobody, c.dead:
		return cmp.Or(c.status, 401)
	case r.By&kind == 0, c.cleanup && !r.Cleanup:
		return 403
	}
	need := auth.Need{}
	switch kind {
	case auth.APIKey, auth.OnboardingSession:
		need = r.Need
	case auth.InstallToken:
		need = r.AppNeed
	}
	if len(need.Missing(c.scopes)) > 0 {
		return 403
	}
	return 0
}

// TestNothingCrossesTenants calls every registered operation with every kind of credential and with ids
// of every other environment, in every place of path, query and body that takes one. Nothing may leak or
// act, and what belongs to somebody else looks like what does not exist. The cells come from the table
// of routes and from the description, so a new operation is in them.
func TestNothingCrossesTenants(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		m := newMatrix(t, d)
		before := m.rowsOf(t)
		t.Run("refused", func(t *testing.T) {
			for _, r := range m.routes {
				t.Run(r.ID, func(t *testing.T) {
					t.Parallel()
					m.refused(t, r)
					if r.By&auth.APIKey != 0 {
						m.odd(t, r)
					}
					for _, other := range m.houses[1:] {
						m.foreign(t, r, m.home, other)
						m.foreign(t, r, other, m.home)
					}
				})
			}
		})
		after := m.rowsOf(t)
		for merchant := range maps.Keys(after) {
			if diff := changes(before[merchant], after[merchant]); len(diff) > 0 {
				t.Errorf("calls that were refused changed %d rows:\n%s", len(diff), strings.Join(diff[:min(len(diff), 10)], "\n"))
			}
		}
		t.Logf("%d cells of %d operations", m.cells.Load(), len(m.routes))
		if m.cells.Load() < 3000 {
			t.Error("too few cells: the matrix has gone blind")
		}
		if !t.Failed() {
			m.own(t)
		}
	})
}

// ask sends one cell.
func (m *matrix) ask(t *testing.T, r httpapi.Route, c credential, path, body string) answer {
	t.Helper()
	n := m.cells.Add(1)
	headers := slices.Clone(c.headers)
	if r.Key == httpapi.KeyRequired {
		headers = append(headers, "Idempotency-Key: "+fmt.Sprint("cell-", n))
	}
	if r.Method == "GET" {
		body = ""
	}
	return m.call(t, r.Method, path, c.key, body, headers...)
}

// refused tries what the row does not let in, on what is there and on what is not: the answers are alike.
func (m *matrix) refused(t *testing.T, r httpapi.Route) {
	path, body := fill(t, r.Path, m.home.ids), m.body(t, r, m.home)
	for _, c := range m.creds {
		want := verdict(r, c)
		switch {
		case want == 0 && c.kind == auth.CheckoutCredential && placeholder.MatchString(r.Path):
			m.alike(t, r, c, c.name, m.home, nil, [2]string{path, fill(t, r.Path, ghosts(m.home.ids))}, [2]string{body, body})
			continue
		case want == 0:
			continue
		}
		a, ghost := m.ask(t, r, c, path, body), m.ask(t, r, c, fill(t, r.Path, ghosts(m.home.ids)), body)
		code := c.code
		if want == 403 && (r.By&c.kind != 0 || c.kind == auth.CLIToken && r.By&auth.APIKey != 0) && code == "" && (r.Cleanup || !c.cleanup) {
			code = "INSUFFICIENT_SCOPE"
		}
		if code != "" && a.code() != code {
			t.Errorf("with %s: %s, want %s", c.name, a.code(), code)
		}
		if a.status != want || ghost.status != want || a.code() != ghost.code() || leaks(a, m.home, nil) != "" {
			t.Errorf("with %s: %d %s, for what does not exist %d %s; want %d", c.name, a.status, a.body, ghost.status, ghost.code(), want)
		}
	}
}

// foreign tries by with its key and with its app's token the ids of victim, one place at a time.
func (m *matrix) foreign(t *testing.T, r httpapi.Route, by, victim *house) {
	creds := []credential{by.owner(), by.app()}
	if by == m.home {
		creds = append(creds, m.real()...)
	}
	for _, c := range creds {
		if verdict(r, c) == 0 && r.By != auth.Nobody && !m.shares(r, c, by, victim) {
			m.foreignTo(t, r, c, by, victim)
		}
	}
}

// real are the good tokens of home that were got by OAuth.
func (m *matrix) real() (out []credential) {
	for _, c := range m.creds {
		if c.name == "a real token" || c.name == "a command line of an owner" {
			out = append(out, c)
		}
	}
	return out
}

func (m *matrix) foreignTo(t *testing.T, r httpapi.Route, c credential, by, victim *house) {
	own, none, body := fill(t, r.Path, by.ids), ghosts(victim.ids), m.body(t, r, by)
	params := placeholder.FindAllStringSubmatch(r.Path, -1)
	if len(params) > 0 {
		m.alike(t, r, c, "ids", victim, by, [2]string{fill(t, r.Path, victim.ids), fill(t, r.Path, none)}, [2]string{body, body})
	}
	for _, p := range params {
		if len(params) == 1 || by.ids[p[1]] == victim.ids[p[1]] {
			break
		}
		mixed, ghost := maps.Clone(by.ids), maps.Clone(by.ids)
		mixed[p[1]], ghost[p[1]] = victim.ids[p[1]], none[p[1]]
		m.alike(t, r, c, p[1], victim, by, [2]string{fill(t, r.Path, mixed), fill(t, r.Path, ghost)}, [2]string{body, body})
	}
	for _, f := range m.idFields(r) {
		if by.ids[f.id] == victim.ids[f.id] {
			continue
		}
		m.alike(t, r, c, "body field "+strings.Join(f.path, "."), victim, by, [2]string{own, own},
			[2]string{f.put(t, body, victim.ids[f.id]), f.put(t, body, none[f.id])})
	}
	if r.List && !streams(m.api, r) && r.ID != "listCurrentAPIKeyRequestLogs" { // which repeats what its caller asked for
		m.lists(t, r, c, by, victim)
	}
}

// alike calls with an id of the victim and with one that nothing has. Both must be refused, the same way.
func (m *matrix) alike(t *testing.T, r httpapi.Route, c credential, what string, victim, by *house, path, body [2]string) {
	t.Helper()
	a, ghost := m.ask(t, r, c, path[0], body[0]), m.ask(t, r, c, path[1], body[1])
	leak := leaks(a, victim, by)
	what = c.kind.String() + " with " + what
	if leak != "" || a.status < 400 || a.status >= 500 || a.status != ghost.status || a.code() != ghost.code() || a.param() != ghost.param() {
		t.Errorf("%s of %s: %d %s, for what does not exist %d %s %s", what, victim.mark, a.status, a.body, ghost.status, ghost.body, leak)
	}
	if _, known := bodies[r.ID]; known && path[0] != path[1] && a.status != 404 && a.status != 403 && a.status != 409 {
		t.Errorf("%s of %s: %d %s, where it should not be found", what, victim.mark, a.status, a.body)
	}
}

// leaks names what an answer shows of a house. What another house has as well is no leak to it, nor is
// an install or a data request to the merchant that owns the app and is told about both.
func leaks(a answer, h, to *house) string {
	if strings.Contains(string(a.body), h.mark) {
		return "it shows " + h.mark
	}
	for name, v := range h.ids {
		told := to != nil && to.scope.MerchantID == h.scope.MerchantID &&
			slices.Contains([]string{"partner_app_id", "partner_app_install_id", "environment_grant_id", "data_request_id"}, name)
		if strings.Contains(string(a.body), v) && !told && (to == nil || to.ids[name] != v) {
			return "it shows the " + name
		}
	}
	return ""
}
