package dispute

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/tenant"
)

const columns = `dispute_id, payment_intent_id, order_id, customer_id, processor, processor_ref, status, case_type, reason, amount, open_amount,
	lost_amount, currency, submissions, evidence_due_at, version, status_changed_at, created_at, updated_at`

func scan(r db.Row, scope tenant.Scope) (*Dispute, error) {
	d := &Dispute{Scope: scope}
	return d, r.Scan(&d.ID, &d.PaymentIntentID, &d.OrderID, &d.CustomerID, &d.Processor, &d.ProcessorRef, &d.Status, &d.CaseType, &d.Reason,
		&d.Amount, &d.Open, &d.Lost, &d.Currency, &d.Submissions, &d.EvidenceDueAt, &d.Version, &d.StatusChangedAt, &d.CreatedAt, &d.UpdatedAt)
}

func query(tx db.Tx, scope tenant.Scope, where string, args ...any) (out []*Dispute, err error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	err = tx.Query(func(r db.Row) error {
		d, err := scan(r, scope)
		out = append(out, d)
		return err
	}, `SELECT `+columns+` FROM disputes WHERE merchant_id = $1 AND environment_id = $2 AND `+where,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read disputes: %w", err)
	}
	return out, nil
}

// Get reads a dispute; a fault RESOURCE_NOT_FOUND when the scope has none.
func Get(tx db.Tx, scope tenant.Scope, disputeID string) (*Dispute, error) {
	found, err := query(tx, scope, `dispute_id = $3`, disputeID)
	if err == nil && len(found) == 0 {
		err = fault.NotFound("dispute")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// OfIntent reads the disputes of a payment, oldest first.
func OfIntent(tx db.Tx, scope tenant.Scope, intentID string) ([]*Dispute, error) {
	return query(tx, scope, `payment_intent_id = $3 ORDER BY dispute_id`, intentID)
}

// byRef reads and locks the dispute that a processor knows by ref, nil when there is none. The order is locked
// before.
func byRef(tx db.Tx, scope tenant.Scope, processor, ref string) (*Dispute, error) {
	found, err := query(tx, scope, `processor = $3 AND processor_ref = $4`+tx.ForUpdate(), processor, ref)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func put(tx db.Tx, d *Dispute, fresh bool) error {
	if fresh {
		return tx.Send(`INSERT INTO disputes (merchant_id, environment_id, `+columns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`,
			d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.PaymentIntentID, d.OrderID, d.CustomerID, d.Processor, d.ProcessorRef, d.Status,
			d.CaseType, d.Reason, d.Amount, d.Open, d.Lost, d.Currency, d.Submissions, d.EvidenceDueAt, d.Version, d.StatusChangedAt, d.CreatedAt,
			d.UpdatedAt)
	}
	return tx.Send(`UPDATE disputes SET status = $4, case_type = $5, reason = $6, open_amount = $7, lost_amount = $8, submissions = $9,
			evidence_due_at = $10, version = $11, status_changed_at = $12, updated_at = $13
		WHERE merchant_id = $1 AND environment_id = $2 AND dispute_id = $3`,
		d.Scope.MerchantID, d.Scope.EnvironmentID, d.ID, d.Status, d.CaseType, d.Reason, d.Open, d.Lost, d.Submissions, d.EvidenceDueAt, d.Version,
		d.StatusChangedAt, d.UpdatedAt)
}

// ListInput filters disputes; empty fields do not filter.
type ListInput struct {
	Scope           tenant.Scope
	PaymentIntentID string
	OrderID         string
	CustomerID      string
	Status          string
	Reason          string
	CaseType        string
	CreatedAfter    time.Time
	CreatedBefore   time.Time
	DueAfter        time.Time
	DueBefore       time.Time
	After           *listing.Cursor
	Limit           int
}

// List reads one page of disputes, newest first, and the cursor of the next, nil on the last page.
func List(tx db.Tx, in ListInput) ([]*Dispute, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("disputes", columns, "dispute_id", in.Scope).
		Equal("payment_intent_id", in.PaymentIntentID).Equal("order_id", in.OrderID).Equal("customer_id", in.CustomerID).
		Equal("status", in.Status).Equal("reason", in.Reason).Equal("case_type", in.CaseType).
		Range("created_at", in.CreatedAfter, in.CreatedBefore).Range("evidence_due_at", in.DueAfter, in.DueBefore)
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Dispute, error) { return scan(r, in.Scope) },
		func(d *Dispute) listing.Cursor { return listing.At(d.CreatedAt, d.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list disputes: %w", err)
	}
	return found, next, nil
}

// OrderClaimed gives the disputes of an order to its customer, when a guest purchase got one. It is an
// order.Service.Claimed.
func OrderClaimed(tx db.Tx, o *order.Order) error {
	if err := tx.Send(`UPDATE disputes SET customer_id = $4 WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`,
		o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID, o.CustomerID); err != nil {
		return fmt.Errorf("give disputes to a customer: %w", err)
	}
	return nil
}
