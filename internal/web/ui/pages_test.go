package ui_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"flint/internal/web/checkout"
	"flint/internal/web/devhome"
	"flint/internal/web/ui"
)

// site is a renderer with all pages, and the pages with realistic views.
type site struct {
	ui       *ui.Renderer
	checkout *checkout.Pages
	dev      *devhome.Pages
}

func newSite(t *testing.T) site {
	t.Helper()
	r, err := ui.New(ui.Config{Log: slog.New(slog.DiscardHandler), Languages: []ui.Language{ui.English()}}, checkout.Part(), devhome.Part())
	if err != nil {
		t.Fatal(err)
	}
	return site{r, checkout.New(r), devhome.New(r)}
}

func common() checkout.Common {
	return checkout.Common{
		SessionID: "cs_01JD8Z4Q0V", Test: true,
		Merchant: checkout.Merchant{
			Name: "Northwind Coffee", Email: "help@northwind.example", Phone: "+1 503 555 0142",
			TermsURL: "https://northwind.example/terms", Refunds: "https://northwind.example/refunds",
			Brand: ui.Brand{Accent: "#0b5d4f"},
		},
	}
}

func summary() checkout.Summary {
	return checkout.Summary{
		Lines: []checkout.Line{
			{Name: "Ethiopia Guji, whole beans", Description: "Washed, 340 g", Quantity: 2, UnitPrice: "$17.50", Subtotal: "$35.00", ImageURL: "/demo/beans.svg"},
			{Name: "Ceramic dripper, size 02", Quantity: 1, UnitPrice: "$28.00", Subtotal: "$28.00"},
		},
		Subtotal:  "$63.00",
		Discounts: []checkout.Row{{Name: "WELCOME10", Amount: "−$6.30"}},
		Charges:   []checkout.Row{{Name: "Shipping", Amount: "$5.90"}},
		Taxes:     []checkout.Row{{Name: "Sales tax 8.25 %", Amount: "$4.68"}},
		Tip:       "$8.51", Total: "$75.79",
	}
}

func payment() checkout.Payment {
	return checkout.Payment{
		Common: common(), Summary: summary(), Pay: checkout.Amount{Text: "$75.79", Minor: 7579, Currency: "USD"},
		Contact: checkout.Contact{RequireEmail: true},
		Tip: &checkout.Tip{Presets: []checkout.TipPreset{
			{Value: "percent:10", Label: "10%", Amount: "$5.67"}, {Value: "percent:15", Label: "15%", Amount: "$8.51", Current: true}, {Value: "percent:20", Label: "20%", Amount: "$11.34"},
		}, Custom: true, Symbol: "$"},
		Options: []checkout.Option{checkout.OptionCard, checkout.OptionBank}, Option: checkout.OptionCard,
		FieldsURL: "/simulator/fields/cs_01JD8Z4Q0V", CancelURL: "https://northwind.example/cart",
	}
}

type handler = func(http.ResponseWriter, *http.Request)

