package settings

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"flint/internal/money"
)

// Settings are the resolved settings of an environment: every field has the value that holds. The JSON
// names are those of the stored record and of the contract.
type Settings struct {
	ID        string    `json:"-"` // set_…
	Version   int64     `json:"-"` // 1 before the first change
	CreatedAt time.Time `json:"-"` // zero before the first change
	UpdatedAt time.Time `json:"-"`

	Branding        Branding          `json:"branding"`
	Checkout        Checkout          `json:"checkout"`
	CustomerAccount CustomerAccount   `json:"customer_account"`
	EmailDelivery   EmailDelivery     `json:"customer_email_delivery"`
	Invoices        Invoices          `json:"invoices"`
	Legal           Legal             `json:"legal"`
	Receipts        Receipts          `json:"receipts"`
	Tipping         Tipping           `json:"tipping"`
	Promotions      Promotions        `json:"promotions"`
	Catalog         Catalog           `json:"catalog"`
	Fulfillment     Fulfillment       `json:"fulfillment"`
	Tax             Tax               `json:"tax"`
	TaxIdentity     *TaxIdentity      `json:"tax_identity,omitzero"`
	Recovery        Recovery          `json:"recovery"`         // ours
	Refunds         Refunds           `json:"refunds,omitzero"` // ours
	Returns         Returns           `json:"returns"`          // ours
	Metadata        map[string]string `json:"metadata,omitzero"`
}

// Branding is the look of pages and mails. A session's or link's theme lies over it. Colors are #rrggbb;
// contrast is enforced where they are used.
type Branding struct {
	PrimaryColor    string `json:"primary_color"`
	AccentColor     string `json:"accent_color"`
	BackgroundColor string `json:"background_color"`
	TextColor       string `json:"text_color"`
	CornerRadius    int64  `json:"corner_radius"` // px, 0 to 32
	FontFamily      string `json:"font_family"`
}

// Families of fonts. Flint serves no font files, so instrument_sans is used where a device has it.
const (
	FontInstrumentSans = "instrument_sans"
	FontSystemSans     = "system_sans"
	FontSystemSerif    = "system_serif"
	FontMonospace      = "monospace"
)

// Checkout says how sessions behave that do not say it themselves.
type Checkout struct {
	CustomDomain   string        `json:"custom_domain,omitzero"`     // hostname, empty for none
	ExpiresIn      int64         `json:"default_expires_in_seconds"` // not for sessions of invoices
	Options        []string      `json:"enabled_payment_options"`    // never empty
	CodeEntry      bool          `json:"promotion_code_entry_enabled"`
	RequireEmail   bool          `json:"require_email"`
	RequirePhone   bool          `json:"require_phone"`
	RequireBilling bool          `json:"require_billing_address"`
	RecoveryEmail  RecoveryEmail `json:"recovery_email"`
	SavedDetails   SavedDetails  `json:"saved_payment_details"`
	AllowedOrigins []string      `json:"allowed_origins"` // ours: origins that may embed, such as https://shop.example
}

// RecoveryEmail is the one reminder of a left checkout.
type RecoveryEmail struct {
	Enabled      bool  `json:"enabled"`
	DelaySeconds int64 `json:"delay_seconds"` // from the last change of contact
}

// SavedDetails offers buyers to keep their card.
type SavedDetails struct {
	Enabled bool `json:"enabled"`
}

// Who hosts the buyer's account.
const (
	AccountFlintHosted    = "flint_hosted"
	AccountMerchantHosted = "merchant_hosted"
)

// CustomerAccount is where buyers look after their purchases.
type CustomerAccount struct {
	Mode         string              `json:"mode"`
	URL          string              `json:"merchant_account_url,omitzero"`
	Routes       RouteTemplates      `json:"route_templates"`
	Presentation AccountPresentation `json:"presentation"`
	Capabilities BuyerCapabilities   `json:"buyer_capabilities"`
}

// RouteTemplates are addresses on the merchant's own site; each holds the placeholder of its id, such as
// {order_id}. Empty: the merchant has no such page.
type RouteTemplates struct {
	Order            string `json:"order,omitzero"`
	Invoice          string `json:"invoice,omitzero"`
	Return           string `json:"return,omitzero"`
	EmailPreferences string `json:"email_preferences,omitzero"`
}

