package creditnote

import (
	"time"

	"flint/internal/invoice"
	"flint/internal/money"
)

// data is the credit note as events show it: the whole resource, in the shape of the API.
type data struct {
	ID                  string               `json:"credit_note_id"`
	Number              string               `json:"credit_note_number,omitempty"`
	InvoiceID           string               `json:"invoice_id"`
	Status              string               `json:"status"`
	Reason              string               `json:"reason"`
	Memo                string               `json:"memo,omitempty"`
	Lines               []lineData           `json:"credit_note_lines"`
	Total               money.Amount         `json:"total_money"`
	Unallocated         money.Amount         `json:"unallocated_money"`
	Refunded            money.Amount         `json:"refunded_money"`
	Pending             money.Amount         `json:"pending_refund_money"`
	LatestRefund        string               `json:"latest_refund_status,omitempty"`
	BuyerTax            *invoice.TaxIdentity `json:"buyer_tax_identity,omitempty"`
	SellerTax           *invoice.TaxIdentity `json:"seller_tax_identity,omitempty"`
	ExternalReferenceID string               `json:"external_reference_id,omitempty"`
	MerchantID          string               `json:"merchant_id"`
	Version             int64                `json:"version"`
	IssuedAt            time.Time            `json:"issued_at,omitzero"`
	VoidedAt            time.Time            `json:"voided_at,omitzero"`
	CreatedAt           time.Time            `json:"created_at"`
	UpdatedAt           time.Time            `json:"updated_at"`
}

type lineData struct {
	ID            string       `json:"credit_note_line_id"`
	InvoiceLineID string       `json:"invoice_line_item_id"`
	Description   string       `json:"description"`
	Quantity      int64        `json:"quantity,omitempty"`
	Subtotal      money.Amount `json:"subtotal_money"`
	Discount      money.Amount `json:"discount_money"`
	Tax           money.Amount `json:"tax_money"`
	Total         money.Amount `json:"total_money"`
}

type allocationData struct {
	ID             string       `json:"credit_note_allocation_id"`
	NoteID         string       `json:"credit_note_id"`
	InvoiceID      string       `json:"invoice_id"`
	Amount         money.Amount `json:"amount_money"`
	AllocatedAt    time.Time    `json:"allocated_at"`
	ReversedAt     time.Time    `json:"reversed_at,omitzero"`
	IdempotencyKey string       `json:"idempotency_key"`
}

func dataOf(n *Note) data {
	d := data{
		ID: n.ID, Number: n.Number, InvoiceID: n.InvoiceID, Status: n.Status, Reason: n.Reason, Memo: n.Memo, Lines: []lineData{},
		Total: n.Money(n.Total), Unallocated: n.Money(n.Unallocated()), Refunded: n.Money(n.Refunded), Pending: n.Money(n.Pending),
		LatestRefund: n.LatestRefund, BuyerTax: n.BuyerTax, SellerTax: n.SellerTax, ExternalReferenceID: n.ExternalReferenceID,
		MerchantID: n.Scope.MerchantID, Version: n.Version, IssuedAt: n.IssuedAt, VoidedAt: n.VoidedAt, CreatedAt: n.CreatedAt, UpdatedAt: n.UpdatedAt,
	}
	for _, l := range n.Lines {
		d.Lines = append(d.Lines, lineData{
			ID: l.ID, InvoiceLineID: l.InvoiceLineID, Description: l.Description, Quantity: l.Quantity, Subtotal: n.Money(l.Subtotal),
			Discount: n.Money(l.Discount), Tax: n.Money(l.Tax), Total: n.Money(l.Total),
		})
	}
	return d
}

func allocationDataOf(a *Allocation) allocationData {
	return allocationData{
		ID: a.ID, NoteID: a.NoteID, InvoiceID: a.InvoiceID, Amount: money.Amount{Minor: a.Amount, Currency: a.Currency},
		AllocatedAt: a.AllocatedAt, ReversedAt: a.ReversedAt, IdempotencyKey: a.IdempotencyKey,
	}
}
