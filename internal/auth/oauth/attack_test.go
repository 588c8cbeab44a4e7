package oauth_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/merchant"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// rival is a second merchant who installs the same app, with a code of theirs.
func (r *rig) rival(t testing.TB) (scope tenant.Scope, code string) {
	t.Helper()
	r.write(t, func(tx db.Tx) error {
		made, err := merchant.NewService(r.ids).Create(tx.Context(), tx, merchant.CreateInput{Email: "b@shop.test", BusinessName: "Other", APIVersion: "2026-09-07", Now: r.now()})
		if err != nil {
			return err
		}
		scope = made.Sandbox.Scope
		_, g, err := r.apps.Consent(tx.Context(), tx, app.ConsentInput{App: r.app, Scope: scope, UserID: "user_b", Holder: auth.AllScopes(),
			PermissionIDs: []string{"orders"}, Now: r.now()})
		if err != nil {
			return err
		}
		text, err := r.oauth.IssueCode(tx.Context(), tx, oauth.CodeInput{App: r.app, Grant: g, UserID: "user_b", RedirectURI: callback, Challenge: challenge, Now: r.now()})
		code = text.Reveal()
		return err
	})
	return scope, code
}

// TestCodesSwappedBetweenMerchants: a code opens the environment of the merchant who approved it whoever
// brings it back, and not at all in a browser that did not begin it.
func TestCodesSwappedBetweenMerchants(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		mine, _ := r.consent(t, "")
		theirs, stolen := r.rival(t)
		_, err := r.redeem(oauth.RedeemInput{Code: stolen}) // injected into a session that has no verifier for it
		refused(t, err, "invalid_grant")
		got, err := r.redeem(oauth.RedeemInput{Code: stolen, Verifier: verifier})
		if err != nil {
			t.Fatal(err)
		}
		own, err := r.redeem(oauth.RedeemInput{Code: mine})
		if err != nil {
			t.Fatal(err)
		}
		for scope, tokens := range map[tenant.Scope]*oauth.Tokens{theirs: got, r.scope(): own} {
			p, err := r.oauth.Authenticate(t.Context(), "", tokens.Access.Reveal())
			if err != nil || p.Scope != scope {
				t.Errorf("a token of %v acts in %v, %v", scope, p.Scope, err)
			}
		}
		for _, context := range []string{r.scope().EnvironmentID, r.shop.Live.Scope.EnvironmentID} {
			next, err := r.refresh(oauth.RefreshInput{Token: got.Refresh.Reveal(), ContextID: context})
			if err == nil && next.Family.Scope != theirs {
				t.Errorf("a refresh moved to %v", next.Family.Scope)
			}
		}
	})
}

// TestEveryAnswerNamesItsIssuer: an app that talks to several servers can tell which of them answered
// (RFC 9207), on success, on a cancelled consent and on an error alike, and once only.
func TestEveryAnswerNamesItsIssuer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		in := r.link()
		in.RedirectURI, in.Challenge, in.ChallengeMethod = callback+"?shop=1", challenge, "S256"
		req, err := r.check(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Mode = "prod"
		_, err = r.check(in)
		wrong, ok := errors.AsType[*oauth.RedirectError](err)
		if !ok {
			t.Fatal(err)
		}
		code, _ := r.consent(t, challenge)
		for name, location := range map[string]string{"approved": req.Approved(secret.NewText(code)), "error": wrong.Location()} {
			at, err := url.Parse(location)
			if err != nil || len(at.Query()["iss"]) != 1 || at.Query().Get("iss") != "https://flint.test" || at.Query().Get("shop") != "1" || at.Query().Get("state") != "s-1" {
				t.Errorf("%s: %s", name, location)
			}
		}
	})
}

// TestWindDownNeverReachesFurther: what a removed install may still do is cleaning up, whatever it had and
// whatever it asks for, and not beyond its time.
func TestWindDownNeverReachesFurther(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t, "orders", "customers", "hooks")
		narrow, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal(), Scope: "commerce.orders.read"})
		if err != nil {
			t.Fatal(err)
		}
		r.write(t, func(tx db.Tx) error {
			_, err := r.apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: r.shop.Merchant.ID, InstallID: first.InstallID,
				Reason: app.RevokedByMerchant, Now: r.now(), Cause: event.Cause{ActorType: "user", ActorID: r.user}})
			return err
		})
		for _, asked := range []string{"", "commerce.orders.write", "customers.read webhooks.write"} {
			last, err := r.refresh(oauth.RefreshInput{Token: narrow.Refresh.Reveal(), Scope: asked})
			if err != nil {
				continue
			}
			p, err := r.oauth.Authenticate(t.Context(), "", last.Access.Reveal())
			if err != nil {
				t.Errorf("asked for %q: %v", asked, err)
			}
			for _, scope := range p.Scopes.Names() {
				if scope != "webhooks.read" && scope != "webhooks.write" {
					t.Errorf("asked for %q, a removed app holds %s", asked, scope)
				}
			}
			if last.Refresh.Reveal() != "" || last.ExpiresIn > app.CleanupTime {
				t.Errorf("asked for %q: a clean-up token that lasts %v", asked, last.ExpiresIn)
			}
		}
		r.later(app.CleanupTime - time.Second)
		late, err := r.refresh(oauth.RefreshInput{Token: narrow.Refresh.Reveal()})
		if err == nil && late.ExpiresIn > time.Second {
			t.Errorf("a clean-up token of the last second lasts %v", late.ExpiresIn)
		}
		r.later(time.Second)
		_, err = r.refresh(oauth.RefreshInput{Token: narrow.Refresh.Reveal()})
		refused(t, err, "invalid_grant")
		if late != nil && r.works(late) {
			t.Error("it outlives the time for cleaning up")
		}
	})
}
