package account

import (
	"errors"
	"net/http"
	"net/url"

	"flint/internal/auth/buyer"
	"flint/internal/checkout"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/refund"
	"flint/internal/settings"
	"flint/internal/web/ui"
)

// listed is one order in the list.
type listed struct {
	URL, Number, Date, Items, Total, State, Mark string
}

type ordersPage struct {
	shown
	Orders []listed
	Next   string
	First  bool
}

// ordersAPage is how many orders a page lists.
const ordersAPage = 20

func (h *Handler) orders(w http.ResponseWriter, r *http.Request, v *visit) {
	var after *listing.Cursor
	if at := r.URL.Query().Get("page"); at != "" {
		if !id.Valid(id.Order, at) {
			see(w, r, v.home()+"/orders")
			return
		}
		made, _ := id.Time(at)
		after = &listing.Cursor{Key: listing.Time(made), ID: at}
	}
	page := ordersPage{First: after == nil}
	shares := map[string]share{} // of the orders that something was given back of
	found, err := read(r.Context(), h.DB, func(tx db.Tx) (order.ListResult, error) {
		if after != nil { // the exact time of the row the last page ended with
			o, err := h.Orders.Get(tx.Context(), tx, v.scope, after.ID)
			if err != nil || o.CustomerID != v.me.ID {
				return order.ListResult{}, errors.Join(err, fault.NotFound("order"))
			}
			after.Key = listing.Time(o.CreatedAt)
		}
		found, err := h.Orders.List(tx.Context(), tx, order.ListInput{Scope: v.scope, CustomerID: v.me.ID, After: after, Limit: ordersAPage})
		for _, o := range found.Orders {
			if err != nil || o.Settlement.Refunded == 0 {
				continue
			}
			var refunds []*refund.Refund
			var more *listing.Cursor
			refunds, more, err = refund.List(tx, refund.ListInput{Scope: v.scope, OrderID: o.ID, Limit: maxMoved})
			shares[o.ID] = shareOf(refunds, more != nil)
		}
		return found, err
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	for _, o := range found.Orders {
		state, mark := stateOf(o, shares[o.ID])
		n := int64(0)
		for i := range o.Lines {
			n += o.Lines[i].Quantity
		}
		page.Orders = append(page.Orders, listed{URL: v.home() + "/orders/" + o.ID, Number: o.Number, Date: v.date(o.CreatedAt),
			Items: h.UI.Language("").N("pay.items", int(n)), Total: v.money(o.Pricing.Total, o.Currency), State: "buyer.state." + state, Mark: mark})
	}
	if found.Next != nil {
		page.Next = v.home() + "/orders?page=" + url.QueryEscape(found.Next.ID)
	}
	page.shown = h.shown(r, v, "orders")
	h.render(w, r, v, ui.Page{Name: "account/orders", Title: h.text("buyer.orders"), View: page})
}

type orderPage struct {
	shown
	*status
	Base string // address of the page, for its forms
	Back string // of the list; empty on the page of a link

	Return   string // address of the form of a return; empty when nothing is left
	Returned []returned
	Instead  *returned  // the return whose goods this order replaces
	Replaced []returned // the orders that bring what was chosen instead of this one's goods
}

// order is the page of one order of the customer.
func (h *Handler) order(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showOrder(w, r, v, r.PathValue("id"), v.me.ID, v.home()+"/orders/"+r.PathValue("id"), v.home()+"/orders")
}

func (h *Handler) showOrder(w http.ResponseWriter, r *http.Request, v *visit, orderID, customerID, base, back string) {
	page := orderPage{Base: base, Back: back}
	err := h.DB.Read(r.Context(), func(tx db.Tx) error {
		o, err := h.owned(tx, v, orderID, customerID)
		if err != nil {
			return err
		}
		if page.status, err = h.status(tx, v, o); err != nil {
			return err
		}
		return h.returnsOf(tx, v, &page, o)
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	page.shown = h.shown(r, v, "orders")
	h.render(w, r, v, ui.Page{Name: "account/order", Title: h.text("buyer.order.title", page.Number, v.merchant.BusinessName), View: page,
		Policy: ui.Policy{ImgSrc: page.images}})
}

// owned reads an order of a customer; others' do not exist.
func (h *Handler) owned(tx db.Tx, v *visit, orderID, customerID string) (*order.Order, error) {
	o, err := h.Orders.Get(tx.Context(), tx, v.scope, orderID)
	if err != nil {
		return nil, err
	}
	if o.CustomerID == "" || o.CustomerID != customerID {
		return nil, fault.NotFound("order")
	}
	return o, nil
}

func (h *Handler) payOrder(w http.ResponseWriter, r *http.Request, v *visit) {
	h.pay(w, r, v, r.PathValue("id"), v.me.ID, v.home()+"/orders/"+r.PathValue("id"))
}

// pay leads to the order's checkout: the open one, or a new one that comes back to base.
func (h *Handler) pay(w http.ResponseWriter, r *http.Request, v *visit, orderID, customerID, base string) {
	if h.busy(w, r, v, "pay") {
		return
	}
	var session *checkout.Session
	here := h.Here(r.Host)
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		o, err := h.owned(tx, v, orderID, customerID)
		if err != nil {
			return err
		}
		if o.ReturnResolutionID != "" { // its own door knows what the exchange credits
			session, err = h.balance(tx, v, o.ReturnResolutionID, here+base)
			return err
		}
		open, _, err := h.Checkouts.List(tx, checkout.ListInput{Scope: v.scope, OrderID: o.ID, Status: checkout.StatusOpen, Limit: 1})
		if err != nil {
			return err
		}
		in := checkout.CreateInput{Scope: v.scope, OrderID: o.ID, Cause: v.cause()}
		in.Detail.SuccessURL, in.Detail.CancelURL = here+base, here+base
		if len(open) > 0 {
			if session = open[0]; session.Surface == checkout.SurfaceHosted {
				return nil
			}
			in.ReplaceID = session.ID
		}
		if v.me != nil {
			in.Detail.Collection.Email = v.me.Email
		}
		launch, err := h.Checkouts.Create(tx.Context(), tx, in)
		session = launch.Session
		return err
	})
	h.toCheckout(w, r, v, session, base, err)
}

// toCheckout leads to a checkout, or back to base with what is in the way.
func (h *Handler) toCheckout(w http.ResponseWriter, r *http.Request, v *visit, session *checkout.Session, base string, err error) {
	f := fault.Of(err)
	switch {
	case f != nil && f.Class == fault.ClassNotFound:
		h.failed(w, r, v, err)
	case fault.Is(err, "ORDER_ALREADY_PAID"): // meanwhile; the page says so
		see(w, r, base)
	case fault.Is(err, "CHECKOUT_PAYMENT_RESOLVING") || fault.Is(err, "ORDER_COLLECTION_IN_PROGRESS"):
		see(w, r, base+"?done=resolving")
	case f != nil && f.Class.Status() < 500:
		see(w, r, base+"?done=unpayable")
	case err != nil:
		h.failed(w, r, v, err)
	default:
		h.lead(w, r, v, session, base)
	}
}

// lead lets the browser into a session and sends it there. From the account's own domain, whose cookies the checkout
// does not get, the session's link lets it in; one without a link leads back to base.
func (h *Handler) lead(w http.ResponseWriter, r *http.Request, v *visit, session *checkout.Session, base string) {
	if h.Here(r.Host) == h.BaseURL {
		path := "/checkout/" + session.ID
		h.setCookie(w, checkout.PageCookie, path, h.Checkouts.LetIn(session), buyer.LoginIdle)
		see(w, r, path)
		return
	}
	to := h.Checkouts.PageLink(h.Pages(v.scope, settings.DomainCheckout), session)
	if to == "" {
		to = base + "?done=unpayable"
	}
	see(w, r, to)
}

func (h *Handler) mailReceipt(w http.ResponseWriter, r *http.Request, v *visit) {
	h.receipt(w, r, v, r.PathValue("id"), v.me.ID, v.home()+"/orders/"+r.PathValue("id"))
}

func (h *Handler) receipt(w http.ResponseWriter, r *http.Request, v *visit, orderID, customerID, base string) {
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		if _, err := h.owned(tx, v, orderID, customerID); err != nil {
			return err
		}
		return h.Mails.SendReceipt(tx.Context(), tx, notification.Input{Scope: v.scope, OrderID: orderID, Checkout: true, Cause: v.cause()})
	})
	f := fault.Of(err)
	switch {
	case err == nil:
		see(w, r, base+"?done=receipt")
	case fault.Is(err, "ORDER_RECEIPT_RESEND_RATE_LIMITED"):
		see(w, r, base+"?done=norepeat")
	case f != nil && f.Class == fault.ClassConflict:
		see(w, r, base+"?done=noreceipt")
	default:
		h.failed(w, r, v, err)
	}
}

