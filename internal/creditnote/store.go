package creditnote

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/refund"
	"flint/internal/tenant"
)

const columns = `credit_note_id, invoice_id, order_id, status, reason, credit_note_number, sequence, version, currency,
	external_reference_id, total, allocated, refunded, pending, doc, issued_at, created_at, updated_at`

func scan(row db.Row, scope tenant.Scope) (*Note, error) {
	n := &Note{Scope: scope}
	var doc string
	if err := row.Scan(&n.ID, &n.InvoiceID, &n.OrderID, &n.Status, &n.Reason, &n.Number, &n.Sequence, &n.Version, &n.Currency,
		&n.ExternalReferenceID, &n.Total, &n.Allocated, &n.Refunded, &n.Pending, &doc, &n.IssuedAt, &n.CreatedAt, &n.UpdatedAt); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(doc), n); err != nil {
		return nil, fmt.Errorf("decode credit note %s: %w", n.ID, err)
	}
	return n, nil
}

// Get reads a credit note without locking it; RESOURCE_NOT_FOUND when the environment has none with the id.
func Get(tx db.Tx, scope tenant.Scope, noteID string) (*Note, error) {
	return one(tx, scope, noteID, "")
}

// load reads a credit note and locks it; its order and invoice are locked before, except for drafts.
func load(tx db.Tx, scope tenant.Scope, noteID string) (*Note, error) {
	return one(tx, scope, noteID, tx.ForUpdate())
}

