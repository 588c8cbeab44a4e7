package onboarding_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/merchant"
	"flint/internal/onboarding"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

type rig struct {
	*onboarding.Service
	db    db.DB
	clock *clock.Fixed
	mails []onboarding.Mail
}

func newRig(d db.DB) *rig {
	r := &rig{db: d, clock: clock.NewFixed(start)}
	ids := id.NewSource(r.clock)
	keys := auth.NewService(d, r.clock, ids, slog.New(slog.DiscardHandler))
	r.Service = onboarding.NewService(onboarding.Options{DB: d, Clock: r.clock, IDs: ids, Keys: keys, Merchants: merchant.NewService(ids, keys.RevokeEnvironment),
		Key: bytes.Repeat([]byte{1}, 32), APIVersion: "2026-09-07", Demo: true, Limited: true,
		Send: func(_ context.Context, m onboarding.Mail) error { r.mails = append(r.mails, m); return nil }})
	return r
}

var code = regexp.MustCompile(`\b\d{6}\b`)

// begin starts and returns token and code.
func (r *rig) begin(t *testing.T, email string) (token, digits string) {
	t.Helper()
	out, err := r.Start(t.Context(), onboarding.StartInput{Email: email, FirstName: "Robin", LastName: "Doe", Address: netip.MustParseAddr("192.0.2.1"), Now: r.clock.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return out.Token.Reveal(), code.FindString(r.mails[len(r.mails)-1].Text)
}

// verify runs in a transaction like the surface's: a kept fault commits.
func (r *rig) verify(t *testing.T, token, digits, merchantID string) (v onboarding.Verified, failed error) {
	t.Helper()
	err := r.db.Write(t.Context(), func(tx db.Tx) error {
		v, failed = r.Verify(t.Context(), tx, onboarding.VerifyInput{Token: token, Code: digits, MerchantID: merchantID, Now: r.clock.Now()})
		if idempotency.Kept(failed) != nil {
			return nil
		}
		return failed
	})
	if failed == nil && err != nil {
		t.Fatal(err)
	}
	return v, failed
}

func want(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%v, want %s", err, code)
	}
}

func TestFromAnAddressToAKey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(d)
		token, digits := r.begin(t, "Robin@shop.test")
		v, err := r.verify(t, token, digits, "")
		if err != nil || !v.Created || v.Merchant.Email != "Robin@shop.test" || v.Scope.Mode() != tenant.ModeTest {
			t.Fatalf("%+v, %v", v, err)
		}
		_, err = r.verify(t, token, digits, "")
		want(t, err, "VERIFICATION_ALREADY_USED")

		p, err := r.Authenticate(t.Context(), "", v.Token.Reveal())
		if err != nil || p.Scope != v.Scope || !p.Scopes.Has("developer.sandboxes.write") || p.Scopes.Has("payments.disputes.read") {
			t.Fatalf("%+v, %v", p, err)
		}
		_, err = r.Authenticate(t.Context(), "", v.Token.Reveal()+"x")
		want(t, err, "INVALID_ONBOARDING_SESSION")

		firstKey := func(scopes ...string) (text secret.Text, failed error) {
			_ = d.Write(t.Context(), func(tx db.Tx) error {
				_, text, failed = r.FirstKey(t.Context(), tx, onboarding.FirstKeyInput{Caller: p, Name: "First", Scopes: scopes, Now: r.clock.Now()})
				return failed
			})
			return text, failed
		}
		_, err = firstKey("risk.read")
		want(t, err, "INVALID_BOOTSTRAP_SCOPES")
		text, err := firstKey()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Keys.Authenticate(t.Context(), "", text.Reveal()); err != nil {
			t.Error(err)
		}
		_, err = firstKey()
		want(t, err, "INITIAL_API_KEY_ALREADY_CREATED")

		// The same person comes again and finds the same merchant.
		token, digits = r.begin(t, "robin@shop.test")
		again, err := r.verify(t, token, digits, "")
		if err != nil || again.Created || again.Merchant.ID != v.Merchant.ID || again.User.ID != v.User.ID {
			t.Errorf("%+v, %v", again, err)
		}
		r.clock.Set(r.clock.Now().Add(onboarding.SessionLife))
		_, err = r.Authenticate(t.Context(), "", v.Token.Reveal())
		want(t, err, "INVALID_ONBOARDING_SESSION")
		r.clock.Set(r.clock.Now().Add(48 * time.Hour))
		if n, err := r.Purge(t.Context(), 10); n != 2 || err != nil {
			t.Errorf("%d removed, %v", n, err)
		}
	})
}

