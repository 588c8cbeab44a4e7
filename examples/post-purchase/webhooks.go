package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// event is a webhook that was taken.
type event struct {
	ID    string          `json:"webhook_event_id"`
	Type  string          `json:"event_type"`
	Data  json.RawMessage `json:"data"`
	Tries int             `json:"tries"`
	Due   time.Time       `json:"due"`
}

// origin is what the data of every event says about where it comes from.
type origin struct {
	Grant    string `json:"environment_grant_id"`
	Install  string `json:"partner_app_install_id"`
	Merchant string `json:"merchant_id"`
}

// remembered is how long the id of an event is kept. Flint repeats for three days; people resend later.
const remembered = 30 * 24 * time.Hour

// receiveWebhook takes an event: it checks the signature, puts the event into the store and answers.
// Work comes after, because Flint waits ten seconds at most and sends again what was not answered.
func (a *app) receiveWebhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if !a.signed(body, r.Header) {
		http.Error(w, "the signature is wrong or too old", http.StatusUnauthorized)
		return
	}
	var e event
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" || e.ID != r.Header.Get("webhook-id") {
		http.Error(w, "not an event", http.StatusBadRequest)
		return
	}
	e.Tries, e.Due = 0, time.Now()
	err = a.store.update(func(s *contents) error {
		if _, again := s.Seen[e.ID]; again {
			return nil // a repetition has no effect
		}
		maps.DeleteFunc(s.Seen, func(_ string, at time.Time) bool { return time.Since(at) > remembered })
		s.Seen[e.ID] = time.Now()
		s.Waiting = append(s.Waiting, e)
		return nil
	})
	if err != nil {
		slog.Error("an event was not kept", "event", e.ID, "error", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	a.rouse()
}

// signed reports whether one of the secrets made the signature, not more than five minutes ago.
func (a *app) signed(body []byte, header http.Header) bool {
	return slices.ContainsFunc(a.config.WebhookSecrets, func(secret string) bool {
		hook, err := standardwebhooks.NewWebhook(secret)
		return err == nil && hook.Verify(body, header) == nil
	})
}

func (a *app) rouse() {
	select {
	case a.wake <- struct{}{}:
	default: // it is awake
	}
}

// work handles what was taken, one event after the other, until ctx ends. What fails is tried again, unless it
// was refused for good.
func (a *app) work(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for a.workOnce(ctx) && ctx.Err() == nil {
		}
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
		case <-tick.C:
		}
	}
}

// maxTries is how often an event is tried, over about a day.
const maxTries = 12

// workOnce handles one event that is due and tells whether there was one.
func (a *app) workOnce(ctx context.Context) bool {
	var e event
	a.store.read(func(s *contents) {
		if n := slices.IndexFunc(s.Waiting, func(e event) bool { return !e.Due.After(time.Now()) }); n >= 0 {
			e = s.Waiting[n]
		}
	})
	if e.ID == "" {
		return false
	}
	failure := a.route(ctx, e)
	if ctx.Err() != nil {
		return false // the app stops; the event stays
	}
	// An event may overtake the installation it belongs to, so an unknown one is waited for a little.
	removed := errors.Is(failure, errRemoved) && e.Tries == 3
	givenUp := !errors.Is(failure, errRemoved) && (forGood(failure) || failure != nil && e.Tries+1 == maxTries)
	err := a.store.update(func(s *contents) error {
		n := slices.IndexFunc(s.Waiting, func(other event) bool { return other.ID == e.ID })
		if failure != nil && !removed && !givenUp {
			s.Waiting[n].Tries++
			s.Waiting[n].Due = time.Now().Add(time.Second << (2 * min(e.Tries, 7))) // 1 s to 4.5 hours
			return nil
		}
		s.Waiting = slices.Delete(s.Waiting, n, n+1)
		if givenUp {
			s.giveUp(e, failure)
		}
		return nil
	})
	switch {
	case givenUp:
		slog.Error("an event was given up", "type", e.Type, "event", e.ID, "try", e.Tries+1, "error", failure)
	case failure != nil:
		slog.Warn("an event was not handled", "type", e.Type, "event", e.ID, "try", e.Tries+1, "of", maxTries, "error", failure)
	}
	if err != nil {
		slog.Error("the store failed", "error", err)
		return false
	}
	return true
}

// giveUp keeps that an event was not handled and why, where the app's page shows it.
func (c *contents) giveUp(e event, why error) {
	var from origin
	_ = json.Unmarshal(e.Data, &from) // no grant, no page to show it on
	given := ended{Grant: from.Grant, ID: e.ID, Type: e.Type, Why: why.Error(), At: time.Now()}
	c.Ended = slices.Insert(c.Ended, 0, given)[:min(len(c.Ended)+1, keepEnded)]
}

// route sends an event to what handles it. Events come more than once and in any order, so nothing is
// concluded from an event but that it is time to look.
func (a *app) route(ctx context.Context, e event) error {
	var from origin
	if err := json.Unmarshal(e.Data, &from); err != nil {
		return err
	}
	switch e.Type {
	case "partner_app.install.revoked":
		slog.Info("removed by the merchant", "merchant", from.Merchant)
		return a.forget(func(in installation) bool { return in.Install == from.Install })
	case "partner_app.install.environment_grant.revoked":
		return a.forget(func(in installation) bool { return in.Grant == from.Grant })
	default:
		return a.handle(ctx, from.Grant, e)
	}
}