// AccountPresentation is how the hosted account presents itself.
type AccountPresentation struct {
	Name         string `json:"account_name,omitzero"`
	CustomDomain string `json:"custom_domain,omitzero"`
}

// BuyerCapabilities is what buyers may do themselves with subscriptions. It is kept for the contract;
// subscriptions are not built.
type BuyerCapabilities struct {
	CancellationTiming  string         `json:"cancellation_timing"`
	CancellationReasons []string       `json:"cancellation_reasons"`
	Pause               BuyerPause     `json:"pause"`
	RetentionOffer      RetentionOffer `json:"retention_offer"`
}

// BuyerPause lets buyers pause a subscription for some cycles.
type BuyerPause struct {
	Enabled   bool  `json:"enabled"`
	MaxCycles int64 `json:"max_cycles"`
}

// RetentionOffer is shown to who is about to cancel.
type RetentionOffer struct {
	Kind        string `json:"kind"`
	PauseCycles int64  `json:"pause_cycles,omitzero"`
}

// Who sends the mails of a family.
const (
	FlintSends    = "flint_sends"
	MerchantSends = "merchant_sends"
)

// EmailDelivery says for each family of mails who sends them.
type EmailDelivery struct {
	OrderReceipts      string `json:"order_receipts"`
	FulfillmentUpdates string `json:"fulfillment_updates"`
	Invoices           string `json:"invoices"`
	Returns            string `json:"returns"`
	Dunning            string `json:"dunning"` // kept for the contract
}

// MerchantSends reports whether the merchant itself writes the mails of a family, named as in the JSON.
// Families that it cannot take over are always Flint's.
func (d EmailDelivery) MerchantSends(family string) bool {
	switch family {
	case "order_receipts":
		return d.OrderReceipts == MerchantSends
	case "fulfillment_updates":
		return d.FulfillmentUpdates == MerchantSends
	case "invoices":
		return d.Invoices == MerchantSends
	case "returns":
		return d.Returns == MerchantSends
	}
	return false
}

// Invoices are the defaults of the invoice domain.
type Invoices struct {
	NumberPrefix     string           `json:"invoice_number_prefix,omitzero"`
	CreditNotePrefix string           `json:"credit_note_number_prefix,omitzero"`
	CollectionMode   string           `json:"default_collection_mode"`
	DefaultTermID    string           `json:"default_invoice_payment_term_id,omitzero"` // ipt_…
	Memo             string           `json:"default_memo,omitzero"`
	Footer           string           `json:"default_footer,omitzero"`
	ReplyTo          string           `json:"reply_to_email,omitzero"`
	Timezone         string           `json:"timezone"` // IANA; the merchant's reporting zone unless set
	RemitTo          *Address         `json:"remit_to_address,omitzero"`
	PaymentPolicy    *PaymentPolicy   `json:"payment_policy,omitzero"`
	Reminders        ReminderPolicy   `json:"reminder_policy"`
	AutopayRetry     AutopayRetryPlan `json:"autopay_retry_policy"`
}

// Address is a postal address.
type Address struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitzero"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2, upper case
}

// PaymentPolicy limits how invoices are paid.
type PaymentPolicy struct {
	Options            []string      `json:"enabled_payment_options"`
	Limits             []OptionLimit `json:"payment_option_limits,omitzero"`
	ShowCostComparison bool          `json:"show_cost_comparison,omitzero"`
}

// OptionLimit is the largest total that an option takes.
type OptionLimit struct {
	Option   string `json:"payment_option"`
	MaxTotal Money  `json:"max_total_money"`
}

// Money is an amount in minor units, in the form of the record.
type Money struct {
	Amount   int64          `json:"amount"`
	Currency money.Currency `json:"currency"`
}

// ReminderPolicy lists the reminders of an unpaid invoice.
type ReminderPolicy struct {
	Rules []ReminderRule `json:"rules"`
}

// ReminderRule is one reminder, in days after what is due; negative before it.
type ReminderRule struct {
	DaysFromDue int64 `json:"days_from_due"`
}

// AutopayRetryPlan is when a failed automatic collection is tried again, in days after the due date.
type AutopayRetryPlan struct {
	DayOffsets []int64 `json:"retry_day_offsets"`
}

