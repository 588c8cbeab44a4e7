package returns

import (
	"context"
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Kinds of work that wait for returns.
const (
	workRefund      = "refund"      // a refund is planned and nobody has sent it yet
	workReplacement = "replacement" // something became of the order that replaces goods
	workExpiry      = "expiry"      // the time to pay the difference is over
	workPlanned     = "planned"     // a planned disposition went wrong and is tried again; the others need no row
)

// due puts a return on the list of work; an earlier time wins.
func due(tx db.Tx, scope tenant.Scope, returnID, kind string, at time.Time) error {
	err := tx.Send(`INSERT INTO return_work (merchant_id, environment_id, return_id, kind, due_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (merchant_id, environment_id, return_id, kind) DO UPDATE SET due_at = excluded.due_at
		WHERE return_work.due_at > excluded.due_at`, scope.MerchantID, scope.EnvironmentID, returnID, kind, at)
	if err != nil {
		return fmt.Errorf("put return %s on the list of work: %w", returnID, err)
	}
	return nil
}

// OrderMoved puts the return of an order that replaces goods on the list of work. It is order.Service.Replacing. The
// return itself is left alone, because its own order would have to be locked first.
func (s *Service) OrderMoved(tx db.Tx, o *order.Order) error {
	return due(tx, o.Scope, o.ReturnID, workReplacement, s.Clock.Now())
}

// job is a return whose time has come.
type job struct {
	scope    tenant.Scope
	returnID string
	planned  bool // for a disposition that is not on the list of work
}

// Sweep does the work of returns that is due: it follows the orders that replace goods, ends exchanges whose
// difference was never paid, lets planned dispositions happen, and sends the refunds that were planned. It tells how
// many returns it worked on. Several nodes may sweep at once.
func (s *Service) Sweep(ctx context.Context, d db.DB, limit int) (int, error) {
	now := s.Clock.Now()
	var jobs []job
	err := d.Read(ctx, func(tx db.Tx) error {
		jobs = jobs[:0]
		return tx.Query(func(row db.Row) error {
			var j job
			var planned int64
			err := row.Scan(&j.scope.MerchantID, &j.scope.EnvironmentID, &j.returnID, &planned)
			j.planned = planned != 0
			jobs = append(jobs, j)
			return err
		}, `SELECT merchant_id, environment_id, return_id, MAX(planned) FROM (
				SELECT merchant_id, environment_id, return_id, due_at, 0 AS planned FROM return_work WHERE due_at <= $1
				UNION ALL
				SELECT d.merchant_id, d.environment_id, d.return_id, d.occurred_at, 1 FROM return_dispositions d
				JOIN returns r ON r.merchant_id = d.merchant_id AND r.environment_id = d.environment_id AND r.return_id = d.return_id
				WHERE d.status = 'pending' AND d.occurred_at <= $1 AND r.status = 'open' AND NOT EXISTS (
					SELECT 1 FROM return_work w WHERE w.merchant_id = d.merchant_id AND w.environment_id = d.environment_id
						AND w.return_id = d.return_id AND w.kind = '`+workPlanned+`')) AS found
			GROUP BY merchant_id, environment_id, return_id ORDER BY MIN(due_at), merchant_id, environment_id, return_id LIMIT $2`, now, limit)
	})
	if err != nil {
		return 0, fmt.Errorf("read the work of returns: %w", err)
	}
	var failed error
	for _, j := range jobs {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if err := s.work(ctx, d, j, now); err != nil {
			failed = fmt.Errorf("work on return %s: %w", j.returnID, err)
			if err := s.putOff(ctx, d, j, now); err != nil {
				return 0, err
			}
		}
	}
	return len(jobs), failed
}

// putOff moves work that went wrong on, so that it does not crowd out other work.
func (s *Service) putOff(ctx context.Context, d db.DB, j job, now time.Time) error {
	later := now.Add(time.Minute)
	return d.Write(ctx, func(tx db.Tx) error {
		err := tx.Send(`UPDATE return_work SET due_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND return_id = $3 AND due_at <= $5`,
			j.scope.MerchantID, j.scope.EnvironmentID, j.returnID, later, now)
		if err != nil || !j.planned {
			return err
		}
		return due(tx, j.scope, j.returnID, workPlanned, later)
	})
}

// work does what is due of one return, in a transaction and then at the processor.
func (s *Service) work(ctx context.Context, d db.DB, j job, now time.Time) error {
	var ops []payment.Operation
	cause := event.Cause{ActorType: "system"}
	err := d.Write(ctx, func(tx db.Tx) error {
		ops = nil
		r, o, err := s.Load(tx, j.scope, j.returnID)
		if err != nil {
			return err
		}
		// Their payments put the return on the list of work while they hold them, so they are locked before the list is.
		for _, orderID := range replacements(r) {
			if _, err := s.Orders.Load(tx, j.scope, orderID); err != nil {
				return fmt.Errorf("lock order %s of return %s: %w", orderID, r.ID, err)
			}
		}
		err = tx.Send(`DELETE FROM return_work WHERE merchant_id = $1 AND environment_id = $2 AND return_id = $3 AND due_at <= $4`,
			j.scope.MerchantID, j.scope.EnvironmentID, j.returnID, now)
		if err != nil {
			return err
		}
		changed := r.placesNow(now)
		for k := range r.Resolutions {
			moved, err := s.follow(tx, o, r, &r.Resolutions[k], cause, now)
			if err != nil {
				return err
			}
			changed = changed || moved
		}
		if changed {
			var c change
			if err := s.save(tx, o, r, cause, c); err != nil {
				return err
			}
		}
		ops, err = Planned(tx, r)
		return err
	})
	if err != nil || len(ops) == 0 {
		return err
	}
	s.Failpoints.Hit("return.sending")
	return s.Refunds.Payments.Execute(ctx, ops, cause, nil)
}

// placesNow tells whether a planned disposition happens with the next save.
func (r *Return) placesNow(now time.Time) bool {
	return r.Status == StatusOpen && slices.ContainsFunc(r.Dispositions, func(d Disposition) bool {
		return d.Status == DispositionPending && !d.OccurredAt.After(now)
	})
}

// Planned are the operations of the refunds of a return that nobody has sent to a processor yet. Sweep sends them, and
// so does whoever planned them and wants to answer with the outcome: one that is sent twice moves money once.
func Planned(tx db.Tx, r *Return) ([]payment.Operation, error) {
	var ops []payment.Operation
	for k := range r.Resolutions {
		e := r.Resolutions[k].Effect
		if e.RefundID == "" || e.RefundStatus != "pending" {
			continue
		}
		planned, err := payment.PlannedOfRefund(tx, r.Scope, e.RefundID)
		if err != nil {
			return nil, fmt.Errorf("read what refund %s planned: %w", e.RefundID, err)
		}
		ops = append(ops, planned...)
	}
	return ops, nil
}

// replacements are the orders of the resolutions of a return, in the order in which they are locked.
func replacements(r *Return) (out []string) {
	for k := range r.Resolutions {
		if x := &r.Resolutions[k]; x.ReplacementID != "" {
			out = append(out, x.ReplacementID)
		}
	}
	slices.Sort(out)
	return out
}

// follow takes over what became of the order of a resolution, and gives the resolution up when its time to be paid
// is over. It tells whether anything changed.
func (s *Service) follow(tx db.Tx, o *order.Order, r *Return, x *Resolution, cause event.Cause, now time.Time) (bool, error) {
	if x.ReplacementID == "" || x.Effect.StartedAt.IsZero() || x.FailureCode != "" || !x.CanceledAt.IsZero() {
		return false, nil
	}
	made, err := s.Orders.Load(tx, r.Scope, x.ReplacementID)
	if err != nil {
		return false, fmt.Errorf("lock the order of resolution %s: %w", x.ID, err)
	}
	intents, err := payment.OfOrder(tx, r.Scope, made.ID, false)
	if err != nil {
		return false, err
	}
	collected, ids, _ := payment.Collected(intents)
	is := replacementUnpaid
	switch {
	case made.Outstanding() == 0 && made.FulfillmentStatus == "fulfilled":
		is = replacementFulfilled
	case made.Outstanding() == 0:
		is = replacementPaid
	}
	changed := is != x.Effect.ReplacementIs || collected != x.Collected
	x.Effect.ReplacementIs, x.Collected, x.PaymentIntents = is, collected, ids
	if is != replacementUnpaid {
		x.ExpiresAt = time.Time{}
		return changed, nil
	}
	if x.ExpiresAt.IsZero() || now.Before(x.ExpiresAt) {
		return changed, nil
	}
	if made.ActiveAttemptID != "" { // it is being paid at this moment, or the bank has not answered yet
		return changed, due(tx, r.Scope, r.ID, workExpiry, now.Add(10*time.Minute))
	}
	if collected > 0 { // part of it is paid, and only the merchant can say what becomes of that
		return changed, due(tx, r.Scope, r.ID, workExpiry, now.Add(24*time.Hour))
	}
	s.Failpoints.Hit("return.expiring")
	if err := s.undo(tx, o, r, x, "The difference was not paid in time.", cause); err != nil {
		return false, err
	}
	x.fail(codePaymentExpired, "The buyer did not pay the difference in time; the returned value is back on its order.")
	return true, nil
}

// advanceValue takes one step that value takes by itself: a resolution that the policy asks for is made and
// confirmed, and one whose gates have opened is carried out.
func (s *Service) advanceValue(tx db.Tx, o *order.Order, r *Return, cause event.Cause, c *change) (bool, error) {
	if r.Status != StatusOpen && r.Status != StatusCompleted {
		return false, nil
	}
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		if x.ConfirmedAt.IsZero() || !x.CanceledAt.IsZero() || x.FailureCode != "" || !x.Effect.StartedAt.IsZero() || len(x.gates(r)) > 0 {
			continue
		}
		if err := s.execute(tx, o, r, x, cause); err != nil {
			return false, err
		}
		return true, nil
	}
	if moved, err := s.resolveAutomatically(tx, o, r, c); moved || err != nil {
		return moved, err
	}
	return false, s.noteResolutions(r, c)
}
