package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// sink is a shop's webhook endpoint: it takes everything.
type sink struct {
	url      string
	received atomic.Int64
	server   *http.Server
}

func newSink() (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	s := &sink{url: "http://" + l.Addr().String() + "/hook"}
	s.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // a sender that goes away sends again
		s.received.Add(1)
	})}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

func (s *sink) close() { _ = s.server.Close() }

// settle waits until nothing arrives for two seconds, at most for the limit, and tells how long after
// the call the last delivery came.
func (s *sink) settle(limit time.Duration) (last time.Duration) {
	const step, quiet = 50 * time.Millisecond, 2 * time.Second // refunds settle a second after they were asked for
	began := time.Now()
	for before := s.received.Load(); time.Since(began) < limit && time.Since(began) < last+quiet; time.Sleep(step) {
		if now := s.received.Load(); now != before {
			before, last = now, time.Since(began)
		}
	}
	return last
}
