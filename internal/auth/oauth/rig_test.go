package oauth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/merchant"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

const (
	callback = "https://app.example/cb"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
)

var challenge = func() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}()

// rig is a partner with an app, a second app of another partner, and a merchant who may install them.
type rig struct {
	db      db.DB
	clock   *clock.Fixed
	ids     *id.Source
	apps    *app.Service
	oauth   *oauth.Service
	app     *app.App
	secret  string
	client  *oauth.Client
	other   *oauth.Client // of another partner
	shop    merchant.Created
	user    string
	held    auth.ScopeSet // what the user may do; changed by tests
	reused  int
	cleanup secret.Text // the last that was made
	journal *bytes.Buffer
}

func newRig(t *testing.T, d db.DB, change ...func(*app.CreateInput)) *rig {
	t.Helper()
	r := &rig{db: d, clock: clock.NewFixed(start), held: auth.AllScopes(), journal: new(bytes.Buffer)}
	r.ids = id.NewSource(r.clock)
	log := slog.New(slog.NewJSONHandler(r.journal, nil))
	keys := auth.NewService(d, r.clock, r.ids, log)
	merchants := merchant.NewService(r.ids, keys.RevokeEnvironment)
	r.apps = &app.Service{DB: d, IDs: r.ids, Clock: r.clock, Events: &event.Log{IDs: r.ids}, Jobs: job.New(d, r.clock, r.ids, log)}
	box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	r.oauth = oauth.New(oauth.Service{DB: d, Clock: r.clock, IDs: r.ids, Log: log, Box: box, Key: bytes.Repeat([]byte{8}, 32), Apps: r.apps,
		Issuer: "https://flint.test", Holder: func(db.Tx, string, string) (auth.ScopeSet, error) { return r.held, nil },
		Reused: []func(db.Tx, oauth.Family, time.Time) error{func(db.Tx, oauth.Family, time.Time) error { r.reused++; return nil }}})
	r.apps.OnWindDown = append(r.apps.OnWindDown, r.oauth.EndGrant)
	r.apps.Box = box
	r.apps.CleanupToken = func(tx db.Tx, g app.Grant, i app.Install, until time.Time) (secret.Text, error) {
		text, err := r.oauth.CleanupToken(tx, g, i, until)
		r.cleanup = text
		return text, err
	}
	r.apps.OnRevoke = append(r.apps.OnRevoke, r.oauth.EndGrant)
	r.apps.Register()
	r.write(t, func(tx db.Tx) error {
		create := func(email string) (c merchant.Created, err error) {
			return merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: email, BusinessName: "Shop", APIVersion: "2026-09-07", Now: start})
		}
		owner, err := create("owner@app.test")
		if err != nil {
			return err
		}
		rival, err := create("rival@app.test")
		if err != nil {
			return err
		}
		if r.shop, err = create("a@shop.test"); err != nil {
			return err
		}
		user, err := keys.CreateUser(tx.Context(), tx, auth.CreateUserInput{MerchantID: r.shop.Merchant.ID, Email: "ann@shop.test",
			Password: secret.NewText("correct horse battery"), Now: start})
		if err != nil {
			return err
		}
		r.user = user.ID
		in := app.CreateInput{Scope: owner.Live.Scope, Name: "Loyalty", RedirectURIs: []string{callback, callback + "?shop=1", "http://localhost:3000/cb"},
			Manifest: []app.Permission{{ID: "orders", Title: "Orders", Description: "Read and change orders.", Scopes: []string{"commerce.orders.read", "commerce.orders.write"}},
				{ID: "customers", Title: "Customers", Description: "Read customers.", Scopes: []string{"customers.read"}, Optional: true},
				{ID: "hooks", Title: "Hooks", Description: "Be told.", Scopes: []string{"webhooks.write"}, Optional: true}},
			DefaultPermissions: []string{"orders", "customers"}, Versions: []string{"2026-09-07"}, Now: start}
		for _, f := range change {
			f(&in)
		}
		var text secret.Text
		if r.app, text, err = r.apps.Create(tx.Context(), tx, in); err != nil {
			return err
		}
		r.secret = text.Reveal()
		if r.client, err = r.oauth.AuthenticateClient(tx, r.app.ClientID, r.secret); err != nil {
			return err
		}
		in.Scope = rival.Live.Scope
		otherApp, text, err := r.apps.Create(tx.Context(), tx, in)
		if err != nil {
			return err
		}
		r.other, err = r.oauth.AuthenticateClient(tx, otherApp.ClientID, text.Reveal())
		return err
	})
	return r
}

