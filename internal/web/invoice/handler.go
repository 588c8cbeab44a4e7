package invoice

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"flint/internal/clock"
	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	domain "flint/internal/invoice"
	merchants "flint/internal/merchant"
	"flint/internal/settings"
	"flint/internal/tenant"
	"flint/internal/web/ui"
)

//go:embed *.html *.js
var files embed.FS

// Part is this package's templates and scripts, for ui.New.
func Part() ui.Part { return ui.Part{Name: "invoice", Files: files} }

// Config is what a Handler needs; every field but Throttle is required.
type Config struct {
	DB        db.DB
	Clock     clock.Clock
	Log       *slog.Logger
	Invoices  *domain.Service
	Notes     *creditnote.Service
	Merchants *merchants.Service
	Settings  func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)
	UI        *ui.Renderer
	BaseURL   string // public address of this installation, without a slash at its end
	// Here is the address of the pages around one that was asked for under a host, without a slash at its end:
	// settings.Service.Here.
	Here func(host string) string
	// Throttle tells how long the sender of a request must wait before doing a thing (open, pay) once more, 0
	// for not at all; nil bounds nobody.
	Throttle func(r *http.Request, what string) time.Duration
}

// Handler serves hosted invoices.
type Handler struct {
	Config
	guard *ui.Guard
}

// NewHandler returns a Handler.
func NewHandler(c Config) *Handler {
	h := &Handler{Config: c, guard: ui.NewGuard(c.BaseURL, maxForm, c.Log)}
	return h
}

// Routes adds the pages to mux. Forms that another site sends are refused with 403.
func (h *Handler) Routes(mux *http.ServeMux) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /i/{id}":                     h.show,
		"POST /i/{id}/open":               h.throttled("open", h.open),
		"POST /i/{id}/pay":                h.throttled("pay", h.pay),
		"GET /i/{id}/invoice.pdf":         h.document,
		"GET /i/{id}/credit-notes/{note}": h.noteDocument,
	} {
		mux.Handle(pattern, h.guard.Page(f))
	}
}

// maxForm bounds the body of a form.
const maxForm = 16 << 10

func (h *Handler) throttled(what string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.Throttle != nil {
			if wait := h.Throttle(r, what); wait > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
				h.problem(w, r, http.StatusTooManyRequests)
				return
			}
		}
		next(w, r)
	}
}

const (
	accessCookie = "flint_invoice"
	// accessFor is how long a browser keeps the key to an invoice.
	accessFor = 30 * 24 * time.Hour
)

func page(linkID string) string { return "/i/" + url.PathEscape(linkID) }

// errLocked says that the browser does not hold the cookie of the link, or that there is no such link.
var errLocked = errors.New("invoice: the browser has not opened this link")

// opened reads the invoice of the request's link for a browser that may see it.
func (h *Handler) opened(tx db.Tx, r *http.Request) (*domain.Invoice, error) {
	linkID := r.PathValue("id")
	if !id.Valid(id.InvoiceAccess, linkID) {
		return nil, errLocked
	}
	v, err := domain.FindByLink(tx, linkID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") {
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	c, err := r.Cookie(accessCookie)
	if err != nil || !v.OpenLink(c.Value) || !v.Issued() {
		return nil, errLocked
	}
	return v, nil
}

// failed answers what keeps a visitor from an invoice.
func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errLocked) {
		h.entry(w, r, false)
		return
	}
	h.Log.ErrorContext(r.Context(), "the invoice page failed", "page", r.Pattern, "error", err)
	h.problem(w, r, http.StatusInternalServerError)
}

func (h *Handler) problem(w http.ResponseWriter, r *http.Request, status int) {
	h.UI.Render(w, r, ui.Page{Name: "invoice/problem", Status: status, Title: h.text("inv.problem.title"), View: entryView{}})
}

func (h *Handler) text(key string, values ...any) string { return h.UI.Language("").T(key, values...) }

// entry shows the same page for a link that does not exist, so that ids cannot be tried out.
func (h *Handler) entry(w http.ResponseWriter, r *http.Request, invalid bool) {
	p := ui.Page{
		Name: "invoice/entry", Title: h.text("inv.entry.title"), Script: "invoice-entry.js",
		View: entryView{Action: page(r.PathValue("id")) + "/open", LinkStart: h.Here(r.Host) + "/i/" + id.InvoiceAccess + "_", Invalid: invalid},
	}
	if invalid {
		p.Status = http.StatusForbidden
	}
	h.UI.Render(w, r, p)
}

