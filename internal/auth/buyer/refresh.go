package buyer

import (
	"context"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/idempotency"
	"flint/internal/secret"
)

// RefreshInput exchanges a refresh token. Key is the caller's idempotency key.
type RefreshInput struct {
	Token string
	Key   string
}

// kept is the answer of a refresh as it is sealed for a repetition.
type kept struct {
	Secret           string    `json:"secret"`
	SecretExpiresAt  time.Time `json:"secret_expires_at"`
	Refresh          string    `json:"refresh"`
	RefreshExpiresAt time.Time `json:"refresh_expires_at"`
}

func errRefreshExpired() *fault.Error {
	return fault.Unauthenticated("CUSTOMER_SESSION_REFRESH_EXPIRED", "This refresh token is unknown, expired or revoked.").
		Then("Sign the customer in again and open a new customer session.")
}

func errRefreshReused() *fault.Error {
	return fault.Unauthenticated("CUSTOMER_SESSION_REFRESH_REUSED", "This refresh token was used before, so its session has been revoked.").
		Then("Sign the customer in again and open a new customer session.")
}

// Refresh replaces both credentials of a session. The same token with the same key gets the same answer
// until the refresh token of that answer is used; a spent token that comes in any other way ends the
// session, and the fault, CUSTOMER_SESSION_REFRESH_REUSED, is kept. Other faults:
// CUSTOMER_SESSION_REFRESH_EXPIRED, and IDEMPOTENCY_KEY_REUSED for a key that has spent an earlier token.
func (s *Service) Refresh(_ context.Context, tx db.Tx, in RefreshInput) (*Issued, error) {
	if !wellFormed(PrefixRefresh, in.Token) {
		return nil, errRefreshExpired()
	}
	hash, now := secret.Hash(in.Token), s.Clock.Now()
	t, err := refreshByHash(tx, hash)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, errRefreshExpired()
	}
	f, err := sessionByID(tx, t.Scope, t.SessionID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if t, err = refreshByHash(tx, hash); err != nil { // again: whoever held the lock may have spent it
		return nil, err
	}
	if t == nil || f == nil {
		return nil, errRefreshExpired()
	}
	keyHash := secret.Hash("refresh key:" + f.ID + ":" + in.Key)
	switch {
	case f.Revoked && f.Reason == EndReuse:
		return nil, errRefreshReused()
	case f.Revoked:
		return nil, errRefreshExpired()
	case !t.SpentAt.IsZero() && t.Sealed != "" && t.KeyHash == keyHash:
		return s.again(f, t)
	case !t.SpentAt.IsZero():
		if _, err := endSessions(tx, f.Scope, `customer_session_id = $5`, f.ID, EndReuse, now); err != nil {
			return nil, err
		}
		s.Log.Warn("a spent refresh token was used again, so its customer session was revoked", "merchant_id", f.Scope.MerchantID,
			"environment_id", f.Scope.EnvironmentID, "customer_session_id", f.ID)
		return nil, idempotency.Keep(errRefreshReused())
	case !now.Before(t.ExpiresAt):
		return nil, errRefreshExpired()
	}
	known, err := keyKnown(tx, f, keyHash)
	if err != nil {
		return nil, err
	}
	if known {
		return nil, fault.Conflict("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for another refresh token.").Then("Use a new key for each refresh.")
	}
	return s.rotate(tx, f, t, keyHash, now)
}

func (s *Service) rotate(tx db.Tx, f *Session, t *refreshToken, keyHash string, now time.Time) (*Issued, error) {
	out := f.mint(now)
	plain, err := json.Marshal(kept{out.Secret.Reveal(), out.SecretExpiresAt, out.Refresh.Reveal(), out.RefreshExpiresAt})
	if err != nil {
		return nil, fmt.Errorf("encode a pair of credentials: %w", err)
	}
	if err := spend(tx, t, keyHash, s.Box.Seal(t.row(), plain), now); err != nil {
		return nil, err
	}
	if err := updateSession(tx, f); err != nil {
		return nil, err
	}
	return out, insertRefresh(tx, f, out, now)
}

// again opens the answer that the same call got before.
func (s *Service) again(f *Session, t *refreshToken) (*Issued, error) {
	plain, err := s.Box.Open(t.row(), t.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open the answer of a refresh: %w", err)
	}
	var k kept
	if err := json.Unmarshal(plain, &k); err != nil {
		return nil, fmt.Errorf("read the answer of a refresh: %w", err)
	}
	return &Issued{Session: f, Secret: secret.NewText(k.Secret), SecretExpiresAt: k.SecretExpiresAt, Refresh: secret.NewText(k.Refresh),
		RefreshExpiresAt: k.RefreshExpiresAt}, nil
}
