package settings

import "time"

// AfterQuietHours moves a time that falls into the plan's quiet hours to their end, in the given IANA
// zone or, where that is empty or unknown, the zone of the merchant's invoices.
func (s *Settings) AfterQuietHours(at time.Time, zone string) time.Time {
	q := s.Recovery.QuietHours
	if !q.Enabled {
		return at
	}
	loc, err := time.LoadLocation(zone)
	if err != nil || zone == "" || zone == "Local" {
		if loc, err = time.LoadLocation(s.Invoices.Timezone); err != nil {
			loc = time.UTC
		}
	}
	return q.after(at, loc)
}

// after is the first time at or after at that is not quiet in the zone.
func (q QuietHours) after(at time.Time, loc *time.Location) time.Time {
	start, ok1 := minuteOfDay(q.Start)
	end, ok2 := minuteOfDay(q.End)
	if !ok1 || !ok2 || start == end {
		return at
	}
	local := at.In(loc)
	now := local.Hour()*60 + local.Minute()
	days := 0
	switch {
	case start < end && now >= start && now < end:
	case start > end && now >= start:
		days = 1
	case start > end && now < end:
	default:
		return at
	}
	y, m, d := local.Date()
	out := time.Date(y, m, d+days, end/60, end%60, 0, 0, loc)
	if out.Before(at) { // a clock that is set back at the end of quiet hours
		return at
	}
	return out.In(at.Location())
}

// minuteOfDay reads "15:04".
func minuteOfDay(v string) (int, bool) {
	t, err := time.Parse("15:04", v)
	return t.Hour()*60 + t.Minute(), err == nil && len(v) == 5
}
