package returnpolicy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/money"
	"flint/internal/order"
)

// Reasons of a judgement.
const (
	WhyEligible             = "eligible_under_policy"
	WhyManualReview         = "manual_review_required"
	WhyWindowExpired        = "return_window_expired"
	WhyQuantityUnavailable  = "quantity_unavailable"
	WhyPolicyIneligible     = "policy_ineligible"
	WhyResolutionNotAllowed = "resolution_not_allowed"
	WhyReasonNotAllowed     = "reason_not_allowed"
	WhyPolicyConflict       = "policy_conflict"
	WhyNoMatchingPolicy     = "no_matching_policy"
)

// Adjustment types of policy fees; they are deductions.
const (
	RestockingFee     = "restocking_fee"
	ReturnShippingFee = "return_shipping_fee"
	Deduction         = "deduction"
	FlatFee           = "flat"
	PercentFee        = "percent"
)

// EvaluateInput is everything a judgement depends on.
type EvaluateInput struct {
	Order     *order.Order
	Fulfilled []FulfilledLine
	Revisions []*Revision // of active policies, in any order
	Reasons   []*Reason   // archived ones included
	Requests  []Request
	// Claimed are the units of each order line whose value was given back or is claimed by a return beside
	// those that the line counts as refunded.
	Claimed map[string]int64
	Now     time.Time
}

// FulfilledLine is what one fulfilment delivered of an order line. Taken units are in returns that still
// live or ended with the goods back. Times are zero until they happened.
type FulfilledLine struct {
	FulfillmentID   string
	OrderLineItemID string
	LocationID      string // where it was fulfilled from, empty when unknown
	Quantity        int64
	Taken           int64
	FulfilledAt     time.Time
	DeliveredAt     time.Time
	PickedUpAt      time.Time
	ServiceAt       time.Time
}

// Available is how many units may still be asked back.
func (f FulfilledLine) Available() int64 { return max(f.Quantity-f.Taken, 0) }

// since is when the event of a window happened, zero when it has not. Nothing stands in for an event that
// nobody reported: a window that has not begun does not end.
func (f FulfilledLine) since(event string) time.Time {
	switch event {
	case StartDelivered:
		return f.DeliveredAt
	case StartPickedUp:
		return f.PickedUpAt
	case StartServiceCompleted:
		return f.ServiceAt
	}
	return f.FulfilledAt
}

// Request asks units of one order line of one fulfilment back. Quantity 0 is all that is available; an empty
// reason or resolution type leaves it open.
type Request struct {
	OrderLineItemID string
	FulfillmentID   string
	Quantity        int64
	ReasonID        string
	ResolutionType  string
}

// Evaluation is the judgement of all requests. A status is eligible when every line is, ineligible when no
// line may come back, and review_required otherwise.
type Evaluation struct {
	Status      string           `json:"status"`
	Reason      string           `json:"reason"`
	Message     string           `json:"reason_message"`
	PolicyID    string           `json:"return_policy_id,omitempty"` // when all lines have the same
	RevisionID  string           `json:"return_policy_revision_id,omitempty"`
	EvaluatedAt time.Time        `json:"evaluated_at"`
	ExpiresAt   time.Time        `json:"expires_at,omitzero"` // the first end of a window of a line that may come back
	Lines       []LineEvaluation `json:"line_items"`          // as the requests
}

// LineEvaluation is the judgement of one request.
type LineEvaluation struct {
	OrderLineItemID        string       `json:"order_line_item_id"`
	FulfillmentID          string       `json:"fulfillment_id"`
	Status                 string       `json:"status"`
	Reason                 string       `json:"reason"`
	Message                string       `json:"reason_message"`
	RequestedQuantity      int64        `json:"requested_quantity"`
	EligibleQuantity       int64        `json:"eligible_quantity"` // units that may be approved
	AllowedResolutionTypes []string     `json:"allowed_resolution_types"`
	RefundTiming           string       `json:"refund_timing,omitempty"`
	MerchandiseRequired    bool         `json:"is_merchandise_return_required"`
	InspectionRequired     bool         `json:"is_inspection_required"`
	ReceivingLocationID    string       `json:"receiving_location_id,omitempty"`
	Proposal               *Proposal    `json:"decision_proposal,omitempty"`
	Adjustments            []Adjustment `json:"policy_adjustment_proposals"`
	SuggestedReasonIDs     []string     `json:"suggested_return_reason_ids"`
	PolicyID               string       `json:"return_policy_id,omitempty"`
	RevisionID             string       `json:"return_policy_revision_id,omitempty"`
	ApprovalMode           string       `json:"approval_mode,omitempty"`
	CompletionMode         string       `json:"completion_mode,omitempty"`
	ReceiptDispositionMode string       `json:"receipt_disposition_mode,omitempty"`
	ShippingPayer          string       `json:"shipping_payer,omitempty"`
	Value                  order.Shares `json:"value"` // of the requested units, before adjustments
	EvaluatedAt            time.Time    `json:"evaluated_at"`
	ExpiresAt              time.Time    `json:"expires_at,omitzero"` // end of the window
}

// Open tells whether a buyer may ask for the line: it is eligible, or a person decides.
func (l *LineEvaluation) Open() bool { return l.Status != Ineligible && l.EligibleQuantity > 0 }

// Proposal is the decision that the policy would take for BasedOnQuantity units.
type Proposal struct {
	BasedOnQuantity        int64    `json:"based_on_quantity"`
	ReturnRequiredQuantity int64    `json:"return_required_quantity"`
	AllowedResolutionTypes []string `json:"allowed_resolution_types"`
	ResolutionMode         string   `json:"resolution_mode"`
	SelectedResolutionType string   `json:"selected_resolution_type,omitempty"`
	RefundTiming           string   `json:"refund_timing,omitempty"`
	InspectionRequired     bool     `json:"is_inspection_required"`
	ReceivingLocationID    string   `json:"receiving_location_id,omitempty"`
}

// Adjustment is a fee that the policy proposes, in minor units of the order's currency. Flat is what the policy
// says, Calculated what the line can bear of it.
type Adjustment struct {
	Type            string        `json:"adjustment_type"`
	Effect          string        `json:"value_effect"`
	Calculation     string        `json:"calculation_type"`
	Flat            int64         `json:"flat,omitempty"`
	Percent         money.Percent `json:"percent,omitempty"`
	BasedOnQuantity int64         `json:"based_on_quantity"`
	Calculated      int64         `json:"calculated"`
}

// Fees are all deductions of the line, never more than its value.
func (l *LineEvaluation) Fees() int64 {
	var sum int64
	for _, a := range l.Adjustments {
		sum += a.Calculated
	}
	return sum
}

// Hash names what a judgement says: two that differ in a quantity, an amount, a verdict or the revision differ
// in it, and the time of judging makes no difference.
func (e *Evaluation) Hash() (string, error) {
	same := *e
	same.EvaluatedAt, same.Message, same.Lines = time.Time{}, "", slices.Clone(e.Lines)
	for i := range same.Lines {
		l := &same.Lines[i]
		l.EvaluatedAt, l.Message, l.SuggestedReasonIDs = time.Time{}, "", nil
	}
	raw, err := json.Marshal(same, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode a judgement: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16]), nil
}
