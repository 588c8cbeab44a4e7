package returns

import (
	"slices"

	"flint/internal/order"
	"flint/internal/returnpolicy"
)

// Foreseen is what a request comes to without anybody deciding anything.
type Foreseen struct {
	Decided bool // the policies of all lines approve it as soon as it is made
	Final   bool // and settle value of it in the same moment, so that its buyer can never withdraw it
}

// Foresee tells what Create will do with a request that was judged so, for those who show it to the buyer first.
func Foresee(o *order.Order, e *returnpolicy.Evaluation) Foreseen {
	lines := make([]Line, len(e.Lines))
	for k := range e.Lines {
		lines[k].Requested = e.Lines[k].RequestedQuantity
		lines[k].freeze(&e.Lines[k])
	}
	if len(lines) == 0 || slices.ContainsFunc(lines, func(l Line) bool { return !l.approvedByItself() }) {
		return Foreseen{}
	}
	value := map[string]int64{}
	for k := range lines {
		if p := lines[k].Eligibility.Proposal; p.ResolutionMode == ModeAutomatic {
			value[p.SelectedResolution] += e.Lines[k].Value.Total - e.Lines[k].Fees()
		}
	}
	out := Foreseen{Decided: true}
	for _, kind := range resolvedByThemselves {
		minor, asked := value[kind]
		// What was never paid is not given back by itself.
		out.Final = out.Final || asked && (kind == ResolutionNoMoney || minor <= o.Settlement.Paid-o.Settlement.Refunded)
	}
	return out
}

// resolvedByThemselves are the types of resolutions that need nobody to choose anything.
var resolvedByThemselves = []string{ResolutionRefund, ResolutionReplacement, ResolutionNoMoney}

// approvedByItself tells whether the policy of a line approves all of it without anybody looking.
func (l *Line) approvedByItself() bool {
	return l.Eligibility.Status == Eligible && l.Eligibility.Automatic && l.Eligibility.Proposal != nil && l.Requested <= l.Eligibility.Quantity
}
