package observe_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"flint/internal/clock"
	"flint/internal/observe"
	"flint/internal/payment"
)

// sink is an OTLP collector that keeps what it gets.
type sink struct {
	*httptest.Server
	mu    sync.Mutex
	spans map[string]*tracepb.Span
}

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{spans: map[string]*tracepb.Span{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var in collector.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &in) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, rs := range in.GetResourceSpans() {
			for _, ss := range rs.GetScopeSpans() {
				for _, span := range ss.GetSpans() {
					s.spans[span.GetName()] = span
				}
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestSpansOfARequestAndItsProcessorCall(t *testing.T) {
	t.Parallel()
	s := newSink(t)
	tr, err := observe.NewTracing(t.Context(), observe.TracingOptions{Endpoint: s.URL, Service: "flint", Version: "1", Sample: 1})
	if err != nil {
		t.Fatal(err)
	}
	o := &observe.Observer{Clock: clock.System{}, Tracing: tr}
	p := o.Processor(scripted{err: errors.New("the reply to " + token + " was lost")})
	var log bytes.Buffer
	logger := observe.NewLogger(observe.LogOptions{Output: &log})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/orders/{order_id}/pay", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "req_1")
		_, _ = p.Do(r.Context(), payment.Operation{ID: "prop_1", Processor: "simulator", Kind: payment.KindSale, Source: "simsrc_hidden1"})
		logger.InfoContext(r.Context(), "paid")
		w.WriteHeader(http.StatusBadGateway)
	})
	r := httptest.NewRequest("POST", "/v1/orders/ord_1/pay?secret="+token, nil)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	o.HTTP(mux).ServeHTTP(httptest.NewRecorder(), r)
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	outer, inner := s.spans["POST /v1/orders/{order_id}/pay"], s.spans["processor do sale"]
	if outer == nil || inner == nil {
		t.Fatalf("the spans are %v", s.spans)
	}
	if !bytes.Equal(inner.GetParentSpanId(), outer.GetSpanId()) || !bytes.Equal(inner.GetTraceId(), outer.GetTraceId()) {
		t.Error("the call is not part of the request")
	}
	if len(outer.GetParentSpanId()) != 0 || len(outer.GetLinks()) != 1 {
		t.Error("a caller's trace was continued, not linked to")
	}
	if outer.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR || inner.GetStatus().GetCode() != tracepb.Status_STATUS_CODE_ERROR {
		t.Error("the failure does not show")
	}
	text := outer.String() + inner.String()
	for _, want := range []string{"req_1", "prop_1", "unknown", "502"} {
		if !strings.Contains(text, want) {
			t.Errorf("the spans do not say %q", want)
		}
	}
	if strings.Contains(text, token) || strings.Contains(text, "simsrc_hidden1") || strings.Contains(text, "ord_1/pay?") {
		t.Errorf("a secret is in the spans: %s", text)
	}
	if !strings.Contains(log.String(), `"trace_id":"`) {
		t.Errorf("the log does not name the trace: %s", log.String())
	}
}

func TestTracingIsOffUntilConfigured(t *testing.T) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED"} {
		t.Setenv(name, "")
	}
	on := func(endpoint string) bool {
		tr, err := observe.NewTracing(t.Context(), observe.TracingOptions{Endpoint: endpoint, Sample: 1})
		if err != nil {
			t.Fatal(err)
		}
		if err := tr.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		return tr != nil
	}
	if on("") {
		t.Error("tracing is on without an endpoint")
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	if !on("") {
		t.Error("the standard variable does not turn tracing on")
	}
	t.Setenv("OTEL_SDK_DISABLED", "true")
	if on("http://127.0.0.1:1") {
		t.Error("OTEL_SDK_DISABLED is ignored")
	}
}

func TestTracingRefusesWhatIsNoEndpoint(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"collector:4318", "ftp://collector", "http://", "://"} {
		if _, err := observe.NewTracing(t.Context(), observe.TracingOptions{Endpoint: endpoint}); err == nil {
			t.Errorf("%q is taken", endpoint)
		}
	}
}

func TestLostSpansAreReported(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer refusing.Close()
	var log bytes.Buffer
	tr, err := observe.NewTracing(t.Context(), observe.TracingOptions{Endpoint: refusing.URL, Sample: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	_, span := tr.Start(t.Context(), "work")
	span.End()
	if err := tr.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "spans could not be sent") {
		t.Errorf("the log says %q", log.String())
	}
}
