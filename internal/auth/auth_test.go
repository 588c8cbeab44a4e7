package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var now = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

var sandbox = tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}

func service(d db.DB) (*auth.Service, *clock.Fixed) {
	c := clock.NewFixed(now)
	return auth.NewService(d, c, id.NewSource(c), slog.New(slog.DiscardHandler)), c
}

func mint(t *testing.T, d db.DB, s *auth.Service, in auth.CreateKeyInput) (k auth.Key, token string) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx db.Tx) error {
		var text secret.Text
		var err error
		k, text, err = s.CreateKey(t.Context(), tx, in)
		token = text.Reveal()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return k, token
}

func TestScopes(t *testing.T) {
	t.Parallel()
	if n := len(auth.Scopes()); n != 95 || auth.AllScopes().Len() != 95 || len(auth.AllScopes().Names()) != 95 {
		t.Errorf("%d scopes, want 95", n)
	}
	writer := auth.ScopesOf("customers.write", "nothing.known")
	for need, want := range map[string]bool{"customers.write": true, "customers.read": true, "commerce.orders.read": false, "customers.sessions.write": false} {
		if writer.Has(need) != want {
			t.Errorf("a writer of customers and %s: %v", need, !want)
		}
	}
	if auth.ScopesOf("customers.read").Has("customers.write") {
		t.Error("reading implies writing")
	}
	if writer.Contains(auth.ScopesOf("customers.read")) {
		t.Error("a scope can be handed on that is not held by name")
	}
	any, all := auth.AnyOf("customers.read", "reports.read"), auth.AllOf("customers.read", "reports.read")
	if got := any.Missing(writer); got != nil {
		t.Errorf("any: %v", got)
	}
	if got := all.Missing(writer); len(got) != 1 || got[0] != "reports.read" {
		t.Errorf("all: %v", got)
	}
	if got := any.Missing(auth.ScopeSet{}); len(got) != 2 {
		t.Errorf("any of nothing: %v", got)
	}
	if !(auth.Need{}).Empty() || (auth.Need{}).Missing(auth.ScopeSet{}) != nil {
		t.Error("the zero need asks for something")
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, c := service(d)
		k, token := mint(t, d, s, auth.CreateKeyInput{Scope: sandbox, Name: "k", Scopes: []string{"customers.read"}, ExpiresAt: now.Add(time.Hour), Now: now})
		p, err := s.Authenticate(t.Context(), "", token)
		if err != nil || p.Scope != sandbox || p.ID != k.ID || p.SandboxID() != "test_1" || p.Scopes.Names()[0] != "customers.read" {
			t.Fatalf("%+v, %v", p, err)
		}
		for _, bad := range []string{"", "x", token + "a", token[:53] + "!", strings.Replace(token, "test", "live", 1), " " + token[1:]} {
			if _, err := s.Authenticate(t.Context(), "", bad); !fault.Is(err, "INVALID_API_KEY") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		var stored string
		if err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.QueryRow([]any{&stored}, `SELECT secret_hash || name || key_prefix || scopes FROM api_keys`)
		}); err != nil || strings.Contains(stored, token[20:]) {
			t.Errorf("the secret is in the table: %v", err)
		}
		c.Set(now.Add(time.Hour))
		if _, err := s.Authenticate(t.Context(), "", token); !fault.Is(err, "API_KEY_EXPIRED") {
			t.Errorf("at its end: %v", err)
		}
	})
}

func TestRevocationIsSeenAtOnceHereAndSoonElsewhere(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		here, c := service(d)
		there := auth.NewService(d, c, id.NewSource(c), slog.New(slog.DiscardHandler))
		k, token := mint(t, d, here, auth.CreateKeyInput{Scope: sandbox, Name: "k", Scopes: []string{"customers.read"}, Now: now})
		for _, s := range []*auth.Service{here, there} {
			if _, err := s.Authenticate(t.Context(), "", token); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := here.RevokeKey(t.Context(), tx, "mer_1", "", k.ID, now)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := here.Authenticate(t.Context(), "", token); !fault.Is(err, "API_KEY_REVOKED") {
			t.Errorf("in the process that revoked it: %v", err)
		}
		c.Set(now.Add(auth.CacheTTL))
		if _, err := there.Authenticate(t.Context(), "", token); !fault.Is(err, "API_KEY_REVOKED") {
			t.Errorf("in another process after the cache's time: %v", err)
		}
	})
}

