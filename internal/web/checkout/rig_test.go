package checkout_test

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/merchant"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/web/checkout"
	"flint/internal/web/ui"
)

// site is a shop's platform behind a real HTTP server.
type site struct {
	*flinttest.Bench
	server    *httptest.Server
	assets    *ui.Assets
	merchants *merchant.Service
	logs      *bytes.Buffer
}

func newSite(t *testing.T, d db.DB) *site {
	t.Helper()
	s := &site{Bench: flinttest.New(t, d), logs: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(s.logs, nil))
	s.merchants = merchant.NewService(s.IDs)
	s.Write(t, func(tx db.Tx) error {
		made, err := s.merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: "owner@northwind.test", BusinessName: "Northwind Coffee", APIVersion: "2026-09-07", Now: s.Clock.Now()})
		s.Scope = made.Sandbox.Scope
		return err
	})
	box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := ui.New(ui.Config{Log: log, Languages: []ui.Language{ui.English()}}, checkout.Part())
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", renderer.Assets())
	s.server, s.assets = httptest.NewServer(mux), renderer.Assets()
	t.Cleanup(s.server.Close)
	checkout.NewHandler(checkout.Config{
		DB: d, Clock: s.Clock, IDs: s.IDs, Log: log, Box: box, Checkouts: s.Checkouts, Orders: s.Orders, Payments: s.Payments,
		Merchants: s.merchants, Settings: new(settings.Service).Effective, Simulator: s.Simulator, Pages: checkout.New(renderer), BaseURL: s.server.URL, Here: (&settings.Service{BaseURL: s.server.URL}).Here,
	}).Routes(mux)
	return s
}

// each runs a test on both engines.
func each(t *testing.T, fn func(t *testing.T, s *site)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newSite(t, d)
		fn(t, s)
		s.Check(t)
		for _, number := range []string{"4242424242424242", "4242 4242", "000123456789"} {
			if strings.Contains(s.logs.String(), number) {
				t.Errorf("the log holds %s", number)
			}
		}
	})
}

// launch opens a session over an order of 34.99.
func (s *site) launch(t *testing.T, change ...func(*domain.CreateInput)) domain.Launch {
	t.Helper()
	o := s.Order(t, "USD", []flinttest.Line{{Price: 3499, Quantity: 1}})
	return s.launchOver(t, o.ID, change...)
}

func (s *site) launchOver(t *testing.T, orderID string, change ...func(*domain.CreateInput)) domain.Launch {
	t.Helper()
	in := domain.CreateInput{Scope: s.Scope, OrderID: orderID, Cause: s.Cause}
	for _, f := range change {
		f(&in)
	}
	var out domain.Launch
	s.Write(t, func(tx db.Tx) (err error) {
		out, err = s.Checkouts.Create(tx.Context(), tx, in)
		return err
	})
	return out
}

// browser is a browser without scripts.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string
}

func (s *site) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar}, base: s.server.URL}
}

// enter opens the session's link as a buyer does.
func (s *site) enter(t *testing.T, l domain.Launch) (*browser, *view) {
	t.Helper()
	b := s.browser(t)
	return b, b.get("/checkout/"+l.Session.ID).fill("checkout_token", l.Token.Reveal()).submit("open")
}

// view is a page that a browser shows.
type view struct {
	b      *browser
	status int
	name   string // of the template
	path   string
	header http.Header
	body   string
	doc    *html.Node
	typed  url.Values
}

func (b *browser) do(req *http.Request) *view {
	b.t.Helper()
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatalf("%s %s: %v", req.Method, req.URL.Path, err)
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
	return &view{b: b, status: res.StatusCode, name: strings.TrimPrefix(res.Header.Get("Flint-Page"), "checkout/"), path: res.Request.URL.Path,
		header: res.Header, body: string(body), doc: doc, typed: url.Values{}}
}

func (b *browser) get(path string) *view {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values, headers ...string) *view {
	b.t.Helper()
	req, err := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return b.do(req)
}

// fill types into the page's inputs.
func (v *view) fill(pairs ...string) *view {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.typed.Set(pairs[i], pairs[i+1])
	}
	return v
}

// form is where the form with an id, or whose action ends with it, goes and what it sends. Inputs take
// what was typed; a radio is sent when it is checked.
func (v *view) form(name string) (action string, values url.Values) {
	v.b.t.Helper()
	for n := range v.doc.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" || (attr(n, "id") != name && !strings.HasSuffix(attr(n, "action"), "/"+name)) {
			continue
		}
		values = url.Values{}
		for in := range n.Descendants() {
			key := attr(in, "name")
			if in.Type != html.ElementNode || key == "" || in.Data == "button" {
				continue
			}
			switch kind := attr(in, "type"); {
			case in.Data == "select":
				for o := range in.Descendants() {
					if o.Data == "option" && has(o, "selected") {
						values.Set(key, attr(o, "value"))
					}
				}
			case in.Data != "input":
			case (kind == "radio" || kind == "checkbox") && !has(in, "checked"):
			default:
				values.Set(key, attr(in, "value"))
			}
		}
		maps.Copy(values, v.typed)
		return attr(n, "action"), values
	}
	v.b.t.Fatalf("the page %s has no form %s:\n%s", v.name, name, v.body)
	return "", nil
}

// submit sends a form of the page.
func (v *view) submit(name string) *view {
	v.b.t.Helper()
	action, values := v.form(name)
	return v.b.post(action, values)
}

// want fails the test unless the page is the named one and says everything in texts.
func (v *view) want(name string, status int, texts ...string) *view {
	v.b.t.Helper()
	if v.name != name || v.status != status {
		v.b.t.Fatalf("the page is %q (%d), want %q (%d):\n%s", v.name, v.status, name, status, v.text())
	}
	for _, text := range texts {
		if !strings.Contains(v.text(), text) {
			v.b.t.Errorf("the page %s does not say %q:\n%s", v.name, text, v.text())
		}
	}
	return v
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

// card types a card into the frame of fields, which is shown as a page after its submit.
func (b *browser) card(sessionID, number string) *view {
	b.t.Helper()
	return b.get("/simulator/fields/"+sessionID+"?option=card").fill("number", number, "expiry", "12 / 34", "cvc", "123").submit("fields")
}

func (b *browser) account(sessionID, number string) *view {
	b.t.Helper()
	return b.get("/simulator/fields/"+sessionID+"?option=ach_debit").
		fill("routing_number", "110000000", "account_number", number, "account_holder", "Ana Silva").submit("fields")
}

// charged is what the order has taken in and how many attempts were made.
func (s *site) charged(t *testing.T, o *order.Order) (paid int64, attempts int) {
	t.Helper()
	s.Read(t, func(tx db.Tx) error {
		now, err := s.Orders.Get(tx.Context(), tx, s.Scope, o.ID)
		if err != nil {
			return err
		}
		all, _, err := payment.Attempts(tx, s.Scope, o.ID, "", nil, 100)
		paid, attempts = now.Settlement.Paid, len(all)
		return err
	})
	return paid, attempts
}

func (s *site) wantCharged(t *testing.T, o *order.Order, paid int64, attempts int) {
	t.Helper()
	if p, a := s.charged(t, o); p != paid || a != attempts {
		t.Errorf("the order has %d paid by %d attempts, want %d by %d", p, a, paid, attempts)
	}
}
