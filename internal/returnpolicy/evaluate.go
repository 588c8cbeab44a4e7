package returnpolicy

import (
	"cmp"
	"slices"
	"time"

	"flint/internal/order"
)

const tooMany = "Fewer units of this item can be returned than were asked for."

// maxSuggested is how many reasons a line suggests.
const maxSuggested = 20

// Evaluate judges the requests by the revisions. It changes nothing and depends on nothing but its input.
//
// For every line it asks, in this order: are there units left; which revision rules (see pick); does that
// let the line come back; is its window open; does the reason fit the line; is the wished outcome allowed.
// Only requests whose order line and fulfilment are in the input are judged as such; others have no units.
func Evaluate(in EvaluateInput) Evaluation {
	out := Evaluation{EvaluatedAt: in.Now, Lines: make([]LineEvaluation, 0, len(in.Requests))}
	taken := map[string]int64{} // units per order line that earlier requests of this input have
	asked := map[[2]string]int64{}
	for _, req := range in.Requests {
		pair := [2]string{req.OrderLineItemID, req.FulfillmentID}
		l := in.line(req, asked[pair], taken[req.OrderLineItemID])
		asked[pair] += l.RequestedQuantity
		taken[req.OrderLineItemID] += l.RequestedQuantity
		out.Lines = append(out.Lines, l)
	}
	in.shipping(out.Lines)
	out.sum()
	return out
}

func (in *EvaluateInput) line(req Request, asked, before int64) LineEvaluation {
	out := LineEvaluation{
		OrderLineItemID: req.OrderLineItemID, FulfillmentID: req.FulfillmentID, RequestedQuantity: req.Quantity, EvaluatedAt: in.Now,
		AllowedResolutionTypes: []string{}, Adjustments: []Adjustment{}, SuggestedReasonIDs: []string{},
	}
	i := slices.IndexFunc(in.Fulfilled, func(f FulfilledLine) bool {
		return f.OrderLineItemID == req.OrderLineItemID && f.FulfillmentID == req.FulfillmentID
	})
	n := slices.IndexFunc(in.Order.Lines, func(l order.Line) bool { return l.ID == req.OrderLineItemID })
	if i < 0 || n < 0 {
		out.verdict(Ineligible, WhyQuantityUnavailable, "Nothing of this item was fulfilled.")
		return out
	}
	f, line := in.Fulfilled[i], &in.Order.Lines[n]
	available := max(f.Available()-asked, 0)
	if out.RequestedQuantity == 0 {
		out.RequestedQuantity = available
	}
	out.SuggestedReasonIDs = suggest(in.Reasons, line)
	r, tied := pick(in.Revisions, in.Order, line, f)
	if available == 0 {
		if r != nil {
			out.rule(r) // whose line it is does not change with what is left of it
		}
		out.verdict(Ineligible, WhyQuantityUnavailable, "All fulfilled units of this item are in returns already.")
		return out
	}
	out.EligibleQuantity = available
	from := min(line.RefundedQuantity+in.Claimed[line.ID]+before, line.Quantity)
	out.Value = order.LineShare(*line, from, min(from+out.RequestedQuantity, line.Quantity))
	switch {
	case out.RequestedQuantity > available && r == nil:
		out.verdict(Ineligible, WhyQuantityUnavailable, tooMany)
		return out
	case tied:
		out.verdict(ReviewRequired, WhyPolicyConflict, "Several return policies apply alike; the merchant decides.")
		return out
	case r == nil:
		out.verdict(ReviewRequired, WhyNoMatchingPolicy, "No return policy covers this item; the merchant decides.")
		return out
	}
	out.rule(r)
	if r.Window != nil {
		if since := f.since(r.Window.StartsAt); !since.IsZero() {
			out.ExpiresAt = since.Add(time.Duration(r.Window.Seconds) * time.Second)
		}
	}
	switch {
	case r.Result == Ineligible:
		out.refuse(WhyPolicyIneligible, ineligibleMessage(r.IneligibilityReason))
		return out
	case !out.ExpiresAt.IsZero() && !in.Now.Before(out.ExpiresAt):
		out.refuse(WhyWindowExpired, "The time in which this item could be returned is over.")
		return out
	case out.RequestedQuantity > available:
		out.verdict(Ineligible, WhyQuantityUnavailable, tooMany)
		return out
	case req.ReasonID != "" && !allowed(in.Reasons, req.ReasonID, line):
		out.verdict(Ineligible, WhyReasonNotAllowed, "This reason is not offered for this item.")
		return out
	case req.ResolutionType != "" && !slices.Contains(r.AllowedResolutionTypes, req.ResolutionType):
		out.verdict(Ineligible, WhyResolutionNotAllowed, "The wished outcome is not offered for this item.")
		return out
	}
	out.Proposal = r.propose(req, out.RequestedQuantity)
	known := out.restocking(r, in.Order)
	switch {
	case r.Result == ReviewRequired:
		out.verdict(ReviewRequired, WhyManualReview, "The merchant looks at each return of this item.")
	case !known:
		out.verdict(ReviewRequired, WhyManualReview, "The fee of the return policy is in another currency than the order; the merchant decides.")
	default:
		out.verdict(Eligible, WhyEligible, "This item can be returned.")
	}
	return out
}

