package observe_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/observe"
	"flint/internal/payment"
)

func scrape(t *testing.T, m *observe.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func wantLines(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains(text, l+"\n") {
			t.Errorf("the metrics have no line %q", l)
		}
	}
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics(observe.MetricsOptions{Version: "1.2.3"})
	c := clock.NewFixed(time.Unix(1_700_000_000, 0))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/orders/{order_id}", func(w http.ResponseWriter, r *http.Request) {
		c.Set(c.Now().Add(30 * time.Millisecond))
		_, _ = fmt.Fprint(w, r.PathValue("order_id"))
	})
	mux.HandleFunc("POST /v1/orders", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusUnprocessableEntity)
	})
	mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("broken") })
	mux.HandleFunc("GET /stream", func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() })
	h := (&observe.Observer{Clock: c, Metrics: m}).HTTP(mux)
	call := func(method, path string) {
		defer func() { _ = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
	}
	for i := range 5 {
		call("GET", fmt.Sprintf("/v1/orders/ord_%d", i))
	}
	call("POST", "/v1/orders")
	call("GET", "/panic")
	call("GET", "/stream")
	call("GET", "/wp-admin/4242")
	call("BREW", "/wp-login")
	wantLines(t, scrape(t, m),
		`flint_http_request_duration_seconds_count{route="GET /v1/orders/{order_id}",status="2xx"} 5`,
		`flint_http_request_duration_seconds_bucket{route="GET /v1/orders/{order_id}",status="2xx",le="0.05"} 5`,
		`flint_http_request_duration_seconds_bucket{route="GET /v1/orders/{order_id}",status="2xx",le="0.025"} 0`,
		`flint_http_request_duration_seconds_count{route="POST /v1/orders",status="4xx"} 1`,
		`flint_http_request_duration_seconds_count{route="GET /panic",status="5xx"} 1`,
		`flint_http_request_duration_seconds_count{route="GET /stream",status="2xx"} 1`,
		`flint_http_request_duration_seconds_count{route="unmatched",status="4xx"} 2`,
		`flint_http_requests_in_flight 0`,
		`flint_build_info{version="1.2.3"} 1`)
	if !strings.Contains(scrape(t, m), "go_goroutines ") {
		t.Error("the Go runtime is not reported")
	}
}

type scripted struct {
	out payment.Outcome
	err error
}

func (s scripted) Name() string { return "simulator" }

func (s scripted) Do(context.Context, payment.Operation) (payment.Outcome, error) {
	return s.out, s.err
}

func (s scripted) Lookup(context.Context, payment.Operation) (payment.Outcome, error) {
	panic("no books")
}

func TestProcessorCallsAreCountedByOutcome(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics(observe.MetricsOptions{})
	o := &observe.Observer{Clock: clock.System{}, Metrics: m}
	op := payment.Operation{Processor: "simulator", Kind: payment.KindSale}
	for _, s := range []scripted{
		{out: payment.Outcome{State: payment.OutcomeSucceeded}}, {out: payment.Outcome{State: payment.OutcomeFailed}},
		{out: payment.Outcome{State: "<script>"}}, {err: errors.New("reset")}, {err: fmt.Errorf("dial: %w", payment.ErrNotSent)},
	} {
		out, err := o.Processor(s).Do(t.Context(), op)
		if out != s.out || !errors.Is(err, s.err) {
			t.Error("the wrapper changed an answer")
		}
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic did not pass through")
			}
		}()
		_, _ = o.Processor(scripted{}).Lookup(t.Context(), op)
	}()
	m.Delivery("delivered", time.Second)
	m.Job("receipt", nil, time.Second)
	m.Job("receipt", errors.New("refused"), time.Second)
	var lines []string
	for _, outcome := range []string{"succeeded", "failed", "invalid", "unknown", "not_sent"} {
		lines = append(lines, `flint_processor_operation_duration_seconds_count{call="do",kind="sale",outcome="`+outcome+`",processor="simulator"} 1`)
	}
	wantLines(t, scrape(t, m), append(lines,
		`flint_processor_operation_duration_seconds_count{call="lookup",kind="sale",outcome="panicked",processor="simulator"} 1`,
		`flint_webhook_delivery_duration_seconds_count{outcome="delivered"} 1`,
		`flint_job_run_duration_seconds_count{kind="receipt",outcome="done"} 1`,
		`flint_job_run_duration_seconds_count{kind="receipt",outcome="failed"} 1`)...)
}

