package apps

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// goodwill is the example, registered and running.
type goodwill struct {
	dir, address string
	env          map[string]string
}

// startGoodwill registers the example as its developer would and starts it.
func startGoodwill(t testing.TB, p *platform) *goodwill {
	t.Helper()
	permissions, err := filepath.Abs("../../examples/post-purchase/permissions.json")
	if err != nil {
		t.Fatal(err)
	}
	g := &goodwill{dir: t.TempDir(), address: "http://" + freeAddress(t), env: map[string]string{}}
	run(t, g.dir, "app", "register", "--data", p.data, "--name", "Goodwill", "--permissions", permissions,
		"--events", "order.paid,refund.created,refund.updated,refund.failed,app_approval.decided",
		"--redirect-uri", g.address+"/callback", "--webhook-url", g.address+"/webhooks")
	raw, err := os.ReadFile(filepath.Join(g.dir, ".env"))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(l), "=")
		g.env[name] = value
	}
	start(t, g.dir, program(t, "post-purchase"))
	eventually(t, "the app is ready", func() bool { return answers(g.address) })
	return g
}

// signIn goes on from a page that asks who is there.
func (b *browser) signIn(p *platform) {
	b.t.Helper()
	f, found := b.formWith("password")
	if !found {
		b.t.Fatalf("nobody asks who is there: %s", b.describe())
	}
	f.values.Set("email", p.User.Email)
	f.values.Set("password", p.User.Password)
	b.press(f, f.buttons[0])
}

// decide presses a button of the consent page: approve or cancel.
func (b *browser) decide(what string) {
	b.t.Helper()
	for _, f := range b.forms() {
		for _, k := range f.buttons {
			if k.name == "decision" && k.value == what {
				b.press(f, k)
				return
			}
		}
	}
	b.t.Fatalf("there is nothing to %s: %s", what, b.describe())
}

// install goes from the app to Flint and back.
func (b *browser) install(p *platform, g *goodwill) {
	b.t.Helper()
	b.open(g.address + "/install")
	if _, asked := b.formWith("password"); asked {
		b.signIn(p)
	}
	for _, words := range []string{"Goodwill", "Contoso Books", "Northwind Supply", "See orders", "Give refunds"} {
		if !strings.Contains(b.text(), words) {
			b.t.Errorf("the consent page does not say %q: %s", words, b.describe())
		}
	}
	b.decide("approve")
	if b.at.Host != strings.TrimPrefix(g.address, "http://") || !strings.Contains(b.text(), "Installed at "+p.MerchantID) {
		b.t.Fatalf("the app is not installed: %s", b.describe())
	}
}

// kept is what the app's store says of its only installation.
func (g *goodwill) kept(t testing.TB) (access, refresh, install string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(g.dir, "store.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Installations map[string]struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
			Install string `json:"partner_app_install_id"`
		} `json:"installations"`
	}
	if err := json.Unmarshal(raw, &s); err != nil || len(s.Installations) != 1 {
		t.Fatalf("the app keeps %d installations, %v", len(s.Installations), err)
	}
	for _, in := range s.Installations {
		access, refresh, install = in.Access, in.Refresh, in.Install
	}
	return access, refresh, install
}

// giveBack presses the button beside a line and returns what the page says then.
func (b *browser) giveBack(g *goodwill, name string) {
	b.t.Helper()
	b.open(g.address)
	for _, f := range b.forms() {
		if f.values.Get("line") == name {
			b.press(f, f.buttons[0])
			return
		}
	}
	b.t.Fatalf("there is no button for %s: %s", name, b.describe())
}

type usd struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func dollars(cents int64) []usd { return []usd{{cents, "USD"}} }

// paidOrder is an order of a mug for 14 dollars and a bag for 37, and the ids of its lines.
func (p *platform) paidOrder() (orderID, mug, bag string) {
	p.t.Helper()
	var o struct {
		ID    string `json:"order_id"`
		Lines []struct {
			ID string `json:"order_line_item_id"`
		} `json:"line_items"`
	}
	p.api(p.APIKey, http.MethodPost, "/v1/orders", map[string]any{"line_items": []map[string]any{
		{"name": "Enamel mug", "unit_price_money": usd{1400, "USD"}}, {"name": "Canvas tote bag", "unit_price_money": usd{1850, "USD"}, "quantity": 2},
	}}, &o)
	p.api(p.APIKey, http.MethodPost, "/v1/orders/"+o.ID+"/pay", map[string]any{"action": "pay", "payment_source": map[string]any{"token": "simtok_approve"}}, &struct{}{})
	return o.ID, o.Lines[0].ID, o.Lines[1].ID
}

func (p *platform) refunded(orderID string) int64 {
	p.t.Helper()
	var o struct {
		Settlement struct {
			Refunded usd `json:"refunded_money"`
		} `json:"settlement_amounts"`
	}
	p.api(p.APIKey, http.MethodGet, "/v1/orders/"+orderID, nil, &o)
	return o.Settlement.Refunded.Amount
}

