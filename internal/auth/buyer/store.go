package buyer

import (
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/secret"
	"flint/internal/tenant"
)

const sessionColumns = `merchant_id, environment_id, customer_session_id, customer_id, status, revoked_reason, secret_hash, secret_expires_at,
	secret_seconds, refresh_seconds, created_at, expires_at, ends_at`

// oneSession reads a session; nil when there is none.
func oneSession(tx db.Tx, condition string, args ...any) (*Session, error) {
	var f Session
	var status string
	var secretFor, refreshFor int64
	err := tx.QueryRow([]any{&f.Scope.MerchantID, &f.Scope.EnvironmentID, &f.ID, &f.CustomerID, &status, &f.Reason, &f.secretHash, &f.secretExpiresAt,
		&secretFor, &refreshFor, &f.CreatedAt, &f.ExpiresAt, &f.EndsAt}, `SELECT `+sessionColumns+` FROM customer_sessions WHERE `+condition, args...)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a customer session: %w", err)
	}
	f.Revoked = status == "revoked"
	f.secretFor, f.refreshFor = time.Duration(secretFor)*time.Second, time.Duration(refreshFor)*time.Second
	return &f, nil
}

func sessionBySecret(tx db.Tx, hash string) (*Session, error) {
	return oneSession(tx, `secret_hash = $1`, hash)
}

func sessionByID(tx db.Tx, scope tenant.Scope, sessionID, lock string) (*Session, error) {
	return oneSession(tx, `merchant_id = $1 AND environment_id = $2 AND customer_session_id = $3`+lock, scope.MerchantID, scope.EnvironmentID, sessionID)
}

func insertSession(tx db.Tx, f *Session) error {
	err := tx.Send(`INSERT INTO customer_sessions (`+sessionColumns+`) VALUES ($1, $2, $3, $4, 'active', '', $5, $6, $7, $8, $9, $10, $11)`,
		f.Scope.MerchantID, f.Scope.EnvironmentID, f.ID, f.CustomerID, f.secretHash, f.secretExpiresAt, int64(f.secretFor/time.Second),
		int64(f.refreshFor/time.Second), f.CreatedAt, f.ExpiresAt, f.EndsAt)
	if err != nil {
		return fmt.Errorf("write a customer session: %w", err)
	}
	return nil
}

func updateSession(tx db.Tx, f *Session) error {
	err := tx.Send(`UPDATE customer_sessions SET secret_hash = $4, secret_expires_at = $5, expires_at = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND customer_session_id = $3`, f.Scope.MerchantID, f.Scope.EnvironmentID, f.ID,
		f.secretHash, f.secretExpiresAt, f.ExpiresAt)
	if err != nil {
		return fmt.Errorf("replace the secret of a customer session: %w", err)
	}
	return nil
}

// endSessions revokes the live sessions that the condition, over $5, finds, and counts them.
func endSessions(tx db.Tx, scope tenant.Scope, condition, v, reason string, now time.Time) (int64, error) {
	n, err := tx.Exec(`UPDATE customer_sessions SET status = 'revoked', revoked_reason = $3, revoked_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND `+condition+` AND status = 'active'`, scope.MerchantID, scope.EnvironmentID, reason, now, v)
	if err != nil {
		return 0, fmt.Errorf("end customer sessions: %w", err)
	}
	return n, nil
}

// refreshToken is a row of customer_session_refreshes.
type refreshToken struct {
	Scope     tenant.Scope
	Hash      string
	SessionID string
	KeyHash   string // that spent it
	Sealed    string // what it was exchanged for, while that may be asked for again
	ExpiresAt time.Time
	SpentAt   time.Time
}

// row is the identity of the row for sealing.
func (t *refreshToken) row() string {
	return "customer_session_refreshes/" + t.Scope.MerchantID + "/" + t.Scope.EnvironmentID + "/" + t.Hash
}

func refreshByHash(tx db.Tx, hash string) (*refreshToken, error) {
	t := refreshToken{Hash: hash}
	err := tx.QueryRow([]any{&t.Scope.MerchantID, &t.Scope.EnvironmentID, &t.SessionID, &t.KeyHash, &t.Sealed, &t.ExpiresAt, &t.SpentAt},
		`SELECT merchant_id, environment_id, customer_session_id, key_hash, sealed, expires_at, spent_at FROM customer_session_refreshes
		WHERE refresh_hash = $1`, hash)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a refresh token: %w", err)
	}
	return &t, nil
}

func insertRefresh(tx db.Tx, f *Session, out *Issued, now time.Time) error {
	err := tx.Send(`INSERT INTO customer_session_refreshes (merchant_id, environment_id, refresh_hash, customer_session_id, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, f.Scope.MerchantID, f.Scope.EnvironmentID, secret.Hash(out.Refresh.Reveal()), f.ID, now, out.RefreshExpiresAt)
	if err != nil {
		return fmt.Errorf("write a refresh token: %w", err)
	}
	return nil
}

// spend marks a token as exchanged. The answers of all earlier exchanges have arrived, or this token could
// not have been sent, so they are forgotten.
func spend(tx db.Tx, t *refreshToken, keyHash, sealed string, now time.Time) error {
	if err := tx.Send(`UPDATE customer_session_refreshes SET sealed = '' WHERE merchant_id = $1 AND environment_id = $2 AND customer_session_id = $3
		AND sealed <> ''`, t.Scope.MerchantID, t.Scope.EnvironmentID, t.SessionID); err != nil {
		return fmt.Errorf("forget the answers of earlier refreshes: %w", err)
	}
	if err := tx.Send(`UPDATE customer_session_refreshes SET spent_at = $4, key_hash = $5, sealed = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND refresh_hash = $3`, t.Scope.MerchantID, t.Scope.EnvironmentID, t.Hash, now, keyHash, sealed); err != nil {
		return fmt.Errorf("spend a refresh token: %w", err)
	}
	return nil
}

// keyKnown reports whether a key has spent another token of the session.
func keyKnown(tx db.Tx, f *Session, keyHash string) (bool, error) {
	var n int64
	err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM customer_session_refreshes WHERE merchant_id = $1 AND environment_id = $2
		AND customer_session_id = $3 AND key_hash = $4`, f.Scope.MerchantID, f.Scope.EnvironmentID, f.ID, keyHash)
	if err != nil {
		return false, fmt.Errorf("look for an idempotency key: %w", err)
	}
	return n > 0, nil
}
