package httpapi_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/id"
	"flint/internal/requestlog"
	"flint/internal/secret"
	"flint/internal/tenant"
)

func TestRequestLogs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key := s.a.test
		made := s.want(t, 201, s.call(t, "POST", "/v1/orders", key, `{"line_items":[{"name":"It's a mug","unit_price_money":`+usd(500)+`}]}`, "X-Request-Id: one"))
		order, _ := made.data()["order_id"].(string)
		refused := s.call(t, "GET", "/v1/orders?page_size=500", key, "")
		s.want(t, 400, refused)
		s.want(t, 201, s.call(t, "POST", "/v1/webhook-endpoints", key, `{"url":"https://x.test/hook"}`, "X-Request-Id: hook"))
		s.want(t, 404, s.call(t, "GET", "/v1/orders/"+order, s.b.test, ""))

		// The address in an error opens the log of the request that failed.
		address, _ := refused.fault()["request_log_url"].(string)
		found := s.want(t, 200, s.call(t, "GET", strings.TrimPrefix(address, "https://flint.test"), key, "")).list()
		if len(found) != 1 {
			t.Fatalf("%d logs of one request", len(found))
		}
		log, _ := found[0].(map[string]any)
		if log["error_code"] != "INVALID_PAGE_SIZE" || log["error_category"] != "validation" || log["status_code"] != 400.0 || log["route_pattern"] != "GET /v1/orders" {
			t.Errorf("logged as %v", log)
		}
		if strings.Contains(string(s.call(t, "GET", "/v1/developer/request-logs?request_id=hook", key, "").body), "request_body") {
			t.Error("the list has bodies")
		}

		// Events name the log of their request.
		one := s.call(t, "GET", "/v1/developer/request-logs?request_id=one", key, "").list()[0].(map[string]any)
		logID, _ := one["api_request_log_id"].(string)
		events := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events?correlation_id="+logID, key, "")).list()
		if len(events) == 0 || events[0].(map[string]any)["api_request_log_id"] != logID || events[0].(map[string]any)["request_id"] != "one" {
			t.Errorf("the events of log %s are %v", logID, events)
		}

		detail := s.want(t, 200, s.call(t, "GET", "/v1/developer/request-logs/"+logID, key, "")).data()
		again, _ := detail["reproduction"].(map[string]any)
		if again["safe_to_reproduce"] != true || again["reproduction_complete"] != true || again["redactions_present"] != false {
			t.Errorf("reproduction: %v", again)
		}
		if strings.Contains(string(s.call(t, "GET", "/v1/developer/request-logs/"+logID, key, "").body), key) {
			t.Error("the log shows the key")
		}
		words, err := exec.Command("sh", "-c", "curl() { for w; do printf '%s\\n' \"$w\"; done; }; FLINT_API_KEY=k; "+again["curl"].(string)).Output()
		if err != nil || !strings.Contains(string(words), `"It's a mug"`) || !strings.Contains(string(words), "Authorization: Bearer k\n") {
			t.Errorf("a shell reads the command as %s, %v", words, err)
		}

		// What a key asked is nobody else's business.
		for name, other := range map[string]string{"another merchant": s.b.test, "the same merchant's other key": s.a.live} {
			if got := s.call(t, "GET", "/v1/developer/request-logs/"+logID, other, ""); got.status != 404 {
				t.Errorf("%s reads it: %s", name, got.body)
			}
			if n := len(s.call(t, "GET", "/v1/developer/request-logs?request_id=one", other, "").list()); n != 0 {
				t.Errorf("%s finds it", name)
			}
		}

		hook := s.call(t, "GET", "/v1/developer/request-logs?request_id=hook", key, "").list()[0].(map[string]any)
		body := string(s.call(t, "GET", "/v1/developer/request-logs/"+hook["api_request_log_id"].(string), key, "").body)
		if strings.Contains(body, "whsec_") || !strings.Contains(body, requestlog.Hidden) {
			t.Errorf("the secret of an endpoint is kept: %s", body)
		}
		for query, code := range map[string]string{"status_bucket=odd": "INVALID_STATUS_BUCKET", "http_method=TRACE": "INVALID_METHOD", "resource_type=odd": "INVALID_RESOURCE_TYPE",
			"created_after=2026-01-02T00:00:00Z&created_before=2026-01-01T00:00:00Z": "INVALID_CREATED_RANGE", "page_token=x": "INVALID_PAGE_TOKEN"} {
			if got := s.call(t, "GET", "/v1/developer/request-logs?"+query, key, ""); got.code() != code {
				t.Errorf("%s: %s", query, got.body)
			}
		}
		page := s.want(t, 200, s.call(t, "GET", "/v1/developer/request-logs?page_size=1", key, ""))
		token, _ := page.json["next_page_token"].(string)
		next := s.want(t, 200, s.call(t, "GET", "/v1/developer/request-logs?page_size=1&page_token="+token, key, ""))
		if next.list()[0].(map[string]any)["api_request_log_id"] == page.list()[0].(map[string]any)["api_request_log_id"] {
			t.Error("two pages are the same")
		}
		if got := s.call(t, "GET", "/v1/developer/request-logs?page_size=1&http_method=GET&page_token="+token, key, ""); got.code() != "CURSOR_MISMATCH" {
			t.Errorf("a token of another filter: %s", got.body)
		}
	})
}

