package webhook

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
)

func TestResendRules(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, status(410, 500, 200, 503))
		moved := newReceiver(t, nil)
		e, _ := r.endpoint(rc.URL)
		r.record("ord_1", "order.created")
		r.must(r.disp.sequence(t.Context()))
		if _, _, err := r.resend(r.delivery()); !fault.Is(err, "WEBHOOK_DELIVERY_IN_FLIGHT") || !fault.Of(err).Retryable {
			t.Error("pending:", err)
		}
		r.drain()
		if got := r.delivery(); got.Status != StatusFailed {
			t.Fatal("410 must stop", got.Status)
		}
		got, a, err := r.resend(r.delivery())
		if err != nil || got.Status != StatusFailed || a.Status != StatusFailed || a.Trigger != TriggerResend || a.ReasonMessage != "again" || a.Number != 2 || got.AutomaticAttemptCount != 1 {
			t.Errorf("%+v %+v %v", got, a, err)
		}
		got, a, err = r.resend(r.delivery())
		if err != nil || got.Status != StatusDelivered || !a.CompletedAt.Equal(start) || a.StatusCode != 200 {
			t.Errorf("%+v %+v %v", got, a, err)
		}
		if got, _, err = r.resend(r.delivery()); err != nil || got.Status != StatusDelivered || got.ErrorCategory != Category5xx {
			t.Errorf("a failed resend takes a delivery back: %+v %v", got, err)
		}
		update := func(in UpdateInput) {
			in.Scope, in.EndpointID = r.scope, e.ID
			r.must(r.write(func(tx db.Tx) error { _, err := r.s.Update(t.Context(), tx, in); return err }))
		}
		update(UpdateInput{URL: &moved.URL})
		if _, _, err := r.resend(r.delivery()); err != nil || len(moved.all()) != 1 {
			t.Error("the current URL:", err)
		}

		// While one resend is under way, another is refused; once its lease is over it is not.
		r.must(r.write(func(tx db.Tx) error {
			_, err := r.s.BeginResend(t.Context(), tx, ResendInput{Scope: r.scope, DeliveryID: got.ID})
			return err
		}))
		if _, _, err := r.resend(got); !fault.Is(err, "WEBHOOK_DELIVERY_IN_FLIGHT") {
			t.Error("under way:", err)
		}
		r.advance(leaseTime)
		if _, _, err := r.resend(got); err != nil {
			t.Error("after a crash:", err)
		}

		on, off := true, false
		update(UpdateInput{Enabled: &off})
		if _, _, err := r.resend(got); !fault.Is(err, "WEBHOOK_ENDPOINT_NOT_ACTIVE") {
			t.Error("disabled:", err)
		}
		update(UpdateInput{Enabled: &on})
		r.advance(PayloadRetention)
		if _, _, err := r.resend(got); !fault.Is(err, "WEBHOOK_EVENT_PAYLOAD_EXPIRED") {
			t.Error("expired:", err)
		}
		got.ID = "wdel_none"
		if _, _, err := r.resend(got); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Error("missing:", err)
		}
		if err := (ResendInput{ReasonMessage: strings.Repeat("x", 501)}).Validate(); !fault.Is(err, "VALUE_TOO_LONG") {
			t.Error(err)
		}
	})
}

func TestOfManyResendsAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		release := make(chan struct{})
		rc := newReceiver(t, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n > 1 {
				<-release
			}
			w.WriteHeader(http.StatusGone)
		})
		r.endpoint(rc.URL)
		r.record("ord_1", "order.created")
		r.drain()
		del := r.delivery()
		var (
			wg      sync.WaitGroup
			mu      sync.Mutex
			refused int
		)
		for range 8 {
			wg.Go(func() {
				if _, _, err := r.resend(del); fault.Is(err, "WEBHOOK_DELIVERY_IN_FLIGHT") {
					mu.Lock()
					if refused++; refused == 7 {
						close(release)
					}
					mu.Unlock()
				} else if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(rc.all()) != 2 || refused != 7 {
			t.Errorf("%d requests, %d refused", len(rc.all()), refused)
		}
	})
}

