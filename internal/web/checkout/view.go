package checkout

import "flint/internal/web/ui"

// Merchant is who the buyer pays, as shown on every page of the checkout.
type Merchant struct {
	Name     string
	LogoURL  string // https or a path of ours; the initial is shown when empty
	Brand    ui.Brand
	Email    string // support; shown on pages where the buyer may need it
	Phone    string
	Website  string
	TermsURL string
	Refunds  string // address of the refund policy
	Shipping string // address of the shipping policy
}

// Common is what every view of the checkout has.
type Common struct {
	SessionID string
	Merchant  Merchant
	Lang      string // language tag; "" is the fallback
	Test      bool   // shows the TEST badge
	Around    string // origin whose pages may frame this one; none when empty
	Framed    bool   // and one does
}

// Option is a way to pay.
type Option string

// Options that the simulator has fields for.
const (
	OptionCard Option = "card"
	OptionBank Option = "ach_debit"
)

// Line is one line of the order.
type Line struct {
	Name        string
	Description string
	Quantity    int64
	UnitPrice   string
	Subtotal    string // before discounts, which are shown in their own rows
	ImageURL    string // https or a path of ours; optional
	ImageAlt    string
}

// Row is a named amount. Amounts of discounts carry their minus sign.
type Row struct {
	Name     string
	Amount   string
	Included bool // a tax that is part of the prices already
}

// Summary is the order as the buyer sees it. Empty amounts are left out.
type Summary struct {
	Lines     []Line
	Message   string // of the merchant, above the lines
	Subtotal  string
	Discounts []Row
	Charges   []Row
	Taxes     []Row
	Tip       string
	Total     string
	Paid      string // settled before, on an order paid in parts
	Due       string // what this checkout collects; only when it differs from Total
	Part      string // "Deposit of invoice 1001"; empty when no invoice asks for it
	Later     string // what the invoice asks for later
}

// Amount is what the button shows and what the form asks to be charged; both come from one figure.
type Amount struct {
	Text     string // "$34.99"
	Minor    int64
	Currency string // "USD"
}

// Contact is what the buyer typed or is known by.
type Contact struct {
	Email         string
	Phone         string
	RequireEmail  bool
	RequirePhone  bool
	AskPhone      bool // shown without being required
	Address       *Address
	EmailReadOnly bool // a known customer's own address
}

// Reminders is what the page asks of a buyer who may leave.
type Reminders struct {
	On     bool // what is typed as e-mail address is kept before the payment
	Ask    bool // only when the buyer agrees
	Agreed bool
}

// Address is the billing address; nil in Contact when it is not asked for.
type Address struct {
	Line1, Line2, City, State, PostalCode string
	Country                               string // ISO 3166-1 alpha-2
	Countries                             []ui.Country
}

// Tip is the tip section.
type Tip struct {
	Presets []TipPreset
	None    bool   // no tip is chosen
	Custom  bool   // a custom field is offered
	Value   string // the custom amount chosen, as typed: "5.00"
	Symbol  string // currency shown at the field: "$" or "KWD"
	Error   string // text or key, beside the custom field
}

// TipPreset is one button.
type TipPreset struct {
	Value   string // "percent:15" or "amount:500"
	Label   string // "15%" or "$5.00"
	Amount  string // under the label; empty when the label is the amount
	Current bool
}

// Promotions is the section of promotion codes.
type Promotions struct {
	Codes []AppliedCode
	Value string // typed, and at fault
	Error string // text or key, beside the field
}

// AppliedCode is a code that the order has.
type AppliedCode struct {
	ID     string // of the discount
	Code   string
	Amount string // with its minus sign
}

// Stored is a payment source that the fields have already turned into a token.
type Stored struct {
	Option Option
	Token  string
	Method string // saved payment method, instead of a token
	Brand  string // "Visa"; may be empty
	Last4  string
}

// FieldError is one input at fault. Message is a text or a key of the catalogue.
type FieldError struct {
	Field   string // the input's name: "email"
	Message string
}

