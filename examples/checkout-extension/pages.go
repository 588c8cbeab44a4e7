package main

import (
	"crypto/rand"
	_ "embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
)

//go:embed home.html
var homeText string

//go:embed buyer.html
var buyerText string

var (
	homePage  = template.Must(template.New("home").Parse(homeText))
	buyerPage = template.Must(template.New("buyer").Parse(buyerText))
)

// page is what home.html shows.
type page struct {
	Name    string
	Problem string
	Origin  string        // of this app
	Once    string        // names what a button does, so that a second click gets the answer of the first
	Install *installation // nil for a visitor who has not installed the app
	Orders  []order
	Ended   []ended // events that could not be handled
}

// pages adds the app's own pages.
func (a *app) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		p := page{Name: appName, Origin: a.origin(), Once: rand.Text()}
		if in, known := a.visitor(r); known {
			p.Install = &in
			a.store.read(func(s *contents) {
				p.Ended = s.endedAt(in.Grant)
				for _, o := range s.Data.Orders[in.Grant] {
					p.Orders = append(p.Orders, order{ID: o.ID, Key: o.Key, Paid: o.Paid, Steps: slices.Clone(o.Steps), Doors: slices.Clone(o.Doors)})
				}
			})
		}
		show(w, http.StatusOK, p)
	})
	mux.HandleFunc("POST /open", a.takeDoor(func(r *http.Request, grant, orderID, key string) (door, error) {
		return a.open(r.Context(), grant, orderID, r.PostFormValue("surface"), key)
	}))
	mux.HandleFunc("POST /replace", a.takeDoor(func(r *http.Request, grant, orderID, key string) (door, error) {
		return a.replace(r.Context(), grant, orderID, r.PostFormValue("type"), r.PostFormValue("cancel") != "", key)
	}))
	mux.HandleFunc("GET /o/{key}", a.buyer)
}

// origin is where this app's pages are.
func (a *app) origin() string {
	u, err := url.Parse(a.config.RedirectURI)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// takeDoor answers a form of the merchant's that opens a door for an order.
func (a *app) takeDoor(make func(r *http.Request, grant, orderID, key string) (door, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, known := a.visitor(r)
		if !known {
			a.problem(w, http.StatusForbidden, "Install the app first.")
			return
		}
		orderID := r.PostFormValue("order")
		made, err := make(r, in.Grant, orderID, "door-"+orderID+"-"+r.PostFormValue("once"))
		refused, ok := errors.AsType[*apiError](err)
		switch {
		case ok:
			a.problem(w, http.StatusConflict, "Flint refused it: "+refused.Message+" ("+refused.Code+")")
			return
		case errors.Is(err, errRemoved):
			a.problem(w, http.StatusForbidden, "The app was removed. Install it again to go on.")
			return
		case err == nil:
			err = a.store.update(func(s *contents) error {
				s.Data.note(in.Grant, orderID).add(made)
				return nil
			})
		}
		if err != nil {
			slog.Error("no door was opened", "order", orderID, "error", err)
			a.problem(w, http.StatusBadGateway, "Flint could not be reached. Nothing is lost: try again.")
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

// buyer is the one address of an order that its buyer keeps. It leads to the door that is open now, so that
// a message sent yesterday is right tomorrow. Whoever knows the address may pay the order, nothing else.
func (a *app) buyer(w http.ResponseWriter, r *http.Request) {
	var found *order
	var last door
	a.store.read(func(s *contents) {
		for _, orders := range s.Data.Orders {
			for _, o := range orders {
				if o.Key == r.PathValue("key") {
					found = &order{ID: o.ID, Paid: o.Paid}
					if len(o.Doors) > 0 {
						last = o.Doors[len(o.Doors)-1]
					}
				}
			}
		}
	})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	switch {
	case found == nil:
		http.NotFound(w, r)
	case !found.Paid && last.Kind != "" && last.Kind != "embedded":
		http.Redirect(w, r, last.URL, http.StatusSeeOther)
	default:
		nonce, flint := rand.Text(), a.config.BaseURL
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-"+nonce+"'; frame-src "+flint+"; form-action "+flint+"; frame-ancestors 'none'")
		view := map[string]any{"Paid": found.Paid, "Door": last, "Flint": flint, "Nonce": nonce}
		if err := buyerPage.Execute(w, view); err != nil {
			slog.Error("the page was not written", "error", err)
		}
	}
}

// problem tells the visitor what went wrong.
func (a *app) problem(w http.ResponseWriter, status int, text string) {
	show(w, status, page{Name: appName, Problem: text})
}

func show(w http.ResponseWriter, status int, p page) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	if err := homePage.Execute(w, p); err != nil {
		slog.Error("the page was not written", "error", err)
	}
}
