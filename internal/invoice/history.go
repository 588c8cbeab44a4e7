package invoice

import (
	"time"

	"flint/internal/money"
	"flint/internal/tenant"
)

// Types of an invoice's activities.
const (
	ActivityDraftCreated     = "draft_created"
	ActivityUpdated          = "updated"
	ActivityIssued           = "issued"
	ActivityIssueFailed      = "issue_failed"
	ActivitySent             = "sent"
	ActivityDeliverySent     = "delivery_sent"
	ActivityReminderDue      = "reminder_due"
	ActivityReminderSent     = "reminder_sent"
	ActivityViewed           = "viewed"
	ActivityOverdue          = "overdue"
	ActivityAttemptStarted   = "payment_attempt_started"
	ActivityProcessing       = "payment_processing"
	ActivityPaymentApplied   = "payment_applied"
	ActivityManualRecorded   = "manual_payment_recorded"
	ActivityManualReversed   = "manual_payment_reversed"
	ActivityRefundSucceeded  = "refund_succeeded"
	ActivityCredited         = "credited"
	ActivityLateFeeDue       = "late_fee_due"
	ActivityLateFeeAssessed  = "late_fee_assessed"
	ActivityLateFeeWaived    = "late_fee_waived"
	ActivityBlocked          = "collection_blocked"
	ActivityBlockResolved    = "collection_block_resolved"
	ActivityTokenRegenerated = "token_regenerated"
	ActivityVoided           = "voided"
	ActivityUncollectible    = "marked_uncollectible"
)

// ActivityTypes are all of them, in the contract's order.
var ActivityTypes = []string{
	ActivityDraftCreated, ActivityUpdated, ActivityIssued, ActivityIssueFailed, ActivitySent, ActivityDeliverySent, ActivityReminderDue,
	ActivityReminderSent, ActivityViewed, ActivityOverdue, ActivityAttemptStarted, ActivityProcessing, ActivityPaymentApplied,
	ActivityManualRecorded, ActivityManualReversed, ActivityRefundSucceeded, ActivityCredited, ActivityLateFeeDue, ActivityLateFeeAssessed,
	ActivityLateFeeWaived, ActivityBlocked, ActivityBlockResolved, ActivityTokenRegenerated, ActivityVoided, ActivityUncollectible,
}

// Activity is one row of an invoice's history. It is narration: the figures explain and are not summed.
type Activity struct {
	ID          string         `json:"-"` // inevt_…
	InvoiceID   string         `json:"-"`
	Sequence    int64          `json:"-"`
	Type        string         `json:"-"`
	Description string         `json:"-"`
	ActorType   string         `json:"-"` // merchant, buyer, system
	ActorID     string         `json:"-"`
	CreatedAt   time.Time      `json:"-"`
	Detail      ActivityDetail `json:"-"`
}

// ActivityDetail is what some types carry besides. Amounts are minor units of the invoice's currency.
type ActivityDetail struct {
	Amount       *money.Amount `json:"amount,omitempty"`
	Expected     *money.Amount `json:"expected,omitempty"`
	SettlesAt    time.Time     `json:"settles_at,omitzero"`
	Rail         string        `json:"rail,omitempty"`
	IntentID     string        `json:"intent_id,omitempty"`
	AttemptID    string        `json:"attempt_id,omitempty"`
	SessionID    string        `json:"session_id,omitempty"`
	EntryID      string        `json:"entry_id,omitempty"`
	FeeID        string        `json:"fee_id,omitempty"`
	DueAt        time.Time     `json:"due_at,omitzero"`
	Channel      string        `json:"channel,omitempty"`
	To           string        `json:"to,omitempty"`
	DeliveryID   string        `json:"delivery_id,omitempty"`
	ErrorCode    string        `json:"error_code,omitempty"`
	Credit       *money.Amount `json:"credit,omitempty"`
	CreditNoteID string        `json:"credit_note_id,omitempty"`
	RefundID     string        `json:"refund_id,omitempty"`
	WrittenOff   *money.Amount `json:"written_off,omitempty"`
}

// Kinds and statuses of delivery attempts.
const (
	DeliverySend     = "send"
	DeliveryReminder = "reminder"

	DeliveryPending    = "pending"
	DeliverySent       = "sent"
	DeliveryFailed     = "failed"
	DeliverySuppressed = "suppressed"
)

// DeliveryAttempt is one e-mail of an invoice.
type DeliveryAttempt struct {
	Scope     tenant.Scope
	ID        string // indel_…
	InvoiceID string
	Type      string
	Status    string
	To        string
	Cc        []string
	MailID    string // of the letter, empty when none was queued
	Error     string
	CreatedAt time.Time
	SentAt    time.Time
}

// Rails of a payment attempt.
const (
	RailCard   = "card"
	RailACH    = "ach_debit"
	RailManual = "manual"
)

// Statuses of an invoice's payment attempt.
const (
	AttemptOpen       = "open"
	AttemptProcessing = "processing"
	AttemptSettled    = "settled"
	AttemptFailed     = "failed"
	AttemptCanceled   = "canceled"
	AttemptExpired    = "expired"
)

// PaymentAttempt is one try to pay an invoice: an opened checkout, a charge of a saved method, or a record
// of money received elsewhere. Expected is in minor units of the invoice's currency.
type PaymentAttempt struct {
	Scope           tenant.Scope
	ID              string // invpa_…
	InvoiceID       string
	OrderID         string
	EntryID         string
	SessionID       string
	OrderAttemptID  string // opat_… of the order's attempt, once a payment started
	IntentID        string
	Rail            string
	Status          string
	Expected        int64
	IdempotencyKey  string // of the collect call
	FailureCode     string
	FailureMessage  string
	SettlesAt       time.Time
	StartedAt       time.Time
	SettledAt       time.Time
	CancelRequested time.Time
	CanceledAt      time.Time
	ExpiresAt       time.Time
	UpdatedAt       time.Time
}

// Active tells whether money may still come of it.
func (a *PaymentAttempt) Active() bool {
	return a.Status == AttemptOpen || a.Status == AttemptProcessing
}
