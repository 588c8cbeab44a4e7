package webhook

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
)

func verify(t *testing.T, secret string, got received) bool {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	return wh.VerifyIgnoringTimestamp(got.body, got.header) == nil
}

func TestADeliveryCarriesTheContractsEnvelope(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, status(http.StatusNoContent))
		e, plain := r.endpoint(rc.URL)
		r.record("ord_1", "order.created")
		r.record("ord_1", "order.paid")
		r.drain()
		got := rc.all()
		if len(got) != 2 {
			t.Fatal(len(got))
		}
		if bytes.Contains(got[0].body, []byte("order.paid")) {
			got[0], got[1] = got[1], got[0]
		}
		h := got[1].header
		want := `{"webhook_event_id":"` + h.Get("webhook-id") + `","event_type":"order.paid","api_version":"2026-09-07","payload_version":1,` +
			`"mode":"test","merchant_id":"mer_1","created_at":"2026-09-07T12:00:00Z","sequence":2,"root_type":"order","root_id":"ord_1",` +
			`"request":{"id":"req_1","idempotency_key":"key_1"},"data":{"order_id":"ord_1"}}`
		if string(got[1].body) != want {
			t.Errorf("%s", got[1].body)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json", "User-Agent": "Flint-Webhooks/1.0", "X-Flint-Webhook-ID": h.Get("webhook-id"),
			"X-Flint-Event-Type": "order.paid", "X-Flint-Webhook-Endpoint-ID": e.ID, "webhook-timestamp": strconv.FormatInt(start.Unix(), 10),
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %q", name, h.Get(name))
			}
		}
		if !verify(t, plain.Reveal(), got[1]) {
			t.Error("the signature does not verify")
		}
		for _, del := range r.deliveries() {
			if del.Status != StatusDelivered || del.AutomaticAttemptCount != 1 || del.LastResponseCode != 204 || !del.DeliveredAt.Equal(start) || del.lease != "" {
				t.Errorf("%+v", del)
			}
		}
	})
}

func TestARequestOfNobodyIsNull(t *testing.T) {
	t.Parallel()
	b, err := Body(event.Event{ID: "whev_1", Type: "order.paid", Data: []byte(`{"b":1,"a":2}`), Test: true, CreatedAt: start}, CurrentVersion)
	if err != nil || !bytes.Contains(b, []byte(`"request":null,"test":true,"data":{"b":1,"a":2}`)) {
		t.Errorf("%s %v", b, err)
	}
}

func TestFanOutMakesOneDeliveryForEachEndpointThatWantsTheEvent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, nil)
		all, _ := r.endpoint(rc.URL + "/all")
		paid, _ := r.endpoint(rc.URL+"/paid", "order.paid")
		disabled, _ := r.endpoint(rc.URL + "/disabled")
		off := false
		r.must(r.write(func(tx db.Tx) error {
			_, err := r.s.Update(t.Context(), tx, UpdateInput{Scope: r.scope, EndpointID: disabled.ID, Enabled: &off})
			return err
		}))
		other := *r
		other.scope.MerchantID = "mer_2"
		other.endpoint(rc.URL + "/other")
		r.record("ord_1", "order.created")
		r.record("ord_1", "order.paid")
		for range 3 {
			r.drain()
		}
		// The same events handed over again, as after a crash of which nobody knows the outcome.
		r.must(r.write(func(tx db.Tx) error {
			events, err := event.After(tx, r.scope, 0, 10)
			if err != nil {
				return err
			}
			_, err = r.s.fanOut(tx, events, func(lane, party) int { return 0 })
			if err != nil {
				return err
			}
			out, err := r.s.fanOut(tx, events, func(lane, party) int { return 10 })
			if len(out.handed) > 0 {
				t.Errorf("%d deliveries that were made before are sent again", len(out.handed))
			}
			return err
		}))
		r.drain()
		count := map[string]int{}
		for _, v := range r.deliveries() {
			count[v.EndpointID]++
		}
		if len(count) != 2 || count[all.ID] != 2 || count[paid.ID] != 1 || len(rc.all()) != 3 {
			t.Errorf("%v, %d requests", count, len(rc.all()))
		}
	})
}

