package creditnote

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/tenant"
)

// AllocateInput sets credit against the invoice.
type AllocateInput struct {
	Scope           tenant.Scope
	NoteID          string
	Amount          money.Amount
	ExpectedVersion *int64
	Cause           event.Cause
}

// Allocated is what an allocation or its reversal changed.
type Allocated struct {
	Allocation *Allocation
	Note       *Note
	Invoice    *invoice.Invoice
}

// Allocate lowers the balance of the note's invoice by credit of the note. A balance that comes to nothing
// makes the invoice credited.
//
// Faults: RESOURCE_NOT_FOUND, CREDIT_NOTE_NOT_ISSUED, CREDIT_NOTE_CHANGED, CREDIT_NOTE_CURRENCY_MISMATCH,
// INVALID_AMOUNT, CREDIT_NOTE_ALLOCATION_EXCEEDS_BALANCE (with maximum_money), and those of invoice.ApplyCredit.
func (s *Service) Allocate(tx db.Tx, in AllocateInput) (Allocated, error) {
	v, n, err := s.open(tx, in.Scope, in.NoteID)
	if err != nil {
		return Allocated{}, err
	}
	if err := n.checkIssued(); err != nil {
		return Allocated{}, err
	}
	if err := n.checkVersion(in.ExpectedVersion); err != nil {
		return Allocated{}, err
	}
	switch {
	case in.Amount.Currency != n.Currency:
		return Allocated{}, fault.Invalid("CREDIT_NOTE_CURRENCY_MISMATCH", "amount_money.currency", "The credit note is in another currency.")
	case in.Amount.Minor < 1:
		return Allocated{}, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "An allocation is at least one minor unit.")
	case in.Amount.Minor > n.Unallocated():
		return Allocated{}, fault.Conflict("CREDIT_NOTE_ALLOCATION_EXCEEDS_BALANCE", "The credit note has less credit than that left.").
			With("maximum_money", n.Money(n.Unallocated()))
	}
	now := s.Clock.Now()
	a := &Allocation{
		ID: s.IDs.New(id.CreditNoteAllocation), NoteID: n.ID, InvoiceID: v.ID, Currency: n.Currency, Amount: in.Amount.Minor,
		IdempotencyKey: in.Cause.IdempotencyKey, AllocatedAt: now,
	}
	v, err = s.Invoices.ApplyCredit(tx, invoice.CreditInput{Scope: n.Scope, InvoiceID: v.ID, CreditNoteID: n.ID, Amount: a.Amount, Cause: in.Cause})
	if err != nil {
		return Allocated{}, err
	}
	n.Allocated += a.Amount
	if err := insertAllocation(tx, n.Scope, a); err != nil {
		return Allocated{}, fmt.Errorf("insert the allocation: %w", err)
	}
	if err := save(tx, n, now); err != nil {
		return Allocated{}, err
	}
	s.Failpoints.Hit("creditnote.allocated")
	if err := s.tellAllocation(tx, n, a, "credit_note.allocation_created", in.Cause); err != nil {
		return Allocated{}, err
	}
	return Allocated{a, n, v}, s.tell(tx, n, "credit_note.updated", in.Cause, now)
}

// ReverseInput takes an allocation back.
type ReverseInput struct {
	Scope           tenant.Scope
	NoteID          string
	AllocationID    string
	ExpectedVersion *int64
	Cause           event.Cause
}

// Reverse gives the credit of an allocation back to the note and opens the balance of the invoice again. The
// row stays.
//
// Faults: RESOURCE_NOT_FOUND, CREDIT_NOTE_ALLOCATION_ALREADY_REVERSED, CREDIT_NOTE_CHANGED, and those of
// invoice.Credit.
func (s *Service) Reverse(tx db.Tx, in ReverseInput) (Allocated, error) {
	v, n, err := s.open(tx, in.Scope, in.NoteID)
	if err != nil {
		return Allocated{}, err
	}
	a, err := GetAllocation(tx, in.Scope, n.ID, in.AllocationID)
	if err != nil {
		return Allocated{}, err
	}
	if !a.ReversedAt.IsZero() {
		return Allocated{}, fault.Conflict("CREDIT_NOTE_ALLOCATION_ALREADY_REVERSED", "The allocation was reversed before.")
	}
	if err := n.checkVersion(in.ExpectedVersion); err != nil {
		return Allocated{}, err
	}
	v, err = s.Invoices.ReverseCredit(tx, invoice.CreditInput{Scope: n.Scope, InvoiceID: v.ID, CreditNoteID: n.ID, Amount: a.Amount, Cause: in.Cause})
	if err != nil {
		return Allocated{}, err
	}
	now := s.Clock.Now()
	a.ReversedAt = now
	n.Allocated -= a.Amount
	if err := tx.Send(`UPDATE credit_note_allocations SET reversed_at = $5
		WHERE merchant_id = $1 AND environment_id = $2 AND credit_note_id = $3 AND allocation_id = $4`,
		n.Scope.MerchantID, n.Scope.EnvironmentID, n.ID, a.ID, now); err != nil {
		return Allocated{}, fmt.Errorf("reverse the allocation: %w", err)
	}
	if err := save(tx, n, now); err != nil {
		return Allocated{}, err
	}
	if err := s.tellAllocation(tx, n, a, "credit_note.allocation_reversed", in.Cause); err != nil {
		return Allocated{}, err
	}
	return Allocated{a, n, v}, s.tell(tx, n, "credit_note.updated", in.Cause, now)
}

func (s *Service) tellAllocation(tx db.Tx, n *Note, a *Allocation, kind string, cause event.Cause) error {
	return s.Events.Record(tx, n.Scope, s.Clock.Now(), cause, event.New{
		Type: kind, RootType: "credit_note", RootID: n.ID, OrderID: n.OrderID, ResourceType: "credit_note_allocation", ResourceID: a.ID, Data: allocationDataOf(a),
	})
}
