package returns

import (
	"time"

	"flint/internal/money"
)

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
