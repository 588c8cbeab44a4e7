package invoice

import (
	"time"

	"flint/internal/money"
)

// Event types of an invoice.
const (
	EventCreated           = "invoice.created"
	EventUpdated           = "invoice.updated"
	EventIssued            = "invoice.issued"
	EventIssueFailed       = "invoice.issue_failed"
	EventSent              = "invoice.sent"
	EventDeliverySucceeded = "invoice.delivery_succeeded"
	EventDeliveryFailed    = "invoice.delivery_failed"
	EventReminderDue       = "invoice.reminder_due"
	EventOverdue           = "invoice.overdue"
	EventProcessing        = "invoice.payment_processing"
	EventPaymentFailed     = "invoice.payment_failed"
	EventAttemptCanceled   = "invoice.payment_attempt_canceled"
	EventAttemptExpired    = "invoice.payment_attempt_expired"
	EventPartiallyPaid     = "invoice.partially_paid"
	EventPaid              = "invoice.paid"
	EventManualRecorded    = "invoice.manual_payment_recorded"
	EventManualReversed    = "invoice.manual_payment_reversed"
	EventPartiallyRefunded = "invoice.partially_refunded"
	EventRefunded          = "invoice.refunded"
	EventCredited          = "invoice.credited"
	EventLateFeeDue        = "invoice.late_fee_due"
	EventLateFeeAssessed   = "invoice.late_fee_assessed"
	EventLateFeeWaived     = "invoice.late_fee_waived"
	EventUncollectible     = "invoice.marked_uncollectible"
	EventVoided            = "invoice.voided"
)

type eventOf struct {
	kind string
	fill []func(*eventData)
}

// eventData is the payload of every invoice event: the base, and what some types carry besides.
type eventData struct {
	InvoiceID      string        `json:"invoice_id"`
	Version        int64         `json:"version"`
	Status         string        `json:"status"`
	UpdatedAt      time.Time     `json:"resource_updated_at"`
	OrderID        string        `json:"order_id,omitempty"`
	CustomerID     string        `json:"customer_id,omitempty"`
	Number         string        `json:"invoice_number,omitempty"`
	IssuedAt       time.Time     `json:"issued_at,omitzero"`
	CollectionMode string        `json:"collection_mode,omitempty"`
	DeliveryMode   string        `json:"delivery_mode,omitempty"`
	Outstanding    *money.Amount `json:"outstanding_money,omitempty"`
	RefundStatus   string        `json:"refund_status,omitempty"`

	ErrorCode       string        `json:"error_code,omitempty"`
	DueAt           time.Time     `json:"due_at,omitzero"`
	EntryID         string        `json:"invoice_schedule_entry_id,omitempty"`
	Credit          *money.Amount `json:"credit_money,omitempty"`
	ClosedAt        time.Time     `json:"closed_at,omitzero"`
	LateFee         *money.Amount `json:"late_fee_money,omitempty"`
	FeeBase         *money.Amount `json:"base_outstanding_money,omitempty"`
	FeePolicy       *policyData   `json:"late_fee_policy,omitempty"`
	FeeID           string        `json:"invoice_late_fee_id,omitempty"`
	Waived          *money.Amount `json:"waived_money,omitempty"`
	WrittenOff      *money.Amount `json:"written_off_money,omitempty"`
	UncollectibleAt time.Time     `json:"uncollectible_at,omitzero"`

	AttemptID        string        `json:"invoice_payment_attempt_id,omitempty"`
	AttemptStatus    string        `json:"payment_attempt_status,omitempty"`
	AttemptUpdatedAt time.Time     `json:"payment_attempt_updated_at,omitzero"`
	Rail             string        `json:"payment_rail,omitempty"`
	Expected         *money.Amount `json:"expected_amount_money,omitempty"`
	SessionID        string        `json:"checkout_session_id,omitempty"`
	IntentID         string        `json:"payment_intent_id,omitempty"`
	ExpiresAt        time.Time     `json:"payment_attempt_expires_at,omitzero"`
	SettlesAt        time.Time     `json:"expected_settlement_at,omitzero"`
	FailureCode      string        `json:"failure_code,omitempty"`
	FailureMessage   string        `json:"failure_message,omitempty"`
	DeliveryID       string        `json:"invoice_delivery_attempt_id,omitempty"`
}

// policyData is a late-fee policy as events show it.
type policyData struct {
	Type      string         `json:"type"`
	Amount    *money.Amount  `json:"amount_money,omitempty"`
	Percent   *money.Percent `json:"percent,omitempty"`
	GraceDays int64          `json:"grace_period_days"`
	Mode      string         `json:"application_mode"`
}

func (v *Invoice) eventData(fill []func(*eventData)) eventData {
	d := eventData{
		InvoiceID: v.ID, Version: v.Version, Status: v.Status, UpdatedAt: v.UpdatedAt, OrderID: v.OrderID, CustomerID: v.CustomerID,
		Number: v.Number, IssuedAt: v.IssuedAt, CollectionMode: v.Collection.Resolved, DeliveryMode: v.Delivery,
		Outstanding: v.moneyOf(v.Shown()), RefundStatus: v.RefundStatus(),
	}
	for _, f := range fill {
		f(&d)
	}
	return d
}

// Shown is what the invoice asks for: its outstanding amount, and nothing once it is void.
func (v *Invoice) Shown() int64 {
	if v.Status == StatusVoid {
		return 0
	}
	return v.Amounts.Outstanding()
}

func (v *Invoice) moneyOf(minor int64) *money.Amount {
	m := v.Money(minor)
	return &m
}

// aboutAttempt fills in what events of a payment attempt carry.
func (v *Invoice) aboutAttempt(a *PaymentAttempt) func(*eventData) {
	return func(d *eventData) {
		d.AttemptID, d.AttemptStatus, d.AttemptUpdatedAt, d.Rail = a.ID, a.Status, a.UpdatedAt, a.Rail
		d.Expected, d.EntryID, d.IntentID = v.moneyOf(a.Expected), a.EntryID, a.IntentID
		if a.Status != AttemptProcessing {
			d.SessionID, d.ExpiresAt = a.SessionID, a.ExpiresAt
		} else {
			d.SettlesAt = a.SettlesAt
		}
		if a.Status == AttemptFailed {
			d.FailureCode, d.FailureMessage = a.FailureCode, a.FailureMessage
		}
	}
}