func one(tx db.Tx, scope tenant.Scope, noteID, lock string) (*Note, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	if !id.Valid(id.CreditNote, noteID) {
		return nil, fault.NotFound("credit note")
	}
	var n *Note
	err := tx.Query(func(row db.Row) (err error) {
		n, err = scan(row, scope)
		return err
	}, `SELECT `+columns+` FROM credit_notes WHERE merchant_id = $1 AND environment_id = $2 AND credit_note_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, noteID)
	if err != nil {
		return nil, fmt.Errorf("read the credit note: %w", err)
	}
	if n == nil {
		return nil, fault.NotFound("credit note")
	}
	return n, nil
}

func (n *Note) args() ([]any, error) {
	doc, err := json.Marshal(n, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode credit note %s: %w", n.ID, err)
	}
	search := strings.ToLower(strings.Join([]string{n.ID, n.Number, n.InvoiceNumber, n.ExternalReferenceID, n.Memo}, "\n"))
	return []any{n.Scope.MerchantID, n.Scope.EnvironmentID, n.ID, n.Status, n.Reason, n.Number, n.Sequence, n.Version,
		n.ExternalReferenceID, n.Total, n.Allocated, n.Refunded, n.Pending, search, string(doc), n.IssuedAt, n.UpdatedAt}, nil
}

func insert(tx db.Tx, n *Note) error {
	args, err := n.args()
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO credit_notes (merchant_id, environment_id, credit_note_id, status, reason, credit_note_number, sequence,
		version, external_reference_id, total, allocated, refunded, pending, search, doc, issued_at, updated_at, invoice_id, order_id,
		currency, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
		append(args, n.InvoiceID, n.OrderID, string(n.Currency), n.CreatedAt)...)
	if err != nil {
		return fmt.Errorf("insert the credit note: %w", err)
	}
	return nil
}

// save writes a loaded note under its next version.
func save(tx db.Tx, n *Note, now time.Time) error {
	n.Version, n.UpdatedAt = n.Version+1, now
	args, err := n.args()
	if err != nil {
		return err
	}
	err = tx.Send(`UPDATE credit_notes SET status = $4, reason = $5, credit_note_number = $6, sequence = $7, version = $8,
		external_reference_id = $9, total = $10, allocated = $11, refunded = $12, pending = $13, search = $14, doc = $15, issued_at = $16,
		updated_at = $17 WHERE merchant_id = $1 AND environment_id = $2 AND credit_note_id = $3`, args...)
	if err != nil {
		return fmt.Errorf("update the credit note: %w", err)
	}
	return nil
}

// Standing tells whether an issued credit note stands against an invoice.
func Standing(tx db.Tx, scope tenant.Scope, invoiceID string) (standing bool, err error) {
	err = tx.Query(func(db.Row) error { standing = true; return nil },
		`SELECT credit_note_id FROM credit_notes WHERE merchant_id = $1 AND environment_id = $2 AND invoice_id = $3 AND status = 'issued' LIMIT 1`,
		scope.MerchantID, scope.EnvironmentID, invoiceID)
	return standing, err
}

// loadTaken reads what issued notes hold of the lines of an invoice.
func loadTaken(tx db.Tx, scope tenant.Scope, invoiceID string) (map[string]taken, error) {
	out := map[string]taken{}
	err := tx.Query(func(row db.Row) error {
		var lineID string
		var t taken
		err := row.Scan(&lineID, &t.quantity, &t.total, &t.discount, &t.tax, &t.additive)
		out[lineID] = t
		return err
	}, `SELECT line_id, quantity, total, discount, tax, tax_additive FROM credit_note_items
		WHERE merchant_id = $1 AND environment_id = $2 AND invoice_id = $3`, scope.MerchantID, scope.EnvironmentID, invoiceID)
	if err != nil {
		return nil, fmt.Errorf("read what credit notes hold of invoice %s: %w", invoiceID, err)
	}
	return out, nil
}

// hold writes what issued notes hold of a line of the invoice. The invoice is locked.
func hold(tx db.Tx, n *Note, lineID string, billedQuantity, billedTotal int64, t taken) error {
	err := tx.Send(`INSERT INTO credit_note_items (merchant_id, environment_id, invoice_id, line_id, billed_quantity, billed_total,
			quantity, total, discount, tax, tax_additive) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (merchant_id, environment_id, invoice_id, line_id)
		DO UPDATE SET quantity = excluded.quantity, total = excluded.total, discount = excluded.discount, tax = excluded.tax,
			tax_additive = excluded.tax_additive`,
		n.Scope.MerchantID, n.Scope.EnvironmentID, n.InvoiceID, lineID, billedQuantity, billedTotal, t.quantity, t.total, t.discount, t.tax, t.additive)
	if err != nil {
		return fmt.Errorf("hold a line of invoice %s: %w", n.InvoiceID, err)
	}
	return nil
}

// nextNumber counts the credit notes of an environment up from 1001. The number is gone with the transaction
// when that does not commit, so there are no gaps.
func nextNumber(tx db.Tx, scope tenant.Scope) (n int64, err error) {
	err = tx.QueryRow([]any{&n}, `INSERT INTO invoice_numbers (merchant_id, environment_id, series, last) VALUES ($1, $2, 'credit_note', 1001)
		ON CONFLICT (merchant_id, environment_id, series) DO UPDATE SET last = invoice_numbers.last + 1 RETURNING last`,
		scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return 0, fmt.Errorf("count the credit note: %w", err)
	}
	return n, nil
}

func insertAllocation(tx db.Tx, scope tenant.Scope, a *Allocation) error {
	return tx.Send(`INSERT INTO credit_note_allocations (merchant_id, environment_id, credit_note_id, allocation_id, invoice_id, amount,
		idempotency_key, allocated_at, reversed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		scope.MerchantID, scope.EnvironmentID, a.NoteID, a.ID, a.InvoiceID, a.Amount, a.IdempotencyKey, a.AllocatedAt, a.ReversedAt)
}

func linkRefund(tx db.Tx, n *Note, r *refund.Refund) error {
	return tx.Send(`INSERT INTO credit_note_refunds (merchant_id, environment_id, credit_note_id, refund_id, idempotency_key, created_at)
		VALUES ($1, $2, $3, $4, $5, $6)`, n.Scope.MerchantID, n.Scope.EnvironmentID, n.ID, r.ID, r.Detail.IdempotencyKey, r.CreatedAt)
}

// refundsOf reads the refunds that pay a note out, oldest first.
func refundsOf(tx db.Tx, scope tenant.Scope, noteID string) ([]*refund.Refund, error) {
	var ids []string
	err := tx.Query(func(row db.Row) error {
		var refundID string
		err := row.Scan(&refundID)
		ids = append(ids, refundID)
		return err
	}, `SELECT refund_id FROM credit_note_refunds WHERE merchant_id = $1 AND environment_id = $2 AND credit_note_id = $3
		ORDER BY created_at, refund_id`, scope.MerchantID, scope.EnvironmentID, noteID)
	if err != nil {
		return nil, fmt.Errorf("read the refunds of credit note %s: %w", noteID, err)
	}
	return getRefunds(tx, scope, ids)
}

func getRefunds(tx db.Tx, scope tenant.Scope, ids []string) ([]*refund.Refund, error) {
	out := make([]*refund.Refund, 0, len(ids))
	for _, refundID := range ids {
		r, err := refund.Get(tx, scope, refundID)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
