package httpapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/tenant"
)

// owner is the house's key with every scope.
func (h *house) owner() credential {
	return credential{name: "the key of " + h.mark, kind: auth.APIKey, key: h.key, scopes: auth.AllScopes()}
}

// app is the token of the app that the house installed.
func (h *house) app() credential {
	return credential{name: "the app of " + h.mark, kind: auth.InstallToken, key: tokenOf(h.grant), scopes: h.grant.Scopes}
}

// wrongKeys are keys of home that are refused somewhere or everywhere.
func wrongKeys(t *testing.T, m *matrix) []credential {
	scope, all := m.home.scope, auth.AllScopes().Names()
	revoked, key := m.keyOf(t, scope, "revoked", all, time.Time{})
	expired, _ := m.keyOf(t, scope, "expired", all, m.clock.Now().Add(time.Hour))
	if err := m.db.Write(t.Context(), func(tx db.Tx) error {
		_, err := m.keys.RevokeKey(tx.Context(), tx, scope.MerchantID, "", key.ID, m.clock.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	out := []credential{{name: "a revoked key", key: revoked, dead: true, code: "API_KEY_REVOKED"}, {name: "an expired key", key: expired, dead: true, code: "API_KEY_EXPIRED"},
		{name: "a key cut short", key: m.home.key[:len(m.home.key)-1], dead: true, code: "INVALID_API_KEY"},
		{name: "a live key's secret as a test key", key: strings.Replace(m.a.live, "live", "test", 1), dead: true, code: "INVALID_API_KEY"}}
	// A key without the scopes of a family, for each family; and one with nothing but an unrelated scope.
	lacking := map[auth.ScopeSet]string{auth.ScopesOf("capabilities.read"): "capabilities alone"}
	for _, r := range m.routes {
		lack := slices.DeleteFunc(slices.Clone(all), func(s string) bool {
			return slices.ContainsFunc(r.Need.Scopes, func(n string) bool { return stem(n) == stem(s) })
		})
		if len(r.Need.Scopes) > 0 {
			lacking[auth.ScopesOf(lack...)] = "all but " + stem(r.Need.Scopes[0])
		}
	}
	for scopes, name := range lacking {
		text, _ := m.keyOf(t, scope, name, scopes.Names(), time.Time{})
		out = append(out, credential{name: "a key of " + name, key: text, scopes: scopes})
	}
	return out
}

func stem(scope string) string { return scope[:strings.LastIndex(scope, ".")] }

// wrongTokens are tokens of apps that home installed and that are refused somewhere or everywhere.
func wrongTokens(t *testing.T, m *matrix) []credential {
	scope := m.home.scope
	out := []credential{m.home.app(), m.houses[1].app()}
	add := func(name string, dead bool, manifest []app.Permission, end func(tx db.Tx, g *app.Grant) error) {
		t.Helper()
		if err := m.db.Write(t.Context(), func(tx db.Tx) error {
			g, err := m.consent(tx, scope, manifest)
			if err == nil {
				err = end(tx, g)
			}
			out = append(out, credential{name: "a token " + name, key: tokenOf(g), scopes: g.Scopes, dead: dead})
			return err
		}); err != nil {
			t.Fatalf("a token %s: %v", name, err)
		}
	}
	now, apps := m.clock.Now(), m.services.Apps
	activate := func(tx db.Tx, g *app.Grant) error {
		_, _, err := apps.Activate(tx.Context(), tx, scope, g.ID, now, event.Cause{})
		return err
	}
	narrow := []app.Permission{{ID: "links", Title: "Links", Description: "Read payment links.", Scopes: []string{"checkouts.payment_links.read"}}}
	add("of one scope", false, narrow, activate)
	add("whose code was never redeemed", true, manifest, func(db.Tx, *app.Grant) error { return nil })
	add("of a grant that was revoked", true, manifest, func(tx db.Tx, g *app.Grant) error {
		if err := activate(tx, g); err != nil {
			return err
		}
		_, _, err := apps.RevokeGrant(tx.Context(), tx, scope, g.ID, "", now, event.Cause{})
		return err
	})
	add("of an install that is paused", true, manifest, func(tx db.Tx, g *app.Grant) error {
		if err := activate(tx, g); err != nil {
			return err
		}
		_, err := apps.Pause(tx.Context(), tx, scope.MerchantID, g.InstallID, now, event.Cause{})
		return err
	})
	add("of an install that was removed and had its time", true, manifest, func(tx db.Tx, g *app.Grant) error {
		if err := activate(tx, g); err != nil {
			return err
		}
		_, err := apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: scope.MerchantID, InstallID: g.InstallID, Reason: app.RevokedByMerchant, Now: now})
		return err
	})
	return out
}

// consent installs a new app of the merchant in the scope, with everything it asks for.
func (m *matrix) consent(tx db.Tx, scope tenant.Scope, asks []app.Permission) (*app.Grant, error) {
	apps, now := m.services.Apps, m.clock.Now()
	made, _, err := apps.Create(tx.Context(), tx, app.CreateInput{Scope: m.a.Live.Scope, Name: "Other", RedirectURIs: []string{"https://app.test/done"},
		Manifest: asks, Versions: []string{httpapi.Version}, Now: now})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, p := range asks {
		ids = append(ids, p.ID)
	}
	_, g, err := apps.Consent(tx.Context(), tx, app.ConsentInput{App: made, Scope: scope, UserID: "user_1", Holder: auth.AllScopes(), PermissionIDs: ids, Now: now})
	return g, err
}
