package invoice

import (
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/tenant"
)

// LateFeeInput charges the frozen late fee.
type LateFeeInput struct {
	Scope     tenant.Scope
	InvoiceID string
	EntryID   string // the overdue entry, empty for an invoice without schedule
	Cause     event.Cause
}

// AssessLateFee charges the late fee once per target: the invoice, or one overdue entry of its schedule. The
// order owes as much more; the document stays as it is.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, INVOICE_NOT_COLLECTIBLE, INVOICE_LATE_FEE_POLICY_REQUIRED,
// INVALID_INVOICE_LATE_FEE_SCHEDULE, INVOICE_LATE_FEE_NOT_DUE, INVOICE_LATE_FEE_NOT_COLLECTIBLE,
// INVALID_INVOICE_LATE_FEE_AMOUNT, INVOICE_PAYMENT_RESOLVING, INVOICE_PAYMENT_PROCESSING.
func (s *Service) AssessLateFee(tx db.Tx, in LateFeeInput) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if err := v.checkCollectible(); err != nil {
		return nil, err
	}
	policy := v.LateFeePolicy()
	if policy == nil {
		return nil, fault.Conflict("INVOICE_LATE_FEE_POLICY_REQUIRED", "The invoice was issued without a late fee.")
	}
	if len(v.Entries) > 0 && v.Entry(in.EntryID) == nil || len(v.Entries) == 0 && in.EntryID != "" {
		return nil, fault.Invalid("INVALID_INVOICE_LATE_FEE_SCHEDULE", "invoice_schedule_entry_id", "An invoice with a schedule is charged by entry, one without as a whole.")
	}
	if err := checkQuiet(tx, o); err != nil {
		return nil, err
	}
	part, ok := v.part(in.EntryID)
	now := s.Clock.Now()
	switch {
	case ok && part.outstanding == 0:
		return nil, fault.Conflict("INVOICE_LATE_FEE_NOT_COLLECTIBLE", "Nothing of it is outstanding.")
	case !ok || !now.After(v.feeAt(part.at, policy)) || v.feeFor(in.EntryID):
		return nil, fault.Conflict("INVOICE_LATE_FEE_NOT_DUE", "The grace period is not over, or the fee was charged already.")
	}
	return v, s.assess(tx, o, v, part, in.Cause)
}

func (v *Invoice) part(entryID string) (duePart, bool) {
	for _, p := range v.dueParts() {
		if p.entryID == entryID {
			return p, true
		}
	}
	return duePart{}, false
}

// feeOn is what the policy comes to for a target.
func feeOn(p *LateFeePolicy, base int64) (int64, error) {
	if p.Type == FeeFixed {
		return p.Amount.Minor, nil
	}
	fee, err := p.Percent.Of(base)
	if err != nil {
		return 0, fmt.Errorf("compute the late fee: %w", err)
	}
	return fee, nil
}

// assess charges the fee on a target that is due; no payment of the order is under way.
func (s *Service) assess(tx db.Tx, o *order.Order, v *Invoice, part duePart, cause event.Cause) error {
	policy := v.LateFeePolicy()
	amount, err := feeOn(policy, part.outstanding)
	if err != nil {
		return err
	}
	if amount < 1 || amount > order.MaxAmount {
		return fault.Invalid("INVALID_INVOICE_LATE_FEE_AMOUNT", "", "The late fee comes to nothing.")
	}
	if err := s.Door.Fence(tx, o, fenceBalance, cause); err != nil {
		return err
	}
	var c change
	if err := s.dropAttempts(tx, v, &c); err != nil {
		return err
	}
	to := o.Invoicing
	to.LateFees += amount
	if err := s.Orders.SetInvoicing(tx, o, to, "Late fee charged.", cause); err != nil {
		return err
	}
	fee := LateFee{
		ID: s.IDs.New(id.InvoiceLateFee), EntryID: part.entryID, Amount: amount, Base: part.outstanding, Policy: *policy, AssessedAt: s.Clock.Now(),
	}
	v.Fees = append(v.Fees, fee)
	v.Amounts.Fees += amount
	v.takeFrom(o)
	s.Failpoints.Hit("invoice.late_fee")
	c.note(ActivityLateFeeAssessed, "Late fee charged.", ActivityDetail{Amount: v.moneyOf(amount), EntryID: part.entryID, FeeID: fee.ID, DueAt: part.at})
	c.tell(EventLateFeeAssessed, func(d *eventData) { d.FeeID, d.LateFee, d.EntryID = fee.ID, v.moneyOf(amount), part.entryID })
	return s.save(tx, v, cause, c)
}