func (s site) pages() map[string]handler {
	simple := payment()
	simple.Tip, simple.Options, simple.CancelURL = nil, []checkout.Option{checkout.OptionCard}, ""
	simple.Merchant.Brand = ui.Brand{}
	simple.Summary = checkout.Summary{
		Lines: []checkout.Line{{Name: "Ceramic cup", Quantity: 1, UnitPrice: "$34.99", Subtotal: "$34.99"}},
		Taxes: []checkout.Row{{Name: "VAT 20 %", Amount: "$5.83", Included: true}}, Total: "$34.99",
	}
	simple.Pay = checkout.Amount{Text: "$34.99", Minor: 3499, Currency: "USD"}
	full := payment()
	full.RequireTerms = true
	full.DeclineCode = "insufficient_funds"
	full.Contact = checkout.Contact{Email: "ana@example", RequireEmail: true, RequirePhone: true, Address: &checkout.Address{
		Line1: "12 Alder Street", City: "Portland", Country: "US",
		Countries: []ui.Country{{Code: "CA", Name: "Canada"}, {Code: "US", Name: "United States"}},
	}}
	invalid := full
	invalid.DeclineCode = ""
	invalid.Errors = []checkout.FieldError{{Field: "email", Message: "pay.email.bad"}, {Field: "billing_postal_code", Message: "pay.required"}}
	stored := simple
	stored.Contact.Email = "ana@example.com"
	stored.Stored = &checkout.Stored{Option: checkout.OptionCard, Token: "simtok_approve", Brand: "Visa", Last4: "4242"}
	bank := payment()
	bank.Option = checkout.OptionBank
	success := checkout.Success{
		Common: common(), Summary: summary(), OrderNumber: "1042", Amount: "$75.79", Method: "Visa ending 4242",
		Date: "22 November 2026, 15:04", DateTime: "2026-11-22T15:04:05Z", Statement: "NORTHWIND COFFEE", Email: "ana@example.com", ReturnURL: "https://northwind.example/done",
	}
	end := func(k checkout.EndKind, action string) handler {
		return func(w http.ResponseWriter, r *http.Request) {
			c := common()
			if k == checkout.EndNotFound {
				c = checkout.Common{}
			}
			s.checkout.RenderEnd(w, r, checkout.End{Common: c, Kind: k, ActionURL: action})
		}
	}
	pay := func(v checkout.Payment) handler {
		return func(w http.ResponseWriter, r *http.Request) { s.checkout.RenderPayment(w, r, v) }
	}
	fields := func(v checkout.Fields) handler {
		v.ID, v.Test, v.Brand = "cs_01JD8Z4Q0V", true, common().Merchant.Brand
		return func(w http.ResponseWriter, r *http.Request) { s.checkout.RenderFields(w, r, v) }
	}
	entry := func(invalid bool) handler {
		return func(w http.ResponseWriter, r *http.Request) {
			s.checkout.RenderEntry(w, r, checkout.Entry{Common: checkout.Common{SessionID: "cs_01JD8Z4Q0V"}, LinkStart: "https://pay.example/checkout/cs_", Invalid: invalid})
		}
	}
	return map[string]handler{
		"payment": pay(payment()), "payment-simple": pay(simple), "payment-full": pay(full), "payment-invalid": pay(invalid),
		"payment-stored": pay(stored), "payment-bank": pay(bank),
		"fields-card": fields(checkout.Fields{Option: checkout.OptionCard}), "fields-bank": fields(checkout.Fields{Option: checkout.OptionBank}),
		"fields-alone": fields(checkout.Fields{Option: checkout.OptionCard, Alone: true, BackURL: "/checkout/cs_01JD8Z4Q0V", Values: map[string]string{"expiry": "04 / 21"},
			Errors: []checkout.FieldError{{Field: "number", Message: "fields.error.test"}, {Field: "expiry", Message: "fields.error.expired"}}}),
		"entry": entry(false), "entry-invalid": entry(true),
		"changed": func(w http.ResponseWriter, r *http.Request) {
			s.checkout.RenderChanged(w, r, checkout.Changed{Common: common(), Summary: summary(), Old: "$69.89", Pay: checkout.Amount{Text: "$75.79", Minor: 7579, Currency: "USD"},
				Stored: checkout.Stored{Option: checkout.OptionCard, Token: "simtok_approve", Brand: "Visa", Last4: "4242"}, Keep: map[string]string{"email": "ana@example.com"}})
		},
		"processing": func(w http.ResponseWriter, r *http.Request) {
			s.checkout.RenderProcessing(w, r, checkout.Processing{Common: common(), Amount: "$75.79", Bank: true})
		},
		"action": func(w http.ResponseWriter, r *http.Request) {
			s.checkout.RenderAction(w, r, checkout.Action{Common: common(), Amount: "$75.79", URL: "/simulator/challenge/x"})
		},
		"success":       func(w http.ResponseWriter, r *http.Request) { s.checkout.RenderSuccess(w, r, success) },
		"expired":       end(checkout.EndExpired, "https://northwind.example/cart"),
		"closed":        end(checkout.EndClosed, ""),
		"superseded":    end(checkout.EndSuperseded, "/checkout/cs_2"),
		"order-changed": end(checkout.EndChanged, ""),
		"already-paid":  end(checkout.EndPaid, "/checkout/cs_01JD8Z4Q0V?receipt"),
		"answered":      end(checkout.EndAnswered, ""),
		"not-found":     end(checkout.EndNotFound, ""),
		"challenge": func(w http.ResponseWriter, r *http.Request) {
			s.checkout.RenderChallenge(w, r, checkout.Challenge{Operation: "prop_1", Merchant: "Northwind Coffee", Amount: "$75.79", Card: "Visa ending 3155", Date: "22 November 2026, 15:04"})
		},
		"dev-home": func(w http.ResponseWriter, r *http.Request) { s.dev.RenderHome(w, r, home()) },
		"dev-mailbox": func(w http.ResponseWriter, r *http.Request) {
			s.dev.RenderMailbox(w, r, devhome.Mailbox{Mails: []devhome.Mail{mail(), mail()}})
		},
		"dev-mailbox-empty": func(w http.ResponseWriter, r *http.Request) { s.dev.RenderMailbox(w, r, devhome.Mailbox{}) },
		"dev-mail":          func(w http.ResponseWriter, r *http.Request) { s.dev.RenderMail(w, r, mail()) },
	}
}

