package recovery

import (
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Where a link stands.
const (
	SourceEvent    = "event"    // in checkout_session.abandoned
	SourceReminder = "reminder" // in a mail of ours
	SourceAction   = "action"   // in the answer to a recovery action
)

// MaxOpens is how often a link lets somebody in. A buyer needs a few; a link that was posted in public many.
const MaxOpens = 50

// Link leads back to an order.
type Link struct {
	Scope        tenant.Scope
	ID           string // rlnk_…
	OrderID      string
	RecoveryID   string // may be empty
	Source       string
	Step         int64  // of the reminder, 0 elsewhere
	ActionID     string // ract_…, of an action
	AppID        string // whose action, empty for others
	Opens        int64
	LastOpenedAt time.Time
	ExpiresAt    time.Time
	RevokedAt    time.Time
	CreatedAt    time.Time

	hash string
}

// good reports whether the link still leads anywhere.
func (l *Link) good(now time.Time) bool {
	return l.RevokedAt.IsZero() && now.Before(l.ExpiresAt) && l.Opens < MaxOpens
}

// mint writes a new link.
func (s *Service) mint(tx db.Tx, l *Link, now time.Time) (*Link, error) {
	l.ID, l.CreatedAt, l.ExpiresAt = s.IDs.New(id.RecoveryLink), now, now.Add(Lifetime)
	l.hash = secret.Hash(s.token(l.Scope, l.ID))
	err := tx.Send(`INSERT INTO recovery_links (merchant_id, environment_id, link_id, order_id, recovery_id, source, step, action_id, app_id,
		token_hash, expires_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID, l.OrderID, l.RecoveryID, l.Source, l.Step, l.ActionID, l.AppID,
		l.hash, l.ExpiresAt, l.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("write a recovery link: %w", err)
	}
	return l, nil
}

const linkColumns = `link_id, order_id, recovery_id, source, step, action_id, app_id, token_hash, opens, last_opened_at, expires_at, revoked_at, created_at`

func scanLink(r db.Row, l *Link, more ...any) error {
	return r.Scan(append(more, &l.ID, &l.OrderID, &l.RecoveryID, &l.Source, &l.Step, &l.ActionID, &l.AppID, &l.hash, &l.Opens,
		&l.LastOpenedAt, &l.ExpiresAt, &l.RevokedAt, &l.CreatedAt)...)
}

// findLink reads the link of a token; a fault of class not found without one.
func findLink(tx db.Tx, token string) (*Link, error) {
	var found *Link
	hash := secret.Hash(token)
	err := tx.Query(func(r db.Row) error {
		l := &Link{}
		if err := scanLink(r, l, &l.Scope.MerchantID, &l.Scope.EnvironmentID); err != nil {
			return err
		}
		if secret.Equal(l.hash, hash) {
			found = l
		}
		return nil
	}, `SELECT merchant_id, environment_id, `+linkColumns+` FROM recovery_links WHERE token_hash = $1`, hash)
	if err != nil {
		return nil, fmt.Errorf("find a recovery link: %w", err)
	}
	if found == nil {
		return nil, fault.NotFound("recovery link")
	}
	return found, nil
}

// ScopeOf finds whose the link of a token is. RESOURCE_NOT_FOUND when there is none.
func ScopeOf(tx db.Tx, token string) (tenant.Scope, error) {
	l, err := findLink(tx, token)
	if err != nil {
		return tenant.Scope{}, err
	}
	return l.Scope, nil
}

// lockLink reads a link again and locks it. Its order is locked before.
func lockLink(tx db.Tx, scope tenant.Scope, linkID string) (*Link, error) {
	l := &Link{Scope: scope}
	var found bool
	err := tx.Query(func(r db.Row) error {
		found = true
		return scanLink(r, l)
	}, `SELECT `+linkColumns+` FROM recovery_links WHERE merchant_id = $1 AND environment_id = $2 AND link_id = $3`+tx.ForUpdate(),
		scope.MerchantID, scope.EnvironmentID, linkID)
	if err != nil {
		return nil, fmt.Errorf("lock a recovery link: %w", err)
	}
	if !found {
		return nil, fault.NotFound("recovery link")
	}
	return l, nil
}

func countOpen(tx db.Tx, l *Link, now time.Time) error {
	l.Opens, l.LastOpenedAt = l.Opens+1, now
	return tx.Send(`UPDATE recovery_links SET opens = $4, last_opened_at = $5 WHERE merchant_id = $1 AND environment_id = $2 AND link_id = $3`,
		l.Scope.MerchantID, l.Scope.EnvironmentID, l.ID, l.Opens, l.LastOpenedAt)
}

// Revoke ends the links of an order that a merchant handed out, so that none leads back any more. It returns
// how many. The order is locked by the caller.
func (s *Service) Revoke(tx db.Tx, scope tenant.Scope, orderID string) (int64, error) {
	n, err := tx.Exec(`UPDATE recovery_links SET revoked_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND revoked_at IS NULL`,
		scope.MerchantID, scope.EnvironmentID, orderID, s.Clock.Now())
	if err != nil {
		return 0, fmt.Errorf("revoke the recovery links of an order: %w", err)
	}
	return n, nil
}

// openedLast is the link of a recovery that was opened last, nil when none was.
func openedLast(tx db.Tx, r *Recovery) (*Link, error) {
	l := &Link{Scope: r.Scope}
	err := tx.QueryRow([]any{&l.ID, &l.Source, &l.Step, &l.ActionID, &l.AppID}, `SELECT link_id, source, step, action_id, app_id FROM recovery_links
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND last_opened_at >= $4 ORDER BY last_opened_at DESC, link_id DESC LIMIT 1`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.OrderID, r.CreatedAt)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the link that was opened last: %w", err)
	}
	return l, nil
}
