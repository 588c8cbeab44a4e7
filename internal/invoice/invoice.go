package invoice

import (
	"time"

	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Statuses of an invoice. Overdue is a flag beside them.
const (
	StatusDraft         = "draft"
	StatusOpen          = "open"
	StatusPartiallyPaid = "partially_paid"
	StatusPaid          = "paid"
	StatusVoid          = "void"
	StatusUncollectible = "uncollectible"
	StatusCredited      = "credited"
)

// Collection modes.
const (
	CollectBuyer     = "buyer_initiated"
	CollectAutomatic = "automatic"
	CollectExternal  = "external"
)

// Delivery modes of an issued invoice.
const (
	DeliverByEmail  = "email"
	DeliverByCaller = "caller_managed"
)

// Invoice is the aggregate. Amounts are minor units of Currency. It is one row: what is filtered, sorted or
// constrained is a column, the rest is one document.
type Invoice struct {
	Scope               tenant.Scope   `json:"-"`
	ID                  string         `json:"-"` // inv_…
	OrderID             string         `json:"-"`
	CustomerID          string         `json:"-"`
	Status              string         `json:"-"`
	Number              string         `json:"-"` // with its prefix; empty until issued
	Sequence            int64          `json:"-"` // the number without its prefix; 0 until issued
	Version             int64          `json:"-"` // rises by one with every change
	Currency            money.Currency `json:"-"`
	ExternalReferenceID string         `json:"-"`
	Amounts             Amounts        `json:"-"`
	DueAt               time.Time      `json:"-"` // the last moment on time; zero without a due date
	CreatedAt           time.Time      `json:"-"`
	UpdatedAt           time.Time      `json:"-"`
	IssuedAt            time.Time      `json:"-"`
	NextCheckAt         time.Time      `json:"-"` // when something becomes due by itself, zero for nothing
	LinkID              string         `json:"-"` // ivat_…: the access id in the public address
	TokenHash           string         `json:"-"` // of the buyer's token

	Hidden bool `json:"hidden,omitempty"` // the order was made for this invoice alone

	RecipientEmail  string            `json:"recipient_email,omitempty"`
	CcEmails        []string          `json:"cc_emails,omitempty"`
	Memo            string            `json:"memo,omitempty"`
	Footer          string            `json:"footer,omitempty"`
	Reference       string            `json:"reference,omitempty"`
	PONumber        string            `json:"po_number,omitempty"`
	ServiceAt       time.Time         `json:"service_at,omitzero"`
	ScheduledSendAt time.Time         `json:"scheduled_send_at,omitzero"`
	RemitTo         *order.Address    `json:"remit_to,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`

	Due        DueRequest  `json:"due"`
	Collection Collection  `json:"collection"`
	Timezone   string      `json:"timezone,omitempty"` // IANA name; day boundaries lie in it. Frozen at issue
	Delivery   string      `json:"delivery,omitempty"` // delivery mode, from issue on
	Terms      *TermsFixed `json:"terms,omitempty"`    // frozen at issue
	Reminders  []int       `json:"reminders,omitempty"`

	ChargeRetries []int     `json:"charge_retries,omitempty"` // days after a due date; frozen at issue
	Charging      string    `json:"charging,omitempty"`       // invpa_… of the automatic charge under way
	ChargingSince time.Time `json:"charging_since,omitzero"`

	Entries  []Entry   `json:"entries,omitempty"` // the schedule, in the order in which money fills it
	Fees     []LateFee `json:"fees,omitempty"`    // oldest first
	Snapshot *Snapshot `json:"snapshot,omitempty"`

	RemindersPaused   bool      `json:"reminders_paused,omitempty"`
	RemindersPausedAt time.Time `json:"reminders_paused_at,omitzero"`
	ViewedAt          time.Time `json:"viewed_at,omitzero"`
	PaidAt            time.Time `json:"paid_at,omitzero"`
	VoidedAt          time.Time `json:"voided_at,omitzero"`
	UncollectibleAt   time.Time `json:"uncollectible_at,omitzero"`
	ClosedAt          time.Time `json:"closed_at,omitzero"`

	Token        string    `json:"token,omitempty"`         // the buyer's token, sealed; see Service.Seal
	LinkExpires  time.Time `json:"link_expires,omitzero"`   // of this generation of the link, which its checkouts share
	SessionToken string    `json:"session_token,omitempty"` // sealed credentials of the open checkout session
	SessionID    string    `json:"session_id,omitempty"`    // the checkout session that was opened last
	LastReminder time.Time `json:"last_reminder,omitzero"`  // sent by hand or by itself
	Told         Told      `json:"told,omitzero"`           // what has been announced
	IssueFailed  string    `json:"issue_failed,omitempty"`  // code of the last scheduled issue that failed
	SearchWords  []string  `json:"search_words,omitempty"`  // names that the list's query looks at
	Refund       string    `json:"refund_status,omitempty"` // as last announced

	stored stored
}

// Amounts are what an invoice is worth and what became of it.
//
//	outstanding = total + fees - waived - paid - credited - written off
type Amounts struct {
	Total      int64 // of the document; the order's price
	Fees       int64 // late fees as assessed
	Waived     int64 // of the late fees
	Paid       int64 // settled money, at most what was asked for
	Credited   int64 // by credit notes
	WrittenOff int64
	Refunded   int64 // of the order's payments, for show
}

// Outstanding is what is still to be collected, in minor units.
func (a Amounts) Outstanding() int64 {
	return a.Total + a.Fees - a.Waived - a.Paid - a.Credited - a.WrittenOff
}

// Told is what time has brought about and was announced, so that it is announced once.
type Told struct {
	Overdue   []string `json:"overdue,omitempty"`   // entry ids, or "" for the invoice as a whole
	Reminders []string `json:"reminders,omitempty"` // entry id and days, "invse_…/-3"
	LateFees  []string `json:"late_fees,omitempty"` // targets whose fee was announced as due
	Charges   []string `json:"charges,omitempty"`   // entry id and days after the due date: automatic charges made
}

// Kinds of due dates of an invoice.
const (
	DueNone     = "none"
	DueAbsolute = "absolute"
	DueTerms    = "payment_terms"
	DueCustomer = "customer_default"
	DueMerchant = "merchant_default"
)

// DueRequest says how the due date comes about when the invoice is issued.
type DueRequest struct {
	Type   string    `json:"type"`
	At     time.Time `json:"at,omitzero"`       // absolute
	TermID string    `json:"term_id,omitempty"` // payment_terms, and what a default stood for
}

// Collection says how the money is to come in.
type Collection struct {
	Mode            string  `json:"mode"` // as asked for, merchant_default included; Resolved from issue on
	Resolved        string  `json:"resolved,omitempty"`
	PaymentMethodID string  `json:"payment_method_id,omitempty"`
	Policy          *Policy `json:"policy,omitempty"`
}

// Policy restricts how an invoice is paid.
type Policy struct {
	Options  []string      `json:"options"`
	Limits   []OptionLimit `json:"limits,omitempty"`
	ShowCost bool          `json:"show_cost,omitempty"`
}

// OptionLimit is the most that may be paid at once through an option, in minor units.
type OptionLimit struct {
	Option string       `json:"option"`
	Max    money.Amount `json:"max"`
}

// Snapshot is the document, frozen when the invoice is issued. Nothing of it ever changes.
type Snapshot struct {
	Pricing         order.Pricing    `json:"pricing"`
	Lines           []Line           `json:"lines"`
	Charges         []order.Charge   `json:"charges,omitempty"`
	Discounts       []order.Discount `json:"discounts,omitempty"`
	Tip             *order.Tip       `json:"tip,omitempty"`
	Tax             order.Tax        `json:"tax"` // with the breakdowns per authority
	CustomerName    string           `json:"customer_name,omitempty"`
	CustomerEmail   string           `json:"customer_email,omitempty"`
	BillingAddress  *order.Address   `json:"billing_address,omitempty"`
	MerchantName    string           `json:"merchant_name,omitempty"`
	BuyerNote       string           `json:"buyer_note,omitempty"`
	InternalNote    string           `json:"internal_note,omitempty"`
	Memo            string           `json:"memo,omitempty"`
	Footer          string           `json:"footer,omitempty"`
	Reference       string           `json:"reference,omitempty"`
	PONumber        string           `json:"po_number,omitempty"`
	ServiceAt       time.Time        `json:"service_at,omitzero"`
	RemitTo         *order.Address   `json:"remit_to,omitempty"`
	BuyerTax        *TaxIdentity     `json:"buyer_tax,omitempty"`
	SellerTax       *TaxIdentity     `json:"seller_tax,omitempty"`
	OrderNumber     string           `json:"order_number"`
	PaidBefore      int64            `json:"paid_before,omitempty"` // of the order when the invoice was issued
	PaymentOptions  []string         `json:"payment_options,omitempty"`
	MerchantAddress *order.Address   `json:"merchant_address,omitempty"`
}

// Line is one line of the document: the order's line with an id of its own.
type Line struct {
	ID   string     `json:"invoice_line_item_id"` // invli_…
	Line order.Line `json:"line"`
}

// TaxIdentity is how a party is registered with tax authorities.
type TaxIdentity struct {
	LegalName         string         `json:"legal_name,omitempty"`
	RegisteredAddress *order.Address `json:"registered_address,omitempty"`
	TaxIDs            []TaxID        `json:"tax_ids,omitempty"`
}

// TaxID is one registration, such as a VAT number.
type TaxID struct {
	Type    string `json:"type,omitempty"`
	Value   string `json:"value,omitempty"`
	Country string `json:"country,omitempty"`
}

// Active tells whether the invoice keeps other invoices off its order.
func (v *Invoice) Active() bool { return v.Status != StatusVoid && v.Status != StatusUncollectible }

// Issued tells whether the invoice has a number and a frozen document.
func (v *Invoice) Issued() bool { return v.Sequence > 0 }

// Collectible tells whether money can be collected on it.
func (v *Invoice) Collectible() bool {
	return v.Status == StatusOpen || v.Status == StatusPartiallyPaid
}

// Money is minor units in the invoice's currency.
func (v *Invoice) Money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: v.Currency}
}

// RefundStatus is none, partially_refunded or refunded.
func (v *Invoice) RefundStatus() string {
	switch {
	case v.Amounts.Refunded == 0:
		return order.RefundNone
	case v.Amounts.Refunded < v.Amounts.Paid:
		return order.RefundPartiallyRefunded
	default:
		return order.RefundRefunded
	}
}

// Location is the invoice's timezone, UTC when it has none yet.
func (v *Invoice) Location() *time.Location {
	if loc, err := time.LoadLocation(v.Timezone); err == nil && v.Timezone != "" {
		return loc
	}
	return time.UTC
}