func mail() devhome.Mail {
	return devhome.Mail{ID: "1", URL: "/dev/mailbox/1", From: "Northwind Coffee <no-reply@flint.example>", To: "ana@example.com", Subject: "Your receipt from Northwind Coffee", Date: "22 Nov 2026, 15:04",
		Text: "Thank you for your order 1042.\n\nAmount paid: $75.79\nPaid with: Visa ending 4242\n\nSee your order:\nhttp://localhost:8080/o/abc", Links: []string{"http://localhost:8080/o/abc"}}
}

func home() devhome.Home {
	key := "sk_test_" + strings.Repeat("K4rq9Zt2", 5)
	return devhome.Home{
		Version: "0.1.0", Engine: "SQLite 3.51.3", Address: "http://localhost:8080", Data: "/home/ana/flint-data", APIVersion: "2026-09-07",
		Keys: []devhome.Key{{Name: "Test API key", Value: key, Note: "All scopes"}, {Name: "Live API key", Value: "sk_live_" + key}},
		Links: []devhome.Link{
			{Name: "Demo checkout", URL: "/checkout/cs_01JD8Z4Q0V#checkout_token=x", Note: "An order of $75.79, waiting to be paid"},
			{Name: "API description", URL: "/v1/openapi.json", Note: "OpenAPI 3.1"},
			{Name: "Webhook deliveries", URL: "/dev/webhooks", Note: "Every attempt, with its answer"},
		},
		Steps: devhome.QuickStart("http://localhost:8080", key), Clock: devhome.Clock{Now: "24 Nov 2026, 18:04:05 UTC", Ahead: "2 days 3 hours"}, Mails: 2,
		Faults: []devhome.Fault{{Operation: "sale", Name: "Sale", DelayMS: 250}, {Operation: "capture", Name: "Capture"}, {Operation: "refund", Name: "Refund", Duplicate: true}},
	}
}

// TestPagesRender checks what every page must satisfy: it renders, has one heading of the first level,
// its inputs have labels, and nothing on it needs what the policy forbids or another site.
// FLINT_PREVIEW=dir writes the pages and the assets there, to look at.
func TestPagesRender(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for name, handle := range s.pages() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			handle(w, httptest.NewRequest(http.MethodGet, "/", nil))
			if w.Code == http.StatusInternalServerError {
				t.Fatal("the page does not render")
			}
			preview(t, name+".html", w.Body.Bytes())
			doc, err := html.Parse(bytes.NewReader(w.Body.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			checkPage(t, doc, w.Header().Get("Content-Security-Policy"))
		})
	}
	for _, name := range []string{"flint.css", "icon.svg", "checkout.js", "fields.js", "entry.js", "wait.js", "devhome.js"} {
		asset, ok := s.ui.Assets().Get(name)
		if !ok {
			t.Fatalf("no asset %s", name)
		}
		w := httptest.NewRecorder()
		s.ui.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, asset.Path, nil))
		preview(t, asset.Path, w.Body.Bytes())
	}
}

