package checkout

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/settings"
	"flint/internal/web/ui"
)

// errLocked says that the browser does not hold the session's cookie.
var errLocked = errors.New("checkout: the browser has not opened this session")

// visit is one consistent look at a session by a browser that may see it.
type visit struct {
	session  *domain.Session
	order    *order.Order
	due      int64         // minor units that this session collects
	part     *invoice.Part // of the invoice that the session collects, nil without one
	merchant merchant.Merchant
	look     settings.Branding
	open     *payment.Attempt // that holds the order, nil without one
	last     *payment.Attempt // newest of this session, nil before the first
	legs     []*payment.Intent
	actions  []payment.Action
	newestID string // newest attempt of the order, whoever began it; a form carries it to tell that it is out of date
	source   *source
	saves    bool   // saved cards may be used here, and cards saved
	asked    *asked // a code that waits to be typed
	proof    *proof // what a right code has brought this browser
	actsFor  string // customer that it acts for, empty for nobody
	cards    []SavedCard
	codes    bool // the buyer may enter promotion codes
	remind   Reminders
	locale   string
	framed   bool // the answer goes into a frame of the merchant's page
	now      time.Time
}

// visit reads the session of the request's path. It returns errLocked without its cookie, also when
// there is no such session, and a fault of class not found for what is no session's id.
func (h *Handler) visit(r *http.Request) (*visit, error) {
	sessionID := r.PathValue("id")
	if !id.Valid(id.CheckoutSession, sessionID) {
		return nil, fault.NotFound("checkout session")
	}
	v := &visit{locale: localeOf(r), now: h.Clock.Now()}
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		session, err := domain.Find(tx, sessionID)
		if fault.Is(err, "RESOURCE_NOT_FOUND") {
			return errLocked
		}
		if err != nil {
			return err
		}
		if !h.Checkouts.PageAllowed(session, cookie(r, accessCookie)) {
			return errLocked
		}
		v.session, v.framed = session, session.Surface == domain.SurfaceEmbedded && inFrame(r)
		h.proofs(r, v)
		return h.read(tx, v)
	})
	if err != nil {
		return nil, err
	}
	v.source = h.sourceOf(r, sessionID)
	return v, nil
}

func (h *Handler) read(tx db.Tx, v *visit) error {
	var err error
	scope := v.session.Scope
	if v.order, err = h.Orders.Get(tx.Context(), tx, scope, v.session.OrderID); err != nil {
		return err
	}
	if v.due, err = h.Payments.Collects(tx, v.order, v.session.ID); err != nil {
		return err
	}
	if h.Part != nil && v.session.InvoiceID != "" {
		if v.part, err = h.Part(tx, v.order, v.session.ID); err != nil {
			return err
		}
	}
	v.codes = v.session.TakesCodes()
	if v.merchant, err = h.Merchants.Get(tx.Context(), tx, scope.MerchantID); err != nil {
		return err
	}
	if err = h.readSaved(tx, v); err != nil {
		return err
	}
	holds, err := h.Settings(tx, scope)
	if err != nil {
		return err
	}
	v.look = holds.Branding
	if h.Reminders != nil && len(holds.Plan()) > 0 {
		if v.remind, err = h.Reminders(tx, scope, v.order.ID); err != nil {
			return err
		}
	}
	newest, err := payment.NewestAttempt(tx, scope, v.order.ID, "")
	if err != nil || newest == nil {
		return err
	}
	v.newestID = newest.ID
	if v.last, err = payment.NewestAttempt(tx, scope, v.order.ID, v.session.ID); err != nil {
		return err
	}
	if v.open, v.legs, err = h.Payments.Open(tx, v.order); err != nil {
		return err
	}
	switch {
	case v.open != nil && v.open.CheckoutSessionID == v.session.ID:
		v.actions, err = payment.Actions(tx, v.open)
	case v.open == nil && v.last != nil:
		v.legs, err = h.Payments.Legs(tx, v.last)
	}
	return err
}

// state is which page a visit shows.
type state int

const (
	statePay state = iota
	stateAction
	stateProcessing
	stateSuccess
	statePaid
	stateExpired
	stateClosed
	stateSuperseded
	stateChanged
)

func (v *visit) state() state {
	if v.open != nil {
		switch {
		case v.open.Status == payment.AttemptRequiresAction && len(v.actions) > 0:
			return stateAction
		case v.open.Status == payment.AttemptRequiresCapture:
			return stateSuccess
		}
		return stateProcessing
	}
	if v.last != nil && (v.last.Status == payment.AttemptSucceeded || v.last.Status == payment.AttemptPartiallySucceeded) {
		return stateSuccess
	}
	status, reason := v.session.StatusNow(v.now)
	switch {
	case status == domain.StatusPaid || v.order.DerivePaymentStatus() == order.PaymentPaid:
		return statePaid
	case status == domain.StatusExpired:
		return stateExpired
	case reason == domain.ReasonSuperseded:
		return stateSuperseded
	case status == domain.StatusInvalidated || status == domain.StatusPartiallyPaid:
		return stateChanged
	case status == domain.StatusClosed || v.order.Status != order.StatusOpen:
		return stateClosed
	}
	return statePay
}

