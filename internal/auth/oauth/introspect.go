package oauth

import (
	"errors"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/secret"
)

// Introspection is what a client may know of its own token (RFC 7662).
type Introspection struct {
	Family    *Family
	InstallID string
	Refresh   bool // a refresh token, not an access token
	Scopes    auth.ScopeSet
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Introspect tells a client about its token; nil for one that does not work, whatever the reason, and for
// one of another client.
func (s *Service) Introspect(tx db.Tx, c *Client, tokenText string, now time.Time) (*Introspection, error) {
	if c.Public() {
		return nil, errClient()
	}
	hash := secret.Hash(tokenText)
	t, err := tokenByHash(tx, hash)
	if err != nil || t == nil {
		return nil, err
	}
	if t.Kind == tokenRefresh {
		return s.introspectRefresh(tx, c, t, now)
	}
	o, err := s.open(tx, hash, now)
	switch {
	case errors.Is(err, errDead):
		return nil, nil
	case err != nil:
		return nil, err
	case o.held || !c.owns(o.family):
		return nil, nil
	}
	return &Introspection{Family: o.family, InstallID: o.install.ID, Scopes: o.scopes, IssuedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}, nil
}

func (s *Service) introspectRefresh(tx db.Tx, c *Client, t *token, now time.Time) (*Introspection, error) {
	f, err := familyByID(tx, t.Scope, t.FamilyID, "")
	if err != nil || f == nil || !c.owns(f) || !f.live(now) || !t.UsedAt.IsZero() || !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt) {
		return nil, err
	}
	bound, installID, err := s.bounds(tx, f)
	if Refusal(err) != nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &Introspection{Family: f, InstallID: installID, Refresh: true, Scopes: common(f.Scopes, bound), IssuedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}, nil
}
