package creditnote

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/tenant"
	"flint/internal/text"
)

// LineInput asks to take back part of a line of the invoice.
type LineInput struct {
	InvoiceLineID string
	ID            string // of a line that the note has already, to keep it
	Type          string // ByQuantity or ByAmount
	Quantity      *int64
	Amount        *money.Amount
}

// CreateInput describes a draft.
type CreateInput struct {
	Scope               tenant.Scope
	InvoiceID           string
	Reason              string
	Lines               []LineInput
	Memo                string
	ExternalReferenceID string
	Cause               event.Cause
}

// Create drafts a correction of an issued invoice.
//
// Faults: RESOURCE_NOT_FOUND, INVOICE_NOT_ISSUED, DUPLICATE_INVOICE_LINE, CREDIT_NOTE_CURRENCY_MISMATCH,
// CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE (with maximum_money).
func (s *Service) Create(tx db.Tx, in CreateInput) (*Note, error) {
	var faults fault.List
	checkText(&faults, in.Memo, in.ExternalReferenceID)
	if !slices.Contains(Reasons, in.Reason) {
		faults.Add("INVALID_VALUE", "reason", "The reason is not one of those that exist.")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	v, err := invoice.Get(tx, in.Scope, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	if err := creditable(v); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	n := &Note{
		Scope: in.Scope, ID: s.IDs.New(id.CreditNote), InvoiceID: v.ID, OrderID: v.OrderID, Status: StatusDraft, Reason: in.Reason,
		Version: 1, Currency: v.Currency, ExternalReferenceID: in.ExternalReferenceID, Memo: in.Memo, CreatedAt: now, UpdatedAt: now,
		InvoiceNumber: v.Number, BuyerTax: v.Snapshot.BuyerTax, SellerTax: v.Snapshot.SellerTax,
	}
	if err := s.setLines(tx, v, n, in.Lines); err != nil {
		return nil, err
	}
	if err := insert(tx, n); err != nil {
		return nil, err
	}
	return n, s.tell(tx, n, "credit_note.created", in.Cause, now)
}

// UpdateInput changes a draft; nil fields stay as they are.
type UpdateInput struct {
	Scope               tenant.Scope
	NoteID              string
	Lines               *[]LineInput // replaces all; needs ExpectedVersion
	Reason              *string
	Memo                *string
	ExternalReferenceID *string
	ExpectedVersion     *int64
	Cause               event.Cause
}

// Update edits a draft.
//
// Faults: RESOURCE_NOT_FOUND, CREDIT_NOTE_NOT_DRAFT, CREDIT_NOTE_CHANGED, EXPECTED_VERSION_REQUIRED, and of the
// lines those of Create.
func (s *Service) Update(tx db.Tx, in UpdateInput) (*Note, error) {
	if in.Lines != nil && in.ExpectedVersion == nil {
		return nil, fault.Invalid("EXPECTED_VERSION_REQUIRED", "expected_version", "Replacing the lines needs the version they were read at.")
	}
	n, err := load(tx, in.Scope, in.NoteID)
	if err != nil {
		return nil, err
	}
	if err := n.checkDraft(); err != nil {
		return nil, err
	}
	if err := n.checkVersion(in.ExpectedVersion); err != nil {
		return nil, err
	}
	if in.Reason != nil {
		n.Reason = *in.Reason
	}
	if in.Memo != nil {
		n.Memo = *in.Memo
	}
	if in.ExternalReferenceID != nil {
		n.ExternalReferenceID = *in.ExternalReferenceID
	}
	var faults fault.List
	checkText(&faults, n.Memo, n.ExternalReferenceID)
	if !slices.Contains(Reasons, n.Reason) {
		faults.Add("INVALID_VALUE", "reason", "The reason is not one of those that exist.")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	if in.Lines != nil {
		v, err := invoice.Get(tx, in.Scope, n.InvoiceID)
		if err != nil {
			return nil, err
		}
		if err := s.setLines(tx, v, n, *in.Lines); err != nil {
			return nil, err
		}
	}
	now := s.Clock.Now()
	if err := save(tx, n, now); err != nil {
		return nil, err
	}
	return n, s.tell(tx, n, "credit_note.updated", in.Cause, now)
}

func checkText(faults *fault.List, memo, externalReferenceID string) {
	text.Rule{Max: 4096, Lines: true}.Check(faults, "memo", memo)
	text.Rule{Max: 255}.Check(faults, "external_reference_id", externalReferenceID)
}

// creditable refuses invoices that have no frozen document or were voided.
func creditable(v *invoice.Invoice) error {
	if !v.Issued() || v.Snapshot == nil {
		return fault.Conflict("INVOICE_NOT_ISSUED", "The invoice is a draft; there is nothing to correct yet.").Then("Edit the draft.")
	}
	if v.Status == invoice.StatusVoid {
		return fault.Conflict("INVOICE_NOT_ISSUED", "The invoice was voided; nothing of it stands.").With("current_status", v.Status)
	}
	return nil
}

// setLines replaces the lines of a draft by what the corrections take of the invoice as things stand.
func (s *Service) setLines(tx db.Tx, v *invoice.Invoice, n *Note, in []LineInput) error {
	held, err := loadTaken(tx, n.Scope, v.ID)
	if err != nil {
		return err
	}
	var faults fault.List
	var lines []Line
	for k, l := range in {
		at := fmt.Sprintf("credit_note_lines[%d].", k)
		source := lineOf(v, l.InvoiceLineID)
		switch {
		case source == nil:
			faults.Add("RESOURCE_NOT_FOUND", at+"invoice_line_item_id", "The invoice has no such line.")
			continue
		case slices.ContainsFunc(lines, func(o Line) bool { return o.InvoiceLineID == l.InvoiceLineID }):
			faults.Add("DUPLICATE_INVOICE_LINE", at+"invoice_line_item_id", "A line of the invoice can be corrected once in a credit note.")
			continue
		}
		out := Line{ID: l.ID, InvoiceLineID: source.ID, Description: source.Line.Name}
		if l.ID == "" {
			out.ID = s.IDs.New(id.CreditNoteLine)
		} else if !slices.ContainsFunc(n.Lines, func(o Line) bool { return o.ID == l.ID }) {
			faults.Add("RESOURCE_NOT_FOUND", at+"credit_note_line_id", "The credit note has no such line.")
			continue
		}
		if err := l.correct(v, &out.Correction); err != nil {
			faults.AddError(at+"correction", err)
			continue
		}
		if !out.Correction.share(source.Line, held[source.ID], &out) {
			faults.AddError(at+"correction", exceeds(v, out.Correction, left(source.Line, held[source.ID])))
			continue
		}
		lines = append(lines, out)
	}
	if err := faults.Err(); err != nil {
		return err
	}
	n.Lines = lines
	n.sum()
	return nil
}

// correct reads the correction of a line.
func (l LineInput) correct(v *invoice.Invoice, out *Correction) error {
	out.Type = l.Type
	switch {
	case l.Type == ByQuantity && (l.Quantity == nil || l.Amount != nil):
		return fault.Invalid("FIELD_REQUIRED", "quantity", "A correction by quantity names the units, and no amount.")
	case l.Type == ByQuantity:
		out.Quantity = *l.Quantity
		if out.Quantity < 1 {
			return fault.Invalid("INVALID_QUANTITY", "quantity", "A correction takes back at least one unit.")
		}
	case l.Type != ByAmount:
		return fault.Invalid("INVALID_VALUE", "type", "A correction is by quantity or by amount.")
	case l.Amount == nil || l.Quantity != nil:
		return fault.Invalid("FIELD_REQUIRED", "amount_money", "A correction by amount names the amount, and no quantity.")
	case l.Amount.Currency != v.Currency:
		return fault.Invalid("CREDIT_NOTE_CURRENCY_MISMATCH", "amount_money.currency", "The invoice is in another currency.")
	case l.Amount.Minor < 1:
		return fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A correction takes back at least one minor unit.")
	default:
		out.Amount = l.Amount.Minor
	}
	return nil
}

func exceeds(v *invoice.Invoice, c Correction, rest taken) error {
	param := "amount_money"
	if c.Type == ByQuantity {
		param = "quantity"
	}
	return fault.Invalid("CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE", param, "Less than that is left of the line: other credit notes took the rest.").
		With("maximum_money", v.Money(rest.total)).With("maximum_quantity", rest.quantity)
}

// tell records an event of the note with the whole resource.
func (s *Service) tell(tx db.Tx, n *Note, kind string, cause event.Cause, now time.Time) error {
	return s.Events.Record(tx, n.Scope, now, cause, event.New{
		Type: kind, RootType: "credit_note", RootID: n.ID, OrderID: n.OrderID, ResourceType: "credit_note", ResourceID: n.ID, Data: dataOf(n),
	})
}
