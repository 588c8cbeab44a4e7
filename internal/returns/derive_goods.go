package returns

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/order"
)

// deriveGoods tells where the goods of every line are, what was done with them and what is missing. Goods
// beyond what a line may return, and goods that nobody identified, count for no line.
func deriveGoods(r *Return, _ time.Time) {
	g := observe(r)
	r.showGoods(g)
	var shipments []string
	for k := range r.Lines {
		l := &r.Lines[k]
		shipments = r.shipments(shipments, l)
		t := g.tally(l.ID)
		l.HandedOff = max(l.handedOver(), t.received)
		l.Received, l.Inspected, l.Accepted, l.Rejected = t.received, t.inspected, t.accepted, t.rejected
		l.ReviewRequired, l.Dispositioned = t.review, t.disposed
		l.MerchandiseStatus = r.goodsStatus(l, t)
		if l.Status == StatusOpen || l.Status == StatusCompleted {
			r.blockLine(g, l, t)
		}
	}
	r.blockStrays(g)
	r.MerchandiseStatus, r.ShipmentCount = wholeStatus(r.Lines), int64(len(shipments))
	r.Handoff = handoffs(r)
}

// handedOver is how many units carriers and counters took from the buyer.
func (l *Line) handedOver() (n int64) {
	for _, h := range l.Handoffs {
		n += h.Quantity
	}
	return n
}

// goodsStatus is where the goods of one line are.
func (r *Return) goodsStatus(l *Line, t tally) string {
	switch {
	case l.Status != StatusOpen && l.Status != StatusCompleted:
		return GoodsNotRequired
	case t.over > 0 || t.failed > 0 || len(r.unbacked(l)) > 0:
		return GoodsException
	case l.ReturnRequired == 0 && t.received == 0:
		return GoodsNotRequired
	case t.received == 0 && l.HandedOff == 0:
		return GoodsAwaitingHandoff
	case t.received == 0:
		return GoodsInTransit
	case t.review > 0:
		return GoodsInspectionReviewRequired
	case l.inspects() && t.inspected > 0 && t.inspected < t.received:
		return GoodsPartiallyInspected
	case t.received < l.ReturnRequired:
		return GoodsPartiallyReceived
	case l.inspects() && t.inspected < t.received:
		return GoodsInspectionRequired
	case t.disposed >= t.received:
		return GoodsResolved
	case r.mustPlace(l, t) > 0:
		return GoodsDispositionRequired
	}
	return GoodsReceived
}

// mustPlace is how many units of a line wait for a disposition: those that were inspected, and all that arrived
// where a policy takes the goods back. Goods that were taken back without a policy may stay where they are.
func (r *Return) mustPlace(l *Line, t tally) int64 {
	owed := t.received
	switch {
	case l.inspects():
		owed = t.accepted + t.rejected
	case l.Eligibility.RevisionID == "" && t.disposed+t.planned == 0:
		owed = t.inspected
	}
	return max(0, owed-t.disposed)
}

// unbacked are the executed resolutions whose units of a line were paid for goods that, as it turned out after a
// correction, did not come or were not accepted. A resolution that was corrected, or that pays nothing, is not among
// them.
func (r *Return) unbacked(l *Line) []string {
	var out []string
	paid := map[string]int64{}
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		if x.Type == ResolutionNoMoney || !x.executed() || r.corrected(x.ID) {
			continue
		}
		for _, part := range x.Lines {
			if part.LineID != l.ID || part.RefundTiming != AfterReceipt && part.RefundTiming != AfterInspection {
				continue
			}
			if paid[part.RefundTiming] += part.Quantity; paid[part.RefundTiming] > l.open(part.RefundTiming) {
				out = append(out, x.ID)
			}
		}
	}
	return out
}

// executed tells whether the value of a resolution moved or is on its way.
func (x *Resolution) executed() bool {
	return x.Status == ResolutionPartiallyFulfilled || x.Status == ResolutionFulfilled ||
		x.Status != ResolutionCanceled && x.Status != ResolutionFailed && !x.Effect.StartedAt.IsZero()
}

// corrected tells whether a correction of a resolution was executed.
func (r *Return) corrected(resolutionID string) bool {
	return slices.ContainsFunc(r.Resolutions, func(x Resolution) bool { return x.Corrects == resolutionID && x.executed() })
}

// open is how many units of a line the goods let value be paid for, by refund timing. Units that need not come
// back are always open.
func (l *Line) open(timing string) int64 {
	arrived, waits := l.arrived(timing)
	if !waits {
		return l.Live()
	}
	return min(l.Live(), l.kept()+arrived)
}

