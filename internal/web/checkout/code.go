package checkout

import (
	"errors"
	"net/http"
	"strings"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
)

// code mails a code to the address that the buyer typed, so that cards can be used that were saved under it;
// or, with forget, stops acting for whoever was proven.
func (h *Handler) code(w http.ResponseWriter, r *http.Request, v *visit) {
	back := page(v.session.ID) + "#saved"
	if r.PostForm.Has("forget") {
		h.forget(w, v.session)
		see(w, r, back)
		return
	}
	if !v.saves || v.state() != statePay || v.actsFor != "" {
		see(w, r, back)
		return
	}
	email, purpose := strings.TrimSpace(r.PostForm.Get("code_to")), r.PostForm.Get("purpose")
	if r.PostForm.Has("again") && v.asked != nil {
		email, purpose = v.asked.Email, v.asked.Purpose
	}
	if purpose != domain.PurposeSave {
		purpose = domain.PurposeUse
	}
	var sent *domain.Verification
	err := h.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		if err := h.keepTyped(tx, r, v); err != nil {
			return err
		}
		sent, err = h.Checkouts.SendVerification(tx.Context(), tx, domain.VerificationInput{
			Scope: v.session.Scope, SessionID: v.session.ID, Purpose: purpose, Channel: domain.ChannelEmail, Email: email,
			Asker: h.asker(r), Cause: h.cause(v.session),
		})
		return err
	})
	if err == nil {
		err = h.seal(w, v.session, askedCookie, asked{VerificationID: sent.ID, Purpose: purpose, Email: sent.Email, Since: v.now}, askedFor)
	}
	if err != nil {
		h.codeRefused(w, r, v, err)
		return
	}
	see(w, r, back)
}

// confirmCode checks the code that the buyer typed. The right one makes this browser act for the customer.
func (h *Handler) confirmCode(w http.ResponseWriter, r *http.Request, v *visit) {
	if !v.saves || v.state() != statePay || v.actsFor != "" || v.asked == nil {
		see(w, r, page(v.session.ID)+"#saved")
		return
	}
	typed := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(r.PostForm.Get("code"))
	if len(typed) != 6 || strings.Trim(typed, "0123456789") != "" {
		h.codeFault(w, r, v, "pay.code.six")
		return
	}
	var done *domain.Confirmed
	var wrong error
	err := h.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		if err := h.keepTyped(tx, r, v); err != nil {
			return err
		}
		done, err = h.Checkouts.ConfirmVerification(tx.Context(), tx, domain.ConfirmVerificationInput{
			Scope: v.session.Scope, SessionID: v.session.ID, VerificationID: v.asked.VerificationID, Code: typed, Cause: h.cause(v.session),
		})
		if wrong = err; fault.Is(err, "CUSTOMER_VERIFICATION_CODE_INVALID") {
			return nil // the try counts
		}
		return err
	})
	if err = errors.Join(err, wrong); err == nil {
		err = h.seal(w, v.session, proofCookie, proof{Secret: done.Secret.Reveal(), Purpose: v.asked.Purpose, Email: v.asked.Email, Since: v.now}, proofFor)
	}
	if err != nil {
		h.codeRefused(w, r, v, err)
		return
	}
	h.setCookie(w, v.session, askedCookie, "", 0)
	see(w, r, page(v.session.ID)+"#payment_token")
}

// asker is where a request comes from, for the caps on codes; empty when that is unknown.
func (h *Handler) asker(r *http.Request) string {
	if h.Address == nil {
		return ""
	}
	if a := h.Address(r); a.IsValid() {
		return a.Unmap().String()
	}
	return ""
}

// keepTyped saves what of the contact sections came with another form of the page and is in order.
func (h *Handler) keepTyped(tx db.Tx, r *http.Request, v *visit) error {
	if !r.PostForm.Has("email") {
		return nil
	}
	_, session, err := h.lock(tx, v)
	if err != nil {
		return err
	}
	wrong := byName(v.check(r.PostForm))
	typed, in := contactIn(r.PostForm, v), &domain.ContactInput{}
	if _, bad := wrong["email"]; !bad && typed.email != "" {
		in.Email = &typed.email
	}
	if _, bad := wrong["phone"]; !bad && typed.phone != "" {
		in.Phone = &typed.phone
	}
	address := typed.address != nil
	for name := range wrong {
		address = address && !strings.HasPrefix(name, "billing_")
	}
	if address {
		in.Billing = typed.address
	}
	if in.Email == nil && in.Phone == nil && in.Billing == nil {
		return nil
	}
	_, err = h.Checkouts.Update(tx, domain.UpdateInput{Scope: session.Scope, SessionID: session.ID, Cause: h.cause(session), Contact: in})
	return err
}

// codeRefused says in words why no code was sent, or why one did not pass.
func (h *Handler) codeRefused(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	e := fault.Of(err)
	text, known := "", false
	if e != nil {
		text, known = map[string]string{
			"CUSTOMER_VERIFICATION_CODE_INVALID":      "pay.code.wrong",
			"CUSTOMER_VERIFICATION_RATE_LIMITED":      "pay.code.rate",
			"CUSTOMER_VERIFICATION_LIMIT_REACHED":     "pay.code.limit",
			"CUSTOMER_VERIFICATION_EMAIL_NOT_ALLOWED": "pay.code.other",
			"CHECKOUT_CUSTOMER_CONFLICT":              "pay.code.other",
			"CUSTOMER_VERIFICATION_UNAVAILABLE":       "pay.code.unavailable",
			"FIELD_REQUIRED":                          "pay.required",
		}[e.Code]
		if !known && e.Class == fault.ClassInvalid {
			text, known = "pay.email.bad", true
		}
	}
	switch {
	case known:
		h.codeFault(w, r, v, text)
	case errors.Is(err, errMoved), errors.Is(err, db.ErrCommitUnknown), e != nil && e.Class.Status() < 500:
		see(w, r, page(v.session.ID))
	default:
		h.broken(w, r, err)
	}
}

func (h *Handler) codeFault(w http.ResponseWriter, r *http.Request, v *visit, text string) {
	form := r.PostForm
	if !form.Has("email") {
		form = nil
	}
	out := h.payment(v, form)
	out.DeclineCode = ""
	if out.Saved != nil {
		out.Saved.Error = text
		if v.asked == nil {
			out.Saved.Email = r.PostForm.Get("code_to")
		}
	}
	h.Pages.RenderPayment(w, r, out)
}
