package invoice

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/money"
)

// Whatever the schedule, the payments, credits, fees and write-offs: the parts sum to the whole, nothing is
// negative, and the status follows from the amounts.
func TestSpreadIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := &Invoice{Status: StatusOpen, Currency: "USD"}
		v.Amounts.Total = rapid.Int64Range(1, 100_000).Draw(t, "total")
		for i := range rapid.IntRange(0, 5).Draw(t, "entries") {
			p := money.Percent(rapid.Int64Range(10_000, 180_000).Draw(t, "percent"))
			v.Entries = append(v.Entries, Entry{ID: string(rune('a' + i)), Amount: EntryAmount{Type: AmountPercentage, Percent: &p}})
		}
		if len(v.Entries) > 0 {
			v.Entries = append(v.Entries, Entry{ID: "z", Amount: EntryAmount{Type: AmountRemaining}})
			if !v.schedule() {
				t.Skip("the parts are more than the whole")
			}
		}
		for range rapid.IntRange(0, 3).Draw(t, "fees") {
			f := LateFee{Amount: rapid.Int64Range(1, 900).Draw(t, "fee")}
			f.Waived = rapid.Int64Range(0, f.Amount).Draw(t, "waived")
			v.Fees = append(v.Fees, f)
			v.Amounts.Fees += f.Amount
			v.Amounts.Waived += f.Waived
		}
		v.Amounts.Credited = rapid.Int64Range(0, v.Amounts.Outstanding()).Draw(t, "credited")
		v.Amounts.Paid = rapid.Int64Range(0, v.Amounts.Outstanding()).Draw(t, "paid")
		if rapid.Bool().Draw(t, "written off") {
			v.Amounts.WrittenOff = v.Amounts.Outstanding()
		}
		v.spread()
		var total, paid, credited, written, left int64
		for i := range v.Entries {
			e := &v.Entries[i]
			total += e.Total
			paid, credited, written, left = paid+e.Paid, credited+e.Credited, written+e.WrittenOff, left+e.Outstanding()
			if e.Paid < 0 || e.Credited < 0 || e.WrittenOff < 0 || e.Outstanding() < 0 {
				t.Fatalf("entry %+v", *e)
			}
			if i > 0 && e.Paid > 0 && v.Entries[i-1].Outstanding() > 0 {
				t.Fatalf("entry %d is paid before the one in front of it", i)
			}
		}
		for i := range v.Fees {
			f := &v.Fees[i]
			paid, credited, written, left = paid+f.Paid, credited+f.Credited, written+f.WrittenOff, left+f.Outstanding()
			if f.Paid < 0 || f.Outstanding() < 0 {
				t.Fatalf("fee %+v", *f)
			}
		}
		if len(v.Entries) > 0 && (total != v.Amounts.Total || paid != v.Amounts.Paid || credited != v.Amounts.Credited ||
			written != v.Amounts.WrittenOff || left != v.Amounts.Outstanding()) {
			t.Fatalf("total %d, paid %d, credited %d, written off %d, left %d of %+v", total, paid, credited, written, left, v.Amounts)
		}
		v.follow(time.Now(), false)
		if (v.Amounts.Outstanding() == 0) != (v.Status == StatusPaid) {
			t.Fatalf("%s with %d outstanding", v.Status, v.Amounts.Outstanding())
		}
		if due := v.CurrentlyDue(time.Now()); due < 0 || due > v.Amounts.Outstanding() {
			t.Fatalf("%d is due of %d", due, v.Amounts.Outstanding())
		}
	})
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	fixed := func(v int64) EntryAmount {
		return EntryAmount{Type: AmountFixed, Fixed: &money.Amount{Minor: v, Currency: "USD"}}
	}
	percent := func(v int64) EntryAmount {
		p := money.Percent(v)
		return EntryAmount{Type: AmountPercentage, Percent: &p}
	}
	rest := EntryAmount{Type: AmountRemaining}
	for _, tt := range []struct {
		name   string
		parts  []EntryAmount
		totals []int64 // nil when refused
	}{
		{"a deposit and the rest", []EntryAmount{percent(300_000), rest}, []int64{3000, 7001}},
		{"thirds", []EntryAmount{percent(333_333), percent(333_333), percent(333_334)}, []int64{3334, 3334, 3333}},
		{"fixed parts that come to the total", []EntryAmount{fixed(1), fixed(10_000)}, []int64{1, 10_000}},
		{"fixed parts that come short", []EntryAmount{fixed(1), fixed(9_000)}, nil},
		{"parts that come to more", []EntryAmount{fixed(9_000), percent(500_000)}, nil},
		{"a rest of nothing", []EntryAmount{fixed(10_001), rest}, nil},
	} {
		v := &Invoice{Amounts: Amounts{Total: 10_001}}
		for _, p := range tt.parts {
			v.Entries = append(v.Entries, Entry{Amount: p})
		}
		if ok := v.schedule(); ok != (tt.totals != nil) {
			t.Errorf("%s: accepted %v", tt.name, ok)
			continue
		}
		for i, want := range tt.totals {
			if v.Entries[i].Total != want {
				t.Errorf("%s: entry %d is %d, want %d", tt.name, i, v.Entries[i].Total, want)
			}
		}
	}
}

func TestDueDates(t *testing.T) {
	t.Parallel()
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		calculation Calculation
		issued      string
		want        string
	}{
		{Calculation{Type: TermOnReceipt}, "2026-03-01T03:00:00Z", "2026-02-28"}, // still February in New York
		{Calculation{Type: TermNetDays, Days: 30}, "2026-03-01T12:00:00Z", "2026-03-31"},
		{Calculation{Type: TermNetDays, Days: 7}, "2026-03-05T12:00:00Z", "2026-03-12"}, // over the change of the clocks
		{Calculation{Type: TermDayOf, Day: 31}, "2026-02-10T12:00:00Z", "2026-02-28"},
		{Calculation{Type: TermDayOf, Day: 5}, "2026-02-10T12:00:00Z", "2026-03-05"},
		{Calculation{Type: TermDayOf, Day: 15}, "2026-12-20T12:00:00Z", "2027-01-15"},
		{Calculation{Type: TermDayOfNext, Day: 31}, "2026-01-31T12:00:00Z", "2026-02-28"},
		{Calculation{Type: TermAfterEnd, Days: 10}, "2026-01-31T12:00:00Z", "2026-02-10"},
	} {
		issued, _ := time.Parse(time.RFC3339, tt.issued)
		got := tt.calculation.DueAt(issued, ny)
		if local := got.In(ny); local.Format(time.DateOnly) != tt.want || local.Hour() != 23 || local.Minute() != 59 {
			t.Errorf("%+v issued %s: due %s", tt.calculation, tt.issued, local)
		}
	}
}
