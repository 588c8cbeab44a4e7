package checkout

import (
	"cmp"
	"embed"
	"net/http"
	"slices"

	"flint/internal/web/ui"
)

//go:embed *.html *.js
var files embed.FS

// Part is this package's templates and scripts, for ui.New.
func Part() ui.Part { return ui.Part{Name: "checkout", Files: files} }

// Pages renders the pages of the checkout.
type Pages struct{ ui *ui.Renderer }

// New returns Pages on a renderer that was made with Part.
func New(r *ui.Renderer) *Pages { return &Pages{r} }

// RenderPayment writes the payment page; 422 when the view has field errors.
func (p *Pages) RenderPayment(w http.ResponseWriter, r *http.Request, v Payment) {
	page := p.page(v.Common, "payment", paymentPage{v, byName(v.Errors)})
	page.Title = p.text(v.Lang, "pay.title", v.Merchant.Name)
	page.Script = "checkout.js"
	page.Policy.Payment = true
	page.Policy.FrameSrc = []string{ui.Origin(v.FieldsURL)}
	if page.Frame != nil {
		page.Frame.Code, page.Frame.Minor, page.Frame.Currency = v.DeclineCode, v.Pay.Minor, v.Pay.Currency
	}
	page.Policy.FormAction = v.FormTargets
	page.Policy.ImgSrc = append(page.Policy.ImgSrc, images(v.Summary)...)
	if len(v.Errors) > 0 || (v.Saved != nil && v.Saved.Error != "") {
		page.Status = http.StatusUnprocessableEntity
	}
	p.ui.Render(w, r, page)
}

// RenderChanged writes the step that shows the old and the new amount; 409.
func (p *Pages) RenderChanged(w http.ResponseWriter, r *http.Request, v Changed) {
	page := p.page(v.Common, "changed", v)
	page.Title = p.text(v.Lang, "changed.title")
	page.Status = http.StatusConflict
	if page.Frame != nil {
		page.Frame.Minor, page.Frame.Currency = v.Pay.Minor, v.Pay.Currency
	}
	page.Script = "checkout.js"
	page.Policy.ImgSrc = append(page.Policy.ImgSrc, images(v.Summary)...)
	p.ui.Render(w, r, page)
}

// RenderAction writes the page from which the buyer goes to the bank.
func (p *Pages) RenderAction(w http.ResponseWriter, r *http.Request, v Action) {
	page := p.page(v.Common, "action", v)
	page.Title = p.text(v.Lang, "action.title")
	p.ui.Render(w, r, page)
}

// RenderProcessing writes the waiting page. It looks again by itself, without JavaScript every ten
// seconds by a refresh.
func (p *Pages) RenderProcessing(w http.ResponseWriter, r *http.Request, v Processing) {
	page := p.page(v.Common, "processing", v)
	page.Title = p.text(v.Lang, "processing.title")
	page.Script = "wait.js"
	p.ui.Render(w, r, page)
}

// RenderSuccess writes the receipt.
func (p *Pages) RenderSuccess(w http.ResponseWriter, r *http.Request, v Success) {
	page := p.page(v.Common, "success", v)
	page.Title = p.text(v.Lang, "success.title")
	page.Script = "wait.js"
	page.Policy.ImgSrc = append(page.Policy.ImgSrc, images(v.Summary)...)
	p.ui.Render(w, r, page)
}

// RenderEnd writes the page of a checkout that cannot be paid: 404 for EndNotFound, 410 for the kinds
// that are over for good, 200 for an order that is paid already and for a bank that has its answer.
func (p *Pages) RenderEnd(w http.ResponseWriter, r *http.Request, v End) {
	page := p.page(v.Common, "end", v)
	page.Title = p.text(v.Lang, string(v.Kind)+".title")
	if page.Frame != nil {
		page.Frame.Kind = string(v.Kind)
	}
	switch v.Kind {
	case EndNotFound:
		page.Status = http.StatusNotFound
	case EndBusy:
		page.Status = http.StatusTooManyRequests
	case EndBroken:
		page.Status = cmp.Or(v.Status, http.StatusInternalServerError)
	case EndPaid, EndAnswered:
		page.Status = http.StatusOK
	default:
		page.Status = http.StatusGone
	}
	p.ui.Render(w, r, page)
}

