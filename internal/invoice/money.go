package invoice

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// ManualInput is money received elsewhere for an invoice, or such a record to be taken back.
type ManualInput struct {
	Scope               tenant.Scope
	InvoiceID           string
	Amount              money.Amount
	ReceivedAt          time.Time // now when zero
	Note                string
	ExternalReferenceID string
	ExpectedVersion     *int64
	Cause               event.Cause
}

func (in *ManualInput) check(v *Invoice) error {
	if in.ExpectedVersion != nil && *in.ExpectedVersion < 1 {
		return fault.Invalid("INVALID_EXPECTED_VERSION", "expected_version", "The version is a positive number.")
	}
	if in.Amount.Currency != v.Currency {
		return fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The invoice is in another currency.")
	}
	if in.Amount.Minor < 1 {
		return fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "The amount is at least one minor unit.")
	}
	return v.checkVersion(in.ExpectedVersion)
}

// RecordManual books money received elsewhere, in full or in part. An idle checkout ends with it.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, INVOICE_NOT_COLLECTIBLE, INVOICE_PAYMENT_RESOLVING,
// INVOICE_PAYMENT_PROCESSING, INVOICE_BALANCE_CHANGED, AMOUNT_EXCEEDS_BALANCE, CURRENCY_MISMATCH,
// INVALID_AMOUNT, INVALID_EXPECTED_VERSION.
func (s *Service) RecordManual(tx db.Tx, in ManualInput) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if err := v.checkCollectible(); err != nil {
		return nil, err
	}
	if err := in.check(v); err != nil {
		return nil, err
	}
	if err := checkQuiet(tx, o); err != nil {
		return nil, err
	}
	outstanding := v.Amounts.Outstanding()
	if in.Amount.Minor > outstanding {
		return nil, fault.Invalid("AMOUNT_EXCEEDS_BALANCE", "amount_money.amount", "The amount is more than the invoice has outstanding.").
			With("maximum_money", v.Money(outstanding))
	}
	reason := fenceBalance
	if in.Amount.Minor == outstanding {
		reason = fencePaid
	}
	if v, err = s.closeDoor(tx, o, v, reason, in.Cause); err != nil {
		return nil, err
	}
	_, _, err = s.Payments.RecordManual(tx, payment.RecordInput{
		Scope: in.Scope, OrderID: v.OrderID, Amount: in.Amount.Minor, Flow: "invoice", InvoiceID: v.ID, ReceivedAt: in.ReceivedAt,
		Note: in.Note, ExternalReferenceID: in.ExternalReferenceID, Cause: in.Cause,
	})
	if err != nil {
		return nil, err
	}
	s.Failpoints.Hit("invoice.paid_by_hand")
	return Get(tx, in.Scope, in.InvoiceID)
}

// closeDoor ends an idle checkout and its attempts, and gives the invoice as it is then.
func (s *Service) closeDoor(tx db.Tx, o *order.Order, v *Invoice, reason string, cause event.Cause) (*Invoice, error) {
	if err := s.Door.Fence(tx, o, reason, cause); err != nil {
		return nil, err
	}
	var c change
	if err := s.dropAttempts(tx, v, &c); err != nil || len(c.events) == 0 {
		return v, err
	}
	return v, s.save(tx, v, cause, c)
}

// ReverseManual takes recorded money back, newest first: the invoice asks for it again.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, INVOICE_NOT_REVERSIBLE, REVERSAL_EXCEEDS_MANUAL_PAYMENTS,
// INVOICE_PAYMENT_RESOLVING, CURRENCY_MISMATCH, INVOICE_BALANCE_CHANGED.
func (s *Service) ReverseManual(tx db.Tx, in ManualInput) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if err := v.checkIssued(); err != nil {
		return nil, err
	}
	if o.InvoiceID != v.ID {
		return nil, fault.Conflict("INVOICE_NOT_REVERSIBLE", "The invoice takes no reversals any more.").With("current_status", v.Status)
	}
	if err := in.check(v); err != nil {
		return nil, err
	}
	if err := checkQuiet(tx, o); err != nil {
		return nil, err
	}
	if _, err := s.closeDoor(tx, o, v, fenceBalance, in.Cause); err != nil {
		return nil, err
	}
	_, err = s.Payments.ReverseManual(tx, payment.ReverseInput{
		Scope: in.Scope, OrderID: o.ID, InvoiceID: v.ID, Amount: in.Amount.Minor, Cause: in.Cause,
	})
	if err != nil {
		return nil, err
	}
	return Get(tx, in.Scope, in.InvoiceID)
}

