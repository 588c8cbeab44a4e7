// Command checkout-extension is an app for Flint that opens checkouts for a merchant's orders and leads buyers who left
// back to them. Begin with this file, app.go: it is what the app does; pages.go shows it, and the other files are how
// any app talks to Flint.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
)

const appName = "Second Chance"

// data is what this app is about: the orders that it has heard of, newest first.
type data struct {
	Orders map[string][]*order `json:"orders"` // by environment grant
}

// order is what the app keeps of an order.
type order struct {
	ID    string `json:"order_id"`
	Key   string `json:"key"` // of the address that the buyer keeps, see buyer.go
	Paid  bool   `json:"paid"`
	Steps []step `json:"steps"` // oldest first
	Doors []door `json:"doors"` // the last one is where the buyer is sent
}

// step is something that happened to an order, as a webhook told, and what the app did about it.
type step struct {
	EventID string `json:"webhook_event_id"`
	Type    string `json:"event_type"`
	Did     string `json:"did,omitempty"`
}

// door is a way to pay an order. Its URL and Token are for the buyer alone.
type door struct {
	Kind  string `json:"kind"` // hosted, embedded, or the type of a recovery action
	ID    string `json:"id"`
	URL   string `json:"url"`
	Token string `json:"token,omitempty"` // of an embedded checkout
}

const keepOrders = 50

// forget is called when an installation ends: its data go with it.
func (d *data) forget(grant string) { delete(d.Orders, grant) }

// order finds an order, nil when it is not there (any more).
func (d *data) order(grant, orderID string) *order {
	for _, o := range d.Orders[grant] {
		if o.ID == orderID {
			return o
		}
	}
	return nil
}

// note is order, and begins to keep one that is new.
func (d *data) note(grant, orderID string) *order {
	if o := d.order(grant, orderID); o != nil {
		return o
	}
	if d.Orders == nil {
		d.Orders = map[string][]*order{}
	}
	o := &order{ID: orderID, Key: rand.Text()}
	d.Orders[grant] = slices.Insert(d.Orders[grant], 0, o)[:min(len(d.Orders[grant])+1, keepOrders)]
	return o
}

// handle does what the app does when something happens at a merchant.
func (a *app) handle(ctx context.Context, grant string, e event) error {
	var about struct {
		OrderID   string `json:"order_id"`
		SessionID string `json:"checkout_session_id"`
	}
	if err := json.Unmarshal(e.Data, &about); err != nil {
		return err
	}
	if about.OrderID == "" {
		slog.Info("nothing to do", "type", e.Type)
		return nil
	}
	s := step{EventID: e.ID, Type: e.Type}
	var opened *door
	switch e.Type {
	case "checkout_session.abandoned", "checkout_session.expired":
		if kind := a.lastDoor(grant, about.OrderID); kind == "payment_link" || kind == "invoice" {
			s.Did = "nothing: the " + doorNames[kind] + " still works"
			break
		}
		// Both may come of one session. The key names it, so the buyer gets one link.
		found, err := a.replace(ctx, grant, about.OrderID, "recovery_link", false, "back-"+about.SessionID)
		refused, ok := errors.AsType[*apiError](err)
		switch {
		case ok:
			s.Did = "no link: " + refused.Code // it was paid or closed meanwhile
		case err != nil:
			return err
		default:
			s.Did, opened = "a link back for the buyer", &found
		}
	case "order.paid":
		s.Did = "nothing is left to do"
	case "stranded_payment.created":
		s.Did = "shown to the merchant, who decides about the money"
	}
	return a.store.update(func(c *contents) error {
		o := c.Data.note(grant, about.OrderID)
		if slices.ContainsFunc(o.Steps, func(known step) bool { return known.EventID == e.ID }) {
			return nil
		}
		o.Steps = append(o.Steps, s)
		o.Paid = o.Paid || e.Type == "order.paid"
		if opened != nil {
			o.add(*opened)
		}
		return nil
	})
}

// doorNames are kinds of doors as people read them.
var doorNames = map[string]string{
	"hosted": "checkout", "embedded": "checkout in a page of this app", "recovery_link": "link back", "checkout_session": "new checkout",
	"payment_link": "payment link", "invoice": "invoice",
}

// Name is the kind as people read it.
func (d door) Name() string { return doorNames[d.Kind] }

// lastDoor is the kind of the door that the buyer is sent to, empty for none.
func (a *app) lastDoor(grant, orderID string) (kind string) {
	a.store.read(func(s *contents) {
		if o := s.Data.order(grant, orderID); o != nil && len(o.Doors) > 0 {
			kind = o.Doors[len(o.Doors)-1].Kind
		}
	})
	return kind
}

// add makes a door the last one. A link that leads to the door before it is no news.
func (o *order) add(d door) {
	if !slices.ContainsFunc(o.Doors, func(known door) bool { return known.ID == d.ID }) {
		o.Doors = append(o.Doors, d)
	}
}

// replace puts a door in the place of the one that the order has. Whoever repeats it with its key gets the
// same door. Flint ends the old door and opens the new one in one transaction: an order never has two.
func (a *app) replace(ctx context.Context, grant, orderID, kind string, cancel bool, key string) (door, error) {
	var made struct {
		DoorID string `json:"door_id"`
		URL    string `json:"url"`
	}
	err := a.call(ctx, grant, http.MethodPost, "/v1/orders/"+url.PathEscape(orderID)+"/recovery-actions", key,
		map[string]any{"type": kind, "cancel_open_payment": cancel}, &made)
	return door{Kind: kind, ID: made.DoorID, URL: made.URL}, err
}

// open opens the first checkout of an order. An embedded one works on the pages of one origin, ours here.
func (a *app) open(ctx context.Context, grant, orderID, surface, key string) (door, error) {
	in := map[string]any{"order_id": orderID, "surface": surface}
	if surface == "embedded" {
		in["page_origin"] = a.origin()
	}
	var launch struct {
		Session struct {
			ID  string `json:"checkout_session_id"`
			URL string `json:"url"`
		} `json:"checkout_session"`
		Access struct {
			Token string `json:"checkout_auth_token"`
		} `json:"checkout_access"`
	}
	err := a.call(ctx, grant, http.MethodPost, "/v1/checkout-sessions", key, in, &launch)
	return door{Kind: surface, ID: launch.Session.ID, URL: launch.Session.URL, Token: launch.Access.Token}, err
}
