package stranded

import (
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// ResolveInput decides about a row.
type ResolveInput struct {
	Scope    tenant.Scope
	ID       string
	Action   string        // one of the Action constants
	OrderID  string        // for ActionAssign
	Expected *money.Amount // what the caller believes remains; nil for whatever does
	Note     string
	Cause    event.Cause
}

// Validate reports every fault of the input.
func (in *ResolveInput) Validate() error {
	var f fault.List
	switch {
	case !slices.Contains([]string{ActionApply, ActionRefund, ActionAssign}, in.Action):
		f.Add("INVALID_ACTION", "action", "The action is apply, refund or assign.")
	case in.Action == ActionAssign && in.OrderID == "":
		f.Add("FIELD_REQUIRED", "order_id", "Name the order that takes the money.")
	case in.Action != ActionAssign && in.OrderID != "":
		f.Add("UNKNOWN_FIELD", "order_id", "This field belongs to action assign.")
	}
	if len(in.Note) > 500 {
		f.Add("VALUE_TOO_LONG", "note", "A note has at most 500 characters.")
	}
	return f.Err()
}

// Resolve decides about all that remains of a row, in the caller's transaction; the operations it returns are
// a refund's, to be executed once that has committed. Deciding again what was decided changes nothing.
//
// Faults: those of Validate, RESOURCE_NOT_FOUND, STRANDED_PAYMENT_ALREADY_RESOLVED,
// STRANDED_PAYMENT_REFUND_IN_PROGRESS, ORDER_CHANGED_REFRESH_REQUIRED, and those of payment.Service.Reassign
// and refund.Service.Create.
func (s *Service) Resolve(tx db.Tx, in ResolveInput) (*Payment, []payment.Operation, error) {
	if err := in.Validate(); err != nil {
		return nil, nil, err
	}
	peek, err := Get(tx, in.Scope, in.ID)
	if err != nil {
		return nil, nil, err
	}
	o, err := s.lock(tx, peek, in)
	if err != nil {
		return nil, nil, err
	}
	p, err := load(tx, in.Scope, in.ID)
	if err != nil {
		return nil, nil, err
	}
	if done, err := p.decided(in); done || err != nil {
		return p, nil, err
	}
	if e := in.Expected; e != nil && *e != p.Money(p.Remaining) {
		return nil, nil, fault.Conflict("ORDER_CHANGED_REFRESH_REQUIRED", "Another amount remains than expected; nothing was done.").
			With("current_money", p.Money(p.Remaining)).With("submitted_money", *e)
	}
	p.Note, p.ResolvedByType, p.ResolvedByID = in.Note, in.Cause.ActorType, in.Cause.ActorID
	switch in.Action {
	case ActionApply:
		err = s.apply(tx, o, p, in.Cause)
	case ActionAssign:
		err = s.assign(tx, o, p, in)
	default:
		var ops []payment.Operation
		ops, err = s.refund(tx, p, in.Cause)
		return p, ops, err
	}
	return p, nil, err
}

// lock locks the row's order, and the one the money goes to in the order that every such move takes.
func (s *Service) lock(tx db.Tx, p *Payment, in ResolveInput) (*order.Order, error) {
	if in.Action == ActionAssign && in.OrderID < p.OrderID {
		_, err := s.Orders.Load(tx, in.Scope, in.OrderID)
		if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
			f.Param = "order_id"
		}
		if err != nil {
			return nil, err
		}
	}
	return s.Orders.Load(tx, in.Scope, p.OrderID)
}

// decided tells whether the row was decided in the way that is asked for, and refuses to decide it otherwise.
func (p *Payment) decided(in ResolveInput) (bool, error) {
	was := map[string]string{ActionApply: ResolutionApplied, ActionRefund: ResolutionRefunded, ActionAssign: ResolutionAssigned}[in.Action]
	switch {
	case p.Status == StatusOpen:
		return false, nil
	case p.Status == StatusRefunding && in.Action == ActionRefund:
		return true, nil
	case p.Status == StatusRefunding:
		return false, fault.Conflict("STRANDED_PAYMENT_REFUND_IN_PROGRESS", "A refund of this money is under way.").
			Then("Wait for the refund to end.").With("refund_id", p.RefundID)
	case p.Resolution == was && p.AssignedOrderID == in.OrderID:
		return true, nil
	}
	return false, fault.Conflict("STRANDED_PAYMENT_ALREADY_RESOLVED", "It was decided already what happens to this money.").
		With("resolution", p.Resolution)
}

// apply leaves the money with its order, as credit or for what the order comes to owe.
func (s *Service) apply(tx db.Tx, o *order.Order, p *Payment, cause event.Cause) error {
	p.Resolution = ResolutionApplied
	if err := s.end(tx, p, cause); err != nil {
		return err
	}
	return s.unmark(tx, o, cause)
}

// assign moves the money to another order. The row ends first, so that the credit which goes is not taken
// from other rows.
func (s *Service) assign(tx db.Tx, o *order.Order, p *Payment, in ResolveInput) error {
	amount := p.Remaining
	p.Resolution, p.AssignedOrderID, p.Remaining, p.Status = ResolutionAssigned, in.OrderID, 0, StatusResolved
	p.ResolvedAt = s.Clock.Now()
	if err := s.save(tx, p, "", in.Cause); err != nil {
		return err
	}
	moved, err := s.Payments.Reassign(tx, payment.ReassignInput{
		Scope: in.Scope, PaymentIntentID: p.PaymentIntentID, ToOrderID: in.OrderID, Amount: amount, Cause: in.Cause,
	})
	if err != nil {
		return err
	}
	p.AssignedPaymentIntentID = moved.ID
	if err := s.save(tx, p, eventResolved, in.Cause); err != nil {
		return err
	}
	if o, err = s.Orders.Load(tx, in.Scope, o.ID); err != nil { // the move has written it
		return err
	}
	return s.unmark(tx, o, in.Cause)
}

// refund gives the money back through the payment that brought it. The row ends when the refund has.
func (s *Service) refund(tx db.Tx, p *Payment, cause event.Cause) ([]payment.Operation, error) {
	amount := p.Money(p.Remaining)
	r, ops, err := s.Refunds.Create(tx, refund.CreateInput{
		Scope: p.Scope, OrderID: p.OrderID, Amount: &amount,
		Tenders: []refund.TenderInput{{PaymentIntentID: p.PaymentIntentID, Amount: amount}},
		Reason:  "duplicate", ReasonMessage: p.Note, Cause: cause,
	})
	if err != nil {
		return nil, err
	}
	p.Status, p.RefundID = StatusRefunding, r.ID
	return ops, s.save(tx, p, "", cause)
}

func (s *Service) unmark(tx db.Tx, o *order.Order, cause event.Cause) error {
	rows, err := undecided(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	return s.mark(tx, o, rows, cause)
}
