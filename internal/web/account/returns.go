package account

import (
	"fmt"
	"net/http"

	"flint/internal/auth/buyer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/returns"
	"flint/internal/web/ui"
)

// step is one of the steps a return takes.
type step struct {
	Text  string // key
	State string // done, now, later
}

// destination is where goods go.
type destination struct {
	Name, Instructions, By, Units string
	Address                       []string
}

type returnPage struct {
	shown
	Base, Back, Order, Number string
	State, Text, Mark, Badge  string // keys, and how it looks
	Asked                     string
	Steps                     []step
	Lines                     []line
	Bare                      bool
	SendTo                    []destination
	Money                     []row
	Owed                      string
	Withdraw                  bool
	SignIn                    string // address, where withdrawing needs it
	images                    []string
}

// ownReturn reads a return of a customer; others' do not exist.
func (h *Handler) ownReturn(tx db.Tx, v *visit, returnID, customerID string) (*returns.Return, error) {
	r, err := returns.Get(tx, v.scope, returnID)
	if err != nil {
		return nil, err
	}
	if r.CustomerID == "" || r.CustomerID != customerID {
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
	x, err := read(r.Context(), h.DB, func(tx db.Tx) (*returns.Return, error) {
		x, err := h.ownReturn(tx, v, r.PathValue("id"), customerID)
		if err == nil && orderID != "" && x.OrderID != orderID {
			err = fault.NotFound("return")
		}
		return x, err
	})
	if err != nil {
		h.failed(w, r, v, err)
		return
	}
	page := h.returnPage(v, x, base)
	page.shown = h.shown(r, v, "orders")
	if v.login == nil {
		page.Back = "/o/" + r.PathValue("token")
		if page.Withdraw {
			page.Withdraw, page.SignIn = false, v.home()+"/returns/"+x.ID
		}
	}
	h.render(w, r, v, ui.Page{Name: "account/return", Title: h.text("buyer.return.number", x.Number), View: page, Policy: ui.Policy{ImgSrc: page.images}})
}

func (h *Handler) returnPage(v *visit, x *returns.Return, base string) *returnPage {
	m := func(minor int64) string { return v.money(minor, x.Currency) }
	p := &returnPage{
		Base: base, Back: v.home() + "/orders/" + x.OrderID, Order: x.OrderNumber, Number: x.Number, Asked: v.date(x.CreatedAt), Bare: true,
		State: "buyer.return.state." + x.Status, Text: "buyer.return.state." + x.Status + ".text", Badge: "buyer.return.badge." + x.Status,
		Steps: stepsOf(x), Mark: markOf(x.Status),
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		out := line{Name: l.Identity.Name, Description: l.ReasonName, Each: fmt.Sprintf("× %d", l.Requested), Amount: m(l.Value.Total)}
		if l.Identity.Image != nil {
			out.ImageURL, out.ImageAlt, p.Bare = l.Identity.Image.URL, l.Identity.Image.Alt, false
			p.images = append(p.images, ui.Origin(out.ImageURL))
		}
		p.Lines = append(p.Lines, out)
	}
	for _, need := range x.Handoff {
		d := destination{Name: need.Name, Instructions: need.Instructions}
		if a := need.Address; a != nil {
			d.Address = addressLines(a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Country)
		}
		if !need.ExpiresAt.IsZero() {
			d.By = h.text("buyer.return.sendby", v.date(need.ExpiresAt))
		}
		n := int64(0)
		for _, l := range need.Lines {
			n += l.Quantity
		}
		d.Units = h.UI.Language("").N("pay.items", int(n))
		p.SendTo = append(p.SendTo, d)
	}
	f := x.Financial
	for _, r := range []struct {
		key    string
		amount int64
	}{{"buyer.return.value", f.Returned.Total}, {"buyer.return.deductions", -f.Deduction}, {"buyer.return.replacement", -f.Replacement},
		{"buyer.return.paid", f.Collected}, {"buyer.return.refunded", f.Refunded}, {"buyer.return.due", f.DueToBuyer}} {
		if r.amount != 0 {
			p.Money = append(p.Money, row{Name: h.text(r.key), Amount: m(r.amount)})
		}
	}
	if f.DueFromBuyer > 0 {
		p.Owed = m(f.DueFromBuyer)
	}
	for _, a := range x.BuyerActions {
		p.Withdraw = p.Withdraw || a.Kind == "withdraw" && a.Available
	}
	return p
}

func markOf(status string) string {
	switch status {
	case returns.StatusOpen, returns.StatusCompleted:
		return "good"
	case returns.StatusRequested:
		return "warn"
	}
	return ""
}

// stepsOf tells how far a return is. One that ended without goods or value has only the steps it took.
func stepsOf(x *returns.Return) []step {
	steps := []step{{"buyer.return.step.requested", "done"}, {"buyer.return.step.decided", "now"}}
	if x.Status == returns.StatusCanceled {
		return steps[:1]
	}
	if x.DecisionStatus != returns.DecisionPending {
		steps[1].State = "done"
	}
	if x.Status == returns.StatusDeclined {
		return steps
	}
	goods, value := "later", "later"
	if x.Status != returns.StatusRequested {
		goods, value = "now", "later"
		switch x.MerchandiseStatus {
		case returns.GoodsNotRequired, returns.GoodsReceived, returns.GoodsResolved, returns.GoodsDispositionRequired:
			goods, value = "done", "now"
		}
	}
	if x.ResolutionStatus == returns.ValueFulfilled || x.Status == returns.StatusCompleted {
		value = "done"
	}
	if x.MerchandiseStatus != returns.GoodsNotRequired || x.Status == returns.StatusRequested {
		steps = append(steps, step{"buyer.return.step.goods", goods})
	}
	return append(steps, step{"buyer.return.step.value", value})
}

func (h *Handler) withdrawReturn(w http.ResponseWriter, r *http.Request, v *visit) {
	returnID := r.PathValue("id")
	err := h.DB.Write(r.Context(), func(tx db.Tx) error {
		if _, err := h.ownReturn(tx, v, returnID, v.me.ID); err != nil {
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

// returned is a return in the list of an order.
type returned struct{ URL, Number, Date, Badge, Mark string }

// returnsOf adds to the page of an order what was given back of it and whether anything can be.
func (h *Handler) returnsOf(tx db.Tx, v *visit, p *orderPage, orderID string) error {
	o, err := h.Orders.Get(tx.Context(), tx, v.scope, orderID)
	if err != nil {
		return err
	}
	goods, err := h.HandedOver(tx, o)
	if err != nil {
		return err
	}
	for _, g := range goods {
		if g.Available() > 0 {
			p.Return = v.home() + "/orders/" + orderID + "/return"
		}
	}
	all, err := returns.OfOrder(tx, v.scope, orderID)
	if err != nil {
		return err
	}
	at := v.home()
	if v.login == nil {
		at = p.Base
	}
	for _, x := range all {
		p.Returned = append(p.Returned, returned{URL: at + "/returns/" + x.ID, Number: x.Number, Date: v.date(x.CreatedAt), Badge: "buyer.return.badge." + x.Status, Mark: markOf(x.Status)})
	}
	return nil
}