// key makes a key with some scopes.
func (r *rig) key(t testing.TB, scope tenant.Scope, scopes ...string) string {
	t.Helper()
	var text secret.Text
	err := r.db.Write(t.Context(), func(tx db.Tx) (err error) {
		_, text, err = r.keys.CreateKey(tx.Context(), tx, auth.CreateKeyInput{Scope: scope, Name: "narrow", Scopes: scopes, Now: start})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.Reveal()
}

// A process that ends after its answer loses the log, and nothing else: the event still says which
// request caused it, and everything can be read.
func TestACrashBetweenAnswerAndLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		s.want(t, 201, s.call(t, "POST", "/v1/orders", s.a.test, `{"line_items":[{"name":"x","unit_price_money":`+usd(500)+`}]}`))
		s.api.Requests = requestlog.New(requestlog.Options{DB: d, Clock: s.clock, Logger: s.api.Log}) // a new process
		event := s.want(t, 200, s.call(t, "GET", "/v1/webhook-events", s.a.test, "")).list()[0].(map[string]any)
		lost, _ := event["correlation_id"].(string)
		if !id.Valid(id.RequestLog, lost) {
			t.Errorf("the event was caused by %q", lost)
		}
		s.want(t, 404, s.call(t, "GET", "/v1/developer/request-logs/"+lost, s.a.test, ""))
		s.want(t, 200, s.call(t, "GET", "/v1/developer/resource-timelines/"+event["resource_id"].(string), s.a.test, ""))
	})
}

