package merchant

import (
	"time"

	"flint/internal/id"
	"flint/internal/tenant"
)

// Address is a postal address.
type Address struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitzero"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2, upper case
}

// Image is a picture of the merchant's, by address.
type Image struct {
	URL                 string `json:"url"`
	Width               int64  `json:"width"`  // pixels
	Height              int64  `json:"height"` // pixels
	Alt                 string `json:"alt,omitzero"`
	ExternalReferenceID string `json:"external_reference_id,omitzero"`
}

// Profile is what a merchant tells about itself; buyers see parts of it.
type Profile struct {
	Email             string
	BusinessName      string
	Phone             string
	WebsiteURL        string
	SupportEmail      string
	SupportPhone      string
	SupportURL        string
	ReportingTimezone string // IANA name
	AccentColor       string // #rrggbb, empty for the default
	Address           *Address
	Logo              *Image
	Icon              *Image
	Metadata          map[string]string
	APIVersion        string // what requests without Flint-Version get
}

// Merchant is one business.
type Merchant struct {
	ID string
	Profile
	OrganizationID     string // empty when it belongs to none
	BusinessType       string
	Status             string
	APIVersionPinnedAt time.Time
	// APIVersionPrevious is the version before the last change of it, empty when there was none.
	APIVersionPrevious  string
	APIVersionChangedAt time.Time
	Version             int64 // rises with every change of the profile
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

// RollbackFor is how long the change of a version is offered to be taken back with a word about it. Any
// version that is spoken may be chosen later as well.
const RollbackFor = 72 * time.Hour

// RollbackUntil is when that offer ends, zero when there is none at the time.
func (m Merchant) RollbackUntil(now time.Time) time.Time {
	if until := m.APIVersionChangedAt.Add(RollbackFor); m.APIVersionPrevious != "" && now.Before(until) {
		return until
	}
	return time.Time{}
}

// Statuses of an environment.
const (
	StatusActive   = "active"
	StatusArchived = "archived"
)

// Environment is the live environment or a sandbox.
type Environment struct {
	Scope     tenant.Scope
	Name      string
	Default   bool
	Status    string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Service holds what the operations need.
type Service struct {
	ids *id.Source
	// ended runs in the transaction that archives a sandbox, for what must end with it.
	ended []EndFunc
}

// NewService makes a Service. Each of ended runs in the transaction that archives a sandbox.
func NewService(ids *id.Source, ended ...EndFunc) *Service { return &Service{ids: ids, ended: ended} }

// OnEnd adds what runs in the transaction that archives a sandbox. It is for wiring, before any request.
func (s *Service) OnEnd(ended ...EndFunc) { s.ended = append(s.ended, ended...) }
