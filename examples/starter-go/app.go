// Command starter-app is an app for Flint: merchants install it, it hears of their orders and acts on them.
// Begin with this file, app.go: it is what the app does, and the other files are how any app talks to Flint.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
)

const appName = "Starter App"

// data is what this app is about: the orders that were paid since it was installed, newest first.
type data struct {
	Orders map[string][]order `json:"orders"` // by environment grant
}

// order is what the app keeps of an order.
type order struct {
	ID      string `json:"order_id"`
	Status  string `json:"payment_status"`
	Pricing struct {
		Total money `json:"total_money"`
	} `json:"pricing_amounts"`
}

const keepOrders = 50

// forget is called when an installation ends: its data go with it.
func (d *data) forget(grant string) { delete(d.Orders, grant) }

// handle does what the app does when something happens at a merchant.
func (a *app) handle(ctx context.Context, grant string, e event) error {
	if e.Type != "order.paid" {
		slog.Info("nothing to do", "type", e.Type)
		return nil
	}
	var about struct {
		OrderID string `json:"order_id"`
	}
	if err := json.Unmarshal(e.Data, &about); err != nil {
		return err
	}
	// The event tells that something happened; what is true now is asked for.
	var found order
	if err := a.call(ctx, grant, http.MethodGet, "/v1/orders/"+url.PathEscape(about.OrderID), "", nil, &found); err != nil {
		return err
	}
	slog.Info("an order was paid", "order", found.ID, "total", found.Pricing.Total)
	return a.store.update(func(s *contents) error {
		if s.Data.Orders == nil {
			s.Data.Orders = map[string][]order{}
		}
		others := slices.DeleteFunc(s.Data.Orders[grant], func(o order) bool { return o.ID == found.ID })
		s.Data.Orders[grant] = slices.Insert(others, 0, found)[:min(len(others)+1, keepOrders)]
		return nil
	})
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
