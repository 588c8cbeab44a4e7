package invoice

import (
	"time"

	"flint/internal/money"
	"flint/internal/tenant"
)

// Statuses of a payment term.
const (
	TermActive   = "active"
	TermArchived = "archived"
)

// Ways to compute a due date.
const (
	TermOnReceipt = "on_receipt"
	TermNetDays   = "net_days"
	TermDayOf     = "day_of_month"
	TermDayOfNext = "day_of_next_month"
	TermAfterEnd  = "days_after_month_end"
)

// Term is a named way to compute due dates, with what paying late costs.
type Term struct {
	Scope               tenant.Scope   `json:"-"`
	ID                  string         `json:"-"` // ipt_…
	Name                string         `json:"-"`
	Status              string         `json:"-"`
	Calculation         Calculation    `json:"calculation"`
	LateFee             *LateFeePolicy `json:"late_fee,omitempty"`
	ExternalReferenceID string         `json:"-"`
	Version             int64          `json:"-"`
	CreatedAt           time.Time      `json:"-"`
	UpdatedAt           time.Time      `json:"-"`
}

// Calculation computes a due date from the day of issue.
type Calculation struct {
	Type string `json:"type"`
	Days int64  `json:"days,omitempty"` // net_days, days_after_month_end
	Day  int64  `json:"day,omitempty"`  // day_of_month, day_of_next_month; the month's last day when it is shorter
}

// TermsFixed is a payment term as it was when an invoice was issued.
type TermsFixed struct {
	TermID      string         `json:"term_id"`
	Name        string         `json:"name"`
	Revision    int64          `json:"revision"`
	Calculation Calculation    `json:"calculation"`
	LateFee     *LateFeePolicy `json:"late_fee,omitempty"`
}

// Kinds and modes of a late fee.
const (
	FeeFixed      = "fixed"
	FeePercentage = "percentage"

	FeeManual    = "manual"
	FeeAutomatic = "automatic"
)

// LateFeePolicy says what paying late costs. Exactly one of Amount and Percent is set, as Type says.
type LateFeePolicy struct {
	Type      string         `json:"type"`
	Amount    *money.Amount  `json:"amount,omitempty"`
	Percent   *money.Percent `json:"percent,omitempty"` // of what is outstanding of the target
	GraceDays int64          `json:"grace_days"`
	Mode      string         `json:"mode"` // manual: only announced; automatic: charged after the grace period
}

// DueAt is the last moment on time for what is issued at a time: the end of a day in loc.
func (c Calculation) DueAt(issued time.Time, loc *time.Location) time.Time {
	y, m, d := issued.In(loc).Date()
	lastDay := func(month time.Month) int { return time.Date(y, month+1, 0, 12, 0, 0, 0, loc).Day() }
	noon := func(month time.Month, day int) time.Time { return time.Date(y, month, day, 12, 0, 0, 0, loc) }
	on := noon(m, d)
	switch c.Type {
	case TermNetDays:
		on = noon(m, d+int(c.Days))
	case TermDayOf:
		on = noon(m, min(int(c.Day), lastDay(m)))
		if on.Day() < d { // that day of this month is over
			on = noon(m+1, min(int(c.Day), lastDay(m+1)))
		}
	case TermDayOfNext:
		on = noon(m+1, min(int(c.Day), lastDay(m+1)))
	case TermAfterEnd:
		on = noon(m, lastDay(m)+int(c.Days))
	}
	return endOfDay(on, loc)
}
