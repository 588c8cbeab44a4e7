package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// rig is the app, installed, beside a stand-in for Flint that gives one link for each key, or a refusal.
func rig(t *testing.T, refusal string) (a *app, keys *[]string) {
	t.Helper()
	keys = &[]string{}
	flint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("Idempotency-Key")
		*keys = append(*keys, key)
		if refusal != "" {
			w.WriteHeader(http.StatusConflict)
			fmt.Fprintf(w, `{"error":{"code":%q,"message":"No."}}`, refusal)
			return
		}
		fmt.Fprintf(w, `{"data":{"door_id":"rlnk_of_%s","url":"https://flint.test/r/%s"}}`, key, key)
	}))
	t.Cleanup(flint.Close)
	s, err := openStore(filepath.Join(t.TempDir(), "store.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.now.Installations["egrt_1"] = installation{Grant: "egrt_1", AccessToken: "t", ExpiresAt: time.Now().Add(time.Hour)}
	return newApp(config{BaseURL: flint.URL, RedirectURI: "http://127.0.0.1:3000/callback"}, s), keys
}

func (a *app) tell(t *testing.T, id, kind string) {
	t.Helper()
	e := event{ID: id, Type: kind, Data: json.RawMessage(`{"order_id":"ord_1","checkout_session_id":"cs_1"}`)}
	if err := a.handle(t.Context(), "egrt_1", e); err != nil {
		t.Fatal(err)
	}
}

func (a *app) kept() (o order) {
	a.store.read(func(s *contents) { o = *s.Data.order("egrt_1", "ord_1") })
	return o
}

func TestOneLinkForASession(t *testing.T) {
	t.Parallel()
	a, keys := rig(t, "")
	a.tell(t, "whev_1", "checkout_session.abandoned")
	a.tell(t, "whev_2", "checkout_session.expired")
	a.tell(t, "whev_2", "checkout_session.expired") // events come more than once
	a.tell(t, "whev_3", "order.paid")
	o := a.kept()
	if len(o.Steps) != 3 || len(o.Doors) != 1 || !o.Paid || len(slices.Compact(*keys)) != 1 {
		t.Errorf("%+v, keys %v", o, *keys)
	}
}

func TestNothingIsOfferedWhereNothingIsDue(t *testing.T) {
	t.Parallel()
	a, _ := rig(t, "ORDER_ALREADY_PAID")
	a.tell(t, "whev_1", "checkout_session.expired")
	if o := a.kept(); len(o.Doors) != 0 || o.Steps[0].Did != "no link: ORDER_ALREADY_PAID" {
		t.Errorf("%+v", o)
	}
	b, keys := rig(t, "")
	err := b.store.update(func(s *contents) error {
		s.Data.note("egrt_1", "ord_1").add(door{Kind: "invoice", ID: "inv_1"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.tell(t, "whev_1", "checkout_session.expired")
	if len(*keys) != 0 || len(b.kept().Doors) != 1 {
		t.Errorf("an invoice stands, and the app asked for %v", *keys)
	}
}