// open trades a token for the cookie.
func (h *Handler) open(w http.ResponseWriter, r *http.Request) {
	linkID, token := r.PathValue("id"), tokenOf(r.PostFormValue("invoice_token"))
	ok := false
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		v, err := domain.FindByLink(tx, linkID)
		if fault.Is(err, "RESOURCE_NOT_FOUND") {
			return nil
		}
		ok = err == nil && v.OpenLink(token)
		return err
	})
	switch {
	case err != nil:
		h.failed(w, r, err)
	case !ok:
		h.entry(w, r, true)
	default:
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure unless a development server speaks plain http
			Name: accessCookie, Value: token, Path: page(linkID), MaxAge: int(accessFor.Seconds()), HttpOnly: true,
			Secure: strings.HasPrefix(h.BaseURL, "https://"), SameSite: http.SameSiteLaxMode,
		})
		http.Redirect(w, r, page(linkID), http.StatusSeeOther)
	}
}

// tokenOf takes the token out of what was pasted: the token itself, or a link that ends with it.
func tokenOf(pasted string) string {
	pasted = strings.TrimSpace(pasted)
	if _, after, found := strings.Cut(pasted, "invoice_token="); found {
		pasted = after
	}
	if end := strings.IndexAny(pasted, "& \t\r\n\"<>"); end >= 0 {
		pasted = pasted[:end]
	}
	if plain, err := url.QueryUnescape(pasted); err == nil {
		return plain
	}
	return pasted
}

func (h *Handler) cause(v *domain.Invoice) event.Cause {
	return event.Cause{RequestID: "req_" + rand.Text(), ActorType: "buyer", ActorID: v.LinkID}
}

// pay leads to the invoice's own checkout. What stands in its way is shown on the page itself.
func (h *Handler) pay(w http.ResponseWriter, r *http.Request) {
	var to string
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		v, err := h.opened(tx, r)
		if err != nil {
			return err
		}
		back := h.Here(r.Host) + page(v.LinkID)
		open, err := h.Invoices.Checkout(r.Context(), tx, domain.CheckoutInput{
			Scope: v.Scope, InvoiceID: v.ID, SuccessURL: back, CancelURL: back, Cause: h.cause(v),
		})
		if err != nil {
			return err
		}
		to = "/checkout/" + url.PathEscape(open.SessionID) + "#checkout_token=" + url.QueryEscape(open.Token)
		return nil
	})
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		to, err = page(r.PathValue("id"))+"?notice="+url.QueryEscape(notice(f)), nil
	}
	if err != nil {
		h.failed(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// notice is the word under which the page explains why it cannot be paid now.
func notice(f *fault.Error) string {
	switch {
	case fault.Is(f, "INVOICE_PAYMENT_PROCESSING"), fault.Is(f, "INVOICE_PAYMENT_RESOLVING"):
		return "underway"
	}
	return "unavailable"
}

// document sends the invoice as a file.
func (h *Handler) document(w http.ResponseWriter, r *http.Request) {
	var v *domain.Invoice
	err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		v, err = h.opened(tx, r)
		return err
	})
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.file(w, r, v.Number, func(ctx context.Context) ([]byte, error) { return h.Invoices.PDF(ctx, v) })
}

// noteDocument sends a credit note of the invoice as a file.
func (h *Handler) noteDocument(w http.ResponseWriter, r *http.Request) {
	var v *domain.Invoice
	var n *creditnote.Note
	err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		if v, err = h.opened(tx, r); err != nil {
			return err
		}
		n, err = creditnote.Get(tx, v.Scope, r.PathValue("note"))
		if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && (n.InvoiceID != v.ID || n.Status == creditnote.StatusDraft) {
			return errLocked
		}
		return err
	})
	if err != nil {
		h.failed(w, r, err)
		return
	}
	h.file(w, r, n.Number, func(ctx context.Context) ([]byte, error) { return h.Notes.PDF(ctx, n, v) })
}

func (h *Handler) file(w http.ResponseWriter, r *http.Request, number string, draw func(context.Context) ([]byte, error)) {
	data, err := draw(r.Context())
	if err != nil {
		h.failed(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="`+number+`.pdf"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // a reader who has gone cannot be told
}
