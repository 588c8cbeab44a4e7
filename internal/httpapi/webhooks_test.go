package httpapi_test

import (
	"bufio"
	"context"
	stdjson "encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/dbtest"
)

// receiver is somebody's server that gets webhooks.
type receiver struct {
	*httptest.Server
	calls  atomic.Int64
	status atomic.Int64
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.status.Store(204)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.calls.Add(1)
		if req.Header.Get("webhook-signature") == "" {
			t.Error("a delivery is not signed")
		}
		w.WriteHeader(int(r.status.Load()))
	}))
	t.Cleanup(r.Close)
	return r
}

// dispatch delivers in the background until the test ends.
func (s *shop) dispatch(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.dispatcher.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
}

// eventually asks again until ok, for what happens in the background.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%s: it never comes", what)
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		s.dispatch(t)
		to := newReceiver(t)
		made := s.want(t, 201, s.call(t, "POST", "/v1/webhook-endpoints", s.a.test, `{"url":"`+to.URL+`","enabled_events":["order.created","order.closed"]}`, "Idempotency-Key: hook"))
		secret, _ := made.data()["secret"].(string)
		id, _ := made.data()["webhook_endpoint_id"].(string)
		if !strings.HasPrefix(secret, "whsec_") {
			t.Fatalf("no secret: %s", made.body)
		}
		if again := s.call(t, "POST", "/v1/webhook-endpoints", s.a.test, `{"url":"`+to.URL+`","enabled_events":["order.created","order.closed"]}`, "Idempotency-Key: hook"); again.data()["secret"] != secret {
			t.Errorf("a repeat shows another secret: %s", again.body)
		}
		if read := s.want(t, 200, s.call(t, "GET", "/v1/webhook-endpoints/"+id, s.a.test, "")); read.data()["secret"] != nil || read.data()["mode"] != "test" {
			t.Errorf("read again: %s", read.body)
		}
		s.want(t, 404, s.call(t, "GET", "/v1/webhook-endpoints/"+id, s.b.test, ""))
		rotated := s.want(t, 200, s.call(t, "POST", "/v1/webhook-endpoints/"+id+"/rotate-secret", s.a.test, ""))
		if next, _ := rotated.data()["secret"].(string); next == secret || !strings.HasPrefix(next, "whsec_") {
			t.Errorf("rotated: %s", rotated.body)
		}
		if a := s.want(t, 409, s.call(t, "POST", "/v1/webhook-endpoints/"+id+"/rotate-secret", s.a.test, "")); a.code() != "WEBHOOK_SECRET_ROTATION_OVERLAP_ACTIVE" {
			t.Errorf("rotating twice: %s", a.body)
		}

		test := s.want(t, 201, s.call(t, "POST", "/v1/webhook-endpoints/"+id+"/test-events", s.a.test, `{"event_type":"order.paid"}`, "Idempotency-Key: test"))
		if test.data()["attempt_status"] != "delivered" || test.data()["delivery_status"] != "delivered" || test.data()["delivery_trigger"] != "test_event" {
			t.Errorf("test event: %s", test.body)
		}
		s.want(t, 201, s.call(t, "POST", "/v1/webhook-endpoints/"+id+"/test-events", s.a.test, `{"event_type":"order.paid"}`, "Idempotency-Key: test"))
		if to.calls.Load() != 1 {
			t.Errorf("%d calls for one test event", to.calls.Load())
		}
		if none := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events", s.a.test, "")); len(none.list()) != 0 {
			t.Errorf("test events are hidden: %s", none.body)
		}
		if one := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events?include=test_events", s.a.test, "")); len(one.list()) != 1 {
			t.Errorf("test events on demand: %s", one.body)
		}

		to.status.Store(500)
		order := s.order(t, oneLine)
		list := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events?event_type=order.created&resource_id="+order, s.a.test, ""))
		event := list.list()[0].(map[string]any)
		if event["payload"] != nil || event["sequence"] != 1.0 {
			t.Errorf("records of a list: %s", list.body)
		}
		eventID := event["webhook_event_id"].(string)
		read := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events/"+eventID, s.a.test, ""))
		if p, _ := read.data()["payload"].(map[string]any); p["order_id"] != order {
			t.Errorf("no payload: %s", read.body)
		}
		key := s.want(t, 201, s.call(t, "POST", "/v1/api-keys", s.a.live, `{"name":"x","scopes":["webhooks.write"],"sandbox_id":"`+s.a.Sandbox.Scope.EnvironmentID+`"}`))
		narrow := key.data()["secret_key"].(string)
		if hidden := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events/"+eventID, narrow, "")); hidden.data()["payload"] != nil {
			t.Errorf("a payload without the scope to read its resource: %s", hidden.body)
		}
		var delivery map[string]any
		eventually(t, "the first attempt", func() bool {
			got := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events/"+eventID+"/deliveries", s.a.test, "")).list()
			if len(got) == 1 {
				delivery = got[0].(map[string]any)
			}
			return delivery["automatic_attempt_count"] == 1.0
		})
		deliveryID := delivery["webhook_delivery_id"].(string)
		if delivery["status"] != "pending" || delivery["error_category"] != "webhook_http_5xx" || delivery["retryable"] != true || delivery["next_retry_at"] == nil {
			t.Errorf("a failed delivery: %v", delivery)
		}
		if a := s.want(t, 409, s.call(t, "POST", "/v1/webhook-deliveries/"+deliveryID+"/resend", s.a.test, "")); a.code() != "WEBHOOK_DELIVERY_IN_FLIGHT" {
			t.Errorf("sending again what is on its way: %s", a.body)
		}
		to.status.Store(200)
		eventually(t, "the second attempt", func() bool {
			s.clock.Set(s.clock.Now().Add(time.Minute))
			s.dispatcher.ClockChanged()
			return s.want(t, 200, s.call(t, "GET", "/v1/webhook-deliveries/"+deliveryID, s.a.test, "")).data()["status"] == "delivered"
		})
		calls := to.calls.Load()
		for range 2 {
			again := s.want(t, 201, s.call(t, "POST", "/v1/webhook-deliveries/"+deliveryID+"/resend", s.a.test, `{"reason_message":"lost"}`, "Idempotency-Key: resend"))
			if again.data()["delivery_trigger"] != "manual_resend" || again.data()["reason_message"] != "lost" || again.data()["attempt_number"] != 3.0 {
				t.Errorf("resend: %s", again.body)
			}
		}
		if to.calls.Load() != calls+1 {
			t.Errorf("one resend called %d times", to.calls.Load()-calls)
		}
		attempts := s.want(t, 200, s.call(t, "GET", "/v1/webhook-deliveries/"+deliveryID+"/attempts?page_size=2", s.a.test, ""))
		token, _ := attempts.json["next_page_token"].(string)
		rest := s.want(t, 200, s.call(t, "GET", "/v1/webhook-deliveries/"+deliveryID+"/attempts?page_size=2&page_token="+token, s.a.test, ""))
		if len(attempts.list()) != 2 || len(rest.list()) != 1 || rest.list()[0].(map[string]any)["attempt_number"] != 1.0 {
			t.Errorf("attempts: %s then %s", attempts.body, rest.body)
		}
		s.want(t, 404, s.call(t, "GET", "/v1/webhook-deliveries/"+deliveryID, s.b.test, ""))

		for _, c := range []struct {
			method, path, body string
			status             int
			code, param        string
		}{
			{"POST", "/v1/webhook-endpoints", `{}`, 400, "MISSING_URL", "url"},
			{"POST", "/v1/webhook-endpoints", `{"url":"ftp://x.test"}`, 400, "INVALID_URL_SCHEME", "url"},
			{"POST", "/v1/webhook-endpoints", `{"url":"https://10.0.0.1/"}`, 400, "INVALID_URL_HOST", "url"},
			{"POST", "/v1/webhook-endpoints", `{"url":"https://x.test","enabled_events":["order.created","nope"]}`, 400, "INVALID_EVENT_TYPE", "enabled_events[1]"},
			{"POST", "/v1/webhook-endpoints", `{"url":"https://x.test","mode":"live"}`, 400, "INVALID_MODE", "mode"},
			{"POST", "/v1/webhook-endpoints", `{"url":"https://x.test","partner_app_id":"papp_1"}`, 404, "PARTNER_APP_NOT_FOUND", "partner_app_id"},
			{"POST", "/v1/webhook-endpoints", `{"url":"https://x.test","event_sources":["me"]}`, 400, "INVALID_EVENT_SOURCE", "event_sources[0]"},
			{"PATCH", "/v1/webhook-endpoints/" + id, `{"enabled":false,"expected_api_version":"2020-01-01"}`, 409, "API_VERSION_CHANGED", ""},
			{"POST", "/v1/webhook-endpoints/" + id + "/test-events", `{"event_type":"nope"}`, 400, "INVALID_EVENT_TYPE", "event_type"},
			{"GET", "/v1/webhook-events?event_type=nope", ``, 400, "INVALID_EVENT_TYPE", "event_type"},
			{"GET", "/v1/webhook-events?delivery_status=lost", ``, 400, "INVALID_DELIVERY_STATUS", "delivery_status"},
			{"GET", "/v1/webhook-events?resource_type=house", ``, 400, "INVALID_RESOURCE_TYPE", "resource_type"},
			{"GET", "/v1/webhook-events/stream?event_type=nope", ``, 400, "INVALID_EVENT_TYPE", "event_type"},
		} {
			if a := s.call(t, c.method, c.path, s.a.test, c.body); a.status != c.status || !hasFault(a, c.code, c.param) {
				t.Errorf("%s %s %s: %d %s, want %s at %q", c.method, c.path, c.body, a.status, a.body, c.code, c.param)
			}
		}
		if types := s.want(t, 200, s.call(t, "GET", "/v1/webhook-event-types", s.a.test, "")); len(types.list()) < 150 {
			t.Errorf("%d event types", len(types.list()))
		}
		off := s.want(t, 200, s.call(t, "PATCH", "/v1/webhook-endpoints/"+id, s.a.test, `{"enabled":false,"enabled_events":[],"description":"d"}`))
		if off.data()["enabled"] != false || off.data()["description"] != "d" {
			t.Errorf("changed: %s", off.body)
		}
		if a := s.want(t, 409, s.call(t, "POST", "/v1/webhook-endpoints/"+id+"/test-events", s.a.test, `{"event_type":"order.paid"}`)); a.code() != "WEBHOOK_ENDPOINT_NOT_ACTIVE" {
			t.Errorf("a test of a disabled endpoint: %s", a.body)
		}
		if all := s.want(t, 200, s.call(t, "GET", "/v1/webhook-endpoints?event_sources=merchant", s.a.test, "")); len(all.list()) != 1 {
			t.Errorf("endpoints: %s", all.body)
		}
		s.want(t, 200, s.call(t, "DELETE", "/v1/webhook-endpoints/"+id, s.a.test, ""))
		s.want(t, 404, s.call(t, "GET", "/v1/webhook-endpoints/"+id, s.a.test, ""))
		if strings.Contains(s.logs.String(), secret) {
			t.Error("the secret is in the log")
		}
	})
}

