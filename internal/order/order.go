package order

import (
	"time"

	"flint/internal/money"
	"flint/internal/promotion"
	"flint/internal/tenant"
)

// Statuses of an order.
const (
	StatusOpen   = "open"
	StatusClosed = "closed"
)

// Payment statuses: settled money only, never authorizations.
const (
	PaymentUnpaid        = "unpaid"
	PaymentPartiallyPaid = "partially_paid"
	PaymentPaid          = "paid"
)

// Refund statuses.
const (
	RefundNone              = "none"
	RefundPartiallyRefunded = "partially_refunded"
	RefundRefunded          = "refunded"
)

// Order is the aggregate. All amounts are minor units of Currency.
type Order struct {
	Scope    tenant.Scope   `json:"-"`
	ID       string         `json:"-"`
	Number   string         `json:"-"`
	Revision int64          `json:"-"`                // rises by one with every change
	Origin   string         `json:"-"`                // api, checkout, payment_link, …
	AppID    string         `json:"app_id,omitempty"` // papp_… whose token created the order, empty for others
	Status   string         `json:"-"`
	Currency money.Currency `json:"-"`

	FulfillmentStatus string `json:"-"`                    // kept by fulfilment; not_fulfilled on a new order
	Fulfilling        bool   `json:"fulfilling,omitempty"` // there are fulfillments

	Lines     []Line     `json:"lines"`
	Charges   []Charge   `json:"charges,omitempty"`
	Discounts []Discount `json:"discounts,omitempty"`
	Tips      []Tip      `json:"tips,omitempty"` // history; at most one has status requested
	Tax       Tax        `json:"tax"`

	Pricing    Pricing    `json:"-"`
	Settlement Settlement `json:"-"`
	Hold       *Hold      `json:"hold,omitempty"`
	Disputes   Disputes   `json:"disputes,omitzero"`
	SettledAt  time.Time  `json:"settled_at,omitzero"` // when the first pay call went through

	// Stranded tells that money of the order waits in the inbox of stranded payments.
	Stranded bool `json:"stranded,omitempty"`
	// ReturnID and ReturnResolutionID are the return that the order replaces goods of, and the resolution that alone
	// collects on it; empty for other orders.
	ReturnID           string `json:"return_id,omitempty"`
	ReturnResolutionID string `json:"return_resolution_id,omitempty"`

	InvoiceID string    `json:"invoice_id,omitempty"` // the issued invoice that owns collection, empty for none
	Invoicing Invoicing `json:"invoicing,omitzero"`

	ActiveAttemptID    string   `json:"-"`
	PaymentIntentIDs   []string `json:"payment_intent_ids,omitempty"`
	RefundIDs          []string `json:"refund_ids,omitempty"`
	CheckoutSessionIDs []string `json:"checkout_session_ids,omitempty"`

	CustomerID          string            `json:"-"`
	BuyerContact        *BuyerContact     `json:"buyer_contact,omitempty"`
	BuyerNote           string            `json:"buyer_note,omitempty"`
	InternalNote        string            `json:"internal_note,omitempty"`
	ExternalReferenceID string            `json:"-"`
	Metadata            map[string]string `json:"metadata,omitempty"`
	Delivery            *Delivery         `json:"delivery,omitempty"`
	ClosedReason        string            `json:"closed_reason,omitempty"`
	AutomaticOff        bool              `json:"automatic_off,omitempty"`      // no promotion comes by itself
	RefusedPromotions   []string          `json:"refused_promotions,omitempty"` // automatic ones that the merchant took off
	CreatedAt           time.Time         `json:"-"`
	UpdatedAt           time.Time         `json:"-"`

	// Declined are the promotions that the last pricing took off the order; they are not stored.
	Declined []Declined `json:"-"`

	stored stored          // what the row says, as of Load or the last Save
	held   []promotion.Use // what the order's discounts hold in this transaction
}

