package returns

import (
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/fulfillment"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/tenant"
)

// Handed tells which units of an order were handed over, by fulfilment, and how many of them returns hold.
// except is a return that does not count, empty for none.
func (s *Service) Handed(tx db.Tx, o *order.Order, except string) ([]returnpolicy.FulfilledLine, error) {
	found, err := s.Fulfilled(tx, o)
	if err != nil {
		return nil, fmt.Errorf("read what was handed over of order %s: %w", o.ID, err)
	}
	taken, err := held(tx, o.Scope, o.ID, except)
	if err != nil {
		return nil, err
	}
	for k := range found {
		f := &found[k]
		f.Taken = taken[goods{f.FulfillmentID, f.OrderLineItemID}]
	}
	return found, s.leaveRefunded(tx, o, except, found)
}

// leaveRefunded counts units as taken whose value went back without a return, since they cannot be given back
// for value again: of every line no more is left than what is neither refunded nor held.
func (s *Service) leaveRefunded(tx db.Tx, o *order.Order, except string, found []returnpolicy.FulfilledLine) error {
	if !slices.ContainsFunc(o.Lines, func(l order.Line) bool { return l.RefundedQuantity > 0 }) {
		return nil
	}
	all, err := OfOrder(tx, o.Scope, o.ID)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(r *Return) bool { return r.ID == except })
	for _, line := range o.Lines {
		left := line.Quantity - line.RefundedQuantity - unsettled(all, line.ID)
		for k := range found {
			if f := &found[k]; f.OrderLineItemID == line.ID {
				f.Taken = f.Quantity - min(f.Available(), max(left, 0))
				left -= f.Available()
			}
		}
	}
	return nil
}

// unsettled counts the units of a line of the order that returns hold and whose value did not go back yet.
func unsettled(all []*Return, orderLineID string) (n int64) {
	for _, r := range all {
		for _, l := range r.Lines {
			if l.OrderLineID != orderLineID || l.Status == StatusCanceled || l.Status == StatusDeclined {
				continue
			}
			n += max(l.Live()-r.settled(l.ID), 0)
		}
	}
	return n
}

// settled counts the units of a line whose value went back.
func (r *Return) settled(lineID string) (n int64) {
	for _, x := range r.Resolutions {
		if x.Type == ResolutionNoMoney || x.Status != ResolutionFulfilled && x.Effect.CreditedAt.IsZero() && x.Effect.RefundStatus != "succeeded" {
			continue
		}
		for _, part := range x.Lines {
			if part.LineID == lineID {
				n += part.Quantity
			}
		}
	}
	return n
}

// FromFulfillments tells what the fulfillments of an order handed over; it fills Service.Fulfilled. A parcel's
// arrival counts once the last of a fulfilment's outbound parcels arrived.
func FromFulfillments(tx db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error) {
	all, err := fulfillment.OfOrder(tx, o.Scope, o.ID)
	if err != nil {
		return nil, err
	}
	arrived, err := arrivals(tx, o)
	if err != nil {
		return nil, err
	}
	var out []returnpolicy.FulfilledLine
	for _, f := range all {
		if f.Effect != fulfillment.EffectFulfill {
			continue
		}
		for _, l := range f.Lines {
			line := returnpolicy.FulfilledLine{
				FulfillmentID: f.ID, OrderLineItemID: l.OrderLineItemID, Quantity: l.Quantity, FulfilledAt: f.CompletedAt,
				DeliveredAt: arrived[f.ID],
			}
			switch {
			case f.Pickup != nil:
				line.PickedUpAt = f.Pickup.PickedUpAt
			case f.LocalDelivery != nil:
				line.DeliveredAt = f.LocalDelivery.DeliveredAt
			case f.Digital != nil:
				line.DeliveredAt = f.Digital.DeliveredAt
			case f.Service != nil:
				line.ServiceAt = f.Service.CompletedAt
			}
			out = append(out, line)
		}
	}
	return out, nil
}

// arrivals tells when the last of the outbound parcels of each fulfilment arrived; one with a parcel on its way
// has not.
func arrivals(tx db.Tx, o *order.Order) (map[string]time.Time, error) {
	all, err := fulfillment.ShipmentsOfOrder(tx, o.Scope, o.ID)
	if err != nil {
		return nil, err
	}
	out, underway := map[string]time.Time{}, map[string]bool{}
	for _, sh := range all {
		if sh.Direction != fulfillment.DirectionOutbound || !sh.VoidedAt.IsZero() {
			continue
		}
		underway[sh.FulfillmentID] = underway[sh.FulfillmentID] || sh.DeliveredAt.IsZero()
		if sh.DeliveredAt.After(out[sh.FulfillmentID]) {
			out[sh.FulfillmentID] = sh.DeliveredAt
		}
	}
	for fulfillmentID, still := range underway {
		if still {
			delete(out, fulfillmentID)
		}
	}
	return out, nil
}

// judge asks the policies about lines of one order. A line that was judged before is judged by the same
// revision and as of the time it was asked for.
func (s *Service) judge(tx db.Tx, o *order.Order, found []returnpolicy.FulfilledLine, asks []returnpolicy.Request,
	revisions []*returnpolicy.Revision, now time.Time) (returnpolicy.Evaluation, error) {
	reasons, err := s.Policies.Reasons(tx, o.Scope)
	if err != nil {
		return returnpolicy.Evaluation{}, err
	}
	return returnpolicy.Evaluate(returnpolicy.EvaluateInput{
		Order: o, Fulfilled: found, Revisions: revisions, Reasons: reasons, Requests: asks, Now: now,
	}), nil
}