// WaiveInput gives up on what is unpaid of a late fee.
type WaiveInput struct {
	Scope     tenant.Scope
	InvoiceID string
	FeeID     string
	Reason    string // for the merchant alone
	Cause     event.Cause
}

// WaiveLateFee takes the unpaid rest of a fee off; what was paid of it stays.
//
// Faults: RESOURCE_NOT_FOUND, INVALID_INVOICE_LATE_FEE_REASON, INVOICE_LATE_FEE_NOT_FOUND,
// INVOICE_LATE_FEE_NOT_COLLECTIBLE, INVOICE_PAYMENT_RESOLVING, INVOICE_PAYMENT_PROCESSING.
func (s *Service) WaiveLateFee(tx db.Tx, in WaiveInput) (*Invoice, error) {
	if reason := strings.TrimSpace(in.Reason); reason == "" || len(reason) > 500 {
		return nil, fault.Invalid("INVALID_INVOICE_LATE_FEE_REASON", "reason_message", "A waiver has a reason of at most 500 characters.")
	}
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	var fee *LateFee
	for i := range v.Fees {
		if v.Fees[i].ID == in.FeeID {
			fee = &v.Fees[i]
		}
	}
	if fee == nil {
		e := fault.NotFound("late fee")
		e.Code = "INVOICE_LATE_FEE_NOT_FOUND"
		return nil, e
	}
	rest := fee.Outstanding()
	if !v.Collectible() || rest == 0 {
		return nil, fault.Conflict("INVOICE_LATE_FEE_NOT_COLLECTIBLE", "Nothing of the fee is outstanding.")
	}
	if err := checkQuiet(tx, o); err != nil {
		return nil, err
	}
	if err := s.Door.Fence(tx, o, fenceBalance, in.Cause); err != nil {
		return nil, err
	}
	var c change
	if err := s.dropAttempts(tx, v, &c); err != nil {
		return nil, err
	}
	to := o.Invoicing
	to.LateFees -= rest
	if err := s.Orders.SetInvoicing(tx, o, to, "Late fee waived.", in.Cause); err != nil {
		return nil, err
	}
	fee.Waived += rest
	fee.WaivedAt, fee.WaiverReason = s.Clock.Now(), strings.TrimSpace(in.Reason)
	v.Amounts.Waived += rest
	v.takeFrom(o)
	c.note(ActivityLateFeeWaived, "Late fee waived.", ActivityDetail{Amount: v.moneyOf(rest), EntryID: fee.EntryID, FeeID: fee.ID})
	c.tell(EventLateFeeWaived, func(d *eventData) { d.FeeID, d.Waived, d.EntryID = fee.ID, v.moneyOf(rest), fee.EntryID })
	return v, s.save(tx, v, in.Cause, c)
}

// feeDue announces that a fee may be charged now.
func (v *Invoice) feeDue(part duePart, at time.Time, c *change) error {
	policy := v.LateFeePolicy()
	amount, err := feeOn(policy, part.outstanding)
	if err != nil {
		return err
	}
	c.note(ActivityLateFeeDue, "A late fee can be charged.", ActivityDetail{EntryID: part.entryID, DueAt: part.at})
	c.tell(EventLateFeeDue, func(d *eventData) {
		d.DueAt, d.LateFee, d.FeeBase, d.EntryID = at, v.moneyOf(amount), v.moneyOf(part.outstanding), part.entryID
		d.FeePolicy = &policyData{Type: policy.Type, Amount: policy.Amount, Percent: policy.Percent, GraceDays: policy.GraceDays, Mode: policy.Mode}
	})
	return nil
}