// CreditInput is a part of a credit note that is set against an invoice, or taken off it again.
type CreditInput struct {
	Scope        tenant.Scope
	InvoiceID    string
	CreditNoteID string
	Amount       int64 // minor units of the invoice's currency
	Cause        event.Cause
}

// ApplyCredit lowers what the invoice asks for. The order owes as much less. A credit that closes the balance
// makes the invoice credited.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, INVOICE_NOT_COLLECTIBLE, INVOICE_PAYMENT_RESOLVING,
// INVOICE_PAYMENT_PROCESSING, INVALID_AMOUNT, CREDIT_NOTE_ALLOCATION_EXCEEDS_BALANCE.
func (s *Service) ApplyCredit(tx db.Tx, in CreditInput) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if err := v.checkCollectible(); err != nil {
		return nil, err
	}
	if err := checkQuiet(tx, o); err != nil {
		return nil, err
	}
	outstanding := v.Amounts.Outstanding()
	switch {
	case in.Amount < 1:
		return nil, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "The amount is at least one minor unit.")
	case in.Amount > outstanding:
		return nil, fault.Conflict("CREDIT_NOTE_ALLOCATION_EXCEEDS_BALANCE", "The credit is more than the invoice has outstanding.").
			With("maximum_money", v.Money(outstanding))
	}
	if err := s.Door.Fence(tx, o, fenceBalance, in.Cause); err != nil {
		return nil, err
	}
	var c change
	if err := s.dropAttempts(tx, v, &c); err != nil {
		return nil, err
	}
	to := o.Invoicing
	to.Credited += in.Amount
	if err := s.Orders.SetInvoicing(tx, o, to, "Credited by a credit note.", in.Cause); err != nil {
		return nil, err
	}
	v.Amounts.Credited += in.Amount
	v.takeFrom(o)
	c.byCredit = true
	c.note(ActivityCredited, "Credit note set against the invoice.", ActivityDetail{
		Amount: v.moneyOf(in.Amount), Credit: v.moneyOf(v.Amounts.Credited), CreditNoteID: in.CreditNoteID,
	})
	if v.Amounts.Outstanding() == 0 {
		c.tell(EventCredited, func(d *eventData) { d.Credit, d.ClosedAt = v.moneyOf(v.Amounts.Credited), v.ClosedAt })
	} else {
		c.tell(EventUpdated)
	}
	s.Failpoints.Hit("invoice.credited")
	return v, s.save(tx, v, in.Cause, c)
}

// ReverseCredit takes a credit off again; an invoice that it closed is collected again.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_REVERSIBLE, INVOICE_PAYMENT_RESOLVING, INVOICE_PAYMENT_PROCESSING,
// INVALID_AMOUNT.
func (s *Service) ReverseCredit(tx db.Tx, in CreditInput) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if o.InvoiceID != v.ID || in.Amount > v.Amounts.Credited {
		return nil, fault.Conflict("INVOICE_NOT_REVERSIBLE", "The invoice carries no such credit any more.").With("current_status", v.Status)
	}
	if in.Amount < 1 {
		return nil, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "The amount is at least one minor unit.")
	}
	if err := checkQuiet(tx, o); err != nil {
		return nil, err
	}
	if v, err = s.closeDoor(tx, o, v, fenceBalance, in.Cause); err != nil {
		return nil, err
	}
	to := o.Invoicing
	to.Credited -= in.Amount
	if err := s.Orders.SetInvoicing(tx, o, to, "A credit was taken back.", in.Cause); err != nil {
		return nil, err
	}
	v.Amounts.Credited -= in.Amount
	v.takeFrom(o)
	var c change
	c.note(ActivityUpdated, "A credit was taken back.", ActivityDetail{Amount: v.moneyOf(in.Amount), CreditNoteID: in.CreditNoteID})
	c.tell(EventUpdated)
	return v, s.save(tx, v, in.Cause, c)
}
