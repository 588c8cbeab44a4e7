package account

import (
	"cmp"
	"slices"

	"flint/internal/returns"
)

// words tell a buyer where a return stands: what happened, what comes next and who acts.
type words struct {
	State string // key of the title
	Mark  string // good, warn, bad or empty
	Text  string // a text
}

// words chooses them. What asks something of the buyer goes first, then what went wrong, then how far it is.
func (h *Handler) words(v *visit, x *returns.Return) words {
	say := func(state, mark, key string, values ...any) words {
		return words{"buyer.return.state." + state, mark, h.text("buyer.return.say."+key, values...)}
	}
	switch x.Status {
	case returns.StatusRequested:
		return say("requested", "warn", "requested")
	case returns.StatusDeclined:
		return say("declined", "", "declined")
	case returns.StatusCanceled:
		return canceledWords(x, say)
	}
	if r := failed(x); r != nil {
		return h.failedWords(v, x, r, say)
	}
	if x.Status == returns.StatusCompleted {
		return h.completedWords(v, x, say)
	}
	if r := owes(x); r != nil {
		if r.Type == returns.ResolutionCorrection {
			return say("owed", "warn", "owed.correction")
		}
		return say("owed", "warn", "owed")
	}
	return h.openWords(v, x, say)
}

type sayer func(state, mark, key string, values ...any) words

// canceledWords tell who ended a return, since only its buyer withdraws it.
func canceledWords(x *returns.Return, say sayer) words {
	switch {
	case x.CancelReason == "expired":
		return say("expired", "", "expired")
	case withdrawn(x):
		return say("canceled", "", "canceled")
	}
	return say("ended", "", "ended")
}

// withdrawn tells whether a canceled return was canceled by its buyer, or for them.
func withdrawn(x *returns.Return) bool {
	return x.CancelReason == "buyer_request" || x.CanceledBy != nil && x.CanceledBy.Type == returns.ActorBuyer
}

// failed is a resolution that could not be carried out, nil for none.
func failed(x *returns.Return) *returns.Resolution {
	for k := range x.Resolutions {
		if r := &x.Resolutions[k]; r.Status == returns.ResolutionFailed {
			return r
		}
	}
	return nil
}

func (h *Handler) failedWords(v *visit, x *returns.Return, r *returns.Resolution, say sayer) words {
	switch {
	case r.Expired():
		return say("unpaid", "warn", "unpaid")
	case r.Effect.RefundID != "":
		return say("bounced", "warn", "bounced", v.money(r.BuyerRefund-r.Refunded, x.Currency))
	}
	return say("stuck", "warn", "stuck")
}

func (h *Handler) completedWords(v *visit, x *returns.Return, say sayer) words {
	received, rejected := inspected(x)
	switch {
	case x.Financial.Refunded > 0:
		return say("completed", "good", "completed.refund", v.money(x.Financial.Refunded, x.Currency))
	case outcome(x) == returns.ResolutionExchange:
		return say("completed", "good", "completed.exchange")
	case rejected > 0 && rejected == received && sentBack(x):
		return say("completed", "", "completed.back")
	case rejected > 0 && rejected == received:
		return say("completed", "", "completed.rejected")
	}
	return say("completed", "good", "completed")
}

// openWords tell how far the goods and the value of an open return are.
func (h *Handler) openWords(v *visit, x *returns.Return, say sayer) words {
	approved := "open"
	if x.DecisionStatus == returns.DecisionPartiallyApproved {
		approved = "part"
	}
	received, rejected := inspected(x)
	then := func(w words) words {
		if next := h.next(v, x); next != "" {
			w.Text += " " + next
		}
		return w
	}
	switch {
	case len(x.Handoff) > 0 && x.Handoff[0].Address == nil:
		return then(say(approved, "good", "send.ask"))
	case len(x.Handoff) > 0 && handedOver(x):
		return then(say(approved, "good", "send.rest"))
	case len(x.Handoff) > 0:
		return then(say(approved, "good", "send"))
	case rejected > 0 && rejected == received && sentBack(x):
		return say("rejected", "warn", "rejected.back")
	case rejected > 0 && rejected == received:
		return say("rejected", "warn", "rejected")
	case rejected > 0 && sentBack(x):
		return say("rejected.part", "warn", "rejected.part.back", rejected, received)
	case rejected > 0:
		return say("rejected.part", "warn", "rejected.part", rejected, received)
	case reopened(x):
		return then(say("reopened", "warn", "reopened"))
	}
	switch x.MerchandiseStatus {
	case returns.GoodsInTransit:
		return then(say("transit", "good", "transit"))
	case returns.GoodsPartiallyReceived:
		return then(say("partly", "good", "partly"))
	case returns.GoodsException:
		return say("received", "warn", "exception")
	case returns.GoodsInspectionRequired, returns.GoodsPartiallyInspected, returns.GoodsInspectionReviewRequired:
		return then(say("received", "good", "inspecting"))
	}
	return h.valueWords(v, x, approved, say)
}

