package refund

import (
	"cmp"
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// askApproval makes a refund above the merchant's limit wait for a second person. Value that stays with the
// merchant as credit for an exchange needs none, nor does what was given back elsewhere already.
func (s *Service) askApproval(tx db.Tx, in CreateInput, r *Refund) error {
	if s.Limit == nil || r.Method() != MethodOriginal {
		return nil
	}
	limit, err := s.Limit(tx, r.Scope)
	if err != nil {
		return fmt.Errorf("read the limit of refunds: %w", err)
	}
	if limit == nil || limit.Currency == r.Currency && r.Amount <= limit.Minor {
		return nil
	}
	r.Status = StatusRequiresAction
	r.Detail.Approval = &Approval{Limit: limit.Minor, RequestedBy: actor(in.Cause), Person: person(in.Cause)}
	return nil
}

func actor(c event.Cause) string { return c.ActorType + ":" + c.ActorID }

// person is who stands behind a cause, for telling two people apart.
func person(c event.Cause) string { return cmp.Or(c.Person, actor(c)) }

// same reports whether who asked is who decides now. Refunds that wait since before people were kept know the
// credential alone.
func (a *Approval) same(c event.Cause) bool {
	return a.RequestedBy == actor(c) || cmp.Or(a.Person, a.RequestedBy) == person(c)
}

// DecideInput approves or rejects a refund that waits.
type DecideInput struct {
	Scope    tenant.Scope
	RefundID string
	Approve  bool
	Note     string // why, may be empty
	Cause    event.Cause
}

// Decide approves or rejects a refund above the merchant's limit. Whoever asked for it cannot approve it, by whatever
// credential, but may take it back. Approved, it plans its operations, which the caller executes once it has committed; rejected, it
// is canceled and frees what it had reserved.
//
// Faults: RESOURCE_NOT_FOUND, REFUND_NOT_AWAITING_APPROVAL, REFUND_APPROVAL_NEEDS_SECOND_PERSON,
// PAYMENT_INTENT_DISPUTED.
func (s *Service) Decide(tx db.Tx, in DecideInput) (*Refund, []payment.Operation, error) {
	peek, err := Get(tx, in.Scope, in.RefundID)
	if err != nil {
		return nil, nil, err
	}
	o, err := s.Orders.Load(tx, in.Scope, peek.OrderID)
	if err != nil {
		return nil, nil, err
	}
	intents := make([]*payment.Intent, len(peek.Allocations))
	for n, a := range peek.Allocations {
		if intents[n], err = payment.Load(tx, in.Scope, a.PaymentIntentID); err != nil {
			return nil, nil, err
		}
	}
	r, err := Load(tx, in.Scope, in.RefundID)
	if err != nil {
		return nil, nil, err
	}
	approval := r.Detail.Approval
	if r.Status != StatusRequiresAction || approval == nil {
		return nil, nil, fault.Conflict("REFUND_NOT_AWAITING_APPROVAL", "The refund does not wait for an approval.")
	}
	now := s.Clock.Now()
	approval.DecidedBy, approval.DecidedAt, approval.Approved, approval.Note = actor(in.Cause), now, in.Approve, in.Note
	if !in.Approve {
		return s.cancel(tx, o, r, intents, in.Cause)
	}
	if approval.same(in.Cause) {
		return nil, nil, fault.Forbidden("REFUND_APPROVAL_NEEDS_SECOND_PERSON", "Whoever asked for a refund above the limit cannot approve it, nor can a key that they made.").
			Then("Let another user of the merchant approve it, or use a key that neither the asking user nor the asking key made.")
	}
	for n := range intents {
		if intents[n].UnderDispute() && !r.Detail.DespiteDispute {
			return nil, nil, disputed("", intents[n:n+1])
		}
	}
	ops, err := s.plan(tx, r, intents, now)
	if err != nil {
		return nil, nil, err
	}
	was := r.Status
	r.Status = r.derive()
	if err := saveAll(tx, r, now); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("refund.approved")
	if err := s.tell(tx, o, r, was, in.Cause); err != nil {
		return nil, nil, err
	}
	return r, ops, s.record(tx, r, "refund.updated", in.Cause, now)
}

// cancel ends a refund that nothing was asked of a processor for.
func (s *Service) cancel(tx db.Tx, o *order.Order, r *Refund, intents []*payment.Intent, cause event.Cause) (*Refund, []payment.Operation, error) {
	now, was := s.Clock.Now(), r.Status
	for n := range r.Allocations {
		a := &r.Allocations[n]
		a.Status, a.FailureReason = StatusCanceled, "merchant_request"
		intents[n].RefundReserved -= a.Amount
		if err := payment.Save(tx, intents[n], now); err != nil {
			return nil, nil, err
		}
		if err := releaseTip(tx, r, a.Tip); err != nil {
			return nil, nil, err
		}
	}
	r.Status, r.Detail.ItemsReleased = r.derive(), true
	if err := releaseItems(tx, r); err != nil {
		return nil, nil, err
	}
	if err := markGivenBack(tx, r, -1, now); err != nil {
		return nil, nil, err
	}
	if err := saveAll(tx, r, now); err != nil {
		return nil, nil, err
	}
	if err := s.recount(tx, r); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("refund.rejected")
	if err := s.tell(tx, o, r, was, cause); err != nil {
		return nil, nil, err
	}
	return r, nil, s.record(tx, r, "refund.updated", cause, now)
}

// tell runs the hooks of a refund that changed.
func (s *Service) tell(tx db.Tx, o *order.Order, r *Refund, was string, cause event.Cause) error {
	for _, changed := range s.Changed {
		if err := changed(tx, o, r, was, cause); err != nil {
			return err
		}
	}
	return nil
}
