package apps

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startGoodwill starts the example as its developer would.
func startGoodwill(t testing.TB, p *platform) *extension {
	t.Helper()
	return startExtension(t, p, plan{
		example: "post-purchase", name: "Goodwill", events: "order.paid,refund.created,refund.updated,refund.failed,app_approval.decided",
	})
}

// goodwillAsks is what its consent page says.
var goodwillAsks = []string{"Goodwill", "See orders", "Give refunds"}

// giveBack presses the button beside a line and returns what the page says then.
func (b *browser) giveBack(g *extension, name string) {
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
	merchant.install(p, g, goodwillAsks...)
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
	merchant.install(p, g, goodwillAsks...) // a second thought
}
