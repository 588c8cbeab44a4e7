package account

import (
	"cmp"
	"net/http"
	"strings"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/web/ui"
)

// card is a saved card in the list.
type card struct {
	ID, Name    string // "Visa ending in 4242"
	Expiry      string // "12/2034", empty while not known
	Expired     bool
	Default     bool
	Defaultable bool // could be made the default
}

type cardsPage struct {
	shown
	Cards []card
	Add   bool // there is somebody to take a card
}

// cardsShown is the most cards that are listed of each state.
const cardsShown = 100

// cards lists the saved cards that can be charged, and those that have expired.
func (h *Handler) cards(w http.ResponseWriter, r *http.Request, v *visit) {
	page := cardsPage{shown: h.shown(r, v, "cards"), Add: h.Payable(v.scope)}
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		for _, status := range []string{payment.MethodActive, payment.MethodExpired} {
			found, _, err := payment.ListMethods(tx, payment.MethodList{Scope: v.scope, CustomerID: v.me.ID, Status: status, Now: v.now, Limit: cardsShown})
			if err != nil {
				return err
			}
			for _, m := range found {
				page.Cards = append(page.Cards, h.card(v, m))
			}
		}
		return nil
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	h.render(w, r, v, ui.Page{Name: "account/cards", Title: h.text("buyer.cards"), View: page})
}

func (h *Handler) card(v *visit, m *payment.Method) card {
	out := card{ID: m.ID, Name: h.text("buyer.card"), Expired: m.StatusAt(v.now) == payment.MethodExpired, Default: m.ID == v.me.DefaultPaymentMethodID}
	out.Defaultable = !out.Default && m.Defaultable(v.now) == nil
	if c := m.Detail.Card; c != nil {
		brand := cmp.Or(c.Brand, "card")
		out.Name = h.text("buyer.card.name", strings.ToUpper(brand[:1])+brand[1:], c.Last4)
		if c.ExpYear > 0 {
			out.Expiry = h.text("buyer.card.expiry", c.ExpMonth, c.ExpYear)
		}
	}
	return out
}

// ownMethod reads a saved card of the customer; others' do not exist.
func (h *Handler) ownMethod(tx db.Tx, v *visit, methodID string) (*payment.Method, error) {
	m, err := payment.GetMethod(tx, v.scope, methodID)
	if err == nil && m.CustomerID != v.me.ID {
		err = fault.NotFound("payment method")
	}
	return m, err
}

// addCard begins to save a card and leads to the page on which it is typed.
func (h *Handler) addCard(w http.ResponseWriter, r *http.Request, v *visit) {
	if h.busy(w, r, v, "fields") {
		return
	}
	to := ""
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		_, plain, err := h.Payments.BeginSetup(tx, payment.SetupInput{Scope: v.scope, CustomerID: v.me.ID})
		to = "/simulator/setup/" + plain.Reveal() + "?from=account"
		return err
	})
	h.changed(w, r, v, to, err)
}

// removeCard takes a card out of use.
func (h *Handler) removeCard(w http.ResponseWriter, r *http.Request, v *visit) {
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		m, err := h.ownMethod(tx, v, r.PostFormValue("id"))
		if err != nil {
			return err
		}
		if v.me.DefaultPaymentMethodID == m.ID {
			if err := h.Customers.SetDefaultPaymentMethod(tx, customer.DefaultPaymentMethodInput{Scope: v.scope, ID: v.me.ID, Cause: v.cause()}); err != nil {
				return err
			}
		}
		_, err = h.Payments.RemoveMethod(tx, v.scope, m.ID, v.cause())
		return err
	})
	h.changed(w, r, v, v.home()+"/cards?done=cardremoved", err)
}

// defaultCard makes a card the one that is charged when none is named.
func (h *Handler) defaultCard(w http.ResponseWriter, r *http.Request, v *visit) {
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		m, err := h.ownMethod(tx, v, r.PostFormValue("id"))
		if err != nil {
			return err
		}
		if err := m.Defaultable(v.now); err != nil {
			return err
		}
		return h.Customers.SetDefaultPaymentMethod(tx, customer.DefaultPaymentMethodInput{Scope: v.scope, ID: v.me.ID, MethodID: m.ID, Cause: v.cause()})
	})
	h.changed(w, r, v, v.home()+"/cards?done=saved", err)
}

// changed answers a form about cards: on to the next page, or back to a list that says it could not be done.
func (h *Handler) changed(w http.ResponseWriter, r *http.Request, v *visit, to string, err error) {
	f := fault.Of(err)
	switch {
	case err == nil:
		see(w, r, to)
	case f != nil && f.Class != fault.ClassNotFound && f.Class.Status() < 500:
		see(w, r, v.home()+"/cards?done=cardunusable")
	default:
		h.failed(w, r, v, err)
	}
}
