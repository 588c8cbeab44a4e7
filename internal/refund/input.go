package refund

import (
	"flint/internal/event"
	"flint/internal/money"
	"flint/internal/tenant"
)

// CreateInput describes a refund. Without lines, charges and amount it gives back everything that the
// payments in question still can.
type CreateInput struct {
	Scope               tenant.Scope
	OrderID             string
	PaymentIntentID     string
	Amount              *money.Amount
	Lines               []LineInput
	Charges             []ChargeInput
	Taxes               []TaxInput
	Goodwill            *money.Amount // ours: on top of what is named, for nothing that was sold
	DespiteDispute      bool          // ours: takes the undisputed rest of payments under dispute
	Method              string        // original_payment when empty; manual succeeds at once; the caller carries exchange_credit out
	Reference           string        // where a manual refund went
	Note                string
	CompletesID         string // the failed refund whose money it gives back
	Tenders             []TenderInput
	ExpectedRefunded    *money.Amount // ours: what the caller believes was refunded of the order so far
	Reason              string
	ReasonMessage       string
	ExternalReferenceID string
	Metadata            map[string]string
	GrantID             string // of the app that refunds, empty for others
	Approved            bool   // the merchant has seen this refund of the app
	InvoiceID           string // of the credit note that it pays out
	CreditNoteID        string // that it pays out, empty for none
	ReturnID            string // that it carries out, empty for none
	ReturnResolutionID  string
	Extra               int64 // minor units beyond what lines come to, of nothing in particular; for refunds of a return
	Cause               event.Cause
}

// LineInput asks to refund units of a line, or an amount of it.
type LineInput struct {
	LineID      string
	Quantity    *int64
	Amount      *money.Amount
	Share       *Share // of Quantity units, frozen when it was promised; nil to compute it
	Adjustments []AdjustmentInput
	// AdjustmentRefunds give back what earlier refunds of the line withheld; without quantity and amount nothing else.
	AdjustmentRefunds []AdjustmentRefundInput
	ExplicitTax       *ExplicitTax // replaces the tax of the share; who sends it needs the permission
}

// Share is what units of a line carry, in minor units. Total is what the buyer paid for them.
type Share struct {
	Subtotal, Discount, Tax, Total int64
}

// AdjustmentInput withholds part of a line's share.
type AdjustmentInput struct {
	Type        string
	AppliesTo   string
	Amount      *money.Amount
	ReasonCode  string
	Description string
}

// AdjustmentRefundInput gives back an amount of an adjustment, or all that is left of it.
type AdjustmentRefundInput struct {
	AdjustmentID string
	Amount       *money.Amount
}

// ExplicitTax is a tax that somebody decided on. Reason and who decided are kept.
type ExplicitTax struct {
	Tax         *money.Amount // of the line in all
	Parts       []TaxInput    // or by component
	ReasonCode  string
	Description string
	ActorType   string // as stated by the caller, may be empty
	ActorID     string
	Source      string
}

// TaxInput names a component of tax and what of it is refunded; nil for all that is left.
type TaxInput struct {
	BreakdownID string
	Tax         *money.Amount
}

// ChargeInput asks to refund a charge, or an amount of it.
type ChargeInput struct {
	ChargeID string
	Amount   *money.Amount
}

// TenderInput names how much one payment gives back.
type TenderInput struct {
	PaymentIntentID string
	Amount          money.Amount
}
