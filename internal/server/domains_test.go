package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/httpapi"
	"flint/internal/merchant"
	"flint/internal/notification"
	"flint/internal/server"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// zone is a domain name system in which every name leads to the installation and owners publish what they are told.
type zone struct {
	mu  sync.Mutex
	txt map[string][]string
}

func (z *zone) publish(name, value string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.txt[name] = append(z.txt[name], value)
}

func (z *zone) resolver() settings.Resolver {
	return settings.Resolver{
		CNAME: func(context.Context, string) (string, error) { return flintHost + ".", nil },
		TXT: func(_ context.Context, name string) ([]string, error) {
			z.mu.Lock()
			defer z.mu.Unlock()
			if len(z.txt[name]) == 0 {
				return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
			}
			return slices.Clone(z.txt[name]), nil
		},
	}
}

const flintHost = "flint.example"

// landlord is an installation at a public hostname whose clock and whose domain name system a test holds.
type landlord struct {
	*partner
	now *clock.Fixed
	dns *zone
}

func eachLandlord(t *testing.T, test func(t *testing.T, l *landlord)) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			now := clock.NewFixed(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
			l := &landlord{newPartner(t, server.Config{Database: dbtest.OpenURL(t, engine), Development: true, Clock: now}), now, &zone{txt: map[string][]string{}}}
			l.Settings.Host, l.Settings.Resolver = flintHost, l.dns.resolver()
			test(t, l)
		})
	}
}

// lodger is a merchant of the installation.
type lodger struct {
	*landlord
	scope     tenant.Scope
	live, key string // of the live environment and of the sandbox
	buyers    int
}

func (l *landlord) lodger(t *testing.T, m merchant.Created) *lodger {
	t.Helper()
	live, _ := l.keyOf(t, m.Live.Scope)
	sandbox, _ := l.keyOf(t, m.Sandbox.Scope)
	return &lodger{landlord: l, scope: m.Live.Scope, live: live, key: sandbox}
}

func (l *landlord) call(t *testing.T, key, method, path, body string, want int) map[string]any {
	t.Helper()
	status, out, err := l.racer(method, path, jsonMedia, body, key)
	if err != nil || status != want {
		t.Fatalf("%s %s: %d %v %v, want %d", method, path, status, out, err, want)
	}
	data, _ := out["data"].(map[string]any)
	return data
}

// name writes a hostname into the settings, JSON null for none.
func (m *lodger) name(t *testing.T, kind, host string) {
	t.Helper()
	if host != "null" {
		host = `"` + host + `"`
	}
	body, status := `{"checkout":{"custom_domain":`+host+`}}`, "checkout_domain_status"
	if kind == settings.DomainAccount {
		body, status = `{"customer_account":{"presentation":{"custom_domain":`+host+`}}}`, "customer_account_domain_status"
	}
	told := m.call(t, m.live, "PATCH", "/v1/settings", body, 200)[status].(map[string]any)
	if host == "null" {
		return
	}
	record := told["dns_records"].([]any)[1].(map[string]any)
	m.dns.publish(record["name"].(string), record["value"].(string))
}

// prove names a hostname and has it checked.
func (m *lodger) prove(t *testing.T, kind, host string) {
	t.Helper()
	m.name(t, kind, host)
	m.now.Set(m.now.Now().Add(settings.ValidateAfter))
	if told := m.call(t, m.live, "POST", "/v1/settings/custom-domains/"+kind+"/validate", "", 200); told["domain_status"] != "active" {
		t.Fatalf("the domain is %v", told)
	}
}

