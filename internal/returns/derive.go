package returns

import (
	"slices"
	"time"
)

// derive computes everything that follows from the facts of a return: statuses, counters, what is missing and
// what may be done. It is the only place that sets them. now decides nothing but what has run out of time.
//
// The axes are told one after another, since goods wait for the decision and value waits for goods:
// derive_decision.go, derive_goods.go, derive_value.go.
func derive(r *Return, now time.Time) {
	r.CompletionBlockers, r.Handoff, r.Work = nil, nil, nil
	deriveDecision(r)
	deriveGoods(r, now)
	deriveValue(r, now)
	r.ReceiptCount, r.InspectionCount = int64(len(r.Receipts)), int64(len(r.Inspections))
	r.DispositionCount, r.ResolutionCount = int64(len(r.Dispositions)), int64(len(r.Resolutions))
	if r.Status == StatusCanceled || r.Status == StatusDeclined {
		r.CompletionBlockers, r.Handoff = nil, nil
	}
	if r.Status == StatusCompleted {
		r.Handoff = nil
	}
	r.Work = work(r)
	r.SupportedActions = actions(r)
	for k := range r.Lines {
		r.Lines[k].SupportedActions = lineActions(r, &r.Lines[k])
	}
	r.BuyerActions = buyerActions(r)
}

// block notes something that is missing before the return can complete.
func (r *Return) block(b Blocker) { r.CompletionBlockers = append(r.CompletionBlockers, b) }

// workOf says which kind of work lifts a blocker.
var workOf = map[string]string{
	BlockedDecision: "decision", BlockedHandoff: "handoff", BlockedReceipt: "receipt", BlockedInspection: "inspection",
	BlockedInspectionReview: "inspection", BlockedDisposition: "disposition", BlockedNoResolution: "resolution",
	BlockedResolution: "resolution", BlockedResolutionAction: "resolution", BlockedResolutionFailed: "exception",
	BlockedException: "exception",
}

// work lists the kinds of work that wait, each once. A completed return waits for nothing.
func work(r *Return) []string {
	if r.Status == StatusCompleted {
		return nil
	}
	var out []string
	for _, b := range r.CompletionBlockers {
		if kind := workOf[b.Code]; kind != "" && !slices.Contains(out, kind) {
			out = append(out, kind)
		}
	}
	return out
}

// Actions that supported_actions of a return can name.
const (
	ActionUpdate           = "update"
	ActionAddLine          = "add_line_item"
	ActionDecide           = "decide"
	ActionCancel           = "cancel"
	ActionComplete         = "complete"
	ActionReopen           = "reopen"
	ActionProcess          = "process"
	ActionCreateReceipt    = "create_receipt"
	ActionCreateInspection = "create_inspection"
	ActionCreateDispo      = "create_disposition"
	ActionCreateResolution = "create_resolution"
	ActionAccessLink       = "create_access_link"
)

// actions are what may be done with the return now, in the order of its life.
func actions(r *Return) []string {
	out := []string{ActionUpdate}
	add := func(allowed bool, name string) {
		if allowed {
			out = append(out, name)
		}
	}
	open := r.Status == StatusOpen
	add(r.Status == StatusRequested, ActionAddLine)
	add(r.Status == StatusRequested, ActionDecide)
	add(open && goodsMayArrive(r), ActionCreateReceipt)
	add(open && slices.ContainsFunc(r.Receipts, inspectable), ActionCreateInspection)
	add(open && disposable(r), ActionCreateDispo)
	add(open && resolvable(r), ActionCreateResolution)
	add(r.Status == StatusRequested || open, ActionProcess)
	add(cancelable(r), ActionCancel)
	add(open && len(r.CompletionBlockers) == 0, ActionComplete)
	add(r.Status == StatusCompleted, ActionReopen)
	add(r.CustomerID != "", ActionAccessLink)
	return out
}

// goodsMayArrive tells whether a receipt can be noted: some goods are to come back.
func goodsMayArrive(r *Return) bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Status == StatusOpen && l.ReturnRequired > 0 })
}

// inspectable tells whether a receipt holds goods that were matched or wait to be.
func inspectable(x Receipt) bool {
	return x.Status == ObservationCurrent && slices.ContainsFunc(x.Lines, func(l ReceiptLine) bool { return l.Verification != VerificationExcess })
}

// disposable tells whether goods wait for their place.
func disposable(r *Return) bool {
	for _, x := range r.Receipts {
		if slices.ContainsFunc(x.Lines, func(l ReceiptLine) bool { return x.Status == ObservationCurrent && l.AvailableDisposition > 0 }) {
			return true
		}
	}
	for _, x := range r.Inspections {
		if slices.ContainsFunc(x.Lines, func(l InspectionLine) bool { return x.Status == ObservationCurrent && l.AvailableDisposition > 0 }) {
			return true
		}
	}
	return false
}

// resolvable tells whether value waits for a resolution, or an executed one may be corrected.
func resolvable(r *Return) bool {
	return slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Status == StatusOpen && l.AvailableResolution > 0 }) ||
		slices.ContainsFunc(r.Resolutions, func(x Resolution) bool {
			return x.Status == ResolutionFulfilled || x.Status == ResolutionPartiallyFulfilled
		})
}

// cancelable tells whether nothing was received, inspected, placed or resolved yet.
func cancelable(r *Return) bool {
	return (r.Status == StatusRequested || r.Status == StatusOpen) &&
		len(r.Receipts) == 0 && len(r.Inspections) == 0 && len(r.Dispositions) == 0 && len(r.Resolutions) == 0
}

// buyerActions are what the buyer can do, always in this order.
func buyerActions(r *Return) []BuyerAction {
	unavailable := func(kind string, possible bool, required bool) BuyerAction {
		a := BuyerAction{Kind: kind, Available: possible, Required: required}
		if !possible {
			a.Reason = "not_in_state"
		}
		return a
	}
	ship := len(r.Handoff) > 0
	out := []BuyerAction{
		unavailable("withdraw", cancelable(r), false),
		unavailable("ship_items", ship, ship),
		payBalance(r),
	}
	for _, h := range r.Handoff {
		if !h.ExpiresAt.IsZero() && (out[1].DueAt.IsZero() || h.ExpiresAt.Before(out[1].DueAt)) {
			out[1].DueAt = h.ExpiresAt
		}
	}
	return out
}

// payBalance is the buyer's part of an exchange for something dearer.
func payBalance(r *Return) BuyerAction {
	for _, x := range r.Resolutions {
		if x.Status == ResolutionRequiresAction && x.ActionBy == "buyer" && x.ActionReason == "buyer_payment" {
			return BuyerAction{Kind: "pay_balance", Available: true, Required: true, DueAt: x.ExpiresAt}
		}
	}
	return BuyerAction{Kind: "pay_balance", Reason: "not_in_state"}
}
