package recovery

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Seen notes that the buyer of an open session did something; checkout.Service.Seen.
func (s *Service) Seen(tx db.Tx, o *order.Order, session *checkout.Session, _ string) error {
	return s.note(tx, o, session.ID)
}

// Tried notes that a buyer tries to pay; payment.Service.Admit. It admits everybody.
func (s *Service) Tried(tx db.Tx, o *order.Order, sessionID string) (string, error) {
	if sessionID == "" {
		return "", nil // a merchant's own call says nothing of the buyer
	}
	return "", s.note(tx, o, sessionID)
}

// note brings the order's recovery, or a new one, to a session at which the buyer is now. The order is locked.
func (s *Service) note(tx db.Tx, o *order.Order, sessionID string) error {
	now := s.Clock.Now()
	r, err := live(tx, o.Scope, o.ID)
	if err != nil || r.sawJustNow(sessionID, now) {
		return err
	}
	p, err := s.plan(tx, o.Scope)
	if err != nil {
		return err
	}
	if r == nil {
		r = &Recovery{
			Scope: o.Scope, ID: s.newID(), OrderID: o.ID, SessionID: sessionID, State: StateWatching, CreatedAt: now, UpdatedAt: now,
		}
		r.seen(sessionID, now, p.idle())
		err = insert(tx, r)
	} else {
		r.seen(sessionID, now, p.idle())
		if err = s.duePlanned(tx, r); err == nil {
			err = save(tx, r, now)
		}
	}
	if err != nil {
		return fmt.Errorf("note a buyer's activity: %w", err)
	}
	return putVisit(tx, o.Scope, sessionID, r.ID, now)
}

// duePlanned brings the next look forward to the next step that is planned: a step whose time comes while
// the buyer is back is settled then.
func (s *Service) duePlanned(tx db.Tx, r *Recovery) error {
	if !r.Gone() {
		return nil
	}
	steps, err := Steps(tx, r.Scope, r.ID)
	if err != nil {
		return err
	}
	r.DueAt = earliest(r.DueAt, nextStep(steps))
	return nil
}

func nextStep(steps []Step) time.Time {
	var at time.Time
	for _, v := range steps {
		if v.State == StepPlanned {
			at = earliest(at, v.DueAt)
		}
	}
	return at
}

// SessionEnded reacts to the end of a session; checkout.Service.Ended. A buyer who had been there is gone at
// once when it ran out or was closed, unless a payment is under way.
func (s *Service) SessionEnded(tx db.Tx, o *order.Order, session *checkout.Session, _ event.Cause) error {
	reason := map[string]string{checkout.StatusExpired: ReasonExpired, checkout.StatusClosed: ReasonClosed}[session.Status]
	if reason == "" {
		return nil
	}
	r, err := live(tx, o.Scope, o.ID)
	if err != nil || r == nil || r.CurrentID != session.ID {
		return err
	}
	if r.State == StateAbandoned || o.ActiveAttemptID != "" {
		return nil // with a payment under way the worker looks when it is due, or Unpaid when the payment ends
	}
	return s.leave(tx, r, reason, s.Clock.Now())
}

// Unpaid reacts to a payment that ended without money; payment.Service.Ended. The buyer has until the time is
// over to try again.
func (s *Service) Unpaid(tx db.Tx, o *order.Order, attemptID string, _ event.Cause) error {
	if len(o.CheckoutSessionIDs) == 0 {
		return nil
	}
	r, err := live(tx, o.Scope, o.ID)
	if err != nil || r == nil || r.State == StateAbandoned {
		return err
	}
	a, err := payment.GetAttempt(tx, o.Scope, o.ID, attemptID)
	if err != nil || a.CheckoutSessionID == "" {
		return err
	}
	p, err := s.plan(tx, o.Scope)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	r.LastActivityAt, r.DueAt = now, now.Add(p.idle())
	if err := s.duePlanned(tx, r); err != nil {
		return err
	}
	return save(tx, r, now)
}

