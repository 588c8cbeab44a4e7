package recovery

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const columns = `recovery_id, order_id, checkout_session_id, current_session_id, state, reason, returns, detail,
	last_activity_at, abandoned_at, due_at, ended_at, created_at, updated_at`

func scan(r db.Row, scope tenant.Scope) (*Recovery, error) {
	v := &Recovery{Scope: scope}
	var detail string
	if err := r.Scan(&v.ID, &v.OrderID, &v.SessionID, &v.CurrentID, &v.State, &v.Reason, &v.Returns, &detail,
		&v.LastActivityAt, &v.AbandonedAt, &v.DueAt, &v.EndedAt, &v.CreatedAt, &v.UpdatedAt); err != nil {
		return nil, err
	}
	return v, json.Unmarshal([]byte(detail), &v.Detail)
}

func query(tx db.Tx, scope tenant.Scope, condition string, args ...any) ([]*Recovery, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []*Recovery
	err := tx.Query(func(r db.Row) error {
		v, err := scan(r, scope)
		out = append(out, v)
		return err
	}, `SELECT `+columns+` FROM recoveries WHERE merchant_id = $1 AND environment_id = $2 AND `+condition,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read recoveries: %w", err)
	}
	return out, nil
}

// Get reads a recovery; a fault RESOURCE_NOT_FOUND when the scope has none.
func Get(tx db.Tx, scope tenant.Scope, recoveryID string) (*Recovery, error) {
	found, err := query(tx, scope, `recovery_id = $3`, recoveryID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("recovery")
	}
	return found[0], nil
}

// live is the order's live recovery, locked; nil without one. The order is locked by the caller.
func live(tx db.Tx, scope tenant.Scope, orderID string) (*Recovery, error) {
	found, err := query(tx, scope, `order_id = $3 AND ended_at IS NULL`+tx.ForUpdate(), orderID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func insert(tx db.Tx, r *Recovery) error {
	detail, err := json.Marshal(&r.Detail)
	if err != nil {
		return fmt.Errorf("encode recovery %s: %w", r.ID, err)
	}
	return tx.Send(`INSERT INTO recoveries (merchant_id, environment_id, `+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, r.OrderID, r.SessionID, r.CurrentID, r.State, r.Reason, r.Returns, string(detail),
		r.LastActivityAt, r.AbandonedAt, r.DueAt, r.EndedAt, r.CreatedAt, r.UpdatedAt)
}

func save(tx db.Tx, r *Recovery, now time.Time) error {
	r.UpdatedAt = now
	detail, err := json.Marshal(&r.Detail)
	if err != nil {
		return fmt.Errorf("encode recovery %s: %w", r.ID, err)
	}
	return tx.Send(`UPDATE recoveries SET checkout_session_id = $4, current_session_id = $5, state = $6, reason = $7, returns = $8,
		detail = $9, last_activity_at = $10, abandoned_at = $11, due_at = $12, ended_at = $13, updated_at = $14
		WHERE merchant_id = $1 AND environment_id = $2 AND recovery_id = $3`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, r.SessionID, r.CurrentID, r.State, r.Reason, r.Returns, string(detail),
		r.LastActivityAt, r.AbandonedAt, r.DueAt, r.EndedAt, r.UpdatedAt)
}

// putVisit notes that a session's buyer was seen. A later recovery of the same session takes it over, its
// mark stays.
func putVisit(tx db.Tx, scope tenant.Scope, sessionID, recoveryID string, now time.Time) error {
	return tx.Send(`INSERT INTO recovery_visits (merchant_id, environment_id, checkout_session_id, recovery_id, created_at)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (merchant_id, environment_id, checkout_session_id) DO UPDATE SET recovery_id = excluded.recovery_id`,
		scope.MerchantID, scope.EnvironmentID, sessionID, recoveryID, now)
}

// markVisit sets the mark of the session's abandonment and reports whether it was not set before.
func markVisit(tx db.Tx, scope tenant.Scope, sessionID string, now time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE recovery_visits SET abandoned_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3 AND abandoned_at IS NULL`,
		scope.MerchantID, scope.EnvironmentID, sessionID, now)
	if err != nil {
		return false, fmt.Errorf("mark an abandoned session: %w", err)
	}
	return n == 1, nil
}

// Steps reads the reminders of a recovery in their order.
func Steps(tx db.Tx, scope tenant.Scope, recoveryID string) ([]Step, error) {
	var out []Step
	err := tx.Query(func(r db.Row) error {
		var v Step
		err := r.Scan(&v.Number, &v.Subject, &v.State, &v.Reason, &v.addressKey, &v.MailID, &v.LinkID, &v.DueAt, &v.DecidedAt)
		out = append(out, v)
		return err
	}, `SELECT step, subject, state, reason, address_key, mail_id, link_id, due_at, decided_at FROM recovery_steps
		WHERE merchant_id = $1 AND environment_id = $2 AND recovery_id = $3 ORDER BY step`,
		scope.MerchantID, scope.EnvironmentID, recoveryID)
	if err != nil {
		return nil, fmt.Errorf("read the steps of a recovery: %w", err)
	}
	return out, nil
}

func insertStep(tx db.Tx, r *Recovery, v Step) error {
	return tx.Send(`INSERT INTO recovery_steps (merchant_id, environment_id, recovery_id, step, subject, state, due_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, v.Number, v.Subject, v.State, v.DueAt)
}

func saveStep(tx db.Tx, r *Recovery, v *Step) error {
	return tx.Send(`UPDATE recovery_steps SET state = $5, reason = $6, address_key = $7, mail_id = $8, link_id = $9, due_at = $10, decided_at = $11
		WHERE merchant_id = $1 AND environment_id = $2 AND recovery_id = $3 AND step = $4`, r.Scope.MerchantID, r.Scope.EnvironmentID,
		r.ID, v.Number, v.State, v.Reason, v.addressKey, v.MailID, v.LinkID, v.DueAt, v.DecidedAt)
}

// sentTo counts the reminders that went to an address after a moment, and locks the address so that nobody
// counts at the same time.
func sentTo(tx db.Tx, scope tenant.Scope, addressKey string, after, now time.Time) (n int64, err error) {
	err = tx.Send(`INSERT INTO recovery_addresses (merchant_id, environment_id, address_key, asked_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (merchant_id, environment_id, address_key) DO UPDATE SET asked_at = excluded.asked_at`,
		scope.MerchantID, scope.EnvironmentID, addressKey, now)
	if err != nil {
		return 0, fmt.Errorf("lock an address: %w", err)
	}
	err = tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM recovery_steps WHERE merchant_id = $1 AND environment_id = $2
		AND address_key = $3 AND state = 'sent' AND decided_at > $4`, scope.MerchantID, scope.EnvironmentID, addressKey, after)
	if err != nil {
		return 0, fmt.Errorf("count the reminders to an address: %w", err)
	}
	return n, nil
}
