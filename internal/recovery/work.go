package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/payment"
)

// Work looks at the recoveries whose time has come and tells how many it worked on. It may run on several
// nodes at once: each row is looked at again in a transaction that has the order locked.
func (s *Service) Work(ctx context.Context, d db.DB, limit int) (int, error) {
	now := s.Clock.Now()
	var due []*Recovery
	err := d.Read(ctx, func(tx db.Tx) error {
		due = nil
		return tx.Query(func(r db.Row) error {
			v := &Recovery{}
			err := r.Scan(&v.Scope.MerchantID, &v.Scope.EnvironmentID, &v.ID, &v.OrderID)
			due = append(due, v)
			return err
		}, `SELECT merchant_id, environment_id, recovery_id, order_id FROM recoveries WHERE due_at <= $1 ORDER BY due_at LIMIT $2`, now, limit)
	})
	if err != nil {
		return 0, fmt.Errorf("look for buyers who left: %w", err)
	}
	var failed []error
	for _, found := range due {
		s.Failpoints.Hit("recovery.working")
		if err := d.Write(ctx, func(tx db.Tx) error { return s.work(tx, found) }); err != nil {
			failed = append(failed, fmt.Errorf("work on recovery %s: %w", found.ID, err)) // the others have their turn
		}
	}
	return len(due) - len(failed), errors.Join(failed...)
}

func (s *Service) work(tx db.Tx, found *Recovery) error {
	o, err := s.Orders.Load(tx, found.Scope, found.OrderID)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	r, err := live(tx, o.Scope, o.ID)
	if err != nil || r == nil || r.ID != found.ID || r.DueAt.After(now) {
		return err
	}
	switch {
	case o.DerivePaymentStatus() == order.PaymentPaid: // a price that came down to what was paid
		r.end(r.bought(), now)
		if err := s.suppressRest(tx, r, WhyBought, now); err != nil {
			return err
		}
		return save(tx, r, now)
	case r.Gone():
		if err := s.remind(tx, o, r, now); err != nil {
			return err
		}
	}
	if r.State == StateAbandoned {
		return s.wait(tx, r, now)
	}
	return s.watch(tx, o, r, now)
}

// watch decides whether a buyer who was there is gone.
func (s *Service) watch(tx db.Tx, o *order.Order, r *Recovery, now time.Time) error {
	p, err := s.plan(tx, r.Scope)
	if err != nil {
		return err
	}
	since := r.LastActivityAt
	if o.ActiveAttemptID != "" {
		a, err := payment.GetAttempt(tx, o.Scope, o.ID, o.ActiveAttemptID)
		if err != nil {
			return err
		}
		if a.Status != payment.AttemptRequiresAction {
			since = now // the bank has it, or the merchant; the buyer has done their part
		} else if a.UpdatedAt.After(since) {
			since = a.UpdatedAt
		}
	}
	if until := since.Add(p.idle()); until.After(now) {
		r.DueAt = until
		if err := s.duePlanned(tx, r); err != nil {
			return err
		}
		return save(tx, r, now)
	}
	session, err := checkout.Get(tx, r.Scope, r.CurrentID)
	if err != nil {
		return err
	}
	reason := ReasonIdle
	switch status, _ := session.StatusNow(now); status {
	case checkout.StatusExpired:
		reason = ReasonExpired
	case checkout.StatusClosed:
		reason = ReasonClosed
	}
	return s.leave(tx, r, reason, now)
}

// wait sets when to look at a buyer who is gone again, or gives up.
func (s *Service) wait(tx db.Tx, r *Recovery, now time.Time) error {
	steps, err := Steps(tx, r.Scope, r.ID)
	if err != nil {
		return err
	}
	end := r.AbandonedAt.Add(Lifetime)
	if !end.After(now) {
		r.end(StateLapsed, now)
		if err := s.suppressRest(tx, r, WhyNotRecoverable, now); err != nil {
			return err
		}
		return save(tx, r, now)
	}
	r.DueAt = earliest(end, nextStep(steps))
	return save(tx, r, now)
}
