package refund

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
)

// Create checks the refund, reserves its money and items, and plans one operation per payment, in the
// caller's transaction. The caller executes the operations once it has committed. A refund above the merchant's
// limit plans none and waits for Approve. A manual one is booked before Create returns, and orders and payments that
// the caller had loaded are stale then; the operations of an exchange credit are for payment.Service.Carry.
//
// Faults: RESOURCE_NOT_FOUND, AMOUNT_EXCEEDS_REFUNDABLE (with maximum_money), NO_PAYMENTS_FOR_ORDER,
// PAYMENT_INTENT_NOT_PART_OF_ORDER, PAYMENT_INTENT_NOT_REFUNDABLE, PAYMENT_INTENT_DISPUTED,
// DUPLICATE_LINE_ITEM_TARGET, DUPLICATE_CHARGE_TARGET, NOTHING_TO_REFUND_FOR_LINE_ITEM,
// REFUND_TARGETS_EXCEED_REFUND_AMOUNT, REFUND_AMOUNT_NOT_ALLOCATED, REFUND_ADJUSTMENTS_EXCEED_AUTOMATIC,
// REFUND_ADJUSTMENT_NOT_FOUND, REFUND_ADJUSTMENT_REFUND_EXCEEDS_REMAINING, FLAT_TAX_REFUND_MUST_BE_FULL,
// EXPLICIT_TAX_REFUND_NOOP, DUPLICATE_TAX_BREAKDOWN_REFUND, NOTHING_TO_REFUND_FOR_TAX_BREAKDOWN,
// CURRENCY_MISMATCH, ORDER_CHANGED_REFRESH_REQUIRED; for a refund of an app also the errors of Permit,
// before which nothing is written.
func (s *Service) Create(tx db.Tx, in CreateInput) (*Refund, []payment.Operation, error) {
	o, err := s.lockOrder(tx, &in)
	if err != nil {
		return nil, nil, err
	}
	if e := in.ExpectedRefunded; e != nil && (e.Minor != o.Settlement.Refunded || e.Currency != o.Currency) {
		return nil, nil, fault.Conflict("ORDER_CHANGED_REFRESH_REQUIRED", "More or less of the order was refunded than expected.").
			With("current_money", money.Amount{Minor: o.Settlement.Refunded, Currency: o.Currency})
	}
	intents, err := payment.OfOrder(tx, o.Scope, o.ID, true)
	if err != nil {
		return nil, nil, err
	}
	now := s.Clock.Now()
	r := &Refund{
		Scope: in.Scope, ID: s.IDs.New(id.Refund), OrderID: o.ID, CustomerID: o.CustomerID, Status: StatusPending,
		Currency: o.Currency, Reason: in.Reason, ExternalReferenceID: in.ExternalReferenceID, CreatedAt: now, UpdatedAt: now,
		Detail: Detail{ReasonMessage: in.ReasonMessage, Metadata: in.Metadata, IdempotencyKey: in.Cause.IdempotencyKey,
			ActorType: in.Cause.ActorType, ActorID: in.Cause.ActorID, InvoiceID: in.InvoiceID, CreditNoteID: in.CreditNoteID,
			Method: in.Method, Reference: in.Reference, Note: in.Note, CompletesID: in.CompletesID, DespiteDispute: in.DespiteDispute},
		ReturnID: in.ReturnID, ReturnResolutionID: in.ReturnResolutionID,
	}
	past, err := s.past(tx, o)
	if err != nil {
		return nil, nil, err
	}
	targets, err := s.target(o, past, in, r)
	if err != nil {
		return nil, nil, err
	}
	parts, err := chooseTenders(o, intents, in, targets)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range parts {
		r.Amount += p.amount
	}
	if err := s.leavePromised(tx, o, intents, in, r); err != nil {
		return nil, nil, err
	}
	if err := s.permit(tx, o, in, r); err != nil {
		return nil, nil, err
	}
	wholeOrder(o, past, intents, in, r)
	if err := splitTaxes(o, past, r); err != nil {
		return nil, nil, fmt.Errorf("split the taxes of a refund: %w", err)
	}
	if err := shareTip(o, past.held, intents, in, r, parts); err != nil {
		return nil, nil, err
	}
	if err := s.askApproval(tx, in, r); err != nil {
		return nil, nil, err
	}
	ops, err := s.reserve(tx, o, r, parts, now)
	if err != nil {
		return nil, nil, err
	}
	if err := insert(tx, r); err != nil {
		return nil, nil, err
	}
	if err := markGivenBack(tx, r, 1, now); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("refund.created")
	if err := s.record(tx, r, "refund.created", in.Cause, now); err != nil {
		return nil, nil, err
	}
	if err := s.Orders.AttachRefund(tx, o, in.Cause, r.ID); err != nil {
		return nil, nil, err
	}
	if r.Method() != MethodManual {
		return r, ops, nil
	}
	return s.settleAtOnce(tx, r, ops, in.Cause)
}

