package creditnote

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// RefundOrder says what is to be paid out.
type RefundOrder struct {
	Reason        string
	ReasonMessage string
	Amount        *money.Amount // nil for all credit that is left
}

// RefundInput pays credit of an issued note out.
type RefundInput struct {
	Scope           tenant.Scope
	NoteID          string
	Order           RefundOrder
	ExpectedVersion *int64
	GrantID         string // of the app that refunds, empty for others
	Cause           event.Cause
}

// Refund pays unallocated credit out to the payments of a paid invoice. The balance of the invoice stays as it
// is. The caller executes the operations once it has committed.
//
// Faults: RESOURCE_NOT_FOUND, CREDIT_NOTE_NOT_ISSUED, CREDIT_NOTE_CHANGED, CREDIT_NOTE_CURRENCY_MISMATCH,
// CREDIT_NOTE_REFUND_INVALID, CREDIT_NOTE_REFUND_EXCEEDS_BALANCE (with maximum_money), and those of
// refund.Create.
func (s *Service) Refund(tx db.Tx, in RefundInput) (*refund.Refund, []payment.Operation, error) {
	v, n, err := s.open(tx, in.Scope, in.NoteID)
	if err != nil {
		return nil, nil, err
	}
	if err := n.checkIssued(); err != nil {
		return nil, nil, err
	}
	if err := n.checkVersion(in.ExpectedVersion); err != nil {
		return nil, nil, err
	}
	r, ops, err := s.payOut(tx, v, n, in.Order, in.GrantID, in.Cause)
	if err != nil {
		return nil, nil, err
	}
	now := s.Clock.Now()
	if err := save(tx, n, now); err != nil {
		return nil, nil, err
	}
	return r, ops, s.tell(tx, n, "credit_note.updated", in.Cause, now)
}

// payOut reserves credit for a refund and makes it. The caller saves the note.
func (s *Service) payOut(tx db.Tx, v *invoice.Invoice, n *Note, in RefundOrder, grantID string, cause event.Cause) (*refund.Refund, []payment.Operation, error) {
	if v.Amounts.Outstanding() > 0 || v.Amounts.Paid == 0 {
		return nil, nil, fault.Conflict("CREDIT_NOTE_REFUND_INVALID", "Credit is paid out once the invoice is paid.").
			Then("Set the credit against the invoice instead.").With("current_status", v.Status)
	}
	amount := n.Money(n.Unallocated())
	if in.Amount != nil {
		amount = *in.Amount
	}
	switch {
	case amount.Currency != n.Currency:
		return nil, nil, fault.Invalid("CREDIT_NOTE_CURRENCY_MISMATCH", "amount_money.currency", "The credit note is in another currency.")
	case in.Amount != nil && amount.Minor < 1:
		return nil, nil, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A refund gives back at least one minor unit.")
	case amount.Minor > n.Unallocated() || amount.Minor == 0:
		return nil, nil, fault.Conflict("CREDIT_NOTE_REFUND_EXCEEDS_BALANCE", "The credit note has less credit than that left.").
			With("maximum_money", n.Money(n.Unallocated()))
	}
	r, ops, err := s.Refunds.Create(tx, refund.CreateInput{
		Scope: n.Scope, OrderID: n.OrderID, Amount: &amount, Reason: in.Reason, ReasonMessage: in.ReasonMessage, InvoiceID: n.InvoiceID,
		CreditNoteID: n.ID, GrantID: grantID, Cause: cause,
	})
	if err != nil {
		return nil, nil, err
	}
	n.Pending += r.Amount
	n.LatestRefund = r.Status
	if err := linkRefund(tx, n, r); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("creditnote.refunded")
	return r, ops, nil
}

// RefundChanged takes over what became of a refund that pays a note out, in the transaction in which it became
// known; the order is locked. Refunds of other origin are left alone.
func (s *Service) RefundChanged(tx db.Tx, _ *order.Order, r *refund.Refund, _ string, cause event.Cause) error {
	if r.Detail.CreditNoteID == "" {
		return nil
	}
	n, err := load(tx, r.Scope, r.Detail.CreditNoteID)
	if err != nil {
		return err
	}
	all, err := refundsOf(tx, r.Scope, n.ID)
	if err != nil {
		return err
	}
	n.Refunded, n.Pending = 0, 0
	for k, other := range all {
		if other.ID == r.ID {
			other, all[k] = r, r
		}
		for _, a := range other.Allocations {
			switch a.Status {
			case refund.StatusSucceeded:
				n.Refunded += a.Amount
			case refund.StatusPending, refund.StatusRequiresAction:
				n.Pending += a.Amount
			}
		}
		n.LatestRefund = other.Status
	}
	now := s.Clock.Now()
	if err := save(tx, n, now); err != nil {
		return err
	}
	return s.tell(tx, n, "credit_note.updated", cause, now)
}
