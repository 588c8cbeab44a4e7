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
	// QuietFrom and QuietTo are minutes of the day between which no mail goes out; equal for none.
	QuietFrom, QuietTo int
	// Timezone is the merchant's, for buyers whose own is not known.
	Timezone string
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
	Subject string        // which of the wordings: reminder, question, last_call
}

// defaultIdle holds where the merchant has said nothing.
const defaultIdle = time.Hour

func (p *Plan) idle() time.Duration {
	if p.Idle > 0 {
		return p.Idle
	}
	return defaultIdle
}

// awake is the first moment from now on at which mail may go out, in the zone of the buyer or, when that is
// not known, of the merchant. Without a known zone it is UTC.
func (p *Plan) awake(now time.Time, buyerZone string) time.Time {
	if p.QuietFrom == p.QuietTo {
		return now
	}
	zone := time.UTC
	for _, name := range []string{buyerZone, p.Timezone} {
		if name == "" {
			continue
		}
		if z, err := time.LoadLocation(name); err == nil {
			zone = z
			break
		}
	}
	local := now.In(zone)
	minute := local.Hour()*60 + local.Minute()
	quiet := minute >= p.QuietFrom && minute < p.QuietTo
	if p.QuietFrom > p.QuietTo { // over midnight
		quiet = minute >= p.QuietFrom || minute < p.QuietTo
	}
	if !quiet {
		return now
	}
	end := time.Date(local.Year(), local.Month(), local.Day(), p.QuietTo/60, p.QuietTo%60, 0, 0, zone)
	if !end.After(local) {
		end = time.Date(local.Year(), local.Month(), local.Day()+1, p.QuietTo/60, p.QuietTo%60, 0, 0, zone)
	}
	if !end.After(now) { // a day whose clock was turned back over the end of the quiet hours
		return now
	}
	return end.UTC()
}
