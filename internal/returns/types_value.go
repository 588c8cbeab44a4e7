package returns

import (
	"time"

	"flint/internal/order"
)

// Statuses of a resolution.
const (
	ResolutionProposed           = "proposed"
	ResolutionPending            = "pending"
	ResolutionRequiresAction     = "requires_action"
	ResolutionPartiallyFulfilled = "partially_fulfilled"
	ResolutionFulfilled          = "fulfilled"
	ResolutionFailed             = "failed"
	ResolutionCanceled           = "canceled"
)

// Codes of execution blockers.
const (
	GateHandoff       = "handoff_pending"
	GateReceipt       = "receipt_pending"
	GateInspection    = "inspection_pending"
	GateManualRelease = "manual_release_pending"
	GateBuyerPayment  = "buyer_payment_pending"
	GateRefund        = "refund_pending"
	GateReplacement   = "replacement_order_pending"
	GateFulfillment   = "fulfillment_pending"
	GateCreditEffect  = "credit_effect_pending"
)

// Effects of an adjustment on what the buyer gets.
const (
	EffectDeduction = "deduction"
	EffectCredit    = "credit"
)

// Statuses of an adjustment.
const (
	AdjustmentApplied = "applied"
	AdjustmentWaived  = "waived"
)

// Resolution is what becomes of the value of some units. Amounts are minor units of the return's currency.
type Resolution struct {
	ID             string             `json:"id"` // rres_…
	Type           string             `json:"type"`
	Status         string             `json:"status"`
	ActionBy       string             `json:"action_by,omitempty"` // buyer, merchant, integration
	ActionReason   string             `json:"action_reason,omitempty"`
	Blockers       []ExecutionBlocker `json:"blockers,omitempty"`
	Lines          []ResolutionLine   `json:"lines,omitempty"`
	Replacements   []ReplacementLine  `json:"replacements,omitempty"`
	Adjustments    []Adjustment       `json:"adjustments,omitempty"`
	PricingBasis   string             `json:"pricing_basis,omitempty"`
	Returned       int64              `json:"returned"`
	Deduction      int64              `json:"deduction"`
	Credit         int64              `json:"credit"`
	Replacement    int64              `json:"replacement"`
	BuyerRefund    int64              `json:"buyer_refund"`
	BuyerPayment   int64              `json:"buyer_payment"`
	Refunded       int64              `json:"refunded,omitempty"`  // given back by its refunds that succeeded
	Collected      int64              `json:"collected,omitempty"` // paid by the buyer on the replacement order
	RefundIDs      []string           `json:"refund_ids,omitempty"`
	PaymentIntents []string           `json:"payment_intent_ids,omitempty"`
	ReplacementID  string             `json:"replacement_order_id,omitempty"`
	Corrects       string             `json:"corrects,omitempty"` // a resolution that was executed
	RevisionID     string             `json:"revision_id,omitempty"`
	QuoteHash      string             `json:"quote_hash,omitempty"` // of the amounts that were proposed, then confirmed
	// Rounding is taken off the order of the resolution, in minor units, so that goods at their original price come
	// to exactly what was paid for them.
	Rounding       int64  `json:"rounding,omitempty"`
	FailureCode    string `json:"failure_code,omitempty"`
	FailureMessage string `json:"failure_message,omitempty"`
	Automatic      bool   `json:"automatic,omitempty"` // made by the policy, not by somebody
	Attempt        int64  `json:"attempt,omitempty"`   // rises with every retry; news of older ones are ignored
	// AppID is the app whose word the resolution goes by, and within whose limits it gives money back; empty for none.
	AppID string `json:"app_id,omitempty"`

	ExternalReferenceID string            `json:"external_reference_id,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	CreatedBy           Actor             `json:"created_by"`
	ConfirmedAt         time.Time         `json:"confirmed_at,omitzero"`
	ConfirmedBy         *Actor            `json:"confirmed_by,omitempty"`
	ReleasedAt          time.Time         `json:"released_at,omitzero"`
	ReleasedBy          *Actor            `json:"released_by,omitempty"`
	FulfilledAt         time.Time         `json:"fulfilled_at,omitzero"`
	CanceledAt          time.Time         `json:"canceled_at,omitzero"`
	ExpiresAt           time.Time         `json:"expires_at,omitzero"` // when an unpaid difference gives up
	Acts                []Act             `json:"acts,omitempty"`
	Version             int64             `json:"version"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`

	// Effect is what executing has done so far; only the operations on value read it.
	Effect Effect `json:"effect,omitzero"`

	SupportedActions []string `json:"supported_actions,omitempty"` // derived
}

// Effect is how far the execution of a resolution has come.
type Effect struct {
	StartedAt      time.Time `json:"started_at,omitzero"`
	RefundID       string    `json:"refund_id,omitempty"`        // of the current attempt
	RefundStatus   string    `json:"refund_status,omitempty"`    // of RefundID
	CreditRefundID string    `json:"credit_refund_id,omitempty"` // returned value that moved to the replacement order
	CreditedAt     time.Time `json:"credited_at,omitzero"`
	ReplacementIs  string    `json:"replacement_is,omitempty"` // unpaid, paid, fulfilled, closed
	SessionID      string    `json:"session_id,omitempty"`     // checkout that collects the difference
	Door           string    `json:"door,omitempty"`           // checkout, payment_link, invoice
	DoorID         string    `json:"door_id,omitempty"`
	DoorURL        string    `json:"door_url,omitempty"`
}

// ExecutionBlocker is one thing that is missing before a resolution executes or ends.
type ExecutionBlocker struct {
	Code       string `json:"code"`
	LineID     string `json:"line_id,omitempty"`
	LinkedType string `json:"linked_type,omitempty"` // refund, payment_intent, order, fulfillment, credit_transaction
	LinkedID   string `json:"linked_id,omitempty"`
}

// ResolutionLine is units whose value a resolution settles.
type ResolutionLine struct {
	ID           string `json:"id"` // rrsli_…
	LineID       string `json:"line_id"`
	Quantity     int64  `json:"quantity"`
	Value        Value  `json:"value"` // frozen at confirmation
	RefundTiming string `json:"refund_timing,omitempty"`
	// Forgone is what units carry of which no money moves, and how many of them still had their value. Nothing else
	// may give it back, or the units that are left would carry it.
	Forgone      Value `json:"forgone,omitzero"`
	ForgoneUnits int64 `json:"forgone_units,omitempty"`
}

// ReplacementLine is goods that go to the buyer instead.
type ReplacementLine struct {
	ID          string `json:"id"` // rrpl_…
	VariantID   string `json:"variant_id,omitempty"`
	BundleID    string `json:"bundle_id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	SKU         string `json:"sku,omitempty"`
	Quantity    int64  `json:"quantity"`
	UnitPrice   int64  `json:"unit_price"`
	Value       Value  `json:"value"`
	// Tax is how the line is taxed, as it was priced; nil for not at all.
	Tax *order.ItemTaxMethod `json:"tax,omitempty"`
}

