package returns

import (
	"testing"

	"pgregory.net/rapid"
)

// ledgerOfGoods is the model: what a clerk with a notebook knows, unit by unit. It shares nothing with the code
// under test but the ids.
type ledgerOfGoods struct {
	required map[string]int64
	receipts []*noted
	looks    []*noted
	placed   []*noted
}

// noted is one line of the notebook. Receipts and looks have one line each.
type noted struct {
	id, lineID string // of the observation or disposition, and of its line
	from       *noted // what it looked at or took goods from
	of         string // line of the return, empty for goods that nobody identified
	n          int64
	crossed    bool // corrected, canceled or replaced
	excess     bool
	accepted   string
}

func (m *ledgerOfGoods) received(line string) (n int64) {
	for _, x := range m.receipts {
		if !x.crossed && !x.excess && x.of == line {
			n += x.n
		}
	}
	return n
}

func (m *ledgerOfGoods) inspected(line, acceptance string) (n int64) {
	for _, x := range m.looks {
		if !x.crossed && !x.from.crossed && !x.from.excess && x.from.of == line && (acceptance == "" || x.accepted == acceptance) {
			n += x.n
		}
	}
	return n
}

func (m *ledgerOfGoods) disposed(line string) (n int64) {
	for _, x := range m.placed {
		if !x.crossed && !x.root().excess && x.root().of == line {
			n += x.n
		}
	}
	return n
}

func (x *noted) root() *noted {
	for x.from != nil {
		x = x.from
	}
	return x
}

// pile counts what is in force of the goods of the same kind as d.
func (m *ledgerOfGoods) pile(of []*noted, d *noted) (n int64) {
	for _, x := range of {
		if r := x.root(); !x.crossed && r.of == d.root().of && r.excess == d.root().excess {
			n += x.n
		}
	}
	return n
}

// unseen is how many units of a receipt no look in force has seen.
func (m *ledgerOfGoods) unseen(x *noted) int64 {
	n := x.n
	for _, l := range m.looks {
		if l.from == x && !l.crossed {
			n -= l.n
		}
	}
	return n
}

func pick(t *rapid.T, from []*noted, fits func(*noted) bool) *noted {
	var ok []*noted
	for _, x := range from {
		if fits(x) {
			ok = append(ok, x)
		}
	}
	if len(ok) == 0 {
		return nil
	}
	return rapid.SampledFrom(ok).Draw(t, "which")
}

func standing(x *noted) bool { return !x.crossed && (x.from == nil || !x.from.crossed) }

