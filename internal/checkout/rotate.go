package checkout

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Rotate gives an open session new credentials; the old ones, and cookies made of them, open nothing any
// more. The order is locked by the caller.
//
// Faults: RESOURCE_NOT_FOUND, CHECKOUT_SESSION_NOT_OPEN.
func (s *Service) Rotate(tx db.Tx, scope tenant.Scope, sessionID string) (Launch, error) {
	session, err := s.openSession(tx, scope, sessionID)
	if err != nil {
		return Launch{}, err
	}
	secretText, token := secret.NewToken("csauth_"), secret.NewToken("cslaunch_")
	session.SecretHash, session.LaunchHash, session.UpdatedAt = secret.Hash(secretText), secret.Hash(token), s.Clock.Now()
	err = tx.Send(`UPDATE checkout_sessions SET secret_hash = $4, launch_hash = $5, updated_at = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3`,
		scope.MerchantID, scope.EnvironmentID, session.ID, session.SecretHash, session.LaunchHash, session.UpdatedAt)
	if err != nil {
		return Launch{}, fmt.Errorf("rotate the credentials of %s: %w", session.ID, err)
	}
	return Launch{Session: session, Secret: secret.NewText(secretText), Token: secret.NewText(token)}, nil
}

// Redirect changes where the buyer of an open session goes afterwards; empty addresses change nothing.
//
// Faults: RESOURCE_NOT_FOUND, CHECKOUT_SESSION_NOT_OPEN, INVALID_URL.
func (s *Service) Redirect(tx db.Tx, scope tenant.Scope, sessionID, success, cancel string) error {
	if success == "" && cancel == "" {
		return nil
	}
	var f fault.List
	checkURL(&f, "redirects.success_redirect_url", success)
	checkURL(&f, "redirects.cancel_redirect_url", cancel)
	if err := f.Err(); err != nil {
		return err
	}
	session, err := s.openSession(tx, scope, sessionID)
	if err != nil || session.Detail.SuccessURL == success && session.Detail.CancelURL == cancel {
		return err
	}
	if success != "" {
		session.Detail.SuccessURL = success
	}
	if cancel != "" {
		session.Detail.CancelURL = cancel
	}
	return save(tx, session, s.Clock.Now())
}

func (s *Service) openSession(tx db.Tx, scope tenant.Scope, sessionID string) (*Session, error) {
	session, err := load(tx, scope, sessionID)
	if err == nil && !session.Open(s.Clock.Now()) {
		err = fault.Conflict("CHECKOUT_SESSION_NOT_OPEN", "The checkout session has ended.").With("current_status", session.statusNow(s.Clock.Now()))
	}
	return session, err
}
