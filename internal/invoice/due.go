package invoice

import (
	"slices"
	"strconv"
	"time"
)

// reminderHour is the hour of the invoice's own day at which reminders go out.
const reminderHour = 9

// remindAt is when the rule of so many days after the due date takes effect, in the invoice's timezone.
func (v *Invoice) remindAt(due time.Time, days int) time.Time {
	y, m, d := due.In(v.Location()).Date()
	return time.Date(y, m, d+days, reminderHour, 0, 0, 0, v.Location()).UTC()
}

// feeAt is when a late fee on what was due becomes due: after the grace period, counted in days of the
// invoice's timezone.
func (v *Invoice) feeAt(due time.Time, p *LateFeePolicy) time.Time {
	local := due.In(v.Location())
	return time.Date(local.Year(), local.Month(), local.Day()+int(p.GraceDays), local.Hour(), local.Minute(), local.Second(),
		local.Nanosecond(), v.Location()).UTC()
}

func reminderKey(entryID string, days int) string { return entryID + "/" + strconv.Itoa(days) }

// LateFeePolicy is the one that was frozen at issue, nil for none.
func (v *Invoice) LateFeePolicy() *LateFeePolicy {
	if v.Terms == nil {
		return nil
	}
	return v.Terms.LateFee
}

// feeFor tells whether a target was charged a late fee already.
func (v *Invoice) feeFor(entryID string) bool {
	return slices.ContainsFunc(v.Fees, func(f LateFee) bool { return f.EntryID == entryID })
}

// nextCheck is the earliest moment at which something becomes due that was not announced, zero for none.
// A moment in the past counts: it is looked at right away, however far the clock has jumped.
func (v *Invoice) nextCheck() (at time.Time) {
	consider := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if v.Status == StatusDraft {
		if v.IssueFailed == "" {
			consider(v.ScheduledSendAt)
		}
		return at
	}
	if !v.Collectible() {
		return at
	}
	consider(v.nextCharge())
	policy := v.LateFeePolicy()
	for _, p := range v.dueParts() {
		if p.outstanding == 0 {
			continue
		}
		if !slices.Contains(v.Told.Overdue, p.entryID) {
			consider(p.at.Add(time.Second))
		}
		for _, days := range v.Reminders {
			if !slices.Contains(v.Told.Reminders, reminderKey(p.entryID, days)) {
				consider(v.remindAt(p.at, days))
			}
		}
		if policy != nil && !v.feeFor(p.entryID) && !slices.Contains(v.Told.LateFees, p.entryID) {
			consider(v.feeAt(p.at, policy).Add(time.Second))
		}
	}
	return at
}
