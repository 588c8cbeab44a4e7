package devhome

import (
	"embed"
	"fmt"
	"net/http"
	"net/url"

	"flint/internal/web/ui"
)

//go:embed *.html *.js
var files embed.FS

// Part is this package's templates and scripts, for ui.New.
func Part() ui.Part { return ui.Part{Name: "devhome", Files: files} }

// Pages renders the developer pages.
type Pages struct{ ui *ui.Renderer }

// New returns Pages on a renderer that was made with Part.
func New(r *ui.Renderer) *Pages { return &Pages{r} }

// RenderHome writes the developer home.
func (p *Pages) RenderHome(w http.ResponseWriter, r *http.Request, v Home) {
	p.render(w, r, "home", "dev.title", v)
}

// RenderMailbox writes the list of mails.
func (p *Pages) RenderMailbox(w http.ResponseWriter, r *http.Request, v Mailbox) {
	p.render(w, r, "mailbox", "dev.mail", v)
}

// RenderMail writes one mail: as text and, in a frame that may do nothing, as its reader sees it. What a
// mail carries is never part of a page of ours.
func (p *Pages) RenderMail(w http.ResponseWriter, r *http.Request, v Mail) {
	p.ui.Render(w, r, ui.Page{Name: "devhome/mail", Title: p.ui.Language("").T("dev.mail"), View: v, Script: "devhome.js",
		Policy: ui.Policy{FrameSrc: []string{"'self'"}}})
}

// RenderCallback writes the demo app's page after an install.
func (p *Pages) RenderCallback(w http.ResponseWriter, r *http.Request, v Callback) {
	p.render(w, r, "callback", "dev.app.title", v)
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, name, title string, view any) {
	p.ui.Render(w, r, ui.Page{
		Name: "devhome/" + name, Title: p.ui.Language("").T(title), View: view, Script: "devhome.js",
	})
}

// QuickStart is four calls from nothing to a paid and partly refunded order, ready to paste into a shell.
func QuickStart(address, key string) []Step {
	curl := func(path string) string {
		return fmt.Sprintf("curl -sS %s%s \\\n  -H 'Authorization: Bearer %s'", address, path, key)
	}
	send := func(path, body string) string {
		return fmt.Sprintf("%s \\\n  -H 'Content-Type: application/json' \\\n  -d '%s'", curl(path), body)
	}
	return []Step{
		{"1. Create an order", "ORDER=$(" + send("/v1/orders",
			`{"line_items":[{"name":"Coffee beans","quantity":2,"unit_price_money":{"amount":1750,"currency":"USD"}}]}`) +
			" \\\n  | grep -o '\"order_id\":\"[^\"]*' | head -1 | cut -d'\"' -f4); echo $ORDER"},
		{"2. Pay it with a test card", send("/v1/orders/$ORDER/pay",
			`{"action":"pay","payment_source":{"token":"simtok_approve"},"expected_outstanding_money":{"amount":3500,"currency":"USD"}}`)},
		{"3. Refund a part", send("/v1/refunds", `{"order_id":"'$ORDER'","amount_money":{"amount":500,"currency":"USD"}}`)},
		{"4. See what is left", curl("/v1/orders/$ORDER")},
	}
}

// Exchange is the call with which an app turns its code into tokens, ready to paste into a shell.
func Exchange(address, clientID, clientSecret, redirectURI, verifier, code string) string {
	return fmt.Sprintf("curl -sS %s/v1/oauth/token \\\n  -d grant_type=authorization_code \\\n  -d client_id=%s \\\n  -d client_secret=%s \\\n"+
		"  -d redirect_uri=%s \\\n  -d code_verifier=%s \\\n  -d code=%s", address, clientID, clientSecret, redirectURI, verifier, url.QueryEscape(code))
}
