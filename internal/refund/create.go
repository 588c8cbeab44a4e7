package refund

import (
	"cmp"
	"fmt"
	"slices"
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
	Now      time.Time
}

// LineInput asks to refund units of a line, or an amount of it.
type LineInput struct {
	LineID      string
	Quantity    *int64
	Amount      *money.Amount
	Share       *Share // of Quantity units, frozen when it was promised; nil to compute it
	Adjustments []AdjustmentInput
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
	Credit              bool  // the money stays with its processor, for another order of the buyer; the caller carries it out
	Cause               event.Cause
}

// Create checks the refund, reserves its money and items, and plans one operation per payment, in the
// caller's transaction. The caller executes the operations once it has committed.
//
// Faults: RESOURCE_NOT_FOUND, AMOUNT_EXCEEDS_REFUNDABLE (with maximum_money), NO_PAYMENTS_FOR_ORDER,
// PAYMENT_INTENT_NOT_PART_OF_ORDER, PAYMENT_INTENT_NOT_REFUNDABLE, PAYMENT_INTENT_DISPUTED,
// DUPLICATE_LINE_ITEM_TARGET, DUPLICATE_CHARGE_TARGET, NOTHING_TO_REFUND_FOR_LINE_ITEM,
// REFUND_TARGETS_EXCEED_REFUND_AMOUNT, REFUND_AMOUNT_NOT_ALLOCATED, REFUND_ADJUSTMENTS_EXCEED_AUTOMATIC,
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
			ActorType: in.Cause.ActorType, ActorID: in.Cause.ActorID, InvoiceID: in.InvoiceID, CreditNoteID: in.CreditNoteID, Credit: in.Credit},
		ReturnID: in.ReturnID, ReturnResolutionID: in.ReturnResolutionID,
	}
	held, err := s.held(tx, o)
	if err != nil {
		return nil, nil, err
	}
	targets, err := s.target(o, held, in, r)
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
	wholeOrder(o, held, intents, in, r)
	if err := shareTip(o, held, intents, in, r, parts); err != nil {
		return nil, nil, err
	}
	ops, err := s.reserve(tx, o, r, parts, now)
	if err != nil {
		return nil, nil, err
	}
	if err := insert(tx, r); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("refund.created")
	if err := s.record(tx, r, "refund.created", in.Cause, now); err != nil {
		return nil, nil, err
	}
	return r, ops, s.Orders.AttachRefund(tx, o, in.Cause, r.ID)
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

// target computes what lines and charges ask for: their sum, or -1 when none is named.
func (s *Service) target(o *order.Order, held map[string]Taken, in CreateInput, r *Refund) (int64, error) {
	if len(in.Lines) == 0 && len(in.Charges) == 0 && in.Extra == 0 {
		return -1, nil
	}
	var faults fault.List
	var sum int64
	for n, l := range in.Lines {
		at := fmt.Sprintf("line_items[%d]", n)
		if slices.ContainsFunc(r.Detail.Lines, func(p LineAllocation) bool { return p.LineID == l.LineID }) {
			faults.Add("DUPLICATE_LINE_ITEM_TARGET", at+".order_line_item_id", "A line can be named once.")
			continue
		}
		part, err := s.targetLine(o, held[l.LineID], l)
		if err != nil {
			faults.AddError(at, err)
			continue
		}
		r.Detail.Lines = append(r.Detail.Lines, part)
		sum += part.Refunded
	}
	for n, c := range in.Charges {
		at := fmt.Sprintf("charges[%d]", n)
		if slices.ContainsFunc(r.Detail.Charges, func(p ChargePart) bool { return p.ChargeID == c.ChargeID }) {
			faults.Add("DUPLICATE_CHARGE_TARGET", at+".order_charge_id", "A charge can be named once.")
			continue
		}
		part, err := targetCharge(o, held[c.ChargeID], c)
		if err != nil {
			faults.AddError(at, err)
			continue
		}
		r.Detail.Charges = append(r.Detail.Charges, part)
		sum += part.Amount
	}
	if err := faults.Err(); err != nil {
		return 0, err
	}
	sum += in.Extra
	if in.Amount != nil {
		switch {
		case sum > in.Amount.Minor:
			return 0, fault.Invalid("REFUND_TARGETS_EXCEED_REFUND_AMOUNT", "amount_money", "The lines and charges named come to more than the amount.").
				With("required_money", money.Amount{Minor: sum, Currency: o.Currency})
		case sum < in.Amount.Minor:
			return 0, fault.Invalid("REFUND_AMOUNT_NOT_ALLOCATED", "amount_money", "The lines and charges named come to less than the amount.").
				With("required_money", money.Amount{Minor: sum, Currency: o.Currency})
		}
	}
	if sum == 0 {
		return 0, fault.Invalid("NOTHING_TO_REFUND_FOR_LINE_ITEM", "line_items", "Nothing is left to refund for what was named.")
	}
	return sum, nil
}

