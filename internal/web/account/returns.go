package account

import (
	"net/http"

	"flint/internal/auth/buyer"
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/returns"
	"flint/internal/web/ui"
)

// ownReturn reads a return of a customer; others' do not exist.
// With orderID only that order's returns exist.
func (h *Handler) ownReturn(tx db.Tx, v *visit, returnID, customerID, orderID string) (*returns.Return, error) {
	r, err := returns.Get(tx, v.scope, returnID)
	if err != nil {
		return nil, err
	}
	if r.CustomerID == "" || r.CustomerID != customerID || orderID != "" && r.OrderID != orderID {
		return nil, fault.NotFound("return")
	}
	return r, nil
}

// oneReturn is the page of a return of the customer who is in.
func (h *Handler) oneReturn(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showReturn(w, r, v, v.me.ID, "", v.home()+"/returns/"+r.PathValue("id"))
}

// linkedReturn is the page of a return behind the link of its order.
func (h *Handler) linkedReturn(w http.ResponseWriter, r *http.Request, v *visit, l *buyer.Link) {
	h.showReturn(w, r, v, l.CustomerID, l.OrderID, "/o/"+l.ID+"/returns/"+r.PathValue("id"))
}

// showReturn shows a return; orderID, when it is not empty, is the only order whose returns may be seen.
func (h *Handler) showReturn(w http.ResponseWriter, r *http.Request, v *visit, customerID, orderID, base string) {
	page, err := read(r.Context(), h.DB, func(tx db.Tx) (*returnPage, error) {
		x, err := h.ownReturn(tx, v, r.PathValue("id"), customerID, orderID)
		if err != nil {
			return nil, err
		}
		return h.returnPage(tx, v, x, base)
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	page.shown = h.shown(r, v, "orders")
	if page.Notice == "buyer.done.returned" && page.State != "buyer.return.state.requested" { // decided since; the address still says it
		page.Notice = ""
	}
	if v.login == nil {
		page.Back = "/o/" + r.PathValue("token")
		if page.Withdraw {
			page.Withdraw, page.SignIn = false, v.home()+"/returns/"+r.PathValue("id")
		}
	}
	h.render(w, r, v, ui.Page{Name: "account/return", Title: h.text("buyer.return.number", page.Number), View: page, Policy: ui.Policy{ImgSrc: page.images}})
}

// payReturn leads the customer who is in to the checkout of a difference.
func (h *Handler) payReturn(w http.ResponseWriter, r *http.Request, v *visit) {
	h.payBalance(w, r, v, v.me.ID, "", v.home()+"/returns/"+r.PathValue("id"))
}

// payLinkedReturn does so behind the link of the order.
func (h *Handler) payLinkedReturn(w http.ResponseWriter, r *http.Request, v *visit, l *buyer.Link) {
	h.payBalance(w, r, v, l.CustomerID, l.OrderID, "/o/"+l.ID+"/returns/"+r.PathValue("id"))
}

func (h *Handler) payBalance(w http.ResponseWriter, r *http.Request, v *visit, customerID, orderID, base string) {
	if h.busy(w, r, v, "pay") {
		return
	}
	var session *checkout.Session
	here := h.Here(r.Host)
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		x, err := h.ownReturn(tx, v, r.PathValue("id"), customerID, orderID)
		if err != nil {
			return err
		}
		owed := owes(x)
		if owed == nil {
			return fault.Conflict("ORDER_ALREADY_PAID", "The buyer owes nothing for this return.")
		}
		session, err = h.balance(tx, v, owed.ID, here+base)
		return err
	})
	h.toCheckout(w, r, v, session, base, err)
}

// balance opens the checkout of the difference of an exchange, or finds the open one; it comes back to
// an address.
func (h *Handler) balance(tx db.Tx, v *visit, resolutionID, back string) (*checkout.Session, error) {
	_, x, err := h.Returns.Checkout(tx.Context(), tx, returns.ResolutionVersion{Scope: v.scope, ResolutionID: resolutionID, Cause: v.cause()},
		returns.SessionInput{SuccessURL: back, CancelURL: back})
	if err != nil {
		return nil, err
	}
	return checkout.Get(tx, v.scope, x.Effect.SessionID)
}

func (h *Handler) withdrawReturn(w http.ResponseWriter, r *http.Request, v *visit) {
	returnID := r.PathValue("id")
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		if _, err := h.ownReturn(tx, v, returnID, v.me.ID, ""); err != nil {
			return err
		}
		_, err := h.Returns.Cancel(tx, returns.CancelInput{Scope: v.scope, ReturnID: returnID, Reason: "buyer_request", Cause: v.cause()})
		return err
	})
	to := v.home() + "/returns/" + returnID
	switch f := fault.Of(err); {
	case err == nil:
		see(w, r, to+"?done=withdrawn")
	case f != nil && f.Class == fault.ClassConflict:
		see(w, r, to+"?done=unreturned")
	default:
		h.failed(w, r, v, err)
	}
}

// badgeOf is a return in a word.
func badgeOf(x *returns.Return) string {
	if x.Status == returns.StatusOpen && owes(x) != nil {
		return "owed"
	}
	if x.Status == returns.StatusCanceled && !withdrawn(x) {
		return "ended"
	}
	return x.Status
}

// markOf is how that word looks.
func markOf(badge string) string {
	switch badge {
	case returns.StatusOpen, returns.StatusCompleted:
		return "good"
	case returns.StatusRequested, "owed":
		return "warn"
	}
	return ""
}

// returned is a return in the list of an order.
type returned struct{ URL, Number, Date, Badge, Mark string }

// replaced adds to the page of an order the orders that replace goods of it. A link shows one order alone.
func (h *Handler) replaced(tx db.Tx, v *visit, p *orderPage, x *returns.Return) error {
	for k := range x.Resolutions {
		r := &x.Resolutions[k]
		if r.ReplacementID == "" || !stands(r) || v.login == nil {
			continue
		}
		made, err := h.Orders.Get(tx.Context(), tx, v.scope, r.ReplacementID)
		if err != nil {
			return err
		}
		p.Replaced = append(p.Replaced, returned{URL: v.home() + "/orders/" + made.ID, Number: made.Number})
	}
	return nil
}

// returnsOf adds to the page of an order what was given back of it and whether anything can be.
func (h *Handler) returnsOf(tx db.Tx, v *visit, p *orderPage, o *order.Order) error {
	goods, err := h.HandedOver(tx, o)
	if err != nil {
		return err
	}
	for _, g := range goods {
		if g.Available() > 0 {
			p.Return = v.home() + "/orders/" + o.ID + "/return"
		}
	}
	all, err := returns.OfOrder(tx, v.scope, o.ID)
	if err != nil {
		return err
	}
	at := v.home()
	if v.login == nil {
		at = p.Base
	}
	for _, x := range all {
		p.Returned = append(p.Returned, returned{URL: at + "/returns/" + x.ID, Number: x.Number, Date: v.date(x.CreatedAt), Badge: "buyer.return.badge." + badgeOf(x), Mark: markOf(badgeOf(x))})
		if err := h.replaced(tx, v, p, x); err != nil {
			return err
		}
	}
	if o.ReturnID == "" || v.login == nil { // a link shows one order and its own returns
		return nil
	}
	x, err := returns.Get(tx, v.scope, o.ReturnID)
	if err == nil {
		p.Instead = &returned{URL: at + "/returns/" + x.ID, Number: x.Number}
	}
	return err
}