// show is the page of a session in whatever state it is.
func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	v, err := h.visit(r)
	switch {
	case errors.Is(err, errLocked) && inFrame(r):
		h.loader(w, r, r.PathValue("id"), false)
		return
	case errors.Is(err, errLocked):
		h.entry(w, r, r.PathValue("id"), false)
		return
	case fault.Is(err, "RESOURCE_NOT_FOUND"):
		h.Pages.RenderEnd(w, r, End{Kind: EndNotFound})
		return
	case err != nil:
		h.broken(w, r, err)
		return
	}
	d := &v.session.Detail
	end := func(kind EndKind, action, back string) {
		h.Pages.RenderEnd(w, r, End{Common: v.common(), Kind: kind, ActionURL: action, ReturnURL: back})
	}
	switch v.state() {
	case stateAction:
		h.Pages.RenderAction(w, r, Action{Common: v.common(), Amount: v.collecting(), URL: v.actions[0].URL})
	case stateProcessing:
		h.Pages.RenderProcessing(w, r, Processing{Common: v.common(), Amount: v.collecting(), Bank: v.bank()})
	case stateSuccess:
		h.Pages.RenderSuccess(w, r, h.success(v))
	case statePaid:
		end(EndPaid, "", d.SuccessURL)
	case stateExpired:
		end(EndExpired, d.ExpirationURL, d.CancelURL)
	case stateSuperseded:
		// The newer page asks for its own link unless this browser has opened it before.
		end(EndSuperseded, page(v.session.SupersedingID), "")
	case stateChanged:
		end(EndChanged, "", d.CancelURL)
	case stateClosed:
		end(EndClosed, "", d.CancelURL)
	default:
		h.note(r, v.session)
		h.Pages.RenderPayment(w, r, h.payment(v, nil))
	}
}

// returned is where a bank sends the browser back to. It asks the processor what became of the
// payment; whatever the answer, the page shows it.
func (h *Handler) returned(w http.ResponseWriter, r *http.Request) {
	v, err := h.visit(r)
	if err == nil && v.open != nil {
		err := h.Payments.Resume(r.Context(), v.session.Scope, v.order.ID, v.open.ID, h.cause(v.session))
		if err != nil && fault.Of(err) == nil {
			h.Log.ErrorContext(r.Context(), "a returning buyer's payment could not be asked about", "attempt", v.open.ID, "error", err)
		}
	}
	see(w, r, page(r.PathValue("id")))
}

// abandon gives up a payment that waits for its buyer, so that another way to pay can be used.
func (h *Handler) abandon(w http.ResponseWriter, r *http.Request, v *visit) {
	if v.state() == stateAction {
		var ops []payment.Operation
		err := h.DB.Write(r.Context(), func(tx db.Tx) (err error) {
			ops, err = h.Payments.CancelAttempt(tx, payment.CancelAttemptInput{
				Scope: v.session.Scope, OrderID: v.order.ID, AttemptID: v.open.ID, Cause: h.cause(v.session),
			})
			return err
		})
		if err == nil {
			err = h.Payments.Execute(r.Context(), ops, h.cause(v.session), nil)
		}
		if err != nil && fault.Of(err) == nil {
			h.broken(w, r, err)
			return
		}
	}
	see(w, r, page(v.session.ID))
}

// common is what every page shows of the merchant.
func (v *visit) common() Common {
	d, m := &v.session.Detail, &v.merchant
	out := Merchant{
		Name: m.BusinessName, Email: m.SupportEmail, Phone: m.SupportPhone, Website: cmp.Or(m.SupportURL, m.WebsiteURL),
		TermsURL: d.Legal.Terms, Refunds: d.Legal.Refunds, Shipping: d.Legal.Shipping,
	}
	radius := int(v.look.CornerRadius)
	out.Brand = ui.Brand{Accent: cmp.Or(d.Theme.Primary, d.Theme.Accent, v.look.PrimaryColor), Radius: &radius, Font: v.look.FontFamily}
	if m.Logo != nil {
		out.LogoURL = m.Logo.URL
	}
	c := Common{SessionID: v.session.ID, Merchant: out, Test: v.session.Scope.Mode() == "test", Framed: v.framed}
	if v.session.Surface == domain.SurfaceEmbedded {
		c.Around = v.session.Detail.PageOrigin
	}
	return c
}

func (v *visit) money(minor int64) string {
	return money.Format(money.Amount{Minor: minor, Currency: v.order.Currency}, v.locale)
}

// collecting is the amount of the legs that the newest attempt collects.
func (v *visit) collecting() string {
	total := int64(0)
	for _, l := range v.legs {
		total += l.Amount
	}
	return v.money(total)
}

// bank reports whether money comes by a debit that takes days.
func (v *visit) bank() bool {
	for _, l := range v.legs {
		if l.Detail.Source != nil && l.Detail.Source.Type == string(OptionBank) {
			return true
		}
	}
	return false
}

// localeOf is the language the browser asks for first, for the form of amounts.
func localeOf(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	first, _, _ = strings.Cut(first, ";")
	return strings.TrimSpace(first)
}

// ours reports whether an address leads back to this installation.
func (h *Handler) ours(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Scheme == "" && u.Host == "" {
		return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !strings.Contains(address, `\`)
	}
	return strings.HasPrefix(address, h.BaseURL+"/") || strings.HasPrefix(address, h.Here(u.Host)+"/")
}
