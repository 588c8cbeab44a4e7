package webhook

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/tenant"
)

// counted counts the statements of a transaction.
type counted struct {
	db.Tx
	n int
}

func (c *counted) Exec(sql string, args ...any) (int64, error) { c.n++; return c.Tx.Exec(sql, args...) }
func (c *counted) Send(sql string, args ...any) error          { c.n++; return c.Tx.Send(sql, args...) }
func (c *counted) Query(row func(db.Row) error, sql string, a ...any) error {
	c.n++
	return c.Tx.Query(row, sql, a...)
}
func (c *counted) QueryRow(dest []any, sql string, args ...any) error {
	c.n++
	return c.Tx.QueryRow(dest, sql, args...)
}

// A merchant without apps must not pay for those of others.
func TestFanOutAsksOnceForABatch(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRig(t, d)
		for i := range 20 {
			r.happen(shopTest, fmt.Sprintf("ord_%d", i), "order.paid")
		}
		statements := func() (n int) {
			r.must(r.write(func(tx db.Tx) error {
				events, err := event.Some(tx, shopTest, ids(r.events(shopTest, EventFilter{})))
				if err != nil || len(events) != 20 {
					return fmt.Errorf("%d events, %w", len(events), err)
				}
				c := &counted{Tx: tx}
				_, err = r.s.fanOut(c, events, func(lane, party) int { return 0 })
				n = c.n
				return err
			}))
			return n
		}
		if n := statements(); n != 1 {
			t.Errorf("%d statements for 20 events that nobody wants", n)
		}
		r.grant(shopTest, "egrt_1", "commerce.orders.read")
		if n := statements(); n != 1 {
			t.Errorf("%d statements for an app without endpoints", n)
		}
		r.listen(ownerTest, "http://127.0.0.1:9/", "test")
		if n := statements(); n != 1+2*20 {
			t.Errorf("%d statements for 20 forwarded events", n)
		}
	})
}

func ids(records []EventRecord) (out []string) {
	for _, r := range records {
		out = append(out, r.WebhookEventID)
	}
	return out
}

// An app whose receivers all hang, with a long backlog, beside a healthy app and the merchant's own
// endpoint: the others' events arrive as if it was not there.
func TestOneAppsBacklogHoldsUpNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newAppRigOn(newRigAt(t, d, clock.System{}))
		r.s.Apps.Owns = func(db.Tx, string, string) (bool, error) { return true, nil }
		release := make(chan struct{})
		var inFlight, most atomic.Int64
		hanging := newReceiver(t, func(_ int, _ http.ResponseWriter, req *http.Request) {
			if n := inFlight.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer inFlight.Add(-1)
			select {
			case <-release:
			case <-req.Context().Done():
			}
		})
		var mu sync.Mutex
		arrived := map[string]map[string]time.Time{"app": {}, "own": {}}
		receiverOf := func(who string) *receiver {
			return newReceiver(t, func(_ int, _ http.ResponseWriter, req *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				arrived[who][req.Header.Get("webhook-id")] = time.Now()
			})
		}
		app, own := receiverOf("app"), receiverOf("own")
		bad, good := tenant.Scope{MerchantID: "mer_bad", EnvironmentID: "test_bad"}, tenant.Scope{MerchantID: "mer_good", EnvironmentID: "test_good"}
		wants := CreateInput{EventSources: []string{"installed_merchants"}, EnabledEvents: []string{"order.paid"}}
		for range MaxEnabled {
			in := wants
			in.Scope, in.PartnerAppID, in.URL = bad, "papp_bad", hanging.URL
			_, _, err := r.create(in)
			r.must(err)
		}
		in := wants
		in.Scope, in.PartnerAppID, in.URL = good, "papp_good", app.URL
		_, _, err := r.create(in)
		r.must(err)
		_, _, err = r.create(CreateInput{Scope: shopTest, URL: own.URL})
		r.must(err)
		r.grantTo("papp_bad", bad.MerchantID, shopTest, "egrt_bad", "commerce.orders.read")
		r.grantTo("papp_good", good.MerchantID, shopTest, "egrt_good", "commerce.orders.read")

		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.disp.Run(ctx) })
		const n = 60 // 960 deliveries to the hanging ones
		sent := map[string]time.Time{}
		for i := range n {
			r.happen(shopTest, fmt.Sprintf("ord_%d", i), "order.paid")
			sent[fmt.Sprintf("ord_%d", i)] = time.Now()
			time.Sleep(5 * time.Millisecond)
		}
		eventually(t, 9*time.Second, "delivered to those that answer", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(arrived["app"]) == n && len(arrived["own"]) == n
		})
		close(release)
		stop()
		running.Wait()
		records := r.events(shopTest, EventFilter{})
		for r.t.Context().Err() == nil && len(records) < n {
			last := records[len(records)-1]
			records = append(records, r.events(shopTest, EventFilter{CreatedBefore: last.CreatedAt})...)
		}
		for who, at := range arrived {
			var took []time.Duration
			for _, rec := range records {
				took = append(took, at[rec.WebhookEventID].Sub(sent[rec.RootID]))
			}
			slices.Sort(took)
			t.Logf("%s: median %s, worst %s beside %d attempts that hang", who, took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond), most.Load())
			if worst := took[len(took)-1]; worst > 5*time.Second {
				t.Errorf("%s waited %s", who, worst)
			}
		}
		if most.Load() > perParty {
			t.Errorf("%d attempts of one app at a time", most.Load())
		}
	})
}