// pages are addresses that are handed out about a new order, by what they lead to.
func (m *lodger) pages(t *testing.T, key string) map[string]string {
	t.Helper()
	out := map[string]string{}
	order := func(more string) string {
		return m.call(t, key, "POST", "/v1/orders", `{"line_items":[{"name":"Mug","unit_price_money":{"amount":3499,"currency":"USD"}}]`+more+`}`, 201)["order_id"].(string)
	}
	text := func(v any) string { s, _ := v.(string); return s }
	session := m.call(t, key, "POST", "/v1/checkout-sessions", `{"order_id":"`+order("")+`"}`, 201)["checkout_session"].(map[string]any)
	out["session"] = text(session["url"])
	id := text(session["checkout_session_id"])
	out["session, read again"] = text(m.call(t, key, "GET", "/v1/checkout-sessions/"+id, "", 200)["url"])
	out["recovery link"] = text(m.call(t, key, "POST", "/v1/checkout-sessions/"+id+"/recovery-actions", `{"type":"recovery_link"}`, 201)["url"])
	out["payment link in place of a session"] = text(m.call(t, key, "POST", "/v1/checkout-sessions/"+id+"/recovery-actions", `{"type":"payment_link"}`, 201)["url"])
	link := m.call(t, key, "POST", "/v1/payment-links", `{"name":"Mug","line_items":[{"name":"Mug","unit_price_money":{"amount":100,"currency":"USD"},"quantity":1}]}`, 201)
	out["payment link"] = text(link["url"])

	m.buyers++
	customer := text(m.call(t, key, "POST", "/v1/customers", fmt.Sprintf(`{"email":"bo%d@buyer.example","name":"Bo"}`, m.buyers), 201)["customer_id"])
	mine := order(`,"customer_id":"` + customer + `"`)
	draft := m.call(t, key, "POST", "/v1/invoices", `{"order_id":"`+mine+`"}`, 201)
	issued := m.call(t, key, "POST", "/v1/invoices/"+text(draft["invoice_id"])+"/issue", `{"delivery_mode":"caller_managed"}`, 200)
	v, _ := issued["invoice"].(map[string]any)
	out["invoice"] = text(v["public_url"])
	out["account, access link"] = text(m.call(t, key, "POST", "/v1/orders/"+mine+"/access-links", "", 201)["url"])
	out["account, sign-in"] = text(m.call(t, key, "POST", "/v1/customer-sessions", `{"customer_id":"`+customer+`"}`, 201)["account_url"])
	return out
}

func TestLinksCarryTheMerchantsNames(t *testing.T) {
	eachLandlord(t, func(t *testing.T, l *landlord) {
		shop := l.lodger(t, l.shop)
		begin := func(what, key, checkout, account string) {
			t.Helper()
			for name, address := range shop.pages(t, key) {
				want := checkout
				if strings.HasPrefix(name, "account") {
					want = account
				}
				if !strings.HasPrefix(address, want+"/") {
					t.Errorf("%s: the address of the %s is %q, want %s/…", what, name, address, want)
				}
			}
		}
		letter := func() string {
			return l.Receipts.UnsubscribeURL(shop.scope, notification.FamilyReminders, "bo@buyer.example")
		}
		begin("without names", shop.live, l.url, l.url)
		shop.name(t, settings.DomainCheckout, "pay.shop.example")
		begin("named, not proven", shop.live, l.url, l.url)
		shop.prove(t, settings.DomainCheckout, "pay.shop.example")
		begin("a name for checkouts", shop.live, "https://pay.shop.example", l.url)
		shop.prove(t, settings.DomainAccount, "my.shop.example")
		begin("two names", shop.live, "https://pay.shop.example", "https://my.shop.example")
		begin("the sandbox", shop.key, l.url, l.url)
		if at := letter(); !strings.HasPrefix(at, "https://my.shop.example/mail/unsubscribe/") {
			t.Errorf("a letter is left at %s", at)
		}
		if err := l.Settings.LoadNames(t.Context(), l.DB); err != nil { // another process, or this one after a restart
			t.Fatal(err)
		}
		begin("read anew", shop.live, "https://pay.shop.example", "https://my.shop.example")
		shop.name(t, settings.DomainCheckout, "null")
		begin("one name taken back", shop.live, l.url, "https://my.shop.example")
	})
}

// get asks the installation under a host and follows nothing.
func (l *landlord) get(t *testing.T, method, host, path string, cookies []*http.Cookie, form url.Values) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, l.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	if form != nil {
		r.Header.Set("Content-Type", formMedia)
		r.Header.Set("Origin", "https://"+host)
	}
	for _, c := range cookies {
		r.AddCookie(c)
	}
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// pathOf is an address without its host and its secret.
func pathOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.EscapedPath()
}