func TestTheLadder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, status(500))
		r.endpoint(rc.URL)
		r.record("ord_1", "order.created")
		r.drain()
		contract := []int64{30, 120, 600, 3600, 14400, 43200, 86400, 108000}
		for i, seconds := range contract {
			del := r.delivery()
			if del.Status != StatusPending || del.AutomaticAttemptCount != i+1 {
				t.Fatalf("after %d attempts: %+v", i+1, del)
			}
			least := time.Duration(seconds) * time.Second
			if w := del.NextRetryAt().Sub(r.clock.Now()); w < least || w > least*12/10 {
				t.Errorf("wait %d is %s, not %s to a fifth more", i+1, w, least)
			}
			r.clock.Set(del.NextRetryAt().Add(-time.Microsecond))
			r.drain()
			if n := len(rc.all()); n != i+1 {
				t.Fatalf("attempt %d came early", n)
			}
			r.advance(time.Microsecond)
			r.drain()
		}
		del := r.delivery()
		if del.Status != StatusFailed || del.AutomaticAttemptCount != MaxAttempts || !del.NextRetryAt().IsZero() || del.ErrorCategory != Category5xx || del.LastError == "" {
			t.Errorf("%+v", del)
		}
		r.advance(1000 * time.Hour)
		r.drain()
		got := rc.all()
		if len(got) != MaxAttempts {
			t.Fatalf("%d attempts", len(got))
		}
		stamps := map[string]bool{}
		for _, g := range got {
			if !bytes.Equal(g.body, got[0].body) || g.header.Get("webhook-id") != got[0].header.Get("webhook-id") {
				t.Error("the id and the body must be the same at each try")
			}
			stamps[g.header.Get("webhook-timestamp")] = true
		}
		if len(stamps) != MaxAttempts {
			t.Error("each try has a time of its own")
		}
		log := r.attempts(del)
		if len(log) != MaxAttempts || log[8].Trigger != TriggerFirst || log[0].Trigger != TriggerRetry || log[0].Number != 9 || log[0].Diagnostic != "http_error" || log[0].StatusCode != 500 {
			t.Errorf("%+v", log)
		}
	})
}

func TestWaitsAreSpread(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, MaxAttempts-1).Draw(t, "attempt")
		v := rapid.String().Draw(t, "id")
		if w := wait(v, n); w < waits[n-1] || w > waits[n-1]*12/10 || w != wait(v, n) {
			t.Fatal(w)
		}
	})
	seen := map[time.Duration]bool{}
	for i := range 100 {
		seen[wait(fmt.Sprint("wdel_", i), 1)] = true
	}
	if len(seen) < 50 {
		t.Errorf("%d different waits for 100 deliveries", len(seen))
	}
}

// Whatever the answers, the delivery ends as these few lines say.
func TestAnswersDecideTheDelivery(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	r := newRig(t, d)
	var code atomic.Int32
	rc := newReceiver(t, func(_ int, w http.ResponseWriter, req *http.Request) {
		if code.Load() == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(int(code.Load()))
	})
	r.endpoint(rc.URL)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		codes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 200, 201, 299, 301, 307, 400, 404, 410, 429, 500, 503}), 9, 9).Draw(rt, "answers")
		n++
		r.record(fmt.Sprintf("ord_%d", n), "order.created")
		want, tries := StatusFailed, 0
		for _, c := range codes {
			code.Store(int32(c))
			tries++
			if tries == 1 {
				r.drain()
			} else {
				all := r.deliveries()
				r.clock.Set(all[len(all)-1].NextRetryAt())
				r.drain()
			}
			if c >= 200 && c < 300 {
				want = StatusDelivered
				break
			}
			if c == 410 {
				break
			}
		}
		all := r.deliveries()
		if got := all[len(all)-1]; got.Status != want || got.AutomaticAttemptCount != tries || got.AttemptCount != tries || got.lease != "" || !got.dueAt.IsZero() {
			rt.Fatalf("%v: %+v", codes[:tries], got)
		}
		on := true // so many failures over so long a time disable it now and then
		r.must(r.write(func(tx db.Tx) error {
			if _, err := tx.Exec(`UPDATE webhook_endpoints SET failing_since = NULL`); err != nil {
				return err
			}
			_, err := r.s.Update(t.Context(), tx, UpdateInput{Scope: r.scope, EndpointID: all[0].EndpointID, Enabled: &on})
			return err
		}))
	})
}

