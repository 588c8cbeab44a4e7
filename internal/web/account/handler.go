package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/checkout"
	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/merchant"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/secret"
	"flint/internal/tenant"
	"flint/internal/web/ui"
)

//go:embed *.html *.js
var files embed.FS

// Part is this package's templates and scripts, for ui.New.
func Part() ui.Part { return ui.Part{Name: "account", Files: files} }

// Config is what a Handler needs; every field but Throttle is required.
type Config struct {
	DB      db.DB
	Clock   clock.Clock
	Log     *slog.Logger
	UI      *ui.Renderer
	Key     []byte // of the tokens in forms
	BaseURL string // public address of this installation, without a slash at its end
	// Here is the address of the pages around one that was asked for under a host, without a slash at its end:
	// settings.Service.Here.
	Here func(host string) string
	// Pages is where the pages of a kind are found: settings.Service.Address.
	Pages     func(scope tenant.Scope, kind string) string
	Buyers    *buyer.Service
	Customers *customer.Service
	Orders    *order.Service
	Checkouts *checkout.Service
	Payments  *payment.Service
	Invoices  *invoice.Service
	Returns   *returns.Service
	Policies  *returnpolicy.Service
	// HandedOver tells which units of an order the buyer has, and how many of them returns hold.
	HandedOver func(tx db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error)
	Mails      *notification.Service
	Merchants  *merchant.Service
	Brand      func(tx db.Tx, scope tenant.Scope) (ui.Brand, error)
	Payable    func(scope tenant.Scope) bool // somebody takes the money of the environment
	Address    func(r *http.Request) netip.Addr
	// Throttle tells how long the sender of a request must wait before doing a thing (open) once more, 0 for
	// not at all; nil bounds nobody.
	Throttle func(r *http.Request, what string) time.Duration
}

// Handler serves the pages.
type Handler struct {
	Config
	https bool
	guard *ui.Guard
}

// NewHandler returns a Handler.
func NewHandler(c Config) *Handler {
	h := &Handler{Config: c, https: strings.HasPrefix(c.BaseURL, "https://"), guard: ui.NewGuard(c.BaseURL, maxForm, c.Log)}
	return h
}

// Routes adds the pages to mux.
func (h *Handler) Routes(mux *http.ServeMux) {
	for pattern, f := range map[string]http.HandlerFunc{
		"GET /account/{env}":                        h.shop(h.front),
		"POST /account/{env}/code":                  h.shop(h.sendCode),
		"POST /account/{env}/code/check":            h.shop(h.checkCode),
		"GET /account/{env}/enter/{token}":          h.shop(h.door),
		"POST /account/{env}/enter":                 h.shop(h.enter),
		"GET /account/{env}/orders":                 h.customer(h.orders),
		"GET /account/{env}/orders/{id}":            h.customer(h.order),
		"POST /account/{env}/orders/{id}/pay":       h.form(h.payOrder),
		"POST /account/{env}/orders/{id}/receipt":   h.form(h.mailReceipt),
		"GET /account/{env}/orders/{id}/return":     h.customer(h.newReturn),
		"POST /account/{env}/orders/{id}/return":    h.form(h.newReturn),
		"GET /account/{env}/returns/{id}":           h.customer(h.oneReturn),
		"POST /account/{env}/returns/{id}/withdraw": h.form(h.withdrawReturn),
		"POST /account/{env}/returns/{id}/pay":      h.form(h.payReturn),
		"GET /o/{token}/returns/{id}":               h.linked(h.linkedReturn),
		"POST /o/{token}/returns/{id}/pay":          h.linked(h.payLinkedReturn),
		"GET /account/{env}/invoices":               h.customer(h.invoices),
		"GET /account/{env}/invoices/{id}/pdf":      h.customer(h.invoiceFile),
		"POST /account/{env}/invoices/{id}/pay":     h.form(h.payInvoice),
		"GET /account/{env}/cards":                  h.customer(h.cards),
		"POST /account/{env}/cards":                 h.form(h.addCard),
		"POST /account/{env}/cards/remove":          h.form(h.removeCard),
		"POST /account/{env}/cards/default":         h.form(h.defaultCard),
		"GET /account/{env}/addresses":              h.customer(h.addresses),
		"POST /account/{env}/addresses":             h.form(h.saveAddress),
		"POST /account/{env}/addresses/delete":      h.form(h.deleteAddress),
		"POST /account/{env}/addresses/default":     h.form(h.defaultAddress),
		"GET /account/{env}/details":                h.customer(h.details),
		"POST /account/{env}/profile":               h.form(h.saveProfile),
		"POST /account/{env}/preferences":           h.form(h.savePreferences),
		"POST /account/{env}/email":                 h.form(h.changeEmail),
		"POST /account/{env}/email/confirm":         h.form(h.confirmEmail),
		"POST /account/{env}/deletion":              h.form(h.requestDeletion),
		"POST /account/{env}/sign-out":              h.form(h.signOut),
		"GET /o/{token}":                            h.link,
		"POST /o/open":                              h.openLink,
		"POST /o/{token}/pay":                       h.linked(h.payLinked),
		"POST /o/{token}/receipt":                   h.linked(h.mailLinked),
	} {
		mux.Handle(pattern, h.guard.Page(f))
	}
}

