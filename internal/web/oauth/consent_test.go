package oauth_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/merchant"
)

func TestInstall(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, link := s.browser(), s.link()
		consent := b.get(link).want("signin/sign_in", 200, "Parcel Pilot").
			fill("email", "ana@shop.example", "password", password).submit("/sign-in").
			want("oauth/consent", 200, "An app made by Contoso Books", "Northwind Supply", "See your orders", "Refund lost parcels", "Moves money", "You go on to app.example")
		if consent.path != link {
			t.Errorf("after signing in the page is %s", consent.path)
		}
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"} {
			if got := consent.header.Get(name); got != want {
				t.Errorf("%s: %s", name, got)
			}
		}
		csp := consent.header.Get("Content-Security-Policy")
		for _, want := range []string{"frame-ancestors 'none'", "form-action 'self' https://app.example;", "default-src 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("the policy lacks %s: %s", want, csp)
			}
		}
		told := consent.fill("decision", "approve").submit(link).wantAway()
		if told.Get("state") != "st-1" || !strings.HasPrefix(told.Get("code"), "fpac_") || told.Get("iss") != s.server.URL {
			t.Errorf("the app is told %v", told)
		}
		i, grants := s.install()
		if i == nil || i.Status != app.StatusPendingExchange || len(grants) != 1 || grants[0].Scope != s.shop.Sandbox.Scope ||
			!slices.Equal(grants[0].PermissionIDs, []string{"orders"}) {
			t.Fatalf("%+v %+v", i, grants)
		}
		// The optional permission is given by ticking it, and what is given is there the next time.
		s.activate(grants[0].Scope, grants[0].ID)
		b.get(link).want("oauth/consent", 200, "is asking again", "has this already").fill("permission", "refunds", "decision", "approve").submit(link).wantAway()
		if _, grants = s.install(); !slices.Equal(grants[0].PermissionIDs, []string{"orders", "refunds"}) {
			t.Errorf("%v", grants[0].PermissionIDs)
		}
		if got := b.get(link).form(link)["permission"]; !slices.Equal(got, []string{"refunds"}) {
			t.Errorf("ticked already: %v", got)
		}
	})
}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		told := s.signedIn().get(s.link()).fill("decision", "cancel").submit(s.link()).wantAway()
		if told.Get("error") != "access_denied" || told.Get("state") != "st-1" || told.Has("code") {
			t.Errorf("the app is told %v", told)
		}
		if i, grants := s.install(); len(grants) > 0 || i.Status != app.StatusRevoked {
			t.Errorf("after the refusal: %+v, %v", i, grants)
		}
	})
}

// TestNothingUnprovenIsFollowed: as long as client and redirect URI are not proven, an error leads nowhere.
func TestNothingUnprovenIsFollowed(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b := s.signedIn()
		for name, c := range map[string]struct {
			link   string
			status int
		}{
			"unknown client":    {s.link("client_id", "fpc_nobody"), 404},
			"no client":         {s.link("client_id", ""), 400},
			"another site":      {s.link("redirect_uri", "https://evil.example/callback"), 400},
			"a longer path":     {s.link("redirect_uri", redirectURI+"/more"), 400},
			"a user in it":      {s.link("redirect_uri", "https://app.example@evil.example/callback"), 400},
			"no redirect":       {s.link("redirect_uri", ""), 400},
			"two redirects":     {s.link() + "&redirect_uri=https%3A%2F%2Fevil.example", 400},
			"two clients":       {s.link() + "&client_id=fpc_x", 400},
			"a script's scheme": {s.link("redirect_uri", "javascript:alert(1)"), 400},
		} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				v := b.do(method, c.link, url.Values{"decision": {"approve"}})
				if v.name != "signin/problem" || v.status != c.status || v.location != "" || strings.Contains(v.body, "evil") {
					t.Errorf("%s, %s: page %q (%d) to %q", name, method, v.name, v.status, v.location)
				}
			}
		}
		for name, c := range map[string]struct{ link, code string }{
			"mode":        {s.link("mode", "other"), "invalid_request"},
			"response":    {s.link("response_type", "token"), "unsupported_response_type"},
			"plain":       {s.link("code_challenge_method", "plain"), "invalid_request"},
			"permissions": {s.link("permission_ids", "everything"), "invalid_scope"},
		} {
			if told := b.get(c.link).wantAway(); told.Get("error") != c.code || told.Get("state") != "st-1" {
				t.Errorf("%s: %v", name, told)
			}
		}
	})
}

