package recovery

import (
	"cmp"
	"embed"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/payment"
	domain "flint/internal/recovery"
	"flint/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Part is this package's templates, for ui.New.
func Part() ui.Part { return ui.Part{Name: "recovery", Files: files} }

// Config is what a Handler needs; every field but Throttle is required.
type Config struct {
	DB        db.DB
	Log       *slog.Logger
	Recovery  *domain.Service
	Payments  *payment.Service
	Merchants *merchant.Service
	UI        *ui.Renderer
	BaseURL   string
	// Enter lets a browser into a session and leads it there.
	Enter func(w http.ResponseWriter, r *http.Request, session *checkout.Session)
	// Throttle tells how long the sender of a request must wait before doing a thing once more; nil bounds
	// nobody.
	Throttle func(r *http.Request, what string) time.Duration
}

// Handler serves the page.
type Handler struct {
	Config
	pages *ui.Guard
}

// maxForm bounds the body of a form.
const maxForm = 1 << 10

// NewHandler returns a Handler.
func NewHandler(c Config) *Handler {
	h := &Handler{Config: c, pages: ui.NewGuard(c.BaseURL, maxForm, c.Log)}
	return h
}

// Routes adds the page to mux. Forms that another site sends are refused with 403.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.Handle("GET /r/{token}", h.guard(h.show))
	mux.Handle("POST /r/{token}/open", h.guard(h.open))
	mux.Handle("POST /r/{token}/restart", h.guard(h.restart))
}

func (h *Handler) guard(next http.HandlerFunc) http.Handler {
	return h.pages.Page(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "no-referrer")
		if h.Throttle != nil {
			if wait := h.Throttle(r, "open"); wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
				h.render(w, r, View{Kind: "busy"}, http.StatusTooManyRequests)
				return
			}
		}
		next(w, r)
	})
}

// Row is a named amount.
type Row struct {
	Name, Amount string
	Strong       bool
}

// Line is one line of the order.
type Line struct {
	Name, Quantity, Amount, ImageURL, ImageAlt string
}

// View is what the page shows. Without a merchant it shows nothing about anybody.
type View struct {
	Kind     string // ready, waiting, paying, bought, gone, unknown, busy, broken
	Merchant string
	LogoURL  string
	Email    string
	Phone    string
	Website  string
	Test     bool
	Open     string // address that the form goes to
	Restart  string
	Lines    []Line
	Rows     []Row
	Total    string

	brand  ui.Brand
	images []string
}

// show tells what the link leads to.
func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	var v View
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		f, err := h.Recovery.Look(tx, r.PathValue("token"))
		if err != nil {
			return err
		}
		v, err = h.view(tx, r, f)
		return err
	})
	if err != nil {
		h.failed(w, r, err)
		return
	}
	status := http.StatusOK
	if v.Kind == string(domain.Gone) {
		status = http.StatusGone
	}
	h.render(w, r, v, status)
}

// open leads to the checkout.
func (h *Handler) open(w http.ResponseWriter, r *http.Request) {
	var f *domain.Found
	err := h.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		f, err = h.Recovery.Open(r.Context(), tx, r.PathValue("token"))
		return err
	})
	switch {
	case err != nil:
		h.failed(w, r, err)
	case f.Verdict == domain.Ready || f.Verdict == domain.Waiting:
		h.Enter(w, r, f.Session)
	default:
		h.back(w, r)
	}
}

// restart gives up the payment that waits for its buyer. When it turns out to have gone through, or cannot be
// given up, the page says so and nothing is opened.
func (h *Handler) restart(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	var ops []payment.Operation
	var cause event.Cause
	err := h.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		ops, cause, err = h.Recovery.CancelPayment(tx, token)
		return err
	})
	if err == nil {
		err = h.Payments.Execute(r.Context(), ops, cause, nil)
	}
	if e := fault.Of(err); e != nil && e.Class == fault.ClassConflict {
		h.back(w, r) // it has moved on
		return
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	var found *domain.Found
	err = h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		found, err = h.Recovery.Look(tx, token)
		return err
	})
	switch {
	case err != nil:
		h.failed(w, r, err)
	case found.Verdict == domain.Ready:
		h.open(w, r)
	default:
		h.back(w, r)
	}
}

