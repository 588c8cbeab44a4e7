package invoice

import (
	"time"

	"flint/internal/money"
)

// MaxEntries bounds a schedule.
const MaxEntries = 14

// Kinds of schedule entries.
const (
	KindDeposit     = "deposit"
	KindInstallment = "installment"
	KindBalance     = "balance"
)

// Ways in which an entry says its amount.
const (
	AmountFixed      = "fixed"
	AmountPercentage = "percentage"
	AmountRemaining  = "remaining_balance"
)

// Ways in which an entry says when it is due.
const (
	EntryAtIssue    = "at_issue"
	EntryDate       = "date"
	EntryInvoiceDue = "invoice_due_date"
)

// Statuses of an entry.
const (
	EntryPending   = "pending"
	EntryDue       = "due"
	EntryPartly    = "partially_satisfied"
	EntrySatisfied = "satisfied"
	EntryOverdue   = "overdue"
)

// Entry is one part of a schedule. Amounts are minor units.
type Entry struct {
	ID     string      `json:"id"` // invse_…
	Kind   string      `json:"kind"`
	Amount EntryAmount `json:"amount"`
	Due    EntryDueOn  `json:"due"`

	Total      int64     `json:"total"`           // computed from Amount over the invoice's total
	DueAt      time.Time `json:"due_at,omitzero"` // the last moment on time; fixed at issue, zero for none
	Paid       int64     `json:"paid,omitempty"`
	Credited   int64     `json:"credited,omitempty"`
	WrittenOff int64     `json:"written_off,omitempty"`
}

// EntryAmount is how an entry's amount was asked for.
type EntryAmount struct {
	Type    string         `json:"type"`
	Fixed   *money.Amount  `json:"fixed,omitempty"`
	Percent *money.Percent `json:"percent,omitempty"`
}

// EntryDueOn is how an entry's due date was asked for.
type EntryDueOn struct {
	Type string    `json:"type"`
	At   time.Time `json:"at,omitzero"`
}

// Outstanding is what of the entry is still to be collected.
func (e *Entry) Outstanding() int64 { return e.Total - e.Paid - e.Credited - e.WrittenOff }

// Status is the entry's status at time now; days begin in loc.
func (e *Entry) Status(now time.Time, loc *time.Location) string {
	switch {
	case e.Outstanding() == 0:
		return EntrySatisfied
	case !e.DueAt.IsZero() && now.After(e.DueAt):
		return EntryOverdue
	case e.Paid+e.Credited > 0:
		return EntryPartly
	case e.begun(now, loc):
		return EntryDue
	default:
		return EntryPending
	}
}

// begun tells whether the day on which the entry is due has come. What has no date is due from issue on.
func (e *Entry) begun(now time.Time, loc *time.Location) bool {
	return e.DueAt.IsZero() || !now.Before(startOfDay(e.DueAt, loc))
}

func startOfDay(t time.Time, loc *time.Location) time.Time {
	y, m, d := t.In(loc).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, loc)
}

// endOfDay is the last second of the day of t in loc: what is paid until then is on time.
func endOfDay(t time.Time, loc *time.Location) time.Time {
	y, m, d := t.In(loc).Date()
	return time.Date(y, m, d, 23, 59, 59, 0, loc).UTC()
}

// Entry finds a schedule entry, nil when there is none with the id.
func (v *Invoice) Entry(entryID string) *Entry {
	for i := range v.Entries {
		if v.Entries[i].ID == entryID {
			return &v.Entries[i]
		}
	}
	return nil
}

// LateFee is charged for paying late, once per invoice or per overdue entry. Amounts are minor units.
type LateFee struct {
	ID           string        `json:"id"`                 // invlf_…
	EntryID      string        `json:"entry_id,omitempty"` // empty for the invoice as a whole
	Amount       int64         `json:"amount"`
	Base         int64         `json:"base"` // the balance it was computed on
	Policy       LateFeePolicy `json:"policy"`
	AssessedAt   time.Time     `json:"assessed_at"`
	Waived       int64         `json:"waived,omitempty"`
	WaivedAt     time.Time     `json:"waived_at,omitzero"`
	WaiverReason string        `json:"waiver_reason,omitempty"` // for the merchant alone
	Paid         int64         `json:"paid,omitempty"`
	Credited     int64         `json:"credited,omitempty"`
	WrittenOff   int64         `json:"written_off,omitempty"`
}

// Outstanding is what of the fee is still to be collected.
func (f *LateFee) Outstanding() int64 {
	return f.Amount - f.Waived - f.Paid - f.Credited - f.WrittenOff
}