// revisionsFor are the revisions that may judge a line: the one that judged it already, or all that are active.
func (s *Service) revisionsFor(tx db.Tx, scope tenant.Scope, frozen string) ([]*returnpolicy.Revision, error) {
	if frozen == "" {
		return s.Policies.ActiveRevisions(tx, scope)
	}
	r, err := s.Policies.RevisionByID(tx, scope, frozen)
	if err != nil {
		return nil, fmt.Errorf("read the policy that a line is judged by: %w", err)
	}
	return []*returnpolicy.Revision{r}, nil
}

// freeze takes over what the policies said about a line.
func (l *Line) freeze(e *returnpolicy.LineEvaluation) {
	l.Eligibility = Eligibility{
		Status: e.Status, Reason: e.Reason, Message: e.Message, Quantity: e.EligibleQuantity, AllowedResolutions: e.AllowedResolutionTypes,
		Adjustments: assessments(e.Adjustments), PolicyID: e.PolicyID, RevisionID: e.RevisionID, EvaluatedAt: e.EvaluatedAt, ExpiresAt: e.ExpiresAt,
		Automatic: e.ApprovalMode == returnpolicy.Automatic, CompletionMode: e.CompletionMode,
	}
	if p := e.Proposal; p != nil {
		l.Eligibility.Proposal = &Proposal{
			Quantity: p.BasedOnQuantity, ReturnRequired: p.ReturnRequiredQuantity, AllowedResolutions: p.AllowedResolutionTypes,
			ResolutionMode: p.ResolutionMode, SelectedResolution: p.SelectedResolutionType, RefundTiming: p.RefundTiming,
			InspectionRequired: p.InspectionRequired, ReceivingLocation: p.ReceivingLocationID,
		}
	}
	l.ReceiptDispositionMode = e.ReceiptDispositionMode
	l.Value = Value{e.Value.Subtotal, e.Value.Discount, e.Value.Tax, e.Value.Total}
	l.Judged = judgement{
		RefundTiming: e.RefundTiming, GoodsRequired: e.MerchandiseRequired, InspectionRequired: e.InspectionRequired,
		ReceivingLocation: e.ReceivingLocationID, SuggestedReasons: e.SuggestedReasonIDs,
	}
}

func assessments(in []returnpolicy.Adjustment) []Assessment {
	var out []Assessment
	for _, a := range in {
		out = append(out, Assessment{
			Type: a.Type, Effect: a.Effect, Calculation: a.Calculation, Flat: a.Flat, Percent: a.Percent, Quantity: a.BasedOnQuantity, Amount: a.Calculated,
		})
	}
	return out
}

// summarize sets what the policies say about the return as a whole, from what they said about its lines: the
// first line that keeps it from being eligible speaks for it.
func (r *Return) summarize() {
	e := PolicyEvaluation{}
	rank := map[string]int{Eligible: 0, Ineligible: 1, ReviewRequired: 2}
	counts := map[string]int{}
	var speaks *Line
	for k := range r.Lines {
		l := &r.Lines[k]
		v := l.Eligibility
		counts[v.Status]++
		if speaks == nil || rank[v.Status] > rank[speaks.Eligibility.Status] {
			speaks = l
		}
		if v.EvaluatedAt.After(e.EvaluatedAt) {
			e.EvaluatedAt = v.EvaluatedAt
		}
		if !v.ExpiresAt.IsZero() && v.Status != Ineligible && (e.ExpiresAt.IsZero() || v.ExpiresAt.Before(e.ExpiresAt)) {
			e.ExpiresAt = v.ExpiresAt
		}
		e.Lines = append(e.Lines, EvaluationLine{
			OrderLineID: l.OrderLineID, FulfillmentID: l.FulfillmentID, Identity: l.Identity, Status: v.Status, Reason: v.Reason,
			Requested: l.Requested, Eligible: v.Quantity, AllowedResolutions: v.AllowedResolutions, RefundTiming: orManual(l.Judged.RefundTiming),
			GoodsRequired: l.Judged.GoodsRequired, InspectionRequired: l.Judged.InspectionRequired, ReceivingLocation: l.Judged.ReceivingLocation,
			Adjustments: v.Adjustments, SuggestedReasons: l.Judged.SuggestedReasons, ExpiresAt: v.ExpiresAt,
		})
	}
	if speaks == nil {
		return
	}
	switch len(r.Lines) {
	case counts[Eligible]:
		e.Status = Eligible
	case counts[Ineligible]:
		e.Status = Ineligible
	default:
		e.Status = ReviewRequired
	}
	e.Reason, e.Message = speaks.Eligibility.Reason, speaks.Eligibility.Message
	first := r.Lines[0].Eligibility
	if !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Eligibility.RevisionID != first.RevisionID }) {
		e.PolicyID, e.RevisionID = first.PolicyID, first.RevisionID
	}
	r.PolicyEvaluation = &e
}

// orManual is when value may go: nobody said it, so somebody has to.
func orManual(timing string) string {
	if timing == "" {
		return TimingManual
	}
	return timing
}
