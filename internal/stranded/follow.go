package stranded

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// Record puts money that settled and was not due into the inbox, in the transaction that settled it. The
// order is locked and has booked it.
func (s *Service) Record(tx db.Tx, o *order.Order, e payment.Excess, cause event.Cause) error {
	now := s.Clock.Now()
	p := &Payment{
		Scope: o.Scope, ID: s.IDs.New(id.StrandedPayment), OrderID: o.ID, PaymentIntentID: e.Intent.ID, AttemptID: e.Intent.AttemptID,
		CheckoutSessionID: e.CheckoutSessionID, Reason: e.Reason, Status: StatusOpen, Currency: o.Currency, Amount: e.Amount,
		Remaining: e.Amount, CreatedAt: now, UpdatedAt: now,
	}
	if err := insert(tx, p); err != nil {
		return err
	}
	s.Failpoints.Hit("stranded.recorded")
	if err := s.tell(tx, p, eventCreated, cause); err != nil {
		return err
	}
	return s.Orders.SetStranded(tx, o, true, cause)
}

// Follow keeps the rows of an order within its credit: what the order has taken for something it owes now is
// applied, what was given back is refunded, whoever did it. A refund that was asked for through the inbox ends
// its own row first.
func (s *Service) Follow(tx db.Tx, o *order.Order, refunded bool, cause event.Cause) error {
	rows, err := undecided(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	over := -o.Unclaimed()
	for _, p := range rows {
		over += p.Remaining
	}
	take := func(status string) error {
		for _, p := range rows {
			if over <= 0 {
				return nil
			}
			if p.Status != status {
				continue
			}
			part := min(over, p.Remaining)
			over -= part
			p.Remaining -= part
			if p.Remaining > 0 {
				if err := s.save(tx, p, "", cause); err != nil {
					return err
				}
				continue
			}
			p.Resolution = ResolutionApplied
			if refunded {
				p.Resolution = ResolutionRefunded
			}
			if err := s.end(tx, p, cause); err != nil {
				return err
			}
		}
		return nil
	}
	first, then := StatusOpen, StatusRefunding
	if refunded {
		first, then = then, first
	}
	if err := take(first); err != nil {
		return err
	}
	if err := take(then); err != nil {
		return err
	}
	return s.mark(tx, o, rows, cause)
}

// end resolves a row of which nothing remains. What was resolved while its refund is under way stays linked
// to that refund.
func (s *Service) end(tx db.Tx, p *Payment, cause event.Cause) error {
	p.Status, p.Remaining, p.ResolvedAt = StatusResolved, 0, s.Clock.Now()
	if p.ResolvedByType == "" {
		p.ResolvedByType, p.ResolvedByID = cause.ActorType, cause.ActorID
	}
	return s.save(tx, p, eventResolved, cause)
}

// mark notes on the order whether anything of it is undecided.
func (s *Service) mark(tx db.Tx, o *order.Order, rows []*Payment, cause event.Cause) error {
	for _, p := range rows {
		if p.Status != StatusResolved {
			return s.Orders.SetStranded(tx, o, true, cause)
		}
	}
	return s.Orders.SetStranded(tx, o, false, cause)
}

// RefundEnded opens a row again whose refund failed, or came back after it had succeeded: the money is here
// and undecided. A refund that succeeded has ended its row by the order's credit.
func (s *Service) RefundEnded(tx db.Tx, o *order.Order, r *refund.Refund, was string, cause event.Cause) error {
	if r.Status != refund.StatusFailed && r.Status != refund.StatusCanceled || r.Status == was {
		return nil
	}
	found, err := query(tx, r.Scope, `refund_id = $3`+tx.ForUpdate(), r.ID)
	if err != nil || len(found) == 0 {
		return err
	}
	rows, err := undecided(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	room := o.Unclaimed()
	for _, p := range rows {
		if p.RefundID != r.ID {
			room -= p.Remaining
		}
	}
	for _, p := range found {
		back := min(p.Remaining, room)
		if p.Status == StatusResolved {
			back = min(r.Amount, p.Amount, room)
		}
		if back <= 0 {
			continue
		}
		p.Status, p.Remaining, p.Resolution, p.RefundID = StatusOpen, back, "", ""
		p.ResolvedByType, p.ResolvedByID, p.ResolvedAt = "", "", time.Time{}
		if err := s.save(tx, p, eventReopened, cause); err != nil {
			return err
		}
		room -= back
	}
	rows, err = undecided(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	return s.mark(tx, o, rows, cause)
}
