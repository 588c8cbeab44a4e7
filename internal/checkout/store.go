package checkout

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const columns = `checkout_session_id, order_id, invoice_id, payment_link_id, recovery_id, status, terminal_reason, surface, origin, customer_id, external_reference_id,
	superseding_id, secret_hash, launch_hash, detail, contact_until, expires_at, created_at, updated_at`

func scan(r db.Row, scope tenant.Scope) (*Session, error) {
	s := &Session{Scope: scope}
	var detail string
	if err := r.Scan(&s.ID, &s.OrderID, &s.InvoiceID, &s.PaymentLinkID, &s.RecoveryID, &s.Status, &s.TerminalReason, &s.Surface, &s.Origin, &s.CustomerID,
		&s.ExternalReferenceID, &s.SupersedingID, &s.SecretHash, &s.LaunchHash, &detail, &s.ContactUntil, &s.ExpiresAt, &s.CreatedAt,
		&s.UpdatedAt); err != nil {
		return nil, err
	}
	return s, json.Unmarshal([]byte(detail), &s.Detail)
}

func query(tx db.Tx, scope tenant.Scope, condition string, args ...any) ([]*Session, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []*Session
	err := tx.Query(func(r db.Row) error {
		s, err := scan(r, scope)
		out = append(out, s)
		return err
	}, `SELECT `+columns+` FROM checkout_sessions WHERE merchant_id = $1 AND environment_id = $2 AND `+condition,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	return out, err
}

// Get reads a session; a fault RESOURCE_NOT_FOUND when the scope has none.
func Get(tx db.Tx, scope tenant.Scope, sessionID string) (*Session, error) {
	return one(tx, scope, sessionID, "")
}

// load reads a session and locks it. Its order is locked before.
func load(tx db.Tx, scope tenant.Scope, sessionID string) (*Session, error) {
	return one(tx, scope, sessionID, tx.ForUpdate())
}

func one(tx db.Tx, scope tenant.Scope, sessionID, lock string) (*Session, error) {
	found, err := query(tx, scope, `checkout_session_id = $3`+lock, sessionID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("checkout session")
	}
	return found[0], nil
}

// openOf is the order's open session, nil without one.
func openOf(tx db.Tx, scope tenant.Scope, orderID string) (*Session, error) {
	found, err := query(tx, scope, `order_id = $3 AND status = 'open'`+tx.ForUpdate(), orderID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// Find tells whose session an id is; pages know nothing but the id. The caller checks a credential
// before it shows anything.
func Find(tx db.Tx, sessionID string) (*Session, error) {
	scope, err := ScopeOf(tx, sessionID)
	if err != nil {
		return nil, err
	}
	return Get(tx, scope, sessionID)
}

// ScopeOf finds whose a session is. RESOURCE_NOT_FOUND when there is none.
func ScopeOf(tx db.Tx, sessionID string) (tenant.Scope, error) {
	var scope tenant.Scope
	err := tx.QueryRow([]any{&scope.MerchantID, &scope.EnvironmentID},
		`SELECT merchant_id, environment_id FROM checkout_sessions WHERE checkout_session_id = $1`, sessionID)
	if errors.Is(err, db.ErrNoRows) {
		return tenant.Scope{}, fault.NotFound("checkout session")
	}
	return scope, err
}

func insert(tx db.Tx, s *Session) error {
	detail, err := json.Marshal(&s.Detail)
	if err != nil {
		return fmt.Errorf("encode checkout session %s: %w", s.ID, err)
	}
	return tx.Send(`INSERT INTO checkout_sessions (merchant_id, environment_id, `+columns+`, search)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		s.Scope.MerchantID, s.Scope.EnvironmentID, s.ID, s.OrderID, s.InvoiceID, s.PaymentLinkID, s.RecoveryID, s.Status, s.TerminalReason, s.Surface, s.Origin,
		s.CustomerID, s.ExternalReferenceID, s.SupersedingID, s.SecretHash, s.LaunchHash, string(detail), s.ContactUntil, s.ExpiresAt,
		s.CreatedAt, s.UpdatedAt, searchText(s))
}

func save(tx db.Tx, s *Session, now time.Time) error {
	s.UpdatedAt = now
	detail, err := json.Marshal(&s.Detail)
	if err != nil {
		return fmt.Errorf("encode checkout session %s: %w", s.ID, err)
	}
	return tx.Send(`UPDATE checkout_sessions SET status = $4, terminal_reason = $5, customer_id = $6, external_reference_id = $7,
		superseding_id = $8, detail = $9, expires_at = $10, updated_at = $11, search = $12, contact_until = $13
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3`,
		s.Scope.MerchantID, s.Scope.EnvironmentID, s.ID, s.Status, s.TerminalReason, s.CustomerID, s.ExternalReferenceID,
		s.SupersedingID, string(detail), s.ExpiresAt, s.UpdatedAt, searchText(s), s.ContactUntil)
}

func searchText(s *Session) string {
	parts := []string{s.ID, s.ExternalReferenceID, s.Detail.PaymentNote}
	for k, v := range s.Detail.Metadata {
		parts = append(parts, k, v)
	}
	return strings.ToLower(strings.Join(parts, " "))
}