func preview(t *testing.T, name string, content []byte) {
	dir := os.Getenv("FLINT_PREVIEW")
	if dir == "" {
		return
	}
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func checkPage(t *testing.T, doc *html.Node, csp string) {
	t.Helper()
	labels, ids, headings := map[string]bool{}, map[string]int{}, 0
	for n := range doc.Descendants() {
		headings += count(n.Type == html.ElementNode && n.Data == "h1")
		if n.Type == html.ElementNode && n.Data == "label" {
			labels[attr(n, "for")] = true
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
	}
	if headings != 1 {
		t.Errorf("%d headings of the first level", headings)
	}
	for id, times := range ids {
		if times > 1 {
			t.Errorf("id %q is there %d times", id, times)
		}
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if attr(n, "style") != "" {
			t.Errorf("<%s> has a style attribute", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s> has the handler %s", n.Data, a.Key)
			}
		}
		switch n.Data {
		case "script", "style":
			if nonce := attr(n, "nonce"); nonce == "" || !strings.Contains(csp, "'nonce-"+nonce+"'") {
				t.Errorf("<%s> without the nonce of the policy", n.Data)
			}
		case "input", "select", "textarea":
			hidden := attr(n, "type") == "hidden" || n.Parent.Data == "label"
			if !hidden && !labels[attr(n, "id")] && attr(n, "aria-label") == "" {
				t.Errorf("input %q has no label", attr(n, "name"))
			}
		case "img":
			if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
				t.Errorf("picture %q has no alternative", attr(n, "src"))
			}
		}
		// What the browser loads by itself is ours; links that people follow may lead away.
		for _, key := range []string{"src", "href", "action"} {
			v := attr(n, key)
			if n.Data != "a" && v != "" && !strings.HasPrefix(v, "/") {
				t.Errorf("<%s> loads or sends to %q", n.Data, v)
			}
		}
		for _, key := range []string{"aria-describedby", "aria-labelledby"} {
			for id := range strings.FieldsSeq(attr(n, key)) {
				if ids[id] == 0 {
					t.Errorf("%s names %q, which is not there", key, id)
				}
			}
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// TestCheckoutWeight holds the hosted checkout, frame and assets included, under 50 kB over the wire.
func TestCheckoutWeight(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	total := 0
	for _, name := range []string{"payment-full", "fields-card", "fields-bank", "entry"} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		s.pages()[name](w, r)
		zr, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if page, err := io.ReadAll(zr); err != nil || !bytes.Contains(page, []byte("</html>")) {
			t.Fatalf("the page is not whole: %v", err)
		}
		t.Logf("%-14s %6d bytes", name, w.Body.Len())
		total += w.Body.Len()
	}
	for _, name := range []string{"flint.css", "icon.svg", "checkout.js", "fields.js", "entry.js"} {
		asset, _ := s.ui.Assets().Get(name)
		t.Logf("%-14s %6d bytes", name, asset.Size)
		total += asset.Size
	}
	t.Logf("together       %6d bytes", total)
	if total >= 50_000 {
		t.Errorf("the hosted checkout weighs %d bytes", total)
	}
}

// TestPaymentAmounts holds the button, the summary and the form to one amount.
func TestPaymentAmounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := httptest.NewRecorder()
	s.checkout.RenderPayment(w, httptest.NewRequest(http.MethodGet, "/", nil), payment())
	for _, want := range []string{
		`name="expected_amount" value="7579"`, `name="currency" value="USD"`, "Pay $75.79</button>",
		`<iframe class="fields" title="Card details" src="/simulator/fields/cs_01JD8Z4Q0V?option=card"`,
		`name="tip" value="percent:15" aria-pressed="true"`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	csp := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-src 'self'", "frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy lacks %s: %s", want, csp)
		}
	}
}

// TestHostileTexts shows that what a merchant or buyer writes stays text.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	v := payment()
	v.Merchant.Name = `<script>alert(1)</script>`
	v.Merchant.Brand.Accent = `red}</style><script>alert(1)</script>`
	v.Merchant.LogoURL = `javascript:alert(1)`
	v.CancelURL = `javascript:alert(1)`
	v.Contact.Email = `"><script>alert(1)</script>`
	v.Summary.Lines[0].ImageURL = "https://evil.example; script-src *"
	w := httptest.NewRecorder()
	s.checkout.RenderPayment(w, httptest.NewRequest(http.MethodGet, "/", nil), v)
	for _, bad := range []string{"<script>", "javascript:"} {
		if strings.Contains(w.Body.String(), bad) {
			t.Errorf("the page carries %s", bad)
		}
	}
	if strings.Contains(w.Header().Get("Content-Security-Policy"), "evil") {
		t.Error("an address widened the policy")
	}
}