func TestRolledBackRevocationHasNoEffect(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, _ := service(d)
		k, token := mint(t, d, s, auth.CreateKeyInput{Scope: sandbox, Name: "k", Scopes: []string{"customers.read"}, Now: now})
		stop := errors.New("stop")
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			if _, err := s.RevokeKey(t.Context(), tx, "mer_1", "", k.ID, now); err != nil {
				return err
			}
			return stop
		}); !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(t.Context(), "", token); err != nil {
			t.Error(err)
		}
	})
}

func TestKeysOfOtherMerchantsAreOutOfReach(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, _ := service(d)
		k, _ := mint(t, d, s, auth.CreateKeyInput{Scope: sandbox, Name: "k", Scopes: []string{"customers.read"}, Now: now})
		for _, where := range [][2]string{{"mer_2", ""}, {"mer_1", "test_2"}, {"", ""}} {
			err := d.Write(t.Context(), func(tx db.Tx) error {
				_, err := s.RevokeKey(context.Background(), tx, where[0], where[1], k.ID, now)
				return err
			})
			if !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("from %v: %v", where, err)
			}
		}
	})
}

func TestLastUseIsWrittenOncePerMinute(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, c := service(d)
		k, token := mint(t, d, s, auth.CreateKeyInput{Scope: sandbox, Name: "k", Scopes: []string{"customers.read"}, Now: now})
		used := func(at time.Time) time.Time {
			t.Helper()
			c.Set(at)
			if _, err := s.Authenticate(t.Context(), "", token); err != nil {
				t.Fatal(err)
			}
			if err := s.FlushUses(t.Context()); err != nil {
				t.Fatal(err)
			}
			var got auth.Key
			if err := d.Read(t.Context(), func(tx db.Tx) (err error) { got, err = s.GetKey(t.Context(), tx, "mer_1", "", k.ID); return err }); err != nil {
				t.Fatal(err)
			}
			return got.LastUsedAt
		}
		if got := used(now); !got.Equal(now) {
			t.Errorf("first use: %v", got)
		}
		if got := used(now.Add(30 * time.Second)); !got.Equal(now) {
			t.Errorf("half a minute later: %v", got)
		}
		later := now.Add(61 * time.Second)
		if got := used(later); !got.Equal(later) {
			t.Errorf("a minute later: %v", got)
		}
	})
}

func TestUsers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s, _ := service(d)
		in := auth.CreateUserInput{MerchantID: "mer_1", Email: "Ann@shop.test", Password: secret.NewText("correct horse battery"), Now: now}
		create := func() error {
			return d.Write(t.Context(), func(tx db.Tx) error { _, err := s.CreateUser(t.Context(), tx, in); return err })
		}
		if err := create(); err != nil {
			t.Fatal(err)
		}
		in.Email = "ann@shop.test"
		if err := create(); !fault.Is(err, "EMAIL_ALREADY_LINKED") {
			t.Errorf("the address again: %v", err)
		}
		users, err := s.VerifyPassword(t.Context(), "ANN@shop.test", secret.NewText("correct horse battery"))
		if err != nil || len(users) != 1 || users[0].MerchantID != "mer_1" {
			t.Errorf("%v, %v", users, err)
		}
		for email, password := range map[string]string{"ann@shop.test": "wrong horse battery", "bob@shop.test": "correct horse battery"} {
			if _, err := s.VerifyPassword(t.Context(), email, secret.NewText(password)); !fault.Is(err, "AUTHENTICATION_FAILED") {
				t.Errorf("%s: %v", email, err)
			}
		}
		in.Email, in.Password = "nobody", secret.NewText("short")
		if f := fault.Of(create()); f == nil || len(f.Details) != 2 {
			t.Errorf("two faults: %v", f)
		}
	})
}
