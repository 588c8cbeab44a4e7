package payment

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/event"
)

// Sweep finishes what is left open: operations whose check is due are looked up, holds past their time
// are expired. It tells how many it worked on. Several nodes may sweep at once: asking twice is
// harmless, and applying happens once.
func (s *Service) Sweep(ctx context.Context, limit int) (int, error) {
	now := s.Clock.Now()
	var due []*record
	type hold struct{ merchant, environment, order, intent string }
	var holds []hold
	err := s.DB.Read(ctx, func(tx db.Tx) error {
		var err error
		due, err = queryOperations(tx, `SELECT `+operationColumns+` FROM processor_operations
			WHERE next_check_at IS NOT NULL AND next_check_at <= $1 ORDER BY next_check_at LIMIT $2`, now, limit)
		if err != nil {
			return err
		}
		return tx.Query(func(r db.Row) error {
			var h hold
			err := r.Scan(&h.merchant, &h.environment, &h.order, &h.intent)
			holds = append(holds, h)
			return err
		}, `SELECT merchant_id, environment_id, order_id, payment_intent_id FROM payment_intents
			WHERE status = 'requires_capture' AND authorization_expires_at <= $1 ORDER BY authorization_expires_at LIMIT $2`, now, limit)
	})
	if err != nil {
		return 0, err
	}
	cause := event.Cause{ActorType: "system"}
	for _, rec := range due {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := s.ask(ctx, rec, cause); err != nil {
			s.Logger.Error("an open operation could not be finished", "operation", rec.ID, "error", err)
			if err := s.postpone(ctx, rec); err != nil { // one that cannot be finished must not crowd out the others
				s.Logger.Error("an open operation could not be put off", "operation", rec.ID, "error", err)
			}
		}
	}
	for _, h := range holds {
		err := s.DB.Write(ctx, func(tx db.Tx) error {
			return s.expireHold(tx, scopeOf(h.merchant, h.environment), h.order, h.intent, now)
		})
		if err != nil {
			s.Logger.Error("a hold could not be expired", "payment_intent", h.intent, "error", err)
		}
	}
	return len(due) + len(holds), nil
}

// Orphans makes every planned operation due at once. A server that is alone on its database calls it
// at start: whoever planned them is gone.
func (s *Service) Orphans(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(`UPDATE processor_operations SET next_check_at = $1 WHERE state = 'planned'`, s.Clock.Now())
		return err
	})
}

// countCheck schedules the next look-up of an operation that is still open.
func countCheck(tx db.Tx, rec *record, now time.Time) error {
	rec.Checks++
	next := now.Add(checkAfter[min(int(rec.Checks), len(checkAfter)-1)])
	if rec.State == opPlanned || rec.State == opUnknown {
		// A lost answer is asked for sooner: the buyer waits for it.
		next = now.Add(min(time.Duration(rec.Checks)*2*time.Second, 5*time.Minute))
	}
	return tx.Send(`UPDATE processor_operations SET checks = checks + 1, next_check_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3 AND next_check_at IS NOT NULL`,
		rec.Scope.MerchantID, rec.Scope.EnvironmentID, rec.ID, next)
}