// RenderEntry writes the page that a checkout link opens before its token was traded for a cookie; it
// knows nothing of the order and shows nothing of it. 403 when the token sent was not good.
func (p *Pages) RenderEntry(w http.ResponseWriter, r *http.Request, v Entry) {
	page := p.page(v.Common, "entry", v)
	page.Title = p.text(v.Lang, "entry.title")
	page.Script = "entry.js"
	if v.Invalid {
		page.Status = http.StatusForbidden
	}
	p.ui.Render(w, r, page)
}

// RenderFields writes the frame of payment fields; 422 when the view has field errors.
func (p *Pages) RenderFields(w http.ResponseWriter, r *http.Request, v Fields) {
	var ancestors []string
	if v.ParentOrigin == "" && !v.Alone {
		ancestors = []string{"'self'"}
	}
	if v.Around != "" {
		ancestors = append(ancestors, v.Around)
	}
	page := ui.Page{
		Name: "checkout/fields", Lang: v.Lang, View: fieldsPage{v, byName(v.Errors)}, Brand: v.Brand,
		Title: p.text(v.Lang, "fields.title."+string(v.Option)), Script: "fields.js", Class: "frame",
		Policy: ui.Policy{FrameAncestors: ancestors, Payment: true},
	}
	if v.Alone {
		page.Class = "frame alone"
	}
	if len(v.Errors) > 0 {
		page.Status = http.StatusUnprocessableEntity
	}
	p.ui.Render(w, r, page)
}

// RenderChallenge writes the simulated bank's page.
func (p *Pages) RenderChallenge(w http.ResponseWriter, r *http.Request, v Challenge) {
	page := ui.Page{
		Name: "checkout/challenge", Lang: v.Lang, View: v, Title: p.text(v.Lang, "challenge.title"),
		Brand: ui.Brand{Accent: "#4a4f57"}, Policy: ui.Policy{FormAction: []string{v.ReturnURL}, FrameAncestors: around(v.Around)},
	}
	if v.Around != "" && inFrame(r) {
		page.Class, page.Frame = "embed", &ui.Frame{Parent: v.Around}
	}
	p.ui.Render(w, r, page)
}

func (p *Pages) page(c Common, name string, view any) ui.Page {
	page := ui.Page{Name: "checkout/" + name, Lang: c.Lang, View: view, Brand: c.Merchant.Brand}
	if c.Merchant.LogoURL != "" {
		page.Policy.ImgSrc = []string{ui.Origin(c.Merchant.LogoURL)}
	}
	page.Policy.FrameAncestors = around(c.Around)
	if c.Framed {
		page.Class, page.Frame = "embed", &ui.Frame{Parent: ui.Origin(c.Around)}
	}
	return page
}

// around are the origins that may frame a page: none without a page around it.
func around(origin string) []string {
	if origin == "" {
		return nil
	}
	return []string{origin}
}

func (p *Pages) text(lang, key string, values ...any) string {
	return p.ui.Language(lang).T(key, values...)
}

func images(s Summary) []string {
	var out []string
	for _, l := range s.Lines {
		if l.ImageURL != "" {
			out = append(out, ui.Origin(l.ImageURL))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Bare reports that no line has a picture, so that the lines start at the edge.
func (s Summary) Bare() bool {
	return !slices.ContainsFunc(s.Lines, func(l Line) bool { return l.ImageURL != "" })
}

// Count is the number of units, for "3 items".
func (s Summary) Count() int {
	n := int64(0)
	for _, l := range s.Lines {
		n += l.Quantity
	}
	return int(n)
}

// Ask is what the collapsed summary shows: what is due now.
func (s Summary) Ask() string {
	if s.Due != "" {
		return s.Due
	}
	return s.Total
}

// Initial stands in for a picture.
func (l Line) Initial() string { return initial(l.Name) }

// Initial stands in for a logo.
func (m Merchant) Initial() string { return initial(m.Name) }

func initial(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
