package returnpolicy

import (
	"time"

	"flint/internal/clock"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of a policy. Reasons are active or archived.
const (
	StatusActive   = "active"
	StatusInactive = "inactive"
	StatusArchived = "archived"
)

// Results of a judgement, and what a revision says of the lines in its scope.
const (
	Eligible       = "eligible"
	Ineligible     = "ineligible"
	ReviewRequired = "review_required"
)

// Automatic and Manual are the modes of approval, receipt disposition, resolution and completion.
const (
	Automatic = "automatic"
	Manual    = "manual"
)

// Types of resolutions that a policy may allow.
const (
	Refund           = "refund"
	Exchange         = "exchange"
	Replacement      = "replacement"
	NoMonetaryAction = "no_monetary_action"
)

// Times at which the money of a refund may go.
const (
	AfterApproval   = "after_approval"
	AfterHandoff    = "after_handoff"
	AfterReceipt    = "after_receipt"
	AfterInspection = "after_inspection"
	TimingManual    = "manual"
)

// How an automatic resolution finds its type.
const (
	PolicyDefault  = "policy_default"
	BuyerRequested = "buyer_requested"
)

// Events that start a window.
const (
	StartFulfilled        = "fulfilled"
	StartDelivered        = "delivered"
	StartPickedUp         = "picked_up"
	StartServiceCompleted = "service_completed"
)

// Payers of return shipping.
const (
	PayerMerchant = "merchant"
	PayerBuyer    = "buyer"
)

// Scope match types.
const (
	MatchAll     = "all"
	MatchInclude = "include"
)

// Service keeps policies and reasons. Operations run in the caller's transaction.
type Service struct {
	Clock clock.Clock
	IDs   *id.Source
}

// Policy is the identity that revisions belong to.
type Policy struct {
	Scope               tenant.Scope
	ID                  string
	Name                string
	Status              string
	RevisionID          string // the current revision
	Revision            *Revision
	ExternalReferenceID string
	Metadata            map[string]string
	Version             int64
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

// Revision is one set of rules. It is never changed after it was published.
type Revision struct {
	ID        string    `json:"-"`
	PolicyID  string    `json:"-"`
	CreatedAt time.Time `json:"-"`
	Rules
}

// Rules are what a caller writes into a revision.
type Rules struct {
	Match                   Match        `json:"scope"`
	Priority                int64        `json:"priority"` // higher goes first
	Result                  string       `json:"eligibility_result"`
	IneligibilityReason     string       `json:"ineligibility_reason,omitempty"`
	ApprovalMode            string       `json:"approval_mode"`
	MerchandiseRequired     bool         `json:"is_merchandise_return_required"`
	ReceivingLocationID     string       `json:"receiving_location_id,omitempty"`
	Destination             *Destination `json:"destination,omitempty"`
	InspectionRequired      bool         `json:"is_inspection_required,omitempty"`
	ReceiptDispositionMode  string       `json:"receipt_disposition_mode"`
	AllowedResolutionTypes  []string     `json:"allowed_resolution_types,omitempty"`
	ResolutionMode          string       `json:"resolution_mode,omitempty"`
	ResolutionSelectionMode string       `json:"resolution_selection_mode,omitempty"`
	AutomaticResolutionType string       `json:"automatic_resolution_type,omitempty"`
	RefundTiming            string       `json:"refund_timing,omitempty"`
	CompletionMode          string       `json:"completion_mode,omitempty"`
	Window                  *Window      `json:"return_window,omitempty"`
	RestockingFee           *Fee         `json:"restocking_fee,omitempty"`
	Shipping                *Shipping    `json:"return_shipping,omitempty"`
}

// Match says which lines a revision rules. The goods (products, variants, categories) are alternatives of
// each other; channels and locations narrow what the goods select. An empty list selects everything.
type Match struct {
	Type            string   `json:"match_type"`
	ProductIDs      []string `json:"product_ids,omitempty"`
	VariantIDs      []string `json:"variant_ids,omitempty"`
	CategoryHandles []string `json:"category_handles,omitempty"`
	ChannelTypes    []string `json:"channel_types,omitempty"` // origins of orders
	LocationIDs     []string `json:"location_ids,omitempty"`  // where the goods were fulfilled from
}

// Window is how long after an event goods may be asked back.
type Window struct {
	StartsAt string `json:"starts_at_event"`
	Seconds  int64  `json:"duration_seconds"`
}

// Fee is flat in minor units, once for a return line, or a percentage of what its units cost after
// discounts and before tax on top.
type Fee struct {
	Calculation string        `json:"calculation_type"` // flat, percent
	Flat        *money.Amount `json:"flat,omitempty"`
	Percent     money.Percent `json:"percent,omitempty"`
}

// Shipping says who pays the way back. Fee is what the merchant keeps for a label it gives a paying buyer,
// once for a return; without it the buyer pays the carrier.
type Shipping struct {
	Payer string        `json:"payer"`
	Fee   *money.Amount `json:"fee,omitempty"`
}

// Destination is where goods are sent and what the buyer is told about it.
type Destination struct {
	Name         string  `json:"name,omitempty"`
	Address      Address `json:"address"`
	Instructions string  `json:"instructions,omitempty"`
}

// Address is a postal address.
type Address struct {
	Line1      string `json:"line1,omitempty"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city,omitempty"`
	State      string `json:"state,omitempty"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country,omitempty"`
}

// Sources of reasons.
const (
	SourceFlint    = "flint"
	SourceMerchant = "merchant"
)

// Reason is what a buyer may say about why goods come back. Without CategoryHandles it fits every line.
type Reason struct {
	ID                  string
	Handle              string
	Name                string
	Description         string
	CategoryHandles     []string
	NoteRequired        bool
	Source              string
	Status              string
	ExternalReferenceID string
	Version             int64
	CreatedAt           time.Time
	UpdatedAt           time.Time
}
