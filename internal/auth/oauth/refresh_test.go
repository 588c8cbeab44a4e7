package oauth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
)

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t)
		second, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
		if err != nil {
			t.Fatal(err)
		}
		if second.Refresh == first.Refresh || second.Access == first.Access || second.InstallID != first.InstallID || second.Scopes != first.Scopes || second.ExpiresIn != time.Hour {
			t.Errorf("%+v", second)
		}
		if !r.works(first) || !r.works(second) {
			t.Error("an access token ends with the refresh; callers under way would fail")
		}
		if strings.Contains(r.stored(t), second.Refresh.Reveal()[10:]) {
			t.Error("the successor lies in a table in the clear")
		}
		r.later(time.Hour)
		if r.works(second) {
			t.Error("an access token works after its hour")
		}
	})
}

func TestFiftyRefreshersOfOneTokenGetOneSuccessor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t)
		var wg sync.WaitGroup
		got, errs := make([]*oauth.Tokens, 50), make([]error, 50)
		for i := range got {
			wg.Go(func() { got[i], errs[i] = r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()}) })
		}
		wg.Wait()
		for i := range got {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if got[i].Refresh != got[0].Refresh || got[i].Access != got[0].Access {
				t.Fatal("two successors")
			}
		}
		if r.reused != 0 || !r.works(got[0]) {
			t.Error("callers who share a token count as thieves")
		}
		var n int64
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM oauth_tokens WHERE kind = 'refresh'`)
		}); err != nil || n != 2 {
			t.Errorf("%d refresh tokens, %v", n, err)
		}
	})
}

func TestRefreshTokenUsedAgainRevokesTheFamily(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		cases := map[string]func(r *rig, second *oauth.Tokens){
			"after the window": func(r *rig, _ *oauth.Tokens) { r.later(oauth.RetryWindow) },
			"after its successor was used": func(r *rig, second *oauth.Tokens) {
				if _, err := r.refresh(oauth.RefreshInput{Token: second.Refresh.Reveal()}); err != nil {
					t.Fatal(err)
				}
			},
		}
		r := newRig(t, d)
		for name, wait := range cases {
			told := r.reused
			first := r.install(t)
			second, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
			if err != nil {
				t.Fatal(err)
			}
			wait(r, second)
			_, err = r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal(), Scope: "no.such.scope"})
			t.Log(name)
			refused(t, err, "invalid_grant")
			if r.works(first) || r.works(second) {
				t.Error("the thief's or the owner's tokens still work")
			}
			_, err = r.refresh(oauth.RefreshInput{Token: second.Refresh.Reveal()})
			refused(t, err, "invalid_grant")
			if r.reused != told+1 {
				t.Errorf("the reuse was told %d times", r.reused-told)
			}
		}
		if !strings.Contains(r.journal.String(), `"app_id":"`+r.app.ID) {
			t.Error("the log does not name the app")
		}
	})
}

func TestLostAnswerOfARefreshCanBeAskedForAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t)
		second, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
		if err != nil {
			t.Fatal(err)
		}
		r.later(oauth.RetryWindow - time.Second)
		again, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
		if err != nil || again.Refresh != second.Refresh || again.Access != second.Access || again.ExpiresIn != time.Hour-29*time.Second {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

func TestScopeNarrowsAndNeverGrows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t, "orders")
		for _, more := range []string{"customers.read", "commerce.orders.read customers.read", "payments.disputes.read", "nothing.known", " "} {
			_, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal(), Scope: more})
			refused(t, err, "invalid_scope")
		}
		second, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal(), Scope: "commerce.orders.read"})
		if err != nil || second.Scopes != auth.ScopesOf("commerce.orders.read") {
			t.Fatalf("%+v, %v", second, err)
		}
		p, err := r.oauth.Authenticate(t.Context(), "", second.Access.Reveal())
		if err != nil || p.Scopes.Has("commerce.orders.write") {
			t.Errorf("%v, %v", p.Scopes.Names(), err)
		}
		wide, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal(), Scope: "commerce.orders.read commerce.orders.write"})
		if err != nil || wide.Refresh != second.Refresh || wide.Access == second.Access {
			t.Errorf("within the window with other scopes: %v", err)
		}
		third, err := r.refresh(oauth.RefreshInput{Token: second.Refresh.Reveal()})
		if err != nil || third.Scopes != first.Scopes {
			t.Errorf("the next refresh has lost what was granted: %v, %v", third, err)
		}
	})
}

