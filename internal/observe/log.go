package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// Format is how log lines look.
type Format string

// Formats of a log.
const (
	JSON Format = "json" // one object a line, for machines
	Text Format = "text" // one line for people at a terminal
)

// LogOptions say how to log. Only Output is required.
type LogOptions struct {
	Output io.Writer
	Format Format       // JSON when empty
	Level  slog.Leveler // slog.LevelInfo when nil
}

// NewLogger returns a logger whose lines never carry a secret (see NewHandler).
func NewLogger(o LogOptions) *slog.Logger { return slog.New(NewHandler(o)) }

// NewHandler returns a handler that writes in the asked format and masks, in messages and attributes,
// values under secret keys (SecretKey) and whatever Mask knows. Errors, structs, maps and headers are
// searched as well. A line written within a span carries its trace_id and span_id.
func NewHandler(o LogOptions) slog.Handler {
	if o.Level == nil {
		o.Level = slog.LevelInfo
	}
	if o.Format == Text {
		return &redactor{inner: newLines(o.Output, o.Level)}
	}
	return &redactor{inner: slog.NewJSONHandler(o.Output, &slog.HandlerOptions{Level: o.Level})}
}

// redactor masks what goes to the handler below it.
type redactor struct{ inner slog.Handler }

// Enabled implements slog.Handler.
func (h *redactor) Enabled(ctx context.Context, l slog.Level) bool { return h.inner.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (h *redactor) Handle(ctx context.Context, r slog.Record) error {
	masked := slog.NewRecord(r.Time, r.Level, Mask(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		masked.AddAttrs(maskAttr(a))
		return true
	})
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		masked.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.inner.Handle(ctx, masked)
}

// WithAttrs implements slog.Handler.
func (h *redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &redactor{h.inner.WithAttrs(maskAttrs(attrs))}
}

// WithGroup implements slog.Handler. A group whose name is secret hides all that is in it.
func (h *redactor) WithGroup(name string) slog.Handler {
	if SecretKey(name) {
		return &concealer{h, name}
	}
	return &redactor{h.inner.WithGroup(name)}
}

// concealer writes records without their attributes: they belong to a group that is secret.
type concealer struct {
	outer *redactor
	name  string
}

// Enabled implements slog.Handler.
func (h *concealer) Enabled(ctx context.Context, l slog.Level) bool { return h.outer.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (h *concealer) Handle(ctx context.Context, r slog.Record) error {
	bare := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	bare.AddAttrs(slog.String(h.name, hidden))
	return h.outer.Handle(ctx, bare)
}

// WithAttrs implements slog.Handler.
func (h *concealer) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup implements slog.Handler.
func (h *concealer) WithGroup(string) slog.Handler { return h }

func maskAttrs(attrs []slog.Attr) []slog.Attr {
	out := slices.Clone(attrs)
	for i := range out {
		out[i] = maskAttr(out[i])
	}
	return out
}

func maskAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if SecretKey(a.Key) {
		if v.Kind() == slog.KindString && v.String() == "" {
			return slog.Attr{Key: a.Key, Value: v} // that it is missing may be the news
		}
		return slog.String(a.Key, hidden)
	}
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(Mask(v.String()))
	case slog.KindGroup:
		v = slog.GroupValue(maskAttrs(v.Group())...)
	case slog.KindAny:
		v = maskAny(v.Any())
	}
	return slog.Attr{Key: Mask(a.Key), Value: v}
}

// maskAny turns a value of any type into text, numbers, lists and maps, so that nothing of it reaches
// a line without having been looked at. What cannot be turned shows its type.
func maskAny(v any) (out slog.Value) {
	defer func() {
		if recover() != nil { // a method of the value panicked, as those of nil pointers do
			out = slog.StringValue(fmt.Sprintf("[%T]", v))
		}
	}()
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.StringValue(Mask(v.Error()))
	case []byte:
		return slog.StringValue(fmt.Sprintf("[%d bytes]", len(v)))
	case *slog.Source:
		return slog.AnyValue(v)
	case json.Marshaler:
	case fmt.Stringer:
		return slog.StringValue(Mask(v.String()))
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return slog.StringValue(fmt.Sprintf("[%T]", v))
	}
	var plain any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // an int64 survives
	if err := d.Decode(&plain); err != nil {
		return slog.StringValue(fmt.Sprintf("[%T]", v))
	}
	return slog.AnyValue(maskPlain(plain))
}

func maskPlain(v any) any {
	switch v := v.(type) {
	case string:
		return Mask(v)
	case []any:
		for i := range v {
			v[i] = maskPlain(v[i])
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			if SecretKey(k) {
				out[k] = hidden
			} else {
				out[Mask(k)] = maskPlain(inner)
			}
		}
		return out
	}
	return v
}
