package oauth_test

import (
	"strings"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/secret"
	"flint/internal/tenant"
)

func (r *rig) authenticate(id, password string) error {
	return r.try(func(tx db.Tx) error { _, err := r.oauth.AuthenticateClient(tx, id, password); return err })
}

func TestClientsProveThemselves(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		if err := r.authenticate(r.app.ClientID, r.secret); err != nil {
			t.Error(err)
		}
		for name, c := range map[string][2]string{
			"no secret":                 {r.app.ClientID, ""},
			"wrong secret":              {r.app.ClientID, "fps_" + strings.Repeat("a", 43)},
			"secret of another":         {r.other.ID, r.secret},
			"unknown client":            {"fpc_nobody", r.secret},
			"no client":                 {"", ""},
			"the command line's secret": {oauth.ClientCLI, r.secret},
			"the app's id":              {r.app.ID, r.secret},
			"the stored hash":           {r.app.ClientID, secret.Hash(r.secret)},
		} {
			t.Log(name)
			refused(t, r.authenticate(c[0], c[1]), "invalid_client")
		}
	})
}

func TestBothSecretsAreGoodWhileTheyRotate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		var fresh string
		r.write(t, func(tx db.Tx) error {
			_, text, err := r.apps.RotateSecret(tx.Context(), tx, tenant.Scope{MerchantID: r.app.MerchantID, EnvironmentID: "menv_x"}, r.app.ID, r.now())
			fresh = text.Reveal()
			return err
		})
		first := r.install(t)
		for _, s := range []string{r.secret, fresh} {
			if err := r.authenticate(r.app.ClientID, s); err != nil {
				t.Errorf("in the overlap: %v", err)
			}
		}
		r.later(app.SecretOverlap)
		refused(t, r.authenticate(r.app.ClientID, r.secret), "invalid_client")
		if err := r.authenticate(r.app.ClientID, fresh); err != nil {
			t.Error(err)
		}
		if _, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()}); err != nil {
			t.Errorf("a rotation of the secret ended the tokens: %v", err)
		}
	})
}

func (r *rig) introspect(t *testing.T, c *oauth.Client, token string) (in *oauth.Introspection) {
	t.Helper()
	r.write(t, func(tx db.Tx) (err error) { in, err = r.oauth.Introspect(tx, c, token, r.now()); return err })
	return in
}

func TestIntrospectionByAnotherClientTellsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.install(t)
		for _, token := range []string{tokens.Access.Reveal(), tokens.Refresh.Reveal()} {
			if in := r.introspect(t, r.client, token); in == nil || in.InstallID != tokens.InstallID || in.Scopes != tokens.Scopes {
				t.Errorf("the owner learns %+v", in)
			}
			if in := r.introspect(t, r.other, token); in != nil {
				t.Errorf("another client learns %+v", in)
			}
			refused(t, r.try(func(tx db.Tx) error {
				_, err := r.oauth.Introspect(tx, &oauth.Client{ID: oauth.ClientCLI}, token, r.now())
				return err
			}), "invalid_client")
		}
		if r.introspect(t, r.client, "fpat_v1.nothing") != nil {
			t.Error("an unknown token is active")
		}
		next, err := r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()})
		if err != nil {
			t.Fatal(err)
		}
		if r.introspect(t, r.client, tokens.Refresh.Reveal()) != nil {
			t.Error("a spent refresh token is active")
		}
		r.write(t, func(tx db.Tx) error {
			_, err := r.apps.Pause(tx.Context(), tx, r.shop.Merchant.ID, tokens.InstallID, r.now(), event.Cause{})
			return err
		})
		if r.introspect(t, r.client, next.Access.Reveal()) != nil {
			t.Error("a token is active in a pause")
		}
	})
}

func TestRevocationByAnotherClientChangesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.install(t)
		revoke := func(c *oauth.Client, token string) {
			r.write(t, func(tx db.Tx) error { return r.oauth.Revoke(tx.Context(), tx, c, token, r.now()) })
		}
		for _, c := range []*oauth.Client{r.other, {ID: oauth.ClientCLI}} {
			revoke(c, tokens.Access.Reveal())
			revoke(c, tokens.Refresh.Reveal())
		}
		revoke(r.client, "fprt_unknown")
		if !r.works(tokens) {
			t.Fatal("a stranger revoked a token")
		}
		revoke(r.client, tokens.Access.Reveal())
		if r.works(tokens) {
			t.Error("the token still works")
		}
		next, err := r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()})
		if err != nil || !r.works(next) {
			t.Errorf("revoking an access token took more along: %v", err)
		}
		revoke(r.client, next.Refresh.Reveal())
		revoke(r.client, next.Refresh.Reveal())
		if r.works(next) {
			t.Error("revoking a refresh token left its family alive")
		}
	})
}

func TestPurgeTakesWhatIsOverAndNothingElse(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t)
		second, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
		if err != nil {
			t.Fatal(err)
		}
		purge := func() (n int64) {
			r.write(t, func(tx db.Tx) (err error) { n, err = oauth.Purge(tx, r.now(), 100); return err })
			return n
		}
		if n := purge(); n != 0 {
			t.Errorf("%d rows that are in use went", n)
		}
		r.later(60 * 24 * time.Hour)
		if n := purge(); n != 3 {
			t.Errorf("%d rows went, want the two access tokens and the spent refresh token", n)
		}
		if _, err := r.refresh(oauth.RefreshInput{Token: second.Refresh.Reveal()}); err != nil {
			t.Error(err)
		}
		r.later(oauth.IdleLifetime + 31*24*time.Hour)
		purge()
		var n int64
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&n}, `SELECT (SELECT COUNT(*) FROM oauth_tokens) + (SELECT COUNT(*) FROM oauth_token_families) + (SELECT COUNT(*) FROM oauth_codes)`)
		}); err != nil || n != 0 {
			t.Errorf("%d rows stay for good, %v", n, err)
		}
	})
}
