package returns

import "slices"

// arrived is how many units of the line have come as far as a refund timing asks; ok is false for timings that wait
// for no goods. Where an inspection was waived all that arrived has, but for units that an inspection rejected or left
// open.
func (l *Line) arrived(timing string) (units int64, ok bool) {
	switch timing {
	case AfterHandoff:
		return max(l.HandedOff, l.Received), true
	case AfterReceipt:
		return l.Received, true
	case AfterInspection:
		if !l.inspects() {
			return l.Received - l.Rejected - l.ReviewRequired, true
		}
		return l.Accepted, true
	}
	return 0, false
}

// kept is how many units the buyer keeps although their value is settled.
func (l *Line) kept() int64 { return max(l.Approved-l.Canceled-l.ReturnRequired, 0) }

// gateOpen tells whether the first n units of a line, whose value moves, have come as far as the timing asks.
func gateOpen(l *Line, timing string, n int64) bool {
	units, waits := l.arrived(timing)
	return !waits || units+l.kept() >= n
}

// reach is how many units of a line resolutions hold whose value moves, up to and including the one with the id; of
// all of them when the return has none with the id.
func reach(r *Return, lineID, resolutionID string) (n int64) {
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		if !x.holds() || x.Type == ResolutionNoMoney {
			continue
		}
		for _, l := range x.Lines {
			if l.LineID == lineID {
				n += l.Quantity
			}
		}
		if x.ID == resolutionID {
			break
		}
	}
	return n
}

var gateOf = map[string]string{AfterHandoff: GateHandoff, AfterReceipt: GateReceipt, AfterInspection: GateInspection}

// gates are what a confirmed resolution that has not started waits for.
func (x *Resolution) gates(r *Return) (out []ExecutionBlocker) {
	if x.Type == ResolutionNoMoney {
		return nil
	}
	for _, l := range x.Lines {
		if line := r.Line(l.LineID); !gateOpen(line, l.RefundTiming, reach(r, l.LineID, x.ID)) {
			out = append(out, ExecutionBlocker{Code: gateOf[l.RefundTiming], LineID: l.LineID})
		}
	}
	if x.ReleasedAt.IsZero() && slices.ContainsFunc(x.Lines, func(l ResolutionLine) bool { return l.RefundTiming == TimingManual }) {
		out = append(out, ExecutionBlocker{Code: GateManualRelease})
	}
	return out
}
