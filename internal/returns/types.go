package returns

import (
	"slices"
	"time"

	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Statuses of a return and of its lines.
const (
	StatusRequested = "requested"
	StatusOpen      = "open"
	StatusCompleted = "completed"
	StatusDeclined  = "declined"
	StatusCanceled  = "canceled"
)

// Decision statuses.
const (
	DecisionPending           = "pending"
	DecisionApproved          = "approved"
	DecisionPartiallyApproved = "partially_approved"
	DecisionDeclined          = "declined"
)

// Merchandise statuses, of a line and of the whole.
const (
	GoodsNotRequired              = "not_required"
	GoodsAwaitingHandoff          = "awaiting_handoff"
	GoodsInTransit                = "in_transit"
	GoodsPartiallyReceived        = "partially_received"
	GoodsReceived                 = "received"
	GoodsInspectionRequired       = "inspection_required"
	GoodsPartiallyInspected       = "partially_inspected"
	GoodsInspectionReviewRequired = "inspection_review_required"
	GoodsDispositionRequired      = "disposition_required"
	GoodsResolved                 = "resolved"
	GoodsException                = "exception"
)

// Resolution statuses of a line and of the whole.
const (
	ValueNotSelected        = "not_selected"
	ValuePending            = "pending"
	ValuePartiallyFulfilled = "partially_fulfilled"
	ValueRequiresAction     = "requires_action"
	ValueFulfilled          = "fulfilled"
	ValueFailed             = "failed"
)

// Types of resolutions.
const (
	ResolutionRefund      = "refund"
	ResolutionExchange    = "exchange"
	ResolutionReplacement = "replacement"
	ResolutionNoMoney     = "no_monetary_action"
	ResolutionCorrection  = "correction"
)

// Refund timings: the fact about goods that value waits for.
const (
	AfterApproval   = "after_approval"
	AfterHandoff    = "after_handoff"
	AfterReceipt    = "after_receipt"
	AfterInspection = "after_inspection"
	TimingManual    = "manual"
)

// Modes: whether something happens by itself.
const (
	ModeAutomatic = "automatic"
	ModeManual    = "manual"
)

// Actor types.
const (
	ActorBuyer       = "buyer"
	ActorMerchant    = "merchant"
	ActorIntegration = "integration"
	ActorSystem      = "system"
)

// Actor is who did something.
type Actor struct {
	Type string `json:"actor_type"`
	ID   string `json:"actor_id,omitempty"`
}

// Act is something that somebody did to a return and that no other row tells.
type Act struct {
	Kind    string    `json:"kind"` // canceled, completed, reopened, line_canceled, inspection_waived, …
	LineID  string    `json:"line_id,omitempty"`
	Actor   Actor     `json:"actor"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason,omitempty"`
	Message string    `json:"message,omitempty"`
	// Quantity is how many units the act was about, 0 when it was about the whole.
	Quantity int64 `json:"quantity,omitempty"`
}

// Return is the aggregate. Amounts are minor units of Currency, quantities whole units.
type Return struct {
	Scope    tenant.Scope   `json:"-"`
	ID       string         `json:"id"` // ret_…
	Number   string         `json:"number"`
	OrderID  string         `json:"order_id"`
	Currency money.Currency `json:"currency"`
	// CustomerID is that of the order; empty when it has none.
	CustomerID string `json:"customer_id,omitempty"`
	// OrderNumber is what buyers and searches know the order by.
	OrderNumber string `json:"order_number,omitempty"`

	InitiatedBy    string `json:"initiated_by"` // an actor type
	CreatedBy      Actor  `json:"created_by"`
	CompletionMode string `json:"completion_mode,omitempty"` // manual, automatic; empty until decided
	// Ended is a status that was set by an act: completed or canceled. It is empty while work goes on, and
	// everything else is derived.
	Ended        string    `json:"ended,omitempty"`
	CompletedAt  time.Time `json:"completed_at,omitzero"`
	CompletedBy  *Actor    `json:"completed_by,omitempty"`
	CanceledAt   time.Time `json:"canceled_at,omitzero"`
	CanceledBy   *Actor    `json:"canceled_by,omitempty"`
	CancelReason string    `json:"cancel_reason,omitempty"`
	Acts         []Act     `json:"acts,omitempty"` // oldest first

	ExternalReferenceID string            `json:"external_reference_id,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	Version             int64             `json:"version"` // rises by one with every change
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`

	// PolicyEvaluation is what the policies said when the return was asked for.
	PolicyEvaluation *PolicyEvaluation `json:"policy_evaluation,omitempty"`
	// Shipments are the parcels that bring it back, without voided ones; fulfilment says so.
	Shipments []Announced `json:"shipments,omitempty"`

	Derived

	Lines        []Line        `json:"-"`
	Receipts     []Receipt     `json:"-"`
	Inspections  []Inspection  `json:"-"`
	Dispositions []Disposition `json:"-"`
	Resolutions  []Resolution  `json:"-"`

	stored stored // what the rows say, as of Load or the last save
}

// Derived is what derive computes of the rest; it is stored so that lists can show it.
type Derived struct {
	Status             string               `json:"status"`
	DecisionStatus     string               `json:"decision_status"`
	DecisionAt         time.Time            `json:"decision_at,omitzero"`
	MerchandiseStatus  string               `json:"merchandise_status"`
	ResolutionStatus   string               `json:"resolution_status"`
	Financial          FinancialSummary     `json:"financial"`
	Handoff            []HandoffRequirement `json:"handoff,omitempty"`
	CompletionBlockers []Blocker            `json:"completion_blockers,omitempty"`
	BuyerActions       []BuyerAction        `json:"buyer_actions,omitempty"`
	SupportedActions   []string             `json:"supported_actions,omitempty"`
	Work               []string             `json:"work,omitempty"` // kinds of work that wait: decision, handoff, receipt, …
	ReceiptCount       int64                `json:"receipt_count,omitempty"`
	InspectionCount    int64                `json:"inspection_count,omitempty"`
	DispositionCount   int64                `json:"disposition_count,omitempty"`
	ResolutionCount    int64                `json:"resolution_count,omitempty"`
	ShipmentCount      int64                `json:"shipment_count,omitempty"`
}

// Announced is a parcel that brings goods of a return back, whether a carrier has it yet or not.
type Announced struct {
	ShipmentID string         `json:"shipment_id"`
	Lines      []LineQuantity `json:"lines"`
}

// FinancialSummary is the money of a return over all its resolutions, in minor units.
type FinancialSummary struct {
	Returned     Value `json:"returned"`
	Deduction    int64 `json:"deduction"`
	Credit       int64 `json:"credit"`
	Replacement  int64 `json:"replacement"`
	DueToBuyer   int64 `json:"due_to_buyer"`
	DueFromBuyer int64 `json:"due_from_buyer"`
	Refunded     int64 `json:"refunded"`
	Collected    int64 `json:"collected"`
}

// HandoffRequirement is goods that are still with the buyer, and where they go.
type HandoffRequirement struct {
	Status        string         `json:"status"` // pending, in_progress
	Type          string         `json:"type"`   // buyer_address, location, external_location
	LocationID    string         `json:"location_id,omitempty"`
	Name          string         `json:"name,omitempty"`
	Address       *order.Address `json:"address,omitempty"`
	Lines         []LineQuantity `json:"lines"`
	Instructions  string         `json:"instructions,omitempty"`
	ExpiresAt     time.Time      `json:"expires_at,omitzero"`
	ShipmentCount int64          `json:"shipment_count,omitempty"`
}

// Codes of completion blockers.
const (
	BlockedDecision         = "decision_pending"
	BlockedHandoff          = "handoff_pending"
	BlockedReceipt          = "receipt_pending"
	BlockedInspection       = "inspection_pending"
	BlockedInspectionReview = "inspection_review_required"
	BlockedDisposition      = "disposition_required"
	BlockedNoResolution     = "resolution_not_selected"
	BlockedResolution       = "resolution_pending"
	BlockedResolutionAction = "resolution_requires_action"
	BlockedResolutionFailed = "resolution_failed"
	BlockedException        = "merchandise_exception"
)

// Blocker is one thing that is missing before a return can complete. Message says what and who has to act.
type Blocker struct {
	Code          string `json:"code"`
	Message       string `json:"message"`
	LineID        string `json:"line_id,omitempty"`
	ReceiptID     string `json:"receipt_id,omitempty"`
	InspectionID  string `json:"inspection_id,omitempty"`
	DispositionID string `json:"disposition_id,omitempty"`
	ResolutionID  string `json:"resolution_id,omitempty"`
	ShipmentID    string `json:"shipment_id,omitempty"`
}

// BuyerAction is something that the buyer can or should do.
type BuyerAction struct {
	Kind      string    `json:"kind"` // withdraw, ship_items, pay_balance
	Available bool      `json:"available"`
	Required  bool      `json:"required"`
	DueAt     time.Time `json:"due_at,omitzero"`
	Reason    string    `json:"reason,omitempty"` // why it is not available
}

// Line finds a line of the return, nil when it has none with the id.
func (r *Return) Line(lineID string) *Line {
	k := slices.IndexFunc(r.Lines, func(l Line) bool { return l.ID == lineID })
	if k < 0 {
		return nil
	}
	return &r.Lines[k]
}

// Receipt finds a receipt of the return, nil when it has none with the id.
func (r *Return) Receipt(receiptID string) *Receipt {
	k := slices.IndexFunc(r.Receipts, func(x Receipt) bool { return x.ID == receiptID })
	if k < 0 {
		return nil
	}
	return &r.Receipts[k]
}

// Inspection finds an inspection of the return, nil when it has none with the id.
func (r *Return) Inspection(inspectionID string) *Inspection {
	k := slices.IndexFunc(r.Inspections, func(x Inspection) bool { return x.ID == inspectionID })
	if k < 0 {
		return nil
	}
	return &r.Inspections[k]
}

// Disposition finds a disposition of the return, nil when it has none with the id.
func (r *Return) Disposition(dispositionID string) *Disposition {
	k := slices.IndexFunc(r.Dispositions, func(x Disposition) bool { return x.ID == dispositionID })
	if k < 0 {
		return nil
	}
	return &r.Dispositions[k]
}

// Resolution finds a resolution of the return, nil when it has none with the id.
func (r *Return) Resolution(resolutionID string) *Resolution {
	k := slices.IndexFunc(r.Resolutions, func(x Resolution) bool { return x.ID == resolutionID })
	if k < 0 {
		return nil
	}
	return &r.Resolutions[k]
}

// Money is minor units in the return's currency.
func (r *Return) Money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: r.Currency}
}
