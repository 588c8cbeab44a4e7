package server

import (
	"net/http"

	"flint/internal/backup"
	"flint/internal/fault"
)

// quarantined tells whether the data directory was restored from a backup and not released since.
// Until an operator has compared it with the processor, acting on it could charge or refund twice.
func (s *Server) quarantined() bool {
	_, yes, err := backup.Quarantined(s.DataDir)
	if err != nil {
		s.Log.Error("the mark of a restored backup could not be read; it counts as one", "error", err)
	}
	return yes
}

func (s *Server) refuseInQuarantine() error {
	if !s.restored {
		return nil
	}
	return fault.Unavailable("SERVICE_UNAVAILABLE", "This installation was restored from a backup and takes no writes yet.").
		Then("The operator compares it with the processor and releases it.")
}

// pagesInQuarantine lets pages be looked at and refuses their forms.
func (s *Server) pagesInQuarantine(next http.Handler) http.Handler {
	if !s.restored {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead && len(r.URL.Path) > 3 && r.URL.Path[:4] != "/v1/" {
			w.Header().Set("Retry-After", "60")
			http.Error(w, "This shop is being restored. Nothing was charged; please come back in a moment.", http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}
