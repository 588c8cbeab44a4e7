package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
)

func TestSignInByCode(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b := s.browser()
		first := b.get("/apps").want("signin/sign_in", 200)
		v := b.post("/sign-in/code", first.fill("email", "ana@shop.example").form("/sign-in")).want("signin/code", 200, "ana@shop.example")
		if v.path != "/sign-in/code" {
			t.Errorf("the address is %s", v.path)
		}
		v.fill("code", "000").submit("/sign-in/code/check").want("signin/code", 422, "not the code")
		code := s.codes[len(s.codes)-1].Code.Reveal()
		s.browser().post("/sign-in/code/check", url.Values{"code": {code}}).want("signin/sign_in", 422) // another browser
		v.fill("code", code)
		v.typed["code"] = []string{code}
		v.submit("/sign-in/code/check").want("oauth/apps", 200)
	})
}

// TestUnknownAddressesLookAlike compares whole pages for an address that somebody has with those for one
// that nobody has.
func TestUnknownAddressesLookAlike(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		wrong := func(email string) string {
			v := s.browser().post("/sign-in", url.Values{"email": {email}, "password": {"wrong password"}}).want("signin/sign_in", 422)
			return strings.ReplaceAll(v.text(), email, "")
		}
		code := func(email string) string {
			b := s.browser()
			v := b.post("/sign-in/code", url.Values{"email": {email}}).want("signin/code", 200)
			w := b.post("/sign-in/code/check", url.Values{"code": {"12"}}).want("signin/code", 422)
			return strings.ReplaceAll(v.text()+w.text(), email, "")
		}
		for name, page := range map[string]func(string) string{"password": wrong, "code": code} {
			if a, b := page("ana@shop.example"), page("nobody@shop.example"); a != b {
				t.Errorf("%s:\n%s\n%s", name, a, b)
			}
		}
	})
}

func TestLockout(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b := s.browser()
		for range 5 {
			b.post("/sign-in", url.Values{"email": {"ana@shop.example"}, "password": {"wrong password"}}).want("signin/sign_in", 422)
		}
		locked := b.post("/sign-in", url.Values{"email": {"ana@shop.example"}, "password": {password}}).want("signin/sign_in", 429, "Too many tries", "30 seconds")
		if locked.header.Get("Retry-After") != "30" || b.cookie("flint_session") != "" {
			t.Errorf("%v", locked.header)
		}
		s.clock.Set(s.clock.Now().Add(31 * time.Second))
		b.post("/sign-in", url.Values{"email": {"ana@shop.example"}, "password": {password}}).want("signin/account", 200)
	})
}

// TestNoOpenReturn: whatever a form or link says, signing in leads to a page of this server.
func TestNoOpenReturn(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, to := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "/apps", ""} {
			v := s.browser().post("/sign-in?next="+url.QueryEscape(to)+"&to="+url.QueryEscape(to), url.Values{"email": {"ana@shop.example"}, "password": {password}, "to": {to}})
			v.want("signin/account", 200)
			if v.path != "/account" {
				t.Errorf("%q leads to %s", to, v.path)
			}
		}
		// An address that looks like another site's is sealed as what it is, a path of this one.
		v := s.browser().get("//evil.example/apps")
		if v.location != "" && !strings.HasPrefix(v.location, "/") {
			t.Errorf("leads to %s", v.location)
		}
	})
}

func TestSessionFixation(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, planted := range []string{"flint_us_" + strings.Repeat("A", 43), s.signedIn().cookie("flint_session")} {
			b := s.browser()
			b.setCookie("flint_session", planted)
			b.post("/sign-in", url.Values{"email": {"ana@shop.example"}, "password": {password}}).want("signin/account", 200)
			if b.cookie("flint_session") == planted {
				t.Error("the session that was there before goes on")
			}
			thief := s.browser()
			thief.setCookie("flint_session", planted)
			thief.get("/account").want("signin/sign_in", 200)
		}
	})
}