// settleAtOnce books a refund that no processor is asked for.
func (s *Service) settleAtOnce(tx db.Tx, r *Refund, ops []payment.Operation, cause event.Cause) (*Refund, []payment.Operation, error) {
	for _, op := range ops {
		if _, err := s.Payments.Carry(tx, op, cause); err != nil {
			return nil, nil, fmt.Errorf("record refund %s: %w", r.ID, err)
		}
	}
	s.Failpoints.Hit("refund.recorded")
	r, err := Get(tx, r.Scope, r.ID)
	return r, nil, err
}

// leavePromised refuses a refund that would take what returns were promised.
func (s *Service) leavePromised(tx db.Tx, o *order.Order, intents []*payment.Intent, in CreateInput, r *Refund) error {
	if s.Promised == nil || in.ReturnResolutionID != "" {
		return nil
	}
	promised, err := s.Promised(tx, o.Scope, o.ID)
	if err != nil || promised == 0 {
		return err
	}
	left := -promised
	for _, i := range intents {
		left += i.Refundable()
	}
	if r.Amount > left {
		return tooMuch("amount_money", left, o.Currency)
	}
	return nil
}

// permit lets an app refund what its merchant allows.
func (s *Service) permit(tx db.Tx, o *order.Order, in CreateInput, r *Refund) error {
	if in.GrantID == "" {
		return nil
	}
	if s.Permit == nil {
		return fault.Internal("APP_REFUNDS_UNAVAILABLE", "a refund of an app reached a service that limits none")
	}
	r.Detail.GrantID = in.GrantID
	return s.Permit(tx, AppRefund{Scope: in.Scope, GrantID: in.GrantID, RefundID: r.ID, OrderID: o.ID, AppID: o.AppID,
		Amount: r.Money(r.Amount), Approved: in.Approved, Now: r.CreatedAt})
}

// May tells by the error of Permit whether an app may give back an amount of an order, which is locked, and makes
// nothing. A refund that is made in the same transaction is permitted then.
func (s *Service) May(tx db.Tx, o *order.Order, grantID string, amount money.Amount, approved bool) error {
	if s.Permit == nil {
		return fault.Internal("APP_REFUNDS_UNAVAILABLE", "a refund of an app reached a service that limits none")
	}
	return s.Permit(tx, AppRefund{Scope: o.Scope, GrantID: grantID, OrderID: o.ID, AppID: o.AppID, Amount: amount, Approved: approved, Probe: true, Now: s.Clock.Now()})
}

// lockOrder finds the order, by itself or through the payments that are named, and locks it.
func (s *Service) lockOrder(tx db.Tx, in *CreateInput) (*order.Order, error) {
	if in.OrderID == "" {
		named := in.PaymentIntentID
		if named == "" && len(in.Tenders) > 0 {
			named = in.Tenders[0].PaymentIntentID
		}
		i, err := payment.Get(tx, in.Scope, named)
		if err != nil {
			return nil, err
		}
		in.OrderID = i.OrderID
	}
	return s.Orders.Load(tx, in.Scope, in.OrderID)
}

// reserve holds the money on each payment and the items on the order, and plans the operations unless the refund
// waits for approval.
func (s *Service) reserve(tx db.Tx, o *order.Order, r *Refund, parts []tender, now time.Time) ([]payment.Operation, error) {
	if r.Allocations == nil {
		r.Allocations = make([]Allocation, len(parts))
	}
	for n, p := range parts {
		a := &r.Allocations[n]
		a.ID, a.PaymentIntentID, a.Amount, a.Status = s.IDs.New(id.RefundAllocation), p.intent.ID, p.amount, r.Status
		p.intent.RefundReserved += p.amount
		if err := payment.Save(tx, p.intent, now); err != nil {
			return nil, err
		}
	}
	if err := reserveItems(tx, o, r); err != nil || r.Status == StatusRequiresAction {
		return nil, err
	}
	intents := make([]*payment.Intent, len(parts))
	for n := range parts {
		intents[n] = parts[n].intent
	}
	return s.plan(tx, r, intents, now)
}

// plan writes down one operation for each allocation of a refund; intents are theirs.
func (s *Service) plan(tx db.Tx, r *Refund, intents []*payment.Intent, now time.Time) ([]payment.Operation, error) {
	ops := make([]payment.Operation, len(intents))
	for n, i := range intents {
		a := &r.Allocations[n]
		ops[n] = payment.Operation{
			Scope: r.Scope, ID: s.IDs.New(id.ProcessorOp), Processor: i.Processor, Kind: payment.KindRefund, OrderID: r.OrderID,
			PaymentID: i.ID, RefundID: r.ID, KnownAs: i.CreditOf, Target: i.Detail.ProcessorRef, Amount: a.Amount, Currency: r.Currency,
		}
		switch r.Method() {
		case MethodManual:
			ops[n].Processor, ops[n].KnownAs = payment.Manual, ""
		case MethodExchangeCredit:
			ops[n].Processor, ops[n].KnownAs, ops[n].Target = payment.ExchangeCredit, "", ""
		}
		a.OperationID, a.Status = ops[n].ID, StatusPending
		if err := s.Payments.Plan(tx, ops[n], now); err != nil {
			return nil, err
		}
	}
	return ops, nil
}
