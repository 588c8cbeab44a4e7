package observe

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"flint/internal/payment"
)

// Metrics are the counters and gauges of one server, in a registry of their own. Every label has few
// values: ids, addresses and merchants never become one. A nil *Metrics counts nothing.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	inFlight   prometheus.Gauge
	operations *prometheus.HistogramVec
	deliveries *prometheus.HistogramVec
	jobs       *prometheus.HistogramVec
}

// MetricsOptions say what a server reports besides its counters.
type MetricsOptions struct {
	Version string // of the binary, for flint_build_info
	// Backlog is asked at each scrape for what waits in the database; nil leaves those gauges out.
	Backlog func(ctx context.Context) (Backlog, error)
	Logger  *slog.Logger
}

// Buckets in seconds. Requests and deliveries differ by what they wait for.
var (
	requestBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	callBuckets    = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30, 60}
)

// NewMetrics registers everything, the Go runtime and the process included.
func NewMetrics(o MetricsOptions) *Metrics {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Metrics{registry: prometheus.NewRegistry()}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		m.registry.MustRegister(h)
		return h
	}
	m.requests = histogram("flint_http_request_duration_seconds", "Time to answer a request, by route and class of status.", requestBuckets, "route", "status")
	m.operations = histogram("flint_processor_operation_duration_seconds", "Time a processor took for a call, by what it did and what came of it.", callBuckets,
		"processor", "call", "kind", "outcome")
	m.deliveries = histogram("flint_webhook_delivery_duration_seconds", "Time of one attempt to deliver a webhook, by what came of it.", callBuckets, "outcome")
	m.jobs = histogram("flint_job_run_duration_seconds", "Time of one run of a job, by kind and what came of it.", callBuckets, "kind", "outcome")
	m.inFlight = prometheus.NewGauge(prometheus.GaugeOpts{Name: "flint_http_requests_in_flight", Help: "Requests being answered."})
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "flint_build_info", Help: "Always 1; the label says which version runs.",
		ConstLabels: prometheus.Labels{"version": o.Version}})
	build.Set(1)
	m.registry.MustRegister(m.inFlight, build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if o.Backlog != nil {
		m.registry.MustRegister(newBacklogCollector(o.Backlog, o.Logger))
	}
	return m
}

// RequestLogs counts the requests that the request log had no room for; dropped tells how many so far.
func (m *Metrics) RequestLogs(dropped func() int64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "flint_request_logs_dropped_total", Help: "Requests that were answered and not logged.",
		}, func() float64 { return float64(dropped()) }))
	}
}

// Handler answers GET /metrics. It tells how the business goes, so it belongs on a listener that only
// operators reach.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
	})
}

// Delivery counts one attempt to deliver a webhook. The outcome is a short fixed word of the webhook
// package, such as delivered or failed, never a status text of the receiver.
func (m *Metrics) Delivery(outcome string, took time.Duration) {
	if m != nil {
		m.deliveries.WithLabelValues(outcome).Observe(took.Seconds())
	}
}

// Job counts one run of a job by whether it failed.
func (m *Metrics) Job(kind string, err error, took time.Duration) {
	if m == nil {
		return
	}
	outcome := "done"
	if err != nil {
		outcome = "failed"
	}
	m.jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

func (m *Metrics) request(route string, status int, took time.Duration) {
	if m != nil {
		m.requests.WithLabelValues(route, statusClass(status)).Observe(took.Seconds())
	}
}

// statusClass is "2xx" and so on.
func statusClass(status int) string {
	if status < 100 || status > 599 {
		return "other"
	}
	return strconv.Itoa(status/100) + "xx"
}

func (m *Metrics) operation(op payment.Operation, call, outcome string, took time.Duration) {
	if m != nil {
		m.operations.WithLabelValues(op.Processor, call, string(op.Kind), outcome).Observe(took.Seconds())
	}
}

// outcomeOf is the label of what a processor answered.
func outcomeOf(out payment.Outcome, err error) string {
	switch {
	case errors.Is(err, payment.ErrNotSent):
		return "not_sent"
	case err != nil:
		return "unknown"
	}
	switch out.State {
	case payment.OutcomeSucceeded, payment.OutcomeFailed, payment.OutcomeRequiresAction, payment.OutcomeProcessing, payment.OutcomeNotFound:
		return string(out.State)
	}
	return "invalid" // the answer is hostile input until it was checked
}
