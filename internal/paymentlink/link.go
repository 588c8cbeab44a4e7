package paymentlink

import (
	"time"

	"flint/internal/catalog"
	"flint/internal/checkout"
	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Statuses of a link.
const (
	StatusActive   = "active"
	StatusInactive = "inactive"
)

// Types of a link.
const (
	TypeStandard = "standard"
	TypeDonation = "donation"
	TypeEvent    = "event"
)

// Types of a custom field.
const (
	FieldText     = "text"
	FieldTextarea = "textarea"
	FieldDropdown = "dropdown"
	FieldCheckbox = "checkbox"
)

// DonationKey is the key under which the amount of a donation is sent; a donation has no lines.
const DonationKey = "donation"

// FieldPrefix stands before the key of a custom field in the metadata of the order.
const FieldPrefix = "custom_field_"

// Service keeps payment links. Operations run in the caller's transaction.
type Service struct {
	IDs       *id.Source
	Clock     clock.Clock
	Orders    *order.Service
	Catalog   *catalog.Service
	Checkouts *checkout.Service
	// Key signs the contexts of resolves; 32 bytes of the installation's own.
	Key []byte
	// Send mails tickets in the transaction of the money; nil where nothing is mailed.
	Send func(tx db.Tx, t Tickets) error
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

// Link is a payment link. All amounts are minor units of their currency.
type Link struct {
	Scope               tenant.Scope `json:"-"`
	ID                  string       `json:"-"`
	Status              string       `json:"-"`
	Type                string       `json:"-"`
	Name                string       `json:"-"`
	Version             int64        `json:"-"` // rises with every change by the merchant, not with sales
	OrderID             string       `json:"-"` // of a bound link
	ExternalReferenceID string       `json:"-"`
	MaxCompletions      int64        `json:"-"` // 0: no cap
	MaxQuantity         int64        `json:"-"` // tickets of an event; 0: no cap
	Completed           int64        `json:"-"` // orders paid
	Sold                int64        `json:"-"` // units of them
	Held                int64        `json:"-"` // claims of payments under way
	HeldQuantity        int64        `json:"-"` // units of them
	CreatedAt           time.Time    `json:"-"`
	UpdatedAt           time.Time    `json:"-"`

	Description     string            `json:"description,omitempty"`
	Image           *Image            `json:"image,omitempty"`
	Lines           []Line            `json:"lines,omitempty"`
	DonationMin     *money.Amount     `json:"donation_min,omitempty"`
	DonationMax     *money.Amount     `json:"donation_max,omitempty"`
	Suggested       []money.Amount    `json:"suggested,omitempty"`
	Event           *Event            `json:"event,omitempty"`
	Fields          []Field           `json:"fields,omitempty"`
	InactiveMessage string            `json:"inactive_message,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	Session         checkout.Detail   `json:"session"`          // copied into each session that the link opens
	Choices         checkout.Choices  `json:"choices,omitzero"` // what of it the merchant's settings decide
}

// Address is that of the link's page, given where the checkout pages of its environment are
// (settings.Service.Address).
func (l *Link) Address(pages string) string { return pages + "/pay/" + l.ID }

// Image is a picture by its public address.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
	Ref string `json:"ref,omitempty"` // the merchant's reference
}

// Line is a thing that the link sells: of a variant, or ad hoc.
type Line struct {
	ID              string              `json:"id"`
	Key             string              `json:"key"` // names the line in a buyer's choices
	VariantID       string              `json:"variant_id,omitempty"`
	Name            string              `json:"name,omitempty"`
	Description     string              `json:"description,omitempty"`
	UnitPrice       *money.Amount       `json:"unit_price,omitempty"`
	Quantity        int64               `json:"quantity"`
	Tax             *order.ItemTaxInput `json:"tax,omitempty"`
	AdjustQuantity  bool                `json:"adjust_quantity,omitempty"`
	MinQuantity     *int64              `json:"min_quantity,omitempty"`
	MaxQuantity     *int64              `json:"max_quantity,omitempty"`
	AdjustPrice     bool                `json:"adjust_price,omitempty"`
	MinPrice        *money.Amount       `json:"min_price,omitempty"`
	MaxPrice        *money.Amount       `json:"max_price,omitempty"`
	SuggestedPrices []money.Amount      `json:"suggested_prices,omitempty"`
}

// Event is when and where.
type Event struct {
	At           time.Time `json:"at,omitzero"`
	Timezone     string    `json:"timezone"`
	Venue        string    `json:"venue,omitempty"`
	TicketPrefix string    `json:"ticket_prefix,omitempty"`
	SendTickets  *bool     `json:"send_tickets,omitempty"`
}

// Field is something the merchant asks every buyer.
type Field struct {
	ID          string   `json:"id"`
	Type        string   `json:"type"`
	Key         string   `json:"key"`
	Label       string   `json:"label"`
	Placeholder string   `json:"placeholder,omitempty"`
	Required    bool     `json:"required,omitempty"`
	Position    int64    `json:"position"`
	Options     []string `json:"options,omitempty"`
	MaxLength   int64    `json:"max_length,omitempty"` // characters
}

// Remaining is how many completions and units the link has left for buyers who pay now, nil without a cap.
// Payments under way are not counted off: they may fail.
func (l *Link) Remaining() (completions, units *int64) {
	if l.MaxCompletions > 0 {
		completions = new(max(l.MaxCompletions-l.Completed, 0))
	}
	if l.MaxQuantity > 0 {
		units = new(max(l.MaxQuantity-l.Sold, 0))
	}
	return completions, units
}

// SoldOut tells whether nobody can pay the link any more.
func (l *Link) SoldOut() bool {
	completions, units := l.Remaining()
	return completions != nil && *completions == 0 || units != nil && *units == 0
}

// Currency is that of a donation, empty when the link does not say.
func (l *Link) Currency() money.Currency {
	switch {
	case l.DonationMin != nil:
		return l.DonationMin.Currency
	case l.DonationMax != nil:
		return l.DonationMax.Currency
	case len(l.Suggested) > 0:
		return l.Suggested[0].Currency
	}
	return ""
}

func (l *Link) line(lineID string) *Line {
	for i := range l.Lines {
		if l.Lines[i].ID == lineID {
			return &l.Lines[i]
		}
	}
	return nil
}

func (l *Link) field(fieldID string) *Field {
	for i := range l.Fields {
		if l.Fields[i].ID == fieldID {
			return &l.Fields[i]
		}
	}
	return nil
}