// Line is one line item. Computed fields are set by Price.
type Line struct {
	ID          string            `json:"id"`
	Version     int64             `json:"version"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	SKU         string            `json:"sku,omitempty"`
	Source      *LineSource       `json:"source,omitempty"` // nil: ad-hoc
	Image       *Image            `json:"image,omitempty"`
	Quantity    int64             `json:"quantity"`
	UnitPrice   int64             `json:"unit_price"`
	Tax         ItemTax           `json:"tax"`
	Metadata    map[string]string `json:"metadata,omitempty"`

	BaseSubtotal int64 `json:"base_subtotal"` // computed: unit price x quantity
	Subtotal     int64 `json:"subtotal"`      // computed: base + modifiers (none yet)
	Discount     int64 `json:"discount"`      // computed: this line's part of all discounts
	TaxAmount    int64 `json:"tax_amount"`    // computed: additive or inclusive tax of the line
	TaxAdditive  int64 `json:"tax_additive"`  // computed: the part of TaxAmount that is on top of the price
	Total        int64 `json:"total"`         // computed: subtotal - discount + additive tax

	RefundedQuantity int64 `json:"refunded_quantity,omitempty"` // units of succeeded refunds
	Refunded         int64 `json:"refunded,omitempty"`          // money of succeeded refunds of this line
}

// Image is a picture of a line by its public address.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}

// ItemTax is how a line or charge is taxed.
type ItemTax struct {
	Taxable     bool           `json:"taxable"`
	Category    string         `json:"category,omitempty"`
	Calculation *ItemTaxMethod `json:"calculation,omitempty"` // nil: automatic
}

// ItemTaxMethod is the caller's choice for one line or charge.
type ItemTaxMethod struct {
	Mode       string         `json:"mode"`       // automatic, external
	PriceMode  string         `json:"price_mode"` // additive, inclusive
	Components []TaxComponent `json:"components,omitempty"`
}

// TaxComponent is one percentage of one authority.
type TaxComponent struct {
	TaxType      string        `json:"tax_type"` // sales_tax, use_tax; ours: vat, gst
	Percent      money.Percent `json:"percent"`
	Jurisdiction Jurisdiction  `json:"jurisdiction"`
}

// Jurisdiction is a tax authority.
type Jurisdiction struct {
	Code    string `json:"code"`
	Country string `json:"country"`
	Level   string `json:"level"` // state, county, city, district
	Name    string `json:"name"`
	State   string `json:"state"`
}

// Charge is a fee on the order. Exactly one of Amount (flat) and Percent (with Basis) is the request.
type Charge struct {
	ID          string            `json:"id"`
	Type        string            `json:"type"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Amount      *int64            `json:"amount,omitempty"`
	Percent     *money.Percent    `json:"percent,omitempty"`
	Basis       string            `json:"basis,omitempty"` // subtotal_pre_discount, subtotal_post_discount
	Tax         ItemTax           `json:"tax"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`

	Applied     int64 `json:"applied"`      // computed: the charge before discount and tax
	Discount    int64 `json:"discount"`     // computed: service_charge discounts on it
	TaxAmount   int64 `json:"tax_amount"`   // computed
	TaxAdditive int64 `json:"tax_additive"` // computed
	Total       int64 `json:"total"`        // computed: applied - discount + additive tax

	Refunded int64 `json:"refunded,omitempty"` // money of succeeded refunds of this charge
}

// Discount classes.
const (
	DiscountOrder         = "order"
	DiscountLineItem      = "line_item"
	DiscountServiceCharge = "service_charge"
)

// Discount statuses.
const (
	DiscountPending  = "pending"
	DiscountRedeemed = "redeemed"
	DiscountCanceled = "canceled"
)

// Discount is a reduction: a flat one of the merchant, or what a promotion takes. Canceled ones stay
// listed and take nothing.
type Discount struct {
	ID        string    `json:"id"`
	Source    string    `json:"source"` // manual, promotion
	Name      string    `json:"name"`
	Class     string    `json:"class"`
	Amount    int64     `json:"amount"`  // asked
	Applied   int64     `json:"applied"` // computed: actually taken
	LineIDs   []string  `json:"line_ids,omitempty"`
	ChargeIDs []string  `json:"charge_ids,omitempty"`
	Status    string    `json:"status"`
	CreatedAt time.Time `json:"created_at"`

	// Of a promotion. What it takes is decided by package promotion and fixed here until the order is priced
	// again, so that pricing needs nothing but the order.
	PromotionID string           `json:"promotion_id,omitempty"`
	CodeID      string           `json:"promotion_code_id,omitempty"`
	Code        string           `json:"promotion_code,omitempty"`
	Asked       bool             `json:"asked,omitempty"`       // by code or id; the others come by themselves
	CustomerID  string           `json:"customer_id,omitempty"` // whose uses are counted, where they are
	SessionID   string           `json:"session_id,omitempty"`  // the checkout whose buyer entered the code
	Priority    int64            `json:"priority,omitempty"`
	Since       time.Time        `json:"since,omitzero"`
	Parts       []promotion.Part `json:"parts,omitempty"`
}

// Tip statuses.
const (
	TipRequested         = "requested"
	TipSettled           = "settled"
	TipPartiallyRefunded = "partially_refunded"
	TipRefunded          = "refunded"
	TipCanceled          = "canceled"
)