func TestTestEvents(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		rc := newReceiver(t, status(200, 500))
		e, plain := r.endpoint(rc.URL, "refund.created") // the type of a test need not be subscribed to
		other, _ := r.endpoint(rc.URL)
		begin := func(endpointID, typ string) (j Sending, err error) {
			err = r.write(func(tx db.Tx) error {
				j, err = r.s.BeginTest(t.Context(), tx, TestInput{Scope: r.scope, EndpointID: endpointID, EventType: typ, Cause: event.Cause{RequestID: "req_t"}})
				return err
			})
			return j, err
		}
		j, err := begin(e.ID, "order.paid")
		r.must(err)
		r.drain() // the dispatcher must leave it to the caller
		if len(rc.all()) != 0 {
			t.Fatal("the dispatcher sent it")
		}
		del, a, err := r.s.Send(t.Context(), d, j)
		if err != nil || del.Status != StatusDelivered || a.Trigger != TriggerTest || del.AutomaticAttemptCount != 0 || !del.Test {
			t.Errorf("%+v %+v %v", del, a, err)
		}
		got := rc.all()[0]
		if !verify(t, plain.Reveal(), got) || !strings.Contains(string(got.body), `"test":true`) || !strings.Contains(string(got.body), `"outstanding_money":{"amount":0,"currency":"USD"}`) {
			t.Errorf("%s", got.body)
		}
		for _, typ := range event.Types() {
			if typ.From(event.SourceMerchant) {
				if v, data := sample(r.s.IDs, typ, start); data[typ.Resource+"_id"] != v {
					t.Errorf("%s: %v", typ.Name, data)
				}
			}
		}
		j, err = begin(e.ID, "order.created")
		r.must(err)
		if del, _, err = r.s.Send(t.Context(), d, j); err != nil || del.Status != StatusFailed {
			t.Errorf("a failed test is over: %+v %v", del, err)
		}
		interrupted, err := begin(e.ID, "order.created")
		r.must(err)
		r.advance(leaseTime)
		r.drain()
		r.must(d.Read(t.Context(), func(tx db.Tx) error {
			del, err = r.s.GetDelivery(t.Context(), tx, r.scope, Holder{}, interrupted.delivery.ID)
			return err
		}))
		if del.Status != StatusFailed || len(rc.all()) != 2 {
			t.Errorf("%+v", del)
		}
		if _, err := begin(e.ID, "partner_app.install.created"); !fault.Is(err, "INVALID_EVENT_TYPE") {
			t.Error(err)
		}
		if _, err := begin("whep_none", "order.paid"); !fault.Is(err, "RESOURCE_NOT_FOUND") {
			t.Error(err)
		}
		off := false
		r.must(r.write(func(tx db.Tx) error {
			_, err := r.s.Update(t.Context(), tx, UpdateInput{Scope: r.scope, EndpointID: other.ID, Enabled: &off})
			return err
		}))
		if _, err := begin(other.ID, "order.paid"); !fault.Is(err, "WEBHOOK_ENDPOINT_NOT_ACTIVE") {
			t.Error(err)
		}
	})
}

func TestEventRecordsAreListed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		bad := newReceiver(t, status(410))
		good := newReceiver(t, nil)
		failing, _ := r.endpoint(bad.URL, "order.paid")
		r.endpoint(good.URL)
		for _, typ := range []string{"order.created", "order.paid", "order.updated"} {
			r.record("ord_1", typ)
			r.advance(time.Second)
		}
		r.drain()
		r.must(r.write(func(tx db.Tx) error {
			_, err := r.s.BeginTest(t.Context(), tx, TestInput{Scope: r.scope, EndpointID: failing.ID, EventType: "order.paid"})
			return err
		}))
		list := func(f EventFilter) (out []EventRecord) {
			r.must(d.Read(t.Context(), func(tx db.Tx) (err error) {
				out, _, err = r.s.ListEvents(t.Context(), tx, r.scope, f, nil, 50)
				return err
			}))
			return out
		}
		for name, c := range map[string]struct {
			filter EventFilter
			want   int
		}{
			"all":             {EventFilter{}, 3},
			"tests too":       {EventFilter{Include: []string{"test_events"}}, 4},
			"endpoint":        {EventFilter{EndpointID: failing.ID}, 1},
			"status":          {EventFilter{DeliveryStatus: "delivered"}, 3},
			"endpoint status": {EventFilter{EndpointID: failing.ID, DeliveryStatus: "failed", ResourceID: "ord_1"}, 1},
			"nothing":         {EventFilter{EndpointID: failing.ID, DeliveryStatus: "pending"}, 0},
			"other source":    {EventFilter{EventSources: []string{"partner_app"}}, 0},
		} {
			if got := list(c.filter); len(got) != c.want {
				t.Errorf("%s: %d", name, len(got))
			}
		}
		for code, f := range map[string]EventFilter{
			"INVALID_DELIVERY_STATUS": {DeliveryStatus: "lost"}, "INVALID_EVENT_TYPE": {EventType: "x"}, "INVALID_EVENT_SOURCE": {EventSources: []string{"x"}},
			"INVALID_RESOURCE_TYPE": {ResourceType: "credit_note"}, "INVALID_INCLUDE": {Include: []string{"payload"}},
			"INVALID_CREATED_RANGE": {CreatedAfter: start, CreatedBefore: start},
		} {
			if err := f.Validate(); !fault.Is(err, code) {
				t.Errorf("%s: %v", code, err)
			}
		}
		e := list(EventFilter{})[0]
		var page []Delivery
		r.must(d.Read(t.Context(), func(tx db.Tx) (err error) {
			page, _, err = r.s.ListDeliveries(t.Context(), tx, r.scope, Holder{}, e.WebhookEventID, nil, 10)
			return err
		}))
		if len(page) != 1 || page[0].EventID != e.WebhookEventID {
			t.Errorf("%+v", page)
		}
		yes, no := func(string) bool { return true }, func(string) bool { return false }
		payload := func(allows func(string) bool) any {
			var got EventRecord
			r.must(d.Read(t.Context(), func(tx db.Tx) (err error) {
				got, err = r.s.GetEvent(t.Context(), tx, r.scope, Holder{}, e.WebhookEventID, allows)
				return err
			}))
			if got.Payload == nil {
				return nil
			}
			return got.Payload
		}
		if payload(yes) == nil || payload(no) != nil {
			t.Error("the payload follows the read scope")
		}
		r.advance(PayloadRetention + time.Hour)
		if payload(yes) != nil {
			t.Error("an expired payload is shown")
		}
	})
}
