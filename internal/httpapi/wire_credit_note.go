package httpapi

import (
	"time"

	"flint/internal/creditnote"
)

// CreditNoteLine takes back part of a line of the invoice.
type CreditNoteLine struct {
	ID            string `json:"credit_note_line_id"`
	InvoiceLineID string `json:"invoice_line_item_id"`
	Description   string `json:"description"`
	Quantity      *int64 `json:"quantity,omitzero" doc:"Units taken back; absent when an amount was named."`
	Subtotal      Money  `json:"subtotal_money"`
	Discount      Money  `json:"discount_money"`
	Tax           Money  `json:"tax_money"`
	Total         Money  `json:"total_money"`
}

// CreditNoteFace is what merchants and buyers see of a credit note.
type CreditNoteFace struct {
	ID           string               `json:"credit_note_id"`
	Number       string               `json:"credit_note_number,omitzero" doc:"Given when the note is issued; without gap per environment."`
	InvoiceID    string               `json:"invoice_id"`
	Status       string               `json:"status" enum:"draft,issued,void"`
	Reason       string               `json:"reason" enum:"returned_goods,order_adjustment,billing_error,goodwill,other"`
	Memo         string               `json:"memo,omitzero"`
	Lines        []CreditNoteLine     `json:"credit_note_lines"`
	Total        Money                `json:"total_money"`
	Refunded     Money                `json:"refunded_money"`
	Pending      Money                `json:"pending_refund_money"`
	LatestRefund string               `json:"latest_refund_status,omitzero" enum:"pending,in_transit,succeeded,failed,requires_action,canceled,partially_succeeded"`
	BuyerTax     *DocumentTaxIdentity `json:"buyer_tax_identity" flint:"nullable"`
	SellerTax    *DocumentTaxIdentity `json:"seller_tax_identity" flint:"nullable"`
	IssuedAt     time.Time            `json:"issued_at,omitzero"`
	VoidedAt     time.Time            `json:"voided_at,omitzero"`
}

// CreditNote corrects an invoice that was issued.
type CreditNote struct {
	CreditNoteFace
	Unallocated         Money     `json:"unallocated_money" doc:"Credit that can still be set against the invoice or paid out."`
	ExternalReferenceID string    `json:"external_reference_id,omitzero"`
	MerchantID          string    `json:"merchant_id"`
	Version             int64     `json:"version" minimum:"1"`
	CreatedAt           time.Time `json:"created_at"`
	UpdatedAt           time.Time `json:"updated_at"`
}

// IssuedCreditNote is an issued note, with the refund that issuing it started.
type IssuedCreditNote struct {
	CreditNote
	Refund *Refund `json:"refund,omitzero"`
}

// BuyerCreditNote is an issued or void note as the buyer sees it.
type BuyerCreditNote struct {
	CreditNoteFace
}

// CreditNoteAllocation is credit that was set against an invoice.
type CreditNoteAllocation struct {
	ID             string    `json:"credit_note_allocation_id"`
	NoteID         string    `json:"credit_note_id"`
	InvoiceID      string    `json:"invoice_id"`
	Amount         Money     `json:"amount_money"`
	AllocatedAt    time.Time `json:"allocated_at"`
	ReversedAt     time.Time `json:"reversed_at,omitzero"`
	IdempotencyKey string    `json:"idempotency_key"`
}

// CreditNoteAllocationResult is what an allocation or its reversal changed.
type CreditNoteAllocationResult struct {
	Allocation *CreditNoteAllocation `json:"credit_note_allocation"`
	Note       *CreditNote           `json:"credit_note"`
	Invoice    *Invoice              `json:"invoice"`
}

func wireCreditNoteFace(n *creditnote.Note) CreditNoteFace {
	m := func(minor int64) Money { return wireMoney(minor, n.Currency) }
	out := CreditNoteFace{
		ID: n.ID, Number: n.Number, InvoiceID: n.InvoiceID, Status: n.Status, Reason: n.Reason, Memo: n.Memo, Lines: []CreditNoteLine{},
		Total: m(n.Total), Refunded: m(n.Refunded), Pending: m(n.Pending), LatestRefund: n.LatestRefund, BuyerTax: wireTaxIdentity(n.BuyerTax),
		SellerTax: wireTaxIdentity(n.SellerTax), IssuedAt: n.IssuedAt, VoidedAt: n.VoidedAt,
	}
	for _, l := range n.Lines {
		line := CreditNoteLine{
			ID: l.ID, InvoiceLineID: l.InvoiceLineID, Description: l.Description, Subtotal: m(l.Subtotal), Discount: m(l.Discount), Tax: m(l.Tax), Total: m(l.Total),
		}
		if l.Quantity > 0 {
			line.Quantity = &l.Quantity
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

func wireCreditNote(n *creditnote.Note) *CreditNote {
	return &CreditNote{
		CreditNoteFace: wireCreditNoteFace(n), Unallocated: wireMoney(n.Unallocated(), n.Currency), ExternalReferenceID: n.ExternalReferenceID,
		MerchantID: n.Scope.MerchantID, Version: n.Version, CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt,
	}
}

func wireBuyerCreditNote(n *creditnote.Note) *BuyerCreditNote {
	return &BuyerCreditNote{wireCreditNoteFace(n)}
}

func wireCreditNoteAllocation(a *creditnote.Allocation) *CreditNoteAllocation {
	return &CreditNoteAllocation{
		ID: a.ID, NoteID: a.NoteID, InvoiceID: a.InvoiceID, Amount: wireMoney(a.Amount, a.Currency), AllocatedAt: a.AllocatedAt,
		ReversedAt: a.ReversedAt, IdempotencyKey: a.IdempotencyKey,
	}
}

func (s *Services) wireAllocated(out creditnote.Allocated, now time.Time) (*CreditNoteAllocationResult, error) {
	v, err := s.wireInvoice(out.Invoice, now)
	if err != nil {
		return nil, err
	}
	return &CreditNoteAllocationResult{wireCreditNoteAllocation(out.Allocation), wireCreditNote(out.Note), v}, nil
}
