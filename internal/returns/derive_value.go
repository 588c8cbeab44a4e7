package returns

import (
	"slices"
	"time"
)

// States of the order that a resolution made, as it was seen last.
const (
	replacementUnpaid    = "unpaid"
	replacementPaid      = "paid"
	replacementFulfilled = "fulfilled"
)

// Actions that supported_actions of a resolution can name.
const (
	ActResolutionUpdate   = "update"
	ActResolutionConfirm  = "confirm"
	ActResolutionRelease  = "release"
	ActResolutionCheckout = "checkout_session"
	ActResolutionCollect  = "collect"
	ActResolutionRetry    = "retry"
	ActResolutionCancel   = "cancel"
	ActResolutionCorrect  = "correct"
)

// deriveValue tells what becomes of the value of every line: how far each resolution has come, what it waits for,
// and what all of them come to.
func deriveValue(r *Return, now time.Time) {
	r.Financial = FinancialSummary{}
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		x.derive(r, now)
		r.Financial.add(x)
	}
	for k := range r.Lines {
		deriveLineValue(r, &r.Lines[k])
	}
	for k := range r.Resolutions {
		r.blockBy(&r.Resolutions[k])
	}
	r.ResolutionStatus = wholeValue(r)
}

// derive tells the status of a resolution from its facts.
func (x *Resolution) derive(r *Return, now time.Time) {
	x.Blockers, x.ActionBy, x.ActionReason = nil, "", ""
	switch {
	case !x.CanceledAt.IsZero():
		x.Status = ResolutionCanceled
	case x.ConfirmedAt.IsZero():
		x.Status = ResolutionProposed
	case x.FailureCode != "":
		x.Status, x.ActionBy, x.ActionReason = ResolutionFailed, "merchant", "linked_effect_retry"
	case x.Effect.StartedAt.IsZero():
		x.waiting(r)
	default:
		x.started(now)
	}
	x.SupportedActions = x.actions()
}

// waiting is a confirmed resolution before its gates are open.
func (x *Resolution) waiting(r *Return) {
	x.Status, x.Blockers = ResolutionPending, x.gates(r)
	if len(x.Blockers) == 1 && x.Blockers[0].Code == GateManualRelease {
		x.Status, x.ActionBy, x.ActionReason = ResolutionRequiresAction, "merchant", "manual_release"
	}
	if x.asks() > 0 {
		x.Blockers = append(x.Blockers, ExecutionBlocker{Code: GateReplacement})
	}
	if x.moves() > 0 {
		x.Blockers = append(x.Blockers, ExecutionBlocker{Code: GateCreditEffect})
	}
}

// started is a resolution whose effects are under way, or done.
func (x *Resolution) started(now time.Time) {
	done := 0
	if x.Effect.RefundID != "" {
		if x.Effect.RefundStatus == "succeeded" {
			done++
		} else {
			x.Blockers = append(x.Blockers, ExecutionBlocker{Code: GateRefund, LinkedType: "refund", LinkedID: x.Effect.RefundID})
		}
	}
	x.Status = ResolutionPending
	if x.ReplacementID != "" {
		order := ExecutionBlocker{LinkedType: "order", LinkedID: x.ReplacementID}
		switch {
		case x.Effect.ReplacementIs == replacementUnpaid:
			order.Code = GateBuyerPayment
			x.Blockers = append(x.Blockers, order)
			x.Status, x.ActionBy, x.ActionReason = ResolutionRequiresAction, "buyer", "buyer_payment"
			return
		case x.Effect.ReplacementIs == replacementFulfilled || x.Type == ResolutionCorrection:
		default:
			order.Code = GateFulfillment
			x.Blockers = append(x.Blockers, order)
		}
		done++
	}
	switch {
	case len(x.Blockers) == 0:
		x.Status = ResolutionFulfilled
		if x.FulfilledAt.IsZero() {
			x.FulfilledAt = now
		}
	case done > 0:
		x.Status = ResolutionPartiallyFulfilled
	}
}

// actions are what may be done with the resolution now.
func (x *Resolution) actions() []string {
	switch x.Status {
	case ResolutionProposed:
		return []string{ActResolutionUpdate, ActResolutionConfirm, ActResolutionCancel}
	case ResolutionPending:
		if x.Effect.StartedAt.IsZero() {
			return []string{ActResolutionCancel}
		}
	case ResolutionRequiresAction:
		if x.ActionReason == "manual_release" {
			return []string{ActResolutionRelease, ActResolutionCancel}
		}
		out := []string{ActResolutionCheckout, ActResolutionCollect}
		if x.Collected == 0 {
			out = append(out, ActResolutionCancel)
		}
		return out
	case ResolutionFailed:
		if x.Refunded == 0 && x.Effect.CreditedAt.IsZero() {
			return []string{ActResolutionRetry, ActResolutionCancel}
		}
		return []string{ActResolutionRetry}
	case ResolutionFulfilled, ResolutionPartiallyFulfilled:
		if x.Type != ResolutionNoMoney && x.Type != ResolutionCorrection {
			return []string{ActResolutionCorrect}
		}
	}
	return nil
}

