package creditnote_test

import (
	"testing"

	"pgregory.net/rapid"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/invoice"
)

// TestAnySequenceOfCreditsAddsUp drafts, issues, allocates, reverses, pays out and voids in any order, against a
// model of two numbers per note, and lets the doctor look at the end.
func TestAnySequenceOfCreditsAddsUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		whole := newRig(t, d)
		rapid.Check(t, func(t *rapid.T) {
			r := whole.another()
			var lines []flinttest.Line
			for range rapid.IntRange(1, 3).Draw(t, "lines") {
				lines = append(lines, flinttest.Line{Price: rapid.Int64Range(1, 5000).Draw(t, "price"), Quantity: rapid.Int64Range(1, 4).Draw(t, "quantity")})
			}
			v := r.issued(t, "USD", lines)
			var notes []*creditnote.Note
			var allocations []*creditnote.Allocation
			paid := false
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				var err error
				switch step := rapid.SampledFrom([]string{"credit", "credit", "allocate", "allocate", "reverse", "refund", "void", "pay"}).Draw(t, "step"); {
				case step == "credit":
					line := rapid.SampledFrom(v.Snapshot.Lines).Draw(t, "line")
					var n *creditnote.Note
					if rapid.Bool().Draw(t, "by units") {
						n, err = r.draft(v, units(line.ID, rapid.Int64Range(1, line.Line.Quantity).Draw(t, "units")))
					} else {
						n, err = r.draft(v, amount(v, line.ID, rapid.Int64Range(1, line.Line.Total).Draw(t, "amount")))
					}
					if err == nil {
						if n, err = r.issue(n); err == nil {
							notes = append(notes, n)
						}
					}
				case step == "pay" && !paid:
					if r.invoice(t, v).Collectible() {
						r.pay(t, v)
						paid = true
					}
				case len(notes) == 0:
				case step == "allocate":
					n := rapid.SampledFrom(notes).Draw(t, "note")
					var out creditnote.Allocated
					if out, err = r.allocate(n, rapid.Int64Range(1, n.Total).Draw(t, "amount")); err == nil {
						allocations = append(allocations, out.Allocation)
					}
				case step == "reverse" && len(allocations) > 0:
					a := rapid.SampledFrom(allocations).Draw(t, "allocation")
					for _, n := range notes {
						if n.ID == a.NoteID {
							_, err = r.reverse(n, a.ID)
						}
					}
				case step == "refund":
					n := rapid.SampledFrom(notes).Draw(t, "note")
					_, err = r.refund(n, rapid.Int64Range(0, n.Total).Draw(t, "amount"))
				case step == "void":
					n := rapid.SampledFrom(notes).Draw(t, "note")
					err = r.try(func(tx db.Tx) error {
						_, err := r.notes.Void(tx, creditnote.VoidInput{Scope: r.Scope, NoteID: n.ID, Cause: r.Cause})
						return err
					})
				}
				flinttest.Known(t, err)
				r.holds(t, v, notes)
			}
			r.Quiesce(t)
			r.holds(t, v, notes)
			r.CheckQuiet(t)
		})
	})
}

// holds compares the notes of an invoice with the invoice.
func (r *rig) holds(t flinttest.TB, v *invoice.Invoice, notes []*creditnote.Note) {
	t.Helper()
	now := r.invoice(t, v)
	var total, allocated int64
	for k := range notes {
		n := r.note(t, notes[k])
		if n.Status == creditnote.StatusIssued {
			total += n.Total
		}
		allocated += n.Allocated
		if n.Status == creditnote.StatusIssued && n.Allocated+n.Refunded+n.Pending+n.Unallocated() != n.Total {
			t.Errorf("the parts of %s do not come to its total: %+v", n.Number, n)
		}
	}
	if allocated != now.Amounts.Credited {
		t.Errorf("the invoice is credited %d, the notes are allocated %d", now.Amounts.Credited, allocated)
	}
	if total > v.Amounts.Total {
		t.Errorf("notes over %d stand against an invoice of %d", total, v.Amounts.Total)
	}
	if (now.Amounts.Outstanding() == 0) != (now.Status == invoice.StatusPaid || now.Status == invoice.StatusCredited) {
		t.Errorf("status %s with %d outstanding", now.Status, now.Amounts.Outstanding())
	}
}
