package httpapi

import (
	"context"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/invoice"
)

// CreditNoteCorrection says what is taken back of a line: units of it, or an amount.
type CreditNoteCorrection struct {
	Type     string `json:"type" enum:"quantity,amount"`
	Quantity *int64 `json:"quantity,omitzero" minimum:"1" fault:"invalid=INVALID_QUANTITY"`
	Amount   *Money `json:"amount_money,omitzero"`
}

// CreditNoteLineInput asks to take back part of a line of the invoice.
type CreditNoteLineInput struct {
	InvoiceLineID string               `json:"invoice_line_item_id" minLength:"1" maxLength:"64"`
	ID            string               `json:"credit_note_line_id,omitzero" maxLength:"64" doc:"Keeps a line that the note has already."`
	Correction    CreditNoteCorrection `json:"correction"`
}

// CreateCreditNoteRequest describes a draft.
type CreateCreditNoteRequest struct {
	InvoiceID           string                `json:"invoice_id" minLength:"1" maxLength:"64"`
	Reason              string                `json:"reason" enum:"returned_goods,order_adjustment,billing_error,goodwill,other"`
	Lines               []CreditNoteLineInput `json:"credit_note_lines,omitempty" maxItems:"250"`
	Memo                string                `json:"memo,omitzero" maxLength:"4096"`
	ExternalReferenceID string                `json:"external_reference_id,omitzero" maxLength:"255"`
}

// CreateCreditNoteInput is the request of createCreditNote.
type CreateCreditNoteInput struct {
	Body CreateCreditNoteRequest
}

// UpdateCreditNoteRequest edits a draft.
type UpdateCreditNoteRequest struct {
	Lines               *[]CreditNoteLineInput `json:"credit_note_lines,omitzero" maxItems:"250" doc:"Replaces all lines; needs expected_version."`
	Reason              *string                `json:"reason,omitzero" enum:"returned_goods,order_adjustment,billing_error,goodwill,other"`
	Memo                Opt[string]            `json:"memo,omitzero" maxLength:"4096" doc:"Null removes it."`
	ExternalReferenceID *string                `json:"external_reference_id,omitzero" maxLength:"255"`
	ExpectedVersion     *int64                 `json:"expected_version,omitzero" minimum:"1"`
}

// UpdateCreditNoteInput is the request of updateCreditNote.
type UpdateCreditNoteInput struct {
	CreditNotePath
	Body UpdateCreditNoteRequest
}

// CreditNotePath names a credit note.
type CreditNotePath struct {
	NoteID string `path:"credit_note_id" id:"cn"`
}

// ListCreditNotesInput is the request of listCreditNotes.
type ListCreditNotesInput struct {
	PageQuery
	InvoiceID           string `query:"invoice_id"`
	ExternalReferenceID string `query:"external_reference_id" maxLength:"255"`
	Query               string `query:"query" maxLength:"255"`
	Status              string `query:"status" enum:"draft,issued,void"`
}

