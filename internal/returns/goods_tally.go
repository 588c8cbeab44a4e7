package returns

// tally is what the observations in force say of the goods of one line, in whole units. Goods that are
// unverified or in excess count for no line.
type tally struct {
	received  int64
	inspected int64
	accepted  int64
	rejected  int64
	review    int64
	disposed  int64 // succeeded dispositions that nothing replaced
	planned   int64 // pending ones
	failed    int64 // units of dispositions that failed and wait for a decision
	over      int64 // disposed or planned beyond what the observations in force show
}

// pile is one kind of goods among what arrived: the units of a line, or those that belong to none.
type pile struct {
	verification string
	lineID       string
}

// shelf is one line of a receipt in force, with what was done with its units.
type shelf struct {
	line      *ReceiptLine
	inspected int64
	direct    int64 // held by dispositions straight from the receipt
	held      int64 // held by any disposition of these units
	carried   int64 // held by dispositions of observations that were corrected
}

func (s *shelf) free() int64 { return s.line.Quantity - s.held - s.carried }

// observed is what the observations of a return in force say. Build it again after a change.
type observed struct {
	r         *Return
	shelves   map[string]*shelf          // by receipt line, of receipts in force
	arrived   []*shelf                   // as they arrived
	inspected map[string]*InspectionLine // lines of inspections in force
	receiptOf map[string]string          // inspection line to receipt line, superseded ones included
	heldBy    map[string]int64           // inspection line in force to the units its dispositions hold
	overs     map[pile]int64             // what no observation in force covers
	excessive map[pile][]*Disposition    // the dispositions that may be the cause of it
	lines     map[string]*ReceiptLine    // every receipt line, superseded ones included
}

// holds tells whether a disposition holds units: it happened or is planned, and nothing replaced it.
func (d *Disposition) holds() bool {
	return d.ReplacedBy == "" && (d.Status == DispositionPending || d.Status == DispositionSucceeded)
}

func (l *ReceiptLine) pile() pile {
	if l.Verification == VerificationUnverified {
		return pile{VerificationUnverified, ""}
	}
	return pile{l.Verification, l.LineID}
}

// observe reads what the observations of a return say.
func observe(r *Return) *observed {
	g := &observed{
		r: r, shelves: map[string]*shelf{}, inspected: map[string]*InspectionLine{}, receiptOf: map[string]string{}, heldBy: map[string]int64{},
		overs: map[pile]int64{}, excessive: map[pile][]*Disposition{}, lines: map[string]*ReceiptLine{},
	}
	for k := range r.Receipts {
		receipt := &r.Receipts[k]
		for j := range receipt.Lines {
			line := &receipt.Lines[j]
			g.lines[line.ID] = line
			if receipt.Status == ObservationCurrent {
				s := &shelf{line: line}
				g.shelves[line.ID], g.arrived = s, append(g.arrived, s)
			}
		}
	}
	for k := range r.Inspections {
		inspection := &r.Inspections[k]
		for j := range inspection.Lines {
			line := &inspection.Lines[j]
			g.receiptOf[line.ID] = line.ReceiptLineID
			if s := g.shelves[line.ReceiptLineID]; s != nil && inspection.Status == ObservationCurrent {
				g.inspected[line.ID] = line
				s.inspected += line.Quantity
			}
		}
	}
	g.place()
	return g
}

// place counts dispositions against the units they are about. Those of a receipt that was corrected count
// against the goods of the same kind that the correction shows, first come first; what finds no goods is over.
func (g *observed) place() {
	carried := map[pile]int64{}
	for k := range g.r.Dispositions {
		d := &g.r.Dispositions[k]
		if !d.holds() {
			continue
		}
		source := d.ReceiptLineID
		if d.InspectionLineID != "" {
			source = g.receiptOf[d.InspectionLineID]
		}
		s := g.shelves[source]
		if s == nil {
			p := g.lines[source].pile()
			carried[p] += d.Quantity
			g.excessive[p] = append(g.excessive[p], d)
			continue
		}
		s.held += d.Quantity
		switch {
		case d.InspectionLineID == "":
			s.direct += d.Quantity
		case g.inspected[d.InspectionLineID] != nil:
			g.heldBy[d.InspectionLineID] += d.Quantity
		}
	}
	for _, s := range g.arrived {
		p := s.line.pile()
		share := min(carried[p], s.free())
		s.carried, carried[p] = share, carried[p]-share
	}
	for p, left := range carried {
		if left > 0 {
			g.overs[p] = left
		}
	}
}

// tally counts the goods of one line.
func (g *observed) tally(lineID string) tally {
	var t tally
	for _, s := range g.arrived {
		if s.line.Verification == VerificationMatched && s.line.LineID == lineID {
			t.received += s.line.Quantity
		}
	}
	for _, l := range g.inspected {
		from := g.shelves[l.ReceiptLineID].line
		if from.Verification != VerificationMatched || from.LineID != lineID {
			continue
		}
		t.inspected += l.Quantity
		switch l.Acceptance {
		case AcceptanceAccepted:
			t.accepted += l.Quantity
		case AcceptanceRejected:
			t.rejected += l.Quantity
		default:
			t.review += l.Quantity
		}
	}
	for k := range g.r.Dispositions {
		d := &g.r.Dispositions[k]
		if d.ReplacedBy != "" || g.pileOf(d) != (pile{VerificationMatched, lineID}) {
			continue
		}
		switch d.Status {
		case DispositionSucceeded:
			t.disposed += d.Quantity
		case DispositionPending:
			t.planned += d.Quantity
		case DispositionFailed:
			t.failed += d.Quantity
		}
	}
	t.over = g.overs[pile{VerificationMatched, lineID}]
	return t
}

// pileOf tells which goods a disposition is about.
func (g *observed) pileOf(d *Disposition) pile {
	source := d.ReceiptLineID
	if d.InspectionLineID != "" {
		source = g.receiptOf[d.InspectionLineID]
	}
	return g.lines[source].pile()
}

// fromReceipt is how many units of a receipt line can be disposed of without an inspection: none while their
// line still asks for one.
func (g *observed) fromReceipt(receiptLineID string) int64 {
	s := g.shelves[receiptLineID]
	if s == nil || s.line.Verification == VerificationMatched && g.r.inspects(s.line.LineID) {
		return 0
	}
	return max(0, min(s.free(), s.line.Quantity-s.inspected-s.direct-s.carried))
}

// fromInspection is how many units of an inspection line can be disposed of: none while it is under review.
func (g *observed) fromInspection(inspectionLineID string) int64 {
	l := g.inspected[inspectionLineID]
	if l == nil || l.Acceptance == AcceptanceReviewRequired {
		return 0
	}
	return max(0, min(g.shelves[l.ReceiptLineID].free(), l.Quantity-g.heldBy[inspectionLineID]))
}

// inspectable is how many units of a receipt line no inspection in force has seen.
func (g *observed) inspectable(receiptLineID string) int64 {
	s := g.shelves[receiptLineID]
	if s == nil {
		return 0
	}
	return s.line.Quantity - s.inspected
}

// inspects tells whether units of a line must be inspected before they count as accepted.
func (r *Return) inspects(lineID string) bool {
	l := r.Line(lineID)
	return l != nil && l.inspects()
}
