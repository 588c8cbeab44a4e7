package returns

import (
	"slices"
	"time"

	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/returnpolicy"
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
	// ShipmentCount is how many parcels of it travel back; fulfilment says so.
	ShipmentCount int64 `json:"shipment_count,omitempty"`

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
}

// Identity is what a line of an order was called when it was returned.
type Identity struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	SKU         string            `json:"sku,omitempty"`
	Source      *order.LineSource `json:"source,omitempty"`
	Image       *order.Image      `json:"image,omitempty"`
}

// Line is units of one line of the order, handed over by one fulfilment, that are asked to be taken back.
type Line struct {
	ID            string   `json:"id"` // rtli_…
	OrderLineID   string   `json:"order_line_id"`
	FulfillmentID string   `json:"fulfillment_id"`
	Identity      Identity `json:"identity"`

	ReasonID               string `json:"reason_id"`
	ReasonHandle           string `json:"reason_handle"`
	ReasonName             string `json:"reason_name"`
	BuyerNote              string `json:"buyer_note,omitempty"`
	RequestedResolution    string `json:"requested_resolution,omitempty"`
	ReceiptDispositionMode string `json:"receipt_disposition_mode,omitempty"` // of the policy; automatic when empty

	Requested      int64 `json:"requested"`
	Approved       int64 `json:"approved,omitempty"`
	Declined       int64 `json:"declined,omitempty"`
	Canceled       int64 `json:"canceled,omitempty"`        // of Approved
	ReturnRequired int64 `json:"return_required,omitempty"` // still to be sent back in all, cancellations taken off

	// Decision, empty until there is one.
	DecidedAt          time.Time `json:"decided_at,omitzero"`
	DecidedBy          *Actor    `json:"decided_by,omitempty"`
	DecisionBasis      string    `json:"decision_basis,omitempty"` // policy_evaluation, explicit
	DeclineReason      string    `json:"decline_reason,omitempty"`
	DeclineMessage     string    `json:"decline_message,omitempty"`
	AllowedResolutions []string  `json:"allowed_resolutions,omitempty"`
	ResolutionMode     string    `json:"resolution_mode,omitempty"`
	SelectedResolution string    `json:"selected_resolution,omitempty"`
	RefundTiming       string    `json:"refund_timing,omitempty"`
	ReceivingLocation  string    `json:"receiving_location,omitempty"`
	InspectionRequired bool      `json:"inspection_required,omitempty"`
	// Destination is where the goods are sent, frozen with the decision; nil when nothing has to come back.
	Destination *returnpolicy.Destination `json:"destination,omitempty"`

	OverrideReason  string    `json:"override_reason,omitempty"` // set when the decision beat a valid proposal
	OverrideMessage string    `json:"override_message,omitempty"`
	OverriddenAt    time.Time `json:"overridden_at,omitzero"`
	OverriddenBy    *Actor    `json:"overridden_by,omitempty"`

	WaivedAt      time.Time `json:"waived_at,omitzero"` // inspection is not needed any more
	WaivedBy      *Actor    `json:"waived_by,omitempty"`
	WaiverReason  string    `json:"waiver_reason,omitempty"`
	WaiverMessage string    `json:"waiver_message,omitempty"`

	// Handoffs are units that the buyer gave to a carrier or a counter.
	Handoffs []Handoff `json:"handoffs,omitempty"`

	Eligibility Eligibility `json:"eligibility"`
	Judged      judgement   `json:"judged"`
	Value       Value       `json:"value"` // of the requested units, frozen
	UnitPrice   int64       `json:"unit_price"`

	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`

	LineDerived
}

// LineDerived is what derive computes of a line.
type LineDerived struct {
	Status              string   `json:"status"`
	MerchandiseStatus   string   `json:"merchandise_status"`
	ResolutionStatus    string   `json:"resolution_status"`
	HandedOff           int64    `json:"handed_off,omitempty"`
	Received            int64    `json:"received,omitempty"`
	Inspected           int64    `json:"inspected,omitempty"`
	Accepted            int64    `json:"accepted,omitempty"`
	Rejected            int64    `json:"rejected,omitempty"`
	ReviewRequired      int64    `json:"review_required,omitempty"`
	Dispositioned       int64    `json:"dispositioned,omitempty"`
	Resolved            int64    `json:"resolved,omitempty"`
	AvailableResolution int64    `json:"available_resolution,omitempty"`
	ResolutionCount     int64    `json:"resolution_count,omitempty"`
	SupportedActions    []string `json:"supported_actions,omitempty"`
}

// Handoff is units that left the buyer's hands.
type Handoff struct {
	ShipmentID string    `json:"shipment_id,omitempty"`
	LocationID string    `json:"location_id,omitempty"`
	Quantity   int64     `json:"quantity"`
	At         time.Time `json:"at"`
}

// Value is what units carry, in minor units. Tax is all tax; Total has the tax on top.
type Value struct {
	Subtotal int64 `json:"subtotal"`
	Discount int64 `json:"discount"`
	Tax      int64 `json:"tax"`
	Total    int64 `json:"total"`
}

// Plus adds two values.
func (v Value) Plus(w Value) Value {
	return Value{v.Subtotal + w.Subtotal, v.Discount + w.Discount, v.Tax + w.Tax, v.Total + w.Total}
}

// Eligibility statuses.
const (
	Eligible       = "eligible"
	Ineligible     = "ineligible"
	ReviewRequired = "review_required"
)

// Eligibility is what the policies said about a line when it was asked for.
type Eligibility struct {
	Status             string       `json:"status"`
	Reason             string       `json:"reason"`
	Message            string       `json:"message"`
	Quantity           int64        `json:"quantity"`
	AllowedResolutions []string     `json:"allowed_resolutions,omitempty"`
	Proposal           *Proposal    `json:"proposal,omitempty"`
	Adjustments        []Assessment `json:"adjustments,omitempty"`
	PolicyID           string       `json:"policy_id,omitempty"`
	RevisionID         string       `json:"revision_id,omitempty"`
	EvaluatedAt        time.Time    `json:"evaluated_at,omitzero"`
	ExpiresAt          time.Time    `json:"expires_at,omitzero"` // end of the return window
	// Automatic tells that the policy lets the return be approved without anybody looking.
	Automatic      bool   `json:"automatic,omitempty"`
	CompletionMode string `json:"completion_mode,omitempty"`
}

// judgement is what a policy says about a line beside its eligibility.
type judgement struct {
	RefundTiming       string   `json:"refund_timing,omitempty"`
	GoodsRequired      bool     `json:"goods_required,omitempty"`
	InspectionRequired bool     `json:"inspection_required,omitempty"`
	ReceivingLocation  string   `json:"receiving_location,omitempty"`
	SuggestedReasons   []string `json:"suggested_reasons,omitempty"`
}

// Proposal is the decision that a policy proposes.
type Proposal struct {
	Quantity           int64    `json:"quantity"`
	ReturnRequired     int64    `json:"return_required"`
	AllowedResolutions []string `json:"allowed_resolutions,omitempty"`
	ResolutionMode     string   `json:"resolution_mode"`
	SelectedResolution string   `json:"selected_resolution,omitempty"`
	RefundTiming       string   `json:"refund_timing,omitempty"`
	InspectionRequired bool     `json:"inspection_required,omitempty"`
	ReceivingLocation  string   `json:"receiving_location,omitempty"`
}

// Assessment is a fee or credit that a policy proposes.
type Assessment struct {
	Type        string        `json:"type"`
	Effect      string        `json:"effect"`      // deduction, credit
	Calculation string        `json:"calculation"` // flat, percent
	Flat        int64         `json:"flat,omitempty"`
	Percent     money.Percent `json:"percent,omitempty"`
	Quantity    int64         `json:"quantity,omitempty"`
	Amount      int64         `json:"amount"`
}

// PolicyEvaluation is what the policies said about a request as a whole.
type PolicyEvaluation struct {
	Status      string           `json:"status"`
	Reason      string           `json:"reason"`
	Message     string           `json:"message"`
	PolicyID    string           `json:"policy_id,omitempty"`
	RevisionID  string           `json:"revision_id,omitempty"`
	EvaluatedAt time.Time        `json:"evaluated_at,omitzero"`
	ExpiresAt   time.Time        `json:"expires_at,omitzero"`
	Lines       []EvaluationLine `json:"lines"`
}

// EvaluationLine is what the policies said about one line of a request.
type EvaluationLine struct {
	OrderLineID        string       `json:"order_line_id"`
	FulfillmentID      string       `json:"fulfillment_id"`
	Identity           Identity     `json:"identity"`
	Status             string       `json:"status"`
	Reason             string       `json:"reason"`
	Requested          int64        `json:"requested"`
	Eligible           int64        `json:"eligible"`
	AllowedResolutions []string     `json:"allowed_resolutions,omitempty"`
	RefundTiming       string       `json:"refund_timing"`
	GoodsRequired      bool         `json:"goods_required"`
	InspectionRequired bool         `json:"inspection_required"`
	ReceivingLocation  string       `json:"receiving_location,omitempty"`
	Adjustments        []Assessment `json:"adjustments,omitempty"`
	SuggestedReasons   []string     `json:"suggested_reasons,omitempty"`
	ExpiresAt          time.Time    `json:"expires_at,omitzero"`
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

// LineQuantity is units of a line of a return.
type LineQuantity struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
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

// Live is the units of a line that the return holds: asked for, or approved and not canceled.
func (l *Line) Live() int64 {
	if l.DecidedAt.IsZero() {
		return l.Requested
	}
	return l.Approved - l.Canceled
}

// inspects tells whether the line's goods must be inspected before they count as accepted.
func (l *Line) inspects() bool { return l.InspectionRequired && l.WaivedAt.IsZero() }
