package returns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// duePage is how many returns one round looks at.
const duePage = 100

// RunPlanned lets planned dispositions happen until ctx ends, looking every so often.
func (s *Service) RunPlanned(ctx context.Context, d db.DB, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := s.SettlePlanned(ctx, d); err != nil && ctx.Err() == nil {
			log.Error("planned dispositions of returns wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// SettlePlanned lets every planned disposition happen whose time has come, a transaction for each return. A
// return that fails keeps no other waiting.
func (s *Service) SettlePlanned(ctx context.Context, d db.DB) error {
	type place struct {
		scope    tenant.Scope
		returnID string
	}
	var found []place
	err := d.Read(ctx, func(tx db.Tx) error {
		return tx.Query(func(row db.Row) error {
			var p place
			err := row.Scan(&p.scope.MerchantID, &p.scope.EnvironmentID, &p.returnID)
			found = append(found, p)
			return err
		}, `SELECT DISTINCT merchant_id, environment_id, return_id FROM return_dispositions
			WHERE status = 'pending' AND occurred_at <= $1 LIMIT $2`, s.Clock.Now(), duePage)
	})
	if err != nil {
		return fmt.Errorf("find planned dispositions: %w", err)
	}
	var failed []error
	for _, p := range found {
		err := d.Write(ctx, func(tx db.Tx) error {
			r, o, err := s.Load(tx, p.scope, p.returnID)
			if err != nil {
				return err
			}
			return s.save(tx, o, r, event.Cause{ActorType: "system"}, change{})
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("settle what is planned of return %s: %w", p.returnID, err))
		}
	}
	return errors.Join(failed...)
}
