package simulator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"flint/internal/db"
	"flint/internal/payment"
)

// errMoved says that somebody else changed the operation first.
var errMoved = errors.New("simulator: the operation has moved on")

// settleDue lets an operation change as planned when its time has come; a no-op when it has not.
func (s *Simulator) settleDue(ctx context.Context, k key, now time.Time) error {
	err := s.settle(ctx, k, func(r record) (payment.OutcomeState, string, error) {
		if r.SettleAt.IsZero() || now.Before(r.SettleAt) {
			return "", "", errMoved
		}
		return r.SettleTo, r.SettleCode, nil
	})
	if errors.Is(err, errMoved) {
		return nil
	}
	return err
}

// settle changes an operation and its charge into what verdict says, and queues the news. The charge
// is locked before the operation, as everywhere.
func (s *Simulator) settle(ctx context.Context, k key,
	verdict func(record) (to payment.OutcomeState, code string, err error)) error {
	var known route
	drawn := sync.Once{}
	return s.db.Write(ctx, func(tx db.Tx) error {
		r, err := readRecord(tx, k.Scope, k.ID)
		if err != nil {
			return fmt.Errorf("read the operation: %w", err)
		}
		to, code, err := verdict(r)
		if err != nil {
			return err
		}
		ch, err := lockCharge(tx, k.Scope, r.ChargeRef)
		if err != nil {
			return fmt.Errorf("lock the charge: %w", err)
		}
		version, now := r.Version, s.clock.Now()
		r.settle(&ch, to, code, now, s.delays.Return)
		changed, err := updateRecord(tx, r, version)
		if err != nil {
			return err
		}
		if !changed {
			return errMoved
		}
		if err := updateCharge(tx, k.Scope, ch); err != nil {
			return fmt.Errorf("settle the charge: %w", err)
		}
		drawn.Do(func() { known = s.faults.route(r.Kind) })
		s.failpoints.Hit("simulator.settled")
		s.nudgeAfter(tx, r.SettleAt)
		return s.enqueue(tx, r, now, known)
	})
}

// dueRecords are the operations whose time has come, the longest due first.
func dueRecords(tx db.Tx, now time.Time, limit int) ([]key, error) {
	var due []key
	err := tx.Query(func(row db.Row) error {
		var k key
		err := row.Scan(&k.Scope.MerchantID, &k.Scope.EnvironmentID, &k.ID)
		due = append(due, k)
		return err
	}, `SELECT merchant_id, environment_id, operation_id FROM simulator_operations
		WHERE settle_at IS NOT NULL AND settle_at <= $1 ORDER BY settle_at LIMIT $2`, now, limit)
	return due, err
}
