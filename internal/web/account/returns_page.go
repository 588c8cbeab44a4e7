package account

import (
	"cmp"
	"slices"

	"flint/internal/db"
	"flint/internal/fulfillment"
	"flint/internal/refund"
	"flint/internal/returns"
	"flint/internal/web/ui"
)

// step is one of the steps a return takes.
type step struct {
	Text  string // key
	State string // done, now, later
}

// destination is where goods go.
type destination struct {
	Name, Instructions, By, Units string
	Address                       []string
}

// given is a line of a return.
type given struct {
	line
	Notes []string
}

// instead are goods that the buyer gets for those that come back.
type instead struct {
	Name, Units, Amount string
}

type returnPage struct {
	shown
	Base, Back, Order, Number string
	words
	Asked          string
	Steps          []step
	Lines          []given
	Bare           bool
	SendTo         []destination
	Expected       bool  // Money is what the request would come to
	Money          []row // ends with Total
	Total          row
	Settled        []row   // what moved, and what still will
	Refunds        []moved // as payments of the order show theirs
	Instead        []instead
	InsteadURL     string // of the order that brings them; empty where it cannot be seen
	Owed           string
	OwedWhy        string // a key
	OwedBy         string
	Payable        bool
	Bank           bool // some of Refunds goes by a bank
	Parcels        []parcel
	Withdraw, Kept bool   // it can be withdrawn; or it cannot, and the goods are still with the buyer
	SignIn         string // address, where withdrawing needs it
	images         []string
}

// owes is the resolution whose difference the buyer owes, nil for none.
func owes(x *returns.Return) *returns.Resolution {
	for k := range x.Resolutions {
		if r := &x.Resolutions[k]; r.Status == returns.ResolutionRequiresAction && r.ActionReason == "buyer_payment" {
			return r
		}
	}
	return nil
}

func (h *Handler) returnPage(tx db.Tx, v *visit, x *returns.Return, base string) (*returnPage, error) {
	p := &returnPage{
		Base: base, Back: v.home() + "/orders/" + x.OrderID, Order: x.OrderNumber, Number: x.Number, Asked: v.date(x.CreatedAt), Bare: true,
		words: h.words(v, x), Steps: stepsOf(x),
	}
	for k := range x.Lines {
		p.Lines = append(p.Lines, h.given(v, x, &x.Lines[k]))
		if i := x.Lines[k].Identity.Image; i != nil {
			p.Bare, p.images = false, append(p.images, ui.Origin(i.URL))
		}
	}
	h.sendTo(v, x, p)
	h.returnMoney(v, x, p)
	if r := owes(x); r != nil {
		p.Owed, p.Payable = v.money(r.BuyerPayment-r.Collected, x.Currency), h.Payable(v.scope)
		if r.Type != returns.ResolutionCorrection {
			p.OwedWhy = "buyer.return.pay.text"
		}
		if !r.ExpiresAt.IsZero() {
			p.OwedBy = h.text("buyer.return.pay.by", v.date(r.ExpiresAt))
		}
	}
	for _, a := range x.BuyerActions {
		p.Withdraw = p.Withdraw || a.Kind == "withdraw" && a.Available
	}
	p.Kept = !p.Withdraw && len(x.Handoff) > 0 && !handedOver(x)
	refunds, _, err := refund.List(tx, refund.ListInput{Scope: v.scope, ReturnID: x.ID, Limit: maxMoved})
	if err != nil {
		return nil, err
	}
	for _, r := range refunds {
		if r.Method() != refund.MethodExchangeCredit { // that moves to the order with the goods instead
			p.Refunds = append(p.Refunds, h.refunded(v, r))
			p.Bank = p.Bank || r.Method() == refund.MethodOriginal && kindOf(r.Status) != "bad"
		}
	}
	p.Parcels, err = h.parcelsBack(tx, v, x)
	return p, err
}

// parcelsBack are the parcels in which the goods of a return travel.
func (h *Handler) parcelsBack(tx db.Tx, v *visit, x *returns.Return) ([]parcel, error) {
	if x.DecisionStatus == returns.DecisionPending {
		return nil, nil // nothing travels before it is decided
	}
	all, err := fulfillment.PackagesOfOrder(tx, v.scope, x.OrderID)
	if err != nil {
		return nil, err
	}
	var out []parcel
	for _, p := range all {
		if p.ReturnID != x.ID || !p.Open() {
			continue
		}
		back := parcel{State: "buyer.parcel." + p.Status, Carrier: p.Carrier, Number: p.TrackingNumber, URL: p.TrackingURL}
		if !p.Left() {
			back.Label = p.LabelURL
		}
		out = append(out, back)
	}
	return out, nil
}

