package httpapi

import (
	"cmp"
	"slices"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// ReturnLineItemRequest asks units of one order line back.
type ReturnLineItemRequest struct {
	OrderLineID   string `json:"order_line_item_id" maxLength:"64"`
	FulfillmentID string `json:"fulfillment_id,omitzero" maxLength:"64" doc:"Needed when the line was fulfilled in several parts."`
	Quantity      int64  `json:"requested_quantity"`
	ReasonID      string `json:"return_reason_id" maxLength:"64"`
	Resolution    string `json:"requested_resolution_type,omitzero" enum:"refund,exchange,replacement,no_monetary_action"`
	BuyerNote     string `json:"buyer_note,omitzero" maxLength:"500"`
}

// ReturnEligibilitySelection says which units are asked about.
type ReturnEligibilitySelection struct {
	Type  string                  `json:"selection_type" enum:"all_remaining_fulfilled,line_items"`
	Lines []ReturnLineItemRequest `json:"line_items,omitempty" doc:"With selection_type line_items."`
}

// CreateReturnEligibilityCheckRequest asks what of an order may come back.
type CreateReturnEligibilityCheckRequest struct {
	OrderID   string                     `json:"order_id" maxLength:"64"`
	Selection ReturnEligibilitySelection `json:"selection"`
}

func (r *CreateReturnEligibilityCheckRequest) check(l *fault.List) {
	if r == nil {
		l.Add("FIELD_REQUIRED", "eligibility", "This mode needs its part.")
		return
	}
	if !id.Valid(id.Order, r.OrderID) {
		l.Add("INVALID_ID", "eligibility.order_id", "This is not the id of an order.")
	}
	chosen := r.Selection.Type == "line_items"
	if chosen && len(r.Selection.Lines) == 0 {
		l.Add("FIELD_REQUIRED", "eligibility.selection.line_items", "Name at least one line item.")
	}
	if !chosen && len(r.Selection.Lines) > 0 {
		l.Add("RETURN_INVALID", "eligibility.selection.line_items", "Either everything is asked about, or chosen line items are.")
	}
}

// ReturnReasonSummary is a reason that a buyer may choose.
type ReturnReasonSummary struct {
	ID           string `json:"return_reason_id"`
	Handle       string `json:"handle"`
	Name         string `json:"name"`
	NoteRequired bool   `json:"is_note_required"`
}

// ReturnEligibilityCheckLineItem is what the policies say about one line, and what its units are worth.
type ReturnEligibilityCheckLineItem struct {
	OrderLineID   string `json:"order_line_item_id"`
	FulfillmentID string `json:"fulfillment_id"`
	ReturnIdentity
	Requested   int64                     `json:"requested_quantity,omitzero"`
	SelfService bool                      `json:"is_self_service_enabled" doc:"The buyer may ask for it without the merchant."`
	Eligibility ReturnLineItemEligibility `json:"eligibility"`
	Reasons     []ReturnReasonSummary     `json:"suggested_return_reasons"`
	Value       ReturnLineItemValue       `json:"return_value" flint:"extension" doc:"Of the requested units, before fees."`
	Net         Money                     `json:"net_money" flint:"extension" doc:"The value less the fees that the policy proposes."`
}

// ReturnEligibilityCheck is the judgement of a selection.
type ReturnEligibilityCheck struct {
	OrderID     string                           `json:"order_id"`
	EvaluatedAt time.Time                        `json:"evaluated_at"`
	Status      string                           `json:"status" enum:"eligible,ineligible,review_required"`
	Selection   ReturnEligibilitySelection       `json:"selection"`
	Evaluation  ReturnPolicyEvaluation           `json:"policy_evaluation"`
	Lines       []ReturnEligibilityCheckLineItem `json:"line_items"`
	QuoteHash   string                           `json:"quote_hash" flint:"extension" doc:"Names verdicts, quantities and amounts; another hash is another offer."`
}

// previewEligibility judges a selection as a return made of it would be judged.
func (s *Services) previewEligibility(tx db.Tx, c *Caller, in *CreateReturnEligibilityCheckRequest) (*ReturnEligibilityCheck, error) {
	o, err := s.Orders.Get(tx.Context(), tx, c.Scope, in.OrderID)
	if err == nil && c.Kind == auth.CustomerSession && o.CustomerID != c.SubjectID {
		err = fault.NotFound("order")
	}
	if err != nil {
		return nil, fault.Below("eligibility.order_id", err)
	}
	goods, err := s.HandedOver(tx, o)
	if err != nil {
		return nil, err
	}
	var requests []returnpolicy.Request
	if in.Selection.Type == "line_items" {
		for _, l := range in.Selection.Lines {
			requests = append(requests, returnpolicy.Request{
				OrderLineItemID: l.OrderLineID, FulfillmentID: l.FulfillmentID, Quantity: l.Quantity, ReasonID: l.ReasonID, ResolutionType: l.Resolution,
			})
		}
		if requests, err = returnpolicy.Assign(o, goods, requests, "eligibility.selection."); err != nil {
			return nil, err
		}
	} else {
		requests = returnpolicy.Everything(o, goods)
	}
	e, err := s.ReturnPolicies.Judge(tx, o, goods, requests, c.Now)
	if err != nil {
		return nil, err
	}
	reasons, err := s.ReturnPolicies.Reasons(tx, c.Scope)
	if err != nil {
		return nil, err
	}
	hash, err := e.Hash()
	if err != nil {
		return nil, err
	}
	out := &ReturnEligibilityCheck{
		OrderID: o.ID, EvaluatedAt: e.EvaluatedAt, Status: e.Status, Selection: in.Selection, Lines: []ReturnEligibilityCheckLineItem{}, QuoteHash: hash,
		Evaluation: ReturnPolicyEvaluation{
			Status: e.Status, Reason: e.Reason, Message: e.Message, PolicyID: e.PolicyID, RevisionID: e.RevisionID, EvaluatedAt: e.EvaluatedAt,
			ExpiresAt: e.ExpiresAt, Lines: []ReturnPolicyEvaluationLineItem{},
		},
	}
	for i := range e.Lines {
		out.add(o, &e.Lines[i], reasons)
	}
	return out, nil
}

// add shows the judgement of one line.
func (out *ReturnEligibilityCheck) add(o *order.Order, l *returnpolicy.LineEvaluation, reasons []*returnpolicy.Reason) {
	m := func(v int64) Money { return wireMoney(v, o.Currency) }
	var line order.Line
	if n := slices.IndexFunc(o.Lines, func(x order.Line) bool { return x.ID == l.OrderLineItemID }); n >= 0 {
		line = o.Lines[n]
	}
	fees := []ReturnPolicyAdjustmentProposal{}
	for _, a := range l.Adjustments {
		fee := ReturnPolicyAdjustmentProposal{Type: a.Type, Effect: a.Effect, Calculation: a.Calculation, Quantity: a.BasedOnQuantity}
		amount := m(a.Calculated)
		fee.Amount, fee.Percent = &amount, unlessZero(a.Percent)
		if a.Calculation == returnpolicy.FlatFee {
			flat := m(a.Flat)
			fee.Flat = &flat
		}
		fees = append(fees, fee)
	}
	verdict := ReturnLineItemEligibility{
		Status: l.Status, Reason: l.Reason, Message: l.Message, Quantity: l.EligibleQuantity, Allowed: l.AllowedResolutionTypes, Adjustments: fees,
		PolicyID: l.PolicyID, RevisionID: l.RevisionID, EvaluatedAt: l.EvaluatedAt, ExpiresAt: l.ExpiresAt,
	}
	if p := l.Proposal; p != nil {
		verdict.Proposal = &ReturnLineItemDecisionProposal{
			Quantity: p.BasedOnQuantity, ReturnRequired: p.ReturnRequiredQuantity, Allowed: p.AllowedResolutionTypes, Mode: p.ResolutionMode,
			Selected: p.SelectedResolutionType, RefundTiming: p.RefundTiming, InspectionRequired: p.InspectionRequired, LocationID: p.ReceivingLocationID,
		}
	}
	identity := wireReturnIdentity(returns.Identity{Name: line.Name, Description: line.Description, SKU: line.SKU, Source: line.Source, Image: line.Image})
	out.Evaluation.Lines = append(out.Evaluation.Lines, ReturnPolicyEvaluationLineItem{
		OrderLineID: l.OrderLineItemID, FulfillmentID: l.FulfillmentID, Status: l.Status, Reason: l.Reason, Requested: l.RequestedQuantity,
		Eligible: l.EligibleQuantity, Allowed: l.AllowedResolutionTypes, RefundTiming: cmp.Or(l.RefundTiming, returnpolicy.TimingManual),
		GoodsRequired: l.MerchandiseRequired, InspectionRequired: l.InspectionRequired, LocationID: l.ReceivingLocationID, Adjustments: fees,
		SuggestedReasons: l.SuggestedReasonIDs, ExpiresAt: l.ExpiresAt, ReturnIdentity: identity,
	})
	choices := []ReturnReasonSummary{}
	for _, r := range reasons {
		if slices.Contains(l.SuggestedReasonIDs, r.ID) {
			choices = append(choices, ReturnReasonSummary{ID: r.ID, Handle: r.Handle, Name: r.Name, NoteRequired: r.NoteRequired})
		}
	}
	out.Lines = append(out.Lines, ReturnEligibilityCheckLineItem{
		OrderLineID: l.OrderLineItemID, FulfillmentID: l.FulfillmentID, ReturnIdentity: identity, Requested: l.RequestedQuantity, SelfService: l.Open(),
		Eligibility: verdict, Reasons: choices, Net: m(l.Value.Total - l.Fees()),
		Value: ReturnLineItemValue{
			UnitPrice: m(line.UnitPrice), Subtotal: m(l.Value.Subtotal), Discount: m(l.Value.Discount), Tax: m(l.Value.Tax), Total: m(l.Value.Total),
		},
	})
}