// blockLine notes what is missing of the goods of a line.
func (r *Return) blockLine(g *observed, l *Line, t tally) {
	note := func(code, format string, args ...any) {
		r.block(Blocker{Code: code, LineID: l.ID, Message: fmt.Sprintf(format, args...)})
	}
	if away := l.ReturnRequired - l.HandedOff; away > 0 {
		note(BlockedHandoff, "The buyer has to send %s back.", units(away))
	}
	if due := min(l.HandedOff, l.ReturnRequired) - t.received; due > 0 {
		b := Blocker{Code: BlockedReceipt, LineID: l.ID, Message: fmt.Sprintf("The merchant has to record the receipt of %s.", units(due))}
		if n := len(l.Handoffs); n > 0 {
			b.ShipmentID = l.Handoffs[n-1].ShipmentID
		}
		r.block(b)
	}
	if waits := t.received - t.inspected; l.inspects() && waits > 0 {
		note(BlockedInspection, "The merchant has to inspect %s, or waive the inspection.", units(waits))
	}
	if t.review > 0 {
		r.block(Blocker{Code: BlockedInspectionReview, LineID: l.ID, InspectionID: g.underReview(l.ID),
			Message: fmt.Sprintf("The merchant has to decide whether %s are accepted.", units(t.review))})
	}
	if waits := r.mustPlace(l, t); waits > 0 {
		note(BlockedDisposition, "The merchant has to say what becomes of %s.", units(waits))
	}
	if t.over > 0 {
		b := Blocker{Code: BlockedException, LineID: l.ID, Message: fmt.Sprintf(
			"A correction left %s placed that did not arrive. Replace the disposition by one over what arrived.", units(t.over))}
		if d := g.excessive[pile{VerificationMatched, l.ID}]; len(d) > 0 {
			b.DispositionID = d[len(d)-1].ID
		}
		r.block(b)
	}
	for _, resolutionID := range r.unbacked(l) {
		r.block(Blocker{Code: BlockedException, LineID: l.ID, ResolutionID: resolutionID, ReceiptID: r.lastCorrection(), Message: "" +
			"Value was paid for units that, after a correction, did not arrive or were not accepted. " +
			"Correct the receipt or inspection again, or create a resolution of type correction for this resolution."})
	}
}

// lastCorrection is the newest receipt in force that corrects another, empty without one.
func (r *Return) lastCorrection() string {
	for _, x := range slices.Backward(r.Receipts) {
		if x.Supersedes != "" && x.Status == ObservationCurrent {
			return x.ID
		}
	}
	return ""
}

// blockStrays notes failed dispositions, and goods that nobody identified or placed. Goods in excess keep no return
// from completing.
func (r *Return) blockStrays(g *observed) {
	for _, d := range r.Dispositions {
		if d.Status == DispositionFailed && d.ReplacedBy == "" {
			r.block(Blocker{Code: BlockedException, LineID: d.LineID, DispositionID: d.ID,
				Message: "A disposition failed. Try it again, replace it or cancel it."})
		}
	}
	for _, x := range r.Receipts {
		for _, l := range x.Lines {
			s := g.shelves[l.ID]
			if s == nil || l.Verification != VerificationUnverified || s.free() == 0 {
				continue
			}
			r.block(Blocker{Code: BlockedReceipt, ReceiptID: x.ID,
				Message: fmt.Sprintf("The merchant has to identify %s, or say where they go.", units(s.free()))})
		}
	}
}

// underReview is the newest inspection in force with goods of a line that wait for a decision.
func (g *observed) underReview(lineID string) string {
	for _, x := range slices.Backward(g.r.Inspections) {
		for _, l := range x.Lines {
			if g.inspected[l.ID] != nil && l.LineID == lineID && l.Acceptance == AcceptanceReviewRequired {
				return x.ID
			}
		}
	}
	return ""
}

func units(n int64) string {
	if n == 1 {
		return "1 unit"
	}
	return fmt.Sprintf("%d units", n)
}

// urgency is the order in which the status of one line speaks for the whole return.
var urgency = []string{
	GoodsException, GoodsInspectionReviewRequired, GoodsPartiallyInspected, GoodsInspectionRequired, GoodsDispositionRequired,
	GoodsPartiallyReceived, GoodsInTransit, GoodsAwaitingHandoff, GoodsReceived, GoodsResolved,
}

