package oauth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
)

func TestACodeGivesTokensOfItsGrant(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		code, g := r.consent(t, challenge)
		tokens, err := r.redeem(oauth.RedeemInput{Code: code, Verifier: verifier})
		if err != nil {
			t.Fatal(err)
		}
		if tokens.ExpiresIn != time.Hour || tokens.Family.GrantID != g.ID || tokens.InstallID != g.InstallID || tokens.Scopes != g.Scopes ||
			!strings.HasPrefix(tokens.Access.Reveal(), "fpat_v1.") || !strings.HasPrefix(tokens.Refresh.Reveal(), "fprt_") || !strings.HasPrefix(code, "fpac_") {
			t.Fatalf("%+v", tokens)
		}
		p, err := r.oauth.Authenticate(t.Context(), "", tokens.Access.Reveal())
		if err != nil || p.Kind != auth.InstallToken || p.Scope != r.scope() || p.AppID != r.app.ID || p.GrantID != g.ID || p.ID != g.InstallID ||
			p.APIVersion != "2026-09-07" || p.ActorType() != "app" || p.ActorID() != r.app.ID || p.Scopes != g.Scopes || !p.ExpiresAt.Equal(start.Add(time.Hour)) {
			t.Errorf("%+v, %v", p, err)
		}
		stored := r.stored(t)
		for _, secret := range []string{code, tokens.Access.Reveal(), tokens.Refresh.Reveal()} {
			if strings.Contains(stored, secret[12:]) {
				t.Errorf("%s… lies in a table", secret[:5])
			}
		}
	})
}

func TestCodeUsedTwiceRevokesWhatItGave(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		code, _ := r.consent(t, "")
		tokens, err := r.redeem(oauth.RedeemInput{Code: code})
		if err != nil {
			t.Fatal(err)
		}
		next, err := r.refresh(oauth.RefreshInput{Token: tokens.Refresh.Reveal()})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.redeem(oauth.RedeemInput{Code: code})
		refused(t, err, "invalid_grant")
		if r.works(tokens) || r.works(next) || r.reused != 1 {
			t.Errorf("the tokens still work, told %d times", r.reused)
		}
		_, err = r.refresh(oauth.RefreshInput{Token: next.Refresh.Reveal()})
		refused(t, err, "invalid_grant")
	})
}

func TestCodeRacedByTwoCallsGivesOneFamilyAtMost(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		code, _ := r.consent(t, "")
		var wg sync.WaitGroup
		got := make([]*oauth.Tokens, 8)
		for i := range got {
			wg.Go(func() { got[i], _ = r.redeem(oauth.RedeemInput{Code: code}) })
		}
		wg.Wait()
		given := 0
		for _, tokens := range got {
			if tokens == nil {
				continue
			}
			given++
			if r.works(tokens) {
				t.Error("tokens of a code that came several times still work")
			}
		}
		if given > 1 {
			t.Errorf("%d calls were given tokens", given)
		}
	})
}

func TestCodesAreBound(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		cases := map[string]struct {
			challenge string
			in        oauth.RedeemInput
			after     time.Duration
		}{
			"swap to another client":       {in: oauth.RedeemInput{Client: r.other}},
			"another redirect URI":         {in: oauth.RedeemInput{RedirectURI: callback + "?shop=1"}},
			"redirect URI in another case": {in: oauth.RedeemInput{RedirectURI: "https://APP.example/cb"}},
			"after a minute":               {after: time.Minute},
			"PKCE without verifier":        {challenge: challenge},
			"PKCE with a wrong verifier":   {challenge: challenge, in: oauth.RedeemInput{Verifier: strings.Repeat("a", 43)}},
			"PKCE plain":                   {challenge: challenge, in: oauth.RedeemInput{Verifier: challenge}},
			"PKCE short verifier":          {challenge: challenge, in: oauth.RedeemInput{Verifier: "abc"}},
			"PKCE downgrade":               {in: oauth.RedeemInput{Verifier: verifier}},
		}
		for name, c := range cases {
			code, _ := r.consent(t, c.challenge)
			r.later(c.after)
			c.in.Code = code
			_, err := r.redeem(c.in)
			t.Log(name)
			refused(t, err, "invalid_grant")
			if c.after == 0 {
				right := oauth.RedeemInput{Code: code}
				if c.challenge != "" {
					right.Verifier = verifier
				}
				if _, err := r.redeem(right); err != nil {
					t.Errorf("%s: the right client cannot use its code any more: %v", name, err)
				}
			}
		}
		for _, code := range []string{"", "fpac_", "fpac_" + strings.Repeat("a", 43)} {
			_, err := r.redeem(oauth.RedeemInput{Code: code})
			refused(t, err, "invalid_grant")
		}
	})
}

func TestPublicClientCannotRedeemACode(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		code, _ := r.consent(t, "")
		_, err := r.redeem(oauth.RedeemInput{Client: &oauth.Client{ID: oauth.ClientCLI}, Code: code})
		refused(t, err, "unauthorized_client")
	})
}