// Tip is a gratuity: exactly one of Amount and Percent (of the merchandise subtotal after discounts).
type Tip struct {
	ID          string            `json:"id"`
	Status      string            `json:"status"`
	Amount      *int64            `json:"amount,omitempty"`
	Percent     *money.Percent    `json:"percent,omitempty"`
	Name        string            `json:"name,omitempty"`
	Description string            `json:"description,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Effective   int64             `json:"effective"` // computed while requested
	Settled     int64             `json:"settled,omitempty"`
	Refunded    int64             `json:"refunded,omitempty"`
	Allocations []TipAllocation   `json:"allocations,omitempty"`
	CreatedAt   time.Time         `json:"created_at"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

// TipAllocation is the part of a tip that one payment carried.
type TipAllocation struct {
	PaymentIntentID string `json:"payment_intent_id"`
	Amount          int64  `json:"amount"`
}

// Tax is the order's tax setting and result.
type Tax struct {
	Enabled    bool           `json:"enabled"`
	Mode       string         `json:"mode"`       // automatic, external
	PriceMode  string         `json:"price_mode"` // additive, inclusive; of automatic lines
	Status     string         `json:"status"`     // not_required, requires_location, calculated, exempt, incomplete
	Reason     string         `json:"reason"`     // taxability_reason of the contract
	Failure    string         `json:"failure,omitempty"`
	Location   *TaxLocation   `json:"location,omitempty"`
	ExemptBy   string         `json:"exempt_by,omitempty"` // customer id whose exemption applies
	Flat       []FlatTax      `json:"flat,omitempty"`      // order-level components as asked
	Breakdowns []TaxBreakdown `json:"breakdowns,omitempty"`
}

// TaxLocation is where the order is taxed.
type TaxLocation struct {
	Address     Address `json:"address"`
	Source      string  `json:"source"`       // provided, customer, …
	AddressType string  `json:"address_type"` // tax_address, postal_code, …
}

// FlatTax is a flat order-level component (retail_delivery_fee).
type FlatTax struct {
	TaxType      string       `json:"tax_type"`
	Amount       int64        `json:"amount"`
	Jurisdiction Jurisdiction `json:"jurisdiction"`
}

// TaxBreakdown is one computed component. LineID or ChargeID names the owner; neither: the order.
type TaxBreakdown struct {
	ID           string         `json:"id"`
	Calculation  string         `json:"calculation"` // percentage, flat_amount
	Percent      *money.Percent `json:"percent,omitempty"`
	Taxable      int64          `json:"taxable"`
	Amount       int64          `json:"amount"`
	PriceMode    string         `json:"price_mode"`
	TaxType      string         `json:"tax_type"`
	Reason       string         `json:"reason"`
	Jurisdiction Jurisdiction   `json:"jurisdiction"`
	LineID       string         `json:"line_id,omitempty"`
	ChargeID     string         `json:"charge_id,omitempty"`
}

// Pricing is what the order should cost.
type Pricing struct {
	Subtotal    int64
	Discount    int64
	Charge      int64
	Tax         int64 // additive tax plus order-level flat tax: what is on top of the price
	TaxIncluded int64 // inclusive tax, already inside Subtotal and Charge
	Tip         int64
	Total       int64
}

// Settlement is what money really moved.
type Settlement struct {
	Paid       int64 // settled captures, gross
	Refunded   int64 // succeeded refunds
	SettledTip int64
}

// Invoicing is what invoices of the order have added to and taken off what is owed, in minor units. It
// changes neither the price nor what was paid.
type Invoicing struct {
	DraftID    string `json:"draft_id,omitempty"`    // the draft of an invoice, which owns nothing yet
	LateFees   int64  `json:"late_fees,omitempty"`   // assessed, less what was waived
	Credited   int64  `json:"credited,omitempty"`    // by credit notes
	WrittenOff int64  `json:"written_off,omitempty"` // given up on; it stays payable
}

// Hold is the open authorization of the order.
type Hold struct {
	PaymentIntentID string    `json:"payment_intent_id"`
	Authorized      int64     `json:"authorized"`
	Capturable      int64     `json:"capturable"`
	ExpiresAt       time.Time `json:"expires_at"`
}

// BuyerContact is the contact the buyer left with the payment; it never edits the customer.
type BuyerContact struct {
	Email        string    `json:"email,omitempty"`
	Phone        string    `json:"phone,omitempty"`
	EmailCleared bool      `json:"email_cleared,omitempty"`
	PhoneCleared bool      `json:"phone_cleared,omitempty"`
	UpdatedAt    time.Time `json:"updated_at"`
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

// Delivery is where the goods go; payment freezes it.
type Delivery struct {
	Address        Address   `json:"address"`
	RecipientName  string    `json:"recipient_name,omitempty"`
	RecipientPhone string    `json:"recipient_phone,omitempty"`
	Source         string    `json:"source"` // api, dashboard, delivery_selection
	FrozenAt       time.Time `json:"frozen_at,omitzero"`
}
