package httpapi

import (
	"context"
	"errors"

	"flint/internal/app"
	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/refund"
)

// IssueCreditNoteRequest numbers and freezes a draft.
type IssueCreditNoteRequest struct {
	Refund          *CreditNoteRefundRequest `json:"refund,omitzero" doc:"Pays the credit of a paid invoice out at once; needs an Idempotency-Key."`
	ExpectedVersion *int64                   `json:"expected_version,omitzero" minimum:"1"`
}

// IssueCreditNoteInput is the request of issueCreditNote.
type IssueCreditNoteInput struct {
	CreditNotePath
	Body *IssueCreditNoteRequest

	operations []payment.Operation
}

// CreateCreditNoteRefundRequest pays credit of an issued note out.
type CreateCreditNoteRefundRequest struct {
	CreditNoteRefundRequest
	ExpectedVersion *int64 `json:"expected_version,omitzero" minimum:"1"`
}

// CreateCreditNoteRefundInput is the request of createCreditNoteRefund.
type CreateCreditNoteRefundInput struct {
	CreditNotePath
	Body CreateCreditNoteRefundRequest

	operations []payment.Operation
}

// refundErrors are what paying credit out is refused with.
var refundErrors = []string{
	"CREDIT_NOTE_REFUND_INVALID", "CREDIT_NOTE_REFUND_EXCEEDS_BALANCE", "CREDIT_NOTE_CURRENCY_MISMATCH", "CREDIT_NOTE_CHANGED",
	"AMOUNT_EXCEEDS_REFUNDABLE", "INVALID_AMOUNT", "APP_INSTALL_NOT_ACTIVE", "APP_OWN_ORDERS_ONLY", "APP_REFUND_LIMIT_EXCEEDED",
}

// appMayRefund turns a refund that a merchant would have to approve down: an approval repeats the refund of an
// order, and this one belongs to a credit note.
func appMayRefund(err error) error {
	if _, ok := errors.AsType[*app.ApprovalNeeded](err); ok {
		return fault.Forbidden("APP_REFUND_LIMIT_EXCEEDED", "The merchant approves refunds of this app one by one, and a credit note is paid out by the merchant.").
			Then("Issue the credit note without a refund and let the merchant pay it out.")
	}
	return err
}

func registerIssueCreditNote(a *API, s *Services) {
	Staged(a, "issueCreditNote", Steps[IssueCreditNoteInput, *IssuedCreditNote]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *IssueCreditNoteInput) (string, error) {
			issue := creditnote.IssueInput{Scope: c.Scope, NoteID: in.NoteID, GrantID: c.GrantID, Cause: c.Cause()}
			if b := in.Body; b != nil {
				issue.ExpectedVersion = b.ExpectedVersion
				if b.Refund != nil {
					if c.KeyGenerated {
						return "", fault.Invalid("IDEMPOTENCY_KEY_REQUIRED", "Idempotency-Key", "Issuing with a refund needs an idempotency key.")
					}
					order := b.Refund.order()
					issue.Refund = &order
				}
			}
			n, _, ops, err := s.CreditNotes.Issue(tx, issue)
			if err != nil {
				return "", appMayRefund(err)
			}
			in.operations = ops
			return n.ID, nil
		},
		Finish: func(ctx context.Context, c *Caller, in *IssueCreditNoteInput, subject string, settle func(db.Tx, *IssuedCreditNote) error) (*IssuedCreditNote, error) {
			refundID, err := read(ctx, a, func(tx db.Tx) (string, error) {
				found, _, err := creditnote.ListRefunds(tx, creditnote.PartsInput{Scope: c.Scope, NoteID: subject, IdempotencyKey: c.IdempotencyKey, Limit: 1})
				if err != nil || len(found) == 0 || in.Body == nil || in.Body.Refund == nil {
					return "", err
				}
				return found[0].ID, nil
			})
			if err != nil {
				return nil, err
			}
			if refundID == "" {
				return read(ctx, a, func(tx db.Tx) (*IssuedCreditNote, error) { return issuedCreditNote(tx, c, subject, nil) })
			}
			r, err := finishRefund(ctx, a, s, c, refundID, in.operations, wireRefund, func(tx db.Tx, r *Refund) error {
				out, err := issuedCreditNote(tx, c, subject, r)
				if err != nil {
					return err
				}
				return settle(tx, out)
			})
			if err != nil {
				return nil, err
			}
			return read(ctx, a, func(tx db.Tx) (*IssuedCreditNote, error) { return issuedCreditNote(tx, c, subject, r) })
		},
	}, Doc("Issue a credit note", "Gives it its number and freezes its lines; its total becomes credit. With a refund, credit of a paid invoice is paid out at once."),
		Errors(append([]string{"CREDIT_NOTE_NOT_DRAFT", "CREDIT_NOTE_EMPTY", "INVOICE_NOT_ISSUED", "CREDIT_NOTE_AMOUNT_EXCEEDS_CREDITABLE",
			"IDEMPOTENCY_KEY_REQUIRED"}, refundErrors...)...))
}

func issuedCreditNote(tx db.Tx, c *Caller, noteID string, r *Refund) (*IssuedCreditNote, error) {
	n, err := creditnote.Get(tx, c.Scope, noteID)
	if err != nil {
		return nil, err
	}
	return &IssuedCreditNote{CreditNote: *wireCreditNote(n), Refund: r}, nil
}

func registerCreditNoteRefunds(a *API, s *Services) {
	Get(a, "listCreditNoteRefunds", func(ctx context.Context, tx db.Tx, c *Caller, in *CreditNotePartsInput) (Page[*Refund], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*refund.Refund, *listing.Cursor, error) {
			return creditnote.ListRefunds(tx, in.domain(c, after, limit))
		})
		return MapPage(page, wireRefund), err
	}, Doc("List refunds of a credit note", "Newest first, failed ones included."))

	Staged(a, "createCreditNoteRefund", Steps[CreateCreditNoteRefundInput, *Refund]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCreditNoteRefundInput) (string, error) {
			r, ops, err := s.CreditNotes.Refund(tx, creditnote.RefundInput{
				Scope: c.Scope, NoteID: in.NoteID, Order: in.Body.order(), ExpectedVersion: in.Body.ExpectedVersion, GrantID: c.GrantID, Cause: c.Cause(),
			})
			if err != nil {
				return "", appMayRefund(err)
			}
			in.operations = ops
			return r.ID, nil
		},
		Finish: func(ctx context.Context, c *Caller, in *CreateCreditNoteRefundInput, subject string, settle func(db.Tx, *Refund) error) (*Refund, error) {
			return finishRefund(ctx, a, s, c, subject, in.operations, wireRefund, settle)
		},
	}, Doc("Pay credit out", "Gives unallocated credit of a paid invoice back to its payments. The invoice's balance stays as it is."),
		Errors(append([]string{"CREDIT_NOTE_NOT_ISSUED"}, refundErrors...)...))
}
