package returns

import "time"

// deriveValue tells what becomes of the value of every line. Resolutions hold units of lines; they do not move
// money yet.
func deriveValue(r *Return, now time.Time) {
	r.ResolutionStatus = ValueNotSelected
	r.Financial = FinancialSummary{}
	for k := range r.Lines {
		l := &r.Lines[k]
		l.Resolved, l.ResolutionCount = 0, 0
		l.ResolutionStatus = ValueNotSelected
		l.AvailableResolution = 0
		if !l.DecidedAt.IsZero() && (l.Status == StatusOpen || l.Status == StatusCompleted) {
			l.AvailableResolution = l.Approved - l.Canceled
		}
		for _, x := range r.Resolutions {
			for _, part := range x.Lines {
				if part.LineID == l.ID && x.holds() {
					l.AvailableResolution -= part.Quantity
					l.ResolutionCount++
				}
			}
		}
		if l.Status == StatusOpen && l.AvailableResolution > 0 {
			r.block(Blocker{Code: BlockedNoResolution, LineID: l.ID, Message: "The merchant has to say what becomes of the value of this line."})
		}
	}
}
