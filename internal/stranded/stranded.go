package stranded

import (
	"time"

	"flint/internal/clock"
	"flint/internal/event"
	"flint/internal/failpoint"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// Statuses of a row.
const (
	StatusOpen      = "open"
	StatusRefunding = "refunding" // a refund of it is on its way
	StatusResolved  = "resolved"
)

// Resolutions: what became of the money.
const (
	ResolutionApplied  = "applied"
	ResolutionRefunded = "refunded"
	ResolutionAssigned = "assigned"
)

// Actions that resolve a row.
const (
	ActionApply  = "apply"
	ActionRefund = "refund"
	ActionAssign = "assign"
)

// Payment is money of one payment that was not due. Amounts are minor units of Currency.
type Payment struct {
	Scope             tenant.Scope
	ID                string
	OrderID           string
	PaymentIntentID   string
	AttemptID         string
	CheckoutSessionID string // may be empty
	Reason            string // one of the payment.Excess constants
	Status            string
	Currency          money.Currency
	Amount            int64 // came too much
	Remaining         int64 // of it is still undecided

	Resolution              string // empty until resolved
	RefundID                string
	AssignedOrderID         string
	AssignedPaymentIntentID string
	Note                    string // of who resolved it
	ResolvedByType          string
	ResolvedByID            string
	ResolvedAt              time.Time
	CreatedAt               time.Time
	UpdatedAt               time.Time
}

// Service keeps the inbox. Set payment.Service.Excess to its Record, append its Follow to
// order.Service.Balanced, and its RefundEnded to refund.Service.Changed.
type Service struct {
	Clock      clock.Clock
	IDs        *id.Source
	Events     *event.Log
	Orders     *order.Service
	Payments   *payment.Service
	Refunds    *refund.Service
	Failpoints *failpoint.Points
}

// Names of the events.
const (
	eventCreated  = "stranded_payment.created"
	eventResolved = "stranded_payment.resolved"
	eventReopened = "stranded_payment.reopened"
)

// data is the data object of the events.
type data struct {
	ID         string       `json:"stranded_payment_id"`
	OrderID    string       `json:"order_id"`
	IntentID   string       `json:"payment_intent_id"`
	Status     string       `json:"status"`
	Reason     string       `json:"reason"`
	Amount     money.Amount `json:"amount_money"`
	Remaining  money.Amount `json:"remaining_money"`
	Resolution string       `json:"resolution,omitempty"`
	RefundID   string       `json:"refund_id,omitempty"`
	AssignedTo string       `json:"assigned_order_id,omitempty"`
	UpdatedAt  time.Time    `json:"resource_updated_at"`
}

// Money is an amount of minor units in the row's currency.
func (p *Payment) Money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: p.Currency}
}
