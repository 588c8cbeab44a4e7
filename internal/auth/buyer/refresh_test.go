package buyer_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/auth/buyer"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/idempotency"
)

// exchange is one refresh that had an answer: which token it spent under which key, and the answer.
type exchange struct {
	token, key     string
	secret, result string
}

// TestTheRefreshFamily plays a session against its rules: any holder of any of its tokens comes with any
// key at any time, and at every moment at most one secret works.
func TestTheRefreshFamily(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		rapid.Check(t, func(t *rapid.T) { playFamily(t, b) })
	})
}

func playFamily(t *rapid.T, b *bench) {
	write := func(f func(tx db.Tx) error) error {
		var kept error
		err := b.DB.Write(context.Background(), func(tx db.Tx) error {
			kept = nil
			err := f(tx)
			if k := idempotency.Kept(err); k != nil {
				kept = k
				return nil
			}
			return err
		})
		if err == nil {
			err = kept
		}
		return err
	}
	var made *buyer.Issued
	if err := write(func(tx db.Tx) (err error) {
		made, err = b.Create(tx.Context(), tx, buyer.CreateInput{Scope: scope, CustomerID: ann, Seconds: 3600, RefreshSeconds: 7200})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	secrets, tokens := []string{made.Secret.Reveal()}, []string{made.Refresh.Reveal()}
	var done []exchange
	dead, bornAt, secretAt := "", b.clock.Now(), b.clock.Now()
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		switch rapid.IntRange(0, 9).Draw(t, "step") {
		case 0:
			b.clock.Set(b.clock.Now().Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute))
		case 1:
			if rapid.IntRange(0, 4).Draw(t, "revoke") == 0 && dead == "" {
				if err := write(func(tx db.Tx) error {
					_, err := b.Revoke(tx.Context(), tx, scope, made.Session.ID)
					return err
				}); err != nil {
					t.Fatal(err)
				}
				dead = "CUSTOMER_SESSION_REFRESH_EXPIRED"
			}
		default:
			at := rapid.IntRange(0, len(tokens)-1).Draw(t, "token")
			if rapid.Bool().Draw(t, "newest") {
				at = len(tokens) - 1
			}
			key := fmt.Sprint("k", rapid.IntRange(0, 3).Draw(t, "key"))
			want, again := expected(done, tokens, at, key, dead, b.clock.Now().Sub(bornAt))
			var out *buyer.Issued
			err := write(func(tx db.Tx) (err error) {
				out, err = b.Refresh(tx.Context(), tx, buyer.RefreshInput{Token: tokens[at], Key: key})
				return err
			})
			if code(err) != want {
				t.Fatalf("token %d of %d with %s: %q, want %q", at, len(tokens), key, code(err), want)
			}
			switch {
			case want == "CUSTOMER_SESSION_REFRESH_REUSED":
				dead = want
			case err == nil && again != nil:
				if out.Secret.Reveal() != again.secret || out.Refresh.Reveal() != again.result {
					t.Fatal("a repetition got another answer")
				}
			case err == nil:
				done = append(done, exchange{tokens[at], key, out.Secret.Reveal(), out.Refresh.Reveal()})
				secrets, tokens = append(secrets, out.Secret.Reveal()), append(tokens, out.Refresh.Reveal())
				bornAt, secretAt = b.clock.Now(), b.clock.Now()
			}
		}
		for n, s := range secrets {
			p, err := b.Authenticate(context.Background(), "", s)
			live := dead == "" && n == len(secrets)-1 && b.clock.Now().Sub(secretAt) < time.Hour
			if live != (err == nil) || err == nil && p.SubjectID != ann {
				t.Fatalf("secret %d of %d: %v, want it to work: %v", n, len(secrets), err, live)
			}
		}
	}
}

// expected is what the rules say of a refresh, and the exchange it repeats.
func expected(done []exchange, tokens []string, at int, key, dead string, age time.Duration) (string, *exchange) {
	if dead != "" {
		return dead, nil
	}
	if at < len(tokens)-1 { // spent
		if at == len(tokens)-2 && done[len(done)-1].key == key {
			return "", &done[len(done)-1]
		}
		return "CUSTOMER_SESSION_REFRESH_REUSED", nil
	}
	if age >= 2*time.Hour {
		return "CUSTOMER_SESSION_REFRESH_EXPIRED", nil
	}
	for _, x := range done {
		if x.key == key {
			return "IDEMPOTENCY_KEY_REUSED", nil
		}
	}
	return "", nil
}
