// Command post-purchase is an app for Flint that hears of paid orders and gives back single lines of them, within
// what the merchant allows. Begin with this file, app.go: it is what the app does, and the other files are how any app
// talks to Flint.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const appName = "Goodwill"

// data is what this app is about: orders that were paid since it was installed, newest first, and what
// it gave back of each line.
type data struct {
	Orders map[string][]order `json:"orders"` // by environment grant
}

// order is what the app keeps of an order.
type order struct {
	ID    string `json:"order_id"`
	Lines []line `json:"line_items"`
}

// line is one line of an order. An empty Status means that nothing was given back yet.
type line struct {
	ID       string `json:"order_line_item_id"`
	Name     string `json:"name"`
	Total    money  `json:"total_money"`
	RefundID string `json:"refund_id,omitempty"`
	Status   string `json:"refund_status,omitempty"` // of the refund; or one of ours, below
	Problem  string `json:"problem,omitempty"`       // why the last try was refused
	Approval string `json:"approval_id,omitempty"`   // what the merchant decides before the refund is made
	Tries    int    `json:"tries,omitempty"`         // refunds that came to nothing
}

// waiting is the status of a line whose refund the merchant has to approve.
const waiting = "waiting for the merchant"

const keepOrders = 50

// forget is called when an installation ends: its data go with it.
func (d *data) forget(grant string) { delete(d.Orders, grant) }

// line finds a line of an order that the app keeps, nil when it is not there (any more).
func (d *data) line(grant, orderID, lineID string) *line {
	for o := range d.Orders[grant] {
		if d.Orders[grant][o].ID != orderID {
			continue
		}
		for l := range d.Orders[grant][o].Lines {
			if d.Orders[grant][o].Lines[l].ID == lineID {
				return &d.Orders[grant][o].Lines[l]
			}
		}
	}
	return nil
}

// handle does what the app does when something happens at a merchant. An event tells that something
// happened; what is true now is asked for.
func (a *app) handle(ctx context.Context, grant string, e event) error {
	var about struct {
		OrderID    string `json:"order_id"`
		RefundID   string `json:"refund_id"`
		ApprovalID string `json:"app_approval_id"`
	}
	if err := json.Unmarshal(e.Data, &about); err != nil {
		return err
	}
	switch {
	case e.Type == "order.paid":
		return a.noteOrder(ctx, grant, about.OrderID)
	case strings.HasPrefix(e.Type, "refund."):
		return a.noteRefund(ctx, grant, about.RefundID)
	case e.Type == "app_approval.decided":
		return a.noteDecision(ctx, grant, about.OrderID, about.ApprovalID)
	}
	slog.Info("nothing to do", "type", e.Type)
	return nil
}

func (a *app) noteOrder(ctx context.Context, grant, orderID string) error {
	var found order
	if err := a.call(ctx, grant, http.MethodGet, "/v1/orders/"+url.PathEscape(orderID), "", nil, &found); err != nil {
		return err
	}
	return a.store.update(func(s *contents) error {
		if s.Data.Orders == nil {
			s.Data.Orders = map[string][]order{}
		}
		known := s.Data.Orders[grant]
		if !slices.ContainsFunc(known, func(o order) bool { return o.ID == found.ID }) {
			s.Data.Orders[grant] = slices.Insert(known, 0, found)[:min(len(known)+1, keepOrders)]
		}
		return nil
	})
}

// refund is what the app reads of a refund.
type refund struct {
	ID      string `json:"refund_id"`
	OrderID string `json:"order_id"`
	Status  string `json:"status"`
	Lines   []struct {
		LineID string `json:"order_line_item_id"`
	} `json:"line_item_allocations"`
}

func (a *app) noteRefund(ctx context.Context, grant, refundID string) error {
	var found refund
	if err := a.call(ctx, grant, http.MethodGet, "/v1/refunds/"+url.PathEscape(refundID), "", nil, &found); err != nil {
		return err
	}
	return a.store.update(func(s *contents) error {
		for _, share := range found.Lines {
			if l := s.Data.line(grant, found.OrderID, share.LineID); l != nil {
				l.note(found)
			}
		}
		return nil
	})
}

// note takes over what became of a refund. One that came to nothing may be tried again.
func (l *line) note(r refund) {
	again := l.RefundID == r.ID && l.Status == ""
	l.RefundID, l.Status, l.Problem = r.ID, r.Status, ""
	if r.Status == "failed" || r.Status == "canceled" {
		l.Status, l.Problem = "", "The payment provider did not give it back."
		if !again {
			l.Tries++
		}
	}
}