func TestAMerchantsNameServesItsBuyersPagesAlone(t *testing.T) {
	eachLandlord(t, func(t *testing.T, l *landlord) {
		shop, other := l.lodger(t, l.shop), l.lodger(t, l.owner)
		shop.prove(t, settings.DomainCheckout, "pay.shop.example")
		shop.prove(t, settings.DomainAccount, "my.shop.example")
		mine, theirs, test := shop.pages(t, shop.live), other.pages(t, other.live), shop.pages(t, shop.key)
		style, _ := l.UI.Assets().Get("flint.css")
		leave := pathOf(t, l.Receipts.UnsubscribeURL(shop.scope, notification.FamilyReminders, "bo@buyer.example"))
		account := "/account/" + shop.scope.EnvironmentID
		for path, want := range map[string]int{
			"/v1/orders": 421, "/v1/openapi.json": 421, "/v1/oauth/authorize": 421, "/.well-known/oauth-authorization-server": 421,
			"/": 404, "/healthz": 404, "/readyz": 404, "/apps": 404, "/sign-in": 404, "/docs/errors": 404, "/dev/mailbox": 404, "/custom-domains/ask": 404,
			"/account/" + other.scope.EnvironmentID: 404, "/checkout/": 404, "/checkout/../v1/orders": 404, "/checkout/%2e%2e/x": 404,
			style.Path: 200, "/flint.js": 200,
		} {
			for _, host := range []string{"pay.shop.example", "my.shop.example:8443", "PAY.shop.example."} {
				if got := l.get(t, "GET", host, path, nil, nil); got.StatusCode != want {
					t.Errorf("%s%s: %d, want %d", host, path, got.StatusCode, want)
				}
			}
		}
		ask := func(host, path string, want int) {
			t.Helper()
			got := l.get(t, "GET", host, path, nil, nil)
			if (want == 404) != (got.StatusCode == 404) || got.StatusCode >= 500 {
				t.Errorf("%s%s: %d, want like %d", host, path, got.StatusCode, want)
			}
		}
		for name, address := range mine {
			path, right, wrong := pathOf(t, address), "pay.shop.example", "my.shop.example"
			if strings.HasPrefix(name, "account") {
				right, wrong = wrong, right
			}
			ask(right, path, 200)
			ask(wrong, path, 404)
			ask(strings.TrimPrefix(l.url, "http://"), path, 200)
			ask("unknown.example", path, 200)
			ask(right, pathOf(t, theirs[name]), 404)
			ask(right, pathOf(t, test[name]), 404)
		}
		ask("my.shop.example", leave, 200)
		ask("pay.shop.example", leave, 404)
		ask("my.shop.example", account, 200)
		if hsts := l.get(t, "GET", "my.shop.example", account, nil, nil).Header.Get("Strict-Transport-Security"); strings.Contains(hsts, "includeSubDomains") {
			t.Errorf("what lies below the merchant's name is bound: %s", hsts)
		}
		for host, want := range map[string]int{"pay.shop.example": 200, "my.shop.example": 200, "else.shop.example": 404, "": 404, flintHost: 404} {
			if got := l.get(t, "GET", "127.0.0.1", "/custom-domains/ask?domain="+host, nil, nil); got.StatusCode != want {
				t.Errorf("the proxy asks for %q: %d, want %d", host, got.StatusCode, want)
			}
		}
	})
}

