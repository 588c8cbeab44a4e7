package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// place is how far the feed of a merchant's events was read.
type place struct {
	At time.Time `json:"at"` // when the newest event that was read was made
}

// overlap is read again each time: an event of a longer transaction can show up behind a later one.
const overlap = 10 * time.Second

// news is an event in the feed.
type news struct {
	ID      string    `json:"webhook_event_id"`
	Type    string    `json:"event_type"`
	Created time.Time `json:"created_at"`
	Payload struct {
		ReturnID string `json:"return_id"`
	} `json:"payload"`
}

// catchUp asks for events that did not come as webhooks, because this app was away for longer than Flint
// repeats, or never answered. They are put where webhooks wait. One that is on its way as well counts once.
func (a *app) catchUp(ctx context.Context, grant string) error {
	defer a.refreshing.lock("feed of " + grant)()
	var from time.Time
	a.store.read(func(s *contents) { from = s.Data.Place[grant].At })
	feed, err := a.feed(ctx, grant, from)
	if err != nil || len(feed) == 0 {
		return err
	}
	var missed []event
	for _, n := range slices.Backward(feed) { // oldest first
		known := false
		a.store.read(func(s *contents) { _, known = s.Seen[n.ID] })
		if known || !strings.HasPrefix(n.Type, "return") && !strings.HasPrefix(n.Type, "refund.") {
			continue
		}
		if err := a.call(ctx, grant, http.MethodGet, "/v1/webhook-events/"+url.PathEscape(n.ID), "", nil, &n); err != nil {
			return err
		}
		about, err := json.Marshal(map[string]string{"environment_grant_id": grant, "return_id": n.Payload.ReturnID})
		if err != nil {
			return err
		}
		missed = append(missed, event{ID: n.ID, Type: n.Type, Data: about, Due: time.Now()})
	}
	err = a.store.update(func(s *contents) error {
		for _, e := range missed {
			if _, known := s.Seen[e.ID]; !known {
				slog.Info("taken from the feed", "type", e.Type, "event", e.ID)
				s.Seen[e.ID] = time.Now()
				s.Waiting = append(s.Waiting, e)
			}
		}
		if s.Data.Place == nil {
			s.Data.Place = map[string]place{}
		}
		s.Data.Place[grant] = place{At: feed[0].Created}
		return nil
	})
	a.rouse()
	return err
}

// feed lists events from a moment on, newest first. The first time it is as far as one page goes.
func (a *app) feed(ctx context.Context, grant string, from time.Time) (all []news, err error) {
	query := url.Values{"page_size": {"100"}}
	if !from.IsZero() {
		query.Set("created_after", from.Add(-overlap).UTC().Format(time.RFC3339Nano))
	}
	for {
		var page []news
		if err := a.call(ctx, grant, http.MethodGet, "/v1/webhook-events?"+query.Encode(), "", nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page...)
		if from.IsZero() || len(page) < 100 {
			return all, nil
		}
		query.Set("created_before", page[len(page)-1].Created.UTC().Format(time.RFC3339Nano))
	}
}
