package checkout

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	domain "flint/internal/checkout"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/merchant"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tenant"
	"flint/internal/throttle"
	"flint/internal/web/ui"
)

// Simulator is the simulated processor as its pages need it: the fields that turn test details into a
// token, and the bank that asks the buyer. It is a port because a surface must not import an adapter.
type Simulator interface {
	// Name is the processor's name, as payment.Service.Choose tells it.
	Name() string
	// TokenizeFields turns the inputs of an option's form into a token. A fault of class invalid names
	// inputs.
	TokenizeFields(ctx context.Context, scope tenant.Scope, option string, fields map[string]string) (string, payment.Source, error)
	// FindChallenge finds what waits, or waited, for its buyer by the opaque part of an action's
	// address; a fault of class not found when there is none.
	FindChallenge(ctx context.Context, opaque string) (payment.Operation, payment.Outcome, error)
	// AnswerChallenge settles it; a fault of class conflict when it is no longer open.
	AnswerChallenge(ctx context.Context, opaque string, approve bool) (payment.Operation, payment.Outcome, error)
}

// Config is what a Handler needs; every field but Throttle, Address and Mails is required.
type Config struct {
	DB        db.DB
	Clock     clock.Clock
	IDs       *id.Source
	Log       *slog.Logger
	Box       *secret.Box // seals the payment source in the browser's cookie
	Checkouts *domain.Service
	Orders    *order.Service
	Payments  *payment.Service
	Merchants *merchant.Service
	// Settings reads the settings that hold for an environment.
	Settings  func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)
	Simulator Simulator
	Pages     *Pages
	BaseURL   string // public address of this installation, without a slash at its end
	// Here is the address of the pages around one that was asked for under a host, without a slash at its end:
	// settings.Service.Here.
	Here func(host string) string
	// Throttle tells how long the sender of a request must wait before doing a thing (open, pay, fields, promotion, code)
	// once more, 0 for not at all; nil bounds nobody.
	Throttle func(r *http.Request, what string) time.Duration
	// Address tells where a request comes from, for the caps on mailed codes.
	Address func(r *http.Request) netip.Addr
	Mails   bool // receipts are mailed, so the pages may say so
	// Reminders tells whether the merchant reminds buyers who leave; nil for never.
	Reminders func(tx db.Tx, scope tenant.Scope, orderID string) (Reminders, error)
	// Part tells what of an invoice a session collects; nil where no invoices are.
	Part func(tx db.Tx, o *order.Order, sessionID string) (*invoice.Part, error)
	// Agree notes whether the buyer wants to be reminded.
	Agree func(tx db.Tx, scope tenant.Scope, orderID string, yes bool) error
}

// Handler serves the hosted checkout and the simulator's pages.
type Handler struct {
	Config
	https bool
	guard *ui.Guard
	noted *throttle.Throttle[string] // sessions whose buyer was noted lately
}

// NewHandler returns a Handler.
func NewHandler(c Config) *Handler {
	h := &Handler{Config: c, https: strings.HasPrefix(c.BaseURL, "https://"), guard: ui.NewGuard(c.BaseURL, maxForm, c.Log), noted: throttle.New[string]()}
	return h
}

// Routes adds the pages to mux. Forms that another site sends are refused with 403.
func (h *Handler) Routes(mux *http.ServeMux) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /checkout/{id}":               h.show,
		"GET /checkout/{id}/return":        h.returned,
		"POST /checkout/{id}/open":         h.throttled("open", h.open),
		"POST /checkout/{id}/tip":          h.buyer(h.tip),
		"POST /checkout/{id}/promotion":    h.throttled("promotion", h.buyer(h.promotion)),
		"POST /checkout/{id}/contact":      h.buyer(h.contact),
		"POST /checkout/{id}/draft":        h.throttled("open", h.buyer(h.draft)),
		"POST /checkout/{id}/change":       h.buyer(h.change),
		"POST /checkout/{id}/code":         h.throttled("code", h.buyer(h.code)),
		"POST /checkout/{id}/code/confirm": h.throttled("code", h.buyer(h.confirmCode)),
		"POST /checkout/{id}/pay":          h.throttled("pay", h.buyer(h.pay)),
		"POST /checkout/{id}/abandon":      h.buyer(h.abandon),

		"GET /simulator/fields/{id}":         h.fields,
		"POST /simulator/fields/{id}":        h.throttled("fields", h.tokenize),
		"GET /simulator/setup/{secret}":      h.setup,
		"POST /simulator/setup/{secret}":     h.throttled("fields", h.saveCard),
		"GET /simulator/challenge/{opaque}":  h.challenge,
		"POST /simulator/challenge/{opaque}": h.answer,
	} {
		mux.Handle(pattern, h.guard.Page(f))
	}
	// A merchant's page sends its buyer here when it cannot show the frame; the credential in the form
	// says who sent it, so another site's origin is no sign of a forgery.
	mux.Handle("POST /checkout/{id}/enter", h.guard.Foreign(h.throttled("open", h.open)))
	mux.Handle("GET /flint.js", h.Pages.ui.Assets().Shared("flint.js"))
}

// maxForm bounds the body of a form.
const maxForm = 64 << 10

