package creditnote

import (
	"fmt"
	"strconv"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// defaultPrefix keeps numbers of credit notes apart from those of invoices where the settings name no prefix.
const defaultPrefix = "CN-"

// IssueInput issues a draft.
type IssueInput struct {
	Scope           tenant.Scope
	NoteID          string
	ExpectedVersion *int64
	Refund          *RefundOrder // pays the credit out at once; nil for no refund
	GrantID         string       // of the app that issues, empty for others
	Cause           event.Cause
}

// Issue numbers and freezes a note and makes its total credit. The lines are computed against the notes that
// were issued meanwhile. With a refund it also pays credit out; the caller executes the operations once it
// has committed.
//
// Faults: RESOURCE_NOT_FOUND, CREDIT_NOTE_NOT_DRAFT, CREDIT_NOTE_CHANGED, CREDIT_NOTE_EMPTY, INVOICE_NOT_ISSUED,
// CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE, and with a refund those of Refund.
func (s *Service) Issue(tx db.Tx, in IssueInput) (*Note, *refund.Refund, []payment.Operation, error) {
	v, n, err := s.open(tx, in.Scope, in.NoteID)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := n.checkDraft(); err != nil {
		return nil, nil, nil, err
	}
	if err := n.checkVersion(in.ExpectedVersion); err != nil {
		return nil, nil, nil, err
	}
	if err := creditable(v); err != nil {
		return nil, nil, nil, err
	}
	if len(n.Lines) == 0 {
		return nil, nil, nil, fault.Conflict("CREDIT_NOTE_EMPTY", "The credit note corrects nothing.").Then("Give it lines first.")
	}
	held, err := loadTaken(tx, in.Scope, v.ID)
	if err != nil {
		return nil, nil, nil, err
	}
	for k := range n.Lines {
		l := &n.Lines[k]
		source := lineOf(v, l.InvoiceLineID)
		if source == nil {
			return nil, nil, nil, fmt.Errorf("credit note %s corrects line %s, which invoice %s does not have", n.ID, l.InvoiceLineID, v.ID)
		}
		if !l.Correction.share(source.Line, held[source.ID], l) {
			var faults fault.List
			faults.AddError("credit_note_lines["+strconv.Itoa(k)+"].correction", exceeds(v, l.Correction, left(source.Line, held[source.ID])))
			return nil, nil, nil, faults.Err()
		}
		if err := hold(tx, n, source.ID, source.Line.Quantity, source.Line.Total, held[source.ID].plus(*l, 1)); err != nil {
			return nil, nil, nil, err
		}
	}
	n.sum()
	now := s.Clock.Now()
	n.Status, n.IssuedAt = StatusIssued, now
	var r *refund.Refund
	var ops []payment.Operation
	if in.Refund != nil {
		if r, ops, err = s.payOut(tx, v, n, *in.Refund, in.GrantID, in.Cause); err != nil {
			return nil, nil, nil, err
		}
	}
	e, err := s.Settings(tx, in.Scope)
	if err != nil {
		return nil, nil, nil, err
	}
	if n.Sequence, err = nextNumber(tx, in.Scope); err != nil {
		return nil, nil, nil, err
	}
	prefix := e.Invoices.CreditNotePrefix
	if prefix == "" {
		prefix = defaultPrefix
	}
	n.Number = prefix + strconv.FormatInt(n.Sequence, 10)
	if err := save(tx, n, now); err != nil {
		return nil, nil, nil, err
	}
	s.Failpoints.Hit("creditnote.issued")
	return n, r, ops, s.tell(tx, n, "credit_note.issued", in.Cause, now)
}

// VoidInput retires a note.
type VoidInput struct {
	Scope           tenant.Scope
	NoteID          string
	ExpectedVersion *int64
	Cause           event.Cause
}

// Void retires an issued note of which nothing was used, for good, and gives its lines free.
//
// Faults: RESOURCE_NOT_FOUND, CREDIT_NOTE_NOT_ISSUED, CREDIT_NOTE_CHANGED, CREDIT_NOTE_HAS_ALLOCATIONS.
func (s *Service) Void(tx db.Tx, in VoidInput) (*Note, error) {
	v, n, err := s.open(tx, in.Scope, in.NoteID)
	if err != nil {
		return nil, err
	}
	if err := n.checkIssued(); err != nil {
		return nil, err
	}
	if err := n.checkVersion(in.ExpectedVersion); err != nil {
		return nil, err
	}
	switch {
	case n.Allocated > 0:
		return nil, fault.Conflict("CREDIT_NOTE_HAS_ALLOCATIONS", "Credit of the note is set against the invoice.").Then("Reverse the allocations first.")
	case n.Refunded+n.Pending > 0:
		return nil, fault.Conflict("CREDIT_NOTE_HAS_ALLOCATIONS", "Credit of the note was paid out or is on its way.")
	}
	held, err := loadTaken(tx, in.Scope, v.ID)
	if err != nil {
		return nil, err
	}
	for _, l := range n.Lines {
		source := lineOf(v, l.InvoiceLineID)
		if err := hold(tx, n, source.ID, source.Line.Quantity, source.Line.Total, held[source.ID].plus(l, -1)); err != nil {
			return nil, err
		}
	}
	now := s.Clock.Now()
	n.Status, n.VoidedAt = StatusVoid, now
	if err := save(tx, n, now); err != nil {
		return nil, err
	}
	return n, s.tell(tx, n, "credit_note.voided", in.Cause, now)
}
