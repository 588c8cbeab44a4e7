package httpapi_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/httpapi"
	"flint/internal/server"
)

// later is how far behind the making of its credentials the matrix runs.
const later = 2 * time.Hour

// newTokens is the service of real tokens, wired the way the server does.
func newTokens(s *shop, d db.DB, a *httpapi.API) *oauth.Service {
	out := oauth.New(oauth.Service{DB: d, Clock: a.Clock, IDs: a.IDs, Log: slog.New(slog.DiscardHandler), Box: s.services.Webhooks.Box, Key: []byte("the key of user codes of a test"),
		Apps: s.services.Apps, Issuer: "https://flint.test", Holder: func(tx db.Tx, merchantID, userID string) (auth.ScopeSet, error) {
			role, err := auth.Role(tx, merchantID, userID)
			if f := fault.Of(err); f != nil && f.Class == fault.ClassForbidden {
				return auth.ScopeSet{}, nil
			}
			return auth.RoleScopes(role), err
		}})
	s.services.Apps.OnWindDown = append(s.services.Apps.OnWindDown, out.EndGrant)
	s.services.Apps.OnRevoke = append(s.services.Apps.OnRevoke, out.EndGrant)
	return out
}

func (m *matrix) write(t *testing.T, what string, f func(tx db.Tx) error) {
	t.Helper()
	if err := m.db.Write(context.Background(), f); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// installed installs a new app in home and redeems its code for real tokens.
func (m *matrix) installed(tx db.Tx, asks []app.Permission) (*oauth.Client, *app.Grant, *oauth.Tokens, error) {
	scope, now := m.home.scope, m.clock.Now()
	g, err := m.consent(tx, scope, asks)
	if err != nil {
		return nil, nil, nil, err
	}
	made, err := app.Get(tx, g.OwnerID, g.AppID)
	if err != nil {
		return nil, nil, nil, err
	}
	client := &oauth.Client{ID: made.ClientID, App: made}
	code, err := m.services.OAuth.IssueCode(tx.Context(), tx, oauth.CodeInput{App: made, Grant: g, UserID: "user_1", RedirectURI: made.RedirectURIs[0], Now: now})
	if err != nil {
		return nil, nil, nil, err
	}
	tokens, err := m.services.OAuth.Redeem(tx.Context(), tx, oauth.RedeemInput{Client: client, Code: code.Reveal(), RedirectURI: made.RedirectURIs[0], Now: now,
		Cause: event.Cause{ActorType: "app", ActorID: made.ID}})
	return client, g, tokens, err
}

// realTokens are tokens of internal/auth/oauth of apps that home installed.
func realTokens(t *testing.T, m *matrix) (out []credential) {
	t.Helper()
	apps, scope := m.services.Apps, m.home.scope
	add := func(c credential, asks []app.Permission, then func(tx db.Tx, client *oauth.Client, g *app.Grant, tokens *oauth.Tokens) error) {
		t.Helper()
		m.write(t, c.name, func(tx db.Tx) error {
			client, g, tokens, err := m.installed(tx, asks)
			if err != nil {
				return err
			}
			c.key, c.scopes = tokens.Access.Reveal(), tokens.Scopes
			if then != nil {
				err = then(tx, client, g, tokens)
			}
			switch c.name {
			case "a refresh token as an access token":
				c.key = tokens.Refresh.Reveal()
			case "a refresh token in an access token's clothes":
				c.key = auth.PrefixInstallToken + strings.TrimPrefix(tokens.Refresh.Reveal(), oauth.PrefixRefresh)
			}
			return err
		})
		out = append(out, c)
	}
	const invalid = "INVALID_PARTNER_TOKEN"
	add(credential{name: "an expired token", dead: true, code: invalid}, manifest, nil)
	now := m.clock.Now()
	m.clock.Set(now.Add(later))
	defer m.clock.Set(now)
	at := m.clock.Now()
	narrow := []app.Permission{{ID: "links", Title: "Links", Description: "Read payment links.", Scopes: []string{"checkouts.payment_links.read"}}}
	add(credential{name: "a real token"}, manifest, nil)
	add(credential{name: "a real token of one scope"}, narrow, nil)
	revoke := func(text func(*oauth.Tokens) string) func(db.Tx, *oauth.Client, *app.Grant, *oauth.Tokens) error {
		return func(tx db.Tx, client *oauth.Client, _ *app.Grant, tokens *oauth.Tokens) error {
			return m.services.OAuth.Revoke(tx.Context(), tx, client, text(tokens), at)
		}
	}
	add(credential{name: "a token that its client revoked", dead: true, code: invalid}, manifest, revoke(func(k *oauth.Tokens) string { return k.Access.Reveal() }))
	add(credential{name: "a token whose refresh token its client revoked", dead: true, code: invalid}, manifest,
		revoke(func(k *oauth.Tokens) string { return k.Refresh.Reveal() }))
	add(credential{name: "a token of a paused install", dead: true, status: 403, code: "APP_INSTALL_PAUSED"}, manifest,
		func(tx db.Tx, _ *oauth.Client, g *app.Grant, _ *oauth.Tokens) error {
			_, err := apps.Pause(tx.Context(), tx, scope.MerchantID, g.InstallID, at, event.Cause{})
			return err
		})
	remove := func(tx db.Tx, g *app.Grant) error {
		_, err := apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: scope.MerchantID, InstallID: g.InstallID, Reason: app.RevokedByMerchant, Now: at})
		return err
	}
	add(credential{name: "a token from before the install was removed", dead: true, code: invalid}, manifest,
		func(tx db.Tx, _ *oauth.Client, g *app.Grant, _ *oauth.Tokens) error { return remove(tx, g) })
	cleanup := credential{name: "a cleanup token of a removed install", cleanup: true}
	m.write(t, cleanup.name, func(tx db.Tx) error {
		_, g, _, err := m.installed(tx, manifest)
		if err != nil {
			return err
		}
		if err := remove(tx, g); err != nil {
			return err
		}
		g, install, err := app.GetGrant(tx, scope, g.ID)
		if err != nil {
			return err
		}
		token, err := m.services.OAuth.CleanupToken(tx, *g, *install, install.CleanupUntil)
		cleanup.key, cleanup.scopes = token.Reveal(), g.CleanupScopes()
		return err
	})
	out = append(out, cleanup)
	add(credential{name: "a refresh token as an access token", dead: true}, manifest, nil)
	add(credential{name: "a refresh token in an access token's clothes", dead: true, code: invalid}, manifest, nil)
	return out
}