func TestACrashBetweenSendingAndRecordingRepeatsTheSameDelivery(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, nil)
		e, _ := r.endpoint(rc.URL)
		r.record("ord_1", "order.created")
		r.must(r.disp.sequence(t.Context()))
		var claimed []Sending
		r.must(r.write(func(tx db.Tx) (err error) {
			claimed, _, err = r.s.claim(tx, wanted{lane: lane{r.scope, e.ID}, n: 8}, r.clock.Now())
			return err
		}))
		if len(claimed) != 1 {
			t.Fatal(len(claimed))
		}
		r.clock.Set(start.Add(time.Second))
		lost, err := r.s.send(t.Context(), claimed[0])
		if err != nil || !lost.success() {
			t.Fatal(err)
		}
		r.drain() // a new process finds the lease and waits for it
		if len(rc.all()) != 1 {
			t.Fatal("the lease was not respected")
		}
		r.clock.Set(start.Add(leaseTime))
		r.drain()
		got := rc.all()
		if len(got) != 2 || !bytes.Equal(got[0].body, got[1].body) || got[0].header.Get("webhook-id") != got[1].header.Get("webhook-id") {
			t.Fatalf("%d requests", len(got))
		}
		del := r.delivery()
		if del.Status != StatusDelivered || del.AttemptCount != 1 {
			t.Errorf("%+v", del)
		}
		// The process that seemed dead comes back and records after all.
		r.must(r.write(func(tx db.Tx) error { _, _, err := r.s.record(tx, claimed[0], lost); return err }))
		if del := r.delivery(); del.Status != StatusDelivered || del.AttemptCount != 2 || del.AutomaticAttemptCount != 1 || !del.DeliveredAt.Equal(start.Add(leaseTime)) {
			t.Errorf("%+v", del)
		}
	})
}

func TestALateFailureDoesNotUndoWhoTookOver(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		e, _ := r.endpoint("https://shop.example/")
		r.record("ord_1", "order.created")
		r.must(r.disp.sequence(t.Context()))
		take := func() (j Sending) {
			r.must(r.write(func(tx db.Tx) error {
				got, _, err := r.s.claim(tx, wanted{lane: lane{r.scope, e.ID}, n: 1}, r.clock.Now())
				if err == nil {
					j = got[0]
				}
				return err
			}))
			return j
		}
		record := func(j Sending, code int) Delivery {
			r.must(r.write(func(tx db.Tx) error {
				_, _, err := r.s.record(tx, j, outcome{code: code, started: r.clock.Now(), completed: r.clock.Now()})
				return err
			}))
			return r.delivery()
		}
		slow := take()
		r.advance(leaseTime)
		second := take()
		if got := record(slow, 500); got.Status != StatusPending || got.lease != second.delivery.lease || got.AutomaticAttemptCount != 0 {
			t.Errorf("%+v", got)
		}
		if got := record(second, 500); got.AutomaticAttemptCount != 1 || got.lease != "" || got.AttemptCount != 2 {
			t.Errorf("%+v", got)
		}
	})
}

func TestDisabledAndDeletedEndpointsGetNothingMore(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, status(500))
		for name, end := range map[string]func(tx db.Tx, e Endpoint) error{
			"delete": func(tx db.Tx, e Endpoint) error { return r.s.Delete(t.Context(), tx, r.scope, Holder{}, e.ID) },
			"disable": func(tx db.Tx, e Endpoint) error {
				off := false
				_, err := r.s.Update(t.Context(), tx, UpdateInput{Scope: r.scope, EndpointID: e.ID, Enabled: &off})
				return err
			},
		} {
			e, _ := r.endpoint(rc.URL)
			r.record("ord_"+name, "order.created")
			r.drain()
			before := len(rc.all())
			r.must(r.write(func(tx db.Tx) error { return end(tx, e) }))
			// One more that a fan-out made just before it saw the end.
			r.must(r.write(func(tx db.Tx) error {
				return insertDelivery(tx, Delivery{Scope: r.scope, ID: "wdel_" + name, EventID: r.deliveries()[0].EventID + name, EndpointID: e.ID,
					Status: StatusPending, dueAt: r.clock.Now(), CreatedAt: r.clock.Now()})
			}))
			r.advance(time.Hour)
			r.drain()
			if len(rc.all()) != before {
				t.Errorf("%s: it was called", name)
			}
			for _, del := range r.deliveries() {
				if del.EndpointID == e.ID && del.Status != StatusSuppressed {
					t.Errorf("%s: %+v", name, del)
				}
			}
		}
	})
}

