package observe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Tracing makes spans and sends them to a collector. A nil *Tracing is off: it makes no span and
// costs a comparison.
type Tracing struct {
	tracer   trace.Tracer
	provider *sdk.TracerProvider
	from     propagation.TraceContext
	trusting bool
}

// TracingOptions say where spans go.
type TracingOptions struct {
	// Endpoint is the base URL of an OTLP/HTTP collector, such as http://localhost:4318. When it is
	// empty, the standard variables OTEL_EXPORTER_OTLP_ENDPOINT and
	// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT are used; without them tracing is off.
	Endpoint string
	Service  string // service.name of the spans
	Version  string
	// Sample is the share of traces that are kept, from 0 to 1.
	Sample float64
	// TrustParent continues traces that callers began. Otherwise theirs are linked to: a caller from
	// the internet must not decide what is recorded.
	TrustParent bool
	Logger      *slog.Logger
}

// NewTracing returns nil, which is off, when no endpoint is configured or OTEL_SDK_DISABLED is true.
// Headers and time limits of the exporter come from the standard OTEL_EXPORTER_OTLP_… variables.
// It does not connect: spans that cannot be sent are dropped and reported to the logger.
func NewTracing(ctx context.Context, o TracingOptions) (*Tracing, error) {
	configured := o.Endpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	if !configured || strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") {
		return nil, nil
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var target []otlptracehttp.Option
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, errors.New("the traces endpoint must be an http or https URL")
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = "/v1/traces"
		}
		target = append(target, otlptracehttp.WithEndpointURL(u.String()))
	}
	exporter, err := otlptracehttp.New(ctx, target...)
	if err != nil {
		return nil, fmt.Errorf("set up the traces exporter: %w", err)
	}
	about := resource.NewSchemaless(attribute.String("service.name", o.Service), attribute.String("service.version", o.Version))
	provider := sdk.NewTracerProvider(
		sdk.WithBatcher(&reportingExporter{exporter, o.Logger}),
		sdk.WithResource(about),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Sample))))
	return &Tracing{tracer: provider.Tracer("flint"), provider: provider, trusting: o.TrustParent}, nil
}

// Close sends what is left and stops.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop tracing: %w", err)
	}
	return nil
}

// Start begins a span for a piece of work. Attributes must not hold secrets; ids are welcome. The
// span of a Tracing that is off does nothing.
func (t *Tracing) Start(ctx context.Context, name string, attrs ...attribute.KeyValue) (context.Context, trace.Span) {
	if t == nil {
		return ctx, noop.Span{}
	}
	return t.tracer.Start(ctx, name, trace.WithAttributes(attrs...))
}

// finish ends a span; an error is recorded without what must not be read in it.
func finish(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, Mask(err.Error()))
	}
	span.End()
}

// reportingExporter reports failures to our logger; the SDK would print them.
type reportingExporter struct {
	sdk.SpanExporter
	log *slog.Logger
}

// ExportSpans implements sdk.SpanExporter.
func (e *reportingExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.log.Warn("spans could not be sent and are dropped", "spans", len(spans), "error", err)
	}
	return nil
}