// given is a line with what the buyer said of it and what was decided.
func (h *Handler) given(v *visit, x *returns.Return, l *returns.Line) given {
	out := given{line: line{Name: l.Identity.Name, Description: l.Identity.Description, Amount: v.money(l.Value.Total, x.Currency)}}
	if l.Requested > 1 {
		out.Each = h.text("buyer.times", l.Requested)
	}
	if i := l.Identity.Image; i != nil {
		out.ImageURL, out.ImageAlt = i.URL, i.Alt
	}
	out.Notes = append(out.Notes, h.text("buyer.return.because", l.ReasonName))
	if l.BuyerNote != "" {
		out.Notes = append(out.Notes, h.text("buyer.return.said", l.BuyerNote))
	}
	if l.RequestedResolution != "" {
		out.Notes = append(out.Notes, h.text("buyer.return.wished", h.text("buyer.return.type."+l.RequestedResolution)))
	}
	if !l.DecidedAt.IsZero() && l.Declined > 0 {
		if l.Approved > 0 {
			out.Notes = append(out.Notes, h.text("buyer.return.part", l.Approved, l.Requested))
		}
		out.Notes = append(out.Notes, cmp.Or(l.DeclineMessage, h.text("buyer.return.refused."+cmp.Or(l.DeclineReason, "other"))))
	}
	if l.Canceled > 0 && x.Status != returns.StatusCanceled {
		out.Notes = append(out.Notes, h.text("buyer.return.left", l.Canceled, l.Approved))
	}
	if l.Rejected > 0 {
		out.Notes = append(out.Notes, h.text("buyer.return.rejected", l.Rejected, l.Received))
	}
	return out
}

func (h *Handler) sendTo(v *visit, x *returns.Return, p *returnPage) {
	for _, need := range x.Handoff {
		d := destination{Name: need.Name, Instructions: need.Instructions}
		if a := need.Address; a != nil {
			d.Address = addressLines(a.Line1, a.Line2, a.City, a.State, a.PostalCode, a.Country)
		}
		if !need.ExpiresAt.IsZero() {
			d.By = h.text("buyer.return.sendby", v.date(need.ExpiresAt))
		}
		n := int64(0)
		for _, l := range need.Lines {
			n += l.Quantity
		}
		d.Units = h.UI.Language("").N("pay.items", int(n))
		p.SendTo = append(p.SendTo, d)
	}
}

// returnMoney tells what the return comes to: as it was settled, or, before that, as the policies propose.
func (h *Handler) returnMoney(v *visit, x *returns.Return, p *returnPage) {
	m := func(minor int64) string { return v.money(minor, x.Currency) }
	sums := tally{}
	add := sums.add
	var value, change, total, replaced int64
	settled := false
	for k := range x.Resolutions {
		r := &x.Resolutions[k]
		if !stands(r) {
			continue
		}
		settled = true
		value += r.Returned
		replaced += r.Replacement
		total += r.BuyerRefund - r.BuyerPayment
		for _, l := range r.Replacements {
			i := instead{Name: l.Name, Amount: m(l.Value.Total)}
			if l.Quantity > 1 {
				i.Units = h.text("buyer.times", l.Quantity)
			}
			p.Instead = append(p.Instead, i)
		}
		if r.ReplacementID != "" && v.login != nil {
			p.InsteadURL = v.home() + "/orders/" + r.ReplacementID
		}
	}
	f := x.Financial
	if settled {
		add("buyer.return.value", value)
		for k := range x.Resolutions {
			r := &x.Resolutions[k]
			for _, a := range r.Adjustments {
				if stands(r) {
					add(feeText(a.Type, a.Effect), signed(a.Applied, a.Effect))
				}
			}
		}
		add("buyer.return.replacement", -replaced)
	} else if undecided(x) {
		p.Expected = true
		for k := range x.Lines {
			if worth(&x.Lines[k]) {
				value += x.Lines[k].Value.Total
			}
		}
		add("buyer.return.value", value)
		for k := range x.Lines {
			if !worth(&x.Lines[k]) {
				continue
			}
			for _, a := range x.Lines[k].Eligibility.Adjustments {
				add(feeText(a.Type, a.Effect), signed(a.Amount, a.Effect))
				change += signed(a.Amount, a.Effect)
			}
		}
		total = max(value+change, 0)
	}
	for _, s := range sums {
		p.Money = append(p.Money, row{Name: h.text(s.key), Amount: m(s.minor)})
	}
	p.Total = row{Name: h.text("buyer.return.get"), Amount: m(total)}
	switch {
	case p.Expected && expected(x) == returns.ResolutionExchange:
		p.Total.Name = h.text("buyer.return.credited")
	case p.Expected:
		p.Total.Name = h.text("buyer.return.would")
	case total == 0 && replaced > 0:
		p.Total.Name = h.text("buyer.return.even")
	case total < 0:
		p.Total = row{Name: h.text("buyer.return.pays"), Amount: m(-total)}
	}
	for _, r := range []row{{Name: "paid", Amount: positive(m, f.Collected)}, {Name: "refunded", Amount: positive(m, f.Refunded)}, {Name: "due", Amount: positive(m, f.DueToBuyer)}} {
		if r.Amount != "" {
			p.Settled = append(p.Settled, row{Name: h.text("buyer.return." + r.Name), Amount: r.Amount})
		}
	}
}

// tally adds amounts up by what they are called, so that a fee on nine lines is one row; amounts of nothing are none.
type tally []struct {
	key   string
	minor int64
}

