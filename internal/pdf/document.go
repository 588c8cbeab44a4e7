package pdf

import (
	"time"

	"flint/internal/money"
)

// Kind is what a document is.
type Kind string

// Kinds of documents.
const (
	Invoice    Kind = "invoice"
	CreditNote Kind = "credit_note"
	Receipt    Kind = "receipt"
)

// Stamp is the state that a document shows beside its title, empty for none.
type Stamp string

// Stamps.
const (
	Paid          Stamp = "paid"
	PartiallyPaid Stamp = "partially_paid"
	Overdue       Stamp = "overdue"
	Void          Stamp = "void"
	Uncollectible Stamp = "uncollectible"
	Credited      Stamp = "credited"
	Draft         Stamp = "draft"
)

// Document is everything that stands on the paper. Amounts are minor units of Currency; empty strings,
// zero times and empty lists leave their place out.
type Document struct {
	Kind     Kind
	Stamp    Stamp
	Currency money.Currency
	Locale   string         // how amounts and dates are written, such as "en-US"
	Zone     *time.Location // of the days shown; UTC when nil
	Accent   string         // "#rrggbb" of the merchant; ink when empty or unreadable
	Logo     []byte         // PNG or JPEG

	Seller, Buyer Party
	Number        string
	Corrects      string // the invoice that a credit note corrects
	Reason        string // of a credit note
	IssuedAt      time.Time
	DueAt         time.Time
	ServiceAt     time.Time
	Terms         string
	Reference     string
	PONumber      string

	Lines     []Line
	Discounts []Entry
	Charges   []Entry
	Taxes     []Tax
	Totals    Totals
	Schedule  []Installment
	LateFees  []Entry
	Payments  []Payment
	Credits   []Entry // credit notes on an invoice, refunds of a credit note

	Memo    string
	RemitTo []string // lines of an address
	Footer  string
	PayURL  string // shown as a link and a code to scan; only when something is due
}

// Party is one side of the document.
type Party struct {
	Name    string
	Lines   []string // of the address
	Email   string
	TaxIDs  []Entry // label and, as Note, the number
	Country string  // ISO 3166; the seller's decides between A4 and Letter
}

// Line is one row of the table.
type Line struct {
	Name        string
	Description string
	Details     []string // options, modifiers, SKU: one row each
	Quantity    int64    // not shown when zero
	Unit        int64
	Tax         int64 // of the line
	Amount      int64 // before discounts and taxes that come on top
}

// Entry is a label with an amount, and a note in small letters.
type Entry struct {
	Label  string
	Note   string
	At     time.Time
	Amount int64
}

// Tax is one row of the breakdown of taxes.
type Tax struct {
	Label     string
	Percent   money.Percent
	Base      int64
	Amount    int64
	Inclusive bool
}

// Installment is one row of the schedule.
type Installment struct {
	Label       string
	DueAt       time.Time
	Amount      int64
	Outstanding int64
	State       string
}

// Payment is money that was received.
type Payment struct {
	At     time.Time
	Method string
	Amount int64
}

// Totals are the figures below the table. Subtotal and Total are always shown, the others unless zero.
type Totals struct {
	Subtotal, Discount, Charge, Tax, Tip, Total int64
	TaxIncluded                                 bool // the prices hold the tax already
	LateFees, Credited, WrittenOff, Paid        int64
	Refunded                                    int64
	Outstanding                                 int64 // what is left to pay, or of a credit note left to use
	Balance                                     bool  // show Outstanding
}
