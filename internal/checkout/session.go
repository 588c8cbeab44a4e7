package checkout

import (
	"time"

	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of a session.
const (
	StatusOpen          = "open"
	StatusPaid          = "paid"
	StatusPartiallyPaid = "partially_paid"
	StatusExpired       = "expired"
	StatusClosed        = "closed"
	StatusInvalidated   = "invalidated"
)

// Terminal reasons.
const (
	ReasonPaid          = "payment_succeeded"
	ReasonPartiallyPaid = "payment_partially_succeeded"
	ReasonExpired       = "expired"
	ReasonAPI           = "api"
	ReasonOrderMutated  = "order_mutated"
	ReasonSuperseded    = "superseded"
	// Reasons of sessions that collect an invoice.
	ReasonInvoicePaidElsewhere  = "invoice_paid_elsewhere"
	ReasonInvoiceVoided         = "invoice_voided"
	ReasonInvoiceUncollectible  = "invoice_uncollectible"
	ReasonInvoiceBalanceChanged = "invoice_balance_changed"
)

// Surfaces.
const (
	SurfaceHosted   = "hosted"
	SurfaceEmbedded = "embedded"
)

// Session is one door to one order.
type Session struct {
	Scope               tenant.Scope
	ID                  string
	OrderID             string
	InvoiceID           string // the invoice it collects, else empty
	PaymentLinkID       string // the link that opened it, else empty
	RecoveryID          string // the recovery that brought its buyer back, else empty
	Status              string
	TerminalReason      string
	Surface             string
	Origin              string
	CustomerID          string
	ExternalReferenceID string
	SupersedingID       string
	SecretHash          string
	LaunchHash          string
	ExpiresAt           time.Time
	ContactUntil        time.Time // when what the buyer typed is erased; zero while open, and after
	CreatedAt           time.Time
	UpdatedAt           time.Time
	Detail              Detail
}

// Detail is the session's configuration and what its buyer left; it is stored as one document.
type Detail struct {
	PageOrigin     string            `json:"page_origin,omitempty"`
	SuccessURL     string            `json:"success_url,omitempty"`
	CancelURL      string            `json:"cancel_url,omitempty"`
	ExpirationURL  string            `json:"expiration_url,omitempty"`
	ExpiresIn      int64             `json:"expires_in,omitempty"` // seconds, as asked
	Collection     Collection        `json:"collection"`
	Options        []string          `json:"options,omitempty"` // payment options offered
	PaymentNote    string            `json:"payment_note,omitempty"`
	PaymentRef     string            `json:"payment_ref,omitempty"`
	AutoPromotions *bool             `json:"auto_promotions,omitempty"`
	CodesEnabled   *bool             `json:"codes_enabled,omitempty"`
	Tip            Tip               `json:"tip"`
	TaxEnabled     *bool             `json:"tax_enabled,omitempty"`
	Theme          Theme             `json:"theme"`
	Text           Text              `json:"text"`
	Legal          Legal             `json:"legal"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	Timezone       string            `json:"timezone,omitempty"`
	ClosedReason   string            `json:"closed_reason,omitempty"`
	Contact        *Contact          `json:"contact,omitempty"`
	Terms          *Terms            `json:"terms,omitempty"`               // nil until the buyer accepted them
	PayerID        string            `json:"payer_id,omitempty"`            // customer for whom the last payment was started
	RecoveryID     string            `json:"recovery_attempt_id,omitempty"` // attempt under way when the session ended
	RecoveryUntil  time.Time         `json:"recovery_until,omitzero"`
	// ReturnResolutionID is the resolution whose balance the session collects; set by the returns domain only.
	ReturnResolutionID string `json:"return_resolution_id,omitempty"`
}

// Collection is what is asked of the buyer.
type Collection struct {
	CustomerID          string   `json:"customer_id,omitempty"`
	ExternalReferenceID string   `json:"external_reference_id,omitempty"`
	Email               string   `json:"email,omitempty"` // prefilled
	Phone               string   `json:"phone,omitempty"`
	Billing             *Address `json:"billing,omitempty"`
	Shipping            *Address `json:"shipping,omitempty"`
	RequireEmail        bool     `json:"require_email,omitempty"`
	RequirePhone        bool     `json:"require_phone,omitempty"`
	RequireBilling      bool     `json:"require_billing,omitempty"`
	Autocomplete        bool     `json:"autocomplete,omitempty"`
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

// Tip offers a gratuity.
type Tip struct {
	Enabled bool            `json:"enabled,omitempty"`
	Custom  bool            `json:"custom,omitempty"`
	Options []money.Percent `json:"options,omitempty"` // three
	Default *money.Percent  `json:"default,omitempty"`
	// Smart offers three amounts of the order's currency in place of the percentages.
	Smart        bool           `json:"smart,omitempty"`
	SmartOptions []money.Amount `json:"smart_options,omitempty"`
	SmartDefault *money.Amount  `json:"smart_default,omitempty"`
}

// Theme is the session's branding.
type Theme struct {
	Title   string `json:"title,omitempty"`
	Primary string `json:"primary,omitempty"` // #rrggbb
	Accent  string `json:"accent,omitempty"`
}

// Text is the session's own wording.
type Text struct {
	Summary  string `json:"summary,omitempty"`
	Shipping string `json:"shipping,omitempty"`
}

// Legal links the merchant's terms.
type Legal struct {
	Terms        string `json:"terms,omitempty"`
	RequireTerms bool   `json:"require_terms,omitempty"`
	Refunds      string `json:"refunds,omitempty"`
	Shipping     string `json:"shipping,omitempty"`
	Contract     string `json:"contract,omitempty"`
}

// Terms is what the buyer agreed to, and when.
type Terms struct {
	URL        string    `json:"url"`
	AcceptedAt time.Time `json:"accepted_at"`
}

// Contact is what the buyer saved or cleared.
type Contact struct {
	Email        string    `json:"email,omitempty"`
	Phone        string    `json:"phone,omitempty"`
	Billing      *Address  `json:"billing,omitempty"`
	EmailCleared bool      `json:"email_cleared,omitempty"`
	PhoneCleared bool      `json:"phone_cleared,omitempty"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// Open reports whether the session can still be paid at time now; the expiry job may lag behind.
func (s *Session) Open(now time.Time) bool {
	return s.Status == StatusOpen && now.Before(s.ExpiresAt)
}

// Recovering reports whether the session has ended while a payment was under way and its buyer may
// still see that through.
func (s *Session) Recovering(now time.Time) bool {
	return s.Status != StatusOpen && s.Detail.RecoveryID != "" && now.Before(s.Detail.RecoveryUntil)
}