func TestWebhookStream(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		s.dispatch(t)
		s.order(t, oneLine) // starts the server; from before the stream
		key := s.want(t, 201, s.call(t, "POST", "/v1/api-keys", s.a.live, `{"name":"x","scopes":["webhooks.read","commerce.orders.read"],"sandbox_id":"`+s.a.Sandbox.Scope.EnvironmentID+`"}`))
		token, keyID := key.data()["secret_key"].(string), key.data()["api_key_id"].(string)
		eventually(t, "the feed", func() bool { return s.count(t, "events WHERE position IS NOT NULL") == 1 })

		ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
		defer stop()
		open := func(lastEvent string) (*bufio.Reader, *http.Response) {
			req, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/v1/webhook-events/stream", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
			if lastEvent != "" {
				req.Header.Set("Last-Event-ID", lastEvent)
			}
			res, err := s.server.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { res.Body.Close() })
			return bufio.NewReader(res.Body), res
		}
		frames, res := open("")
		if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("X-Request-Id") == "" {
			t.Fatalf("the stream begins with %d %v", res.StatusCode, res.Header)
		}
		if name, _, _ := frame(t, frames); name != "ready" {
			t.Fatalf("the first frame is %s", name)
		}
		order := s.order(t, oneLine)
		name, id, data := frame(t, frames)
		if p, _ := data["payload"].(map[string]any); name != "webhook.event" || data["webhook_event_id"] != id || p["order_id"] != order {
			t.Errorf("the second frame: %s %s %v", name, id, data)
		}
		s.want(t, 201, s.call(t, "POST", "/v1/customers", s.a.test, `{"email":"ann@buyer.test"}`))
		if name, _, data = frame(t, frames); name != "withheld" || fmt.Sprint(data["required_scopes"]) != "[customers.read]" {
			t.Errorf("what the key may not read: %s %v", name, data)
		}
		resumed, _ := open(id)
		if name, _, data = frame(t, resumed); name != "ready" || data["cursor"] != id {
			t.Errorf("resumed: %s %v", name, data)
		}
		if name, _, _ = frame(t, resumed); name != "withheld" {
			t.Errorf("after the resumed place: %s", name)
		}
		s.want(t, 200, s.call(t, "POST", "/v1/api-keys/"+keyID+"/revoke", s.a.live, ""))
		s.clock.Set(s.clock.Now().Add(time.Minute)) // past the time for which a key is remembered
		if name, _, data = frame(t, frames); name != "disconnect" || data["reason"] != "authorization_changed" {
			t.Errorf("after the key was revoked: %s %v", name, data)
		}
	})
}

