package invoice

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// stored is what the row says, as of Load or the last save.
type stored struct {
	version    int64
	activities int64
	status     string
	amounts    Amounts
}

const columns = `invoice_id, order_id, customer_id, status, invoice_number, sequence, version, currency, external_reference_id,
	total, fees, waived, paid, credited, written_off, refunded, due_at, next_check_at, link_id, token_hash, activities, doc, issued_at,
	created_at, updated_at`

func scan(r db.Row, scope tenant.Scope) (*Invoice, error) {
	v := &Invoice{Scope: scope}
	var doc string
	a := &v.Amounts
	err := r.Scan(&v.ID, &v.OrderID, &v.CustomerID, &v.Status, &v.Number, &v.Sequence, &v.Version, &v.Currency, &v.ExternalReferenceID,
		&a.Total, &a.Fees, &a.Waived, &a.Paid, &a.Credited, &a.WrittenOff, &a.Refunded, &v.DueAt, &v.NextCheckAt, &v.LinkID, &v.TokenHash,
		&v.stored.activities, &doc, &v.IssuedAt, &v.CreatedAt, &v.UpdatedAt)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return nil, fmt.Errorf("decode invoice %s: %w", v.ID, err)
	}
	v.stored.version, v.stored.status, v.stored.amounts = v.Version, v.Status, v.Amounts
	return v, nil
}

// Get reads an invoice without locking it; RESOURCE_NOT_FOUND when the environment has none with the id.
func Get(tx db.Tx, scope tenant.Scope, invoiceID string) (*Invoice, error) {
	return one(tx, scope, invoiceID, "")
}

// load reads an invoice and locks it; its order is locked before.
func load(tx db.Tx, scope tenant.Scope, invoiceID string) (*Invoice, error) {
	return one(tx, scope, invoiceID, tx.ForUpdate())
}

func one(tx db.Tx, scope tenant.Scope, invoiceID, lock string) (*Invoice, error) {
	if !id.Valid(id.Invoice, invoiceID) {
		return nil, fault.NotFound("invoice")
	}
	return first(tx, scope, `invoice_id = $3`+lock, invoiceID)
}

func first(tx db.Tx, scope tenant.Scope, where string, args ...any) (*Invoice, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var v *Invoice
	err := tx.Query(func(r db.Row) (err error) {
		v, err = scan(r, scope)
		return err
	}, `SELECT `+columns+` FROM invoices WHERE merchant_id = $1 AND environment_id = $2 AND `+where,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the invoice: %w", err)
	case v == nil:
		return nil, fault.NotFound("invoice")
	}
	return v, nil
}

// FindByLink reads the invoice behind the access id of a public address, whosever it is; RESOURCE_NOT_FOUND
// for unknown and replaced ones.
func FindByLink(tx db.Tx, linkID string) (*Invoice, error) {
	return find(tx, "link_id", linkID)
}

// FindByToken reads the invoice that a buyer's token opens; RESOURCE_NOT_FOUND for unknown and replaced ones.
func FindByToken(tx db.Tx, tokenHash string) (*Invoice, error) {
	return find(tx, "token_hash", tokenHash)
}

func find(tx db.Tx, column, value string) (*Invoice, error) {
	if value == "" {
		return nil, fault.NotFound("invoice")
	}
	var scope tenant.Scope
	var invoiceID string
	err := tx.QueryRow([]any{&scope.MerchantID, &scope.EnvironmentID, &invoiceID},
		`SELECT merchant_id, environment_id, invoice_id FROM invoices WHERE `+column+` = $1`, value)
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.NotFound("invoice")
	}
	if err != nil {
		return nil, fmt.Errorf("find the invoice: %w", err)
	}
	return Get(tx, scope, invoiceID)
}

// args are the parameters that insert and update share, from $1 on.
func (v *Invoice) args(activities int64) ([]any, error) {
	doc, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode invoice %s: %w", v.ID, err)
	}
	a := v.Amounts
	return []any{
		v.Scope.MerchantID, v.Scope.EnvironmentID, v.ID, v.CustomerID, v.Status, v.Number, v.Sequence, v.Version, v.ExternalReferenceID,
		a.Total, a.Fees, a.Waived, a.Paid, a.Credited, a.WrittenOff, a.Refunded, a.Outstanding(), v.DueAt, v.OverdueAt(), v.NextCheckAt,
		v.LinkID, v.TokenHash, activities, v.searchText(), string(doc), v.IssuedAt, v.UpdatedAt,
	}, nil
}

func insert(tx db.Tx, v *Invoice, activities int64) error {
	args, err := v.args(activities)
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO invoices (merchant_id, environment_id, invoice_id, customer_id, status, invoice_number, sequence, version,
		external_reference_id, total, fees, waived, paid, credited, written_off, refunded, outstanding, due_at, overdue_at, next_check_at,
		link_id, token_hash, activities, search, doc, issued_at, updated_at, order_id, currency, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26,
			$27, $28, $29, $30)`, append(args, v.OrderID, string(v.Currency), v.CreatedAt)...)
	if err != nil {
		return fmt.Errorf("insert the invoice: %w", err)
	}
	v.noteStored(activities)
	return nil
}

// update writes the row under its next version.
func update(tx db.Tx, v *Invoice, now time.Time, activities int64) error {
	v.Version, v.UpdatedAt = v.stored.version+1, now
	args, err := v.args(activities)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE invoices SET customer_id = $4, status = $5, invoice_number = $6, sequence = $7, version = $8,
		external_reference_id = $9, total = $10, fees = $11, waived = $12, paid = $13, credited = $14, written_off = $15, refunded = $16,
		outstanding = $17, due_at = $18, overdue_at = $19, next_check_at = $20, link_id = $21, token_hash = $22, activities = $23,
		search = $24, doc = $25, issued_at = $26, updated_at = $27
		WHERE merchant_id = $1 AND environment_id = $2 AND invoice_id = $3 AND version = $28`, append(args, v.stored.version)...)
	if err != nil {
		return fmt.Errorf("update the invoice: %w", err)
	}
	if n != 1 {
		return fault.Conflict("INVOICE_BALANCE_CHANGED", "The invoice was changed at the same time.").Retry(0)
	}
	v.noteStored(activities)
	return nil
}

func (v *Invoice) noteStored(activities int64) {
	v.stored = stored{version: v.Version, activities: activities, status: v.Status, amounts: v.Amounts}
}

// searchText is what the list's query filter looks at, in lower case.
func (v *Invoice) searchText() string {
	parts := append([]string{v.Number, v.ExternalReferenceID, v.RecipientEmail, v.Reference, v.PONumber, v.Memo}, v.SearchWords...)
	return strings.ToLower(strings.Join(parts, "\n"))
}

// nextNumber locks the counter of the environment's invoices and counts up from 1001. Nothing else numbers,
// and the number is gone with the transaction when that does not commit, so there are no gaps.
func nextNumber(tx db.Tx, scope tenant.Scope) (int64, error) {
	var n int64
	err := tx.QueryRow([]any{&n}, `INSERT INTO invoice_numbers (merchant_id, environment_id, series, last) VALUES ($1, $2, 'invoice', 1001)
		ON CONFLICT (merchant_id, environment_id, series) DO UPDATE SET last = invoice_numbers.last + 1 RETURNING last`,
		scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return 0, fmt.Errorf("count the invoice: %w", err)
	}
	return n, nil
}
