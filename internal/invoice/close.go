package invoice

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// VersionInput names an invoice, and the version that the caller has read.
type VersionInput struct {
	Scope           tenant.Scope
	InvoiceID       string
	ExpectedVersion *int64 // nil for any
	Cause           event.Cause
}

// Void takes an unpaid invoice back and frees its order; its number stays used. A draft is discarded by it.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_VOIDABLE, INVOICE_HAS_ISSUED_CREDIT_NOTE, INVOICE_PAYMENT_RESOLVING,
// INVOICE_PAYMENT_PROCESSING, INVOICE_BALANCE_CHANGED, INVOICE_DRAFT_CHANGED.
func (s *Service) Void(tx db.Tx, in VersionInput) (*Invoice, error) { return s.Withdraw(tx, in, 0) }

// Withdraw is Void for an invoice over an order of which value of an exchange, in minor units, had paid a part before
// it was billed. The returns domain alone calls it.
func (s *Service) Withdraw(tx db.Tx, in VersionInput, credit int64) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if err := v.checkVersion(in.ExpectedVersion); err != nil {
		return nil, err
	}
	issued := v.Status == StatusOpen || v.Status == StatusPartiallyPaid && credit > 0
	if !issued && v.Status != StatusDraft {
		return nil, notVoidable(v)
	}
	if issued {
		if err := checkQuiet(tx, o); err != nil {
			return nil, err
		}
		if s.HasCreditNote != nil {
			if has, err := s.HasCreditNote(tx, in.Scope, v.ID); err != nil {
				return nil, err
			} else if has {
				return nil, fault.Conflict("INVOICE_HAS_ISSUED_CREDIT_NOTE", "A credit note stands against the invoice.").Then("Void the credit note first.")
			}
		}
		if v.Amounts.Paid > credit || v.Amounts.Credited > 0 {
			return nil, notVoidable(v)
		}
		if v, err = s.closeDoor(tx, o, v, fenceVoided, in.Cause); err != nil {
			return nil, err
		}
		if fees := v.Amounts.Fees - v.Amounts.Waived; fees > 0 {
			to := o.Invoicing
			to.LateFees -= fees
			if err := s.Orders.SetInvoicing(tx, o, to, "Late fees dropped with the invoice.", in.Cause); err != nil {
				return nil, err
			}
		}
	}
	if err := s.Orders.ReleaseCollection(tx, o, v.ID, in.Cause); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	v.Status, v.VoidedAt, v.ClosedAt = StatusVoid, now, now
	s.Failpoints.Hit("invoice.closed")
	var c change
	c.note(ActivityVoided, "Invoice voided.", ActivityDetail{})
	c.tell(EventVoided)
	return v, s.save(tx, v, in.Cause, c)
}

func notVoidable(v *Invoice) error {
	return fault.Conflict("INVOICE_NOT_VOIDABLE", "Only an unpaid invoice can be voided.").
		Then("Refund or reverse its payments, or correct it with a credit note.").With("current_status", v.Status)
}

// MarkUncollectible gives what is outstanding up and frees the order. In the books it is a loss against an
// allowance, because the buyer still owes it and may pay after all.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_MARKABLE_UNCOLLECTIBLE, INVOICE_PAYMENT_RESOLVING,
// INVOICE_PAYMENT_PROCESSING, INVOICE_BALANCE_CHANGED.
func (s *Service) MarkUncollectible(tx db.Tx, in VersionInput) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if err := v.checkVersion(in.ExpectedVersion); err != nil {
		return nil, err
	}
	if !v.Collectible() {
		return nil, fault.Conflict("INVOICE_NOT_MARKABLE_UNCOLLECTIBLE", "Only an open or partly paid invoice can be given up.").With("current_status", v.Status)
	}
	if err := checkQuiet(tx, o); err != nil {
		return nil, err
	}
	if v, err = s.closeDoor(tx, o, v, fenceUncollectible, in.Cause); err != nil {
		return nil, err
	}
	lost, fees := v.Amounts.Outstanding(), v.FeesOutstanding()
	to := o.Invoicing
	to.LateFees -= fees // was never earned
	to.WrittenOff = o.WrittenOff() + lost - fees
	if err := s.Orders.SetInvoicing(tx, o, to, "Written off with its invoice.", in.Cause); err != nil {
		return nil, err
	}
	if err := s.Orders.ReleaseCollection(tx, o, v.ID, in.Cause); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	v.Amounts.WrittenOff, v.Status, v.UncollectibleAt, v.ClosedAt = lost, StatusUncollectible, now, now
	s.Failpoints.Hit("invoice.closed")
	var c change
	c.note(ActivityUncollectible, "Given up as uncollectible.", ActivityDetail{WrittenOff: v.moneyOf(lost)})
	c.tell(EventUncollectible, func(d *eventData) { d.WrittenOff, d.UncollectibleAt = v.moneyOf(lost), now })
	return v, s.save(tx, v, in.Cause, c)
}

// RegenerateLink replaces the public link. The old one, and every credential of the open checkout, open
// nothing any more; the checkout itself goes on under new ones.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, INVOICE_LINK_UNAVAILABLE for a void invoice,
// INVOICE_BALANCE_CHANGED.
func (s *Service) RegenerateLink(tx db.Tx, in VersionInput) (*Invoice, error) {
	o, v, err := s.open(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if v.Status == StatusVoid {
		return nil, fault.Conflict("INVOICE_LINK_UNAVAILABLE", "A void invoice has no link.")
	}
	if err := v.checkIssued(); err != nil {
		return nil, err
	}
	if err := v.checkVersion(in.ExpectedVersion); err != nil {
		return nil, err
	}
	was := v.SessionID
	s.renewLink(v, s.Clock.Now())
	current, _, err := s.Door.Current(tx, o, in.Cause)
	if err != nil {
		return nil, err
	}
	if current != "" && current == was {
		opened, err := s.Door.Rotate(tx, in.Scope, current)
		if err != nil {
			return nil, err
		}
		if err := s.keep(v, opened); err != nil {
			return nil, err
		}
	}
	var c change
	c.note(ActivityTokenRegenerated, "Public link replaced.", ActivityDetail{})
	c.tell(EventUpdated)
	return v, s.save(tx, v, in.Cause, c)
}

// View notes that the buyer has opened the invoice; only the first time counts.
func (s *Service) View(tx db.Tx, scope tenant.Scope, invoiceID string, cause event.Cause) (*Invoice, error) {
	peek, err := Get(tx, scope, invoiceID)
	if err != nil || !peek.ViewedAt.IsZero() || !peek.Issued() {
		return peek, err
	}
	_, v, err := s.open(tx, scope, invoiceID)
	if err != nil || !v.ViewedAt.IsZero() {
		return v, err
	}
	v.ViewedAt = s.Clock.Now()
	cause.ActorType = "buyer"
	var c change
	c.note(ActivityViewed, "The buyer opened the invoice.", ActivityDetail{})
	c.tell(EventUpdated)
	return v, s.save(tx, v, cause, c)
}
