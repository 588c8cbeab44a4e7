package returns

import (
	"time"

	"flint/internal/id"
)

// advanceGoods takes one step that goods take by themselves: a disposition that the policy made from an
// observation that was corrected is taken back, a planned one fails with its observation or happens when its time
// has come, and goods that are free for it find the place that the policy names.
func (s *Service) advanceGoods(r *Return, c *change) bool {
	if r.Status != StatusOpen {
		return false
	}
	now := s.Clock.Now()
	g := observe(r)
	moved := false
	for k := range r.Dispositions {
		d := &r.Dispositions[k]
		if s.settle(g, d, now) {
			d.touch(now)
			c.tell(EventDispositionUpdated, d.ID)
			moved = true
		}
	}
	return moved || s.place(r, g, now, c)
}

// settle takes a step of one disposition and tells whether it took one.
func (s *Service) settle(g *observed, d *Disposition, now time.Time) bool {
	if !d.holds() {
		return false
	}
	switch superseded := g.superseded(d); {
	case d.Status == DispositionPending && superseded:
		d.Status, d.FailureCode = DispositionFailed, FailureSuperseded
		d.FailureMessage = "The observation that it takes its goods from was corrected before they moved."
	case d.Status == DispositionPending && !d.OccurredAt.After(now):
		s.succeed(d, now)
	case d.Status == DispositionSucceeded && superseded && d.Automatic:
		d.Status, d.CanceledAt = DispositionCanceled, now
		d.Movements = append(d.Movements, s.reverse(d, now)...)
		d.Acts = append(d.Acts, Act{Kind: "taken_back", Actor: Actor{Type: ActorSystem}, At: now, Reason: "observation_superseded"})
	default:
		return false
	}
	return true
}

// superseded tells whether what a disposition takes its goods from is out of force.
func (g *observed) superseded(d *Disposition) bool {
	if d.InspectionLineID != "" {
		return g.inspected[d.InspectionLineID] == nil
	}
	return g.shelves[d.ReceiptLineID] == nil
}

// place puts goods that their policy places by itself back on sale: what was accepted, or what arrived where no
// inspection is needed.
func (s *Service) place(r *Return, g *observed, now time.Time, c *change) bool {
	moved := false
	put := func(d Disposition, quantity int64, occurred time.Time, location string) string {
		d.ID, d.Quantity, d.OccurredAt, d.LocationID = s.IDs.New(id.ReturnDisposition), quantity, occurred, location
		d.Type, d.Reason, d.Automatic, d.CreatedBy = DisposeSellable, "return_policy", true, Actor{Type: ActorSystem}
		d.Version, d.CreatedAt, d.UpdatedAt = 1, now, now
		s.succeed(&d, now)
		r.Dispositions = append(r.Dispositions, d)
		c.tell(EventDispositionCreated, d.ID)
		moved = true
		return d.ID
	}
	for k := range r.Inspections {
		x := &r.Inspections[k]
		for _, l := range x.Lines {
			if g.inspected[l.ID] == nil || l.Acceptance != AcceptanceAccepted || !r.placesItself(g.shelves[l.ReceiptLineID].line) {
				continue
			}
			if n := g.fromInspection(l.ID); n > 0 {
				x.Generated = append(x.Generated, put(Disposition{LineID: l.LineID, InspectionLineID: l.ID}, n, x.InspectedAt, x.LocationID))
				g = observe(r)
			}
		}
	}
	for k := range r.Receipts {
		x := &r.Receipts[k]
		for _, l := range x.Lines {
			if g.shelves[l.ID] == nil || !r.placesItself(&l) {
				continue
			}
			if n := g.fromReceipt(l.ID); n > 0 {
				x.Generated = append(x.Generated, put(Disposition{LineID: l.LineID, ReceiptLineID: l.ID}, n, x.ReceivedAt, x.LocationID))
				g = observe(r)
			}
		}
	}
	return moved
}

// placesItself tells whether goods of a receipt line go back on sale without anybody saying so: those of a line
// whose policy says it. Goods that were taken back without a policy wait for somebody.
func (r *Return) placesItself(l *ReceiptLine) bool {
	if l.Verification != VerificationMatched {
		return false
	}
	line := r.Line(l.LineID)
	return line != nil && line.Eligibility.RevisionID != "" && line.ReceiptDispositionMode != ModeManual
}