// cliTokens are tokens of the command line for home's people.
func cliTokens(t *testing.T, m *matrix) (out []credential) {
	t.Helper()
	client, scope := &oauth.Client{ID: oauth.ClientCLI}, m.home.scope
	sign := func(name, userID string) (credential, *oauth.Tokens) {
		t.Helper()
		c := credential{name: "a command line " + name}
		var tokens *oauth.Tokens
		m.write(t, c.name, func(tx db.Tx) error {
			now := m.clock.Now()
			dev, err := m.services.OAuth.StartDevice(tx.Context(), tx, oauth.DeviceInput{Client: client, Now: now})
			if err != nil {
				return err
			}
			if err := m.services.OAuth.ApproveDevice(tx.Context(), tx, oauth.ApproveInput{UserCode: dev.UserCode, UserID: userID, Scope: scope,
				Scopes: auth.AllScopes(), Now: now}); err != nil {
				return err
			}
			tokens, err = m.services.OAuth.Poll(tx.Context(), tx, oauth.PollInput{Client: client, Code: dev.Code.Reveal(), Now: now})
			return err
		})
		c.key, c.scopes = tokens.Access.Reveal(), tokens.Scopes
		return c, tokens
	}
	dead := func(c credential) { c.dead, c.code = true, "INVALID_OAUTH_TOKEN"; out = append(out, c) }
	owner, reader, leaver := m.ownerID, m.user(t, m.a, "cli-viewer@a.test", "viewer"), m.user(t, m.a, "leaver@a.test", "admin")
	expired, _ := sign("whose token expired", owner)
	dead(expired)
	now := m.clock.Now()
	m.clock.Set(now.Add(later))
	defer m.clock.Set(now)
	good, _ := sign("of an owner", owner)
	few, _ := sign("of a viewer", reader)
	out = append(out, good, few)
	revoked, tokens := sign("that signed out", owner)
	m.write(t, "sign out", func(tx db.Tx) error {
		return m.services.OAuth.Revoke(tx.Context(), tx, client, tokens.Refresh.Reveal(), m.clock.Now())
	})
	dead(revoked)
	gone, _ := sign("of somebody whose membership ended", leaver)
	m.want(t, 200, m.call(t, "DELETE", "/v1/organizations/"+m.home.ids["organization_id"]+"/memberships/"+leaver, m.a.live, ""))
	dead(gone)
	refresh, tokens := sign("with its refresh token", owner)
	refresh.key = auth.PrefixCLIToken + strings.TrimPrefix(tokens.Refresh.Reveal(), oauth.PrefixCLIRefresh)
	dead(refresh)
	return out
}

// verified looks, at the matrix's time, that what is called good opens something with just its scopes and
// that what is called dead opens nothing: a token that is refused for another reason proves nothing.
func (m *matrix) verified(t *testing.T) {
	t.Helper()
	for _, c := range m.creds {
		if c.kind&(auth.InstallToken|auth.CLIToken|auth.OnboardingSession|auth.CustomerSession) == 0 {
			continue
		}
		p, err := m.api.Verify[c.kind](t.Context(), "", c.key)
		if c.dead != (err != nil) || err == nil && p.Scopes != c.scopes {
			t.Errorf("%s: %v of %v, %v; want %v", c.name, p.Kind, p.Scopes.Names(), err, c.scopes.Names())
		}
	}
}

// TestEveryKindIsInTheMatrix: what the real server lets in anywhere, by a row or by a verifier, has
// credentials in the matrix, and the rig verifies what the server does.
func TestEveryKindIsInTheMatrix(t *testing.T) {
	t.Parallel()
	engine := dbtest.Engines(t)[0]
	real, err := server.Open(t.Context(), server.Config{Database: dbtest.OpenURL(t, engine), DataDir: t.TempDir(), Clock: clock.NewFixed(start)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := real.Close(); err != nil {
			t.Error(err)
		}
	})
	rig := newShop(t, dbtest.Open(t, engine)).api.Verify
	for _, r := range httpapi.Routes() {
		for bit := range 16 {
			if kind := auth.Kind(1 << bit); r.By&kind != 0 && !slices.Contains(kindsOf(credentialKinds), kind) {
				t.Errorf("%s accepts %s, of which the matrix has none", r.ID, kind)
			}
		}
	}
	if len(real.API.Verify) < 5 {
		t.Fatalf("the server verifies %d kinds: this test has gone blind", len(real.API.Verify))
	}
	for kind := range real.API.Verify {
		if credentialKinds[kind].make == nil {
			t.Errorf("the server lets in a %s, of which the matrix has none: credentialKinds needs a make for it", kind)
		}
		if rig[kind] == nil {
			t.Errorf("the matrix's rig does not verify a %s", kind)
		}
	}
}

func kindsOf[V any](all map[auth.Kind]V) (out []auth.Kind) {
	for kind := range all {
		out = append(out, kind)
	}
	return out
}
