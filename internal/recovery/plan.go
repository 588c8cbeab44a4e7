package recovery

import (
	"time"
)

// MaxSteps is how many reminders a plan has at most.
const MaxSteps = 3

// Plan is what a merchant has set up.
type Plan struct {
	// Idle is how long nothing happens before a buyer counts as gone; an hour when zero.
	Idle time.Duration
	// Steps are the reminders; none sends no mail.
	Steps []PlanStep
	// OptIn sends reminders only to buyers who said yes when asked.
	OptIn bool
	// Quiet moves a time out of the hours in which no mail goes out; nil keeps it. The zone is the buyer's
	// and may be empty.
	Quiet func(at time.Time, zone string) time.Time
	// Cap is how many reminders an address gets within CapDays at most; 0 for no limit.
	Cap     int64
	CapDays int64
	// HasAddress tells that the merchant has a postal address, without which no reminder may go out.
	HasAddress bool
	// MerchantSends tells that the merchant writes to buyers itself.
	MerchantSends bool
}

// PlanStep is one reminder.
type PlanStep struct {
	Delay   time.Duration // since the buyer was last seen; never before the abandonment
	Subject string        // one of the Subject constants
}

// Wordings of a reminder.
const (
	SubjectReminder = "reminder"
	SubjectQuestion = "question"
	SubjectLastCall = "last_call"
)

// defaultIdle holds where the merchant has said nothing.
const defaultIdle = time.Hour

func (p *Plan) idle() time.Duration {
	if p.Idle > 0 {
		return p.Idle
	}
	return defaultIdle
}