func (t *tally) add(key string, minor int64) {
	if minor == 0 {
		return
	}
	for k := range *t {
		if (*t)[k].key == key {
			(*t)[k].minor += minor
			return
		}
	}
	*t = append(*t, struct {
		key   string
		minor int64
	}{key, minor})
}

// stands tells whether a resolution says what the return comes to.
func stands(r *returns.Resolution) bool {
	return r.Status != returns.ResolutionProposed && r.Status != returns.ResolutionCanceled && !r.Undone()
}

// worth tells whether a line may come to money, as far as it is known: what its policy selects, or the buyer's wish.
func worth(l *returns.Line) bool {
	kind := l.RequestedResolution
	if p := l.Eligibility.Proposal; p != nil && p.SelectedResolution != "" {
		kind = p.SelectedResolution
	}
	return kind != returns.ResolutionNoMoney
}

func positive(m func(int64) string, minor int64) string {
	if minor <= 0 {
		return ""
	}
	return m(minor)
}

// undecided tells whether a return may still come to what was asked for: none of it was declined, canceled or refused
// by an inspection, and nothing that was settled went wrong.
func undecided(x *returns.Return) bool {
	if x.Status != returns.StatusRequested && x.Status != returns.StatusOpen || failed(x) != nil {
		return false
	}
	return !slices.ContainsFunc(x.Lines, func(l returns.Line) bool { return l.Declined > 0 || l.Canceled > 0 || l.Rejected > 0 })
}

func feeText(kind, effect string) string {
	switch {
	case effect == returns.EffectCredit:
		return "buyer.return.credit"
	case kind == "restocking_fee", kind == "return_shipping_fee":
		return "buyer.return.fee." + kind
	}
	return "buyer.return.fee.other"
}

func signed(minor int64, effect string) int64 {
	if effect == returns.EffectCredit {
		return minor
	}
	return -minor
}

// stepsOf tells how far a return is. One that ended without goods or value has only the steps it took.
func stepsOf(x *returns.Return) []step {
	steps := []step{{"buyer.return.step.requested", "done"}, {"buyer.return.step.decided", "now"}}
	ended := "buyer.return.step.ended"
	if withdrawn(x) {
		ended = "buyer.return.step.withdrawn"
	}
	switch {
	case x.Status == returns.StatusCanceled && x.DecisionStatus == returns.DecisionPending:
		return append(steps[:1], step{ended, "done"})
	case x.DecisionStatus == returns.DecisionDeclined:
		return append(steps[:1], step{"buyer.return.step.declined", "done"})
	case x.DecisionStatus != returns.DecisionPending:
		steps[1] = step{"buyer.return.step.approved", "done"}
	}
	if x.Status == returns.StatusCanceled {
		return append(steps, step{ended, "done"})
	}
	decided := x.DecisionStatus != returns.DecisionPending
	sent, received := "later", "later"
	switch x.MerchandiseStatus {
	case returns.GoodsAwaitingHandoff:
		sent = "now"
	case returns.GoodsInTransit, returns.GoodsPartiallyReceived:
		sent, received = "done", "now"
		if len(x.Handoff) > 0 {
			sent = "now"
		}
	case returns.GoodsNotRequired:
		if decided {
			received = "done"
		}
	default:
		sent, received = "done", "done"
	}
	value := "later"
	switch {
	case failed(x) == nil && (x.ResolutionStatus == returns.ValueFulfilled || x.Status == returns.StatusCompleted):
		value = "done"
	case received == "done" || owes(x) != nil:
		value = "now"
	}
	if x.MerchandiseStatus != returns.GoodsNotRequired || !decided && wantsGoods(x) {
		steps = append(steps, step{"buyer.return.step.sent", sent}, step{"buyer.return.step.goods", received})
	}
	return append(steps, step{"buyer.return.step." + cmp.Or(outcome(x), "value"), value})
}

// wantsGoods tells whether goods are expected back before that was decided: unless a policy lets buyers keep them.
func wantsGoods(x *returns.Return) bool {
	return slices.ContainsFunc(x.Lines, func(l returns.Line) bool {
		return l.Eligibility.Proposal == nil || l.Eligibility.Proposal.ReturnRequired > 0
	})
}

// outcome is what becomes of the value, when it is the same for all of it: refund, exchange or none.
func outcome(x *returns.Return) string {
	kinds := map[string]bool{}
	for _, r := range x.Resolutions {
		switch {
		case r.Status == returns.ResolutionCanceled || r.Type == returns.ResolutionCorrection:
		case r.Type == returns.ResolutionReplacement:
			kinds[returns.ResolutionExchange] = true
		default:
			kinds[r.Type] = true
		}
	}
	if len(kinds) == 1 && kinds[returns.ResolutionRefund] {
		return returns.ResolutionRefund
	}
	if len(kinds) == 1 && kinds[returns.ResolutionExchange] {
		return returns.ResolutionExchange
	}
	if len(kinds) == 1 && kinds[returns.ResolutionNoMoney] {
		return "none"
	}
	return ""
}
