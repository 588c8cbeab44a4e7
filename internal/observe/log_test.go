package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"flint/internal/observe"
	"flint/internal/secret"
)

const (
	leak  = "hunter2-hunter2"
	token = "flint_live_q8w7e6r5t4y3u2i1o0"
	card  = "4242424242424242"
)

type nested struct {
	Password secret.Text
	Raw      string
	hidden   secret.Text
}

type shouting struct{}

func (*shouting) String() string { panic("nil") }

func TestNoSecretReachesALine(t *testing.T) {
	t.Parallel()
	s := secret.NewText(leak)
	dsn, err := url.Parse("postgres://flint:" + leak + "@db/flint")
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]any{
		"a secret":             {"value", s},
		"its pointer":          {"value", &s},
		"a list of them":       {"values", []secret.Text{s}},
		"a map of them":        {"values", map[string]secret.Text{"a": s}},
		"a struct with one":    {"value", nested{Password: s, Raw: token, hidden: s}},
		"a raw string by key":  {"password", leak},
		"a number by key":      {"card_number", 4242424242424242},
		"a token":              {"note", "used " + token},
		"a card":               {"note", "paid with 4242 4242 4242 4242 and " + card},
		"an error":             {"error", fmt.Errorf("call: %w", errors.New("token "+token+" refused"))},
		"a header":             {"header", http.Header{"Authorization": {"Bearer " + leak}, "X-Note": {token}}},
		"a URL":                {"database", dsn},
		"a group":              {slog.Group("request", "api_key", leak, "body", card)},
		"a secret group":       {slog.Group("credentials", "value", leak)},
		"bytes":                {"body", []byte(leak)},
		"a list of anything":   {"list", []any{token, map[string]any{"secret": leak, card: "x"}}},
		"a key that is a card": {card, 1},
		"a map key of a token": {"map", map[string]int{token: 1}},
	}
	for _, format := range []observe.Format{observe.JSON, observe.Text} {
		for name, args := range cases {
			var out bytes.Buffer
			l := observe.NewLogger(observe.LogOptions{Output: &out, Format: format})
			l.Info("message", args...)
			l.With(args...).Info("message")
			l.WithGroup("g").With(args...).Info("message")
			l.WithGroup("client_secret").With("value", leak).Info("message", args...)
			l.Info(fmt.Sprint(token, " ", card))
			for _, bad := range []string{leak, token, card, "4242 4242 4242 4242", "aHVudGVyMi"} {
				if strings.Contains(out.String(), bad) {
					t.Errorf("%s, %s: %q came through: %s", format, name, bad, out.String())
				}
			}
			if n := strings.Count(out.String(), "\n"); n != 5 {
				t.Errorf("%s, %s: %d lines", format, name, n)
			}
		}
	}
}

func TestJSONLinesKeepTheRest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := observe.NewLogger(observe.LogOptions{Output: &out, Level: slog.LevelDebug})
	var quiet *shouting
	l.With("node", "a").WithGroup("order").Debug("paid", "id", "ord_1", "total", int64(9007199254740993),
		"lines", []int64{9007199254740993}, "took", time.Second, "broken", quiet, "token", "", "channel", make(chan int))
	var line struct {
		Level, Msg, Node string
		Order            map[string]any
	}
	d := json.NewDecoder(&out)
	d.UseNumber()
	if err := d.Decode(&line); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(line.Level, line.Msg, line.Node, line.Order["id"], line.Order["total"], line.Order["lines"], line.Order["token"])
	if want := "DEBUGpaidaord_19007199254740993[9007199254740993]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if line.Order["broken"] != "[*observe_test.shouting]" || line.Order["channel"] != "[chan int]" {
		t.Errorf("what cannot be shown is %v and %v", line.Order["broken"], line.Order["channel"])
	}
}

func TestTextLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	h := observe.NewHandler(observe.LogOptions{Output: &out, Format: observe.Text})
	at := time.Date(2026, 10, 1, 9, 8, 7, 6_000_000, time.UTC)
	r := slog.NewRecord(at, slog.LevelWarn, "two\nlines \x1b[31mred", 0)
	r.AddAttrs(slog.String("who", "a b"), slog.Int("n", 3), slog.Any("list", []string{"x"}), slog.Time("at", at))
	if err := h.WithGroup("g").WithAttrs([]slog.Attr{slog.Bool("on", true)}).Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := `09:08:07.006 WARN  two\nlines \x1b[31mred  g.on=true g.who="a b" g.n=3 g.list=["x"] g.at=2026-10-01T09:08:07.006Z` + "\n"
	if out.String() != want {
		t.Errorf("got  %q\nwant %q", out.String(), want)
	}
	if h.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("debug lines are on")
	}
}

func BenchmarkLog(b *testing.B) {
	for _, c := range []struct {
		name string
		h    slog.Handler
	}{
		{"json", observe.NewHandler(observe.LogOptions{Output: discard{}})},
		{"text", observe.NewHandler(observe.LogOptions{Output: discard{}, Format: observe.Text})},
		{"unmasked", slog.NewJSONHandler(discard{}, nil)},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := slog.New(c.h)
			b.ReportAllocs()
			for b.Loop() {
				l.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("request_id", "req_01HZX3J5T7Q9V1B3D5F7H9K1M3"),
					slog.String("route", "POST /v1/orders/{order_id}/pay"), slog.Int("status", 200), slog.Duration("took", 1234567))
			}
		})
	}
}

// discard is not io.Discard, which slog knows and skips.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