// valueWords tell how far the value of a return is, once its goods are where they should be.
func (h *Handler) valueWords(v *visit, x *returns.Return, approved string, say sayer) words {
	at := approved
	if x.MerchandiseStatus != returns.GoodsNotRequired {
		at = "received"
	}
	has := func(is func(r *returns.Resolution) bool) bool {
		for k := range x.Resolutions {
			if is(&x.Resolutions[k]) {
				return true
			}
		}
		return false
	}
	due := v.money(x.Financial.DueToBuyer, x.Currency)
	switch {
	case has(returning):
		return say("refund", "good", "refund", due)
	case has(func(r *returns.Resolution) bool {
		return r.Effect.RefundStatus == "requires_action" || r.ActionReason == "manual_release"
	}):
		return say(at, "good", "release")
	case has(func(r *returns.Resolution) bool {
		return r.ReplacementID != "" && r.Type != returns.ResolutionCorrection && r.Status != returns.ResolutionFulfilled && r.Status != returns.ResolutionCanceled
	}):
		return say("exchange", "good", "exchange")
	case x.Financial.Refunded > 0 && x.Financial.DueToBuyer == 0:
		return say("refunded", "good", "refunded", v.money(x.Financial.Refunded, x.Currency))
	case at == "received":
		return say(at, "good", "received")
	}
	return say(at, "good", "open")
}

// returning tells whether money is on its way to the buyer.
func returning(r *returns.Resolution) bool {
	return r.Effect.RefundID != "" && r.Refunded < r.BuyerRefund && r.Effect.RefundStatus != "requires_action" && r.Status != returns.ResolutionFailed
}

// next says what the value of a return waits for while its goods travel, or that it does not wait.
func (h *Handler) next(v *visit, x *returns.Return) string {
	if slices.ContainsFunc(x.Resolutions, func(r returns.Resolution) bool { return returning(&r) }) {
		return h.text("buyer.return.next.going", v.money(x.Financial.DueToBuyer, x.Currency))
	}
	if x.Financial.Refunded > 0 && x.Financial.DueToBuyer == 0 {
		return h.text("buyer.return.next.gone", v.money(x.Financial.Refunded, x.Currency))
	}
	timing := ""
	for k := range x.Lines {
		l := &x.Lines[k]
		if l.Status != returns.StatusOpen {
			continue
		}
		if timing != "" && timing != l.RefundTiming {
			return h.text("buyer.return.next.shop")
		}
		timing = l.RefundTiming
	}
	switch timing {
	case returns.AfterHandoff, returns.AfterReceipt, returns.AfterInspection:
		return h.text("buyer.return.next." + cmp.Or(expected(x), "value") + "." + timing)
	}
	return h.text("buyer.return.next.shop")
}

// expected is refund or exchange where it is known what the buyer gets for all lines: settled, or else what was asked
// for.
func expected(x *returns.Return) string {
	if kind := outcome(x); kind == returns.ResolutionRefund || kind == returns.ResolutionExchange {
		return kind
	}
	kinds := map[string]bool{}
	for k := range x.Lines {
		switch l := &x.Lines[k]; {
		case l.Status != returns.StatusOpen:
		case l.RequestedResolution == returns.ResolutionReplacement:
			kinds[returns.ResolutionExchange] = true
		default:
			kinds[l.RequestedResolution] = true
		}
	}
	for _, kind := range []string{returns.ResolutionRefund, returns.ResolutionExchange} {
		if len(kinds) == 1 && kinds[kind] {
			return kind
		}
	}
	return ""
}

// inspected counts what arrived and what of it was not accepted.
func inspected(x *returns.Return) (received, rejected int64) {
	for k := range x.Lines {
		received, rejected = received+x.Lines[k].Received, rejected+x.Lines[k].Rejected
	}
	return received, rejected
}

// sentBack tells whether goods that were not accepted go back to the buyer.
func sentBack(x *returns.Return) bool {
	return slices.ContainsFunc(x.Dispositions, func(d returns.Disposition) bool {
		return d.Type == returns.DisposeReturnToBuyer && d.Quantity > 0 && d.ReplacedBy == "" && (d.Status == returns.DispositionSucceeded || d.Status == returns.DispositionPending)
	})
}

// handedOver tells whether some of the goods have left the buyer already.
func handedOver(x *returns.Return) bool {
	return slices.ContainsFunc(x.Lines, func(l returns.Line) bool { return l.HandedOff > 0 })
}

// reopened tells whether a return is open after it was complete.
func reopened(x *returns.Return) bool {
	return slices.ContainsFunc(x.Acts, func(a returns.Act) bool { return a.Kind == "reopened" })
}