// Settled ends the recovery of an order for which money came in, through whatever door, in the transaction
// that books it; payment.Service.Settled.
func (s *Service) Settled(tx db.Tx, o *order.Order, cause event.Cause) error {
	if len(o.CheckoutSessionIDs) == 0 || (o.Settlement.Paid == 0 && o.DerivePaymentStatus() != order.PaymentPaid) {
		return nil // without a session no buyer was ever seen
	}
	r, err := live(tx, o.Scope, o.ID)
	if err != nil || r == nil {
		return err
	}
	now := s.Clock.Now()
	r.end(r.bought(), now)
	if r.State == StateRecovered {
		if r.Detail.Attribution, err = s.attribute(tx, o, r); err != nil {
			return err
		}
	}
	if err := s.suppressRest(tx, r, WhyBought, now); err != nil {
		return err
	}
	if err := save(tx, r, now); err != nil {
		return err
	}
	s.Failpoints.Hit("recovery.settled")
	if r.State != StateRecovered {
		return nil
	}
	return s.recordRecovered(tx, o, r, cause, now)
}

// OrderChanged ends the recovery of an order that was closed; order.Service.Repriced.
func (s *Service) OrderChanged(tx db.Tx, o *order.Order, _ event.Cause) error {
	if o.Status == order.StatusOpen || len(o.CheckoutSessionIDs) == 0 {
		return nil
	}
	r, err := live(tx, o.Scope, o.ID)
	if err != nil || r == nil {
		return err
	}
	now := s.Clock.Now()
	r.end(StateEnded, now)
	if err := s.suppressRest(tx, r, WhyClosed, now); err != nil {
		return err
	}
	return save(tx, r, now)
}

// suppressRest settles the steps that are still planned.
func (s *Service) suppressRest(tx db.Tx, r *Recovery, why string, now time.Time) error {
	if !r.Gone() {
		return nil
	}
	steps, err := Steps(tx, r.Scope, r.ID)
	if err != nil {
		return err
	}
	for n := range steps {
		if steps[n].State != StepPlanned {
			continue
		}
		steps[n].State, steps[n].Reason, steps[n].DecidedAt = StepSuppressed, why, now
		if err := saveStep(tx, r, &steps[n]); err != nil {
			return err
		}
	}
	return nil
}

// leave makes the buyer gone from the session at which they were seen last. The order and the recovery are locked. The event is recorded for
// the session's first time only.
func (s *Service) leave(tx db.Tx, r *Recovery, reason string, now time.Time) error {
	p, err := s.plan(tx, r.Scope)
	if err != nil {
		return err
	}
	steps, err := Steps(tx, r.Scope, r.ID)
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		if steps, err = planSteps(tx, r, p.Steps, now); err != nil {
			return err
		}
	}
	r.leave(reason, now, earliest(nextStep(steps), now.Add(Lifetime)))
	if err := save(tx, r, now); err != nil {
		return err
	}
	first, err := markVisit(tx, r.Scope, r.SessionID, now)
	s.Failpoints.Hit("recovery.abandoned")
	if err != nil || !first {
		return err
	}
	return s.recordAbandoned(tx, r, now)
}

func planSteps(tx db.Tx, r *Recovery, plan []PlanStep, now time.Time) ([]Step, error) {
	var steps []Step
	for n, v := range plan[:min(len(plan), MaxSteps)] {
		due := r.LastActivityAt.Add(v.Delay)
		if due.Before(now) {
			due = now
		}
		step := Step{Number: int64(n + 1), Subject: v.Subject, State: StepPlanned, DueAt: due}
		if err := insertStep(tx, r, step); err != nil {
			return nil, err
		}
		steps = append(steps, step)
	}
	return steps, nil
}

// contactOf is what the buyer left at the sessions of an order, newest first: an address that somebody typed
// into a checkout, and the time zone of the browser.
func contactOf(tx db.Tx, scope tenant.Scope, o *order.Order) (email, zone string, err error) {
	for _, sessionID := range slices.Backward(o.CheckoutSessionIDs) {
		session, err := checkout.Get(tx, scope, sessionID)
		if err != nil {
			return "", "", err
		}
		if c := session.Detail.Contact; c != nil && email == "" {
			if c.EmailCleared {
				return "", zone, nil
			}
			email = c.Email
		}
		if zone == "" {
			zone = session.Detail.Timezone
		}
		if email != "" && zone != "" {
			break
		}
	}
	return email, zone, nil
}
