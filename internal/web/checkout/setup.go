package checkout

import (
	"net/http"
	"net/url"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/payment"
)

// Setup is the page on which a customer types a card that a merchant may charge later.
type Setup struct {
	Common
	Secret string // the form goes to /simulator/setup/{Secret}
	Values map[string]string
	Errors []FieldError
	Saved  string // "Visa ending 4242" once the card was saved
	Back   string // address of the hosted account the customer came from; empty when from elsewhere
}

// Action is the address of the page, which its form goes to as well.
func (v Setup) Action() string {
	to := "/simulator/setup/" + url.PathEscape(v.Secret)
	if v.Back != "" {
		to += "?from=account"
	}
	return to
}

// setupPage adds the card's inputs, which are those of the frame on the payment page.
type setupPage struct {
	Setup
	Card fieldsPage
}

// setupOf finds the payment method of the page's secret. RESOURCE_NOT_FOUND also for one that waits no longer
// and has no card.
func (h *Handler) setupOf(r *http.Request) (*payment.Method, Setup, error) {
	var m *payment.Method
	var who merchant.Merchant
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		var err error
		if m, err = payment.MethodOfSetup(tx, r.PathValue("secret")); err != nil {
			return err
		}
		who, err = h.Merchants.Get(tx.Context(), tx, m.Scope.MerchantID)
		return err
	})
	if err != nil {
		return nil, Setup{}, err
	}
	v := Setup{Secret: r.PathValue("secret"), Common: Common{Test: m.Scope.Mode() == "test", Merchant: Merchant{
		Name: who.BusinessName, Email: who.SupportEmail, Phone: who.SupportPhone, Website: who.SupportURL,
	}}}
	if r.URL.Query().Get("from") == "account" {
		v.Back = "/account/" + m.Scope.EnvironmentID + "/cards"
	}
	v.Merchant.Brand.Accent = who.AccentColor
	if who.Logo != nil {
		v.Merchant.LogoURL = who.Logo.URL
	}
	switch m.StatusAt(h.Clock.Now()) {
	case payment.MethodActive, payment.MethodExpired:
		v.Saved = h.describe(m.Detail.Card)
	case payment.MethodPending:
		if m.Processor != h.Simulator.Name() {
			return nil, Setup{}, fault.NotFound("payment method")
		}
	default:
		return nil, Setup{}, fault.NotFound("payment method")
	}
	return m, v, nil
}

func (h *Handler) setup(w http.ResponseWriter, r *http.Request) {
	_, v, err := h.setupOf(r)
	if err != nil {
		h.noFields(w, r, err)
		return
	}
	h.Pages.RenderSetup(w, r, v)
}

// saveCard hands the typed card to the simulator and keeps what it gives for it.
func (h *Handler) saveCard(w http.ResponseWriter, r *http.Request) {
	m, v, err := h.setupOf(r)
	if err != nil {
		h.noFields(w, r, err)
		return
	}
	if v.Saved != "" {
		see(w, r, v.Action())
		return
	}
	typed := map[string]string{
		"number": r.PostFormValue("number"), "expiry": r.PostFormValue("expiry"), "security_code": r.PostFormValue("cvc"),
	}
	token, card, err := h.Simulator.TokenizeFields(r.Context(), m.Scope, string(OptionCard), typed)
	if e := fault.Of(err); e != nil && e.Class == fault.ClassInvalid {
		v.Errors, v.Values = h.fieldFaults(e), map[string]string{"expiry": typed["expiry"]}
		h.Pages.RenderSetup(w, r, v)
		return
	}
	if err == nil {
		err = h.DB.Write(r.Context(), func(tx db.Tx) error {
			_, err := h.Payments.CompleteSetup(tx, r.PathValue("secret"), token, card, event.Cause{ActorType: "buyer", ActorID: m.CustomerID})
			return err
		})
	}
	if err != nil && !fault.Is(err, "PAYMENT_METHOD_NOT_PENDING") {
		h.broken(w, r, err)
		return
	}
	see(w, r, v.Action())
}

// RenderSetup writes the page to save a card on; 422 when the view has field errors.
func (p *Pages) RenderSetup(w http.ResponseWriter, r *http.Request, v Setup) {
	card := fieldsPage{Fields{Option: OptionCard, Values: v.Values, Errors: v.Errors}, byName(v.Errors)}
	page := p.page(v.Common, "setup", setupPage{v, card})
	page.Title = p.text(v.Lang, "setup.title")
	if len(v.Errors) > 0 {
		page.Status = http.StatusUnprocessableEntity
	}
	p.ui.Render(w, r, page)
}
