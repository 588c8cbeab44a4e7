package account

import (
	"context"
	"net/http"
	"strings"

	"flint/internal/auth/buyer"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/idempotency"
	"flint/internal/notification"
	"flint/internal/web/ui"
)

type detailsPage struct {
	shown
	Mail      string // the customer's address
	Profile   []fieldOf
	NewEmail  fieldOf
	Change    string // id of an e-mail change that waits for its codes
	ChangeTo  string
	Codes     []fieldOf
	Mails     bool // mail is sent here
	Reminders bool
	Shipping  bool
	Asked     string // when deletion was asked for; empty when it was not
}

// problems are what was wrong with the form that was sent last.
type problems struct {
	typed  map[string]string
	faults *fault.Error
	change *buyer.EmailChange
}

func (h *Handler) details(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showDetails(w, r, v, problems{})
}

func (h *Handler) showDetails(w http.ResponseWriter, r *http.Request, v *visit, bad problems) {
	page := detailsPage{Mail: v.me.Email, Mails: h.Buyers.SendCode != nil}
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		choices, err := h.Mails.Preferences(tx, v.scope, v.me.Email)
		if err != nil {
			return err
		}
		page.Reminders, page.Shipping = choices.CheckoutReminders, choices.ShippingUpdates
		asked, _, err := h.Customers.ListDeletions(tx.Context(), tx, customer.ListDeletionsInput{Scope: v.scope, CustomerID: v.me.ID, Status: customer.DeletionPending, Limit: 1})
		if len(asked) > 0 {
			page.Asked = v.date(asked[0].RequestedAt)
		}
		return err
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	value := func(name, otherwise string) string {
		if typed, ok := bad.typed[name]; ok {
			return typed
		}
		return otherwise
	}
	page.Profile = []fieldOf{
		{Name: "name", Label: "buyer.name", Autocomplete: "name", MaxLength: 255, Optional: true, Value: value("name", v.me.Name), Error: said(bad.faults, "name")},
		{Name: "phone", Label: "buyer.phone", Type: "tel", Autocomplete: "tel", MaxLength: 20, Optional: true, Hint: "buyer.phone.hint", Value: value("phone", v.me.Phone), Error: said(bad.faults, "phone")},
	}
	page.NewEmail = fieldOf{Name: "new_email", Label: "buyer.email.new", Type: "email", Autocomplete: "email", MaxLength: 254, Value: value("new_email", ""), Error: said(bad.faults, "new_email", "")}
	if c := bad.change; c != nil {
		page.Change, page.ChangeTo = c.ID, c.NewEmail
		page.Codes = []fieldOf{{Name: "new_code", Label: h.text("buyer.email.code", c.NewEmail), InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 12, Error: said(bad.faults, "new_email_code")}}
		if c.NeedsCurrent() {
			page.Codes = append(page.Codes, fieldOf{Name: "current_code", Label: h.text("buyer.email.code", c.CurrentEmail), InputMode: "numeric", Autocomplete: "one-time-code", MaxLength: 12,
				Error: said(bad.faults, "current_email_code")})
		}
	}
	page.shown = h.shown(r, v, "details")
	out := ui.Page{Name: "account/details", Title: h.text("buyer.details"), View: page}
	if bad.faults != nil {
		out.Status = http.StatusUnprocessableEntity
	}
	h.render(w, r, v, out)
}

// settle answers a form: done, a fault beside its input, or a page of its own.
func (h *Handler) settle(w http.ResponseWriter, r *http.Request, v *visit, err error, done string, bad problems) {
	f := fault.Of(err)
	switch {
	case err == nil:
		see(w, r, v.home()+"/details?done="+done)
	case f != nil && f.Class != fault.ClassNotFound && f.Class.Status() < 500:
		bad.faults = f
		h.showDetails(w, r, v, bad)
	default:
		h.failed(w, r, v, err)
	}
}