func (l *LineEvaluation) verdict(status, reason, message string) {
	l.Status, l.Reason, l.Message = status, reason, message
}

// refuse is the verdict on a line of which no unit may come back.
func (l *LineEvaluation) refuse(reason, message string) {
	l.verdict(Ineligible, reason, message)
	l.EligibleQuantity = 0
}

// rule copies what a revision says of the line.
func (l *LineEvaluation) rule(r *Revision) {
	l.PolicyID, l.RevisionID = r.PolicyID, r.ID
	l.AllowedResolutionTypes = append([]string{}, r.AllowedResolutionTypes...)
	l.RefundTiming, l.MerchandiseRequired, l.InspectionRequired = r.RefundTiming, r.MerchandiseRequired, r.InspectionRequired
	l.ReceivingLocationID, l.ApprovalMode, l.CompletionMode = r.ReceivingLocationID, r.ApprovalMode, r.CompletionMode
	l.ReceiptDispositionMode = r.ReceiptDispositionMode
}

// propose is the decision on quantity units. An automatic resolution without a type to choose becomes manual.
func (r *Revision) propose(req Request, quantity int64) *Proposal {
	p := &Proposal{
		BasedOnQuantity: quantity, AllowedResolutionTypes: append([]string{}, r.AllowedResolutionTypes...), ResolutionMode: r.ResolutionMode,
		RefundTiming: r.RefundTiming, InspectionRequired: r.InspectionRequired, ReceivingLocationID: r.ReceivingLocationID,
	}
	if r.MerchandiseRequired {
		p.ReturnRequiredQuantity = quantity
	}
	if r.ResolutionMode != Automatic {
		return p
	}
	p.SelectedResolutionType = r.AutomaticResolutionType
	if r.ResolutionSelectionMode == BuyerRequested {
		p.SelectedResolutionType = cmp.Or(req.ResolutionType, r.AutomaticResolutionType)
	}
	if p.SelectedResolutionType == "" && len(r.AllowedResolutionTypes) == 1 {
		p.SelectedResolutionType = r.AllowedResolutionTypes[0]
	}
	if p.SelectedResolutionType == "" {
		p.ResolutionMode = Manual
	}
	return p
}

