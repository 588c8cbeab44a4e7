package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
)

const benchBody = `{"name":"Benchmark","amount":499,"kind":"red","on":true,"at":"2026-09-07T12:00:00Z","note":"hello there",
	"item":{"name":"One thing","quantity":2},"line_items":[{"name":"A","quantity":1},{"name":"B","quantity":2},{"name":"C","quantity":3}],
	"metadata":{"cart":"c-1","source":"web"}}`

// discard is a ResponseWriter that costs nothing.
type discard struct {
	h      http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(s int)           { d.status = s }

func bench(b *testing.B, method, path, body string) {
	r := newRigWith(b, dbtest.Open(b, db.SQLite), func(c *httpapi.Config) {
		c.Log = slog.New(slog.DiscardHandler)
		c.Limits = httpapi.DefaultLimits()
		open := httpapi.Rate{PerSecond: 1e9, Burst: 1e9}
		for tier := range c.Limits.Key {
			c.Limits.Key[tier], c.Limits.Merchant[tier] = open, open
		}
		c.Limits.Address = open
	}, func(a *httpapi.API) {
		httpapi.Handle(a, "createDiscountPreview", func(_ context.Context, _ *httpapi.Caller, in *probeInput) (Probe, error) { return in.Body, nil })
	}, probes(new([]string)))
	w := &discard{h: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		var rd io.Reader
		if body != "" {
			rd = strings.NewReader(body)
		}
		req := httptest.NewRequest(method, path, rd)
		req.Header.Set("Authorization", "Bearer "+r.a.test)
		req.Header.Set("Content-Type", "application/json")
		clear(w.h)
		r.api.ServeHTTP(w, req)
		if w.status >= 300 {
			b.Fatalf("status %d", w.status)
		}
	}
}

func BenchmarkGET(b *testing.B)                 { bench(b, "GET", "/v1/developer/auth-context", "") }
func BenchmarkGETWithRead(b *testing.B)         { bench(b, "GET", "/v1/merchant", "") }
func BenchmarkPOSTWithTransaction(b *testing.B) { bench(b, "POST", "/v1/orders", benchBody) }
func BenchmarkPOST(b *testing.B)                { bench(b, "POST", "/v1/discount-previews", benchBody) }
