package checkout

import (
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/web/ui"
)

const fieldsPath = "/simulator/fields/"

// errOver says that a session takes no payment details any more; its page tells the buyer why.
var errOver = errors.New("checkout: the session is over")

// fieldsFor finds the open session whose buyer types payment details in: one that the simulator takes
// the payments of. With it comes the look of its page. errOver for one that has ended, a fault of class not found for any other.
func (h *Handler) fieldsFor(r *http.Request) (*domain.Session, ui.Brand, error) {
	var session *domain.Session
	var look ui.Brand
	if !id.Valid(id.CheckoutSession, r.PathValue("id")) {
		return nil, look, fault.NotFound("checkout session")
	}
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		var err error
		if session, err = domain.Find(tx, r.PathValue("id")); err != nil {
			return err
		}
		if h.Payments.Choose(session.Scope) != h.Simulator.Name() {
			return fault.NotFound("checkout session")
		}
		if !session.Open(h.Clock.Now()) {
			return errOver
		}
		holds, err := h.Settings(tx, session.Scope)
		if err != nil {
			return err
		}
		look = (&visit{session: session, look: holds.Branding}).common().Merchant.Brand
		return nil
	})
	return session, look, err
}

// fields is the frame in which payment details are typed.
func (h *Handler) fields(w http.ResponseWriter, r *http.Request) {
	session, look, err := h.fieldsFor(r)
	if err != nil {
		h.noFields(w, r, err)
		return
	}
	h.Pages.RenderFields(w, r, fieldsView(r, session, look, optionOf(r.FormValue("option"))))
}

func fieldsView(r *http.Request, session *domain.Session, look ui.Brand, option Option) Fields {
	v := Fields{ID: session.ID, Option: option, Test: session.Scope.Mode() == "test"}
	v.Brand = look
	if session.Surface == domain.SurfaceEmbedded {
		v.Around = session.Detail.PageOrigin
		if r.FormValue("in") != "checkout" {
			v.ParentOrigin = v.Around
		}
	}
	return v
}

func (h *Handler) noFields(w http.ResponseWriter, r *http.Request, err error) {
	if fault.Is(err, "RESOURCE_NOT_FOUND") || errors.Is(err, errOver) {
		h.Pages.RenderEnd(w, r, End{Kind: EndNotFound})
		return
	}
	h.broken(w, r, err)
}

func optionOf(name string) Option {
	if Option(name) == OptionBank {
		return OptionBank
	}
	return OptionCard
}

// tokenized is the answer to the frame's script.
type tokenized struct {
	Token  string            `json:"token,omitempty"`
	Brand  string            `json:"brand,omitempty"`
	Last4  string            `json:"last4,omitempty"`
	Errors map[string]string `json:"errors,omitempty"`
	Over   bool              `json:"over,omitempty"` // the checkout has ended: the page around the frame says how
}

// tokenize hands the typed details to the simulator and keeps what it gives for them in the browser.
func (h *Handler) tokenize(w http.ResponseWriter, r *http.Request) {
	script := strings.Contains(r.Header.Get("Accept"), "application/json")
	session, look, err := h.fieldsFor(r)
	switch {
	case errors.Is(err, errOver) && script:
		writeJSON(w, http.StatusGone, tokenized{Over: true})
		return
	case errors.Is(err, errOver):
		see(w, r, page(r.PathValue("id")))
		return
	case err != nil:
		h.noFields(w, r, err)
		return
	}
	option := optionOf(r.PostFormValue("option"))
	typed := map[string]string{
		"number": r.PostFormValue("number"), "expiry": r.PostFormValue("expiry"), "security_code": r.PostFormValue("cvc"),
		"routing_number": r.PostFormValue("routing_number"), "account_number": r.PostFormValue("account_number"),
		"account_holder": r.PostFormValue("account_holder"),
	}
	token, src, err := h.Simulator.TokenizeFields(r.Context(), session.Scope, string(option), typed)
	if e := fault.Of(err); e != nil && e.Class == fault.ClassInvalid {
		faults := h.fieldFaults(e)
		if script {
			writeJSON(w, http.StatusUnprocessableEntity, tokenized{Errors: byName(faults)})
			return
		}
		v := fieldsView(r, session, look, option)
		v.Alone, v.BackURL, v.Errors = true, page(session.ID), faults
		v.Values = map[string]string{"expiry": typed["expiry"], "account_holder": typed["account_holder"], "routing_number": typed["routing_number"]}
		h.Pages.RenderFields(w, r, v)
		return
	}
	if err != nil {
		h.broken(w, r, err)
		return
	}
	kept := source{Option: option, Token: token, Brand: brandName(src.Brand), Last4: src.Last4, Since: h.Clock.Now()}
	if err := h.keepSource(w, session, kept); err != nil {
		h.broken(w, r, err)
		return
	}
	if script {
		writeJSON(w, http.StatusOK, tokenized{Token: token, Brand: kept.Brand, Last4: kept.Last4})
		return
	}
	see(w, r, page(session.ID)+"#payment_token")
}