func TestResourceTimelines(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		s := newShop(t, d)
		key := s.a.test
		order, _ := s.want(t, 201, s.call(t, "POST", "/v1/orders", key, `{"line_items":[{"name":"x","unit_price_money":`+usd(500)+`}]}`)).data()["order_id"].(string)
		for range 3 {
			s.clock.Set(s.clock.Now().Add(time.Second))
			s.want(t, 200, s.call(t, "PATCH", "/v1/orders/"+order, key, `{"internal_note":"x"}`))
		}
		path := "/v1/developer/resource-timelines/" + order
		whole := s.want(t, 200, s.call(t, "GET", path+"?page_size=100", key, ""))
		entries, _ := whole.data()["entries"].([]any)
		kinds := map[string]int{}
		last := ""
		for _, e := range entries {
			e, _ := e.(map[string]any)
			kinds[e["entry_type"].(string)]++
			if at := e["occurred_at"].(string); last != "" && at > last {
				t.Error("not the newest first")
			} else {
				last = at
			}
		}
		if kinds["api_request"] != 4 || kinds["webhook_event"] < 1 || whole.data()["resource_type"] != "order" || whole.data()["test"] != true {
			t.Errorf("the timeline is %s", whole.body)
		}
		// Page by page it is the same.
		var ids []string
		query := "?page_size=2"
		for {
			page := s.want(t, 200, s.call(t, "GET", path+query, key, ""))
			part, _ := page.data()["entries"].([]any)
			for _, e := range part {
				ids = append(ids, e.(map[string]any)["resource_timeline_entry_id"].(string))
			}
			token, _ := page.json["next_page_token"].(string)
			if token == "" {
				break
			}
			if got := s.call(t, "GET", path+"?page_size=2&include=requests&page_token="+token, key, ""); got.code() != "RESOURCE_TIMELINE_TOKEN_INVALID" {
				t.Errorf("a token of another filter: %s", got.body)
			}
			query = "?page_size=2&page_token=" + token
		}
		if len(ids) != len(entries) {
			t.Errorf("%d entries page by page, %d at once", len(ids), len(entries))
		}
		for i, e := range entries {
			if i < len(ids) && e.(map[string]any)["resource_timeline_entry_id"] != ids[i] {
				t.Errorf("entry %d differs", i)
			}
		}
		only := s.call(t, "GET", path+"?include=webhooks", key, "")
		if strings.Contains(string(only.body), `"api_request"`) || !strings.Contains(string(only.body), `"webhook_event"`) {
			t.Errorf("include=webhooks: %s", only.body)
		}
		narrow := func(scopes ...string) string { return s.key(t, s.a.Sandbox.Scope, scopes...) }
		for name, c := range map[string]struct{ path, key, code string }{
			"another merchant":   {path, s.b.test, "RESOURCE_NOT_FOUND"},
			"live":               {path, s.a.live, "RESOURCE_NOT_FOUND"},
			"wrong type":         {path + "?resource_type=refund", key, "UNSUPPORTED_RESOURCE_TYPE"},
			"no timelines":       {"/v1/developer/resource-timelines/" + s.ids.New(id.WebhookEvent), key, "UNSUPPORTED_RESOURCE_TYPE"},
			"no id":              {"/v1/developer/resource-timelines/order", key, "RESOURCE_NOT_FOUND"},
			"bad include":        {path + "?include=all", key, "INVALID_INCLUDE"},
			"bad token":          {path + "?page_token=x", key, "RESOURCE_TIMELINE_TOKEN_INVALID"},
			"without its scope":  {path, narrow("developer.resource_timelines.read"), "INSUFFICIENT_SCOPE"},
			"without timeline's": {path, narrow("commerce.orders.read"), "INSUFFICIENT_SCOPE"},
		} {
			if got := s.call(t, "GET", c.path, c.key, ""); got.code() != c.code {
				t.Errorf("%s: %s", name, got.body)
			}
		}
		s.want(t, 200, s.call(t, "GET", path+"?resource_type=order", narrow("commerce.orders.write", "developer.resource_timelines.read"), ""))
	})
}

// Buyers are nobody's developers: what they ask with a session's credential is not logged.
func TestBuyersAreNotLogged(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	s := newShop(t, d)
	order, _ := s.want(t, 201, s.call(t, "POST", "/v1/orders", s.a.test, `{"line_items":[{"name":"x","unit_price_money":`+usd(500)+`}]}`)).data()["order_id"].(string)
	session := s.want(t, 201, s.call(t, "POST", "/v1/checkout-sessions", s.a.test, `{"order_id":"`+order+`"}`))
	find := func(end string) string {
		return textIn(session.data(), func(name, v string) bool { return strings.HasPrefix(v, end) })
	}
	s.want(t, 200, s.call(t, "GET", "/v1/orders/"+order, "", "", "X-Checkout-Session-ID: "+find("cs_"), "X-Checkout-Session-Secret: "+find("csauth_")))
	if err := s.api.Requests.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	err := d.Read(t.Context(), func(tx db.Tx) error { return tx.QueryRow([]any{&n}, "SELECT COUNT(*) FROM request_logs") })
	if n != 2 || err != nil {
		t.Errorf("%d of 3 requests logged, %v", n, err)
	}
}