func TestCodes(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(d)
		token, digits := r.begin(t, "a@shop.test")
		wrong := "000000"
		if digits == wrong {
			wrong = "000001"
		}
		other, _ := r.begin(t, "b@shop.test")
		_, err := r.verify(t, other, digits, "") // somebody else's code
		want(t, err, "INVALID_VERIFICATION")
		_, err = r.verify(t, "flint_onbv_nonsense", digits, "")
		want(t, err, "INVALID_VERIFICATION")
		for range onboarding.MaxTries {
			_, err := r.verify(t, token, wrong, "")
			want(t, err, "INVALID_VERIFICATION")
		}
		_, err = r.verify(t, token, digits, "")
		want(t, err, "VERIFICATION_ATTEMPTS_EXCEEDED")
		token, digits = r.begin(t, "a@shop.test")
		r.clock.Set(r.clock.Now().Add(onboarding.VerificationLife))
		_, err = r.verify(t, token, digits, "")
		want(t, err, "INVALID_VERIFICATION")

		var rows []string
		err = d.Read(t.Context(), func(tx db.Tx) error {
			return tx.Query(func(row db.Row) error {
				var a, b string
				err := row.Scan(&a, &b)
				rows = append(rows, a, b)
				return err
			}, `SELECT token_hash, code_hash FROM platform_onboarding_verifications`)
		})
		if all := strings.Join(rows, " "); err != nil || strings.Contains(all, token) || strings.Contains(all, " "+digits+" ") {
			t.Errorf("the table shows %s, %v", all, err)
		}
	})
}

