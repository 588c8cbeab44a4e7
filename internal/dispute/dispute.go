package dispute

import (
	"slices"
	"time"

	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of a dispute.
const (
	StatusWarningNeeds  = "warning_needs_response"
	StatusWarningReview = "warning_under_review"
	StatusWarningClosed = "warning_closed"
	StatusNeeds         = "needs_response"
	StatusUnderReview   = "under_review"
	StatusWon           = "won"
	StatusLost          = "lost"
	StatusPrevented     = "prevented"
)

// Case types that mean something here.
const (
	CaseInquiry    = "inquiry"
	CaseBankReturn = "bank_return"
)

// Statuses, case types and reasons that the contract knows.
var (
	Statuses = []string{StatusNeeds, StatusUnderReview, StatusWarningNeeds, StatusWarningReview, StatusLost, StatusWon, StatusPrevented,
		StatusWarningClosed} // the most urgent first
	CaseTypes = []string{CaseInquiry, "chargeback", "compliance", "resolution", "block", "other", CaseBankReturn}
	Reasons   = []string{"bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized", "duplicate",
		"fraudulent", "general", "incorrect_account_details", "insufficient_funds", "noncompliant", "product_not_received", "product_unacceptable",
		"subscription_canceled", "unrecognized", "bank_account_closed", "bank_account_not_found", "bank_debit_not_authorized",
		"bank_account_restricted", "other"}
)

// next are the moves of a dispute; news may skip states.
var next = map[string][]string{
	StatusWarningNeeds:  {StatusWarningReview, StatusWarningClosed, StatusNeeds, StatusUnderReview, StatusWon, StatusLost, StatusPrevented},
	StatusWarningReview: {StatusWarningClosed, StatusNeeds, StatusUnderReview, StatusWon, StatusLost, StatusPrevented},
	StatusWarningClosed: {StatusNeeds, StatusUnderReview, StatusWon, StatusLost},
	StatusNeeds:         {StatusUnderReview, StatusWon, StatusLost, StatusPrevented},
	StatusUnderReview:   {StatusWon, StatusLost},
	StatusWon:           {StatusLost},
	StatusLost:          {StatusWon},
	StatusPrevented:     {},
}

// May reports whether a dispute can go from one status to another, or keep it.
func May(from, to string) bool { return from == to || slices.Contains(next[from], to) }

// Dispute is a buyer's claim on a payment, as the bank tells it. Amounts are minor units of Currency.
type Dispute struct {
	Scope           tenant.Scope
	ID              string
	PaymentIntentID string
	OrderID         string
	CustomerID      string
	Processor       string
	ProcessorRef    string
	Status          string
	CaseType        string
	Reason          string
	Amount          int64
	Open            int64 // withdrawn until a decision
	Lost            int64 // withdrawn for good
	Currency        money.Currency
	Submissions     int64     // of evidence
	EvidenceDueAt   time.Time // zero when nothing can be answered
	Version         int64     // the processor's
	StatusChangedAt time.Time
	CreatedAt       time.Time // when the bank opened it
	UpdatedAt       time.Time
}

// withdraw sets what the bank holds at the dispute's status.
func (d *Dispute) withdraw() {
	d.Open, d.Lost = 0, 0
	switch d.Status {
	case StatusNeeds, StatusUnderReview:
		d.Open = d.Amount
	case StatusLost:
		d.Lost = d.Amount
	}
}

// Ended reports whether the bank has decided, as far as one can tell.
func (d *Dispute) Ended() bool { return ended(d.Status) }

func ended(status string) bool {
	return status == StatusWon || status == StatusLost || status == StatusPrevented || status == StatusWarningClosed
}

// waits reports whether the bank waits for an answer.
func (d *Dispute) waits() bool { return d.Status == StatusNeeds || d.Status == StatusWarningNeeds }

// DeadlinePassed reports whether the time for an answer is over.
func (d *Dispute) DeadlinePassed(now time.Time) bool {
	return !d.EvidenceDueAt.IsZero() && !now.Before(d.EvidenceDueAt)
}

// ResponseAllowed reports whether an answer still reaches the bank. Answers are given at the processor.
func (d *Dispute) ResponseAllowed(now time.Time) bool {
	return d.waits() && d.CaseType != CaseBankReturn && !d.EvidenceDueAt.IsZero() && !d.DeadlinePassed(now)
}

// ResponseUnavailable is why no answer is possible, empty when one is or the dispute is over.
func (d *Dispute) ResponseUnavailable() string {
	switch {
	case d.CaseType == CaseBankReturn:
		return "bank_return_not_contestable"
	case d.waits() && d.EvidenceDueAt.IsZero():
		return "provider_response_unavailable"
	}
	return ""
}

// PastDue reports whether the deadline went by without any answer.
func (d *Dispute) PastDue(now time.Time) bool { return d.Submissions == 0 && d.DeadlinePassed(now) }

// Money is an amount in the dispute's currency.
func (d *Dispute) Money(minor int64) money.Amount {
	return money.Amount{Minor: minor, Currency: d.Currency}
}
