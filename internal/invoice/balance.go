package invoice

import (
	"time"

	"flint/internal/money"
)

// bucket is a place that money fills: a schedule entry or a late fee.
type bucket struct {
	room                       int64 // what it asks for
	paid, credited, writtenOff *int64
}

// spread distributes the invoice's amounts over its schedule and its late fees. It is a function of the
// amounts alone, so any sequence of payments, reversals and credits that leads to the same amounts leads
// to the same distribution:
//
//   - credits lower the entries from the last to the first, then the fees: what is due soonest stays due;
//   - payments fill the entries from the first to the last, then the fees in the order of their making;
//   - what was written off is all that is left.
//
// Every part is exact: the sums over entries and fees equal the amounts.
func (v *Invoice) spread() {
	entries, fees := v.buckets()
	credit, paid := v.Amounts.Credited, v.Amounts.Paid
	for i := len(entries) - 1; i >= 0; i-- {
		credit -= entries[i].take(entries[i].credited, credit)
	}
	for i := range fees {
		credit -= fees[i].take(fees[i].credited, credit)
	}
	for _, list := range [][]bucket{entries, fees} {
		for i := range list {
			paid -= list[i].take(list[i].paid, paid)
		}
	}
	written := v.Amounts.WrittenOff
	for _, list := range [][]bucket{entries, fees} {
		for i := range list {
			written -= list[i].take(list[i].writtenOff, written)
		}
	}
}

// take puts as much of amount into the bucket as there is room for and tells how much that was.
func (b *bucket) take(into *int64, amount int64) int64 {
	part := min(amount, b.room)
	*into = part
	b.room -= part
	return part
}

// buckets are the places of the invoice, emptied. An invoice without a schedule has one entry that nobody sees.
func (v *Invoice) buckets() (entries, fees []bucket) {
	for i := range v.Entries {
		e := &v.Entries[i]
		entries = append(entries, bucket{e.Total, &e.Paid, &e.Credited, &e.WrittenOff})
	}
	if len(v.Entries) == 0 {
		var paid, credited, writtenOff int64
		entries = []bucket{{v.Amounts.Total, &paid, &credited, &writtenOff}}
	}
	for i := range v.Fees {
		f := &v.Fees[i]
		fees = append(fees, bucket{f.Amount - f.Waived, &f.Paid, &f.Credited, &f.WrittenOff})
	}
	return entries, fees
}

// FeesOutstanding is what of the late fees is still to be collected.
func (v *Invoice) FeesOutstanding() (sum int64) {
	for i := range v.Fees {
		sum += v.Fees[i].Outstanding()
	}
	return sum
}

// CurrentlyDue is what is asked for now: without a schedule everything outstanding, with one the entries whose
// day has come, and late fees in any case. Zero when the invoice is not collected.
func (v *Invoice) CurrentlyDue(now time.Time) int64 {
	if !v.Collectible() {
		return 0
	}
	if len(v.Entries) == 0 {
		return v.Amounts.Outstanding()
	}
	sum, loc := v.FeesOutstanding(), v.Location()
	for i := range v.Entries {
		if e := &v.Entries[i]; e.begun(now, loc) {
			sum += e.Outstanding()
		}
	}
	return sum
}

// Collecting is what a checkout or a charge of the invoice would collect now, and for which entry: what is
// currently due, or the next entry when nothing is due yet. With an entry it is that entry alone; it must be
// the first that is not satisfied, because money fills the schedule in order.
func (v *Invoice) Collecting(now time.Time, entryID string) (amount int64, ok bool) {
	if !v.Collectible() {
		return 0, false
	}
	first := -1
	for i := range v.Entries {
		if v.Entries[i].Outstanding() > 0 {
			first = i
			break
		}
	}
	if entryID != "" {
		if first < 0 || v.Entries[first].ID != entryID {
			return 0, false
		}
		return v.Entries[first].Outstanding(), true
	}
	amount = v.CurrentlyDue(now)
	if amount == 0 && first >= 0 {
		amount = v.Entries[first].Outstanding()
	}
	return amount, amount > 0
}

