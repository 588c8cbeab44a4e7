package returns

import (
	"time"
)

// Statuses of observations.
const (
	ObservationCurrent    = "current"
	ObservationSuperseded = "superseded"
)

// Verification statuses of what was received.
const (
	VerificationMatched    = "matched"
	VerificationUnverified = "unverified"
	VerificationExcess     = "excess"
)

// Acceptance statuses of what was inspected.
const (
	AcceptanceAccepted       = "accepted"
	AcceptanceRejected       = "rejected"
	AcceptanceReviewRequired = "review_required"
)

// Disposition statuses.
const (
	DispositionPending   = "pending"
	DispositionSucceeded = "succeeded"
	DispositionFailed    = "failed"
	DispositionCanceled  = "canceled"
)

// Source is where an observation came from.
type Source struct {
	Type string `json:"source_system_type"` // manual, pos, wms, erp, other, flint
	ID   string `json:"external_source_id,omitempty"`
}

// Observation is what receipts and inspections have in common.
type Observation struct {
	Status              string    `json:"status"` // current, superseded
	Source              *Source   `json:"source,omitempty"`
	ExternalActorID     string    `json:"external_actor_id,omitempty"`
	ExternalReferenceID string    `json:"external_reference_id,omitempty"`
	CorrectionReason    string    `json:"correction_reason,omitempty"`
	CorrectionMessage   string    `json:"correction_message,omitempty"`
	Supersedes          string    `json:"supersedes,omitempty"`
	SupersededBy        string    `json:"superseded_by,omitempty"`
	SupersededAt        time.Time `json:"superseded_at,omitzero"`
	CreatedBy           Actor     `json:"created_by"`
	CreatedAt           time.Time `json:"created_at"`
}

// Receipt is goods that arrived.
type Receipt struct {
	ID         string        `json:"id"` // rrec_…
	ReceivedAt time.Time     `json:"received_at"`
	LocationID string        `json:"location_id"`
	ShipmentID string        `json:"shipment_id,omitempty"`
	Lines      []ReceiptLine `json:"lines"`
	// Generated are the ids of dispositions that the receipt made by itself.
	Generated []string `json:"generated,omitempty"`
	Observation
}

// ReceiptLine is units of one kind that arrived.
type ReceiptLine struct {
	ID                  string          `json:"id"` // rrli_…
	LineID              string          `json:"line_id,omitempty"`
	Quantity            int64           `json:"quantity"`
	Verification        string          `json:"verification"` // matched, unverified, excess
	VerificationReason  string          `json:"verification_reason,omitempty"`
	VerificationMessage string          `json:"verification_message,omitempty"`
	VerifiedAt          time.Time       `json:"verified_at,omitzero"`
	VerifiedBy          *Actor          `json:"verified_by,omitempty"`
	Unverified          *UnverifiedItem `json:"unverified,omitempty"`

	AvailableDisposition int64    `json:"available_disposition,omitempty"` // derived
	SupportedActions     []string `json:"supported_actions,omitempty"`     // derived
}

// UnverifiedItem describes goods that nobody has matched to a line yet.
type UnverifiedItem struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	SKU         string `json:"sku,omitempty"`
}

// Inspection is a look at goods that arrived.
type Inspection struct {
	ID          string           `json:"id"` // rins_…
	ReceiptID   string           `json:"receipt_id"`
	InspectedAt time.Time        `json:"inspected_at"`
	LocationID  string           `json:"location_id"`
	Lines       []InspectionLine `json:"lines"`
	Generated   []string         `json:"generated,omitempty"`
	Observation
}

// InspectionLine is units in one condition.
type InspectionLine struct {
	ID               string    `json:"id"` // rili_…
	ReceiptLineID    string    `json:"receipt_line_id"`
	LineID           string    `json:"line_id,omitempty"`
	Quantity         int64     `json:"quantity"`
	Condition        string    `json:"condition"`
	Findings         []string  `json:"findings,omitempty"`
	InternalNote     string    `json:"internal_note,omitempty"`
	Acceptance       string    `json:"acceptance"` // accepted, rejected, review_required
	AcceptedAt       time.Time `json:"acceptance_decided_at,omitzero"`
	AcceptedBy       *Actor    `json:"acceptance_decided_by,omitempty"`
	AcceptanceReason string    `json:"acceptance_reason,omitempty"`
	AcceptanceNote   string    `json:"acceptance_note,omitempty"`

	AvailableDisposition int64    `json:"available_disposition,omitempty"` // derived
	SupportedActions     []string `json:"supported_actions,omitempty"`     // derived
}

// Disposition is where goods ended. Its stock effect happens once, whatever is retried.
type Disposition struct {
	ID               string    `json:"id"` // rdis_…
	LineID           string    `json:"line_id,omitempty"`
	ReceiptLineID    string    `json:"receipt_line_id,omitempty"`
	InspectionLineID string    `json:"inspection_line_id,omitempty"`
	Type             string    `json:"type"`
	Status           string    `json:"status"`
	Quantity         int64     `json:"quantity"`
	OccurredAt       time.Time `json:"occurred_at"`
	Reason           string    `json:"reason"`
	Message          string    `json:"message,omitempty"`
	LocationID       string    `json:"location_id,omitempty"` // inventory location
	// Movements are what whoever keeps stock books for it, each once.
	Movements []Movement `json:"movements,omitempty"`
	// Automatic tells that the policy made it, not somebody.
	Automatic           bool              `json:"automatic,omitempty"`
	FailureCode         string            `json:"failure_code,omitempty"`
	FailureMessage      string            `json:"failure_message,omitempty"`
	Replaces            string            `json:"replaces,omitempty"`
	ReplacedBy          string            `json:"replaced_by,omitempty"`
	ExternalReferenceID string            `json:"external_reference_id,omitempty"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	CreatedBy           Actor             `json:"created_by"`
	CanceledAt          time.Time         `json:"canceled_at,omitzero"`
	Acts                []Act             `json:"acts,omitempty"`
	Version             int64             `json:"version"`
	CreatedAt           time.Time         `json:"created_at"`
	UpdatedAt           time.Time         `json:"updated_at"`

	SupportedActions []string `json:"supported_actions,omitempty"` // derived
}
