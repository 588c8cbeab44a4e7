package account

import (
	"net/http"
	"time"

	"flint/internal/money"
	"flint/internal/settings"
	"flint/internal/tenant"
	"flint/internal/web/ui"
)

// shown is what every page shows.
type shown struct {
	Name, LogoURL         string
	Email, Phone, Website string // support
	Test                  bool
	Home                  string // of the account, empty where there is no login
	Tab                   string
	Mine                  bool // somebody is in
	CSRF                  string
	Notice                string // key of a text about what was just done
}

// Initial stands in for a logo.
func (s shown) Initial() string {
	for _, r := range s.Name {
		return string(r)
	}
	return ""
}

func (h *Handler) shown(r *http.Request, v *visit, tab string) shown {
	m := &v.merchant
	out := shown{Name: m.BusinessName, Email: m.SupportEmail, Phone: m.SupportPhone, Website: m.SupportURL, Test: v.scope.Mode() == tenant.ModeTest, Tab: tab}
	if m.Logo != nil {
		out.LogoURL = m.Logo.URL
	}
	if v.login != nil {
		out.Mine, out.CSRF = true, h.token(v)
	}
	if v.scope.EnvironmentID != "" {
		out.Home = v.home()
	}
	if done := r.URL.Query().Get("done"); notices[done] {
		out.Notice = "buyer.done." + done
	}
	return out
}

// notices are what an address may say was done.
var notices = map[string]bool{"receipt": true, "saved": true, "deleted": true, "email": true, "deletion": true, "resolving": true, "unpayable": true, "norepeat": true, "noreceipt": true,
	"underway": true, "uncollectible": true, "cardremoved": true, "cardunusable": true,
	"returned": true, "withdrawn": true, "unreturned": true}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, v *visit, page ui.Page) {
	page.Brand = v.brand
	if page.Title == "" {
		page.Title = v.merchant.BusinessName
	}
	if v.merchant.Logo != nil {
		page.Policy.ImgSrc = append(page.Policy.ImgSrc, ui.Origin(v.merchant.Logo.URL))
	}
	if h.Here(r.Host) != h.BaseURL { // forms that lead to the checkout leave the account's own domain
		page.Policy.FormAction = append(page.Policy.FormAction, ui.Origin(h.Pages(v.scope, settings.DomainCheckout)))
	}
	h.UI.Render(w, r, page)
}

func (h *Handler) text(key string, values ...any) string { return h.UI.Language("").T(key, values...) }

// problem is a page that says why there is nothing to see.
func (h *Handler) problem(w http.ResponseWriter, r *http.Request, v *visit, status int, kind string) {
	if v == nil {
		v = &visit{}
	}
	h.render(w, r, v, ui.Page{Name: "account/problem", Title: h.text("buyer." + kind + ".title"), Status: status, View: struct {
		shown
		Title, Text string
	}{h.shown(r, v, ""), "buyer." + kind + ".title", "buyer." + kind + ".text"}})
}

func (v *visit) money(minor int64, c money.Currency) string {
	return money.Format(money.Amount{Minor: minor, Currency: c}, v.locale)
}

// zone is in which a merchant's dates are shown.
func (v *visit) zone() *time.Location {
	if zone, err := time.LoadLocation(v.merchant.ReportingTimezone); err == nil {
		return zone
	}
	return time.UTC
}

func (v *visit) date(t time.Time) string { return t.In(v.zone()).Format("2 January 2006") }