// wholeStatus is where the goods of the whole return are: the most urgent of its lines. Goods of some lines with
// others still on their way are partially received.
func wholeStatus(lines []Line) string {
	has := func(statuses ...string) bool {
		return slices.ContainsFunc(lines, func(l Line) bool { return slices.Contains(statuses, l.MerchandiseStatus) })
	}
	for _, status := range urgency {
		if !has(status) {
			continue
		}
		if (status == GoodsInTransit || status == GoodsAwaitingHandoff) && has(GoodsReceived, GoodsResolved) {
			return GoodsPartiallyReceived
		}
		return status
	}
	return GoodsNotRequired
}

// handoffs are the goods that are still with the buyer, by where they go.
func handoffs(r *Return) []HandoffRequirement {
	var out []HandoffRequirement
	of := map[string][]string{} // shipments by where their goods go
	for k := range r.Lines {
		l := &r.Lines[k]
		left := l.ReturnRequired - l.HandedOff
		if l.Status != StatusOpen || left <= 0 {
			continue
		}
		j := slices.IndexFunc(out, func(h HandoffRequirement) bool { return h.LocationID == l.ReceivingLocation })
		if j < 0 {
			h := HandoffRequirement{Status: "pending", Type: "location", LocationID: l.ReceivingLocation}
			if h.LocationID == "" {
				h.Type = "external_location"
			}
			if to := l.Destination; to != nil {
				a := order.Address(to.Address)
				h.Name, h.Address, h.Instructions = to.Name, &a, to.Instructions
			}
			j, out = len(out), append(out, h)
		}
		out[j].Lines = append(out[j].Lines, LineQuantity{l.ID, left})
		of[l.ReceivingLocation] = r.shipments(of[l.ReceivingLocation], l)
		out[j].ShipmentCount = int64(len(of[l.ReceivingLocation]))
		if l.HandedOff > 0 || out[j].ShipmentCount > 0 {
			out[j].Status = "in_progress"
		}
	}
	return out
}

// shipments adds to seen the parcels with goods of a line: those that were announced and those that a carrier took.
func (r *Return) shipments(seen []string, l *Line) []string {
	add := func(shipmentID string) {
		if shipmentID != "" && !slices.Contains(seen, shipmentID) {
			seen = append(seen, shipmentID)
		}
	}
	for _, sh := range r.Shipments {
		if slices.ContainsFunc(sh.Lines, func(q LineQuantity) bool { return q.LineID == l.ID }) {
			add(sh.ShipmentID)
		}
	}
	for _, h := range l.Handoffs {
		add(h.ShipmentID)
	}
	return seen
}

// Actions that supported_actions of goods can name.
const (
	ActionVerify         = "verify"
	ActionInspect        = "inspect"
	ActionDispose        = "create_disposition"
	ActionDecideAccepted = "decide"
	ActionRetry          = "retry"
	ActionReplace        = "replace"
)

// showGoods writes on observations and dispositions how many units are free and what may be done.
func (r *Return) showGoods(g *observed) {
	open := r.Status == StatusOpen
	for k := range r.Receipts {
		for j := range r.Receipts[k].Lines {
			l := &r.Receipts[k].Lines[j]
			l.AvailableDisposition, l.SupportedActions = g.fromReceipt(l.ID), nil
			if !open || g.shelves[l.ID] == nil {
				continue
			}
			if l.Verification == VerificationUnverified {
				l.SupportedActions = append(l.SupportedActions, ActionVerify)
			}
			if g.inspectable(l.ID) > 0 {
				l.SupportedActions = append(l.SupportedActions, ActionInspect)
			}
			if l.AvailableDisposition > 0 {
				l.SupportedActions = append(l.SupportedActions, ActionDispose)
			}
		}
	}
	for k := range r.Inspections {
		for j := range r.Inspections[k].Lines {
			l := &r.Inspections[k].Lines[j]
			l.AvailableDisposition, l.SupportedActions = g.fromInspection(l.ID), nil
			if !open || g.inspected[l.ID] == nil {
				continue
			}
			if l.Acceptance == AcceptanceReviewRequired {
				l.SupportedActions = append(l.SupportedActions, ActionDecideAccepted)
			}
			if l.AvailableDisposition > 0 {
				l.SupportedActions = append(l.SupportedActions, ActionDispose)
			}
		}
	}
	for k := range r.Dispositions {
		d := &r.Dispositions[k]
		d.SupportedActions = nil
		if !open || d.ReplacedBy != "" || d.Status == DispositionCanceled {
			continue
		}
		if d.Status == DispositionFailed {
			d.SupportedActions = append(d.SupportedActions, ActionRetry)
		}
		if d.Status == DispositionFailed || d.Status == DispositionPending {
			d.SupportedActions = append(d.SupportedActions, ActionCancel)
		}
		d.SupportedActions = append(d.SupportedActions, ActionReplace)
	}
}