// TestForgedConsent sends the approval in every way that is not the visitor's own click.
func TestForgedConsent(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, link := s.signedIn(), s.link()
		good := b.get(link).fill("decision", "approve").form(link)
		eve := s.signedIn() // the same person in another session
		without := func(key string) url.Values {
			f := url.Values{}
			for k, v := range good {
				if k != key {
					f[k] = v
				}
			}
			return f
		}
		with := func(key, value string) url.Values { f := without(key); f.Set(key, value); return f }
		stale := func(name string, v *view) {
			t.Helper()
			if v.name != "signin/problem" || v.status != 403 {
				t.Errorf("%s: %q (%d) to %q", name, v.name, v.status, v.location)
			}
		}
		stale("no token", b.post(link, without("csrf")))
		stale("a token of another session", eve.post(link, good))
		stale("another state", b.post(s.link("state", "st-2"), good))
		stale("another permission", b.post(s.link("permission_ids", "orders"), good))
		stale("another challenge", b.post(s.link("code_challenge", "", "code_challenge_method", ""), good))
		stale("live instead of test", b.post(s.link("mode", "live"), good))
		stale("another merchant's place", b.post(link, with("place", s.maker.Merchant.ID+" "+s.maker.Sandbox.Scope.EnvironmentID)))
		stale("no decision", b.post(link, without("decision")))
		b.post(link, with("permission", "everything")).want("signin/problem", 400)
		for _, site := range []string{"cross-site", "same-site"} {
			if v := b.post(link, good, "Sec-Fetch-Site", site); v.status != 403 || v.location != "" {
				t.Errorf("%s: %d", site, v.status)
			}
		}
		if v := b.post(link, good, "Origin", "https://evil.example"); v.status != 403 {
			t.Errorf("another origin: %d", v.status)
		}
		s.browser().post(link, good).want("signin/sign_in", 401)
		if _, grants := s.install(); len(grants) > 0 {
			t.Fatal("something was installed")
		}
		b.post(link, good, "Sec-Fetch-Site", "same-origin", "Origin", s.server.URL).wantAway()
	})
}

// TestAVersionThatWasNotSeen: between the page and the click the app asks for something else.
func TestAVersionThatWasNotSeen(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, link := s.signedIn(), s.link()
		page := b.get(link).fill("decision", "approve")
		s.publish("commerce.orders.read", "commerce.refunds.write")
		page.submit(link).want("signin/problem", 403, "out of date")
		if _, grants := s.install(); len(grants) > 0 {
			t.Error("it is installed")
		}
	})
}

// publish makes the next version of the app, whose first permission stands for the scopes.
func (s *site) publish(scopes ...string) {
	s.t.Helper()
	s.write(func(tx db.Tx) error {
		_, err := s.apps.Publish(tx.Context(), tx, app.PublishInput{Scope: s.maker.Live.Scope, AppID: s.app.ID, Now: s.clock.Now(), Manifest: []app.Permission{
			{ID: "orders", Title: "See your orders", Description: "To pack them.", Scopes: scopes},
			{ID: "products", Title: "See your products", Description: "To know their weight.", Scopes: []string{"commerce.products.read"}},
		}, DefaultPermissions: []string{"orders", "products"}})
		return err
	})
	if _, err := s.apps.Jobs.RunDue(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func TestReconsentShowsWhatIsNew(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, link := s.signedIn(), s.link()
		b.get(link).fill("permission", "refunds", "decision", "approve").submit(link).wantAway()
		i, grants := s.install()
		s.activate(grants[0].Scope, grants[0].ID)
		s.publish("commerce.orders.read", "commerce.refunds.write")
		again := b.get(link).want("oauth/consent", 200, "is asking again", "What is new is marked", "See your orders New Moves money", "See your products New", "no longer needs")
		again.fill("decision", "approve").submit(link).wantAway()
		if _, grants = s.install(); grants[0].Version != 2 || !slices.Equal(grants[0].PermissionIDs, []string{"orders", "products"}) {
			t.Errorf("%+v", grants[0])
		}
		// The merchant's own page asks the same.
		s.publish("commerce.orders.write")
		review := b.get("/apps/"+i.ID).want("oauth/app", 200, "asks for more").b.get("/apps/"+i.ID+"/review").want("oauth/review", 200, "See your orders New")
		b.post("/apps/"+i.ID+"/review", nil).want("signin/problem", 403)
		review.submit("/apps/"+i.ID+"/review").want("oauth/app", 200, "Active")
		if _, grants = s.install(); grants[0].Version != 3 || !grants[0].Scopes.Has("commerce.orders.write") {
			t.Errorf("%+v", grants[0])
		}
	})
}

