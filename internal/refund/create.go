package refund

import (
	"fmt"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Service creates refunds and applies their outcomes. Set payment.Service.Refunds to its Apply.
type Service struct {
	Clock    clock.Clock
	IDs      *id.Source
	Events   *event.Log
	Orders   *order.Service
	Payments *payment.Service
	// Permit is asked about every refund that an app makes, once its amount is known and before anything
	// is written; its error ends the refund. Without it apps refund nothing.
	Permit func(tx db.Tx, r AppRefund) error
	// Recount is told what a refund of an app gives back, whenever parts of it fail or go through after
	// all; nil for nobody.
	Recount func(tx db.Tx, scope tenant.Scope, refundID string, minor int64) error
	// Changed are told of every outcome of a refund's parts, in the transaction that applies it and after it was
	// booked on the order. was is the status before, which one part of several may leave as it is.
	Changed []func(tx db.Tx, o *order.Order, r *Refund, was string, cause event.Cause) error
	// Claimed tells what confirmed resolutions of returns hold of the lines of an order and no refund carries yet,
	// by line; other refunds cannot take it. Who carries a claim out ends it first. Nil for nothing.
	Claimed func(tx db.Tx, scope tenant.Scope, orderID string) (map[string]Taken, error)
	// Promised tells how much of an order's money confirmed resolutions of returns will give back, in minor units;
	// refunds that belong to no return leave as much. Nil for nothing.
	Promised func(tx db.Tx, scope tenant.Scope, orderID string) (int64, error)
	// Completing is told before the money of a failed refund is recorded as given back by hand, so that what a return
	// claimed again is free for it. Nil for nobody.
	Completing func(tx db.Tx, failed *Refund) error
	// Limit is the amount above which a second person has to approve a refund; nil for no limit. A refund in
	// another currency than the limit's needs approval too. A nil Limit is none.
	Limit func(tx db.Tx, scope tenant.Scope) (*money.Amount, error)
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// AppRefund is a refund that an app is about to make, on an order that is locked.
type AppRefund struct {
	Scope    tenant.Scope
	GrantID  string // of the app in this environment
	RefundID string
	OrderID  string
	AppID    string // that created the order, empty for none
	Amount   money.Amount
	Approved bool // by the merchant
	Probe    bool // it is only asked whether the app may: nothing is made now
	Now      time.Time
}

// LineInput asks to refund units of a line, or an amount of it.
type LineInput struct {
	LineID      string
	Quantity    *int64
	Amount      *money.Amount
	Share       *Share // of Quantity units, frozen when it was promised; nil to compute it
	Adjustments []AdjustmentInput
	// AdjustmentRefunds give back what earlier refunds of the line withheld; without quantity and amount nothing else.
	AdjustmentRefunds []AdjustmentRefundInput
	ExplicitTax       *ExplicitTax // replaces the tax of the share; who sends it needs the permission
}

// AdjustmentRefundInput gives back an amount of an adjustment, or all that is left of it.
type AdjustmentRefundInput struct {
	AdjustmentID string
	Amount       *money.Amount
}

// TaxInput names a component of tax and what of it is refunded; nil for all that is left.
type TaxInput struct {
	BreakdownID string
	Tax         *money.Amount
}

// ExplicitTax is a tax that somebody decided on. Reason and who decided are kept.
type ExplicitTax struct {
	Tax         *money.Amount // of the line in all
	Parts       []TaxInput    // or by component
	ReasonCode  string
	Description string
	ActorType   string // as stated by the caller, may be empty
	ActorID     string
	Source      string
}

// Share is what units of a line carry, in minor units. Total is what the buyer paid for them.
type Share struct {
	Subtotal, Discount, Tax, Total int64
}

// AdjustmentInput withholds part of a line's share.
type AdjustmentInput struct {
	Type        string
	AppliesTo   string
	Amount      *money.Amount
	ReasonCode  string
	Description string
}

// ChargeInput asks to refund a charge, or an amount of it.
type ChargeInput struct {
	ChargeID string
	Amount   *money.Amount
}

// TenderInput names how much one payment gives back.
type TenderInput struct {
	PaymentIntentID string
	Amount          money.Amount
}

// CreateInput describes a refund. Without lines, charges and amount it gives back everything that the
// payments in question still can.
type CreateInput struct {
	Scope               tenant.Scope
	OrderID             string
	PaymentIntentID     string
	Amount              *money.Amount
	Lines               []LineInput
	Charges             []ChargeInput
	Taxes               []TaxInput
	Goodwill            *money.Amount // ours: on top of what is named, for nothing that was sold
	DespiteDispute      bool          // ours: takes the undisputed rest of payments under dispute
	Method              string        // original_payment when empty; manual succeeds at once; the caller carries exchange_credit out
	Reference           string        // where a manual refund went
	Note                string
	CompletesID         string // the failed refund whose money it gives back
	Tenders             []TenderInput
	ExpectedRefunded    *money.Amount // ours: what the caller believes was refunded of the order so far
	Reason              string
	ReasonMessage       string
	ExternalReferenceID string
	Metadata            map[string]string
	GrantID             string // of the app that refunds, empty for others
	Approved            bool   // the merchant has seen this refund of the app
	InvoiceID           string // of the credit note that it pays out
	CreditNoteID        string // that it pays out, empty for none
	ReturnID            string // that it carries out, empty for none
	ReturnResolutionID  string
	Extra               int64 // minor units beyond what lines come to, of nothing in particular; for refunds of a return
	Cause               event.Cause
}

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
