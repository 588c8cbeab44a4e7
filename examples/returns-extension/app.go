// Command returns-extension is an app for Flint that decides on returns by rules of its own, and refunds or exchanges
// what comes back. Begin with this file, app.go: it is what the app does; book.go keeps what is due, feed.go hears what
// webhooks missed, pages.go shows it, and the other files are how any app talks to Flint.
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

const appName = "Fair Return"

// The policy of this app, by what the goods of a return are worth, in the smallest unit of the currency.
const (
	keepUpTo    = 2000 // the buyer keeps them: the parcel would cost more
	photosAbove = 5000 // the buyer sends photos, and the merchant looks at them
)

// data is what this app is about: the returns that it has heard of, newest first.
type data struct {
	Cases map[string][]*claim `json:"cases"` // by environment grant
	Place map[string]place    `json:"place"` // by environment grant, see feed.go
}

// claim is what the app keeps of a return.
type claim struct {
	ID      string  `json:"return_id"`
	Key     string  `json:"key"`     // of the buyer's page
	Status  string  `json:"status"`  // of the return, when it was last looked at
	Value   money   `json:"value"`   // of the goods
	Verdict string  `json:"verdict"` // "" when others decided, asked, sent, approved or declined
	Photos  int     `json:"photos"`  // kept beside the store, see pages.go
	Steps   []step  `json:"steps"`   // oldest first
	Book    []entry `json:"book"`    // what is due and what was settled, see book.go
}

// step is something that was heard, and what the app did about it.
type step struct {
	EventID string `json:"webhook_event_id"`
	Type    string `json:"event_type"`
	Did     string `json:"did,omitempty"`
}

const keepClaims = 100

// forget is called when an installation ends: its data go with it.
func (d *data) forget(grant string) {
	delete(d.Cases, grant)
	delete(d.Place, grant)
}

// claim finds a return, nil when it is not there (any more).
func (d *data) claim(grant, returnID string) *claim {
	for _, c := range d.Cases[grant] {
		if c.ID == returnID {
			return c
		}
	}
	return nil
}

// note is claim, and begins to keep one that is new.
func (d *data) note(grant, returnID string) *claim {
	if c := d.claim(grant, returnID); c != nil {
		return c
	}
	if d.Cases == nil {
		d.Cases = map[string][]*claim{}
	}
	c := &claim{ID: returnID, Key: rand.Text()}
	d.Cases[grant] = slices.Insert(d.Cases[grant], 0, c)[:min(len(d.Cases[grant])+1, keepClaims)]
	return c
}

// goods is a return, as Flint answers it.
type goods struct {
	ID          string            `json:"return_id"`
	Status      string            `json:"status"`
	Version     int64             `json:"version"`
	Metadata    map[string]string `json:"metadata"`
	Resolutions int               `json:"resolution_count"`
	Policy      *struct {
		Status string `json:"status"`
	} `json:"policy_evaluation"`
	Lines []struct {
		ID        string `json:"return_line_item_id"`
		Requested int64  `json:"requested_quantity"`
		Available int64  `json:"available_resolution_quantity"`
		Wish      string `json:"requested_resolution_type"`
		Value     struct {
			Total money `json:"total_money"`
		} `json:"return_value"`
	} `json:"line_items"`
}

// value is what was paid for the goods.
func (g *goods) value() (m money) {
	for _, l := range g.Lines {
		m.Amount, m.Currency = m.Amount+l.Value.Total.Amount, l.Value.Total.Currency
	}
	return m
}

// wantsRefund reports whether the buyer asked for the money of every line.
func (g *goods) wantsRefund() bool {
	for _, l := range g.Lines {
		if l.Wish != "refund" {
			return false
		}
	}
	return len(g.Lines) > 0
}

// handle does what the app does when something happens at a merchant: it looks at the return. Then it asks
// whether it has missed anything.
func (a *app) handle(ctx context.Context, grant string, e event) error {
	if grant == "" {
		return nil // about the install as a whole, not about one environment
	}
	var about struct {
		ReturnID string `json:"return_id"`
	}
	if err := json.Unmarshal(e.Data, &about); err != nil {
		return err
	}
	if about.ReturnID != "" { // a refund may belong to no return
		if err := a.look(ctx, grant, about.ReturnID, step{EventID: e.ID, Type: e.Type}); err != nil {
			return err
		}
	}
	return a.catchUp(ctx, grant)
}

