package pay

import (
	"crypto/rand"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/paymentlink"
	"flint/internal/tenant"
	"flint/internal/web/ui"
)

//go:embed *.html
var files embed.FS

// Part is this package's templates, for ui.New.
func Part() ui.Part { return ui.Part{Name: "pay", Files: files} }

// Shop is a merchant as buyers see it.
type Shop struct{ Name, LogoURL, Accent string }

// Config is what a Handler needs; every field but Throttle is required.
type Config struct {
	DB      db.DB
	Log     *slog.Logger
	UI      *ui.Renderer
	Links   *paymentlink.Service
	BaseURL string
	Shop    func(tx db.Tx, scope tenant.Scope) (Shop, error)
	// Enter sends the browser into a session that was opened for it.
	Enter func(w http.ResponseWriter, r *http.Request, session *checkout.Session)
	// Throttle tells how long the sender of a request must wait before doing a thing once more; nil bounds nobody.
	Throttle func(r *http.Request, what string) time.Duration
}

// Handler serves the pages of payment links.
type Handler struct {
	Config
	guard *ui.Guard
}

// maxForm bounds the body of a form.
const maxForm = 256 << 10

// NewHandler returns a Handler.
func NewHandler(c Config) *Handler {
	h := &Handler{Config: c, guard: ui.NewGuard(c.BaseURL, maxForm, c.Log)}
	return h
}

// Routes adds the pages to mux. Forms that another site sends are refused with 403.
func (h *Handler) Routes(mux *http.ServeMux) {
	mux.Handle("GET /pay/{id}", http.HandlerFunc(h.show))
	mux.Handle("POST /pay/{id}", h.guard.Page(h.send))
}

func (h *Handler) read(r *http.Request) (*paymentlink.Public, Shop, error) {
	var p *paymentlink.Public
	var shop Shop
	err := h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		if p, err = h.Links.ReadPublic(r.Context(), tx, r.PathValue("id")); err != nil {
			return err
		}
		shop, err = h.Shop(tx, p.Link.Scope)
		return err
	})
	return p, shop, err
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	if h.wait(w, r) {
		return
	}
	p, shop, err := h.read(r)
	if err != nil {
		h.trouble(w, r, err)
		return
	}
	h.render(w, r, h.view(p, shop, nil, nil), http.StatusOK)
}

// send resolves the link with the form, and enters the checkout. A form with faults is shown again, with a
// fresh context and what was typed.
func (h *Handler) send(w http.ResponseWriter, r *http.Request) {
	if h.wait(w, r) {
		return
	}
	p, shop, err := h.read(r)
	if err != nil {
		h.trouble(w, r, err)
		return
	}
	var session *checkout.Session
	in, faults := choices(p, r.PostForm)
	if faults.Err() == nil {
		in.Cause = event.Cause{RequestID: "req_" + rand.Text(), ActorType: "buyer", ActorID: p.Link.ID}
		err = h.DB.Write(r.Context(), func(tx db.Tx) error {
			launch, err := h.Links.Resolve(r.Context(), tx, in)
			session = launch.Session
			return err
		})
	} else {
		err = faults.Err()
	}
	switch f := fault.Of(err); {
	case err == nil:
		h.Enter(w, r, session)
	case f == nil || f.Class.Status() >= 500:
		h.trouble(w, r, err)
	default:
		h.render(w, r, h.view(p, shop, r.PostForm, f), http.StatusUnprocessableEntity)
	}
}

func (h *Handler) wait(w http.ResponseWriter, r *http.Request) bool {
	if h.Throttle == nil {
		return false
	}
	wait := h.Throttle(r, "open")
	if wait <= 0 {
		return false
	}
	w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
	h.render(w, r, view{Kind: "busy"}, http.StatusTooManyRequests)
	return true
}

func (h *Handler) trouble(w http.ResponseWriter, r *http.Request, err error) {
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		h.render(w, r, view{Kind: "missing"}, http.StatusNotFound)
		return
	}
	if !errors.Is(err, r.Context().Err()) {
		h.Log.ErrorContext(r.Context(), "the page of a payment link failed", "error", err)
	}
	h.render(w, r, view{Kind: "broken"}, http.StatusInternalServerError)
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, v view, status int) {
	title := v.Name
	if title == "" {
		title = h.UI.Language("").T("link." + v.Kind + ".title")
	}
	page := ui.Page{Name: "pay/link", Status: status, Title: title, View: v, Brand: ui.Brand{Accent: v.Accent}}
	for _, u := range append(v.pictures, v.Shop.LogoURL) {
		if o := ui.Origin(u); o != "" {
			page.Policy.ImgSrc = append(page.Policy.ImgSrc, o)
		}
	}
	h.UI.Render(w, r, page)
}

// choices reads the form. Amounts are decimals of the link's currency.
func choices(p *paymentlink.Public, form url.Values) (paymentlink.ResolveInput, *fault.List) {
	f := &fault.List{}
	l := p.Link
	in := paymentlink.ResolveInput{LinkID: l.ID, Context: form.Get("context"), Once: l.OrderID == "", Answers: map[string]string{},
		Quantities: map[string]int64{}, Prices: map[string]money.Amount{}}
	if l.Type == paymentlink.TypeDonation {
		typed := form.Get("amount_other")
		if c := form.Get("amount"); c != "" && c != "other" {
			typed = c
		}
		if a, ok := parse(typed, l.Currency()); ok {
			in.Prices[paymentlink.DonationKey] = a
		} else if strings.TrimSpace(typed) != "" {
			f.Add("INVALID_DONATION_AMOUNT", "unit_price_overrides."+paymentlink.DonationKey, "This is not an amount.")
		}
	}
	for i := range l.Lines {
		line, n := &l.Lines[i], strconv.Itoa(i)
		if line.AdjustQuantity {
			q, err := strconv.ParseInt(strings.TrimSpace(form.Get("q"+n)), 10, 64)
			if err != nil {
				f.Add("QUANTITY_BELOW_MIN", "quantity_overrides."+line.Key, "This is not a number.")
			}
			in.Quantities[line.Key] = q
		}
		if line.AdjustPrice {
			a, ok := parse(form.Get("p"+n), lineCurrency(line))
			if !ok {
				f.Add("AMOUNT_BELOW_MIN", "unit_price_overrides."+line.Key, "This is not an amount.")
			}
			in.Prices[line.Key] = a
		}
	}
	for i, field := range l.Fields {
		in.Answers[field.Key] = form.Get("f" + strconv.Itoa(i))
	}
	return in, f
}

// parse reads a decimal amount without ever rounding.
func parse(s string, c money.Currency) (money.Amount, bool) {
	whole, cents, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(s), ",", "."), ".")
	digits := c.Digits()
	if whole == "" || len(cents) > digits || len(whole) > 12 {
		return money.Amount{}, false
	}
	n, err := strconv.ParseUint(whole+cents+strings.Repeat("0", digits-len(cents)), 10, 62)
	return money.Amount{Minor: int64(n), Currency: c}, err == nil
}

func lineCurrency(l *paymentlink.Line) money.Currency {
	for _, a := range []*money.Amount{l.UnitPrice, l.MinPrice, l.MaxPrice} {
		if a != nil {
			return a.Currency
		}
	}
	if len(l.SuggestedPrices) > 0 {
		return l.SuggestedPrices[0].Currency
	}
	return ""
}