// frame reads the next event of a stream and passes over heartbeats.
func frame(t *testing.T, r *bufio.Reader) (name, id string, data map[string]any) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream broke off: %v", err)
		}
		field, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch field {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &data); err != nil {
				t.Fatal(err)
			}
		case "":
			if name != "" {
				return name, id, data
			}
		}
	}
}

func TestWebhookStreamAsLines(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		s.dispatch(t)
		first := s.order(t, oneLine) // starts the server
		eventually(t, "the feed", func() bool { return s.count(t, "events WHERE position IS NOT NULL") == 1 })
		ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
		defer stop()
		req, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/v1/webhook-events/stream?format=ndjson", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+s.a.test)
		res, err := s.server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if got := res.Header.Get("Content-Type"); got != "application/x-ndjson" {
			t.Fatalf("content type %q", got)
		}
		records := stdjson.NewDecoder(res.Body) // passes over the empty lines between records
		var ready, next map[string]any
		if err := records.Decode(&ready); err != nil || ready["record"] != "ready" || ready["cursor"] == "" {
			t.Fatalf("first record %v: %v", ready, err)
		}
		second := s.order(t, oneLine)
		if err := records.Decode(&next); err != nil {
			t.Fatal(err)
		}
		payload, _ := next["payload"].(map[string]any)
		if next["record"] != "webhook.event" || next["event_type"] != "order.created" || payload["order_id"] != second || second == first {
			t.Errorf("second record %v", next)
		}
	})
}