// TestABuyerStaysUnderTheMerchantsName opens a link, pays with a card whose bank asks, and comes back, all under one
// name; from the account's name the buyer is led to the checkout's.
func TestABuyerStaysUnderTheMerchantsName(t *testing.T) {
	eachLandlord(t, func(t *testing.T, l *landlord) {
		shop := l.lodger(t, l.shop)
		shop.prove(t, settings.DomainCheckout, "pay.shop.example")
		shop.prove(t, settings.DomainAccount, "my.shop.example")
		mine := shop.pages(t, shop.live)
		order := l.call(t, shop.live, "POST", "/v1/orders", anOrder, 201)["order_id"].(string)
		address := l.call(t, shop.live, "POST", "/v1/checkout-sessions", `{"order_id":"`+order+`"}`, 201)["checkout_session"].(map[string]any)["url"].(string)
		path, token, _ := strings.Cut(strings.TrimPrefix(address, "https://pay.shop.example"), "#checkout_token=")
		in := l.get(t, "POST", "pay.shop.example", path+"/open", nil, url.Values{"checkout_token": {token}})
		if in.StatusCode != 303 || in.Header.Get("Location") != path || len(in.Cookies()) != 1 || in.Cookies()[0].Domain != "" {
			t.Fatalf("the link was not opened: %d %v", in.StatusCode, in.Header)
		}
		if forged := l.send403(t, "pay.shop.example", path+"/open", "https://evil.example", url.Values{"checkout_token": {token}}); forged != 403 {
			t.Errorf("a form of another site: %d", forged)
		}
		pay := l.get(t, "POST", "pay.shop.example", path+"/pay", in.Cookies(), url.Values{"expected_amount": {"3499"}, "currency": {"USD"}, "payment_token": {"simtok_3ds"}})
		body, _ := io.ReadAll(pay.Body)
		bank := pay.Header.Get("Location")
		if pay.StatusCode != 303 || !strings.HasPrefix(bank, "/simulator/challenge/") {
			t.Fatalf("the bank was not asked: %d %q %s", pay.StatusCode, bank, body)
		}
		back := l.get(t, "POST", "pay.shop.example", bank, nil, url.Values{"result": {"approve"}})
		if to := back.Header.Get("Location"); to != "https://pay.shop.example"+path+"/return" {
			t.Errorf("the bank leads to %q", to)
		}

		door := pathOf(t, mine["account, access link"])
		opened := l.get(t, "POST", "my.shop.example", "/o/open", nil, url.Values{"token": {strings.TrimPrefix(door, "/o/")}})
		page := opened.Header.Get("Location")
		if opened.StatusCode != 303 || !strings.HasPrefix(page, "/o/olnk_") {
			t.Fatalf("the access link was not opened: %d %q", opened.StatusCode, page)
		}
		shown := l.get(t, "GET", "my.shop.example", page, opened.Cookies(), nil)
		if csp := shown.Header.Get("Content-Security-Policy"); shown.StatusCode != 200 || !strings.Contains(csp, "form-action 'self' https://pay.shop.example;") {
			t.Errorf("the page of the order: %d %s", shown.StatusCode, csp)
		}
	})
}

func (l *landlord) send403(t *testing.T, host, path, origin string, form url.Values) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", l.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Content-Type", formMedia)
	r.Header.Set("Origin", origin)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

func TestARemovedNameRedirectsAndIsFreed(t *testing.T) {
	eachLandlord(t, func(t *testing.T, l *landlord) {
		shop, other := l.lodger(t, l.shop), l.lodger(t, l.owner)
		shop.prove(t, settings.DomainCheckout, "pay.shop.example")
		mine, theirs := shop.pages(t, shop.live), other.pages(t, other.live)
		path := pathOf(t, mine["payment link"])
		leads := func(method, path, want string) {
			t.Helper()
			got := l.get(t, method, "pay.shop.example", path, nil, nil)
			if to := got.Header.Get("Location"); got.StatusCode != 308 || to != want || got.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d to %q, want %q", method, path, got.StatusCode, to, want)
			}
		}
		shop.name(t, settings.DomainCheckout, "null")
		for _, method := range []string{"GET", "HEAD", "POST"} {
			leads(method, path+"?a=b&next=//evil.example", l.url+path+"?a=b&next=//evil.example")
		}
		for _, path := range []string{"/", "/v1/orders", "//evil.example", "/checkout//evil.example", pathOf(t, theirs["payment link"]), pathOf(t, mine["account, access link"])} {
			if got := l.get(t, "GET", "pay.shop.example", path, nil, nil); got.StatusCode == 308 || got.StatusCode < 400 {
				t.Errorf("%s leads to %d %q", path, got.StatusCode, got.Header.Get("Location"))
			}
		}
		shop.prove(t, settings.DomainCheckout, "buy.shop.example")
		leads("GET", path, "https://buy.shop.example"+path)

		taken := func(want int) {
			t.Helper()
			other.call(t, other.live, "PATCH", "/v1/settings", `{"checkout":{"custom_domain":"pay.shop.example"}}`, want)
		}
		taken(409)
		shop.prove(t, settings.DomainCheckout, "pay.shop.example") // its owner takes it back
		if got := l.get(t, "GET", "pay.shop.example", path, nil, nil); got.StatusCode != 200 {
			t.Errorf("taken back: %d", got.StatusCode)
		}
		shop.name(t, settings.DomainCheckout, "null")
		removed := l.now.Now()
		shop.name(t, settings.DomainCheckout, "pay.shop.example") // named and given up again: the redirect goes on as long as before
		if got := l.get(t, "GET", "pay.shop.example", path, nil, nil); got.StatusCode != 200 {
			t.Errorf("named again: %d", got.StatusCode)
		}
		l.now.Set(removed.Add(time.Hour))
		shop.name(t, settings.DomainCheckout, "null")
		l.now.Set(removed.Add(settings.RedirectFor - time.Second))
		leads("GET", path, l.url+path)
		taken(409)
		l.now.Set(removed.Add(settings.RedirectFor))
		if got := l.get(t, "GET", "pay.shop.example", path, nil, nil); got.StatusCode != 200 { // an unknown host serves what the installation serves
			t.Errorf("after the redirect: %d", got.StatusCode)
		}
		taken(409)
		n, err := l.Settings.Release(t.Context(), l.DB, 1)
		more, err2 := l.Settings.Release(t.Context(), l.DB, 1)
		none, err3 := l.Settings.Release(t.Context(), l.DB, 1)
		if err != nil || err2 != nil || err3 != nil || n != 1 || more != 1 || none != 0 { // pay. and buy.
			t.Fatalf("freed %d, %d, %d: %v %v %v", n, more, none, err, err2, err3)
		}
		taken(200)
		other.prove(t, settings.DomainCheckout, "pay.shop.example")
		if got := l.get(t, "GET", "pay.shop.example", pathOf(t, theirs["payment link"]), nil, nil); got.StatusCode != 200 {
			t.Errorf("the new owner's page: %d", got.StatusCode)
		}
		if got := l.get(t, "GET", "pay.shop.example", path, nil, nil); got.StatusCode != 404 {
			t.Errorf("the old owner's page: %d", got.StatusCode)
		}
		shop.call(t, shop.live, "PATCH", "/v1/settings", `{"checkout":{"custom_domain":"pay.shop.example"}}`, 409)
	})
}

