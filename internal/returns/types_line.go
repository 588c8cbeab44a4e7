package returns

import (
	"time"

	"flint/internal/order"
	"flint/internal/returnpolicy"
)

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

// LineQuantity is units of a line of a return.
type LineQuantity struct {
	LineID   string `json:"line_id"`
	Quantity int64  `json:"quantity"`
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

// Live is the units of a line that the return holds: asked for, or approved and not canceled.
func (l *Line) Live() int64 {
	if l.DecidedAt.IsZero() {
		return l.Requested
	}
	return l.Approved - l.Canceled
}

// inspects tells whether the line's goods must be inspected before they count as accepted.
func (l *Line) inspects() bool { return l.InspectionRequired && l.WaivedAt.IsZero() }