// Adjustment is a fee taken off or a credit put on.
type Adjustment struct {
	Type          string    `json:"type"`
	Effect        string    `json:"effect"` // deduction, credit
	Assessed      int64     `json:"assessed"`
	Applied       int64     `json:"applied"`
	Reason        string    `json:"reason"`
	Message       string    `json:"message,omitempty"`
	Status        string    `json:"status"` // applied, waived
	WaiverReason  string    `json:"waiver_reason,omitempty"`
	WaiverMessage string    `json:"waiver_message,omitempty"`
	WaivedAt      time.Time `json:"waived_at,omitzero"`
	WaivedBy      *Actor    `json:"waived_by,omitempty"`
	LineID        string    `json:"line_id,omitempty"`
	RevisionID    string    `json:"revision_id,omitempty"`
}

// holds tells whether the resolution holds the units of its lines.
func (x *Resolution) holds() bool { return x.Status != ResolutionCanceled }

// Expired tells that the buyer did not pay the difference in time, upon which everything was undone.
func (x *Resolution) Expired() bool { return x.FailureCode == codePaymentExpired }

// Undone tells that the resolution failed before anything moved, or that all it moved went back.
func (x *Resolution) Undone() bool {
	return x.Status == ResolutionFailed && x.Effect.StartedAt.IsZero()
}