// maxForm bounds the body of a form.
const maxForm = 64 << 10

// visit is what every page knows: whose shop it is, and in the account, who is in.
type visit struct {
	scope    tenant.Scope
	merchant merchant.Merchant
	brand    ui.Brand
	login    *buyer.Login
	me       *customer.Customer
	locale   string
	now      time.Time
}

// read fills in the merchant of a visit.
func (h *Handler) read(tx db.Tx, v *visit) (err error) {
	if v.merchant, err = h.Merchants.Get(tx.Context(), tx, v.scope.MerchantID); err != nil {
		return err
	}
	v.brand, err = h.Brand(tx, v.scope)
	return err
}

// shop finds the merchant environment of the address.
func (h *Handler) shop(next func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{locale: localeOf(r), now: h.Clock.Now()}
		err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
			if v.scope, err = merchant.FindEnvironment(tx, r.PathValue("env")); err != nil {
				return err
			}
			return h.read(tx, v)
		})
		if err != nil {
			h.failed(w, r, v, err)
			return
		}
		next(w, r, v)
	}
}

// customer lets signed-in customers through; others see the way in.
func (h *Handler) customer(next func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return h.shop(func(w http.ResponseWriter, r *http.Request, v *visit) {
		err := h.identify(r, v)
		switch {
		case errors.Is(err, buyer.ErrNoLogin):
			if r.Method != http.MethodGet {
				see(w, r, v.home())
				return
			}
			h.signIn(w, r, v, signIn{})
		case err != nil:
			h.failed(w, r, v, err)
		default:
			next(w, r, v)
		}
	})
}

// identify finds who is in. Error: buyer.ErrNoLogin.
func (h *Handler) identify(r *http.Request, v *visit) error {
	login, err := h.Buyers.Login(r.Context(), v.scope.EnvironmentID, cookie(r, loginCookie))
	if err != nil {
		return err
	}
	v.login = login
	return h.DB.Read(r.Context(), func(tx db.Tx) error {
		c, err := h.Customers.Get(tx.Context(), tx, login.Scope, login.CustomerID)
		if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && !c.ErasedAt.IsZero() {
			return buyer.ErrNoLogin
		}
		v.me = c
		return err
	})
}

// form lets forms of signed-in customers through that carry the token of their login.
func (h *Handler) form(next func(http.ResponseWriter, *http.Request, *visit)) http.HandlerFunc {
	return h.customer(func(w http.ResponseWriter, r *http.Request, v *visit) {
		if !secret.Equal(r.PostFormValue("csrf"), h.token(v)) {
			see(w, r, v.home())
			return
		}
		next(w, r, v)
	})
}

// token goes into the forms of a login.
func (h *Handler) token(v *visit) string {
	if v.login == nil {
		return ""
	}
	mac := hmac.New(sha256.New, h.Key)
	mac.Write([]byte("account form\x00" + v.login.Key()))
	return hex.EncodeToString(mac.Sum(nil))
}

// home is the address of the account.
func (v *visit) home() string { return "/account/" + v.scope.EnvironmentID }

// see answers a form: the browser fetches the page anew, so that a reload sends nothing twice.
func see(w http.ResponseWriter, r *http.Request, to string) {
	http.Redirect(w, r, to, http.StatusSeeOther) // a page of ours
}

// Cookies of the account, for its own pages only.
const (
	loginCookie   = "flint_customer"
	pendingCookie = "flint_customer_code"
	linkCookie    = "flint_order"
)

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie sets a cookie for the pages below path; an empty value removes it.
func (h *Handler) setCookie(w http.ResponseWriter, name, path, value string, lasts time.Duration) {
	c := &http.Cookie{ //nolint:gosec // Secure unless a development server speaks plain http
		Name: name, Value: value, Path: path, MaxAge: int(lasts.Seconds()), HttpOnly: true, Secure: h.https, SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// busy reports whether the sender of a form does a thing too often.
func (h *Handler) busy(w http.ResponseWriter, r *http.Request, v *visit, what string) bool {
	if h.Throttle == nil || h.Throttle(r, what) == 0 {
		return false
	}
	h.problem(w, r, v, http.StatusTooManyRequests, "busy")
	return true
}

// failed answers an error that is not the visitor's doing, and for what is not there.
func (h *Handler) failed(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		h.problem(w, r, v, http.StatusNotFound, "missing")
		return
	}
	h.Log.ErrorContext(r.Context(), "a page of a customer failed", "page", r.Pattern, "error", err)
	h.problem(w, r, v, http.StatusInternalServerError, "broken")
}

// cause names the customer as the one who acts.
func (v *visit) cause() event.Cause {
	return event.Cause{RequestID: "req_" + rand.Text(), ActorType: "buyer", ActorID: v.customerID()}
}

func (v *visit) customerID() string {
	if v.me == nil {
		return ""
	}
	return v.me.ID
}

// localeOf is the language the browser asks for first, for the form of amounts.
func localeOf(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.TrimSpace(first)
}

// read runs f in a transaction that reads.
func read[T any](ctx context.Context, d db.DB, f func(tx db.Tx) (T, error)) (out T, err error) {
	err = d.Read(ctx, func(tx db.Tx) error {
		out, err = f(tx)
		return err
	})
	return out, err
}
