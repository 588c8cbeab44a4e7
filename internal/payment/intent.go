package payment

import (
	"cmp"
	"time"

	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of a payment intent.
const (
	IntentRequiresPaymentMethod = "requires_payment_method"
	IntentRequiresConfirmation  = "requires_confirmation"
	IntentRequiresAction        = "requires_action"
	IntentProcessing            = "processing"
	IntentRequiresCapture       = "requires_capture"
	IntentSucceeded             = "succeeded"
	IntentCanceled              = "canceled"
	IntentExpired               = "expired"
)

// Capture methods.
const (
	CaptureAutomatic = "automatic"
	CaptureManual    = "manual"
)

// Intent is one leg: an amount of one order, collected from one source. Amounts are minor units.
type Intent struct {
	Scope         tenant.Scope
	ID            string
	OrderID       string
	AttemptID     string // the attempt that used it last, empty while staged
	CustomerID    string
	Status        string
	Amount        int64
	Tip           int64 // the part of Amount that is tip
	Currency      money.Currency
	CaptureMethod string
	Flow          string // checkout, payment_link, invoice, api, …
	Origin        string
	Processor     string
	// CreditOf is the payment under which the processor knows the money of this one, for value that an exchange
	// moved here; empty for money of its own.
	CreditOf string

	Authorized     int64
	Captured       int64
	Released       int64
	Refunded       int64 // succeeded refunds
	RefundReserved int64 // refunds asked for and not answered yet
	Disputed       int64

	AuthorizedAt           time.Time
	AuthorizationExpiresAt time.Time
	CapturedAt             time.Time
	ExternalReferenceID    string
	CreatedAt              time.Time
	UpdatedAt              time.Time
	Detail                 IntentDetail
}

// IntentDetail is what is never filtered or constrained; it is stored as one document.
type IntentDetail struct {
	Options            []string          `json:"options,omitempty"`
	Staged             bool              `json:"staged,omitempty"` // made by its own call, not by pay
	Source             *Source           `json:"source,omitempty"`
	ProcessorRef       string            `json:"processor_ref,omitempty"`
	LastError          *Failure          `json:"last_error,omitempty"`
	CancellationReason string            `json:"cancellation_reason,omitempty"`
	ReturnURL          string            `json:"return_url,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
	Recorded           *Recorded         `json:"recorded,omitempty"`        // of money received elsewhere
	InvoiceID          string            `json:"invoice_id,omitempty"`      // the invoice that owned the order when it was made
	DisputeStatus      string            `json:"dispute_status,omitempty"`  // of the most urgent dispute; the dispute domain keeps it
	MethodID           string            `json:"method_id,omitempty"`       // saved method that was charged
	SavesMethodID      string            `json:"saves_method_id,omitempty"` // pending method that a success makes active
	Credit             *Credit           `json:"credit,omitempty"`          // of value that an exchange moved here
}

// Recorded is what the merchant said about money received elsewhere.
type Recorded struct {
	Note       string    `json:"note,omitempty"`
	ReceivedAt time.Time `json:"received_at"`
	InvoiceID  string    `json:"invoice_id,omitempty"` // the invoice it was received for, may be empty
	Reversed   int64     `json:"reversed,omitempty"`   // minor units taken back
}

// Failure says why a payment did not go through.
type Failure struct {
	Code    string    `json:"code"`
	Message string    `json:"message"`
	At      time.Time `json:"at"`
}

// InvoiceID is the invoice that the payment was made or recorded for, empty for none.
func (i *Intent) InvoiceID() string {
	if r := i.Detail.Recorded; r != nil {
		return r.InvoiceID
	}
	return i.Detail.InvoiceID
}

// Refundable is what may still be given back: captured, less what was refunded, is being refunded or
// is under dispute. Recorded money was never with a processor, so it is reversed instead.
func (i *Intent) Refundable() int64 {
	if i.Processor == Manual {
		return 0
	}
	return i.Returnable()
}

// Returnable is what the buyer may still get of it, whoever holds the money.
func (i *Intent) Returnable() int64 {
	return i.Captured - i.Refunded - i.RefundReserved - i.Disputed
}

// Statuses of the disputes of a payment; the most urgent one is kept on it.
const (
	DisputeNone        = "none"
	DisputeNeeds       = "needs_response"
	DisputeUnderReview = "under_review"
)

// DisputeStatus is that of the payment's most urgent dispute, none without any.
func (i *Intent) DisputeStatus() string { return cmp.Or(i.Detail.DisputeStatus, DisputeNone) }

// UnderDispute reports whether the buyer's bank is deciding on the payment, so that a refund might give the same
// money back twice. An inquiry moves no money and holds no refund back.
func (i *Intent) UnderDispute() bool {
	return i.Detail.DisputeStatus == DisputeNeeds || i.Detail.DisputeStatus == DisputeUnderReview
}

// Capturable is what a hold still offers at time now; nothing from the moment it expires, whatever
// the status says.
func (i *Intent) Capturable(now time.Time) int64 {
	if i.Status != IntentRequiresCapture || !now.Before(i.AuthorizationExpiresAt) {
		return 0
	}
	return i.Authorized - i.Captured - i.Released
}

// Ended reports whether no money can move into the order through this intent any more.
func (i *Intent) Ended() bool {
	return i.Status == IntentSucceeded || i.Status == IntentCanceled || i.Status == IntentExpired
}

// Selectable reports whether a confirm call may use it: staged or declined.
func (i *Intent) Selectable() bool { return i.Status == IntentRequiresPaymentMethod }

// RefundStatus is none, partially_refunded or refunded.
func (i *Intent) RefundStatus() string {
	switch {
	case i.Refunded == 0:
		return "none"
	case i.Refunded < i.Captured:
		return "partially_refunded"
	default:
		return "refunded"
	}
}
