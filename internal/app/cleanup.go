package app

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// cleanupToken is what a removed app puts its things away with, one for each grant, as the notice of the
// removal carries it.
type cleanupToken struct {
	GrantID   string    `json:"environment_grant_id"`
	Token     string    `json:"access_token"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (s *Service) addCleanupToken(tx db.Tx, g Grant, i Install, into map[tenant.Mode][]cleanupToken) (map[tenant.Mode][]cleanupToken, error) {
	if s.CleanupToken == nil {
		return into, nil
	}
	token, err := s.CleanupToken(tx, g, i, i.CleanupUntil)
	if err != nil {
		return nil, fmt.Errorf("make a cleanup token: %w", err)
	}
	mode := g.Scope.Mode()
	into[mode] = append(into[mode], cleanupToken{GrantID: g.ID, Token: token.Reveal(), ExpiresAt: i.CleanupUntil.UTC()})
	return into, nil
}

// sealedFor is the identity that what an event keeps for the app is sealed to: the feed of the app's owner
// and the install.
func sealedFor(feed tenant.Scope, installID string) string {
	return "partner_app_install/" + feed.MerchantID + "/" + feed.EnvironmentID + "/" + installID
}

func (s *Service) seal(feed tenant.Scope, installID string, tokens []cleanupToken) (string, error) {
	if len(tokens) == 0 {
		return "", nil
	}
	plain, err := json.Marshal(tokens, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode cleanup tokens: %w", err)
	}
	return s.Box.Seal(sealedFor(feed, installID), plain), nil
}

// OpenSealed gives the members that an event of an install keeps sealed for the app's own endpoint: the
// cleanup tokens, and nothing once they are over. It is for the body of a signed delivery alone, and the
// same at each call within that time.
func (s *Service) OpenSealed(e event.Event, sealed string, now time.Time) (map[string]jsontext.Value, error) {
	if e.Type != EventRevoked || !now.Before(e.CreatedAt.Add(CleanupTime)) {
		return nil, nil
	}
	plain, err := s.Box.Open(sealedFor(e.Scope, e.RootID), sealed)
	if err != nil {
		return nil, fmt.Errorf("open what event %s keeps for its app: %w", e.ID, err)
	}
	return map[string]jsontext.Value{"cleanup": plain}, nil
}
