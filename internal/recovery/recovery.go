package recovery

import (
	"time"

	"flint/internal/tenant"
)

// States of a recovery.
const (
	StateWatching  = "watching"  // the buyer was there, and may still be
	StateAbandoned = "abandoned" // the buyer is gone
	StateReturned  = "returned"  // the buyer was gone and came back
	StateRecovered = "recovered" // bought after having been gone
	StateCompleted = "completed" // bought without ever having been gone
	StateEnded     = "ended"     // the order was closed
	StateLapsed    = "lapsed"    // nothing came of it for so long that it is given up
)

// Reasons why a session counts as abandoned.
const (
	ReasonIdle    = "inactivity"
	ReasonExpired = "expired"
	ReasonClosed  = "closed"
)

// Lifetime is how long a buyer who left is waited for, and how long a link leads back.
const Lifetime = 30 * 24 * time.Hour

// Recovery follows the buyer of one order.
type Recovery struct {
	Scope          tenant.Scope
	ID             string // rcv_…
	OrderID        string
	SessionID      string // the session that was left last, the first one before that
	CurrentID      string // the session the buyer was seen at last
	State          string
	Reason         string // of the newest abandonment, empty before
	Returns        int64  // how often the buyer came back
	LastActivityAt time.Time
	AbandonedAt    time.Time // newest
	DueAt          time.Time // when the worker looks next, zero for never
	EndedAt        time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Detail         Detail
}

// Detail is stored as one document.
type Detail struct {
	Consent     *bool        `json:"consent,omitempty"` // the buyer's answer, nil when not asked
	Attribution *Attribution `json:"attribution,omitempty"`
}

// Attribution says what brought the money of a recovered order. Empty fields: nothing of that kind.
type Attribution struct {
	SessionID string `json:"checkout_session_id,omitempty"` // through which it was paid
	LinkID    string `json:"recovery_link_id,omitempty"`    // opened last
	Source    string `json:"source,omitempty"`              // where that link stood: event, reminder, action
	Step      int64  `json:"step,omitempty"`                // of the reminder
	ActionID  string `json:"recovery_action_id,omitempty"`
	AppID     string `json:"partner_app_id,omitempty"` // whose action it was
}

// Live reports whether the recovery still waits for its buyer.
func (r *Recovery) Live() bool { return r.EndedAt.IsZero() }

// Gone reports whether the buyer was ever away.
func (r *Recovery) Gone() bool { return !r.AbandonedAt.IsZero() }

// seen notes that the buyer is there.
func (r *Recovery) seen(sessionID string, now time.Time, idle time.Duration) {
	if r.State == StateAbandoned {
		r.State = StateReturned
		r.Returns++
	}
	r.CurrentID, r.LastActivityAt = sessionID, now
	r.DueAt = now.Add(idle)
}

// justNow is how soon after another a second sign of the buyer says nothing new: a form that is sent gives
// several, the contact it holds and the payment it begins.
const justNow = time.Second

// sawJustNow reports whether the buyer's presence at the session is already written down. r may be nil.
func (r *Recovery) sawJustNow(sessionID string, now time.Time) bool {
	return r != nil && r.State != StateAbandoned && r.CurrentID == sessionID && !now.Before(r.LastActivityAt) && now.Sub(r.LastActivityAt) < justNow
}

// leave notes that the buyer is gone. next is when something is planned for that.
func (r *Recovery) leave(reason string, now, next time.Time) {
	r.State, r.Reason, r.AbandonedAt, r.SessionID = StateAbandoned, reason, now, r.CurrentID
	r.DueAt = next
}

// end is final.
func (r *Recovery) end(state string, now time.Time) {
	r.State, r.EndedAt, r.DueAt = state, now, time.Time{}
}

// bought is the state in which money ends a recovery.
func (r *Recovery) bought() string {
	if r.Gone() {
		return StateRecovered
	}
	return StateCompleted
}

// States of a step.
const (
	StepPlanned    = "planned"
	StepSent       = "sent"
	StepSuppressed = "suppressed"
)

// Reasons why a step was not sent.
const (
	WhyBought         = "order_paid"
	WhyClosed         = "order_closed"
	WhyReturned       = "session_reopened"
	WhyPaying         = "payment_under_way"
	WhyNoAddress      = "no_email"
	WhyNoConsent      = "no_consent"
	WhyUnsubscribed   = "unsubscribed"
	WhyCap            = "frequency_cap"
	WhyNoPostal       = "merchant_address_missing"
	WhyOff            = "reminders_off"
	WhyLaterStep      = "superseded_by_later_step"
	WhyMerchantSends  = "merchant_sends"
	WhyNotRecoverable = "not_recoverable"
)

// Step is one reminder of the plan.
type Step struct {
	Number    int64
	Subject   string // which of the wordings
	State     string
	Reason    string
	MailID    string
	LinkID    string
	DueAt     time.Time
	DecidedAt time.Time

	addressKey string
}