func TestTokenNeverDoesMoreThanItsGrantNow(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t)
		r.consent(t, "", "orders") // the merchant takes the customers back
		p, err := r.oauth.Authenticate(t.Context(), "", first.Access.Reveal())
		if err != nil || p.Scopes.Has("customers.read") || !p.Scopes.Has("commerce.orders.write") {
			t.Errorf("%v, %v", p.Scopes.Names(), err)
		}
		r.consent(t, "", "orders", "customers", "hooks")
		next, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
		if err != nil || next.Scopes.Has("webhooks.write") {
			t.Errorf("an old family grew with a new consent: %v, %v", next, err)
		}
	})
}

func TestTwoClientsSwapRefreshTokens(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		first := r.install(t)
		for _, client := range []*oauth.Client{r.other, {ID: oauth.ClientCLI}} {
			_, err := r.refresh(oauth.RefreshInput{Client: client, Token: first.Refresh.Reveal()})
			refused(t, err, "invalid_grant")
		}
		_, err := r.refresh(oauth.RefreshInput{Token: first.Access.Reveal()})
		refused(t, err, "invalid_grant")
		if _, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()}); err != nil || r.reused != 0 {
			t.Errorf("a stranger's try harmed the family: %v", err)
		}
	})
}

func TestFamiliesEndWithTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		idle := r.install(t)
		r.later(oauth.IdleLifetime)
		_, err := r.refresh(oauth.RefreshInput{Token: idle.Refresh.Reveal()})
		refused(t, err, "invalid_grant")

		tokens, born := r.install(t), r.now()
		for r.now().Add(80 * 24 * time.Hour).Before(born.Add(oauth.FamilyLifetime)) {
			r.later(80 * 24 * time.Hour)
			if tokens, err = r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()}); err != nil {
				t.Fatalf("after %v: %v", r.now().Sub(born), err)
			}
		}
		r.clock.Set(born.Add(oauth.FamilyLifetime))
		_, err = r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()})
		refused(t, err, "invalid_grant")
	})
}

func TestAnAppKeepsABoundedNumberOfFamilies(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		var all []*oauth.Tokens
		for range 22 {
			r.later(time.Second)
			all = append(all, r.install(t))
		}
		if r.works(all[0]) || r.works(all[1]) || !r.works(all[2]) || !r.works(all[21]) {
			t.Error("the newest 20 families of a grant are alive")
		}
	})
}

// raced runs an end of the install against refreshes and then wants nothing to work.
func raced(t *testing.T, r *rig, first *oauth.Tokens, end func(tx db.Tx) error) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	given := []*oauth.Tokens{first}
	for range 6 {
		wg.Go(func() {
			token := first.Refresh.Reveal()
			for range 4 {
				tokens, err := r.refresh(oauth.RefreshInput{Token: token})
				if err != nil {
					return
				}
				mu.Lock()
				given = append(given, tokens)
				mu.Unlock()
				if tokens.Refresh.Reveal() == "" {
					return
				}
				token = tokens.Refresh.Reveal()
			}
		})
	}
	wg.Go(func() {
		if err := r.try(end); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	for _, tokens := range given {
		p, err := r.oauth.Authenticate(t.Context(), "", tokens.Access.Reveal())
		if err == nil && p.Scopes.Has("commerce.orders.read") {
			t.Error("a token came out of the race alive")
		}
		if tokens.Refresh.Reveal() == "" {
			continue
		}
		if next, err := r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()}); err == nil && next.Refresh.Reveal() != "" {
			t.Error("a refresh token came out of the race alive")
		}
	}
}

func TestRevocationAgainstRefresh(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		for range 3 {
			first := r.install(t)
			raced(t, r, first, func(tx db.Tx) error {
				return r.oauth.Revoke(tx.Context(), tx, r.client, first.Refresh.Reveal(), r.now())
			})
		}
	})
}

func TestUninstallAgainstRefresh(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		for range 3 {
			first := r.install(t)
			raced(t, r, first, func(tx db.Tx) error {
				_, err := r.apps.RevokeInstall(tx.Context(), tx, app.RevokeInput{MerchantID: r.shop.Merchant.ID, InstallID: first.InstallID,
					Reason: app.RevokedByMerchant, Now: r.now(), Cause: event.Cause{ActorType: "user", ActorID: r.user}})
				return err
			})
		}
	})
}