func TestStartsAreLimited(t *testing.T) {
	t.Parallel()
	r := newRig(dbtest.Open(t, db.SQLite))
	try := func(email, address string) error {
		_, err := r.Start(t.Context(), onboarding.StartInput{Email: email, FirstName: "R", LastName: "D", Address: netip.MustParseAddr(address), Now: r.clock.Now()})
		return err
	}
	for range 4 {
		if err := try("a@shop.test", "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
	want(t, try("A@shop.test", "192.0.2.2"), "RATE_LIMIT_EXCEEDED") // one mailbox, from anywhere
	var err error
	for n := 0; n < 30 && err == nil; n++ {
		err = try(strings.Repeat("x", n+1)+"@shop.test", "2001:db8::1")
	}
	want(t, err, "RATE_LIMIT_EXCEEDED") // one client, to anywhere
	want(t, try("new@shop.test", "2001:db8::2"), "RATE_LIMIT_EXCEEDED")
	for in, code := range map[onboarding.StartInput]string{
		{Email: "nobody", FirstName: "R", LastName: "D"}: "INVALID_EMAIL_FORMAT", {Email: "a@b.test", LastName: "D"}: "FIRST_NAME_REQUIRED",
		{Email: "a@b.test", FirstName: "R"}: "LAST_NAME_REQUIRED",
	} {
		_, err := r.Start(t.Context(), in)
		want(t, err, code)
	}
}

// Who works for several merchants chooses, with the same code.
func TestSeveralMerchants(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(d)
		var ids []string
		err := d.Write(t.Context(), func(tx db.Tx) error {
			ids = nil
			for range 2 {
				m, err := r.Merchants.Create(t.Context(), tx, merchant.CreateInput{Email: "x@shop.test", BusinessName: "Shop", APIVersion: "2026-09-07", Now: start})
				if err != nil {
					return err
				}
				ids = append(ids, m.Merchant.ID)
				for _, email := range []string{"first@shop.test", "both@shop.test"} { // the first one is the owner
					if _, err := r.Keys.CreateUser(t.Context(), tx, auth.CreateUserInput{MerchantID: m.Merchant.ID, Email: email, Role: "viewer",
						Password: secret.NewText("correct horse battery"), Now: start}); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		token, digits := r.begin(t, "both@shop.test")
		_, err = r.verify(t, token, digits, "")
		want(t, err, "MERCHANT_SELECTION_REQUIRED")
		if f := fault.Of(err); f == nil || len(f.Extra["selectable_merchants"].([]onboarding.Selectable)) != 2 {
			t.Errorf("the choice is %+v", f)
		}
		_, err = r.verify(t, token, digits, "mer_other")
		want(t, err, "INVALID_MERCHANT_SELECTION")
		v, err := r.verify(t, token, digits, ids[1])
		if err != nil || v.Merchant.ID != ids[1] || v.Created {
			t.Fatalf("%+v, %v", v, err)
		}
		// A viewer's session reads, and makes no key.
		p, err := r.Authenticate(t.Context(), "", v.Token.Reveal())
		if err != nil || p.Scopes.Has("developer.sandboxes.write") || !p.Scopes.Has("developer.sandboxes.read") {
			t.Errorf("%v, %v", p.Scopes.Names(), err)
		}
		err = d.Write(t.Context(), func(tx db.Tx) error {
			_, _, err := r.FirstKey(t.Context(), tx, onboarding.FirstKeyInput{Caller: p, Name: "x", Now: start})
			return err
		})
		want(t, err, "ONBOARDING_DIRECT_OWNER_REQUIRED")
	})
}

func TestAdvance(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(d)
		token, digits := r.begin(t, "a@shop.test")
		v, err := r.verify(t, token, digits, "")
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Authenticate(t.Context(), "", v.Token.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		advance := func(in onboarding.AdvanceInput) (s onboarding.State, failed error) {
			in.Caller, in.Now = p, r.clock.Now()
			_ = d.Write(t.Context(), func(tx db.Tx) error {
				s, failed = r.Advance(t.Context(), tx, in)
				return failed
			})
			return s, failed
		}
		s, err := advance(onboarding.AdvanceInput{})
		if err != nil || s.Status != onboarding.StatusReadyForKey || len(s.Missing) != 4 {
			t.Errorf("%+v, %v", s, err)
		}
		for code, in := range map[string]onboarding.AdvanceInput{
			"COUNTRY_NOT_SUPPORTED": {Country: "DE"}, "INVALID_COUNTRY": {Country: "usa"}, "EMPTY_CAPABILITY_SET": {Capabilities: []string{}},
			"CAPABILITY_DEPENDENCY_REQUIRED": {Capabilities: []string{"receive_payouts"}}, "INVALID_WEBSITE_URL": {WebsiteURL: new("javascript:1")},
			"DUPLICATE_CAPABILITY": {Capabilities: []string{"receive_payouts", "accept_card_payments", "receive_payouts"}}, "RESOURCE_NOT_FOUND": {SandboxID: "test_other"},
		} {
			_, err := advance(in)
			want(t, err, code)
		}
		both := []string{"receive_payouts", "accept_card_payments"}
		if _, err := advance(onboarding.AdvanceInput{Country: "US", Capabilities: both, WebsiteURL: new("https://shop.test"), SupportEmail: new("help@shop.test")}); err != nil {
			t.Fatal(err)
		}
		_, err = advance(onboarding.AdvanceInput{Capabilities: append(both, "accept_ach_debit_payments")})
		want(t, err, "CAPABILITIES_IMMUTABLE")
		err = d.Write(t.Context(), func(tx db.Tx) error {
			_, _, err := r.FirstKey(t.Context(), tx, onboarding.FirstKeyInput{Caller: p, Name: "x", Now: start})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if s, err := advance(onboarding.AdvanceInput{}); err != nil || s.Status != onboarding.StatusComplete || len(s.Steps()) != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestDemoSessions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(d)
		in := onboarding.DemoInput{Address: netip.MustParseAddr("192.0.2.1")}
		run := func(f func(context.Context, db.Tx, onboarding.DemoInput) (onboarding.Demo, error), in onboarding.DemoInput) (out onboarding.Demo, failed error) {
			in.Now = r.clock.Now()
			_ = d.Write(t.Context(), func(tx db.Tx) error {
				out, failed = f(t.Context(), tx, in)
				return failed
			})
			return out, failed
		}
		works := func(demo onboarding.Demo) bool {
			_, err := r.Keys.Authenticate(t.Context(), "", demo.Secret.Reveal())
			return err == nil
		}
		first, err := run(r.OpenDemo, in)
		if err != nil || !works(first) {
			t.Fatal(err)
		}
		_, err = run(r.OpenDemo, in)
		want(t, err, "ACTIVE_DEMO_SESSION_EXISTS")
		other, err := run(r.OpenDemo, onboarding.DemoInput{Address: netip.MustParseAddr("192.0.2.2"), Template: "blank"})
		if err != nil || other.Scope.EnvironmentID == first.Scope.EnvironmentID {
			t.Error(err)
		}
		_, err = run(r.OpenDemo, onboarding.DemoInput{Template: "castle"})
		want(t, err, "INVALID_TEMPLATE")
		second, err := run(r.ResetDemo, in)
		if err != nil || works(first) || !works(second) || !works(other) {
			t.Errorf("after a reset: %v", err)
		}
		r.clock.Set(r.clock.Now().Add(onboarding.DemoLife))
		if works(second) {
			t.Error("a key outlives its session")
		}
		if n, err := r.EndDemos(t.Context(), 10); n != 2 || err != nil {
			t.Errorf("%d ended, %v", n, err)
		}
		if _, err := run(r.OpenDemo, in); err != nil {
			t.Error(err)
		}
		r.Demo = false
		_, err = run(r.OpenDemo, in)
		want(t, err, "DEMO_SESSIONS_UNAVAILABLE")
	})
}
