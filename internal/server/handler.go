package server

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"flint/docs"
	"flint/internal/web/reference"
)

// Handler is everything the public listener serves; more adds routes of its own.
func (s *Server) Handler(more ...func(mux *http.ServeMux)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.API)
	mux.Handle("/.well-known/oauth-authorization-server", s.API)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /custom-domains/ask", s.askHost)
	mux.Handle("GET /assets/", s.UI.Assets())
	mux.Handle("GET /docs/errors", reference.Handler(s.UI, docs.Errors))
	s.checkout.Routes(mux)
	s.pay.Routes(mux)
	s.invoicePages.Routes(mux)
	s.back.Routes(mux)
	s.gate.Routes(mux)
	s.account.Routes(mux)
	s.pages.Routes(mux)
	s.mailingPages().Routes(mux)
	for _, f := range more {
		f(mux)
	}
	return s.observer.HTTP(s.protect(s.hosts(s.pagesInQuarantine(mux))))
}

// Health is the body of /healthz and /readyz.
type Health struct {
	Status  string `json:"status"` // ok, or what is wrong
	Version string `json:"version"`
	Engine  string `json:"engine"`
}

// healthz tells that the process runs.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	s.health(w, http.StatusOK, "ok")
}

// readyz tells whether requests can be served: the database answers and the server is not stopping.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.stopping:
		s.health(w, http.StatusServiceUnavailable, "stopping")
		return
	default:
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := s.DB.Ping(ctx); err != nil {
		s.Log.Warn("the database does not answer", "error", err)
		s.health(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	s.health(w, http.StatusOK, "ok")
}

func (s *Server) health(w http.ResponseWriter, status int, what string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, Health{Status: what, Version: s.Version, Engine: string(s.DB.Engine())}) // a prober that has gone cannot be told
}
