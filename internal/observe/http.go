package observe

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"flint/internal/clock"
)

// Observer measures what passes through it. Metrics and Tracing may be nil.
type Observer struct {
	Clock   clock.Clock // the machine's: durations must not jump with a rehearsal's clock
	Metrics *Metrics
	Tracing *Tracing
}

// unmatched is the route of requests that no pattern fits; their paths are the caller's invention.
const unmatched = "unmatched"

// HTTP measures every request to next. The route is the pattern that the server's mux found, so next
// is a *http.ServeMux or leads to one. A panic passes through and counts as status 500.
func (o *Observer) HTTP(next http.Handler) http.Handler {
	if o.Metrics == nil && o.Tracing == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := o.Clock.Now()
		rec := &recorder{ResponseWriter: w}
		var span trace.Span
		if o.Tracing != nil {
			r, span = o.Tracing.server(r)
		}
		if o.Metrics != nil {
			o.Metrics.inFlight.Inc()
			defer o.Metrics.inFlight.Dec()
		}
		returned := false
		defer func() {
			status := rec.status
			switch {
			case !returned && status == 0:
				status = http.StatusInternalServerError
			case status == 0:
				status = http.StatusOK
			}
			route := r.Pattern
			if route == "" {
				route = unmatched
			}
			o.Metrics.request(route, status, o.Clock.Now().Sub(started))
			if span != nil {
				endServer(span, route, status, w.Header().Get("X-Request-Id"))
			}
		}()
		next.ServeHTTP(rec, r)
		returned = true
	})
}

func (t *Tracing) server(r *http.Request) (*http.Request, trace.Span) {
	ctx := r.Context()
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", knownMethod(r.Method)))}
	remote := t.from.Extract(ctx, propagation.HeaderCarrier(r.Header))
	switch caller := trace.SpanContextFromContext(remote); {
	case !caller.IsValid():
	case t.trusting:
		ctx = remote
	default:
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: caller}))
	}
	ctx, span := t.tracer.Start(ctx, knownMethod(r.Method), options...)
	return r.WithContext(ctx), span
}

func endServer(span trace.Span, route string, status int, requestID string) {
	if route != unmatched {
		span.SetName(route)
	}
	span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
	if requestID != "" {
		span.SetAttributes(attribute.String("flint.request_id", Mask(requestID)))
	}
	if status >= 500 {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// knownMethod keeps invented methods out of span names.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "_OTHER"
}

// recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 { // 1xx are not the answer yet
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush implements http.Flusher for streams that ask for it by type.
func (r *recorder) Flush() {
	_ = http.NewResponseController(r.ResponseWriter).Flush() // a connection that cannot flush has nothing to tell
}
