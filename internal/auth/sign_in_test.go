package auth_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/merchant"
	"flint/internal/secret"
)

// door is a service with merchants, whose users sign in.
type door struct {
	*auth.Service
	t     *testing.T
	d     db.DB
	clock *clock.Fixed
	mails []auth.CodeMail
}

func newDoor(t *testing.T, d db.DB) *door {
	t.Helper()
	s, c := service(d)
	o := &door{Service: s, t: t, d: d, clock: c}
	s.SendCode = func(_ db.Tx, m auth.CodeMail) error {
		o.mails = append(o.mails, m)
		return nil
	}
	return o
}

func eachDoor(t *testing.T, f func(t *testing.T, o *door)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) { f(t, newDoor(t, d)) })
}

const goodPassword = "correct horse battery"

// user makes a merchant with one user.
func (o *door) user(email, password string) auth.User {
	o.t.Helper()
	var u auth.User
	if err := o.d.Write(o.t.Context(), func(tx db.Tx) error {
		made, err := merchant.NewService(id.NewSource(o.clock)).Create(o.t.Context(), tx, merchant.CreateInput{Email: email, BusinessName: "Shop", APIVersion: "2026-09-07", Now: o.clock.Now()})
		if err != nil {
			return err
		}
		u, err = o.CreateUser(o.t.Context(), tx, auth.CreateUserInput{MerchantID: made.Merchant.ID, Email: email, Password: secret.NewText(password), Now: o.clock.Now()})
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
	return u
}

func (o *door) password(email, password string, from auth.Browser) (string, error) {
	token, err := o.SignInWithPassword(o.t.Context(), auth.PasswordInput{Email: email, Password: secret.NewText(password), From: from})
	return token.Reveal(), err
}

func (o *door) mustPassword(email, password string) string {
	o.t.Helper()
	token, err := o.password(email, password, auth.Browser{Agent: "Test", Address: "192.0.2.1"})
	if err != nil {
		o.t.Fatal(err)
	}
	return token
}

func (o *door) wait(d time.Duration) { o.clock.Set(o.clock.Now().Add(d)) }

// begin asks for a code and returns the browser's half and the mailed one.
func (o *door) begin(email, back string) (pending, code string) {
	o.t.Helper()
	before := len(o.mails)
	p, err := o.BeginCode(o.t.Context(), auth.BeginCodeInput{Email: email, Return: back, From: auth.Browser{Address: "192.0.2.1"}})
	if err != nil {
		o.t.Fatal(err)
	}
	if len(o.mails) == before {
		return p.Reveal(), ""
	}
	return p.Reveal(), o.mails[len(o.mails)-1].Code.Reveal()
}

func users(all []auth.User) []string {
	var out []string
	for _, u := range all {
		out = append(out, u.ID)
	}
	slices.Sort(out)
	return out
}

func TestSessionsEnd(t *testing.T) {
	eachDoor(t, func(t *testing.T, o *door) {
		u := o.user("ana@northwind.example", goodPassword)
		token := o.mustPassword("Ana@Northwind.example", goodPassword)
		for range 20 { // visits keep it alive, up to the absolute end
			o.wait(auth.SessionIdle - time.Minute)
			if _, _, err := o.Session(t.Context(), token); err != nil {
				if got := o.clock.Now().Sub(now); got < auth.SessionLife {
					t.Fatalf("ended after %s: %v", got, err)
				}
				break
			}
			if got := o.clock.Now().Sub(now); got >= auth.SessionLife {
				t.Fatalf("lives after %s", got)
			}
		}
		idle := o.mustPassword("ana@northwind.example", goodPassword)
		o.wait(auth.SessionIdle)
		if _, err := o.SessionUser(t.Context(), idle); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("an idle session: %v", err)
		}
		token = o.mustPassword("ana@northwind.example", goodPassword)
		got, all, err := o.Session(t.Context(), token)
		if err != nil || len(all) != 1 || all[0].ID != u.ID || !got.Recent(o.clock.Now()) || got.Recent(o.clock.Now().Add(auth.RecentFor)) {
			t.Errorf("%+v %+v %v", got, all, err)
		}
		if err := o.SignOut(t.Context(), got); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{token, "", "flint_us_", token + "x"} {
			if _, _, err := o.Session(t.Context(), bad); !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("a session that is none: %v", err)
			}
		}
		o.wait(auth.SessionLife)
		if err := o.d.Write(t.Context(), func(tx db.Tx) error { return auth.PurgeSignIns(tx, o.clock.Now()) }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSignInRotatesTheSession(t *testing.T) {
	eachDoor(t, func(t *testing.T, o *door) {
		o.user("ana@northwind.example", goodPassword)
		o.user("eve@contoso.example", goodPassword)
		planted := o.mustPassword("eve@contoso.example", goodPassword)
		token, err := o.password("ana@northwind.example", goodPassword, auth.Browser{Session: secret.NewText(planted)})
		if err != nil || token == planted {
			t.Fatalf("the planted session goes on: %v", err)
		}
		if _, _, err := o.Session(t.Context(), planted); !errors.Is(err, auth.ErrNoSession) {
			t.Errorf("the planted session lives: %v", err)
		}
	})
}

// TestAPasswordProvesItsUsersOnly: whoever owns a merchant can make a user with anybody's address there,
// and must not reach that person's other merchants by it.
func TestAPasswordProvesItsUsersOnly(t *testing.T) {
	eachDoor(t, func(t *testing.T, o *door) {
		mine := o.user("ana@northwind.example", goodPassword)
		planted := o.user("ana@northwind.example", "the attacker's own one")
		third := o.user("ana@northwind.example", goodPassword)
		want := func(token string, ids ...string) auth.Session {
			t.Helper()
			v, all, err := o.Session(t.Context(), token)
			slices.Sort(ids)
			if err != nil || !slices.Equal(users(all), ids) {
				t.Fatalf("%v %v, want %v", users(all), err, ids)
			}
			return v
		}
		attacker := want(o.mustPassword("ana@northwind.example", "the attacker's own one"), planted.ID)
		ana := want(o.mustPassword("ana@northwind.example", goodPassword), mine.ID, third.ID)
		pending, code := o.begin("ana@northwind.example", "")
		token, _, err := o.SignInWithCode(t.Context(), pending, code, auth.Browser{})
		if err != nil {
			t.Fatal(err)
		}
		all := want(token.Reveal(), mine.ID, planted.ID, third.ID)
		for name, c := range map[string]struct {
			of   auth.Session
			sees int
		}{"attacker": {attacker, 1}, "ana": {ana, 1}, "the address": {all, 3}} {
			var seen []auth.Session
			if err := o.d.Read(t.Context(), func(tx db.Tx) (err error) {
				seen, err = o.Sessions(tx, c.of)
				return err
			}); err != nil || len(seen) != c.sees {
				t.Errorf("%s sees %d sessions (%v), want %d", name, len(seen), err, c.sees)
			}
		}
		end := func(of auth.Session, id string) {
			t.Helper()
			if err := o.d.Write(t.Context(), func(tx db.Tx) error { return o.EndSession(tx, of, id) }); err != nil {
				t.Fatal(err)
			}
		}
		end(attacker, ana.ID)
		want(token.Reveal(), mine.ID, planted.ID, third.ID)
		end(all, "")
		want(token.Reveal(), mine.ID, planted.ID, third.ID)
		var left []auth.Session
		if err := o.d.Read(t.Context(), func(tx db.Tx) (err error) {
			left, err = o.Sessions(tx, all)
			return err
		}); err != nil || len(left) != 1 {
			t.Errorf("%d sessions after all others were ended (%v)", len(left), err)
		}
	})
}

func TestManyWrongPasswordsMakeOneWait(t *testing.T) {
	eachDoor(t, func(t *testing.T, o *door) {
		o.user("ana@northwind.example", goodPassword)
		for _, email := range []string{"ana@northwind.example", "nobody@northwind.example"} {
			var wait *auth.Wait
			for n := range 5 {
				if _, err := o.password(email, "wrong password", auth.Browser{}); !fault.Is(err, "AUTHENTICATION_FAILED") {
					t.Fatalf("%s, try %d: %v", email, n+1, err)
				}
			}
			// The right one is refused as well, or waiting would tell that it was right.
			if _, err := o.password(email, goodPassword, auth.Browser{}); !errors.As(err, &wait) || wait.For != 30*time.Second {
				t.Fatalf("%s after five: %v", email, err)
			}
			o.wait(30 * time.Second)
			if _, err := o.password(email, "wrong password", auth.Browser{}); !fault.Is(err, "AUTHENTICATION_FAILED") {
				t.Fatalf("%s after the wait: %v", email, err)
			}
			if _, err := o.password(email, "wrong password", auth.Browser{}); !errors.As(err, &wait) || wait.For != time.Minute {
				t.Fatalf("%s: the wait does not double: %v", email, err)
			}
			o.wait(2 * time.Minute)
		}
		// Somebody who keeps guessing does not keep the owner out.
		pending, code := o.begin("ana@northwind.example", "")
		if _, _, err := o.SignInWithCode(t.Context(), pending, code, auth.Browser{}); err != nil {
			t.Errorf("a mailed code while passwords wait: %v", err)
		}
		o.mustPassword("ana@northwind.example", goodPassword)
		if _, err := o.password("ana@northwind.example", "wrong password", auth.Browser{}); !fault.Is(err, "AUTHENTICATION_FAILED") {
			t.Errorf("the first failure after a sign-in: %v", err)
		}
		// One address over many accounts.
		refused := 0
		for range 40 {
			_, err := o.password(id.NewSource(o.clock).New("x")+"@example.com", "wrong password", auth.Browser{Address: "198.51.100.7"})
			if _, ok := errors.AsType[*auth.Wait](err); ok {
				refused++
			}
		}
		if refused < 5 {
			t.Errorf("%d of 40 tries of one address refused", refused)
		}
	})
}

// TestUnknownAddressesCostTheSame compares the work, which is the hash, and not the database's.
func TestUnknownAddressesCostTheSame(t *testing.T) {
	eachDoor(t, func(t *testing.T, o *door) {
		o.user("ana@northwind.example", goodPassword)
		cost := func(email string) time.Duration {
			best := time.Hour
			for range 4 {
				began := time.Now()
				if _, err := o.VerifyPassword(t.Context(), email, secret.NewText("wrong password")); !fault.Is(err, "AUTHENTICATION_FAILED") {
					t.Fatal(err)
				}
				best = min(best, time.Since(began))
			}
			return best
		}
		known, unknown := cost("ana@northwind.example"), cost("nobody@northwind.example")
		if unknown < known/3 || known < unknown/3 {
			t.Errorf("a known address takes %s, an unknown one %s", known, unknown)
		}
	})
}

func TestMailedCodes(t *testing.T) {
	eachDoor(t, func(t *testing.T, o *door) {
		u := o.user("Ana@Northwind.example", goodPassword)
		pending, code := o.begin(" ana@northwind.example", "/apps")
		if m := o.mails[0]; len(code) != 6 || m.To != "Ana@Northwind.example" || m.Scope.MerchantID != u.MerchantID || m.Life != auth.CodeLife {
			t.Errorf("%+v", m)
		}
		if email, back, err := o.PendingCode(t.Context(), pending); email != "ana@northwind.example" || back != "/apps" || err != nil {
			t.Errorf("%s %s %v", email, back, err)
		}
		other, _ := o.begin("ana@northwind.example", "")
		if _, _, err := o.SignInWithCode(t.Context(), other, code, auth.Browser{}); !errors.Is(err, auth.ErrCodeWrong) {
			t.Errorf("the code in another browser: %v", err)
		}
		token, back, err := o.SignInWithCode(t.Context(), pending, " "+code[:3]+" "+code[3:], auth.Browser{})
		if err != nil || back != "/apps" {
			t.Fatalf("%q %v", back, err)
		}
		if v, _, err := o.Session(t.Context(), token.Reveal()); err != nil || v.Method != auth.ByCode {
			t.Errorf("%+v %v", v, err)
		}
		if _, _, err := o.SignInWithCode(t.Context(), pending, code, auth.Browser{}); !errors.Is(err, auth.ErrCodeEnded) {
			t.Errorf("the second use: %v", err)
		}

		pending, code = o.begin("ana@northwind.example", "")
		for n := range auth.CodeTries {
			want := auth.ErrCodeWrong
			if n == auth.CodeTries-1 {
				want = auth.ErrCodeEnded
			}
			if _, _, err := o.SignInWithCode(t.Context(), pending, "12345", auth.Browser{}); !errors.Is(err, want) {
				t.Fatalf("wrong code %d: %v, want %v", n+1, err, want)
			}
		}
		if _, _, err := o.SignInWithCode(t.Context(), pending, code, auth.Browser{}); !errors.Is(err, auth.ErrCodeEnded) {
			t.Errorf("the right code after five wrong ones: %v", err)
		}
		o.wait(time.Hour)
		pending, code = o.begin("ana@northwind.example", "")
		o.wait(auth.CodeLife)
		if _, _, err := o.SignInWithCode(t.Context(), pending, code, auth.Browser{}); !errors.Is(err, auth.ErrCodeEnded) {
			t.Errorf("an old code: %v", err)
		}
	})
}

func TestCodesTellNothingAboutAddresses(t *testing.T) {
	eachDoor(t, func(t *testing.T, o *door) {
		pending, code := o.begin("nobody@northwind.example", "/apps")
		if code != "" {
			t.Error("a mail went to nobody")
		}
		if email, back, err := o.PendingCode(t.Context(), pending); email != "nobody@northwind.example" || back != "/apps" || err != nil {
			t.Errorf("%s %s %v", email, back, err)
		}
		for n := range auth.CodeTries {
			want := auth.ErrCodeWrong
			if n == auth.CodeTries-1 {
				want = auth.ErrCodeEnded
			}
			if _, _, err := o.SignInWithCode(t.Context(), pending, "000000", auth.Browser{}); !errors.Is(err, want) {
				t.Errorf("try %d: %v, want %v", n+1, err, want)
			}
		}
		var wait *auth.Wait
		for range 10 {
			if _, err := o.BeginCode(t.Context(), auth.BeginCodeInput{Email: "nobody@northwind.example"}); errors.As(err, &wait) {
				return
			}
		}
		t.Error("mails to one address are not bounded")
	})
}

func TestRolesGrant(t *testing.T) {
	t.Parallel()
	owner, operator, viewer := auth.RoleScopes(auth.RoleOwner), auth.RoleScopes(auth.RoleOperator), auth.RoleScopes(auth.RoleViewer)
	if owner != auth.RoleScopes(auth.RoleAdmin) || owner != auth.AllScopes() || !owner.Contains(auth.AppScopes()) || auth.RoleScopes("guest").Len() != 0 {
		t.Error("owner, admin and guest")
	}
	if !owner.Contains(operator) || !operator.Contains(viewer) || owner == operator || operator == viewer {
		t.Error("the roles do not rise")
	}
	for scope, by := range map[string]auth.ScopeSet{"webhooks.write": owner, "commerce.refunds.write": operator, "commerce.orders.read": viewer} {
		if !by.Has(scope) {
			t.Errorf("%s is missing", scope)
		}
	}
	for scope, by := range map[string]auth.ScopeSet{"accounts.api_keys.write": operator, "webhooks.write": operator, "commerce.refunds.write": viewer} {
		if by.Has(scope) {
			t.Errorf("%s is granted", scope)
		}
	}
	if !auth.MovesMoney("commerce.refunds.write") || auth.MovesMoney("commerce.refunds.read") {
		t.Error("what moves money")
	}
}