func (r *rig) write(t testing.TB, f func(tx db.Tx) error) {
	t.Helper()
	if err := r.try(f); err != nil {
		t.Fatal(err)
	}
}

// try is what a surface does: refusals commit.
func (r *rig) try(f func(tx db.Tx) error) error {
	var refusal error
	err := r.db.Write(context.Background(), func(tx db.Tx) error {
		refusal = nil
		err := f(tx)
		if oauth.Refusal(err) != nil {
			refusal, err = err, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return refusal
}

func (r *rig) now() time.Time { return r.clock.Now() }

func (r *rig) later(d time.Duration) { r.clock.Set(r.now().Add(d)) }

func (r *rig) scope() tenant.Scope { return r.shop.Sandbox.Scope }

// consent installs the app and gives a code.
func (r *rig) consent(t testing.TB, challenge string, permissions ...string) (code string, g *app.Grant) {
	t.Helper()
	if len(permissions) == 0 {
		permissions = []string{"orders", "customers"}
	}
	r.write(t, func(tx db.Tx) error {
		var err error
		if _, g, err = r.apps.Consent(tx.Context(), tx, app.ConsentInput{App: r.app, Scope: r.scope(), UserID: r.user, Holder: auth.AllScopes(),
			PermissionIDs: permissions, Now: r.now()}); err != nil {
			return err
		}
		text, err := r.oauth.IssueCode(tx.Context(), tx, oauth.CodeInput{App: r.app, Grant: g, UserID: r.user, RedirectURI: callback, Challenge: challenge, Now: r.now()})
		code = text.Reveal()
		return err
	})
	return code, g
}

func (r *rig) redeem(in oauth.RedeemInput) (tokens *oauth.Tokens, err error) {
	if in.Client == nil {
		in.Client = r.client
	}
	if in.RedirectURI == "" {
		in.RedirectURI = callback
	}
	in.Now = r.now()
	err = r.try(func(tx db.Tx) (err error) { tokens, err = r.oauth.Redeem(tx.Context(), tx, in); return err })
	return tokens, err
}

// install gives the first tokens of a family.
func (r *rig) install(t testing.TB, permissions ...string) *oauth.Tokens {
	t.Helper()
	code, _ := r.consent(t, "", permissions...)
	tokens, err := r.redeem(oauth.RedeemInput{Code: code})
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func (r *rig) refresh(in oauth.RefreshInput) (tokens *oauth.Tokens, err error) {
	if in.Client == nil {
		in.Client = r.client
	}
	in.Now = r.now()
	err = r.try(func(tx db.Tx) (err error) { tokens, err = r.oauth.Refresh(tx.Context(), tx, in); return err })
	return tokens, err
}

func (r *rig) works(tokens *oauth.Tokens) bool {
	_, err := r.oauth.Authenticate(context.Background(), "", tokens.Access.Reveal())
	return err == nil
}

func refused(t testing.TB, err error, code string) {
	t.Helper()
	if f := oauth.Refusal(err); f == nil || f.Code != code {
		t.Errorf("got %v, want the refusal %s", err, code)
	}
}

// everything in the tables of this package, as one text, for a search for secrets.
func (r *rig) stored(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	if err := r.db.Read(context.Background(), func(tx db.Tx) error {
		for _, q := range []string{
			`SELECT code_hash || redirect_uri || challenge FROM oauth_codes`,
			`SELECT token_hash || parent_hash || successor || scopes FROM oauth_tokens`,
			`SELECT family_id || client_id || scopes FROM oauth_token_families`,
			`SELECT device_hash || user_code_hash || requested FROM oauth_devices`,
			`SELECT data FROM events`,
		} {
			if err := tx.Query(func(row db.Row) error {
				var v string
				err := row.Scan(&v)
				out.WriteString(v + "\n")
				return err
			}, q); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