// write runs f in a transaction. A kept fault commits what counted it.
func (h *Handler) write(ctx context.Context, f func(tx db.Tx) error) error {
	var refused error
	err := h.DB.Write(ctx, func(tx db.Tx) error {
		refused = nil
		err := f(tx)
		if k := idempotency.Kept(err); k != nil {
			refused = k
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	return refused
}

func (h *Handler) saveProfile(w http.ResponseWriter, r *http.Request, v *visit) {
	name, number := strings.TrimSpace(r.PostFormValue("name")), phone(strings.TrimSpace(r.PostFormValue("phone")))
	err := h.write(r.Context(), func(tx db.Tx) error {
		_, err := h.Customers.Patch(tx.Context(), tx, customer.PatchInput{Scope: v.scope, Cause: v.cause(), ID: v.me.ID, Name: &name, Phone: &number})
		return err
	})
	h.settle(w, r, v, err, "saved", problems{typed: map[string]string{"name": name, "phone": number}})
}

func (h *Handler) savePreferences(w http.ResponseWriter, r *http.Request, v *visit) {
	choices := notification.Choices{CheckoutReminders: r.PostFormValue("checkout_reminders") != "", ShippingUpdates: r.PostFormValue("shipping_updates") != ""}
	err := h.write(r.Context(), func(tx db.Tx) error { return h.Mails.SetPreferences(tx, v.scope, v.me.Email, choices) })
	h.settle(w, r, v, err, "saved", problems{})
}

// changeEmail mails codes to both addresses and asks for them.
func (h *Handler) changeEmail(w http.ResponseWriter, r *http.Request, v *visit) {
	to := strings.TrimSpace(r.PostFormValue("new_email"))
	bad := problems{typed: map[string]string{"new_email": to}}
	var l fault.List
	if customer.CheckEmail(&l, "new_email", to); l.Err() != nil {
		h.settle(w, r, v, l.Err(), "", bad)
		return
	}
	var change *buyer.EmailChange
	err := h.write(r.Context(), func(tx db.Tx) (err error) {
		change, err = h.Buyers.RequestEmailChange(tx.Context(), tx, buyer.ChangeEmailInput{Scope: v.scope, CustomerID: v.me.ID, NewEmail: to})
		return err
	})
	if err != nil {
		h.settle(w, r, v, err, "", bad)
		return
	}
	h.showDetails(w, r, v, problems{change: change})
}

func (h *Handler) confirmEmail(w http.ResponseWriter, r *http.Request, v *visit) {
	requestID := r.PostFormValue("id")
	err := h.write(r.Context(), func(tx db.Tx) error {
		e, err := h.Buyers.ConfirmEmailChange(tx.Context(), tx, buyer.ConfirmEmailInput{Scope: v.scope, CustomerID: v.me.ID, RequestID: requestID,
			NewCode: r.PostFormValue("new_code"), CurrentCode: r.PostFormValue("current_code")})
		if err != nil {
			return err
		}
		_, err = h.Customers.SetEmail(tx.Context(), tx, customer.SetEmailInput{Scope: v.scope, Cause: v.cause(), ID: v.me.ID, Email: e.NewEmail, Param: "new_email"})
		return err
	})
	bad := problems{}
	if fault.Is(err, "CUSTOMER_VERIFICATION_CODE_INVALID") { // another try is left
		if bad.change, _ = read(r.Context(), h.DB, func(tx db.Tx) (*buyer.EmailChange, error) {
			return h.Buyers.EmailChangeOf(tx, v.scope, v.me.ID, requestID)
		}); bad.change == nil {
			err = fault.NotFound("e-mail change request")
		}
	}
	h.settle(w, r, v, err, "email", bad)
}

func (h *Handler) requestDeletion(w http.ResponseWriter, r *http.Request, v *visit) {
	err := h.write(r.Context(), func(tx db.Tx) error {
		_, err := h.Customers.RequestDeletion(tx.Context(), tx, customer.RequestDeletionInput{Scope: v.scope, Cause: v.cause(), CustomerID: v.me.ID})
		return err
	})
	h.settle(w, r, v, err, "deletion", problems{})
}
