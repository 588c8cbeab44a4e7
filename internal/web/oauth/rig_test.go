package oauth_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/merchant"
	"flint/internal/order"
	"flint/internal/secret"
	"flint/internal/tenant"
	weboauth "flint/internal/web/oauth"
	"flint/internal/web/signin"
	"flint/internal/web/ui"
)

const password = "correct horse battery"

// site is the pages behind a real HTTP server, with an app of one merchant and people of others.
type site struct {
	t         *testing.T
	db        db.DB
	clock     *clock.Fixed
	auth      *auth.Service
	apps      *app.Service
	oauth     *oauth.Service
	merchants *merchant.Service
	server    *httptest.Server
	logs      *bytes.Buffer
	codes     []auth.CodeMail
	activated bool // merchants can take live payments

	shop, other merchant.Created // the two merchants of ana@shop.example
	maker       merchant.Created
	app         *app.App
	secret      secret.Text
}

const redirectURI = "https://app.example/callback"

func newSite(t *testing.T, d db.DB) *site {
	t.Helper()
	c := clock.NewFixed(time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC))
	ids := id.NewSource(c)
	s := &site{t: t, db: d, clock: c, logs: &bytes.Buffer{}, merchants: merchant.NewService(ids)}
	log := slog.New(slog.NewTextHandler(s.logs, nil))
	s.auth = auth.NewService(d, c, ids, log)
	s.auth.SendCode = func(_ db.Tx, m auth.CodeMail) error {
		s.codes = append(s.codes, m)
		return nil
	}
	box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s.apps = &app.Service{DB: d, IDs: ids, Clock: c, Events: &event.Log{IDs: ids}, Jobs: job.New(d, c, ids, log)}
	s.apps.Register()
	mux := http.NewServeMux()
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	s.oauth = oauth.New(oauth.Service{DB: d, Clock: c, IDs: ids, Log: log, Box: box, Key: bytes.Repeat([]byte{8}, 32), Apps: s.apps, Issuer: s.server.URL,
		Holder: func(tx db.Tx, merchantID, userID string) (auth.ScopeSet, error) {
			role, err := auth.Role(tx, merchantID, userID)
			return auth.RoleScopes(role), err
		}})
	s.apps.OnWindDown = append(s.apps.OnWindDown, s.oauth.EndGrant)
	renderer, err := ui.New(ui.Config{Log: log, Languages: []ui.Language{ui.English()}}, signin.Part(), weboauth.Part())
	if err != nil {
		t.Fatal(err)
	}
	gate, err := signin.NewGate(signin.Config{DB: d, Auth: s.auth, Clock: c, Log: log, Box: box, Key: bytes.Repeat([]byte{9}, 32), UI: renderer, BaseURL: s.server.URL,
		Address: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		Name: func(tx db.Tx, merchantID string) (string, error) {
			m, err := s.merchants.Get(tx.Context(), tx, merchantID)
			return m.BusinessName, err
		}})
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("GET /assets/", renderer.Assets())
	gate.Routes(mux)
	(&weboauth.Handler{DB: d, Clock: c, Log: log, Gate: gate, OAuth: s.oauth, Apps: s.apps, Merchants: s.merchants, UI: renderer,
		TakesPayments: func(at tenant.Scope) bool { return at.Mode() == tenant.ModeTest || s.activated },
		Orders:        &order.Service{IDs: ids, Clock: c}, Customers: &customer.Service{IDs: ids, Clock: c}}).Routes(mux)
	s.people()
	return s
}

// people makes the app, and ana@shop.example with one merchant.
func (s *site) people() {
	s.t.Helper()
	s.write(func(tx db.Tx) (err error) {
		if s.maker, err = s.merchant(tx, "Contoso Books"); err != nil {
			return err
		}
		if s.shop, err = s.merchant(tx, "Northwind Supply"); err != nil {
			return err
		}
		if err := s.user(tx, s.shop, "ana@shop.example"); err != nil {
			return err
		}
		s.app, s.secret, err = s.apps.Create(tx.Context(), tx, app.CreateInput{Scope: s.maker.Live.Scope, Name: "Parcel Pilot", RedirectURIs: []string{redirectURI},
			Manifest: []app.Permission{
				{ID: "orders", Title: "See your orders", Description: "To pack them.", Scopes: []string{"commerce.orders.read"}},
				{ID: "refunds", Title: "Refund lost parcels", Description: "When a carrier loses one.", Scopes: []string{"commerce.refunds.write"}, Optional: true},
			}, DefaultPermissions: []string{"orders", "refunds"}, Versions: []string{"2026-09-07"}, Now: s.clock.Now()})
		return err
	})
}

func (s *site) merchant(tx db.Tx, name string) (merchant.Created, error) {
	return s.merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: "owner@shop.example", BusinessName: name, APIVersion: "2026-09-07", Now: s.clock.Now()})
}

func (s *site) user(tx db.Tx, m merchant.Created, email string) error {
	_, err := s.auth.CreateUser(tx.Context(), tx, auth.CreateUserInput{MerchantID: m.Merchant.ID, Email: email, Password: secret.NewText(password), Now: s.clock.Now()})
	return err
}

// second gives ana another merchant.
func (s *site) second() {
	s.t.Helper()
	s.write(func(tx db.Tx) (err error) {
		if s.other, err = s.merchant(tx, "Tailspin Toys"); err != nil {
			return err
		}
		return s.user(tx, s.other, "ana@shop.example")
	})
}