// noteDecision offers a line again that the merchant did not approve. Of one they approved, the refund
// tells.
func (a *app) noteDecision(ctx context.Context, grant, orderID, approvalID string) error {
	var decided struct {
		Status string `json:"status"`
	}
	if err := a.call(ctx, grant, http.MethodGet, "/v1/app-approvals/"+url.PathEscape(approvalID), "", nil, &decided); err != nil {
		return err
	}
	return a.store.update(func(s *contents) error {
		for _, o := range s.Data.Orders[grant] {
			for n := range o.Lines {
				if l := &o.Lines[n]; o.ID == orderID && l.Approval == approvalID && l.Status == waiting && decided.Status == "refused" {
					l.Status, l.Problem, l.Approval = "", "You decided against it.", ""
					l.Tries++
				}
			}
		}
		return nil
	})
}

// giveBack refunds one line in full, as the merchant asked on the page. The key names the line, so that
// a second click gets the answer of the first.
func (a *app) giveBack(ctx context.Context, grant, orderID string, l line) error {
	var made refund
	failure := a.call(ctx, grant, http.MethodPost, "/v1/refunds", "goodwill-"+l.ID+strings.Repeat("-again", l.Tries), map[string]any{
		"order_id": orderID, "line_items": []map[string]any{{"order_line_item_id": l.ID}}, "reason": "other", "reason_message": "Goodwill",
	}, &made)
	refused, ok := errors.AsType[*apiError](failure)
	if failure != nil && !ok {
		return failure
	}
	return a.store.update(func(s *contents) error {
		kept := s.Data.line(grant, orderID, l.ID)
		switch {
		case kept == nil, ok && kept.Status != "": // an event told more meanwhile
		case ok && refused.Code == "APP_REFUND_APPROVAL_REQUIRED":
			kept.Status, kept.Problem = waiting, ""
			return json.Unmarshal(refused.Whole, &struct {
				ID *string `json:"app_approval_id"`
			}{&kept.Approval})
		case ok:
			kept.Problem = explain(refused)
		case kept.RefundID != made.ID:
			kept.note(made)
		}
		return nil
	})
}

// explain says in the merchant's words why Flint refused. The merchant sets the limits of the app, so
// they are named.
func explain(e *apiError) string {
	if e.Code != "APP_REFUND_LIMIT_EXCEEDED" {
		return e.Message
	}
	var limit struct {
		Window string `json:"limit_window"`
		Limit  money  `json:"limit_money"`
		Used   money  `json:"used_money"`
	}
	if err := json.Unmarshal(e.Whole, &limit); err != nil || limit.Window == "" {
		return e.Message
	}
	return "You let this app give back " + limit.Limit.String() + " per " + limit.Window + ", and it has given " + limit.Used.String() + ". Raise its limit, or refund this yourself."
}

//go:embed home.html
var homeText string

var homePage = template.Must(template.New("home").Parse(homeText))

// page is what home.html shows.
type page struct {
	Name    string
	Problem string
	Install *installation // nil for a visitor who has not installed the app
	Orders  []order
	Ended   []ended // events that could not be handled
}

// pages adds the app's own pages.
func (a *app) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		p := page{Name: appName}
		if in, known := a.visitor(r); known {
			p.Install = &in
			a.store.read(func(s *contents) { p.Orders, p.Ended = slices.Clone(s.Data.Orders[in.Grant]), s.endedAt(in.Grant) })
		}
		show(w, http.StatusOK, p)
	})
	mux.HandleFunc("POST /give-back", a.takeGiveBack)
}

// takeGiveBack is the button beside a line.
func (a *app) takeGiveBack(w http.ResponseWriter, r *http.Request) {
	in, known := a.visitor(r)
	if !known {
		a.problem(w, http.StatusForbidden, "Install the app first.")
		return
	}
	orderID := r.PostFormValue("order")
	var asked *line
	a.store.read(func(s *contents) {
		if l := s.Data.line(in.Grant, orderID, r.PostFormValue("line")); l != nil {
			found := *l
			asked = &found
		}
	})
	if asked == nil {
		a.problem(w, http.StatusNotFound, "This order is not known here.")
		return
	}
	switch err := a.giveBack(r.Context(), in.Grant, orderID, *asked); {
	case errors.Is(err, errRemoved):
		a.problem(w, http.StatusForbidden, "The app was removed. Install it again to go on.")
	case err != nil:
		slog.Error("a refund was not asked for", "order", orderID, "error", err)
		a.problem(w, http.StatusBadGateway, "Flint could not be reached. Nothing is lost: try again.")
	default:
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// problem tells the visitor what went wrong.
func (a *app) problem(w http.ResponseWriter, status int, text string) {
	show(w, status, page{Name: appName, Problem: text})
}

func show(w http.ResponseWriter, status int, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	if err := homePage.Execute(w, p); err != nil {
		slog.Error("the page was not written", "error", err)
	}
}
