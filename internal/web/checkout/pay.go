package checkout

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/web/ui"
)

// errMoved says that the session or its order is no longer as the page showed it; the page is shown
// as it is now.
var errMoved = errors.New("checkout: the order has moved on")

// lock reads order and session for a change, in the order every other change takes; errMoved when the
// session has ended or a payment is under way.
func (h *Handler) lock(tx db.Tx, v *visit) (*order.Order, *domain.Session, error) {
	o, err := h.Orders.Load(tx, v.session.Scope, v.order.ID)
	if err != nil {
		return nil, nil, err
	}
	session, err := domain.Get(tx, v.session.Scope, v.session.ID)
	if err != nil {
		return nil, nil, err
	}
	if !session.Open(h.Clock.Now()) || o.ActiveAttemptID != "" || o.Status != order.StatusOpen {
		return nil, nil, errMoved
	}
	return o, session, nil
}

// pay charges what the page showed, or shows why it does not.
func (h *Handler) pay(w http.ResponseWriter, r *http.Request, v *visit) {
	if v.state() != statePay {
		see(w, r, page(v.session.ID))
		return
	}
	form := r.PostForm
	expected, err := strconv.ParseInt(form.Get("expected_amount"), 10, 64)
	if err != nil || (form.Has("seen") && form.Get("seen") != v.newestID) {
		see(w, r, page(v.session.ID))
		return
	}
	with, wrong := v.choose(form)
	faults := v.check(form)
	switch {
	case v.due == 0:
	case wrong != nil:
		faults = append(faults, *wrong)
	case with.empty():
		faults = append(faults, FieldError{"payment_token", "pay.source.required"})
	}
	if v.session.Detail.Legal.RequireTerms && form.Get("accept_terms") == "" {
		faults = append(faults, FieldError{"accept_terms", "pay.terms.required"})
	}
	if len(faults) > 0 {
		h.Pages.RenderPayment(w, r, h.payment(v, form, faults...))
		return
	}
	if v.needsLocation() {
		if v, err = h.locate(r, v, form); err != nil {
			h.refused(w, r, v, form, err)
			return
		}
	}
	shown := money.Amount{Minor: expected, Currency: money.Currency(form.Get("currency"))}
	if shown.Minor != v.due || shown.Currency != v.order.Currency {
		h.changed(w, r, v, shown, with)
		return
	}
	started, err := h.start(r, v, shown, with)
	if fault.Is(err, "ORDER_CHANGED_REFRESH_REQUIRED") {
		now, err := h.visit(r)
		if err != nil {
			h.broken(w, r, err)
			return
		}
		h.changed(w, r, now, shown, with)
		return
	}
	if err != nil {
		h.refused(w, r, v, form, err)
		return
	}
	h.setCookie(w, v.session, sourceCookie, "", 0)
	if err := h.Payments.Execute(r.Context(), started.Operations, h.cause(v.session), nil); err != nil {
		// The payment is on record and is finished without the buyer; the page waits for it.
		h.Log.ErrorContext(r.Context(), "a payment is left to the sweeper", "attempt", started.Attempt.ID, "error", err)
	}
	see(w, r, h.next(r, v, started.Attempt.ID))
}

// start puts the payment on record, with the contact that was typed in.
func (h *Handler) start(r *http.Request, v *visit, shown money.Amount, with choice) (payment.Started, error) {
	var started payment.Started
	cause := h.cause(v.session)
	contact := contactIn(r.PostForm, v)
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		o, session, err := h.lock(tx, v)
		if err != nil {
			return err
		}
		newest, err := payment.NewestAttempt(tx, session.Scope, o.ID, "")
		if err != nil {
			return err
		}
		if newest != nil && newest.ID != v.newestID {
			return errMoved
		}
		update := domain.UpdateInput{Scope: session.Scope, SessionID: session.ID, Cause: cause, AcceptTerms: r.PostForm.Get("accept_terms") != ""}
		if contact.differs(session) {
			update.Contact = contact.update(session, cause).Contact
		}
		if update.AcceptTerms || update.Contact != nil {
			if _, err := h.Checkouts.Update(tx, update); err != nil {
				return err
			}
		}
		acts, err := h.actsFor(tx, v) // the page's cookie alone acts for nobody
		switch {
		case err != nil:
			return err
		case acts != v.actsFor:
			return errMoved
		}
		if err := h.Checkouts.PaysFor(tx, session, acts); err != nil {
			return err
		}
		started, err = h.begin(r, tx, o, session, shown, with, acts, payment.Contact{Email: contact.email, Phone: contact.phone}, cause)
		return err
	})
	return started, err
}

// next is where the browser goes after a payment has begun: to the bank when the bank asks at once.
func (h *Handler) next(r *http.Request, v *visit, attemptID string) string {
	to := page(v.session.ID)
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		a, err := payment.GetAttempt(tx, v.session.Scope, v.order.ID, attemptID)
		if err != nil {
			return err
		}
		actions, err := payment.Actions(tx, a)
		if err == nil && len(actions) > 0 && ui.Origin(actions[0].URL) != "" {
			to = actions[0].URL
		}
		return err
	})
	if err != nil {
		h.Log.ErrorContext(r.Context(), "the buyer's next step was not found", "attempt", attemptID, "error", err)
	}
	return to
}