// throttled refuses a form of a sender who sends too many of them.
func (h *Handler) throttled(what string, next http.HandlerFunc) http.HandlerFunc {
	if h.Throttle == nil {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if wait := h.Throttle(r, what); wait > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
			h.Pages.RenderEnd(w, r, End{Kind: EndBusy})
			return
		}
		next(w, r)
	}
}

// buyer lets a form through whose sender holds the session's cookie; others are led to the entry.
func (h *Handler) buyer(next func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := h.visit(r)
		switch {
		case errors.Is(err, errLocked), fault.Is(err, "RESOURCE_NOT_FOUND"):
			see(w, r, page(r.PathValue("id")))
		case err != nil:
			h.broken(w, r, err)
		default:
			next(w, r, v)
		}
	}
}

func page(sessionID string) string { return "/checkout/" + url.PathEscape(sessionID) }

// see answers a form: the browser fetches the page anew, so that a reload sends nothing twice.
func see(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a page of ours, or the one the processor sends buyers to
}

// broken answers an error that is not the buyer's doing.
func (h *Handler) broken(w http.ResponseWriter, r *http.Request, err error) {
	if e := fault.Of(err); e != nil && e.Class.Status() >= 500 {
		h.Log.ErrorContext(r.Context(), "the checkout is not available", "page", r.Pattern, "error", err)
		w.Header().Set("Retry-After", "5")
		h.Pages.RenderEnd(w, r, End{Kind: EndBroken, Status: e.Class.Status()})
		return
	}
	h.Log.ErrorContext(r.Context(), "the checkout failed", "page", r.Pattern, "error", err)
	h.Broken(w, r)
}

// Broken is the page of an error that the visitor can do nothing about.
func (h *Handler) Broken(w http.ResponseWriter, r *http.Request) {
	h.Pages.RenderEnd(w, r, End{Kind: EndBroken})
}

// Missing is the page for what is not there.
func (h *Handler) Missing(w http.ResponseWriter, r *http.Request) {
	h.Pages.RenderEnd(w, r, End{Kind: EndNotFound})
}

// cause names the buyer of a session as the one who acts.
func (h *Handler) cause(s *domain.Session) event.Cause {
	return event.Cause{RequestID: "req_" + rand.Text(), ActorType: "buyer", ActorID: s.ID, CheckoutSessionID: s.ID}
}

const (
	accessCookie = domain.PageCookie
	// accessFor is how long a browser keeps the key to a checkout: the longest session and the recovery
	// of a payment after it.
	accessFor = 48 * time.Hour
)

// setCookie sets a cookie that only the pages of one session get; an empty value removes it. That of an
// embedded session is kept apart for the site around the frame, the only kind that browsers still keep.
func (h *Handler) setCookie(w http.ResponseWriter, session *domain.Session, name, value string, lasts time.Duration) {
	c := &http.Cookie{
		Name: name, Value: value, Path: page(session.ID), MaxAge: int(lasts.Seconds()), HttpOnly: true, Secure: h.https,
		SameSite: http.SameSiteLaxMode,
	}
	if session.Surface == domain.SurfaceEmbedded {
		c.SameSite, c.Secure, c.Partitioned = http.SameSiteNoneMode, true, true
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// open trades a launch token for the cookie.
func (h *Handler) open(w http.ResponseWriter, r *http.Request) {
	sessionID := r.PathValue("id")
	var session *domain.Session
	value, ok := "", false
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		var err error
		if session, err = domain.Find(tx, sessionID); err != nil {
			return err
		}
		value, ok = h.Checkouts.OpenPage(session, tokenOf(r.PostFormValue("checkout_token")))
		return nil
	})
	switch {
	case err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND"):
		h.broken(w, r, err)
	case !ok && inFrame(r):
		h.loader(w, r, sessionID, true)
	case !ok:
		h.entry(w, r, sessionID, true)
	default:
		h.setCookie(w, session, accessCookie, value, accessFor)
		if suggestion(session.Detail.Tip) != nil {
			h.suggestTip(r, sessionID)
		}
		see(w, r, page(sessionID))
	}
}

// notedEvery is how often at most it is written down that a buyer looks at a page.
const notedEvery = 5 * time.Minute

// note writes down that the buyer is there. What keeps it from being written never keeps the page away.
func (h *Handler) note(r *http.Request, session *domain.Session) {
	if h.noted.Take(session.ID, throttle.Rate{PerSecond: 1 / notedEvery.Seconds(), Burst: 1}, h.Clock.Now()) > 0 {
		return
	}
	err := h.DB.Write(r.Context(), func(tx db.Tx) error { return h.Checkouts.NoteOpened(tx, session.Scope, session.ID) })
	if err != nil {
		h.Log.ErrorContext(r.Context(), "a buyer's visit was not noted", "session", session.ID, "error", err)
	}
}

// tokenOf takes the token out of what was pasted: the token itself, or a link that ends with it.
func tokenOf(pasted string) string {
	pasted = strings.TrimSpace(pasted)
	if _, after, found := strings.Cut(pasted, "checkout_token="); found {
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

// entry shows the same page for a session that does not exist, so that ids cannot be tried out.
func (h *Handler) entry(w http.ResponseWriter, r *http.Request, sessionID string, invalid bool) {
	h.Pages.RenderEntry(w, r, Entry{
		Common: Common{SessionID: sessionID}, LinkStart: h.Here(r.Host) + "/checkout/" + id.CheckoutSession + "_", Invalid: invalid,
	})
}