// add counts a resolution that was confirmed and stands.
func (f *FinancialSummary) add(x *Resolution) {
	if x.Status == ResolutionProposed || x.Status == ResolutionCanceled {
		return
	}
	for _, l := range x.Lines {
		f.Returned = f.Returned.Plus(l.Value)
	}
	f.Deduction += x.Deduction
	f.Credit += x.Credit
	f.Replacement += x.Replacement
	f.Refunded += x.Refunded
	f.Collected += x.Collected
	f.DueToBuyer += max(x.BuyerRefund-x.Refunded, 0)
	if x.Status != ResolutionFailed {
		f.DueFromBuyer += max(x.BuyerPayment-x.Collected, 0)
	}
}

// deriveLineValue counts the units of a line by what became of their value.
func deriveLineValue(r *Return, l *Line) {
	l.Resolved, l.ResolutionCount, l.AvailableResolution = 0, 0, 0
	if !l.DecidedAt.IsZero() && (l.Status == StatusOpen || l.Status == StatusCompleted) {
		l.AvailableResolution = l.Approved - l.Canceled
	}
	var of []string
	for k := range r.Resolutions {
		x := &r.Resolutions[k]
		for _, part := range x.Lines {
			if part.LineID != l.ID || !x.holds() {
				continue
			}
			l.AvailableResolution -= part.Quantity
			l.ResolutionCount++
			of = append(of, x.Status)
			if x.Status == ResolutionFulfilled {
				l.Resolved += part.Quantity
			}
		}
	}
	l.ResolutionStatus = rollUp(of, l.AvailableResolution > 0)
	if l.Status == StatusOpen && l.AvailableResolution > 0 {
		r.block(Blocker{Code: BlockedNoResolution, LineID: l.ID, Message: "The merchant has to say what becomes of the value of this line."})
	}
}

// rollUp is the status of several together; rest tells that some of the whole has none.
func rollUp(of []string, rest bool) string {
	has := func(status ...string) bool {
		return slices.ContainsFunc(of, func(s string) bool { return slices.Contains(status, s) })
	}
	switch {
	case len(of) == 0:
		return ValueNotSelected
	case has(ResolutionFailed):
		return ValueFailed
	case has(ResolutionRequiresAction):
		return ValueRequiresAction
	case !rest && !has(ResolutionProposed, ResolutionPending, ResolutionPartiallyFulfilled, ValueNotSelected):
		return ValueFulfilled
	case has(ResolutionFulfilled, ResolutionPartiallyFulfilled):
		return ValuePartiallyFulfilled
	case has(ResolutionProposed, ResolutionPending):
		return ValuePending
	}
	return ValueNotSelected
}

// wholeValue is the status over all lines, and over corrections, which have none.
func wholeValue(r *Return) string {
	var of []string
	for k := range r.Lines {
		if l := &r.Lines[k]; l.Status == StatusOpen || l.Status == StatusCompleted {
			of = append(of, l.ResolutionStatus)
		}
	}
	for k := range r.Resolutions {
		if x := &r.Resolutions[k]; x.Type == ResolutionCorrection && x.holds() {
			of = append(of, x.Status)
		}
	}
	return rollUp(of, false)
}

// blockBy notes what a resolution keeps the return from completing for.
func (r *Return) blockBy(x *Resolution) {
	b := Blocker{ResolutionID: x.ID}
	switch x.Status {
	case ResolutionProposed:
		b.Code, b.Message = BlockedResolution, "The merchant has to confirm this resolution, or cancel it."
	case ResolutionPending, ResolutionPartiallyFulfilled:
		b.Code, b.Message = BlockedResolution, "The resolution is not carried out yet."
		if len(x.Blockers) > 0 {
			b.Message = waitsFor[x.Blockers[0].Code]
		}
	case ResolutionRequiresAction:
		b.Code, b.Message = BlockedResolutionAction, "The buyer has to pay the difference."
		if x.ActionReason == "manual_release" {
			b.Message = "The merchant has to release the resolution."
		}
	case ResolutionFailed:
		b.Code, b.Message = BlockedResolutionFailed, "The resolution failed: the merchant has to retry or cancel it."
	default:
		return
	}
	r.block(b)
}

var waitsFor = map[string]string{
	GateHandoff: "The buyer has to send the goods back before the value moves.", GateReceipt: "The goods have to arrive before the value moves.",
	GateInspection: "The goods have to be inspected and accepted before the value moves.", GateManualRelease: "The merchant has to release the resolution.",
	GateBuyerPayment: "The buyer has to pay the difference.", GateRefund: "The refund is on its way.",
	GateReplacement: "The replacement order is being made.", GateFulfillment: "The replacement has to be handed over.",
	GateCreditEffect: "The returned value is being credited.",
}
