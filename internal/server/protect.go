package server

import (
	"errors"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"flint/internal/clock"
	"flint/internal/throttle"
)

// bodyWithin is how long a client may take to send a body: longer than any handler that reads one, so
// that the deadline ends slow senders and nothing else.
const bodyWithin = 40 * time.Second

// consentPath is the one page below /v1/: OAuth puts it there.
const consentPath = "/v1/oauth/authorize"

// protect wraps everything the public listener serves. It gives every answer the headers that no page may
// lack, bounds how slowly a body may come, and answers a page handler's panic with a page.
func (s *Server) protect(next http.Handler) http.Handler {
	https := strings.HasPrefix(s.BaseURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'") // pages set their own
		if https {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		if r.ContentLength != 0 {
			// A writer without a connection, as in tests, has no deadline to set.
			_ = http.NewResponseController(w).SetReadDeadline(clock.System{}.Now().Add(bodyWithin))
		}
		if strings.HasPrefix(r.URL.Path, "/v1/") && r.URL.Path != consentPath { // the API answers its own panics
			next.ServeHTTP(w, r)
			return
		}
		seen := &begun{ResponseWriter: w}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			s.Log.Error("a page panicked", "page", r.Pattern, "panic", v, "stack", string(debug.Stack()))
			if seen.yes {
				panic(http.ErrAbortHandler) // half a page must not look like a whole one
			}
			s.checkout.Broken(w, r)
		}()
		next.ServeHTTP(seen, r)
	})
}

// begun tells whether an answer has begun.
type begun struct {
	http.ResponseWriter
	yes bool
}

func (b *begun) WriteHeader(status int) {
	b.yes = true
	b.ResponseWriter.WriteHeader(status)
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (b *begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// clientAddress tells who sent a request: the peer, or behind the given proxies the last address of
// X-Forwarded-For that is none of them. What stands before it anybody can have written.
func clientAddress(proxies []netip.Prefix) func(*http.Request) netip.Addr {
	ours := func(a netip.Addr) bool {
		for _, p := range proxies {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	return func(r *http.Request) netip.Addr {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil {
			return netip.Addr{}
		}
		client := peer.Addr().Unmap()
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && ours(client); i-- {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if err != nil {
				break
			}
			client = hop.Unmap()
		}
		return client
	}
}

// pageRates bound what one address may do on the hosted pages: a family behind one address never notices,
// somebody who tries card numbers or links does.
var pageRates = map[string]throttle.Rate{
	"open": {PerSecond: 5, Burst: 120}, "pay": {PerSecond: 1, Burst: 60}, "fields": {PerSecond: 1, Burst: 60},
	"promotion": {PerSecond: 1, Burst: 30}, "code": {PerSecond: 0.5, Burst: 30},
	"ask": {PerSecond: 20, Burst: 200}, // by a proxy for all that come to it
}

// pageThrottle is what the pages ask before such a thing; nil without limits.
func (s *Server) pageThrottle() func(r *http.Request, what string) time.Duration {
	if s.Limits == nil {
		return nil
	}
	type key struct {
		address netip.Addr
		what    string
	}
	taken, address := throttle.New[key](), clientAddress(s.Proxies)
	return func(r *http.Request, what string) time.Duration {
		from := address(r)
		if from.Is6() { // one customer of a provider has a whole network
			if network, err := from.Prefix(64); err == nil {
				from = network.Addr()
			}
		}
		return taken.Take(key{from, what}, pageRates[what], clock.System{}.Now()) // not the platform's clock, which may be set
	}
}
