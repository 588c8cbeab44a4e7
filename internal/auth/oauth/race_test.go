package oauth_test

import (
	"testing"

	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
)

// TestRace15CodeTwice: of many who bring one code one is given tokens at most, and these end with the
// second use.
func TestRace15CodeTwice(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		flinttest.Rounds(t, func(width int) {
			code, _ := r.consent(t, "")
			got := make([]*oauth.Tokens, width)
			errs := flinttest.Race(width, func(k int) (err error) {
				got[k], err = r.redeem(oauth.RedeemInput{Code: code})
				return err
			})
			given := 0
			for k, err := range errs {
				if err != nil {
					refused(t, err, "invalid_grant")
					continue
				}
				if given++; r.works(got[k]) {
					t.Error("tokens of a code that came several times work")
				}
				_, err := r.refresh(oauth.RefreshInput{Token: got[k].Refresh.Reveal()})
				refused(t, err, "invalid_grant")
			}
			if given != 1 {
				t.Errorf("%d of %d were given tokens", given, width)
			}
		})
	})
}

// TestRace15RefreshTwice: callers who share a refresh token get one successor and nobody counts as a thief;
// once the successor was used the old token ends them all.
func TestRace15RefreshTwice(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rounds := 0
		flinttest.Rounds(t, func(width int) {
			first := r.install(t)
			got := make([]*oauth.Tokens, width)
			errs := flinttest.Race(width, func(k int) (err error) {
				got[k], err = r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
				return err
			})
			for k, err := range errs {
				if err != nil {
					t.Fatal(err)
				}
				if got[k].Refresh != got[0].Refresh {
					t.Fatal("two successors of one refresh token")
				}
			}
			if r.reused != rounds || !r.works(got[0]) {
				t.Fatal("callers who share a token count as thieves")
			}
			next, err := r.refresh(oauth.RefreshInput{Token: got[0].Refresh.Reveal()})
			if err != nil {
				t.Fatal(err)
			}
			errs = flinttest.Race(width, func(int) error {
				_, err := r.refresh(oauth.RefreshInput{Token: first.Refresh.Reveal()})
				return err
			})
			for _, err := range errs {
				refused(t, err, "invalid_grant")
			}
			if rounds++; r.reused != rounds || r.works(next) || r.works(got[0]) {
				t.Fatalf("a token used again: %d reports after %d rounds", r.reused, rounds)
			}
		})
	})
}