func (s *Service) targetLine(o *order.Order, t Taken, in LineInput) (LineAllocation, error) {
	l := o.Line(in.LineID)
	if l == nil {
		return LineAllocation{}, fault.Invalid("RESOURCE_NOT_FOUND", "order_line_item_id", "The order has no such line.")
	}
	var part LineAllocation
	switch {
	case in.Share != nil:
		var err error
		if part, err = frozenUnits(l, t, in); err != nil {
			return part, err
		}
	case in.Amount != nil && in.Quantity != nil:
		return part, fault.Invalid("EXACTLY_ONE_REQUIRED", "amount_money", "Name a quantity or an amount of the line, not both.")
	case in.Amount != nil:
		left := order.LineShare(*l, 0, l.Quantity).Total - t.Amount
		if in.Amount.Currency != o.Currency {
			return part, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The order is in another currency.")
		}
		if in.Amount.Minor < 1 {
			return part, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A refund gives back at least one minor unit.")
		}
		if in.Amount.Minor > left {
			return part, tooMuch("amount_money", left, o.Currency)
		}
		part = lineAmount(l, t, in.Amount.Minor)
	default:
		left := l.Quantity - t.Quantity
		n := left
		if in.Quantity != nil {
			n = *in.Quantity
		}
		if left == 0 || order.LineShare(*l, 0, l.Quantity).Total <= t.Amount {
			return part, fault.Invalid("NOTHING_TO_REFUND_FOR_LINE_ITEM", "order_line_item_id", "Every unit of the line is refunded already.")
		}
		if n < 1 || n > left {
			return part, fault.Invalid("INVALID_QUANTITY", "quantity", "Between 1 and %d units of the line can be refunded.", left)
		}
		part = lineUnits(l, t, n)
	}
	return part, s.adjust(o, &part, in.Adjustments)
}

// adjust withholds from a line's share.
func (s *Service) adjust(o *order.Order, part *LineAllocation, in []AdjustmentInput) error {
	var withheld int64
	for n, a := range in {
		at := fmt.Sprintf("refund_adjustments[%d]", n)
		switch {
		case a.Type != "restocking_fee" && a.Type != "withheld_amount":
			return fault.Invalid("RESERVED_FIELD_NOT_YET_SUPPORTED", at+".adjustment_type", "Adjustments of this type are not available; use restocking_fee or withheld_amount.")
		case a.Amount == nil:
			return fault.Invalid("REFUND_ADJUSTMENT_AMOUNT_MONEY_REQUIRED", at+".amount_money", "An adjustment needs its amount.")
		case a.Amount.Currency != o.Currency:
			return fault.Invalid("CURRENCY_MISMATCH", at+".amount_money.currency", "The order is in another currency.")
		case a.Amount.Minor < 1:
			return fault.Invalid("INVALID_AMOUNT", at+".amount_money.amount", "An adjustment withholds at least one minor unit.")
		case a.ReasonCode == "":
			return fault.Invalid("REFUND_ADJUSTMENT_REASON_REQUIRED", at+".reason", "An adjustment needs a reason with a code.")
		}
		if a.Amount.Minor > part.Total-withheld {
			return fault.Invalid("REFUND_ADJUSTMENTS_EXCEED_AUTOMATIC", at+".amount_money", "The adjustments withhold more than the line gives back.").
				With("maximum_money", money.Amount{Minor: part.Total, Currency: o.Currency})
		}
		withheld += a.Amount.Minor
		part.Adjustments = append(part.Adjustments, Adjustment{
			ID: s.IDs.New(id.RefundAdjustment), Type: a.Type, AppliesTo: a.AppliesTo, Amount: a.Amount.Minor,
			ReasonCode: a.ReasonCode, Description: a.Description,
		})
	}
	part.Refunded = part.Total - withheld
	return nil
}