// TestCountersEqualANotebook does random work on goods and compares every counter with the notebook's.
func TestCountersEqualANotebook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &ledgerOfGoods{required: map[string]int64{}}
		var lines []Line
		for _, lineID := range []string{"a", "b"} {
			var traits []func(*Line)
			if rapid.Bool().Draw(t, "inspected") {
				traits = append(traits, inspected)
			}
			m.required[lineID] = rapid.Int64Range(1, 5).Draw(t, "required")
			lines = append(lines, goodsOfLine(lineID, m.required[lineID], traits...))
		}
		b := newBench(lines...)
		line := func() string { return rapid.SampledFrom([]string{"a", "b"}).Draw(t, "line") }
		some := func() int64 { return rapid.Int64Range(1, 4).Draw(t, "units") }
		step := func(err error, allowed bool, what string) bool {
			t.Helper()
			if (err == nil) != allowed {
				t.Fatalf("%s: allowed %v, got %v", what, allowed, err)
			}
			return err == nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"receive": func(t *rapid.T) {
				x := &noted{of: line(), n: some()}
				in := ReceiptLineInput{LineID: x.of, Quantity: x.n}
				switch rapid.IntRange(0, 4).Draw(t, "kind") {
				case 0:
					x.of, in.LineID, in.Unverified = "", "", &UnverifiedItem{Name: "something"}
				case 1:
					x.excess, in.Excess = true, true
				}
				got, err := b.receive(ReceiptGoods{Lines: []ReceiptLineInput{in}})
				if step(err, x.of == "" || x.excess || m.received(x.of)+x.n <= m.required[x.of], "receive") {
					x.id, x.lineID = got.ID, got.Lines[0].ID
					m.receipts = append(m.receipts, x)
				}
			},
			"correct a receipt": func(t *rapid.T) {
				old := pick(t, m.receipts, func(x *noted) bool { return standing(x) && x.of != "" && !x.excess })
				if old == nil {
					return
				}
				x := &noted{of: old.of, n: rapid.Int64Range(0, 4).Draw(t, "units")}
				if m.received(x.of)-old.n+x.n > m.required[x.of] {
					return
				}
				got, err := b.receive(ReceiptGoods{
					Lines:            []ReceiptLineInput{{LineID: x.of, Quantity: x.n}},
					ObservationInput: ObservationInput{Supersedes: old.id, CorrectionReason: "entry_error"},
				})
				step(err, true, "correct a receipt")
				old.crossed = true
				x.id, x.lineID = got.ID, got.Lines[0].ID
				m.receipts = append(m.receipts, x)
			},
			"identify": func(t *rapid.T) {
				x := pick(t, m.receipts, func(x *noted) bool { return standing(x) && x.of == "" })
				if x == nil {
					return
				}
				to := line()
				err := b.r.verify(b.r.Receipt(x.id), x.lineID, "", Verification{LineID: to, Reason: "merchant_review"}, clerk, morning, &change{})
				b.rest()
				if step(err, m.received(to)+x.n <= m.required[to], "identify") {
					x.of = to
				}
			},
			"inspect": func(t *rapid.T) {
				x := pick(t, m.receipts, standing)
				if x == nil {
					return
				}
				l := &noted{from: x, n: some(), accepted: rapid.SampledFrom([]string{AcceptanceAccepted, AcceptanceRejected, AcceptanceReviewRequired}).Draw(t, "acceptance")}
				got, err := b.inspect(InspectionGoods{ReceiptID: x.id, Lines: []InspectionLineInput{{ReceiptLineID: x.lineID, Quantity: l.n, Acceptance: l.accepted}}})
				if step(err, l.n <= m.unseen(x), "inspect") {
					l.id, l.lineID = got.ID, got.Lines[0].ID
					m.looks = append(m.looks, l)
				}
			},
			"decide": func(t *rapid.T) {
				l := pick(t, m.looks, func(x *noted) bool { return standing(x) && x.accepted == AcceptanceReviewRequired })
				if l == nil {
					return
				}
				l.accepted = rapid.SampledFrom([]string{AcceptanceAccepted, AcceptanceRejected}).Draw(t, "acceptance")
				err := b.r.decideAcceptance(b.r.Inspection(l.id), l.lineID, Acceptance{Status: l.accepted, Reason: "manual_review"}, clerk, morning, &change{})
				b.rest()
				step(err, true, "decide")
			},
			"place": func(t *rapid.T) {
				d := &noted{n: some()}
				in := DispositionGoods{Quantity: d.n}
				var free int64
				if d.from = pick(t, m.looks, standing); d.from != nil && rapid.Bool().Draw(t, "of a look") {
					in.InspectionLineID = d.from.lineID
					free = b.inspectionLine(d.from.lineID).AvailableDisposition
				} else if d.from = pick(t, m.receipts, standing); d.from != nil {
					in.ReceiptLineID = d.from.lineID
					free = b.receiptLine(d.from.lineID).AvailableDisposition
				} else {
					return
				}
				if free > d.from.n {
					t.Fatalf("%d units are free of %d", free, d.from.n)
				}
				got, err := b.dispose(in)
				if step(err, d.n <= free, "place") {
					d.id = got.ID
					m.placed = append(m.placed, d)
					if there, gone := m.pile(m.receipts, d), m.pile(m.placed, d); gone > there {
						t.Fatalf("%d units of a kind are placed and %d came", gone, there)
					}
				}
			},
			"place nowhere instead": func(t *rapid.T) {
				d := pick(t, m.placed, func(x *noted) bool { return !x.crossed })
				if d == nil || d.root().crossed {
					return
				}
				_, err := b.dispose(DispositionGoods{Quantity: 0, ReceiptLineID: d.root().lineID, Replaces: d.id})
				step(err, true, "place nowhere instead")
				d.crossed = true
			},
			"": func(t *rapid.T) { m.compare(t, b) },
		})
	})
}