// look reads a return, does what is due, and makes the book of it anew. Each write has a key that names why, so
// that looking twice does nothing twice.
func (a *app) look(ctx context.Context, grant, returnID string, s step) error {
	var kept claim
	err := a.store.update(func(c *contents) error { kept = *c.Data.note(grant, returnID); return nil })
	if err != nil {
		return err
	}
	g, err := a.goods(ctx, grant, returnID)
	if err != nil {
		return err
	}
	s.Did, err = a.act(ctx, grant, g, &kept)
	if refused, ok := errors.AsType[*apiError](err); ok && refused.Status == http.StatusConflict {
		s.Did, err = "nothing: "+refused.Code, nil // somebody else was faster
	}
	if err != nil {
		return err
	}
	lines, err := a.read(ctx, grant, returnID)
	if err != nil {
		return err
	}
	return a.remember(grant, returnID, func(c *claim) {
		c.Status, c.Value, c.Book = g.Status, g.value(), lines
		if !slices.ContainsFunc(c.Steps, func(known step) bool { return known.EventID == s.EventID }) {
			c.Steps = append(c.Steps, s)
		}
	})
}

// act does the next thing that the app owes the buyer. The verdict is kept before it is told, so that a crash
// between the two is made good by the next event.
func (a *app) act(ctx context.Context, grant string, g *goods, c *claim) (did string, err error) {
	if g.Status == "requested" && c.Verdict == "" {
		c.Verdict = judge(g.value().Amount)
		if err := a.remember(grant, g.ID, func(kept *claim) { kept.Verdict = c.Verdict }); err != nil {
			return "", err
		}
	}
	switch {
	case g.Status == "requested" && c.Verdict == "approved" && g.value().Amount <= keepUpTo:
		return "approved, the buyer keeps the goods", a.approve(ctx, grant, g, terms{timing: "after_approval"})
	case g.Status == "requested" && c.Verdict == "approved":
		return "approved, the goods come back", a.approve(ctx, grant, g, terms{back: true, timing: "after_receipt"})
	case g.Status == "requested" && c.Verdict == "asked" && g.Metadata["fair_return"] == "":
		mark := map[string]string{"fair_return": "photos asked for", "fair_return_page": a.origin() + "/b/" + c.Key}
		return "asked for photos", a.mark(ctx, grant, g, "asked", mark)
	case g.Status == "open" && c.Verdict == "approved" && g.Resolutions == 0 && g.wantsRefund():
		return "refund confirmed", a.resolve(ctx, grant, g, nil, "")
	}
	return "", nil
}

// judge is the policy of this app.
func judge(worth int64) (verdict string) {
	if worth > photosAbove {
		return "asked"
	}
	return "approved"
}

func (a *app) goods(ctx context.Context, grant, returnID string) (*goods, error) {
	g := &goods{}
	return g, a.call(ctx, grant, http.MethodGet, "/v1/returns/"+url.PathEscape(returnID), "", nil, g)
}

// mark writes into the metadata of a return, where everybody sees it who sees the return.
func (a *app) mark(ctx context.Context, grant string, g *goods, why string, with map[string]string) error {
	return a.call(ctx, grant, http.MethodPatch, "/v1/returns/"+url.PathEscape(g.ID), why+"-"+g.ID, map[string]any{"metadata": with}, nil)
}

// terms is how goods are approved: whether they come back and are inspected, and when their value is given back.
type terms struct {
	back, inspected bool
	timing          string
}

// returnsDesk is where goods come back to. A shop would ask its merchant for the address.
var returnsDesk = map[string]any{
	"name":    "Returns desk",
	"address": map[string]string{"line1": "7 Dock Road", "city": "Albany", "state": "NY", "postal_code": "12207", "country": "US"},
}

// approve approves all lines.
func (a *app) approve(ctx context.Context, grant string, g *goods, t terms) error {
	return a.decide(ctx, grant, g, func(requested int64, line map[string]any) {
		line["approved_quantity"], line["return_required_quantity"], line["is_inspection_required"] = requested, 0, t.inspected
		line["allowed_resolution_types"] = []string{"refund", "exchange", "replacement", "no_monetary_action"}
		line["resolution_mode"], line["refund_timing"] = "manual", t.timing
		if t.back {
			line["return_required_quantity"], line["receiving_location_id"], line["destination"] = requested, "returns-desk", returnsDesk
		}
	})
}