// ResourceVersionRequest names the version that a change was decided on.
type ResourceVersionRequest struct {
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// VoidCreditNoteInput is the request of voidCreditNote.
type VoidCreditNoteInput struct {
	CreditNotePath
	Body *ResourceVersionRequest
}

func creditNoteLines(in []CreditNoteLineInput) []creditnote.LineInput {
	out := make([]creditnote.LineInput, 0, len(in))
	for _, l := range in {
		out = append(out, creditnote.LineInput{
			InvoiceLineID: l.InvoiceLineID, ID: l.ID, Type: l.Correction.Type, Quantity: l.Correction.Quantity, Amount: l.Correction.Amount.amount(),
		})
	}
	return out
}

func (r *ResourceVersionRequest) version() *int64 {
	if r == nil {
		return nil
	}
	return r.ExpectedVersion
}

func registerCreditNotes(a *API, s *Services) {
	Write(a, "createCreditNote", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCreditNoteInput) (*CreditNote, error) {
		n, err := s.CreditNotes.Create(tx, creditnote.CreateInput{
			Scope: c.Scope, InvoiceID: in.Body.InvoiceID, Reason: in.Body.Reason, Lines: creditNoteLines(in.Body.Lines), Memo: in.Body.Memo,
			ExternalReferenceID: in.Body.ExternalReferenceID, Cause: c.Cause(),
		})
		if err != nil {
			return nil, err
		}
		return wireCreditNote(n), nil
	}, Doc("Draft a credit note", "Corrects an issued invoice by units or amounts of its lines. Nothing is credited until it is issued."),
		Errors("INVOICE_NOT_ISSUED", "DUPLICATE_INVOICE_LINE", "CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE", "CREDIT_NOTE_CURRENCY_MISMATCH"))

	Get(a, "listCreditNotes", func(ctx context.Context, tx db.Tx, c *Caller, in *ListCreditNotesInput) (Page[*CreditNote], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*creditnote.Note, *listing.Cursor, error) {
			return creditnote.List(tx, creditnote.ListInput{
				Scope: c.Scope, InvoiceID: in.InvoiceID, ExternalReferenceID: in.ExternalReferenceID, Query: in.Query, Statuses: statusList(in.Status),
				After: after, Limit: limit,
			})
		})
		return MapPage(page, wireCreditNote), err
	}, Doc("List credit notes", "Newest first."))

	Get(a, "getCreditNote", func(ctx context.Context, tx db.Tx, c *Caller, in *CreditNotePath) (*CreditNote, error) {
		n, err := creditnote.Get(tx, c.Scope, in.NoteID)
		if err != nil {
			return nil, err
		}
		return wireCreditNote(n), nil
	}, Doc("Read a credit note", ""))

	Write(a, "updateCreditNote", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateCreditNoteInput) (*CreditNote, error) {
		b := &in.Body
		if b.Lines == nil && b.Reason == nil && !b.Memo.Sent && b.ExternalReferenceID == nil {
			return nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The body names nothing to change.")
		}
		u := creditnote.UpdateInput{
			Scope: c.Scope, NoteID: in.NoteID, Reason: b.Reason, Memo: b.Memo.Ptr(), ExternalReferenceID: b.ExternalReferenceID,
			ExpectedVersion: b.ExpectedVersion, Cause: c.Cause(),
		}
		if b.Lines != nil {
			lines := creditNoteLines(*b.Lines)
			u.Lines = &lines
		}
		n, err := s.CreditNotes.Update(tx, u)
		if err != nil {
			return nil, err
		}
		return wireCreditNote(n), nil
	}, Doc("Edit a credit note's draft", "New lines replace all lines and need expected_version."),
		Errors("CREDIT_NOTE_NOT_DRAFT", "CREDIT_NOTE_CHANGED", "EXPECTED_VERSION_REQUIRED", "DUPLICATE_INVOICE_LINE",
			"CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE", "CREDIT_NOTE_CURRENCY_MISMATCH", "NO_FIELDS_TO_UPDATE"))

	Write(a, "voidCreditNote", func(ctx context.Context, tx db.Tx, c *Caller, in *VoidCreditNoteInput) (*CreditNote, error) {
		n, err := s.CreditNotes.Void(tx, creditnote.VoidInput{Scope: c.Scope, NoteID: in.NoteID, ExpectedVersion: in.Body.version(), Cause: c.Cause()})
		if err != nil {
			return nil, err
		}
		return wireCreditNote(n), nil
	}, Doc("Void a credit note", "For good. Its credit must be unused."),
		Errors("CREDIT_NOTE_NOT_ISSUED", "CREDIT_NOTE_HAS_ALLOCATIONS", "CREDIT_NOTE_CHANGED"))

	Handle(a, "getCreditNotePDF", func(ctx context.Context, c *Caller, in *CreditNotePath) (*Raw, error) {
		n, err := read(ctx, a, func(tx db.Tx) (*creditnote.Note, error) { return creditnote.Get(tx, c.Scope, in.NoteID) })
		if err != nil {
			return nil, err
		}
		return s.creditNotePDF(ctx, a, n)
	}, Doc("Download a credit note", "The document as application/pdf."), Produces([]string{"application/pdf"}), Errors("CREDIT_NOTE_NOT_ISSUED"))

	registerIssueCreditNote(a, s)
	registerCreditNoteAllocations(a, s)
	registerCreditNoteRefunds(a, s)
	registerBuyerCreditNotes(a, s)
}

func statusList(status string) []string {
	if status == "" {
		return nil
	}
	return []string{status}
}

// creditNotePDF draws the document of an issued note.
func (s *Services) creditNotePDF(ctx context.Context, a *API, n *creditnote.Note) (*Raw, error) {
	if n.Status == creditnote.StatusDraft {
		return nil, fault.Conflict("CREDIT_NOTE_NOT_ISSUED", "A draft has no document.").With("current_status", n.Status)
	}
	v, err := read(ctx, a, func(tx db.Tx) (*invoice.Invoice, error) { return invoice.Get(tx, n.Scope, n.InvoiceID) })
	if err != nil {
		return nil, err
	}
	data, err := s.CreditNotes.PDF(ctx, n, v)
	if err != nil {
		return nil, err
	}
	return pdfFile(n.Number, data), nil
}

// pdfFile is a document for download under its number.
func pdfFile(number string, data []byte) *Raw {
	return &Raw{Header: map[string][]string{
		"Content-Type": {"application/pdf"}, "Content-Disposition": {`attachment; filename="` + number + `.pdf"`},
		"Cache-Control": {"private, no-store"}, "X-Content-Type-Options": {"nosniff"},
	}, Body: data}
}

