package webhook

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

var start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)

// rig is a service and a dispatcher over one database, on a clock that stands still.
type rig struct {
	t     *testing.T
	d     db.DB
	clock *clock.Fixed
	s     *Service
	disp  *Dispatcher
	scope tenant.Scope
}

func newRig(t *testing.T, d db.DB) *rig {
	t.Helper()
	c := clock.NewFixed(start)
	r := newRigAt(t, d, c)
	r.clock = c
	return r
}

func newRigAt(t *testing.T, d db.DB, c clock.Clock) *rig {
	t.Helper()
	box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	ids := id.NewSource(c)
	s := &Service{IDs: ids, Clock: c, Box: box, Client: egress.NewClient(egress.Development(), egress.SystemLookup, nil), Events: &event.Log{IDs: ids}}
	r := &rig{t: t, d: d, s: s, scope: tenant.Scope{MerchantID: "mer_1", EnvironmentID: "test_1"}}
	r.disp = NewDispatcher(s, d, slog.New(slog.DiscardHandler), &Notifier{})
	s.Events.Wake = r.disp.Wake
	return r
}

func (r *rig) write(fn func(tx db.Tx) error) error {
	r.t.Helper()
	return r.d.Write(r.t.Context(), fn)
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) endpoint(url string, events ...string) (Endpoint, secret.Text) {
	r.t.Helper()
	var (
		e     Endpoint
		plain secret.Text
	)
	r.must(r.write(func(tx db.Tx) (err error) {
		e, plain, err = r.s.Create(r.t.Context(), tx, CreateInput{Scope: r.scope, URL: url, EnabledEvents: events})
		return err
	}))
	return e, plain
}

func (r *rig) record(root, typ string) {
	r.t.Helper()
	r.must(r.write(func(tx db.Tx) error {
		return r.s.Events.Record(tx, r.scope, r.s.Clock.Now(), event.Cause{RequestID: "req_1", IdempotencyKey: "key_1"}, event.New{
			Type: typ, RootType: "order", RootID: root, ResourceType: "order", ResourceID: root, Data: map[string]any{"order_id": root}})
	}))
}

// drain does everything that is due now.
func (r *rig) drain() {
	r.t.Helper()
	r.must(r.disp.sequence(r.t.Context()))
	for {
		r.must(r.disp.scan(r.t.Context()))
		again := r.disp.dispatch(r.t.Context())
		r.disp.running.Wait()
		if !again {
			return
		}
	}
}

func (r *rig) advance(d time.Duration) { r.clock.Set(r.clock.Now().Add(d)) }

func (r *rig) deliveries() []Delivery {
	r.t.Helper()
	var out []Delivery
	r.must(r.d.Read(r.t.Context(), func(tx db.Tx) (err error) {
		out, err = queryDeliveries(tx, `d.merchant_id = $1 ORDER BY d.created_at, d.delivery_id`, r.scope.MerchantID)
		return err
	}))
	return out
}

func (r *rig) delivery() Delivery {
	r.t.Helper()
	all := r.deliveries()
	if len(all) != 1 {
		r.t.Fatalf("%d deliveries", len(all))
	}
	return all[0]
}

func (r *rig) attempts(d Delivery) []Attempt {
	r.t.Helper()
	var out []Attempt
	r.must(r.d.Read(r.t.Context(), func(tx db.Tx) (err error) {
		out, _, err = r.s.ListAttempts(r.t.Context(), tx, d.Scope, Holder{}, d.ID, nil, 100)
		return err
	}))
	return out
}

func (r *rig) get(e Endpoint) Endpoint {
	r.t.Helper()
	r.must(r.d.Read(r.t.Context(), func(tx db.Tx) (err error) {
		e, err = findEndpoint(tx, e.Scope, e.ID, "")
		return err
	}))
	return e
}

func (r *rig) resend(d Delivery) (Delivery, Attempt, error) {
	r.t.Helper()
	var j Sending
	err := r.write(func(tx db.Tx) (err error) {
		j, err = r.s.BeginResend(r.t.Context(), tx, ResendInput{Scope: d.Scope, DeliveryID: d.ID, ReasonMessage: "again"})
		return err
	})
	if err != nil {
		return Delivery{}, Attempt{}, err
	}
	return r.s.Send(r.t.Context(), r.d, j)
}

// received is one request as a receiver saw it.
type received struct {
	header http.Header
	body   []byte
}

// receiver is an endpoint that keeps what it gets.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer func(n int, w http.ResponseWriter, r *http.Request) // n counts from 1
}

func newReceiver(t *testing.T, answer func(n int, w http.ResponseWriter, r *http.Request)) *receiver {
	rc := &receiver{answer: answer}
	rc.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		rc.mu.Lock()
		rc.got = append(rc.got, received{r.Header.Clone(), body})
		n := len(rc.got)
		rc.mu.Unlock()
		if rc.answer != nil {
			rc.answer(n, w, r)
		}
	}))
	t.Cleanup(rc.Close)
	return rc
}

func (rc *receiver) all() []received {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return append([]received(nil), rc.got...)
}

func status(codes ...int) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(codes[min(n, len(codes))-1]) }
}

func eventually(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("after %s: still not %s", within, what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
