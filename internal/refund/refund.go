package refund

import (
	"cmp"
	"time"

	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Statuses of a refund and of an allocation.
const (
	StatusPending            = "pending"
	StatusSucceeded          = "succeeded"
	StatusFailed             = "failed"
	StatusPartiallySucceeded = "partially_succeeded"
	// StatusRequiresAction waits for a second person's approval; nothing was asked of a processor.
	StatusRequiresAction = "requires_action"
	// StatusCanceled was not approved; nothing has moved.
	StatusCanceled = "canceled"
)

// Methods of a refund: how the buyer gets the money.
const (
	MethodOriginal = "original_payment"
	// MethodManual is money that the merchant gave back elsewhere and records here; ours.
	MethodManual = "manual"
	// MethodExchangeCredit is value of returned goods that moves to a replacement order; ours.
	MethodExchangeCredit = "exchange_credit"
)

// How the tax of a line was refunded.
const (
	TaxAutomatic = "automatic"
	TaxExplicit  = "explicit"
)

// Reasons a merchant can give.
var Reasons = []string{
	"duplicate", "fraudulent", "requested_by_customer", "defective_product", "wrong_item_shipped", "never_received",
	"not_as_described", "arrived_too_late", "customer_changed_mind", "better_price_found", "accidental_order", "other",
}

// Refund is money on its way back, or back. Amounts are minor units of Currency.
type Refund struct {
	Scope               tenant.Scope
	ID                  string
	OrderID             string
	CustomerID          string
	Status              string
	Amount              int64
	Tip                 int64 // the part of Amount that is tip
	Currency            money.Currency
	Reason              string
	ExternalReferenceID string
	ReturnID            string // that it carries out, empty for none
	ReturnResolutionID  string
	CreatedAt           time.Time
	UpdatedAt           time.Time
	Allocations         []Allocation // one per payment
	Detail              Detail
}

// Detail is what is never filtered or constrained; it is stored as one document.
type Detail struct {
	ReasonMessage  string            `json:"reason_message,omitempty"`
	Method         string            `json:"method,omitempty"` // empty: original_payment
	Lines          []LineAllocation  `json:"lines,omitempty"`
	Charges        []ChargePart      `json:"charges,omitempty"`
	Taxes          []TaxPart         `json:"taxes,omitempty"`    // of the order itself, not of lines or charges
	Goodwill       int64             `json:"goodwill,omitempty"` // minor units that belong to nothing that was sold
	Metadata       map[string]string `json:"metadata,omitempty"`
	IdempotencyKey string            `json:"idempotency_key,omitempty"`
	// ActorType and ActorID are who asked for the refund; empty on refunds from before they were kept.
	ActorType string `json:"actor_type,omitempty"`
	ActorID   string `json:"actor_id,omitempty"`
	// GrantID is that of the app that made the refund, empty for others.
	GrantID string `json:"grant_id,omitempty"`
	// InvoiceID and CreditNoteID are the credit note that the refund pays out, and its invoice.
	InvoiceID    string `json:"invoice_id,omitempty"`
	CreditNoteID string `json:"credit_note_id,omitempty"`
	// Approval is set on a refund above the merchant's limit.
	Approval *Approval `json:"approval,omitempty"`
	// CompletesID is the failed refund whose money this one records as given back elsewhere.
	CompletesID string `json:"completes_id,omitempty"`
	// Reference and Note say where that money went.
	Reference string `json:"reference,omitempty"`
	Note      string `json:"note,omitempty"`
	// DespiteDispute tells that somebody with the permission refunded a payment under dispute.
	DespiteDispute bool `json:"despite_dispute,omitempty"`
	// ItemsSettled tells that the order's lines and charges carry this refund.
	ItemsSettled bool `json:"items_settled,omitempty"`
	// ItemsReleased tells that other refunds may take them again.
	ItemsReleased bool `json:"items_released,omitempty"`
}

// Allocation is the part of a refund that one payment gives back.
type Allocation struct {
	ID              string
	PaymentIntentID string
	OperationID     string
	Amount          int64
	Tip             int64
	Status          string
	FailureReason   string
}

// Approval is the second look at a refund above the merchant's limit.
type Approval struct {
	Limit       int64     `json:"limit"` // in the currency of the limit, minor units
	RequestedBy string    `json:"requested_by"`
	Person      string    `json:"person,omitempty"` // who stands behind RequestedBy; empty on refunds from before it was kept
	DecidedBy   string    `json:"decided_by,omitempty"`
	DecidedAt   time.Time `json:"decided_at,omitzero"`
	Approved    bool      `json:"approved,omitempty"`
	Note        string    `json:"note,omitempty"`
}

// TaxPart is the part of a refund that belongs to one component of tax.
type TaxPart struct {
	BreakdownID string `json:"breakdown_id"`
	Amount      int64  `json:"amount"`
}

// TaxAudit says who decided on an explicit tax: what the caller stated, and whose credential it was.
type TaxAudit struct {
	ReasonCode  string `json:"reason_code"`
	Description string `json:"description,omitempty"`
	StatedType  string `json:"stated_type,omitempty"` // user, system, admin
	StatedID    string `json:"stated_id,omitempty"`
	Source      string `json:"source,omitempty"`
	ActorType   string `json:"actor_type"`
	ActorID     string `json:"actor_id"`
	Automatic   int64  `json:"automatic"` // the tax that was computed, minor units
}

// AdjustmentRefund gives back what an earlier refund withheld.
type AdjustmentRefund struct {
	ID           string `json:"id"`
	AdjustmentID string `json:"adjustment_id"`
	RefundID     string `json:"refund_id"` // that withheld it
	Amount       int64  `json:"amount"`
}

// LineAllocation is the part of a refund that belongs to one line.
type LineAllocation struct {
	LineID      string       `json:"line_id"`
	Quantity    int64        `json:"quantity"` // 0 when an amount was named instead
	Subtotal    int64        `json:"subtotal"` // computed share, before adjustments
	Discount    int64        `json:"discount"`
	Tax         int64        `json:"tax"`
	Total       int64        `json:"total"`    // computed share: what the buyer paid for it
	Refunded    int64        `json:"refunded"` // Total less adjustments, with what AdjustmentRefunds give back
	Adjustments []Adjustment `json:"adjustments,omitempty"`

	AdjustmentRefunds []AdjustmentRefund `json:"adjustment_refunds,omitempty"`
	Taxes             []TaxPart          `json:"taxes,omitempty"`     // Tax by component
	TaxAudit          *TaxAudit          `json:"tax_audit,omitempty"` // set when the tax was explicit
	SKU               string             `json:"sku,omitempty"`
	Source            *order.LineSource  `json:"source,omitempty"` // the variant, nil for an ad-hoc line
}

// Adjustment withholds part of a line's share, with a reason.
type Adjustment struct {
	ID          string `json:"id"`
	Type        string `json:"type"` // one of AdjustmentTypes
	AppliesTo   string `json:"applies_to"`
	Amount      int64  `json:"amount"`
	Returned    int64  `json:"returned,omitempty"` // given back by later refunds
	ReasonCode  string `json:"reason_code"`
	Description string `json:"description,omitempty"`
}

// ChargePart is the part of a refund that belongs to one charge.
type ChargePart struct {
	ChargeID string `json:"charge_id"`
	Amount   int64  `json:"amount"`
	Tax      int64  `json:"tax"`

	Taxes []TaxPart `json:"taxes,omitempty"`
}

// derive tells the refund's status from its allocations.
func (r *Refund) derive() string {
	var pending, ok, failed int
	for _, a := range r.Allocations {
		switch a.Status {
		case StatusRequiresAction, StatusCanceled: // decided for all parts at once
			return a.Status
		case StatusSucceeded:
			ok++
		case StatusFailed:
			failed++
		default:
			pending++
		}
	}
	switch {
	case pending > 0:
		return StatusPending
	case failed == 0:
		return StatusSucceeded
	case ok == 0:
		return StatusFailed
	default:
		return StatusPartiallySucceeded
	}
}

// Method is how the buyer gets the money.
func (r *Refund) Method() string { return cmp.Or(r.Detail.Method, MethodOriginal) }

// TaxMode tells how the tax of the line was refunded.
func (a *LineAllocation) TaxMode() string {
	if a.TaxAudit != nil {
		return TaxExplicit
	}
	return TaxAutomatic
}

// kept is what the refund gives back: all that did not fail.
func (r *Refund) kept() (minor int64) {
	for _, a := range r.Allocations {
		if a.Status != StatusFailed && a.Status != StatusCanceled {
			minor += a.Amount
		}
	}
	return minor
}

// FailureReason is that of the first allocation that failed, empty when none did.
func (r *Refund) FailureReason() string {
	for _, a := range r.Allocations {
		if a.FailureReason != "" {
			return a.FailureReason
		}
	}
	return ""
}

// failureReason maps an adapter's code to the contract's reasons.
func failureReason(code string) string {
	switch code {
	case "expired_or_canceled_card", "lost_or_stolen_card", "insufficient_funds", "insufficient_available_balance", "declined",
		"merchant_request", "payment_disputed", "payment_refund_failed", "payment_refund_not_attempted":
		return code
	case "expired_card":
		return "expired_or_canceled_card"
	case "card_declined":
		return "declined"
	default:
		return "refund_failed"
	}
}