func (h *Handler) back(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/r/"+url.PathEscape(r.PathValue("token")), http.StatusSeeOther)
}

func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	if e := fault.Of(err); e != nil && e.Class == fault.ClassNotFound {
		h.render(w, r, View{Kind: "unknown"}, http.StatusNotFound)
		return
	}
	h.Log.ErrorContext(r.Context(), "a recovery link could not be followed", "page", r.Pattern, "error", err)
	h.render(w, r, View{Kind: "broken"}, http.StatusInternalServerError)
}

func (h *Handler) view(tx db.Tx, r *http.Request, f *domain.Found) (View, error) {
	m, err := h.Merchants.Get(tx.Context(), tx, f.Link.Scope.MerchantID)
	if err != nil {
		return View{}, err
	}
	v := View{
		Kind: string(f.Verdict), Merchant: m.BusinessName, Email: m.SupportEmail, Phone: m.SupportPhone, Website: cmp.Or(m.SupportURL, m.WebsiteURL),
		Test: f.Link.Scope.Mode() == "test", brand: ui.Brand{Accent: m.AccentColor},
	}
	if m.Logo != nil {
		v.LogoURL = m.Logo.URL
		v.images = append(v.images, ui.Origin(v.LogoURL))
	}
	if s := f.Session; s != nil {
		v.brand.Accent = cmp.Or(s.Detail.Theme.Primary, s.Detail.Theme.Accent, v.brand.Accent)
	}
	if f.Verdict != domain.Ready && f.Verdict != domain.Waiting && f.Verdict != domain.Paying {
		return v, nil
	}
	at := "/r/" + url.PathEscape(r.PathValue("token"))
	v.Open, v.Restart = at+"/open", at+"/restart"
	locale, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	locale, _, _ = strings.Cut(locale, ";")
	o := f.Order
	amount := func(minor int64) string {
		return money.Format(money.Amount{Minor: minor, Currency: o.Currency}, strings.TrimSpace(locale))
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		line := Line{Name: l.Name, Amount: amount(l.Subtotal)}
		if l.Quantity > 1 {
			line.Quantity = h.text("pay.each", l.Quantity, amount(l.UnitPrice))
		}
		if l.Image != nil {
			line.ImageURL, line.ImageAlt = l.Image.URL, l.Image.Alt
			v.images = append(v.images, ui.Origin(l.Image.URL))
		}
		v.Lines = append(v.Lines, line)
	}
	row := func(show bool, key string, minor int64) {
		if show {
			v.Rows = append(v.Rows, Row{Name: h.text(key), Amount: amount(minor)})
		}
	}
	p := &o.Pricing
	row(p.Discount+p.Charge+p.Tax+p.Tip != 0, "pay.subtotal", p.Subtotal)
	row(p.Discount != 0, "recovery.discount", -p.Discount)
	row(p.Charge != 0, "recovery.charges", p.Charge)
	row(p.Tax != 0, "pay.tax", p.Tax)
	row(p.Tip != 0, "pay.tip", p.Tip)
	row(o.Settlement.Paid != 0, "pay.paid", -o.Settlement.Paid)
	v.Total = amount(o.Outstanding())
	return v, nil
}

func (h *Handler) text(key string, values ...any) string { return h.UI.Language("").T(key, values...) }

func (h *Handler) render(w http.ResponseWriter, r *http.Request, v View, status int) {
	slices.Sort(v.images)
	h.UI.Render(w, r, ui.Page{
		Name: "recovery/link", Status: status, Title: h.text("recovery." + v.Kind + ".title"), View: v, Brand: v.brand,
		Policy: ui.Policy{ImgSrc: slices.Compact(v.images)},
	})
}

// Initial stands in for a logo.
func (v View) Initial() string { return initial(v.Merchant) }

// Bare reports that no line has a picture, so that the lines start at the edge.
func (v View) Bare() bool {
	return !slices.ContainsFunc(v.Lines, func(l Line) bool { return l.ImageURL != "" })
}

// Initial stands in for a picture.
func (l Line) Initial() string { return initial(l.Name) }

func initial(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