// refused answers a submit that charged nothing.
func (h *Handler) refused(w http.ResponseWriter, r *http.Request, v *visit, form url.Values, err error) {
	e := fault.Of(err)
	switch {
	case errors.Is(err, errMoved), errors.Is(err, errLocked), errors.Is(err, db.ErrCommitUnknown):
		see(w, r, page(r.PathValue("id")))
	case e == nil || e.Class.Status() >= 500:
		h.broken(w, r, err)
	case slices.Contains([]string{"ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID", "ORDER_CLOSED", "CHECKOUT_SESSION_EXPIRED",
		"CHECKOUT_SESSION_NOT_OPEN", "PAYMENT_ATTEMPT_IN_PROGRESS"}, e.Code):
		see(w, r, page(r.PathValue("id")))
	case e.Code == "CHECKOUT_ATTEMPTS_EXHAUSTED":
		h.Log.WarnContext(r.Context(), "a checkout takes no more payments, for many have failed", "session", v.session.ID)
		h.Pages.RenderPayment(w, r, h.payment(v, form, FieldError{"payment_token", "pay.exhausted"}))
	case strings.HasPrefix(e.Code, "PAYMENT_METHOD_"):
		h.Pages.RenderPayment(w, r, h.payment(v, form, FieldError{"payment_token", "pay.saved.gone"}))
	case strings.HasPrefix(e.Code, "ORDER_TAX_LOCATION"):
		h.Pages.RenderPayment(w, r, h.payment(v, form, FieldError{"billing_postal_code", "pay.address.bad"}))
	default:
		h.Log.WarnContext(r.Context(), "a checkout could not be paid", "session", v.session.ID, "error", err)
		h.Pages.RenderPayment(w, r, h.payment(v, form, FieldError{"payment_token", "pay.unavailable"}))
	}
}

// changed shows the amount that was on the page and the one that is due now; nothing is charged.
func (h *Handler) changed(w http.ResponseWriter, r *http.Request, v *visit, shown money.Amount, with choice) {
	if v.state() != statePay {
		see(w, r, page(v.session.ID))
		return
	}
	keep := map[string]string{"seen": v.newestID}
	for name, values := range r.PostForm {
		if name == "email" || name == "phone" || name == "accept_terms" || name == "save_card" || strings.HasPrefix(name, "billing_") {
			keep[name] = values[0]
		}
	}
	old := ""
	if shown.Currency.Known() {
		old = money.Format(shown, v.locale)
	}
	h.Pages.RenderChanged(w, r, Changed{
		Common: v.common(), Summary: h.due(v), Old: old, Pay: v.amount(), Stored: with.stored, Keep: keep,
	})
}

// begin starts an attempt over the whole amount. Legs that the merchant has staged, or that a decline
// has left, are used when they add up to it; a payment of its own is made otherwise.
func (h *Handler) begin(r *http.Request, tx db.Tx, o *order.Order, session *domain.Session, shown money.Amount, with choice, acts string, contact payment.Contact, cause event.Cause) (payment.Started, error) {
	back := h.Here(r.Host) + page(session.ID) + "/return" // where the buyer's cookie is
	saveFor := ""
	if with.save {
		saveFor = acts
	}
	legs, err := payment.OfOrder(tx, session.Scope, o.ID, false)
	if err != nil {
		return payment.Started{}, err
	}
	due, err := h.Payments.Collects(tx, o, session.ID)
	if err != nil {
		return payment.Started{}, err
	}
	chosen := fitting(legs, due)
	if len(chosen) == 0 {
		in := payment.PayInput{
			Scope: session.Scope, OrderID: o.ID, CheckoutSessionID: session.ID, ExpectedOutstanding: &shown, Contact: contact,
			ReturnURL: back, Flow: "checkout", Cause: cause, ActsFor: acts,
		}
		if due > 0 {
			in.Source, in.SaveFor = with.credential, saveFor
		}
		return h.Payments.Pay(tx, in)
	}
	in := payment.ConfirmInput{
		Scope: session.Scope, OrderID: o.ID, CheckoutSessionID: session.ID, Completion: payment.CompleteOrder,
		ExpectedOutstanding: &shown, Contact: contact, ReturnURL: back, Cause: cause, ActsFor: acts, SaveFor: saveFor,
	}
	for _, l := range chosen {
		in.Selections = append(in.Selections, payment.Selection{PaymentIntentID: l.ID, Source: with.credential})
	}
	return h.Payments.Confirm(tx, in)
}

// fitting are the legs to confirm: one that covers the amount, or all that are open when they do.
func fitting(legs []*payment.Intent, amount int64) []*payment.Intent {
	var open []*payment.Intent
	sum := int64(0)
	for _, l := range legs {
		if !l.Selectable() {
			continue
		}
		if l.Amount == amount {
			return []*payment.Intent{l}
		}
		open, sum = append(open, l), sum+l.Amount
	}
	if sum != amount {
		return nil
	}
	return open
}

func (v *visit) storedToken() string {
	if v.source == nil {
		return ""
	}
	return v.source.Token
}
