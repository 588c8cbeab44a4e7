package account

import (
	"log/slog"
	"strings"
	"testing"

	"flint/internal/order"
	"flint/internal/returns"
	"flint/internal/web/ui"
)

// Every state a buyer can come to says what happened, what comes next and who acts.
func TestWordsOfReturns(t *testing.T) {
	t.Parallel()
	renderer, err := ui.New(ui.Config{Log: slog.New(slog.DiscardHandler), Languages: []ui.Language{ui.English()}}, Part())
	if err != nil {
		t.Fatal(err)
	}
	h, v := &Handler{Config: Config{UI: renderer}}, &visit{}
	type change = func(x *returns.Return)
	at := func(goods string) change { return func(x *returns.Return) { x.MerchandiseStatus = goods } }
	to := func(handedOff int64) change {
		return func(x *returns.Return) {
			x.MerchandiseStatus, x.Lines[0].HandedOff = returns.GoodsAwaitingHandoff, handedOff
			x.Handoff = []returns.HandoffRequirement{{Address: &order.Address{Line1: "1 Dock Road"}}}
		}
	}
	status := func(s string) change { return func(x *returns.Return) { x.Status = s } }
	settled := func(r returns.Resolution) change {
		return func(x *returns.Return) {
			x.Resolutions = append(x.Resolutions, r)
			x.Financial.Refunded += r.Refunded
			x.Financial.DueToBuyer += r.BuyerRefund - r.Refunded
		}
	}
	under := returns.Resolution{Type: returns.ResolutionRefund, Status: returns.ResolutionPending, BuyerRefund: 1575,
		Effect: returns.Effect{RefundID: "re_1", RefundStatus: "pending"}}
	paid, bounced, held := under, under, under
	paid.Status, paid.Refunded, paid.Effect.RefundStatus = returns.ResolutionFulfilled, 1575, "succeeded"
	bounced.Status, bounced.Effect.RefundStatus = returns.ResolutionFailed, "failed"
	held.Effect.RefundStatus = "requires_action"
	exchange := returns.Resolution{Type: returns.ResolutionExchange, Status: returns.ResolutionPartiallyFulfilled, ReplacementID: "ord_2"}
	owed, unpaid, sent := exchange, exchange, exchange
	owed.Status, owed.ActionReason, owed.BuyerPayment = returns.ResolutionRequiresAction, "buyer_payment", 750
	unpaid.Status, unpaid.FailureCode = returns.ResolutionFailed, "buyer_payment_expired"
	sent.Status = returns.ResolutionFulfilled
	corrected := owed
	corrected.Type = returns.ResolutionCorrection
	nothing := returns.Resolution{Type: returns.ResolutionNoMoney, Status: returns.ResolutionFulfilled}
	rejected := func(n int64) change {
		return func(x *returns.Return) {
			x.MerchandiseStatus, x.Lines[0].Received, x.Lines[0].Rejected = returns.GoodsDispositionRequired, 2, n
		}
	}
	back := func(x *returns.Return) {
		x.Dispositions = []returns.Disposition{{Type: returns.DisposeReturnToBuyer, Status: returns.DispositionSucceeded, Quantity: 2}}
	}
	again := func(x *returns.Return) { x.Acts = []returns.Act{{Kind: "completed"}, {Kind: "reopened"}} }

	for name, c := range map[string]struct {
		do         []change
		state, say string
	}{
		"requested":                    {[]change{status(returns.StatusRequested)}, "requested", "It may ask for more first, such as photos."},
		"refused":                      {[]change{status(returns.StatusDeclined)}, "declined", "Contact the shop if you think that this is a mistake."},
		"withdrawn":                    {[]change{status(returns.StatusCanceled), func(x *returns.Return) { x.CancelReason = "buyer_request" }}, "canceled", "The items stay with you."},
		"ended by the shop":            {[]change{status(returns.StatusCanceled), func(x *returns.Return) { x.CancelReason = "duplicate" }}, "ended", "Contact the shop if you still want to return them."},
		"run out":                      {[]change{status(returns.StatusCanceled), func(x *returns.Return) { x.CancelReason = "expired" }}, "expired", "The time for it is over."},
		"approved":                     {[]change{to(0)}, "open", "Please send the items to the address below. Your refund follows once they have arrived."},
		"approved in part":             {[]change{to(0), func(x *returns.Return) { x.DecisionStatus = returns.DecisionPartiallyApproved }}, "part", "Please send the items"},
		"no address yet":               {[]change{to(0), func(x *returns.Return) { x.Handoff[0].Address = nil }}, "open", "The shop tells you where to send the items."},
		"some sent":                    {[]change{to(1)}, "open", "Some items are still with you."},
		"refunded before sending":      {[]change{to(0), settled(paid)}, "open", "You got $15.75 back already."},
		"refund and goods travel":      {[]change{to(0), settled(under)}, "open", "Your refund of $15.75 is on its way already."},
		"on its way":                   {[]change{at(returns.GoodsInTransit)}, "transit", "Your refund follows once they have arrived."},
		"an exchange is on its way":    {[]change{at(returns.GoodsInTransit), func(x *returns.Return) { x.Lines[0].RequestedResolution = "exchange" }}, "transit", "What you get instead follows once they have arrived."},
		"a wish is open":               {[]change{at(returns.GoodsInTransit), func(x *returns.Return) { x.Lines[0].RequestedResolution = "" }}, "transit", "What you get for them follows"},
		"somebody says when":           {[]change{at(returns.GoodsInTransit), func(x *returns.Return) { x.Lines[0].RefundTiming = returns.TimingManual }}, "transit", "The shop then settles what you get."},
		"some arrived":                 {[]change{at(returns.GoodsPartiallyReceived)}, "partly", "The shop waits for the rest."},
		"arrived":                      {[]change{at(returns.GoodsReceived)}, "received", "It settles your return next."},
		"to be looked at":              {[]change{at(returns.GoodsInspectionRequired)}, "received", "It looks at them next."},
		"looked at":                    {[]change{at(returns.GoodsInspectionReviewRequired)}, "received", "It looks at them next."},
		"something is wrong":           {[]change{at(returns.GoodsException)}, "received", "has to be cleared up first"},
		"rejected":                     {[]change{rejected(2)}, "rejected", "does not take them back. It writes to you"},
		"rejected in part":             {[]change{rejected(1)}, "rejected.part", "did not accept 1 of 2."},
		"rejected and sent back":       {[]change{rejected(2), back}, "rejected", "They come back to you."},
		"refund on its way":            {[]change{at(returns.GoodsReceived), settled(under)}, "refund", "You get $15.75 back."},
		"refund without goods":         {[]change{settled(under)}, "refund", "Banks can take some days"},
		"refund waits for the shop":    {[]change{settled(held)}, "open", "The shop still has to release what you get."},
		"refunded, not closed":         {[]change{at(returns.GoodsResolved), settled(paid)}, "refunded", "The shop closes the return"},
		"refund failed":                {[]change{at(returns.GoodsReceived), settled(bounced)}, "bounced", "$15.75 could not be given back"},
		"refund failed afterwards":     {[]change{status(returns.StatusCompleted), settled(bounced)}, "bounced", "pays it another way"},
		"difference open":              {[]change{settled(owed)}, "owed", "once the difference is paid"},
		"correction asks for money":    {[]change{settled(corrected)}, "owed", "The shop corrected"},
		"difference not paid":          {[]change{settled(unpaid)}, "unpaid", "nothing was charged. The shop decides"},
		"could not be done":            {[]change{settled(returns.Resolution{Type: returns.ResolutionRefund, Status: returns.ResolutionFailed})}, "stuck", "The shop takes care of it."},
		"exchange paid":                {[]change{settled(exchange)}, "exchange", "The shop prepares it."},
		"nothing settled yet":          {nil, "open", "The shop settles it next."},
		"reopened":                     {[]change{at(returns.GoodsResolved), settled(paid), again}, "reopened", "to put something right. You got $15.75 back already."},
		"complete":                     {[]change{status(returns.StatusCompleted)}, "completed", "There is nothing left to do."},
		"complete with a refund":       {[]change{status(returns.StatusCompleted), settled(paid)}, "completed", "You got $15.75 back."},
		"complete with other goods":    {[]change{status(returns.StatusCompleted), settled(sent)}, "completed", "You got what you chose instead."},
		"complete, nothing accepted":   {[]change{status(returns.StatusCompleted), settled(nothing), rejected(2)}, "completed", "did not accept the items, so nothing is refunded."},
		"complete, everything is back": {[]change{status(returns.StatusCompleted), settled(nothing), rejected(2), back}, "completed", "They come back to you."},
	} {
		x := &returns.Return{Currency: "USD", Derived: returns.Derived{Status: returns.StatusOpen, DecisionStatus: returns.DecisionApproved, MerchandiseStatus: returns.GoodsNotRequired},
			Lines: []returns.Line{{RequestedResolution: "refund", RefundTiming: returns.AfterReceipt, Approved: 2, LineDerived: returns.LineDerived{Status: returns.StatusOpen}}}}
		for _, do := range c.do {
			do(x)
		}
		got := h.words(v, x)
		if got.State != "buyer.return.state."+c.state || !strings.Contains(got.Text, c.say) {
			t.Errorf("%s: %s: %s", name, got.State, got.Text)
		}
		if strings.Contains(got.Text, "buyer.") || strings.Contains(got.Text, "%") || h.text(got.State) == got.State {
			t.Errorf("%s has no words: %s: %s", name, got.State, got.Text)
		}
	}
}