// link is the page behind /o/: the door of a token, or the order of a link that this browser has opened.
func (h *Handler) link(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if !id.Valid(id.AccessLink, token) {
		v, kind := &visit{}, "buyer.link"
		door := doorPage{shown: h.shown(r, v, ""), Action: "/o/open", Token: token}
		if at := r.URL.Query().Get("return"); id.Valid(id.Return, at) {
			door.Return, kind = at, "buyer.link.return"
		}
		door.Title, door.Text, door.Go = kind+".title", kind+".text", kind+".go"
		h.render(w, r, v, ui.Page{Name: "account/door", Title: h.text(door.Title), Script: "door.js", View: door})
		return
	}
	h.linked(func(w http.ResponseWriter, r *http.Request, v *visit, l *buyer.Link) {
		if at := r.URL.Query().Get("return"); id.Valid(id.Return, at) {
			see(w, r, "/o/"+l.ID+"/returns/"+at)
			return
		}
		h.showOrder(w, r, v, l.OrderID, l.CustomerID, "/o/"+l.ID, "")
	})(w, r)
}

// linked lets browsers through that have opened the link.
func (h *Handler) linked(next func(http.ResponseWriter, *http.Request, *visit, *buyer.Link)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{locale: localeOf(r), now: h.Clock.Now()}
		l, err := h.Buyers.Opened(r.Context(), r.PathValue("token"), cookie(r, linkCookie))
		if err == nil {
			v.scope = l.Scope
			err = h.DB.Read(r.Context(), func(tx db.Tx) error {
				if err := h.read(tx, v); err != nil {
					return err
				}
				c, err := h.Customers.Get(tx.Context(), tx, l.Scope, l.CustomerID)
				v.me = &customer.Customer{ID: l.CustomerID}
				if err == nil {
					v.me = c
				}
				return err
			})
		}
		switch {
		case errors.Is(err, buyer.ErrLink):
			h.problem(w, r, v, http.StatusGone, "link.ended")
		case err != nil:
			h.failed(w, r, v, err)
		default:
			next(w, r, v, l)
		}
	}
}

func (h *Handler) openLink(w http.ResponseWriter, r *http.Request) {
	v := &visit{}
	if h.busy(w, r, v, "open") {
		return
	}
	value, l, err := h.Buyers.Open(r.Context(), r.PostFormValue("token"))
	switch {
	case errors.Is(err, buyer.ErrLink):
		h.problem(w, r, v, http.StatusGone, "link.ended")
	case err != nil:
		h.failed(w, r, v, err)
	default:
		h.setCookie(w, linkCookie, "/o/"+l.ID, value, buyer.LinkStay)
		to := "/o/" + l.ID
		if at := r.PostFormValue("return"); id.Valid(id.Return, at) {
			to += "/returns/" + at
		}
		see(w, r, to)
	}
}

func (h *Handler) payLinked(w http.ResponseWriter, r *http.Request, v *visit, l *buyer.Link) {
	h.pay(w, r, v, l.OrderID, l.CustomerID, "/o/"+l.ID)
}

func (h *Handler) mailLinked(w http.ResponseWriter, r *http.Request, v *visit, l *buyer.Link) {
	h.receipt(w, r, v, l.OrderID, l.CustomerID, "/o/"+l.ID)
}