func TestAnEndpointThatOnlyFailsIsDisabledWithANotice(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		notices := 0
		r.s.Notice = func(tx db.Tx, e Endpoint) error {
			tx.AfterCommit(func() { notices++ })
			return nil
		}
		var answer atomic.Int32
		answer.Store(500)
		rc := newReceiver(t, func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(answer.Load())) })
		e, _ := r.endpoint(rc.URL)
		r.record("ord_1", "order.created")
		r.drain()
		if !r.get(e).FailingSince.Equal(start) {
			t.Fatal("the first failure is not noted")
		}
		r.advance(DisableAfter - time.Hour)
		answer.Store(200)
		r.drain()
		if !r.get(e).FailingSince.IsZero() {
			t.Fatal("a success does not clear it")
		}
		answer.Store(500)
		r.record("ord_2", "order.created")
		r.drain()
		r.advance(DisableAfter)
		r.record("ord_3", "order.created")
		r.record("ord_4", "order.created")
		r.drain()
		if got := r.get(e); got.Enabled || got.DisabledReason != ReasonFailing || notices != 1 {
			t.Errorf("%+v, %d notices", got, notices)
		}
		for _, del := range r.deliveries()[1:] {
			if del.Status != StatusSuppressed {
				t.Errorf("%+v", del)
			}
		}
		on := true
		r.must(r.write(func(tx db.Tx) error {
			_, err := r.s.Update(t.Context(), tx, UpdateInput{Scope: r.scope, EndpointID: e.ID, Enabled: &on})
			return err
		}))
		if got := r.get(e); !got.Enabled || got.DisabledReason != "" || !got.FailingSince.IsZero() {
			t.Errorf("%+v", got)
		}
	})
}

func TestHangingEndpointsHoldUpNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRigAt(t, d, clock.System{})
		release := make(chan struct{})
		hanging := newReceiver(t, func(int, http.ResponseWriter, *http.Request) { <-release })
		well := newReceiver(t, nil)
		for range 3 {
			r.endpoint(hanging.URL)
		}
		r.endpoint(well.URL)
		for i := range 40 {
			r.record(fmt.Sprintf("ord_%d", i), "order.created")
		}
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.disp.Run(ctx) })
		eventually(t, 5*time.Second, "delivered to the one that answers", func() bool { return len(well.all()) == 40 })
		if n := len(hanging.all()); n > 3*perEndpoint {
			t.Errorf("%d attempts to endpoints that hang", n)
		}
		r.record("ord_new", "order.created")
		begun := time.Now()
		eventually(t, 3*time.Second, "delivered soon after the commit", func() bool { return len(well.all()) == 41 })
		t.Logf("delivered %s after the commit", time.Since(begun).Round(time.Millisecond))
		close(release)
		stop()
		running.Wait()
		for _, del := range r.deliveries() {
			if del.lease != "" {
				t.Errorf("left under way: %+v", del)
			}
		}
	})
}

// TestWhatIsHandedOverIsGivenBack: an endpoint that answered well gets more handed over than it is sent at
// a time; a process that stops leaves none of that waiting for a lease to run out.
func TestWhatIsHandedOverIsGivenBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRigAt(t, d, clock.System{})
		release := make(chan struct{})
		rc := newReceiver(t, func(n int, _ http.ResponseWriter, _ *http.Request) {
			if n > perEndpoint {
				<-release
			}
		})
		r.endpoint(rc.URL)
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { r.disp.Run(ctx) })
		eventually(t, 5*time.Second, "at work", func() bool { r.disp.mu.Lock(); defer r.disp.mu.Unlock(); return r.disp.open })
		const all = 4 * perEndpoint
		r.must(r.write(func(tx db.Tx) error {
			return recordOrders(r, tx, 0, perEndpoint+1)
		}))
		eventually(t, 5*time.Second, "the first answered, one hanging", func() bool { return len(rc.all()) == perEndpoint+1 })
		r.must(r.write(func(tx db.Tx) error {
			return recordOrders(r, tx, perEndpoint+1, all)
		}))
		eventually(t, 5*time.Second, "as many under way as may be", func() bool { return len(rc.all()) == 2*perEndpoint })
		stop()
		time.Sleep(100 * time.Millisecond) // the leases are given back while attempts are under way
		close(release)
		running.Wait()
		delivered, due := 0, 0
		for _, del := range r.deliveries() {
			switch {
			case del.lease != "":
				t.Errorf("left under way: %+v", del)
			case del.Status == StatusDelivered:
				delivered++
			case !del.dueAt.After(time.Now()):
				due++
			}
		}
		if delivered < 2*perEndpoint || delivered+due != all || len(rc.all()) != delivered {
			t.Errorf("%d delivered, %d due, %d requests", delivered, due, len(rc.all()))
		}
	})
}