// TestRaceForAHostname: merchants prove the same hostname at the same moment, half of the time one whose last owner's
// redirect is just over. One of them gets it, and its pages alone are served under it.
func TestRaceForAHostname(t *testing.T) {
	eachLandlord(t, func(t *testing.T, l *landlord) {
		all := []*lodger{l.lodger(t, l.shop), l.lodger(t, l.owner)}
		for _, email := range []string{"c@shop.test", "d@shop.test"} {
			all = append(all, l.lodger(t, l.merchant(t, email)))
		}
		round := 0
		flinttest.Rounds(t, func(width int) {
			round++
			here, host := all[:min(width, len(all))], fmt.Sprintf("pay%d.shop.example", round)
			if round%2 == 0 {
				here[0].prove(t, settings.DomainCheckout, host)
				here[0].name(t, settings.DomainCheckout, "null")
				l.now.Set(l.now.Now().Add(settings.RedirectFor))
				if _, err := l.Settings.Release(t.Context(), l.DB, 100); err != nil {
					t.Fatal(err)
				}
			}
			for _, m := range here {
				m.name(t, settings.DomainCheckout, host)
			}
			l.now.Set(l.now.Now().Add(settings.ValidateAfter))
			got := make([]int, len(here))
			for _, err := range flinttest.Race(len(here), func(k int) (err error) {
				got[k], _, err = l.racer("POST", "/v1/settings/custom-domains/checkout/validate", jsonMedia, "", here[k].live)
				return err
			}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			winners := 0
			name, known := l.Settings.Named(host)
			for k, status := range got {
				switch {
				case status == 200 && known && name.Scope == here[k].scope:
					winners++
				case status != 409:
					t.Errorf("merchant %d: %d; the name is %v", k, status, name)
				}
			}
			if winners != 1 {
				t.Errorf("round %d: %v", round, got)
			}
			for _, m := range here {
				m.name(t, settings.DomainCheckout, "null")
			}
		})
	})
}

func (l *landlord) merchant(t *testing.T, email string) (m merchant.Created) {
	t.Helper()
	l.write(t, func(tx db.Tx) (err error) {
		m, err = l.Merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: email, BusinessName: "Shop", APIVersion: httpapi.Version, Now: l.Clock.Now()})
		return err
	})
	return m
}