func TestChooseAPlace(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.second()
		var more merchant.Environment
		s.write(func(tx db.Tx) (err error) {
			more, err = s.merchants.CreateSandbox(tx.Context(), tx, merchant.CreateSandboxInput{MerchantID: s.other.Merchant.ID, Name: "Staging", Now: s.clock.Now()})
			return err
		})
		b, link := s.signedIn(), s.link()
		choice := b.get(link).want("oauth/choose", 200, "Northwind Supply", "Tailspin Toys", "Staging")
		values := choice.form("/apps/place")
		values.Set("place", s.other.Merchant.ID+" "+more.Scope.EnvironmentID)
		values.Set("next", "https://evil.example")
		consent := b.get("/apps/place?"+values.Encode()).want("oauth/consent", 200, "Tailspin Toys", "Staging")
		if strings.Contains(consent.path, "evil") || !strings.HasPrefix(consent.path, "/v1/oauth/authorize?") {
			t.Errorf("the choice leads to %s", consent.path)
		}
		consent.fill("decision", "approve").submit(consent.path).wantAway()
		if _, grants := s.install(); len(grants) > 0 {
			t.Error("it was installed at the other merchant")
		}
		b.get(s.link("merchant_id", s.shop.Merchant.ID)).want("oauth/consent", 200, "Northwind Supply")
		b.get(s.link("mode", "live", "merchant_id", s.shop.Merchant.ID)).want("oauth/consent", 200, "real money")
		for _, foreign := range []string{
			s.link("merchant_id", s.maker.Merchant.ID), s.link("environment_id", s.maker.Sandbox.Scope.EnvironmentID),
			s.link("mode", "live", "environment_id", more.Scope.EnvironmentID),
			s.link("merchant_id", s.shop.Merchant.ID, "environment_id", more.Scope.EnvironmentID),
		} {
			b.get(foreign).want("signin/problem", 403, "This is for another account")
		}
	})
}

// TestWaitingForConsent: a page that is shown leaves a trace, and grants nothing.
func TestWaitingForConsent(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, live := s.signedIn(), s.link("mode", "live")
		state := func(want string) {
			t.Helper()
			i, grants := s.install()
			if i == nil || i.Status != want || i.Scopes.Len() != 0 || len(grants) > 0 {
				t.Fatalf("%+v %v, want %s", i, grants, want)
			}
		}
		b.do(http.MethodHead, s.link(), nil)
		if i, _ := s.install(); i != nil {
			t.Fatal("a look at the head left a trace")
		}
		b.get(s.link()).want("oauth/consent", 200)
		state(app.StatusPendingConsent)
		b.get(live).want("oauth/consent", 200)
		state(app.StatusPendingOnboarding)
		s.activated = true
		page := b.get(live).want("oauth/consent", 200)
		state(app.StatusPendingConsent)
		if strings.Contains(b.get("/apps").text(), "Parcel Pilot") {
			t.Error("it is listed among the installed apps")
		}
		first, _ := s.install()
		page.fill("decision", "approve").submit(live).wantAway()
		i, grants := s.install()
		if i.ID != first.ID || i.Status != app.StatusPendingExchange || len(grants) != 1 {
			t.Fatalf("%+v %v", i, grants)
		}
		s.activate(grants[0].Scope, grants[0].ID)
		// Looking again, and turning it down, changes nothing of what was agreed to.
		b.get(live).fill("decision", "cancel").submit(live).wantAway()
		b.get(s.link()).fill("decision", "cancel").submit(s.link()).wantAway()
		if i, _ = s.install(); i.Status != app.StatusActive {
			t.Errorf("after another look it is %s", i.Status)
		}
	})
}

// TestARequiredPermissionCannotBeDeclined, however the form is changed.
func TestARequiredPermissionCannotBeDeclined(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, link := s.signedIn(), s.link()
		form := b.get(link).fill("decision", "approve").form(link)
		for _, sent := range [][]string{nil, {"refunds"}} {
			if form["permission"] = sent; sent == nil {
				form.Del("permission")
			}
			b.post(link, form).wantAway()
			if _, grants := s.install(); len(grants) != 1 || !slices.Contains(grants[0].PermissionIDs, "orders") || !grants[0].Scopes.Has("commerce.orders.read") {
				t.Errorf("with %v the app got %v", sent, grants)
			}
		}
		// The domain refuses it too, whoever asks.
		s.write(func(tx db.Tx) error {
			_, _, err := s.apps.Consent(tx.Context(), tx, app.ConsentInput{App: s.app, Scope: s.shop.Sandbox.Scope, UserID: "user_x", Holder: auth.AllScopes(),
				PermissionIDs: []string{"refunds"}, Requested: []string{"orders", "refunds"}, Now: s.clock.Now()})
			if !fault.Is(err, "PERMISSION_REQUIRED") {
				t.Errorf("%v", err)
			}
			return nil
		})
	})
}

// TestSomebodyWhoLeft keeps the session and nothing that it opened.
func TestSomebodyWhoLeft(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		b, i := s.installed()
		page := b.get("/apps/" + i.ID)
		s.write(func(tx db.Tx) error {
			return tx.Send(`UPDATE organization_memberships SET status = 'revoked' WHERE merchant_id = $1`, s.shop.Merchant.ID)
		})
		b.get(s.link()).want("signin/problem", 403, "This is for another account")
		b.get("/apps/"+i.ID).want("signin/problem", 404)
		if v := page.submit("/apps/" + i.ID + "/pause"); v.status != 404 {
			t.Errorf("pausing: %d", v.status)
		}
		if text := b.get("/apps").want("oauth/apps", 200).text(); strings.Contains(text, "Parcel Pilot") {
			t.Errorf("the list shows %s", text)
		}
	})
}