// restocking proposes the restocking fee, and tells whether it could be calculated. It is at most the value
// of the units.
func (l *LineEvaluation) restocking(r *Revision, o *order.Order) bool {
	fee := r.RestockingFee
	if fee == nil {
		return true
	}
	a := Adjustment{Type: RestockingFee, Effect: Deduction, Calculation: fee.Calculation, BasedOnQuantity: l.RequestedQuantity}
	var amount int64
	if fee.Calculation == FlatFee {
		if fee.Flat.Currency != o.Currency {
			return false
		}
		a.Flat, amount = fee.Flat.Minor, fee.Flat.Minor
	} else {
		a.Percent = fee.Percent
		v, err := fee.Percent.Of(l.Value.Subtotal - l.Value.Discount)
		if err != nil {
			return false
		}
		amount = v
	}
	a.Calculated = min(amount, l.Value.Total)
	l.Adjustments = append(l.Adjustments, a)
	return true
}

// shipping proposes the way back that the merchant offers and the buyer pays: once for all lines, the highest
// fee, on the line whose revision says it, at most what the line's value leaves. A fee in another currency
// than the order's is none.
func (in *EvaluateInput) shipping(lines []LineEvaluation) {
	best, fee := -1, int64(0)
	for i := range lines {
		l := &lines[i]
		r := in.revision(l.RevisionID)
		if l.Proposal == nil || !r.MerchandiseRequired || r.Shipping == nil {
			continue
		}
		l.ShippingPayer = r.Shipping.Payer
		if f := r.Shipping.Fee; l.ShippingPayer == PayerBuyer && f != nil && f.Currency == in.Order.Currency && f.Minor > fee {
			best, fee = i, f.Minor
		}
	}
	if best < 0 {
		return
	}
	l := &lines[best]
	amount := min(fee, l.Value.Total-l.Fees())
	l.Adjustments = append(l.Adjustments, Adjustment{
		Type: ReturnShippingFee, Effect: Deduction, Calculation: FlatFee, BasedOnQuantity: l.RequestedQuantity, Flat: fee, Calculated: amount,
	})
}

func (in *EvaluateInput) revision(revisionID string) *Revision {
	if i := slices.IndexFunc(in.Revisions, func(r *Revision) bool { return r.ID == revisionID }); i >= 0 {
		return in.Revisions[i]
	}
	return nil
}

// sum sets what the evaluation says as a whole.
func (e *Evaluation) sum() {
	count := map[string]int{}
	for i := range e.Lines {
		l := &e.Lines[i]
		count[l.Status]++
		if l.Open() && !l.ExpiresAt.IsZero() && (e.ExpiresAt.IsZero() || l.ExpiresAt.Before(e.ExpiresAt)) {
			e.ExpiresAt = l.ExpiresAt
		}
	}
	e.Status = ReviewRequired
	switch len(e.Lines) {
	case 0:
		e.Status, e.Reason, e.Message = Ineligible, WhyQuantityUnavailable, "There is nothing left to return."
		return
	case count[Eligible]:
		e.Status = Eligible
	case count[Ineligible]:
		e.Status = Ineligible
	}
	// The first line that kept the whole from being eligible speaks for it.
	speaks := &e.Lines[0]
	for _, want := range []string{ReviewRequired, Ineligible} {
		if i := slices.IndexFunc(e.Lines, func(l LineEvaluation) bool { return l.Status == want }); i >= 0 {
			speaks = &e.Lines[i]
			break
		}
	}
	e.Reason, e.Message = speaks.Reason, speaks.Message
	first := e.Lines[0].RevisionID
	if !slices.ContainsFunc(e.Lines, func(l LineEvaluation) bool { return l.RevisionID != first }) {
		e.PolicyID, e.RevisionID = e.Lines[0].PolicyID, first
	}
}

func ineligibleMessage(reason string) string {
	switch reason {
	case "final_sale":
		return "This item was sold finally and cannot be returned."
	case "product_excluded":
		return "This product cannot be returned."
	case "category_excluded":
		return "Products of this category cannot be returned."
	case "market_restricted":
		return "Items of this market cannot be returned."
	case "channel_restricted":
		return "Items bought this way cannot be returned."
	case "outside_return_window":
		return "The time in which this item could be returned is over."
	}
	return "The return policy does not let this item come back."
}
