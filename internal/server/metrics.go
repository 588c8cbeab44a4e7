package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// listenMetrics opens the listener of /metrics, which is apart from the public one. It tells where.
func (s *Server) listenMetrics() error {
	if s.MetricsAddr == "" {
		return nil
	}
	l, err := net.Listen("tcp", s.MetricsAddr)
	if err != nil {
		return fmt.Errorf("listen for metrics on %s: %w", s.MetricsAddr, err)
	}
	s.metricsListener = l
	return nil
}

// MetricsURL is where /metrics is, empty without a listener.
func (s *Server) MetricsURL() string {
	if s.metricsListener == nil {
		return ""
	}
	return "http://" + s.metricsListener.Addr().String() + "/metrics"
}

// serveMetrics answers scrapes until ctx ends.
func (s *Server) serveMetrics(ctx context.Context) {
	if s.metricsListener == nil {
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Metrics.Handler())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: headerWithin}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	if err := srv.Serve(s.metricsListener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		s.Log.Error("metrics are not served any more", "error", err)
	}
}