func TestCookies(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b := s.browser()
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		v := b.post("/sign-in", url.Values{"email": {"ana@shop.example"}, "password": {password}})
		if v.status != http.StatusSeeOther {
			t.Fatalf("%d", v.status)
		}
		set := v.header.Values("Set-Cookie")[0]
		for _, want := range []string{"flint_session=flint_us_", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"} {
			if !strings.Contains(set, want) {
				t.Errorf("%s lacks %s", set, want)
			}
		}
		if strings.Contains(set, "Domain") {
			t.Error("the cookie goes to other hosts")
		}
	})
}

// TestFormsNeedTheirToken sends every form of signed-in people without its token, with that of another
// form, and from another site.
func TestFormsNeedTheirToken(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b := s.signedIn()
		b.get(s.link()).fill("decision", "approve").submit(s.link()).wantAway()
		i, grants := s.install()
		s.activate(grants[0].Scope, grants[0].ID)
		other := b.get("/account").form("/account/sign-out").Get("csrf")
		for _, path := range []string{"/account/sign-out", "/account/sessions/end", "/account/passkeys/remove", "/device", "/device/decide",
			"/apps/" + i.ID + "/pause", "/apps/" + i.ID + "/resume", "/apps/" + i.ID + "/limits", "/apps/" + i.ID + "/remove", "/apps/" + i.ID + "/review"} {
			b.post(path, nil).want("signin/problem", 403)
			if path != "/account/sign-out" {
				b.post(path, url.Values{"csrf": {other}}).want("signin/problem", 403)
			}
			if v := b.post(path, url.Values{"csrf": {other}}, "Sec-Fetch-Site", "cross-site"); v.status != 403 || v.name != "" {
				t.Errorf("%s from another site: %d", path, v.status)
			}
			s.browser().post(path, nil).want("signin/sign_in", 401)
		}
		for _, path := range []string{"/account/passkeys", "/account/passkeys/begin"} {
			if v := b.post(path, nil); v.status != http.StatusUnsupportedMediaType {
				t.Errorf("%s as a form: %d", path, v.status)
			}
			if v := b.post(path, nil, "Content-Type", "application/json"); v.status != http.StatusUnsupportedMediaType {
				t.Errorf("%s without a body: %d", path, v.status)
			}
		}
		if now, _ := s.install(); now.Status != "active" || !now.PausedAt.IsZero() {
			t.Errorf("%+v", now)
		}
		b.get("/account").submit("/account/sign-out").want("signin/sign_in", 200)
		b.get("/account").want("signin/sign_in", 200)
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		lost, b := s.signedIn(), s.signedIn()
		b.get("/account").want("signin/account", 200, "This browser", "End all other sessions").submit("/account/sessions/end").want("signin/account", 200)
		lost.get("/account").want("signin/sign_in", 200)
		s.clock.Set(s.clock.Now().Add(auth.RecentFor))
		b.get("/account?confirm").want("signin/sign_in", 200, "Confirm that it is you")
		if v := b.get("/account"); strings.Contains(v.body, `id="passkey-add"`) {
			t.Error("a passkey can be added long after signing in")
		}
	})
}

// TestOthersInstallsAreNotThere tries the pages of an install as somebody of another merchant.
func TestOthersInstallsAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b := s.signedIn()
		b.get(s.link()).fill("decision", "approve").submit(s.link()).wantAway()
		i, _ := s.install()
		s.write(func(tx db.Tx) error { return s.user(tx, s.maker, "eve@maker.example") })
		eve := s.browser()
		eve.get("/account").fill("email", "eve@maker.example", "password", password).submit("/sign-in").want("signin/account", 200)
		for _, path := range []string{"", "/remove", "/review"} {
			eve.get("/apps/"+i.ID+path).want("signin/problem", 404)
		}
		if v := eve.get("/apps"); strings.Contains(v.body, i.ID) || strings.Contains(v.body, "Northwind") {
			t.Error("the list shows another merchant's")
		}
	})
}