func targetCharge(o *order.Order, t Taken, in ChargeInput) (ChargePart, error) {
	c := o.Charge(in.ChargeID)
	if c == nil {
		return ChargePart{}, fault.Invalid("RESOURCE_NOT_FOUND", "order_charge_id", "The order has no such charge.")
	}
	left := chargeLeft(c, t)
	if in.Amount == nil {
		if left.Amount <= 0 {
			return left, fault.Invalid("ORDER_HAS_NO_REFUNDABLE_CHARGES", "order_charge_id", "The charge is refunded already.")
		}
		return left, nil
	}
	switch {
	case in.Amount.Currency != o.Currency:
		return left, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The order is in another currency.")
	case in.Amount.Minor < 1:
		return left, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A refund gives back at least one minor unit.")
	case in.Amount.Minor > left.Amount:
		return left, tooMuch("amount_money", left.Amount, o.Currency)
	}
	return ChargePart{ChargeID: c.ID, Amount: in.Amount.Minor, Tax: money.Share(left.Tax, in.Amount.Minor, left.Amount)}, nil
}

// tender is how much one payment gives back.
type tender struct {
	intent *payment.Intent
	amount int64
}

// chooseTenders spreads the refund over payments: as the caller says, or newest capture first, each up
// to what it can still give. want is what lines and charges come to, -1 without any.
func chooseTenders(o *order.Order, intents []*payment.Intent, in CreateInput, want int64) ([]tender, error) {
	if len(in.Tenders) > 0 {
		return namedTenders(o, intents, in, want)
	}
	pool := slices.Clone(intents)
	if in.PaymentIntentID != "" {
		pool = slices.DeleteFunc(pool, func(i *payment.Intent) bool { return i.ID != in.PaymentIntentID })
		if len(pool) == 0 {
			return nil, fault.Invalid("PAYMENT_INTENT_NOT_PART_OF_ORDER", "payment_intent_id", "The order has no such payment intent.")
		}
		if pool[0].Captured == 0 {
			return nil, fault.Invalid("PAYMENT_INTENT_NOT_REFUNDABLE", "payment_intent_id", "The payment has not been captured.")
		}
		if pool[0].Disputed > 0 && pool[0].Refundable() == 0 {
			return nil, fault.Conflict("PAYMENT_INTENT_DISPUTED", "The payment is under dispute.")
		}
	}
	slices.SortStableFunc(pool, func(a, b *payment.Intent) int {
		return cmp.Or(b.CapturedAt.Compare(a.CapturedAt), cmp.Compare(b.ID, a.ID))
	})
	var captured, refundable int64
	for _, i := range pool {
		captured += i.Captured
		refundable += i.Refundable()
	}
	if captured == 0 {
		return nil, fault.Invalid("NO_PAYMENTS_FOR_ORDER", "order_id", "Nothing was collected on the order, so there is nothing to refund.")
	}
	param := "amount_money"
	amount := refundable
	switch {
	case in.Amount != nil && in.Amount.Currency != o.Currency:
		return nil, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The order is in another currency.")
	case in.Amount != nil && in.Amount.Minor < 1:
		return nil, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A refund gives back at least one minor unit.")
	case in.Amount != nil:
		amount = in.Amount.Minor
	case want >= 0:
		amount, param = want, "line_items"
	}
	if amount > refundable || amount == 0 {
		return nil, tooMuch(param, refundable, o.Currency)
	}
	var out []tender
	for _, i := range pool {
		part := min(amount, i.Refundable())
		if part > 0 {
			out = append(out, tender{i, part})
			amount -= part
		}
	}
	return out, nil
}