// Payment is the page on which the buyer pays.
type Payment struct {
	Common
	Reminders    Reminders
	Summary      Summary
	Pay          Amount
	Contact      Contact
	Tip          *Tip        // nil: no tip section
	Promotions   *Promotions // nil: no section of codes
	Saved        *Saved      // nil: nothing about saved cards
	Options      []Option    // in order; at least one
	Option       Option      // the chosen one
	FieldsURL    string      // "/simulator/fields/cs_…" or a processor's; "?option=" is added
	FormTargets  []string    // origins that paying may redirect to: 3-D Secure of a real processor
	Stored       *Stored
	RequireTerms bool
	CancelURL    string
	DeclineCode  string       // failure code of the last attempt
	Errors       []FieldError // of the last submit
	Seen         string       // newest payment attempt when the page was made; sent back by the form
	Accepted     bool         // the terms were accepted in the last submit
}

// Changed is the step between "the amount is another one now" and paying it.
type Changed struct {
	Common
	Summary Summary
	Old     string
	Pay     Amount
	Stored  Stored            // charged when the buyer agrees
	Keep    map[string]string // inputs of the first submit, sent again: email, billing_line1, …
}

// Action is shown while the buyer's bank waits for the buyer.
type Action struct {
	Common
	Amount string
	URL    string // where the buyer confirms
}

// Processing is shown while an outcome is awaited.
type Processing struct {
	Common
	Amount string
	Bank   bool // a bank debit that clears in days
}

// Success is the receipt.
type Success struct {
	Common
	Summary     Summary
	OrderNumber string
	Amount      string
	Method      string // "Visa ending 4242"
	Date        string
	DateTime    string // RFC 3339, for machines
	Held        bool   // authorized only: the money is taken later
	Statement   string // what the buyer's statement will say
	Email       string // where the receipt went; empty when nowhere
	Next        []string
	ReturnURL   string
}

// EndKind is why there is nothing to pay here.
type EndKind string

// Ways a checkout ends without a receipt.
const (
	EndExpired    EndKind = "expired"
	EndClosed     EndKind = "closed"
	EndSuperseded EndKind = "superseded"
	EndChanged    EndKind = "changedend" // the order was changed after the page was made
	EndPaid       EndKind = "already"
	EndNotFound   EndKind = "notfound"
	EndAnswered   EndKind = "answered" // the bank has its answer, and nowhere to send the buyer
	EndBusy       EndKind = "busyend"  // too many forms from one address
	EndBroken     EndKind = "broken"   // an error of ours
)

// End is a page of a checkout that cannot be paid. ActionURL, when set, starts again, opens the newest
// checkout or shows the receipt, by Kind.
type End struct {
	Common
	Kind      EndKind
	Status    int // 0 chooses by Kind
	ActionURL string
	ReturnURL string
}

// Entry is the page that turns the token of the address's fragment into a cookie.
type Entry struct {
	Common
	LinkStart string // how links to this checkout begin, shown as a hint
	Invalid   bool   // the token sent last was not good
}

// Fields is the frame of payment fields, and the same form as a page of its own.
type Fields struct {
	ID           string // of the session; the form goes to /simulator/fields/{ID}
	Lang         string
	Option       Option
	Brand        ui.Brand
	Test         bool
	Around       string            // origin of the merchant's page around an embedded checkout
	ParentOrigin string            // the origin that talks to the page; our own when empty
	Alone        bool              // shown as a page: after a submit without JavaScript had faults
	BackURL      string            // of the checkout, when Alone
	Values       map[string]string // typed before; never a card number or security code
	Errors       []FieldError
}

// Challenge is the simulated bank's 3-D Secure page.
type Challenge struct {
	Operation string // the form goes to /simulator/challenge/{Operation}
	Lang      string
	Merchant  string
	Amount    string
	Card      string // "Visa ending 3155"
	Date      string
	ReturnURL string // where the answer leads; the policy allows its origin
	Around    string // origin of the merchant's page around an embedded checkout
}
