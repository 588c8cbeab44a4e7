package refund

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

const columns = `refund_id, order_id, customer_id, status, amount, tip, currency, reason, external_reference_id, return_id, return_resolution_id, detail, created_at, updated_at`

func query(tx db.Tx, scope tenant.Scope, sql string, args ...any) ([]*Refund, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	var out []*Refund
	err := tx.Query(func(row db.Row) error {
		r, err := scan(row, scope)
		out = append(out, r)
		return err
	}, sql, args...)
	if err != nil {
		return nil, err
	}
	return out, loadAllocations(tx, scope, out)
}

// loadAllocations reads the allocations of some refunds of a scope.
func loadAllocations(tx db.Tx, scope tenant.Scope, refunds []*Refund) error {
	if len(refunds) == 0 {
		return nil
	}
	byID, ids := make(map[string]*Refund, len(refunds)), make([]string, len(refunds))
	for n, r := range refunds {
		byID[r.ID], ids[n] = r, r.ID
	}
	q := listing.From("refund_allocations", "refund_id, refund_allocation_id, payment_intent_id, operation_id, amount, tip, status, failure_reason",
		"refund_allocation_id", scope).In("refund_id", ids)
	if err := q.Sort("refund_id", true, false, nil); err != nil {
		return err
	}
	_, err := listing.All(tx, q, func(row db.Row) (a Allocation, err error) {
		var of string
		if err = row.Scan(&of, &a.ID, &a.PaymentIntentID, &a.OperationID, &a.Amount, &a.Tip, &a.Status, &a.FailureReason); err == nil {
			byID[of].Allocations = append(byID[of].Allocations, a)
		}
		return a, err
	})
	if err != nil {
		return fmt.Errorf("read the allocations of %d refunds: %w", len(refunds), err)
	}
	return nil
}

// Get reads a refund; a fault RESOURCE_NOT_FOUND when the scope has none.
func Get(tx db.Tx, scope tenant.Scope, refundID string) (*Refund, error) {
	return one(tx, scope, refundID, "")
}

// Load reads a refund and locks it. The order is locked before.
func Load(tx db.Tx, scope tenant.Scope, refundID string) (*Refund, error) {
	return one(tx, scope, refundID, tx.ForUpdate())
}

func one(tx db.Tx, scope tenant.Scope, refundID, lock string) (*Refund, error) {
	found, err := query(tx, scope, `SELECT `+columns+` FROM refunds WHERE merchant_id = $1 AND environment_id = $2 AND refund_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, refundID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("refund")
	}
	return found[0], nil
}

// ofOrder reads the refunds of an order that the caller has locked, oldest first.
func ofOrder(tx db.Tx, o *order.Order) ([]*Refund, error) {
	return query(tx, o.Scope, `SELECT `+columns+` FROM refunds WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 ORDER BY refund_id`,
		o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID)
}

func insert(tx db.Tx, r *Refund) error {
	detail, err := json.Marshal(&r.Detail)
	if err != nil {
		return fmt.Errorf("encode refund %s: %w", r.ID, err)
	}
	search := strings.ToLower(strings.Join([]string{r.ID, r.OrderID, r.ExternalReferenceID, r.Detail.ReasonMessage}, " "))
	if err := tx.Send(`INSERT INTO refunds (merchant_id, environment_id, `+columns+`, search, method)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, r.OrderID, r.CustomerID, r.Status, r.Amount, r.Tip, r.Currency,
		r.Reason, r.ExternalReferenceID, r.ReturnID, r.ReturnResolutionID, string(detail), r.CreatedAt, r.UpdatedAt, search, r.Method()); err != nil {
		return err
	}
	for _, a := range r.Allocations {
		if err := tx.Send(`INSERT INTO refund_allocations (merchant_id, environment_id, refund_id, refund_allocation_id,
				payment_intent_id, operation_id, amount, tip, status, failure_reason)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, a.ID, a.PaymentIntentID, a.OperationID, a.Amount, a.Tip,
			a.Status, a.FailureReason); err != nil {
			return err
		}
	}
	return nil
}

// saveAll writes the refund and all of its allocations.
func saveAll(tx db.Tx, r *Refund, now time.Time) error {
	if err := save(tx, r, nil, now); err != nil {
		return err
	}
	for n := range r.Allocations {
		a := &r.Allocations[n]
		if err := tx.Send(`UPDATE refund_allocations SET status = $5, failure_reason = $6, operation_id = $7
			WHERE merchant_id = $1 AND environment_id = $2 AND refund_id = $3 AND refund_allocation_id = $4`,
			r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, a.ID, a.Status, a.FailureReason, a.OperationID); err != nil {
			return err
		}
	}
	return nil
}

// save writes the refund and the one allocation that changed; a may be nil.
func save(tx db.Tx, r *Refund, a *Allocation, now time.Time) error {
	r.UpdatedAt = now
	detail, err := json.Marshal(&r.Detail)
	if err != nil {
		return fmt.Errorf("encode refund %s: %w", r.ID, err)
	}
	if err := tx.Send(`UPDATE refunds SET status = $4, detail = $5, updated_at = $6, tip = $7
		WHERE merchant_id = $1 AND environment_id = $2 AND refund_id = $3`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, r.Status, string(detail), r.UpdatedAt, r.Tip); err != nil || a == nil {
		return err
	}
	return tx.Send(`UPDATE refund_allocations SET status = $5, failure_reason = $6, tip = $7
		WHERE merchant_id = $1 AND environment_id = $2 AND refund_id = $3 AND refund_allocation_id = $4`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, a.ID, a.Status, a.FailureReason, a.Tip)
}

// Money is an amount in the refund's currency.
func (r *Refund) Money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: r.Currency}
}
