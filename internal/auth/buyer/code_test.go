package buyer_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/idempotency"
)

// run commits what a kept fault counted, as the surfaces do.
func run[T any](b *bench, f func(tx db.Tx) (T, error)) (out T, err error) {
	var kept error
	err = b.DB.Write(context.Background(), func(tx db.Tx) (err error) {
		kept = nil
		out, err = f(tx)
		if k := idempotency.Kept(err); k != nil {
			kept = k
			return nil
		}
		return err
	})
	if err == nil {
		err = kept
	}
	return out, err
}

func (b *bench) verify(address string) (*buyer.Verification, error) {
	return run(b, func(tx db.Tx) (*buyer.Verification, error) {
		return b.Verify(tx.Context(), tx, buyer.VerifyInput{Scope: scope, CustomerID: ann, Email: address})
	})
}

func (b *bench) confirm(verificationID, typed string) error {
	_, err := run(b, func(tx db.Tx) (*buyer.Verification, error) {
		return b.ConfirmVerification(tx.Context(), tx, scope, verificationID, typed)
	})
	return err
}

func (b *bench) redeem(customerID, verificationID string) error {
	_, err := run(b, func(tx db.Tx) (string, error) { return b.Redeem(tx.Context(), tx, scope, customerID, verificationID) })
	return err
}

func TestVerification(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		b.guest["guest@buyer.test"] = true
		want := func(what, codeWanted string, err error) {
			t.Helper()
			if code(err) != codeWanted {
				t.Errorf("%s: %q, want %q", what, code(err), codeWanted)
			}
		}
		v, err := b.verify("guest@buyer.test")
		if err != nil || b.last() == "" || v.Confirmed {
			t.Fatalf("begun: %+v %v", v, err)
		}
		_, err = b.verify("GUEST@buyer.test")
		want("at once again", "CUSTOMER_VERIFICATION_RATE_LIMITED", err)
		want("not confirmed", "CUSTOMER_VERIFICATION_NOT_CONFIRMED", b.redeem(ann, v.ID))
		right := b.last()
		want("wrong", "CUSTOMER_VERIFICATION_CODE_INVALID", b.confirm(v.ID, wrong(right)))
		want("right, with spaces", "", b.confirm(v.ID, right[:3]+" "+right[3:]))
		want("right again", "CUSTOMER_VERIFICATION_USED", b.confirm(v.ID, right))
		want("another customer's", "CUSTOMER_VERIFICATION_CUSTOMER_MISMATCH", b.redeem("cus_01J11111111111111111111111", v.ID))
		b.clock.Set(b.clock.Now().Add(14 * time.Minute))
		want("in time", "", b.redeem(ann, v.ID))
		want("twice", "CUSTOMER_VERIFICATION_USED", b.redeem(ann, v.ID))

		v, err = b.verify("guest@buyer.test")
		if err != nil {
			t.Fatal(err)
		}
		right = b.last()
		for range buyer.CodeTries {
			want("wrong", "CUSTOMER_VERIFICATION_CODE_INVALID", b.confirm(v.ID, wrong(right)))
		}
		want("right, too late", "CUSTOMER_VERIFICATION_EXPIRED", b.confirm(v.ID, right))

		mails := len(b.sent)
		b.clock.Set(b.clock.Now().Add(time.Minute))
		if v, err = b.verify("nobody@buyer.test"); err != nil || len(b.sent) != mails {
			t.Errorf("an address without purchases: %v, %d mails", err, len(b.sent)-mails)
		}
		b.clock.Set(b.clock.Now().Add(buyer.CodeLife))
		want("ended", "CUSTOMER_VERIFICATION_EXPIRED", b.confirm(v.ID, "000000"))
		for n := range 30 {
			b.clock.Set(b.clock.Now().Add(time.Minute))
			if _, err = b.verify(strings.Repeat("x", n+1) + "@buyer.test"); err != nil {
				break
			}
		}
		want("too many in a day", "CUSTOMER_VERIFICATION_LIMIT_REACHED", err)
	})
}