func writeJSON(w http.ResponseWriter, status int, body tokenized) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, body) // a reader that went away is no fault of ours
}

// fieldFaults says in the page's words what the simulator found wrong, one text per input.
func (h *Handler) fieldFaults(e *fault.Error) []FieldError {
	inputs := map[string]struct{ name, text string }{
		"number": {"number", "number"}, "expiry": {"expiry", "expiry"}, "security_code": {"cvc", "cvc"},
		"routing_number": {"routing_number", "routing"}, "account_number": {"account_number", "account"}, "account_holder": {"account_holder", "holder"},
	}
	var out []FieldError
	for _, d := range e.Details {
		in, known := inputs[d.Param]
		if !known {
			continue
		}
		switch d.Code {
		case "TEST_CARD_REQUIRED", "TEST_ACCOUNT_REQUIRED":
			in.text = "test"
		case "CARD_EXPIRED":
			in.text = "expired"
		}
		out = append(out, FieldError{in.name, h.Pages.text("", "fields.error."+in.text)})
	}
	return out
}

// challenge is the simulated bank's page.
func (h *Handler) challenge(w http.ResponseWriter, r *http.Request) {
	op, out, err := h.Simulator.FindChallenge(r.Context(), r.PathValue("opaque"))
	if err != nil {
		h.noFields(w, r, err)
		return
	}
	if out.State != payment.OutcomeRequiresAction {
		h.leaveBank(w, r, op)
		return
	}
	var m merchant.Merchant
	err = h.DB.Read(r.Context(), func(tx db.Tx) (err error) {
		m, err = h.Merchants.Get(tx.Context(), tx, op.Scope.MerchantID)
		return err
	})
	if err != nil {
		h.broken(w, r, err)
		return
	}
	around, err := h.pageAround(r, op)
	if err != nil {
		h.broken(w, r, err)
		return
	}
	v := Challenge{
		Around:    around,
		Operation: r.PathValue("opaque"), Merchant: m.BusinessName, Card: h.describe(out.Source), ReturnURL: op.ReturnURL,
		Amount: money.Format(money.Amount{Minor: op.Amount, Currency: op.Currency}, localeOf(r)),
		Date:   h.Clock.Now().UTC().Format("2 Jan 2006, 15:04 MST"),
	}
	h.Pages.RenderChallenge(w, r, v)
}

// answer is the buyer's word to the simulated bank.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request) {
	approve := r.PostFormValue("result") == "approve" || (!r.PostForm.Has("result") && r.PostForm.Has("approve"))
	if !approve && r.PostFormValue("result") != "fail" && !r.PostForm.Has("fail") {
		see(w, r, r.URL.Path)
		return
	}
	op, _, err := h.Simulator.AnswerChallenge(r.Context(), r.PathValue("opaque"), approve)
	if err != nil && !fault.Is(err, "CHALLENGE_CLOSED") {
		h.noFields(w, r, err)
		return
	}
	h.leaveBank(w, r, op)
}

// leaveBank sends the buyer back where the payment began.
func (h *Handler) leaveBank(w http.ResponseWriter, r *http.Request, op payment.Operation) {
	if h.ours(op.ReturnURL) || strings.HasPrefix(op.ReturnURL, "https://") || strings.HasPrefix(op.ReturnURL, "http://") {
		see(w, r, op.ReturnURL)
		return
	}
	h.Pages.RenderEnd(w, r, End{Kind: EndAnswered})
}
