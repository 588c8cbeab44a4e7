package onboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
)

// open makes the session of a verified person.
func (s *Service) open(tx db.Tx, v *Verified, now time.Time) error {
	token := secret.NewToken(auth.PrefixOnboardingSession)
	v.Token, v.ExpiresAt = secret.NewText(token), now.Add(SessionLife)
	err := tx.Send(`INSERT INTO onboarding_sessions (merchant_id, environment_id, session_id, user_id, token_hash, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, v.Scope.MerchantID, v.Scope.EnvironmentID, s.IDs.New(id.OnboardingSession), v.User.ID, secret.Hash(token), now, v.ExpiresAt)
	if err != nil {
		return fmt.Errorf("keep an onboarding session: %w", err)
	}
	return nil
}

// Authenticate turns the token of a session into its principal, with what the user's role in the merchant
// allows now. Fault: INVALID_ONBOARDING_SESSION.
func (s *Service) Authenticate(ctx context.Context, _, token string) (auth.Principal, error) {
	refused := fault.Unauthenticated("INVALID_ONBOARDING_SESSION", "This onboarding session does not exist or is over.")
	p := auth.Principal{Kind: auth.OnboardingSession}
	err := s.DB.Read(ctx, func(tx db.Tx) error {
		err := tx.QueryRow([]any{&p.Scope.MerchantID, &p.Scope.EnvironmentID, &p.ID, &p.SubjectID, &p.ExpiresAt},
			`SELECT merchant_id, environment_id, session_id, user_id, expires_at FROM onboarding_sessions WHERE token_hash = $1`, secret.Hash(token))
		if err != nil {
			return err
		}
		role, err := auth.Role(tx, p.Scope.MerchantID, p.SubjectID)
		p.Scopes = auth.ScopesOf(append(append([]string(nil), bootstrap...), ofSessions...)...).Within(auth.RoleScopes(role))
		return err
	})
	switch {
	case errors.Is(err, db.ErrNoRows), fault.Is(err, "MEMBERSHIP_REQUIRED"):
		return auth.Principal{}, refused
	case err != nil:
		return auth.Principal{}, fmt.Errorf("look an onboarding session up: %w", err)
	case !s.Clock.Now().Before(p.ExpiresAt):
		return auth.Principal{}, refused
	}
	return p, nil
}

// Purge removes what has ended, at most limit rows of each kind, and returns how many.
func (s *Service) Purge(ctx context.Context, limit int) (n int64, err error) {
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		n = 0
		before := s.Clock.Now().Add(-24 * time.Hour) // for a while, an old verification is told from an unknown one
		for _, sql := range []string{
			`DELETE FROM platform_onboarding_verifications WHERE token_hash IN (
				SELECT token_hash FROM platform_onboarding_verifications WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
			`DELETE FROM onboarding_sessions WHERE (merchant_id, environment_id, session_id) IN (
				SELECT merchant_id, environment_id, session_id FROM onboarding_sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		} {
			gone, err := tx.Exec(sql, before, limit)
			if err != nil {
				return fmt.Errorf("remove old onboarding sessions: %w", err)
			}
			n = max(n, gone)
		}
		return nil
	})
	return n, err
}