// decline declines all lines.
func (a *app) decline(ctx context.Context, grant string, g *goods) error {
	return a.decide(ctx, grant, g, func(_ int64, line map[string]any) {
		line["approved_quantity"], line["decline_reason"] = 0, "evidence_missing"
	})
}

// decide decides on the version of the return that was judged, or not at all.
func (a *app) decide(ctx context.Context, grant string, g *goods, fill func(requested int64, line map[string]any)) error {
	var lines []map[string]any
	for _, l := range g.Lines {
		line := map[string]any{"return_line_item_id": l.ID, "decision_basis": "explicit"}
		if g.Policy != nil && g.Policy.Status != "review_required" {
			line["override_reason"] = "merchant_discretion" // the merchant has a policy of its own
		}
		fill(l.Requested, line)
		lines = append(lines, line)
	}
	in := map[string]any{"line_items": lines, "completion_mode": "automatic", "expected_version": g.Version}
	return a.call(ctx, grant, http.MethodPost, "/v1/returns/"+url.PathEscape(g.ID)+"/decide", "decide-"+g.ID, in, nil)
}

// offer is something the buyer can have instead. A shop would ask its own catalogue.
type offer struct {
	Handle, Name string
	Price        int64 // in the smallest unit of the order's currency
}

var offers = []offer{{"large", "Enamel mug, large", 4200}, {"small", "Enamel mug, small", 2400}}

// units are the goods that nothing was given for yet.
func (g *goods) units() (lines []map[string]any) {
	for _, l := range g.Lines {
		if l.Available > 0 {
			lines = append(lines, map[string]any{"return_line_item_id": l.ID, "quantity": l.Available})
		}
	}
	return lines
}

// resolution is what the API is asked for: the money for those units, or an offer in their place.
func (g *goods) resolution(instead *offer) map[string]any {
	lines := g.units()
	if instead == nil {
		return map[string]any{"resolution_type": "refund", "line_items": lines}
	}
	return map[string]any{
		"resolution_type": "exchange", "line_items": lines, "pricing_basis": "merchant_agreed_price",
		"replacement_line_items": []any{map[string]any{"name": instead.Name, "quantity": 1, "unit_price_money": money{instead.Price, g.value().Currency}}},
	}
}

// quote is what a resolution would come to. The hash stands for exactly these amounts.
type quote struct {
	Refund  money  `json:"buyer_refund_amount_money"`
	Payment money  `json:"buyer_payment_amount_money"`
	Hash    string `json:"quote_hash"`
}

func (a *app) preview(ctx context.Context, grant string, g *goods, instead *offer) (quote, error) {
	var out struct {
		Resolution quote `json:"resolution"`
	}
	in := g.resolution(instead)
	in["return_id"] = g.ID
	err := a.call(ctx, grant, http.MethodPost, "/v1/return-previews", "", map[string]any{"mode": "resolution", "resolution": in}, &out)
	return out.Resolution, err
}

// resolve proposes and confirms a resolution. With a hash it comes to the amounts that the buyer saw, or is refused.
func (a *app) resolve(ctx context.Context, grant string, g *goods, instead *offer, hash string) error {
	in := g.resolution(instead)
	if hash != "" {
		in["expected_quote_hash"] = hash
	}
	var made struct {
		ID string `json:"return_resolution_id"`
	}
	err := a.call(ctx, grant, http.MethodPost, "/v1/returns/"+url.PathEscape(g.ID)+"/resolutions", "resolve-"+g.ID+"-"+hash, in, &made)
	if err != nil {
		return err
	}
	slog.Info("resolved", "return", g.ID, "resolution", made.ID)
	return a.call(ctx, grant, http.MethodPost, "/v1/return-resolutions/"+url.PathEscape(made.ID)+"/confirm", "confirm-"+made.ID, map[string]any{}, nil)
}

// checkout opens the hosted page where the buyer pays the difference of an exchange.
func (a *app) checkout(ctx context.Context, grant, resolutionID, key string) (string, error) {
	var launch struct {
		Session struct {
			URL string `json:"url"`
		} `json:"checkout_session"`
	}
	err := a.call(ctx, grant, http.MethodPost, "/v1/return-resolutions/"+url.PathEscape(resolutionID)+"/checkout-session", key, map[string]any{"surface": "hosted"}, &launch)
	return launch.Session.URL, err
}