// CreditNoteRefundRequest pays credit out.
type CreditNoteRefundRequest struct {
	Reason        string `json:"reason" enum:"duplicate,fraudulent,requested_by_customer,defective_product,wrong_item_shipped,never_received,not_as_described,arrived_too_late,customer_changed_mind,better_price_found,accidental_order,other"`
	Amount        *Money `json:"amount_money,omitzero" doc:"All credit that is left when absent."`
	ReasonMessage string `json:"reason_message,omitzero" maxLength:"500"`
}

func (r *CreditNoteRefundRequest) order() creditnote.RefundOrder {
	return creditnote.RefundOrder{Reason: r.Reason, ReasonMessage: r.ReasonMessage, Amount: r.Amount.amount()}
}

func registerCreditNoteAllocations(a *API, s *Services) {
	Get(a, "listCreditNoteAllocations", func(ctx context.Context, tx db.Tx, c *Caller, in *CreditNotePartsInput) (Page[*CreditNoteAllocation], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*creditnote.Allocation, *listing.Cursor, error) {
			return creditnote.ListAllocations(tx, in.domain(c, after, limit))
		})
		return MapPage(page, wireCreditNoteAllocation), err
	}, Doc("List allocations of a credit note", "Newest first, reversed ones included."))

	Get(a, "getCreditNoteAllocation", func(ctx context.Context, tx db.Tx, c *Caller, in *CreditNoteAllocationPath) (*CreditNoteAllocation, error) {
		found, err := creditnote.GetAllocation(tx, c.Scope, in.NoteID, in.AllocationID)
		if err != nil {
			return nil, err
		}
		return wireCreditNoteAllocation(found), nil
	}, Doc("Read an allocation of a credit note", ""))

	Write(a, "createCreditNoteAllocation", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCreditNoteAllocationInput) (*CreditNoteAllocationResult, error) {
		out, err := s.CreditNotes.Allocate(tx, creditnote.AllocateInput{
			Scope: c.Scope, NoteID: in.NoteID, Amount: *in.Body.Amount.amount(), ExpectedVersion: in.Body.ExpectedVersion, Cause: c.Cause(),
		})
		if err != nil {
			return nil, err
		}
		return s.wireAllocated(out, c.Now)
	}, Doc("Set credit against the invoice", "Lowers the invoice's balance; a balance that comes to nothing makes the invoice credited."),
		Errors("CREDIT_NOTE_NOT_ISSUED", "CREDIT_NOTE_CHANGED", "CREDIT_NOTE_ALLOCATION_EXCEEDS_BALANCE", "CREDIT_NOTE_CURRENCY_MISMATCH",
			"INVALID_AMOUNT", "INVOICE_NOT_COLLECTIBLE", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING"))

	Write(a, "reverseCreditNoteAllocation", func(ctx context.Context, tx db.Tx, c *Caller, in *ReverseCreditNoteAllocationInput) (*CreditNoteAllocationResult, error) {
		out, err := s.CreditNotes.Reverse(tx, creditnote.ReverseInput{
			Scope: c.Scope, NoteID: in.NoteID, AllocationID: in.AllocationID, ExpectedVersion: in.Body.version(), Cause: c.Cause(),
		})
		if err != nil {
			return nil, err
		}
		return s.wireAllocated(out, c.Now)
	}, Doc("Take an allocation back", "The credit returns to the note and the invoice's balance opens again."),
		Errors("CREDIT_NOTE_ALLOCATION_ALREADY_REVERSED", "CREDIT_NOTE_CHANGED", "INVOICE_NOT_REVERSIBLE", "INVOICE_PAYMENT_RESOLVING",
			"INVOICE_PAYMENT_PROCESSING"))
}

// CreditNotePartsInput asks for allocations or refunds of a note.
type CreditNotePartsInput struct {
	CreditNotePath
	PageQuery
	IdempotencyKey string `query:"idempotency_key" maxLength:"255" doc:"Finds what a call whose answer was lost did."`
}

func (in *CreditNotePartsInput) domain(c *Caller, after *listing.Cursor, limit int) creditnote.PartsInput {
	return creditnote.PartsInput{Scope: c.Scope, NoteID: in.NoteID, IdempotencyKey: in.IdempotencyKey, After: after, Limit: limit}
}

// CreditNoteAllocationPath names an allocation.
type CreditNoteAllocationPath struct {
	CreditNotePath
	AllocationID string `path:"credit_note_allocation_id" id:"cnal"`
}

// CreateCreditNoteAllocationRequest sets credit against the invoice.
type CreateCreditNoteAllocationRequest struct {
	Amount          Money  `json:"amount_money"`
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// CreateCreditNoteAllocationInput is the request of createCreditNoteAllocation.
type CreateCreditNoteAllocationInput struct {
	CreditNotePath
	Body CreateCreditNoteAllocationRequest
}

// ReverseCreditNoteAllocationInput is the request of reverseCreditNoteAllocation.
type ReverseCreditNoteAllocationInput struct {
	CreditNoteAllocationPath
	Body *ResourceVersionRequest
}