func namedTenders(o *order.Order, intents []*payment.Intent, in CreateInput, want int64) ([]tender, error) {
	var (
		faults fault.List
		out    []tender
		sum    int64
	)
	for n, t := range in.Tenders {
		at := fmt.Sprintf("tender_allocations[%d]", n)
		k := slices.IndexFunc(intents, func(i *payment.Intent) bool { return i.ID == t.PaymentIntentID })
		switch {
		case k < 0:
			faults.Add("REFUND_TENDER_NOT_FOUND", at+".payment_intent_id", "The order has no such payment intent.")
			continue
		case slices.ContainsFunc(out, func(o tender) bool { return o.intent == intents[k] }):
			faults.Add("REFUND_TENDER_CAPACITY_CONFLICT", at+".payment_intent_id", "A payment intent can be named once.")
			continue
		case t.Amount.Currency != o.Currency:
			faults.Add("CURRENCY_MISMATCH", at+".amount_money.currency", "The order is in another currency.")
			continue
		case t.Amount.Minor < 1:
			faults.Add("INVALID_AMOUNT", at+".amount_money.amount", "A refund gives back at least one minor unit.")
			continue
		case t.Amount.Minor > intents[k].Refundable():
			return nil, tooMuch(at+".amount_money", intents[k].Refundable(), o.Currency)
		}
		out = append(out, tender{intents[k], t.Amount.Minor})
		sum += t.Amount.Minor
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if in.Amount != nil {
		want = in.Amount.Minor
	}
	if want >= 0 && sum != want {
		return nil, fault.Invalid("REFUND_AMOUNT_NOT_ALLOCATED", "tender_allocations", "The allocations do not come to the amount of the refund.").
			With("required_money", money.Amount{Minor: want, Currency: o.Currency})
	}
	return out, nil
}

// wholeOrder marks every line and charge when a refund without targets gives back all there is, so
// that the order shows its goods as refunded and not just its money.
func wholeOrder(o *order.Order, held map[string]Taken, intents []*payment.Intent, in CreateInput, r *Refund) {
	if len(in.Lines)+len(in.Charges) > 0 || in.ReturnResolutionID != "" {
		return
	}
	var refundable int64
	for _, i := range intents {
		refundable += i.Refundable()
	}
	if r.Amount != refundable || o.Outstanding() != 0 {
		return
	}
	for n := range o.Lines {
		l := &o.Lines[n]
		if left := l.Quantity - held[l.ID].Quantity; left > 0 && order.LineShare(*l, 0, l.Quantity).Total >= held[l.ID].Amount {
			r.Detail.Lines = append(r.Detail.Lines, lineUnits(l, held[l.ID], left))
		}
	}
	for n := range o.Charges {
		if left := chargeLeft(&o.Charges[n], held[o.Charges[n].ID]); left.Amount > 0 {
			r.Detail.Charges = append(r.Detail.Charges, left)
		}
	}
	var sum int64
	for _, p := range r.Detail.Lines {
		sum += p.Refunded
	}
	for _, p := range r.Detail.Charges {
		sum += p.Amount
	}
	if sum > r.Amount {
		// Earlier refunds by amount took money that no line shows; then this one names no lines either.
		r.Detail.Lines, r.Detail.Charges = nil, nil
	}
}

// shareTip tells how much of a refund without targets is tip: its part of what is left, so that the
// refund that takes everything takes the rest of the tip.
func shareTip(o *order.Order, held map[string]Taken, intents []*payment.Intent, in CreateInput, r *Refund, parts []tender) error {
	if o.Settlement.SettledTip == 0 || len(in.Lines)+len(in.Charges) > 0 || in.ReturnResolutionID != "" {
		return nil
	}
	var left int64
	for _, i := range intents {
		left += i.Refundable()
	}
	r.Tip = min(money.Share(o.Settlement.SettledTip-held[tipItem].Amount, r.Amount, left), r.Amount)
	weights := make([]int64, len(parts))
	for n, p := range parts {
		weights[n] = p.amount
	}
	tips, err := money.Allocate(r.Tip, weights)
	if err != nil {
		return err
	}
	r.Allocations = make([]Allocation, len(parts))
	for n := range parts {
		r.Allocations[n].Tip = tips[n]
	}
	return nil
}

// reserve holds the money on each payment and the items on the order, and plans the operations.
func (s *Service) reserve(tx db.Tx, o *order.Order, r *Refund, parts []tender, now time.Time) ([]payment.Operation, error) {
	if r.Allocations == nil {
		r.Allocations = make([]Allocation, len(parts))
	}
	ops := make([]payment.Operation, len(parts))
	for n, p := range parts {
		ops[n] = payment.Operation{
			Scope: r.Scope, ID: s.IDs.New(id.ProcessorOp), Processor: p.intent.Processor, Kind: payment.KindRefund, OrderID: o.ID,
			PaymentID: p.intent.ID, RefundID: r.ID, KnownAs: p.intent.CreditOf, Target: p.intent.Detail.ProcessorRef, Amount: p.amount, Currency: o.Currency,
		}
		if r.Detail.Credit {
			ops[n].Processor, ops[n].KnownAs, ops[n].Target = payment.ExchangeCredit, "", ""
		}
		a := &r.Allocations[n]
		a.ID, a.PaymentIntentID, a.OperationID = s.IDs.New(id.RefundAllocation), p.intent.ID, ops[n].ID
		a.Amount, a.Status = p.amount, StatusPending
		p.intent.RefundReserved += p.amount
		if err := payment.Save(tx, p.intent, now); err != nil {
			return nil, err
		}
		if err := s.Payments.Plan(tx, ops[n], now); err != nil {
			return nil, err
		}
	}
	return ops, reserveItems(tx, o, r)
}
