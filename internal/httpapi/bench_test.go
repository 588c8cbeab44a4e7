package httpapi_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/httpapi"
	"flint/internal/requestlog"
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

func bench(b *testing.B, method, path, body string, logged bool) {
	var log *requestlog.Log
	r := newRigWith(b, dbtest.Open(b, db.SQLite), func(c *httpapi.Config) {
		c.Log = slog.New(slog.DiscardHandler)
		c.Limits = httpapi.DefaultLimits()
		open := httpapi.Rate{PerSecond: 1e9, Burst: 1e9}
		for tier := range c.Limits.Key {
			c.Limits.Key[tier], c.Limits.Merchant[tier] = open, open
		}
		c.Limits.Address = open
		c.Requests = nil
		if logged {
			log = requestlog.New(requestlog.Options{DB: c.DB, Clock: c.Clock, Logger: c.Log})
			c.Requests = log
		}
	}, func(a *httpapi.API) {
		httpapi.Handle(a, "createDiscountPreview", func(_ context.Context, _ *httpapi.Caller, in *probeInput) (Probe, error) { return in.Body, nil })
	}, probes(new([]string)))
	w := &discard{h: http.Header{}}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if log != nil {
			log.Run(ctx)
		}
	}()
	b.ReportAllocs()
	before, n := cpu(b), 0
	for b.Loop() {
		n++
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
	stop()
	<-done
	b.ReportMetric(float64(cpu(b)-before)/float64(n), "cpu-ns/op")
	b.ReportMetric(float64(log.Dropped())/float64(n), "dropped/op")
}

// cpu is what the process has used of the processors so far: the writer of the log works beside the
// requests, and shows in no time that one of them takes.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkGET(b *testing.B)                 { both(b, "GET", "/v1/developer/auth-context", "") }
func BenchmarkGETWithRead(b *testing.B)         { both(b, "GET", "/v1/merchant", "") }
func BenchmarkPOSTWithTransaction(b *testing.B) { both(b, "POST", "/v1/orders", benchBody) }
func BenchmarkPOST(b *testing.B)                { both(b, "POST", "/v1/discount-previews", benchBody) }

// BenchmarkOrder makes real orders, so that the log is compared with what a request of a shop costs.
func BenchmarkOrder(b *testing.B) {
	for name, logged := range map[string]bool{"plain": false, "logged": true} {
		b.Run(name, func(b *testing.B) {
			s := newShop(b, dbtest.Open(b, db.SQLite))
			s.api.Log = slog.New(slog.DiscardHandler)
			log := s.api.Requests
			if !logged {
				s.api.Requests = nil
			}
			ctx, stop := context.WithCancel(b.Context())
			done := make(chan struct{})
			go func() { defer close(done); log.Run(ctx) }()
			w := &discard{h: http.Header{}}
			before, n := cpu(b), 0
			for b.Loop() {
				n++
				req := httptest.NewRequest("POST", "/v1/orders", strings.NewReader(`{"line_items":[{"name":"Mug","quantity":2,"unit_price_money":{"amount":1400,"currency":"USD"}}]}`))
				req.Header.Set("Authorization", "Bearer "+s.a.test)
				req.Header.Set("Content-Type", "application/json")
				clear(w.h)
				if s.api.ServeHTTP(w, req); w.status != 201 {
					b.Fatalf("status %d", w.status)
				}
			}
			stop()
			<-done
			b.ReportMetric(float64(cpu(b)-before)/float64(n), "cpu-ns/op")
		})
	}
}

// both runs an operation without and with the request log.
func both(b *testing.B, method, path, body string) {
	b.Run("plain", func(b *testing.B) { bench(b, method, path, body, false) })
	b.Run("logged", func(b *testing.B) { bench(b, method, path, body, true) })
}