// dueParts are the parts of the invoice that have a due date of their own: its entries, or the invoice as a
// whole under the empty id.
func (v *Invoice) dueParts() []duePart {
	if len(v.Entries) == 0 {
		if v.DueAt.IsZero() {
			return nil
		}
		return []duePart{{"", v.DueAt, v.Amounts.Outstanding() - v.FeesOutstanding()}}
	}
	parts := make([]duePart, 0, len(v.Entries))
	for i := range v.Entries {
		if e := &v.Entries[i]; !e.DueAt.IsZero() {
			parts = append(parts, duePart{e.ID, e.DueAt, e.Outstanding()})
		}
	}
	return parts
}

type duePart struct {
	entryID     string
	at          time.Time
	outstanding int64
}

// OverdueAt is the earliest due date on which something is outstanding, zero when there is none.
func (v *Invoice) OverdueAt() (at time.Time) {
	if !v.Collectible() {
		return at
	}
	for _, p := range v.dueParts() {
		if p.outstanding > 0 && (at.IsZero() || p.at.Before(at)) {
			at = p.at
		}
	}
	return at
}

// Overdue tells whether something was due before now and is outstanding.
func (v *Invoice) Overdue(now time.Time) bool {
	at := v.OverdueAt()
	return !at.IsZero() && now.After(at)
}

// follow derives the status of an issued invoice from its amounts. A balance that a credit note closed makes
// it credited; byCredit tells that this change was one.
func (v *Invoice) follow(now time.Time, byCredit bool) {
	if v.Status == StatusDraft || v.Status == StatusVoid || v.Status == StatusUncollectible {
		return
	}
	was := v.Status
	switch {
	case v.Amounts.Outstanding() > 0 && v.Amounts.Paid > 0:
		v.Status = StatusPartiallyPaid
	case v.Amounts.Outstanding() > 0:
		v.Status = StatusOpen
	case byCredit && was != StatusPaid:
		v.Status = StatusCredited
	case was != StatusCredited || v.Amounts.Credited == 0:
		v.Status = StatusPaid
	}
	switch {
	case v.Collectible():
		v.PaidAt, v.ClosedAt = time.Time{}, time.Time{}
	case was != v.Status:
		v.ClosedAt = now
		if v.Status == StatusPaid {
			v.PaidAt = now
		}
	}
}

// schedule computes the totals of the entries over the invoice's total: fixed and percentage entries as they
// say, what is left to the remaining balance. Percentages round half away from zero, each once; when the
// parts are meant to be everything (their percentages come to 100) the last takes the rounding.
//
// It returns false when the entries do not come to the total.
func (v *Invoice) schedule() bool {
	rest, percents, lastPercent, onlyPercents := v.Amounts.Total, money.Percent(0), -1, true
	remaining := -1
	for i := range v.Entries {
		e := &v.Entries[i]
		switch e.Amount.Type {
		case AmountFixed:
			e.Total, onlyPercents = e.Amount.Fixed.Minor, false
		case AmountPercentage:
			part, err := e.Amount.Percent.Of(v.Amounts.Total)
			if err != nil {
				return false
			}
			e.Total = part
			percents += *e.Amount.Percent
			lastPercent = i
		default:
			e.Total, remaining = 0, i
			continue
		}
		rest -= e.Total
	}
	switch {
	case len(v.Entries) == 0:
		return true
	case remaining >= 0:
		v.Entries[remaining].Total = rest
	case onlyPercents && percents == 100*10000 && lastPercent >= 0:
		v.Entries[lastPercent].Total += rest
		rest = 0
	default:
		return rest == 0 && positive(v.Entries)
	}
	return rest >= 0 && positive(v.Entries)
}

func positive(entries []Entry) bool {
	for i := range entries {
		if entries[i].Total <= 0 {
			return false
		}
	}
	return true
}