// Legal are the links that checkouts show.
type Legal struct {
	TermsURL     string `json:"terms_of_service_url,omitzero"`
	RequireTerms bool   `json:"require_terms_of_service"`
	RefundURL    string `json:"refund_policy_url,omitzero"`
	ShippingURL  string `json:"shipping_policy_url,omitzero"`
	ContractURL  string `json:"contract_url,omitzero"`
}

// Receipts is what receipts look like and whether they go out by themselves.
type Receipts struct {
	AutoEmail bool   `json:"is_auto_email_enabled"`
	Itemized  bool   `json:"is_itemized"`
	Header    string `json:"header_text,omitzero"`
	Footer    string `json:"footer_text,omitzero"`
}

// Tipping is what checkouts offer that ask for a tip without saying how.
type Tipping struct {
	Enabled        bool            `json:"default_enabled"`
	CustomTip      bool            `json:"is_custom_tip_enabled"`
	Percents       []money.Percent `json:"tip_percent_options"`          // three
	DefaultPercent *money.Percent  `json:"default_tip_percent,omitzero"` // one of them, nil for none
}

// Promotions bounds promotions.
type Promotions struct {
	MaxPerOrder int64 `json:"max_promotions_per_order"`
}

// Catalog is reserved for the settings of products.
type Catalog struct{}

// Fulfillment says whether fulfillments wait for the merchant's word.
type Fulfillment struct {
	ApprovalRequired bool `json:"approval_required"`
}

// Tax is reserved for defaults of taxes.
type Tax struct{}

// TaxIdentity is the seller as documents name it.
type TaxIdentity struct {
	LegalName string           `json:"legal_name,omitzero"`
	Address   *Address         `json:"registered_address,omitzero"`
	TaxIDs    []jsontext.Value `json:"tax_ids"` // objects, kept as sent
}

// Refunds are the merchant's rules for refunds; ours.
type Refunds struct {
	// ApprovalLimit is the amount above which a second person approves a refund; nil for none.
	ApprovalLimit *money.Amount `json:"refund_approval_limit_money,omitzero"`
}

// Returns are the merchant's rules for exchanges; ours.
type Returns struct {
	// PaymentDays is how many days a buyer has to pay the difference of an exchange, from the confirmation on.
	PaymentDays int64 `json:"exchange_payment_days"`
	// ShipsUnpaid lets the goods of an exchange be handed over before the difference is paid.
	ShipsUnpaid bool `json:"ship_unpaid_exchanges"`
}

// Recovery is the plan by which buyers are brought back to what they left. It is ours and comes beside
// Checkout.RecoveryEmail: without steps the plan is that one reminder.
type Recovery struct {
	Steps []RecoveryStep `json:"steps"` // at most three, in order of time
	// RequireConsent sends reminders only to buyers who agreed to get them.
	RequireConsent bool `json:"require_consent"`
	// QuietHours are kept by every reminder, in the buyer's time zone or, where that is unknown, the
	// merchant's.
	QuietHours QuietHours `json:"quiet_hours"`
	// FrequencyCap bounds reminders to one address over all orders.
	FrequencyCap FrequencyCap `json:"frequency_cap"`
}

// RecoveryStep is one reminder.
type RecoveryStep struct {
	DelaySeconds int64 `json:"delay_seconds"` // after the checkout was left
	// Subject is the wording: reminder, question or last_call; empty for that of the step's number.
	Subject string `json:"subject,omitzero"`
}

// QuietHours is a span of the day, which may go over midnight.
type QuietHours struct {
	Enabled bool   `json:"enabled"`
	Start   string `json:"start"` // 15:04
	End     string `json:"end"`   // 15:04, the first minute that is not quiet
}

// FrequencyCap allows at most MaxMails within Days.
type FrequencyCap struct {
	MaxMails int64 `json:"max_mails"`
	Days     int64 `json:"days"`
}

// Plan is the recovery plan that holds: the steps, or the one reminder of the checkout settings, or none.
func (s *Settings) Plan() []RecoveryStep {
	if !s.Checkout.RecoveryEmail.Enabled {
		return nil
	}
	if len(s.Recovery.Steps) > 0 {
		return s.Recovery.Steps
	}
	return []RecoveryStep{{DelaySeconds: s.Checkout.RecoveryEmail.DelaySeconds}}
}
