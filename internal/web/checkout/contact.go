package checkout

import (
	"net/http"
	"net/url"
	"strings"

	domain "flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
)

// contactForm is what the contact and address sections held.
type contactForm struct {
	email   string
	phone   string
	address *domain.Address // nil when the page did not ask
}

func contactIn(form url.Values, v *visit) contactForm {
	c := contactForm{email: strings.TrimSpace(form.Get("email")), phone: plainPhone(form.Get("phone"))}
	if !form.Has("phone") {
		c.phone = v.contact(nil).Phone
	}
	if v.needsAddress() {
		a := addressIn(form)
		c.address = &a
	}
	return c
}

// plainPhone takes out what people put between the digits.
func plainPhone(typed string) string {
	p := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", "/", "", "\u00a0", "").Replace(typed)
	if rest, ok := strings.CutPrefix(p, "00"); ok {
		return "+" + rest
	}
	return p
}

// check reports what is wrong with the contact and address sections, in the order of the page.
func (v *visit) check(form url.Values) []FieldError {
	c := contactIn(form, v)
	must := &v.session.Detail.Collection
	var out []FieldError
	var f fault.List
	switch {
	case c.email == "" && must.RequireEmail:
		out = append(out, FieldError{"email", "pay.required"})
	case c.email != "":
		domain.CheckEmail(&f, "email", c.email)
		if f.Err() != nil {
			out = append(out, FieldError{"email", "pay.email.bad"})
		}
	}
	f = fault.List{}
	switch {
	case c.phone == "" && must.RequirePhone:
		out = append(out, FieldError{"phone", "pay.required"})
	case c.phone != "":
		domain.CheckPhone(&f, "phone", c.phone)
		if f.Err() != nil {
			out = append(out, FieldError{"phone", "pay.phone.bad"})
		}
	}
	if c.address == nil {
		return out
	}
	for _, part := range []struct{ name, value string }{
		{"line1", c.address.Line1}, {"city", c.address.City}, {"state", c.address.State}, {"postal_code", c.address.PostalCode},
		{"country", c.address.Country},
	} {
		switch {
		case part.value == "":
			out = append(out, FieldError{"billing_" + part.name, "pay.required"})
		case len(part.value) > 255:
			out = append(out, FieldError{"billing_" + part.name, "pay.address.bad"})
		}
	}
	return out
}

func (c contactForm) differs(session *domain.Session) bool {
	saved := session.Detail.Contact
	if saved == nil {
		return c.email != "" || c.phone != "" || c.address != nil
	}
	return saved.Email != c.email || saved.Phone != c.phone || (c.address != nil && (saved.Billing == nil || *saved.Billing != *c.address))
}

func (c contactForm) update(session *domain.Session, cause event.Cause) domain.UpdateInput {
	return domain.UpdateInput{
		Scope: session.Scope, SessionID: session.ID, Cause: cause,
		Contact: &domain.ContactInput{Email: &c.email, Phone: &c.phone, Billing: c.address},
	}
}

// contact saves the contact of a buyer whose browser runs no scripts before the payment fields open.
func (h *Handler) contact(w http.ResponseWriter, r *http.Request, v *visit) {
	if v.state() != statePay {
		see(w, r, page(v.session.ID))
		return
	}
	if faults := v.check(r.PostForm); len(faults) > 0 {
		h.Pages.RenderPayment(w, r, h.payment(v, r.PostForm, faults...))
		return
	}
	if v.needsLocation() {
		var err error
		if v, err = h.locate(r, v, r.PostForm); err != nil {
			h.refused(w, r, v, r.PostForm, err)
			return
		}
	}
	c := contactIn(r.PostForm, v)
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		_, session, err := h.lock(tx, v)
		if err != nil || !c.differs(session) {
			return err
		}
		if _, err = h.Checkouts.Update(tx, c.update(session, h.cause(session))); err != nil || !v.remind.Ask {
			return err
		}
		return h.Agree(tx, session.Scope, session.OrderID, r.PostFormValue("reminders") == "yes")
	})
	if err != nil {
		h.refused(w, r, v, r.PostForm, err)
		return
	}
	see(w, r, page(v.session.ID)+"#payment_token")
}

// locate tells the order where it is taxed and looks at it again, with the tax in its total. The visit
// that comes back is the given one when that fails.
func (h *Handler) locate(r *http.Request, v *visit, form url.Values) (*visit, error) {
	a := addressIn(form)
	err := h.patch(r, v, order.PatchInput{
		Scope: v.session.Scope, OrderID: v.order.ID, Cause: h.cause(v.session),
		Tax: &order.TaxInput{Location: &order.TaxLocationInput{AddressType: "billing_address", Address: order.Address{
			Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country,
		}}},
	})
	if err != nil {
		return v, err
	}
	now, err := h.visit(r)
	if err != nil {
		return v, err
	}
	return now, nil
}
