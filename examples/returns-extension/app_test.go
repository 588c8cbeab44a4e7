package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	for worth, want := range map[int64]string{1: "approved", photosAbove: "approved", photosAbove + 1: "asked"} {
		if got := judge(worth); got != want {
			t.Errorf("goods of %d: %s, want %s", worth, got, want)
		}
	}
}

func TestBook(t *testing.T) {
	t.Parallel()
	usd := func(n int64) money { return money{n, "USD"} }
	refund := []resolution{{ID: "rres_1", Type: "refund", Status: "fulfilled", Refund: usd(1500)}}
	for name, c := range map[string]struct {
		resolutions       []resolution
		refunds, payments []payment
		due               int64
	}{
		"refunded":                    {refund, []payment{{Status: "succeeded", Method: "original_payment", Amount: usd(1500)}}, nil, 0},
		"on its way":                  {refund, []payment{{Status: "pending", Method: "original_payment", Amount: usd(1500)}}, nil, 1500},
		"failed and paid by hand":     {refund, []payment{{Status: "failed", Amount: usd(1500)}, {Status: "succeeded", Method: "manual", Amount: usd(1500)}}, nil, 0},
		"proposed":                    {[]resolution{{Status: "proposed", Refund: usd(1500)}}, nil, nil, 0},
		"canceled":                    {[]resolution{{Status: "canceled", Refund: usd(1500)}}, nil, nil, 0},
		"a difference":                {[]resolution{{Status: "requires_action", Payment: usd(700)}}, []payment{{Status: "succeeded", Method: "exchange_credit", Amount: usd(3500)}}, nil, -700},
		"a difference that was paid":  {[]resolution{{Status: "fulfilled", Payment: usd(700)}}, nil, []payment{{Status: "succeeded", Amount: usd(700)}}, 0},
		"a difference nobody paid":    {[]resolution{{Status: "failed", Payment: usd(700)}}, nil, nil, 0},
		"a refund that failed is due": {[]resolution{{Status: "failed", Refund: usd(700)}}, []payment{{Status: "failed", Amount: usd(700)}}, nil, 700},
	} {
		if due := (claim{Book: book(c.resolutions, c.refunds, c.payments)}).Due(); due.Amount != c.due {
			t.Errorf("%s: %d is due, want %d", name, due.Amount, c.due)
		}
	}
}

// fake stands in for Flint: one return over 15.00 that the buyer wants refunded, and one event of it in the feed.
type fake struct {
	mu     sync.Mutex
	status string
	keys   []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if key := r.Header.Get("Idempotency-Key"); key != "" {
		f.keys = append(f.keys, key)
	}
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/decide"):
		f.status = "open"
		fmt.Fprint(w, `{"data":{}}`)
	case strings.HasSuffix(path, "/resolutions"):
		fmt.Fprint(w, `{"data":{"return_resolution_id":"rres_1"}}`)
	case path == "/v1/returns/ret_1":
		fmt.Fprintf(w, `{"data":{"return_id":"ret_1","status":%q,"version":1,"line_items":[{"return_line_item_id":"rtli_1","requested_quantity":1,
			"available_resolution_quantity":1,"requested_resolution_type":"refund","return_value":{"total_money":{"amount":1500,"currency":"USD"}}}]}}`, f.status)
	case path == "/v1/webhook-events":
		fmt.Fprint(w, `{"data":[{"webhook_event_id":"whev_2","event_type":"return.decision_recorded","created_at":"2026-11-22T10:00:00Z"},
			{"webhook_event_id":"whev_0","event_type":"order.paid","created_at":"2026-11-22T09:00:00Z"}]}`)
	case path == "/v1/webhook-events/whev_2":
		fmt.Fprint(w, `{"data":{"webhook_event_id":"whev_2","event_type":"return.decision_recorded","created_at":"2026-11-22T10:00:00Z","payload":{"return_id":"ret_1"}}}`)
	case r.Method == http.MethodGet:
		fmt.Fprint(w, `{"data":[]}`)
	default:
		fmt.Fprint(w, `{"data":{}}`)
	}
}

// TestTheFeedBringsWhatWasMissed: the app hears of the return, misses its decision, and goes on all the same.
func TestTheFeedBringsWhatWasMissed(t *testing.T) {
	t.Parallel()
	f := &fake{status: "requested"}
	flint := httptest.NewServer(f)
	t.Cleanup(flint.Close)
	s, err := openStore(filepath.Join(t.TempDir(), "store.json"))
	if err != nil {
		t.Fatal(err)
	}
	s.now.Installations["egrt_1"] = installation{Grant: "egrt_1", AccessToken: "t", ExpiresAt: time.Now().Add(time.Hour)}
	a := newApp(config{BaseURL: flint.URL, RedirectURI: "http://127.0.0.1:3000/callback"}, s)
	created := event{ID: "whev_1", Type: "return.created", Data: json.RawMessage(`{"return_id":"ret_1"}`)}
	for range 2 { // events come more than once
		if err := a.handle(t.Context(), "egrt_1", created); err != nil {
			t.Fatal(err)
		}
	}
	for a.workOnce(t.Context()) {
	}
	slices.Sort(f.keys)
	if got := slices.Compact(f.keys); !slices.Equal(got, []string{"confirm-rres_1", "decide-ret_1", "resolve-ret_1-"}) {
		t.Errorf("keys %v", got)
	}
	a.store.read(func(c *contents) {
		if steps := c.Data.claim("egrt_1", "ret_1").Steps; len(steps) != 2 || len(c.Waiting) != 0 {
			t.Errorf("%+v, %d wait", steps, len(c.Waiting))
		}
	})
}

// TestEventsOfTheInstallNeedNothing: they name no environment, so there is nothing to look at and no feed to read.
func TestEventsOfTheInstallNeedNothing(t *testing.T) {
	t.Parallel()
	s, err := openStore(filepath.Join(t.TempDir(), "store.json"))
	if err != nil {
		t.Fatal(err)
	}
	e := event{ID: "whev_1", Type: "partner_app.install.created", Data: json.RawMessage(`{"partner_app_install_id":"pinst_1"}`)}
	if err := newApp(config{}, s).handle(t.Context(), "", e); err != nil {
		t.Error(err)
	}
}
