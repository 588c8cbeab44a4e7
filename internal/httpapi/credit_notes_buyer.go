package httpapi

import (
	"context"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

// BuyerCreditNotesInput is the request of listMeCreditNotes.
type BuyerCreditNotesInput struct {
	InvoicePath
	PageQuery
}

// BuyerCreditNotePath names a credit note of an invoice.
type BuyerCreditNotePath struct {
	InvoicePath
	CreditNotePath
}

// buyersCreditNote reads a note of an invoice that the caller's credential opens. Drafts do not exist for buyers.
func buyersCreditNote(tx db.Tx, c *Caller, in *BuyerCreditNotePath) (*creditnote.Note, error) {
	v, err := buyersInvoice(tx, c, in.InvoiceID)
	if err != nil {
		return nil, err
	}
	n, err := creditnote.Get(tx, c.Scope, in.NoteID)
	if err != nil {
		return nil, err
	}
	if n.InvoiceID != v.ID || n.Status == creditnote.StatusDraft {
		return nil, fault.NotFound("credit note")
	}
	return n, nil
}

func registerBuyerCreditNotes(a *API, s *Services) {
	Get(a, "listMeCreditNotes", func(ctx context.Context, tx db.Tx, c *Caller, in *BuyerCreditNotesInput) (Page[*BuyerCreditNote], error) {
		v, err := buyersInvoice(tx, c, in.InvoiceID)
		if err != nil {
			return Page[*BuyerCreditNote]{}, err
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*creditnote.Note, *listing.Cursor, error) {
			return creditnote.List(tx, creditnote.ListInput{
				Scope: c.Scope, InvoiceID: v.ID, Statuses: []string{creditnote.StatusIssued, creditnote.StatusVoid}, After: after, Limit: limit,
			})
		})
		return MapPage(page, wireBuyerCreditNote), err
	}, Doc("List credit notes of my invoice", "Issued and void ones, newest first."))

	Get(a, "getMeCreditNote", func(ctx context.Context, tx db.Tx, c *Caller, in *BuyerCreditNotePath) (*BuyerCreditNote, error) {
		n, err := buyersCreditNote(tx, c, in)
		if err != nil {
			return nil, err
		}
		return wireBuyerCreditNote(n), nil
	}, Doc("Read a credit note of my invoice", ""))

	Handle(a, "getMeCreditNotePDF", func(ctx context.Context, c *Caller, in *BuyerCreditNotePath) (*Raw, error) {
		n, err := read(ctx, a, func(tx db.Tx) (*creditnote.Note, error) { return buyersCreditNote(tx, c, in) })
		if err != nil {
			return nil, err
		}
		return s.creditNotePDF(ctx, a, n)
	}, Doc("Download a credit note of my invoice", "The document as application/pdf."), Produces([]string{"application/pdf"}))
}
