package creditnote

import (
	"slices"
	"time"

	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of a credit note.
const (
	StatusDraft  = "draft"
	StatusIssued = "issued"
	StatusVoid   = "void"
)

// Reasons a merchant can give.
var Reasons = []string{"returned_goods", "order_adjustment", "billing_error", "goodwill", "other"}

// Note is one credit note. Amounts are minor units of Currency.
type Note struct {
	Scope               tenant.Scope   `json:"-"`
	ID                  string         `json:"-"` // cn_…
	InvoiceID           string         `json:"-"`
	OrderID             string         `json:"-"`
	Status              string         `json:"-"`
	Reason              string         `json:"-"`
	Number              string         `json:"-"` // with its prefix; empty until issued
	Sequence            int64          `json:"-"`
	Version             int64          `json:"-"` // rises by one with every change
	Currency            money.Currency `json:"-"`
	ExternalReferenceID string         `json:"-"`
	Total               int64          `json:"-"`
	Allocated           int64          `json:"-"` // set against the invoice, reversed ones not counted
	Refunded            int64          `json:"-"`
	Pending             int64          `json:"-"` // refunds without an outcome
	IssuedAt            time.Time      `json:"-"`
	CreatedAt           time.Time      `json:"-"`
	UpdatedAt           time.Time      `json:"-"`

	Memo          string               `json:"memo,omitempty"`
	Lines         []Line               `json:"lines"`
	VoidedAt      time.Time            `json:"voided_at,omitzero"`
	LatestRefund  string               `json:"latest_refund,omitempty"` // status of the refund that was made last
	InvoiceNumber string               `json:"invoice_number"`
	BuyerTax      *invoice.TaxIdentity `json:"buyer_tax,omitempty"` // those of the invoice, frozen there
	SellerTax     *invoice.TaxIdentity `json:"seller_tax,omitempty"`
}

// Line takes back part of a line of the invoice.
type Line struct {
	ID            string     `json:"id"` // cnli_…
	InvoiceLineID string     `json:"invoice_line_id"`
	Description   string     `json:"description"`
	Correction    Correction `json:"correction"`
	Quantity      int64      `json:"quantity,omitempty"` // 0 when an amount was named
	Subtotal      int64      `json:"subtotal"`
	Discount      int64      `json:"discount"`
	Tax           int64      `json:"tax"`
	TaxAdditive   int64      `json:"tax_additive"` // the part of Tax that is on top of the price
	Total         int64      `json:"total"`        // subtotal - discount + additive tax
}

// Kinds of corrections.
const (
	ByQuantity = "quantity"
	ByAmount   = "amount"
)

// Correction is what was asked for: units of the line, or an amount of it.
type Correction struct {
	Type     string `json:"type"`
	Quantity int64  `json:"quantity,omitempty"`
	Amount   int64  `json:"amount,omitempty"`
}

// Allocation is credit that was set against the invoice. Amount is in minor units of the note's currency.
type Allocation struct {
	ID             string // cnal_…
	NoteID         string
	InvoiceID      string
	Currency       money.Currency
	Amount         int64
	IdempotencyKey string
	AllocatedAt    time.Time
	ReversedAt     time.Time // zero while in force
}

// Unallocated is the credit that can still be set against the invoice or paid out.
func (n *Note) Unallocated() int64 {
	if n.Status != StatusIssued {
		return 0
	}
	return max(n.Total-n.Allocated-n.Refunded-n.Pending, 0)
}

// Money is minor units in the note's currency.
func (n *Note) Money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: n.Currency}
}

// sum sets the total from the lines.
func (n *Note) sum() {
	n.Total = 0
	for _, l := range n.Lines {
		n.Total += l.Total
	}
}

// line finds the line of the document that a correction is about.
func lineOf(v *invoice.Invoice, lineID string) *invoice.Line {
	k := slices.IndexFunc(v.Snapshot.Lines, func(l invoice.Line) bool { return l.ID == lineID })
	if k < 0 {
		return nil
	}
	return &v.Snapshot.Lines[k]
}