// compare holds the counters of every line against the notebook, and against each other.
func (m *ledgerOfGoods) compare(t *rapid.T, b *bench) {
	t.Helper()
	for _, l := range b.r.Lines {
		want := LineDerived{
			Received: m.received(l.ID), Inspected: m.inspected(l.ID, ""), Accepted: m.inspected(l.ID, AcceptanceAccepted),
			Rejected: m.inspected(l.ID, AcceptanceRejected), ReviewRequired: m.inspected(l.ID, AcceptanceReviewRequired), Dispositioned: m.disposed(l.ID),
		}
		got := LineDerived{
			Received: l.Received, Inspected: l.Inspected, Accepted: l.Accepted, Rejected: l.Rejected, ReviewRequired: l.ReviewRequired,
			Dispositioned: l.Dispositioned,
		}
		if got.Received != want.Received || got.Inspected != want.Inspected || got.Accepted != want.Accepted || got.Rejected != want.Rejected ||
			got.ReviewRequired != want.ReviewRequired || got.Dispositioned != want.Dispositioned {
			t.Fatalf("line %s: %+v, the notebook says %+v", l.ID, got, want)
		}
		if l.Received > l.ReturnRequired || l.Inspected > l.Received || l.Accepted+l.Rejected+l.ReviewRequired != l.Inspected {
			t.Fatalf("line %s does not add up: %+v", l.ID, l)
		}
		over := max(0, l.Dispositioned-l.Received)
		if blocked := l.MerchandiseStatus == GoodsException; over > 0 && !blocked {
			t.Fatalf("line %s: %d units are placed that did not come, and it is %s", l.ID, over, l.MerchandiseStatus)
		}
		for _, timing := range []string{AfterHandoff, AfterReceipt, AfterInspection, AfterApproval} {
			if n := l.open(timing); n < 0 || n > l.Live() {
				t.Fatalf("line %s: %d units are open %s of %d", l.ID, n, timing, l.Live())
			}
		}
	}
	booked := map[string]bool{}
	var stock int64
	for _, d := range b.r.Dispositions {
		for _, mv := range d.Movements {
			if booked[mv.ID] {
				t.Fatalf("movement %s is booked twice", mv.ID)
			}
			booked[mv.ID] = true
			if mv.Direction == MovedIn {
				stock += mv.Quantity
			} else {
				stock -= mv.Quantity
			}
		}
	}
	var placed int64
	for _, x := range m.placed {
		if !x.crossed {
			placed += x.n
		}
	}
	if stock != placed {
		t.Fatalf("the movements leave %d units in stock, the notebook %d", stock, placed)
	}
}

func (b *bench) receiptLine(lineID string) *ReceiptLine {
	for k := range b.r.Receipts {
		for j := range b.r.Receipts[k].Lines {
			if l := &b.r.Receipts[k].Lines[j]; l.ID == lineID {
				return l
			}
		}
	}
	return nil
}

func (b *bench) inspectionLine(lineID string) *InspectionLine {
	for k := range b.r.Inspections {
		for j := range b.r.Inspections[k].Lines {
			if l := &b.r.Inspections[k].Lines[j]; l.ID == lineID {
				return l
			}
		}
	}
	return nil
}