func (s *site) write(fn func(tx db.Tx) error) {
	s.t.Helper()
	if err := s.db.Write(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) read(fn func(tx db.Tx) error) {
	s.t.Helper()
	if err := s.db.Read(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

// each runs a test on both engines, and looks that no secret is in the log.
func each(t *testing.T, fn func(t *testing.T, s *site)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newSite(t, d)
		fn(t, s)
		for _, hidden := range []string{password, s.secret.Reveal(), "fpac_", "flint_us_"} {
			if strings.Contains(s.logs.String(), hidden) {
				t.Errorf("the log holds %.8s…", hidden)
			}
		}
	})
}

const verifier = "0123456789012345678901234567890123456789012"

// link is the address of an install; pairs change its parameters, an empty value removes one.
func (s *site) link(pairs ...string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"response_type": {"code"}, "client_id": {s.app.ClientID}, "redirect_uri": {redirectURI}, "mode": {"test"}, "state": {"st-1"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return "/v1/oauth/authorize?" + q.Encode()
}

// install is the live install of the app with its grants, nil without one.
func (s *site) install() (*app.Install, []app.Grant) {
	s.t.Helper()
	var found *app.Install
	var grants []app.Grant
	s.read(func(tx db.Tx) error {
		all, _, err := app.ListInstalled(tx, app.ListInstalledInput{MerchantID: s.shop.Merchant.ID, Limit: 10})
		if err != nil || len(all) == 0 {
			return err
		}
		found = all[0]
		grants, err = app.Grants(tx, found.MerchantID, found.ID)
		return err
	})
	return found, grants
}

// activate redeems the consent of a grant, as the app would.
func (s *site) activate(scope tenant.Scope, grantID string) {
	s.t.Helper()
	s.write(func(tx db.Tx) error {
		_, _, err := s.apps.Activate(tx.Context(), tx, scope, grantID, s.clock.Now(), event.Cause{ActorType: "system"})
		return err
	})
}

// browser is a browser without scripts, which stops where a page of another site begins.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string
}

func (s *site) browser() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	base := s.server.URL
	return &browser{t: s.t, base: base, client: &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if "http://"+r.URL.Host != base {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// signedIn is a browser of ana's.
func (s *site) signedIn() *browser {
	s.t.Helper()
	b := s.browser()
	b.get("/account").fill("email", "ana@shop.example", "password", password).submit("/sign-in").want("signin/account", 200)
	return b
}

// view is a page that a browser shows.
type view struct {
	b        *browser
	status   int
	name     string // of the template
	path     string // with the query
	location string
	header   http.Header
	body     string
	doc      *html.Node
	typed    url.Values
}

func (b *browser) do(method, path string, form url.Values, headers ...string) *view {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	doc, err := html.ParseWithOptions(bytes.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil {
		b.t.Fatal(err)
	}
	return &view{b: b, status: res.StatusCode, name: res.Header.Get("Flint-Page"), path: res.Request.URL.RequestURI(), location: res.Header.Get("Location"),
		header: res.Header, body: string(body), doc: doc, typed: url.Values{}}
}

func (b *browser) get(path string) *view { b.t.Helper(); return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, form url.Values, headers ...string) *view {
	b.t.Helper()
	return b.do(http.MethodPost, path, form, headers...)
}

// cookie is the value of one of the browser's cookies.
func (b *browser) cookie(name string) string {
	at, _ := url.Parse(b.base)
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) setCookie(name, value string) {
	at, _ := url.Parse(b.base)
	b.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// fill types into the page's inputs, or presses a button with a name.
func (v *view) fill(pairs ...string) *view {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.typed.Add(pairs[i], pairs[i+1])
	}
	return v
}

// form is what the form with an action sends.
func (v *view) form(action string) url.Values {
	v.b.t.Helper()
	for n := range v.doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || attr(n, "action") != action {
			continue
		}
		values := url.Values{}
		for in := range n.Descendants() {
			kind := attr(in, "type")
			if in.Type != html.ElementNode || in.Data != "input" || attr(in, "name") == "" || (kind == "radio" || kind == "checkbox") && !has(in, "checked") {
				continue
			}
			values.Add(attr(in, "name"), attr(in, "value"))
		}
		maps.Copy(values, v.typed)
		return values
	}
	v.b.t.Fatalf("the page %s has no form %s:\n%s", v.name, action, v.body)
	return nil
}

func (v *view) submit(action string) *view {
	v.b.t.Helper()
	return v.b.post(action, v.form(action))
}

// want fails the test unless the page is the named one and says everything in texts.
func (v *view) want(name string, status int, texts ...string) *view {
	v.b.t.Helper()
	if v.name != name || v.status != status {
		v.b.t.Fatalf("the page is %q (%d, to %q), want %q (%d):\n%s", v.name, v.status, v.location, name, status, v.text())
	}
	for _, text := range texts {
		if !strings.Contains(v.text(), text) {
			v.b.t.Errorf("the page %s does not say %q:\n%s", v.name, text, v.text())
		}
	}
	return v
}

// wantAway fails the test unless the browser was sent to the app, by 303, and returns what it was told.
func (v *view) wantAway() url.Values {
	v.b.t.Helper()
	to, err := url.Parse(v.location)
	if err != nil || v.status != http.StatusSeeOther || !strings.HasPrefix(v.location, redirectURI+"?") {
		v.b.t.Fatalf("%d to %q (page %q), want 303 to the app:\n%s", v.status, v.location, v.name, v.text())
	}
	return to.Query()
}

// text is what the page says, with single spaces.
func (v *view) text() string {
	var b strings.Builder
	for n := range v.doc.Descendants() {
		if n.Type == html.TextNode && !slices.Contains([]string{"style", "script"}, n.Parent.Data) {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
