package stranded

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const columns = `stranded_payment_id, order_id, payment_intent_id, attempt_id, checkout_session_id, reason, status, currency, amount,
	remaining, resolution, refund_id, assigned_order_id, assigned_payment_intent_id, note, resolved_by_type, resolved_by_id, resolved_at,
	created_at, updated_at`

func scan(r db.Row, scope tenant.Scope) (*Payment, error) {
	p := &Payment{Scope: scope}
	return p, r.Scan(&p.ID, &p.OrderID, &p.PaymentIntentID, &p.AttemptID, &p.CheckoutSessionID, &p.Reason, &p.Status, &p.Currency,
		&p.Amount, &p.Remaining, &p.Resolution, &p.RefundID, &p.AssignedOrderID, &p.AssignedPaymentIntentID, &p.Note, &p.ResolvedByType,
		&p.ResolvedByID, &p.ResolvedAt, &p.CreatedAt, &p.UpdatedAt)
}

func query(tx db.Tx, scope tenant.Scope, condition string, args ...any) ([]*Payment, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []*Payment
	err := tx.Query(func(r db.Row) error {
		p, err := scan(r, scope)
		out = append(out, p)
		return err
	}, `SELECT `+columns+` FROM stranded_payments WHERE merchant_id = $1 AND environment_id = $2 AND `+condition,
		append([]any{scope.MerchantID, scope.EnvironmentID}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read stranded payments: %w", err)
	}
	return out, nil
}

// Get reads one row; a fault RESOURCE_NOT_FOUND when the scope has none.
func Get(tx db.Tx, scope tenant.Scope, strandedID string) (*Payment, error) {
	return one(tx, scope, strandedID, "")
}

// load reads one row and locks it. Its order is locked before.
func load(tx db.Tx, scope tenant.Scope, strandedID string) (*Payment, error) {
	return one(tx, scope, strandedID, tx.ForUpdate())
}

func one(tx db.Tx, scope tenant.Scope, strandedID, lock string) (*Payment, error) {
	found, err := query(tx, scope, `stranded_payment_id = $3`+lock, strandedID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("stranded payment")
	}
	return found[0], nil
}

// undecided are the rows of an order that are not resolved, oldest first, locked.
func undecided(tx db.Tx, scope tenant.Scope, orderID string) ([]*Payment, error) {
	return query(tx, scope, `order_id = $3 AND status <> 'resolved' ORDER BY stranded_payment_id`+tx.ForUpdate(), orderID)
}

// ListInput filters rows; empty fields do not filter.
type ListInput struct {
	Scope         tenant.Scope
	Status        string
	OrderID       string
	Reason        string
	CreatedAfter  time.Time
	CreatedBefore time.Time
	Ascending     bool
	After         *listing.Cursor
	Limit         int
}

// List reads one page by time of creation, newest first unless ascending, and the cursor of the next.
func List(tx db.Tx, in ListInput) ([]*Payment, *listing.Cursor, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, nil, err
	}
	q := listing.From("stranded_payments", columns, "stranded_payment_id", in.Scope).Equal("status", in.Status).
		Equal("order_id", in.OrderID).Equal("reason", in.Reason).Range("created_at", in.CreatedAfter, in.CreatedBefore)
	if err := q.Sort("created_at", in.Ascending, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Payment, error) { return scan(r, in.Scope) },
		func(p *Payment) listing.Cursor { return listing.At(p.CreatedAt, p.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list stranded payments: %w", err)
	}
	return found, next, nil
}

func insert(tx db.Tx, p *Payment) error {
	err := tx.Send(`INSERT INTO stranded_payments (merchant_id, environment_id, `+columns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.OrderID, p.PaymentIntentID, p.AttemptID, p.CheckoutSessionID, p.Reason, p.Status,
		p.Currency, p.Amount, p.Remaining, p.Resolution, p.RefundID, p.AssignedOrderID, p.AssignedPaymentIntentID, p.Note, p.ResolvedByType,
		p.ResolvedByID, p.ResolvedAt, p.CreatedAt, p.UpdatedAt)
	if err != nil {
		return fmt.Errorf("put %s into the inbox: %w", p.PaymentIntentID, err)
	}
	return nil
}

// save writes a row that is locked and tells of it when a type of event is named.
func (s *Service) save(tx db.Tx, p *Payment, kind string, cause event.Cause) error {
	p.UpdatedAt = s.Clock.Now()
	err := tx.Send(`UPDATE stranded_payments SET status = $4, remaining = $5, resolution = $6, refund_id = $7, assigned_order_id = $8,
		assigned_payment_intent_id = $9, note = $10, resolved_by_type = $11, resolved_by_id = $12, resolved_at = $13, updated_at = $14
		WHERE merchant_id = $1 AND environment_id = $2 AND stranded_payment_id = $3`,
		p.Scope.MerchantID, p.Scope.EnvironmentID, p.ID, p.Status, p.Remaining, p.Resolution, p.RefundID, p.AssignedOrderID,
		p.AssignedPaymentIntentID, p.Note, p.ResolvedByType, p.ResolvedByID, p.ResolvedAt, p.UpdatedAt)
	if err != nil {
		return fmt.Errorf("write stranded payment %s: %w", p.ID, err)
	}
	if kind == "" {
		return nil
	}
	return s.tell(tx, p, kind, cause)
}

func (s *Service) tell(tx db.Tx, p *Payment, kind string, cause event.Cause) error {
	return s.Events.Record(tx, p.Scope, p.UpdatedAt, cause, event.New{
		Type: kind, RootType: "order", RootID: p.OrderID, ResourceType: "stranded_payment", ResourceID: p.ID,
		Data: data{
			ID: p.ID, OrderID: p.OrderID, IntentID: p.PaymentIntentID, Status: p.Status, Reason: p.Reason, Amount: p.Money(p.Amount),
			Remaining: p.Money(p.Remaining), Resolution: p.Resolution, RefundID: p.RefundID, AssignedTo: p.AssignedOrderID, UpdatedAt: p.UpdatedAt,
		},
	})
}