func recordOrders(r *rig, tx db.Tx, from, to int) error {
	for i := from; i < to; i++ {
		root := fmt.Sprintf("ord_%d", i)
		if err := r.s.Events.Record(tx, r.scope, r.s.Clock.Now(), event.Cause{}, event.New{
			Type: "order.created", RootType: "order", RootID: root, ResourceType: "order", ResourceID: root, Data: map[string]any{}}); err != nil {
			return err
		}
	}
	return nil
}

func TestTwoProcessesShareTheWork(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		first := newRigAt(t, d, clock.System{})
		second := newRigAt(t, d, clock.System{})
		rc := newReceiver(t, nil)
		first.endpoint(rc.URL)
		first.endpoint(rc.URL + "/2")
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { first.disp.Run(ctx) })
		running.Go(func() { second.disp.Run(ctx) })
		for i := range 100 {
			first.record(fmt.Sprintf("ord_%d", i), "order.created")
		}
		eventually(t, 20*time.Second, "all delivered", func() bool { return len(rc.all()) >= 200 })
		stop()
		running.Wait()
		if n := len(rc.all()); n != 200 {
			t.Errorf("%d requests for 200 deliveries though nothing crashed", n)
		}
		for _, del := range first.deliveries() {
			if del.Status != StatusDelivered || del.AttemptCount != 1 {
				t.Errorf("%+v", del)
			}
		}
	})
}

func TestWhatIsKeptOfAnAnswerIsBoundedAndRedacted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, func(_ int, w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Set-Cookie", "session=top-secret")
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, "bad\x00 \xff whsec_c2VjcmV0 %s Bearer abcdefghijkl 4242 4242 4242 4242 ", req.Header.Get("webhook-signature"))
			w.Write(bytes.Repeat([]byte("x"), 100_000))
		})
		r.endpoint(rc.URL)
		r.record("ord_1", "order.created")
		r.drain()
		a := r.attempts(r.delivery())[0]
		if len(a.BodyExcerpt) > maxExcerpt || a.ContentType != "text/html" || a.ErrorCategory != Category4xx {
			t.Errorf("%+v", a)
		}
		for _, secret := range []string{"top-secret", "whsec_", "abcdefghijkl", "4242 4242", "v1,"} {
			if strings.Contains(a.BodyExcerpt+a.ResponseHeaders, secret) {
				t.Errorf("%q was kept", secret)
			}
		}
		if !strings.Contains(a.ResponseHeaders, `"Set-Cookie":"[redacted]"`) || !strings.Contains(a.ResponseHeaders, `"Content-Type":"text/html"`) {
			t.Error(a.ResponseHeaders)
		}
	})
}

func TestBlockedTargetsAreNotCalledAndNotRevealed(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	r := newRig(t, d)
	e, _ := r.endpoint("https://shop.example/")
	r.must(r.write(func(tx db.Tx) error { // as if the name had come to point inwards
		_, err := tx.Exec(`UPDATE webhook_endpoints SET url = 'https://10.0.0.1/admin' WHERE endpoint_id = $1`, e.ID)
		return err
	}))
	r.record("ord_1", "order.created")
	r.drain()
	del := r.delivery()
	if del.ErrorCategory != CategoryBlocked || strings.Contains(del.LastError, "10.0.0.1") || r.attempts(del)[0].Diagnostic != "blocked_target" {
		t.Errorf("%+v", del)
	}
}

// A receiver compares the time of a signature with its own, so a platform's clock that was moved ahead must
// not show there.
func TestSignaturesCarryTheTimeOfTheMachine(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		r.s.Wall = clock.NewFixed(start.Add(-48 * time.Hour))
		rc := newReceiver(t, status(http.StatusNoContent))
		_, plain := r.endpoint(rc.URL)
		r.record("ord_1", "order.paid")
		r.drain()
		got := rc.all()
		if len(got) != 1 || got[0].header.Get("webhook-timestamp") != strconv.FormatInt(start.Add(-48*time.Hour).Unix(), 10) || !verify(t, plain.Reveal(), got[0]) {
			t.Errorf("%+v", got)
		}
	})
}
