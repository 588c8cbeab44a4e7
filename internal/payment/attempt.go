package payment

import (
	"time"

	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of an attempt.
const (
	AttemptProcessing         = "processing"
	AttemptRequiresAction     = "requires_action"
	AttemptRequiresCapture    = "requires_capture"
	AttemptFinalizing         = "finalizing"
	AttemptPartiallySucceeded = "partially_succeeded"
	AttemptSucceeded          = "succeeded"
	AttemptFailed             = "failed"
	AttemptExpired            = "expired"
	AttemptCanceled           = "canceled"
)

// Modes of an attempt.
const (
	ModePayment    = "payment"
	ModeSettlement = "settlement" // nothing to charge at a processor
)

// Completion behaviours of a confirm call.
const (
	CompleteOrder  = "complete_order"
	PartialPayment = "partial_payment"
)

// Attempt is one try to pay an order.
type Attempt struct {
	Scope               tenant.Scope
	ID                  string
	OrderID             string
	CheckoutSessionID   string // of the session that pays, may be empty
	Mode                string
	Status              string
	Completion          string
	ExpectedOutstanding int64 // outstanding when it started, minor units
	Currency            money.Currency
	IntentIDs           []string
	FailureCode         string
	FailureMessage      string
	StartedAt           time.Time
	CompletedAt         time.Time
	UpdatedAt           time.Time
}

// Open reports whether the attempt still holds the order.
func (a *Attempt) Open() bool {
	switch a.Status {
	case AttemptProcessing, AttemptRequiresAction, AttemptRequiresCapture, AttemptFinalizing:
		return true
	}
	return false
}

// Resumable reports whether a resume call can bring it forward: the buyer has to act, or an answer
// was lost and the processor can be asked.
func (a *Attempt) Resumable() bool {
	return a.Status == AttemptRequiresAction || a.Status == AttemptFinalizing
}

// next derives the attempt's status from its legs; outstanding is the order's, after what has settled.
// A leg whose answer was lost counts as processing here; keepFinalizing sees to it.
func (a *Attempt) next(legs []*Intent, outstanding int64) string {
	var settled, action, waiting, held, expired, canceled int
	for _, l := range legs {
		switch l.Status {
		case IntentSucceeded:
			settled++
		case IntentRequiresAction:
			action++
		case IntentProcessing, IntentRequiresConfirmation:
			waiting++
		case IntentRequiresCapture:
			held++
		case IntentExpired:
			expired++
		case IntentCanceled:
			canceled++
		}
	}
	switch {
	case action > 0:
		return AttemptRequiresAction
	case waiting > 0:
		return AttemptProcessing
	case held > 0:
		return AttemptRequiresCapture
	case settled > 0 && outstanding == 0:
		return AttemptSucceeded
	case settled > 0:
		return AttemptPartiallySucceeded
	case expired > 0:
		return AttemptExpired
	case canceled == len(legs):
		return AttemptCanceled
	default:
		return AttemptFailed
	}
}
