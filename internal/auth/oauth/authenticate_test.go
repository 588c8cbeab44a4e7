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
	"flint/internal/fault"
)

func TestEveryEndHoldsFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		cause := event.Cause{ActorType: "user"}
		ends := map[string]func(r *rig, tx db.Tx, tokens *oauth.Tokens) error{
			"revocation": func(r *rig, tx db.Tx, tokens *oauth.Tokens) error {
				return r.oauth.Revoke(tx.Context(), tx, r.client, tokens.Access.Reveal(), r.now())
			},
			"revocation of the refresh token": func(r *rig, tx db.Tx, tokens *oauth.Tokens) error {
				return r.oauth.Revoke(tx.Context(), tx, r.client, tokens.Refresh.Reveal(), r.now())
			},
			"removal of the grant": func(r *rig, tx db.Tx, tokens *oauth.Tokens) error {
				_, _, err := r.apps.RevokeGrant(tx.Context(), tx, r.scope(), tokens.Family.GrantID, r.user, r.now(), cause)
				return err
			},
			"removal of the app": func(r *rig, tx db.Tx, tokens *oauth.Tokens) error {
				_, err := r.apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: r.shop.Merchant.ID, InstallID: tokens.InstallID,
					Reason: app.RevokedByMerchant, Now: r.now(), Cause: cause})
				return err
			},
			"risk": func(r *rig, tx db.Tx, tokens *oauth.Tokens) error {
				_, err := r.apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: r.shop.Merchant.ID, InstallID: tokens.InstallID,
					Reason: app.RevokedByRisk, Now: r.now(), Cause: cause})
				return err
			},
		}
		r := newRig(t, d)
		for name, end := range ends {
			tokens := r.install(t)
			if !r.works(tokens) {
				t.Fatalf("%s: the token never worked", name)
			}
			r.write(t, func(tx db.Tx) error { return end(r, tx, tokens) })
			if _, err := r.oauth.Authenticate(t.Context(), "", tokens.Access.Reveal()); !fault.Is(err, "INVALID_PARTNER_TOKEN") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestPauseHoldsAndResumeLetsGo(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.install(t)
		r.write(t, func(tx db.Tx) error {
			_, err := r.apps.Pause(tx.Context(), tx, r.shop.Merchant.ID, tokens.InstallID, r.now(), event.Cause{})
			return err
		})
		if _, err := r.oauth.Authenticate(t.Context(), "", tokens.Access.Reveal()); !fault.Is(err, "APP_INSTALL_PAUSED") {
			t.Errorf("paused: %v", err)
		}
		next, err := r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()})
		if err != nil {
			t.Fatalf("a pause costs the app its refresh token: %v", err)
		}
		if _, err := r.oauth.Authenticate(t.Context(), "", next.Access.Reveal()); !fault.Is(err, "APP_INSTALL_PAUSED") {
			t.Errorf("a refreshed token in the pause: %v", err)
		}
		r.write(t, func(tx db.Tx) error {
			_, err := r.apps.Resume(tx.Context(), tx, r.shop.Merchant.ID, tokens.InstallID, r.now(), event.Cause{})
			return err
		})
		if !r.works(tokens) || !r.works(next) {
			t.Error("the tokens do not work after the pause")
		}
	})
}

func TestCleanupAfterAnUninstall(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.install(t, "orders", "hooks")
		r.write(t, func(tx db.Tx) error {
			_, err := r.apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: r.shop.Merchant.ID, InstallID: tokens.InstallID,
				Reason: app.RevokedByMerchant, Now: r.now()})
			return err
		})
		_, err := r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()})
		refused(t, err, "invalid_grant")
		if strings.Contains(r.stored(t), r.cleanup.Reveal()) {
			t.Error("the token lies in plain text")
		}
		cleanup := &oauth.Tokens{Access: r.cleanup}
		r.later(app.CleanupTime - time.Microsecond)
		p, err := r.oauth.Authenticate(t.Context(), "", cleanup.Access.Reveal())
		if err != nil || strings.Join(p.Scopes.Names(), " ") != "webhooks.read webhooks.write" || !p.CleanupOnly || !p.ExpiresAt.Equal(r.now().Add(time.Microsecond)) {
			t.Errorf("%+v, %v", p, err)
		}
		if r.works(tokens) {
			t.Error("the old token works too")
		}
		r.later(time.Microsecond)
		if r.works(cleanup) {
			t.Error("the clean-up token works after its time")
		}
	})
}

func TestCleanupEndsWithTheRemoval(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.install(t)
		r.write(t, func(tx db.Tx) error {
			_, err := r.apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: r.shop.Merchant.ID, InstallID: tokens.InstallID,
				Reason: app.RevokedByMerchant, Now: r.now()})
			return err
		})
		cleanup := &oauth.Tokens{Access: r.cleanup}
		if !r.works(cleanup) {
			t.Fatal("the clean-up token does not work")
		}
		r.write(t, func(tx db.Tx) error {
			i, err := r.apps.FinishRemoval(tx.Context(), tx, r.shop.Merchant.ID, tokens.InstallID, r.now())
			if err == nil && i.Removal.Removed["tokens"] != 1 {
				t.Errorf("the receipt says %v", i.Removal.Removed)
			}
			return err
		})
		if r.works(cleanup) {
			t.Error("the clean-up token outlives the removal")
		}
	})
}

func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.install(t)
		access := tokens.Access.Reveal()
		for _, bad := range []string{"", "fpat_v1.", access + "a", access[:len(access)-1], " " + access, strings.ToUpper(access), tokens.Refresh.Reveal(),
			"fpat_v1." + strings.Repeat("a", 43), access[:20] + "'" + access[21:]} {
			if _, err := r.oauth.Authenticate(t.Context(), "", bad); !fault.Is(err, "INVALID_PARTNER_TOKEN") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if _, err := r.oauth.AuthenticateCLI(t.Context(), "", access); !fault.Is(err, "INVALID_OAUTH_TOKEN") {
			t.Errorf("an app as the command line: %v", err)
		}
	})
}

func TestAnotherProcessSeesARevocationAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		tokens := r.install(t)
		there := oauth.New(oauth.Service{DB: d, Clock: r.clock, IDs: r.ids, Apps: r.apps})
		if _, err := there.Authenticate(t.Context(), "", tokens.Access.Reveal()); err != nil {
			t.Fatal(err)
		}
		r.write(t, func(tx db.Tx) error {
			return r.oauth.Revoke(tx.Context(), tx, r.client, tokens.Refresh.Reveal(), r.now())
		})
		if _, err := there.Authenticate(t.Context(), "", tokens.Access.Reveal()); !fault.Is(err, "INVALID_PARTNER_TOKEN") {
			t.Error(err)
		}
	})
}