// TestOneCodeOpensOnce lets the same right code come many times at once.
func TestOneCodeOpensOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		b.guest["guest@buyer.test"] = true
		v, err := b.verify("guest@buyer.test")
		if err != nil {
			t.Fatal(err)
		}
		pending, err := b.BeginSignIn(t.Context(), buyer.SignInInput{Scope: scope, Email: annTo})
		if err != nil {
			t.Fatal(err)
		}
		confirmed, signedIn := 0, 0
		var mu sync.Mutex
		var wait sync.WaitGroup
		first, second := b.sent[0].Code.Reveal(), b.sent[1].Code.Reveal()
		for range 4 {
			wait.Go(func() {
				if b.confirm(v.ID, first) == nil {
					mu.Lock()
					confirmed++
					mu.Unlock()
				}
			})
			wait.Go(func() {
				if _, _, err := b.SignIn(context.Background(), scope, pending.Reveal(), second); err == nil {
					mu.Lock()
					signedIn++
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		if confirmed != 1 || signedIn != 1 {
			t.Errorf("one code confirmed %d times, another signed in %d times", confirmed, signedIn)
		}
	})
}

func TestSignInTellsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		pending, err := b.BeginSignIn(t.Context(), buyer.SignInInput{Scope: scope, Email: "nobody@buyer.test"})
		if err != nil || len(b.sent) != 0 {
			t.Fatalf("an unknown address: %v, %d mails", err, len(b.sent))
		}
		for n := range buyer.CodeTries {
			_, _, err := b.SignIn(t.Context(), scope, pending.Reveal(), "123456")
			if last := n == buyer.CodeTries-1; last != errors.Is(err, buyer.ErrCodeEnded) || !last && !errors.Is(err, buyer.ErrCodeWrong) {
				t.Errorf("try %d: %v", n, err)
			}
		}
		for range 7 { // five an hour are mailed, and the answer stays the same
			b.clock.Set(b.clock.Now().Add(time.Minute))
			if _, err = b.BeginSignIn(t.Context(), buyer.SignInInput{Scope: scope, Email: annTo}); err != nil {
				t.Fatal(err)
			}
		}
		if len(b.sent) != 5 {
			t.Errorf("%d mails to one address within minutes, want 5", len(b.sent))
		}
		b.clock.Set(b.clock.Now().Add(time.Hour))
		if pending, err = b.BeginSignIn(t.Context(), buyer.SignInInput{Scope: scope, Email: annTo}); err != nil {
			t.Fatal(err)
		}
		cookie, login, err := b.SignIn(t.Context(), scope, pending.Reveal(), b.last())
		if err != nil || login.CustomerID != ann {
			t.Fatalf("signed in: %+v %v", login, err)
		}
		if _, err := b.Login(t.Context(), "test_b", cookie.Reveal()); !errors.Is(err, buyer.ErrNoLogin) {
			t.Errorf("the cookie at another shop: %v", err)
		}
		got, err := b.Login(t.Context(), scope.EnvironmentID, cookie.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		if err := b.SignOut(t.Context(), got); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Login(t.Context(), scope.EnvironmentID, cookie.Reveal()); !errors.Is(err, buyer.ErrNoLogin) {
			t.Errorf("the cookie after signing out: %v", err)
		}
	})
}

func TestEntriesAndLinks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		address, err := run(b, func(tx db.Tx) (string, error) {
			address, _, err := b.AccountURL(tx, scope, ann)
			return address, err
		})
		if err != nil {
			t.Fatal(err)
		}
		token := address[strings.LastIndexByte(address, '/')+1:]
		won := 0
		var mu sync.Mutex
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if _, _, err := b.Enter(context.Background(), token); err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				}
			})
		}
		wait.Wait()
		if won != 1 {
			t.Errorf("an account_url let %d in", won)
		}
		var id string
		link, err := run(b, func(tx db.Tx) (string, error) {
			l, url, err := b.CreateLink(tx.Context(), tx, buyer.LinkInput{Scope: scope, OrderID: "ord_01J00000000000000000000000", CustomerID: ann})
			if err != nil {
				return "", err
			}
			id = l.ID
			return url.Reveal(), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		token = strings.TrimPrefix(link, "https://flint.test/o/")
		cookie := ""
		for range buyer.LinkOpens {
			if cookie, _, err = b.Open(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := b.Open(t.Context(), token); !errors.Is(err, buyer.ErrLink) {
			t.Errorf("opened once more than allowed: %v", err)
		}
		if l, err := b.Opened(t.Context(), id, cookie); err != nil || l.OrderID != "ord_01J00000000000000000000000" {
			t.Errorf("the browser that opened it: %v", err)
		}
		if _, err := b.Opened(t.Context(), "olnk_01J00000000000000000000000", cookie); !errors.Is(err, buyer.ErrLink) {
			t.Errorf("the cookie of another link: %v", err)
		}
		b.clock.Set(b.clock.Now().Add(buyer.LinkStay))
		if _, err := b.Opened(t.Context(), id, cookie); !errors.Is(err, buyer.ErrLink) {
			t.Errorf("the cookie after its time: %v", err)
		}
		if _, err := run(b, func(tx db.Tx) (int, error) { return 0, b.EndCustomer(tx, scope, ann, buyer.EndErased) }); err != nil {
			t.Fatal(err)
		}
		b.clock.Set(b.clock.Now().Add(400 * 24 * time.Hour))
		if n, err := run(b, func(tx db.Tx) (int64, error) { return buyer.Purge(tx, b.clock.Now(), 100) }); err != nil || n == 0 {
			t.Errorf("purged %d, %v", n, err)
		}
	})
}