// TestAnAppFromItsInstallationToItsRemoval is the story of the example: a merchant installs it and says
// how much it may give back; it hears of an order, gives a line back, meets its limit, and is removed.
func TestAnAppFromItsInstallationToItsRemoval(t *testing.T) {
	t.Parallel()
	p := startFlint(t)
	g := startGoodwill(t, p)
	merchant := newBrowser(t)
	merchant.install(p, g)
	access, refresh, install := g.kept(t)
	limits := "/v1/installed-apps/" + install + "/limits"
	p.api(p.LiveAPIKey, http.MethodPatch, limits, map[string]any{"refund_per_order_money": dollars(2000), "refund_per_day_money": dollars(9000)}, &struct{}{})

	orderID, mug, bag := p.paidOrder()
	eventually(t, "the app hears of the order", func() bool {
		merchant.open(g.address)
		return strings.Contains(merchant.text(), orderID)
	})
	merchant.giveBack(g, mug)
	eventually(t, "the mug is given back", func() bool {
		merchant.open(g.address)
		return strings.Contains(merchant.text(), "Enamel mug 1400 USD succeeded")
	})
	if got := p.refunded(orderID); got != 1400 {
		t.Errorf("%d cents were given back, want 1400", got)
	}

	merchant.giveBack(g, bag)
	if want := "You let this app give back 2000 USD per order, and it has given 1400 USD"; !strings.Contains(merchant.text(), want) {
		t.Errorf("over the limit of the order, the page does not say %q: %s", want, merchant.describe())
	}
	p.api(p.LiveAPIKey, http.MethodPatch, limits, map[string]any{"refund_per_order_money": dollars(6000), "refund_per_day_money": dollars(1500)}, &struct{}{})
	merchant.giveBack(g, bag)
	if want := "You let this app give back 1500 USD per day, and it has given 1400 USD"; !strings.Contains(merchant.text(), want) {
		t.Errorf("over the limit of the day, the page does not say %q: %s", want, merchant.describe())
	}
	p.api(p.LiveAPIKey, http.MethodPatch, limits, map[string]any{"refund_per_day_money": dollars(9000), "refund_approval_above_money": dollars(2000)}, &struct{}{})
	for _, decision := range []string{"refuse", "approve"} {
		var body any // of an approval there is none
		if decision == "refuse" {
			body = map[string]any{"reason": "The bag was worn."}
		}
		merchant.giveBack(g, bag)
		if !strings.Contains(merchant.text(), "waiting for the merchant") {
			t.Errorf("above what needs a yes, the page says: %s", merchant.describe())
		}
		var asked []struct {
			ID string `json:"app_approval_id"`
		}
		p.api(p.APIKey, http.MethodGet, "/v1/app-approvals?status=pending", nil, &asked)
		if len(asked) != 1 || p.refunded(orderID) != 1400 {
			t.Fatalf("%d approvals wait, %d cents were given back", len(asked), p.refunded(orderID))
		}
		p.api(p.APIKey, http.MethodPost, "/v1/app-approvals/"+asked[0].ID+"/"+decision, body, &struct{}{})
		if decision == "refuse" {
			eventually(t, "the bag is offered again after a no", func() bool {
				merchant.open(g.address)
				return strings.Contains(merchant.text(), "You decided against it.")
			})
		}
	}
	eventually(t, "the bag is given back after a yes", func() bool {
		merchant.open(g.address)
		return p.refunded(orderID) == 5100 && strings.Count(merchant.text(), "succeeded") == 2
	})

	if status := p.api(access, http.MethodGet, "/v1/app-install", nil, nil); status != http.StatusOK {
		t.Errorf("the app's token is answered with %d while it is installed", status)
	}
	merchant.remove(p, install)
	if status := p.api(access, http.MethodGet, "/v1/orders/"+orderID, nil, nil); status != http.StatusUnauthorized {
		t.Errorf("the token of a removed app is answered with %d", status)
	}
	if status, scope := p.tryRefresh(g, refresh); status != http.StatusBadRequest && strings.Contains(scope, "orders") {
		t.Errorf("a removed app refreshes its token: %d with %s", status, scope)
	}
	eventually(t, "the app forgets the merchant", func() bool {
		merchant.open(g.address)
		return strings.Contains(merchant.text(), "Install it at your merchant")
	})
	raw, err := os.ReadFile(filepath.Join(g.dir, "store.json"))
	if err != nil || strings.Contains(string(raw), orderID) || strings.Contains(string(raw), "fprt_") {
		t.Errorf("the app still keeps something of the merchant: %v\n%s", err, raw)
	}
}

// remove takes the app away on the merchant's page.
func (b *browser) remove(p *platform, install string) {
	b.t.Helper()
	b.open(p.BaseURL + "/apps/" + install + "/remove")
	f, found := b.formWith("csrf")
	for _, other := range b.forms() {
		if strings.HasSuffix(other.action, "/remove") {
			f = other
		}
	}
	if !found || len(f.buttons) == 0 {
		b.t.Fatalf("the app cannot be removed: %s", b.describe())
	}
	b.press(f, f.buttons[0])
	if b.status != http.StatusOK {
		b.t.Fatalf("after the removal: %s", b.describe())
	}
}

// tryRefresh asks for new tokens as the app would.
func (p *platform) tryRefresh(g *goodwill, token string) (status int, scope string) {
	p.t.Helper()
	res, err := http.PostForm(p.BaseURL+"/v1/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token},
		"client_id": {g.env["FLINT_CLIENT_ID"]}, "client_secret": {g.env["FLINT_CLIENT_SECRET"]}})
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var out struct {
		Scope string `json:"scope"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, out.Scope
}

// TestAMerchantWhoDeclines comes back to the app, which says so and has nothing.
func TestAMerchantWhoDeclines(t *testing.T) {
	t.Parallel()
	p := startFlint(t)
	g := startGoodwill(t, p)
	merchant := newBrowser(t)
	merchant.open(g.address + "/install")
	merchant.signIn(p)
	merchant.decide("cancel")
	if want := "The app was not installed (access_denied)"; !strings.Contains(merchant.text(), want) {
		t.Errorf("the app does not say %q: %s", want, merchant.describe())
	}
	var installed []any
	if p.api(p.LiveAPIKey, http.MethodGet, "/v1/installed-apps?status=active", nil, &installed); len(installed) != 0 {
		t.Errorf("there are installs: %v", installed)
	}
	merchant.install(p, g) // a second thought
}
