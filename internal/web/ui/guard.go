package ui

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
)

// OriginCheck refuses forms that other sites send to a site at a public address, which is empty for one without a listener. Behind a proxy the Host
// header may be another one than browsers name as the origin, so the address is trusted besides.
func OriginCheck(baseURL string) (*http.CrossOriginProtection, error) {
	check := http.NewCrossOriginProtection()
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" {
		return check, nil
	}
	if err := check.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return check, fmt.Errorf("take %s for the site's origin: %w", baseURL, err)
	}
	return check, nil
}

// Guard stands before the pages of buyers: it refuses forms that another site sends with 403, keeps what the pages say
// out of caches, and bounds what they are sent.
type Guard struct {
	origin  *http.CrossOriginProtection
	maxForm int64
}

// NewGuard returns a Guard of a site at a public address that takes forms of at most so many bytes.
func NewGuard(baseURL string, maxForm int64, log *slog.Logger) *Guard {
	check, err := OriginCheck(baseURL)
	if err != nil {
		log.Error("the public address is no origin", "base_url", baseURL, "error", err)
	}
	return &Guard{origin: check, maxForm: maxForm}
}

// Page guards a page or form.
func (g *Guard) Page(next http.HandlerFunc) http.Handler { return g.origin.Handler(g.Foreign(next)) }

// Foreign guards a form that other sites may send, because something in it says who sent it.
func (g *Guard) Foreign(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "same-origin")
		r.Body = http.MaxBytesReader(w, r.Body, g.maxForm)
		if r.Method == http.MethodPost {
			if err := r.ParseForm(); err != nil {
				http.Error(w, "The form could not be read.", http.StatusBadRequest)
				return
			}
		}
		next(w, r)
	})
}