func TestWithoutMetricsNothingIsWrapped(t *testing.T) {
	t.Parallel()
	o := &observe.Observer{Clock: clock.System{}}
	if p := o.Processor(scripted{}); p != payment.Processor(scripted{}) {
		t.Errorf("the processor became a %T", p)
	}
	var m *observe.Metrics
	m.Delivery("delivered", 0)
	m.Job("receipt", nil, 0)
	var tr *observe.Tracing
	ctx, span := tr.Start(t.Context(), "work")
	span.End()
	if ctx != t.Context() || span.IsRecording() || tr.Close(ctx) != nil {
		t.Error("tracing that is off does something")
	}
}

func TestBacklog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
		read := func(ctx context.Context) (observe.Backlog, error) { return observe.ReadBacklog(ctx, d, now, 12) }
		m := observe.NewMetrics(observe.MetricsOptions{Backlog: read})
		wantLines(t, scrape(t, m), "flint_backlog_up 1", "flint_event_feed_lag_seconds 0", `flint_processor_operations_open{state="parked"} 0`,
			"flint_jobs_due 0", "flint_jobs_abandoned 0")
		err := d.Write(t.Context(), func(tx db.Tx) error {
			for i, state := range []string{"parked", "unknown", "unknown", "succeeded", "planned"} {
				err := tx.Send(`INSERT INTO processor_operations (merchant_id, environment_id, operation_id, kind, processor, order_id, payment_intent_id,
					refund_id, state, amount, currency, source, target, return_url, request_hash, version, processor_ref, code, message, action_url, checks,
					next_check_at, created_at, updated_at)
					VALUES ('m', 'e', $1, 'sale', 'simulator', '', '', '', $2, 1, 'USD', '', '', '', '', 0, '', '', '', '', 0, NULL, $3, $3)`,
					fmt.Sprint("prop_", i), state, now.Add(-time.Duration(i)*time.Minute))
				if err != nil {
					return err
				}
			}
			for i, attempts := range []int64{0, 11, 12, 0} {
				err := tx.Send(`INSERT INTO jobs (merchant_id, environment_id, job_id, kind, key, run_at, attempts, created_at)
					VALUES ('m', 'e', $1, 'k', $1, $2, $3, $2)`, fmt.Sprint("job_", i), now.Add(time.Duration(i-2)*time.Minute), attempts)
				if err != nil {
					return err
				}
			}
			return tx.Send(`INSERT INTO events (merchant_id, environment_id, event_id, type, root_type, root_id, sequence, resource_type, resource_id, data, created_at)
				VALUES ('m', 'e', 'whev_1', 'order.paid', 'order', 'ord_1', 1, 'order', 'ord_1', '{}', $1)`, now.Add(-5*time.Second))
		})
		if err != nil {
			t.Fatal(err)
		}
		wantLines(t, scrape(t, m), "flint_event_feed_lag_seconds 5", `flint_processor_operations_open{state="unknown"} 2`,
			`flint_processor_operations_open{state="parked"} 1`, `flint_processor_operations_open{state="planned"} 1`,
			"flint_processor_operation_unknown_age_seconds 120", "flint_jobs_due 2", "flint_jobs_abandoned 1")
	})
}

func TestBacklogThatCannotBeRead(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics(observe.MetricsOptions{Backlog: func(context.Context) (observe.Backlog, error) {
		return observe.Backlog{}, errors.New("the database is away")
	}})
	text := scrape(t, m)
	wantLines(t, text, "flint_backlog_up 0")
	if strings.Contains(text, "\nflint_jobs_due ") {
		t.Error("a number is shown although none is known")
	}
}

func BenchmarkHTTP(b *testing.B) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/orders/{order_id}", func(http.ResponseWriter, *http.Request) {})
	for name, o := range map[string]*observe.Observer{
		"off":     {Clock: clock.System{}},
		"metrics": {Clock: clock.System{}, Metrics: observe.NewMetrics(observe.MetricsOptions{})},
	} {
		b.Run(name, func(b *testing.B) {
			h, w, r := o.HTTP(mux), httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/orders/ord_1", nil)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}
