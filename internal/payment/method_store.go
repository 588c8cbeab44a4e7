package payment

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

const methodColumns = `payment_method_id, customer_id, status, usage, type, processor, source, setup_hash, detail, pending_until, expires_at, created_at, updated_at`

func insertMethod(tx db.Tx, m *Method) error {
	if err := m.Scope.Check(); err != nil {
		return err
	}
	detail, err := json.Marshal(&m.Detail)
	if err != nil {
		return fmt.Errorf("encode payment method %s: %w", m.ID, err)
	}
	err = tx.Send(`INSERT INTO payment_methods (merchant_id, environment_id, `+methodColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		m.Scope.MerchantID, m.Scope.EnvironmentID, m.ID, m.CustomerID, m.Status, m.Usage, m.Type, m.Processor, m.source, m.SetupHash,
		string(detail), m.PendingUntil, m.ExpiresAt, m.CreatedAt, m.UpdatedAt)
	if err != nil {
		return fmt.Errorf("insert payment method %s: %w", m.ID, err)
	}
	return nil
}

func saveMethod(tx db.Tx, m *Method) error {
	detail, err := json.Marshal(&m.Detail)
	if err != nil {
		return fmt.Errorf("encode payment method %s: %w", m.ID, err)
	}
	err = tx.Send(`UPDATE payment_methods SET status = $4, source = $5, setup_hash = $6, detail = $7, expires_at = $8, updated_at = $9
		WHERE merchant_id = $1 AND environment_id = $2 AND payment_method_id = $3`,
		m.Scope.MerchantID, m.Scope.EnvironmentID, m.ID, m.Status, m.source, m.SetupHash, string(detail), m.ExpiresAt, m.UpdatedAt)
	if err != nil {
		return fmt.Errorf("save payment method %s: %w", m.ID, err)
	}
	return nil
}

func scanMethod(r db.Row, scope tenant.Scope) (*Method, error) {
	m := &Method{Scope: scope}
	var detail []byte
	err := r.Scan(&m.ID, &m.CustomerID, &m.Status, &m.Usage, &m.Type, &m.Processor, &m.source, &m.SetupHash, &detail, &m.PendingUntil,
		&m.ExpiresAt, &m.CreatedAt, &m.UpdatedAt)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(detail, &m.Detail); err != nil {
		return nil, fmt.Errorf("decode payment method %s: %w", m.ID, err)
	}
	return m, nil
}

func readMethod(tx db.Tx, scope tenant.Scope, methodID, lock string) (*Method, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.PaymentMethod, methodID) {
		return nil, fault.NotFound("payment method")
	}
	var m *Method
	err := tx.Query(func(r db.Row) (err error) {
		m, err = scanMethod(r, scope)
		return err
	}, `SELECT `+methodColumns+` FROM payment_methods WHERE merchant_id = $1 AND environment_id = $2 AND payment_method_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, methodID)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read payment method %s: %w", methodID, err)
	case m == nil:
		return nil, fault.NotFound("payment method")
	}
	return m, nil
}

// methodBySetup finds the payment method that a setup page completes.
func methodBySetup(tx db.Tx, hash, lock string) (*Method, error) {
	var scope tenant.Scope
	methodID := ""
	err := tx.Query(func(r db.Row) error { return r.Scan(&scope.MerchantID, &scope.EnvironmentID, &methodID) },
		`SELECT merchant_id, environment_id, payment_method_id FROM payment_methods WHERE setup_hash = $1`, hash)
	switch {
	case err != nil:
		return nil, fmt.Errorf("find a payment method by its setup: %w", err)
	case methodID == "":
		return nil, fault.NotFound("payment method")
	}
	return readMethod(tx, scope, methodID, lock)
}

// MethodList filters payment methods; empty fields do not filter, but without Status only active ones
// are listed.
type MethodList struct {
	Scope      tenant.Scope
	CustomerID string
	Type       string
	Status     string
	Usage      string
	Now        time.Time
	After      *listing.Cursor
	Limit      int
}

// ListMethods reads one page of payment methods, newest first.
func ListMethods(tx db.Tx, in MethodList) ([]*Method, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	status := in.Status
	if status == "" {
		status = MethodActive
	}
	q := listing.From("payment_methods", methodColumns, "payment_method_id", in.Scope).
		Equal("customer_id", in.CustomerID).Equal("type", in.Type).Equal("usage", in.Usage)
	switch status {
	case MethodActive:
		q = q.And("status = 'active' AND (expires_at IS NULL OR expires_at > ?)", in.Now)
	case MethodExpired:
		q = q.And("status = 'active' AND expires_at <= ?", in.Now)
	case MethodPending:
		q = q.And("status = 'pending' AND pending_until > ?", in.Now)
	case MethodFailed:
		q = q.And("(status = 'failed' OR (status = 'pending' AND pending_until <= ?))", in.Now)
	default:
		q = q.Equal("status", status)
	}
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Method, error) { return scanMethod(r, in.Scope) },
		func(m *Method) listing.Cursor { return listing.At(m.CreatedAt, m.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list payment methods: %w", err)
	}
	return found, next, nil
}
