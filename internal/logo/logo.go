// Package logo fetches merchants' logos for documents. The address is the merchant's word: it is asked through package
// egress, which checks what it leads to when it connects, and what comes back is bounded and looked at before it is kept.
//
// A picture is kept for an environment until it is a day old or the address changes. One that could not be fetched is
// not asked for again for ten minutes, and an older picture of the same address serves meanwhile. Nothing is fetched in
// a transaction, and no document waits longer than Patience.
package logo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/egress"
	"flint/internal/tenant"
)

// Bounds of a logo.
const (
	MaxSize  = 512 << 10 // bytes
	Fresh    = 24 * time.Hour
	Again    = 10 * time.Minute // after a failure
	Patience = 4 * time.Second
)

// Service fetches and keeps logos. Its fields are set once, before use.
type Service struct {
	DB     db.DB
	Clock  clock.Clock
	Client *egress.Client
	Log    *slog.Logger
	// Check refuses what cannot be drawn.
	Check func(data []byte) error
}

// kept is the row of an environment.
type kept struct {
	url   string
	data  []byte
	tried time.Time
}

// Get is the picture behind an address, nil without one. It never fails: a document without its logo is still the
// document. It must not be called in a transaction.
func (s *Service) Get(ctx context.Context, scope tenant.Scope, url string) []byte {
	if url == "" {
		return nil
	}
	var have kept
	err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		have, err = read(tx, scope)
		return err
	})
	if err != nil {
		s.Log.Error("a logo was not read", "merchant_id", scope.MerchantID, "error", err)
		return nil
	}
	now := s.Clock.Now()
	same := have.url == url
	wait := Again
	if same && len(have.data) > 0 {
		wait = Fresh
	}
	if same && now.Before(have.tried.Add(wait)) {
		return have.data
	}
	data, err := s.fetch(ctx, url)
	if err != nil {
		s.Log.Warn("a logo was not fetched", "merchant_id", scope.MerchantID, "error", err)
		if same {
			data = have.data
		}
		if len(data) > 0 {
			now = now.Add(Again - Fresh) // look again soon
		}
	}
	if err := s.DB.Write(ctx, func(tx db.Tx) error { return write(tx, scope, kept{url, data, now}) }); err != nil {
		s.Log.Error("a logo was not kept", "merchant_id", scope.MerchantID, "error", err)
	}
	return data
}

// fetch asks the address.
func (s *Service) fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask for the logo: %w", err)
	}
	req.Header.Set("Accept", "image/png, image/jpeg")
	resp, err := s.Client.DoWithin(req, MaxSize+1)
	if err != nil {
		return nil, fmt.Errorf("ask for the logo: %w", err)
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case resp.Status != http.StatusOK:
		return nil, fmt.Errorf("ask for the logo: status %d", resp.Status)
	case kind != "image/png" && kind != "image/jpeg":
		return nil, errors.New("ask for the logo: it is neither PNG nor JPEG")
	case len(resp.Body) > MaxSize:
		return nil, fmt.Errorf("ask for the logo: it has more than %d bytes", MaxSize)
	}
	if err := s.Check(resp.Body); err != nil {
		return nil, err
	}
	return resp.Body, nil
}
