package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// lines writes records for people: "15:04:05.000 WARN  a job failed  kind=receipt attempt=2".
type lines struct {
	out    io.Writer
	level  slog.Leveler
	mu     *sync.Mutex // shared by all that write to out
	prefix string      // of attribute keys: the open groups
	fixed  []byte      // attributes given to WithAttrs, as they are written
}

func newLines(out io.Writer, level slog.Leveler) *lines {
	return &lines{out: out, level: level, mu: new(sync.Mutex)}
}

// Enabled implements slog.Handler.
func (h *lines) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle implements slog.Handler.
func (h *lines) Handle(_ context.Context, r slog.Record) error {
	b := make([]byte, 0, 256)
	if !r.Time.IsZero() {
		b = append(r.Time.AppendFormat(b, "15:04:05.000"), ' ')
	}
	b = fmt.Appendf(b, "%-5s ", r.Level)
	b = append(b, harmless(r.Message)...)
	if len(h.fixed) > 0 || r.NumAttrs() > 0 {
		b = append(b, ' ')
	}
	b = append(b, h.fixed...)
	r.Attrs(func(a slog.Attr) bool {
		b = appendAttr(b, h.prefix, a)
		return true
	})
	b = append(b, '\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.out.Write(b)
	return err
}

// WithAttrs implements slog.Handler.
func (h *lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.fixed = bytes.Clone(h.fixed)
	for _, a := range attrs {
		c.fixed = appendAttr(c.fixed, h.prefix, a)
	}
	return &c
}

// WithGroup implements slog.Handler.
func (h *lines) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.prefix += name + "."
	return &c
}

func appendAttr(b []byte, prefix string, a slog.Attr) []byte {
	if a.Equal(slog.Attr{}) {
		return b
	}
	if a.Value.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range a.Value.Group() {
			b = appendAttr(b, prefix, inner)
		}
		return b
	}
	b = append(b, ' ')
	b = append(b, harmless(prefix+a.Key)...)
	b = append(b, '=')
	switch v := a.Value; v.Kind() {
	case slog.KindTime:
		return v.Time().AppendFormat(b, time.RFC3339Nano)
	case slog.KindAny:
		raw, err := json.Marshal(v.Any())
		if err != nil {
			return append(b, '?')
		}
		return append(b, raw...)
	default:
		return append(b, quoted(v.String())...)
	}
}

// quoted puts a value in quotes where it would not read as one word.
func quoted(s string) string {
	for _, c := range s {
		if c == ' ' || c == '"' || c == '=' || c == utf8.RuneError || !unicode.IsPrint(c) {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// harmless escapes what a terminal would obey: line breaks and control sequences.
func harmless(s string) string {
	for _, c := range s {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			q := strconv.Quote(s)
			return q[1 : len(q)-1]
		}
	}
	return s
}
