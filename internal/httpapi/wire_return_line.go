package httpapi

import (
	"time"

	"flint/internal/money"
	"flint/internal/returns"
)

// ReturnLineItem is units of a line of the order that are asked to be taken back.
type ReturnLineItem struct {
	ID                string       `json:"return_line_item_id"`
	ReturnID          string       `json:"return_id"`
	OrderLineID       string       `json:"order_line_item_id"`
	FulfillmentID     string       `json:"fulfillment_id"`
	Fulfillment       *Fulfillment `json:"fulfillment,omitzero" flint:"nullable" doc:"With expand=line_items.fulfillment."`
	Status            string       `json:"status" enum:"requested,open,completed,declined,canceled"`
	MerchandiseStatus string       `json:"merchandise_status" enum:"not_required,awaiting_handoff,in_transit,partially_received,received,inspection_required,partially_inspected,inspection_review_required,disposition_required,resolved,exception"`
	ResolutionStatus  string       `json:"resolution_status" enum:"not_selected,pending,partially_fulfilled,requires_action,fulfilled,failed"`
	ReturnIdentity
	ReasonID            string                    `json:"return_reason_id"`
	ReasonHandle        string                    `json:"return_reason_handle"`
	ReasonName          string                    `json:"return_reason_name"`
	Reason              *ReturnReason             `json:"return_reason,omitzero" flint:"nullable" doc:"With expand=line_items.return_reason."`
	BuyerNote           string                    `json:"buyer_note,omitzero"`
	Requested           int64                     `json:"requested_quantity"`
	Approved            int64                     `json:"approved_quantity"`
	Declined            int64                     `json:"declined_quantity"`
	Canceled            int64                     `json:"canceled_quantity"`
	ReturnRequired      int64                     `json:"return_required_quantity" doc:"0: the buyer keeps the goods."`
	HandedOff           int64                     `json:"handed_off_quantity"`
	Received            int64                     `json:"received_quantity"`
	Inspected           int64                     `json:"inspected_quantity"`
	Accepted            int64                     `json:"accepted_quantity"`
	Rejected            int64                     `json:"rejected_quantity"`
	ReviewRequired      int64                     `json:"review_required_quantity"`
	Dispositioned       int64                     `json:"dispositioned_quantity"`
	Resolved            int64                     `json:"resolved_quantity"`
	AvailableResolution int64                     `json:"available_resolution_quantity" doc:"Approved units that no resolution holds."`
	ResolutionCount     int64                     `json:"resolution_count"`
	RequestedResolution string                    `json:"requested_resolution_type,omitzero" enum:"refund,exchange,replacement,no_monetary_action,correction"`
	SelectedResolution  string                    `json:"selected_resolution_type,omitzero" enum:"refund,exchange,replacement,no_monetary_action"`
	Allowed             []string                  `json:"allowed_resolution_types" enum:"refund,exchange,replacement,no_monetary_action"`
	ResolutionMode      string                    `json:"resolution_mode,omitzero" enum:"automatic,manual"`
	RefundTiming        string                    `json:"refund_timing,omitzero" enum:"after_approval,after_handoff,after_receipt,after_inspection,manual"`
	LocationID          string                    `json:"receiving_location_id,omitzero"`
	InspectionRequired  *bool                     `json:"is_inspection_required,omitzero"`
	WaivedAt            time.Time                 `json:"inspection_waived_at,omitzero"`
	WaivedBy            *ReturnActor              `json:"inspection_waived_by,omitzero"`
	WaiverReason        string                    `json:"inspection_waiver_reason,omitzero" enum:"policy_override,trusted_in_store_handoff,merchant_review,other"`
	WaiverMessage       string                    `json:"inspection_waiver_reason_message,omitzero"`
	DecisionAt          time.Time                 `json:"decision_at,omitzero"`
	DecidedBy           *ReturnActor              `json:"decided_by,omitzero"`
	DeclineReason       string                    `json:"decline_reason,omitzero" enum:"not_eligible,quantity_unavailable,evidence_missing,suspected_abuse,merchant_discretion,other"`
	DeclineMessage      string                    `json:"decline_reason_message,omitzero"`
	Overridden          bool                      `json:"is_policy_overridden"`
	OverrideReason      string                    `json:"override_reason,omitzero" enum:"customer_service_exception,policy_correction,risk_review,merchant_discretion,other"`
	OverrideMessage     string                    `json:"override_reason_message,omitzero"`
	OverriddenAt        time.Time                 `json:"overridden_at,omitzero"`
	OverriddenBy        *ReturnActor              `json:"overridden_by,omitzero"`
	Eligibility         ReturnLineItemEligibility `json:"eligibility"`
	Value               ReturnLineItemValue       `json:"return_value"`
	SupportedActions    []string                  `json:"supported_actions"`
	CreatedAt           time.Time                 `json:"created_at"`
	UpdatedAt           time.Time                 `json:"updated_at"`
}

// ReturnIdentity is what a line was called when it was returned.
type ReturnIdentity struct {
	Name            string           `json:"name"`
	Description     string           `json:"description,omitzero"`
	SKU             string           `json:"sku,omitzero"`
	ProductID       string           `json:"product_id,omitzero"`
	VariantID       string           `json:"variant_id,omitzero"`
	BundleID        string           `json:"bundle_id,omitzero"`
	Components      []any            `json:"bundle_components" doc:"Always empty: bundles are not available yet."`
	Modifiers       []any            `json:"modifiers" doc:"Always empty: modifiers are not available yet."`
	SelectedOptions []SelectedOption `json:"selected_options"`
	Image           *LineImage       `json:"image,omitzero"`
}

// ReturnLineItemValue is what the requested units of a line carry.
type ReturnLineItemValue struct {
	UnitPrice Money `json:"unit_price_money"`
	Subtotal  Money `json:"subtotal_money"`
	Discount  Money `json:"discount_money"`
	Tax       Money `json:"tax_money"`
	Total     Money `json:"total_money"`
}

// ReturnLineItemEligibility is what the policies said about a line.
type ReturnLineItemEligibility struct {
	Status      string                           `json:"status" enum:"eligible,ineligible,review_required"`
	Reason      string                           `json:"reason" enum:"eligible_under_policy,manual_review_required,return_window_expired,quantity_unavailable,policy_ineligible,resolution_not_allowed,reason_not_allowed,policy_conflict,no_matching_policy"`
	Message     string                           `json:"reason_message"`
	Quantity    int64                            `json:"eligible_quantity"`
	Allowed     []string                         `json:"allowed_resolution_types" enum:"refund,exchange,replacement,no_monetary_action"`
	Proposal    *ReturnLineItemDecisionProposal  `json:"decision_proposal,omitzero"`
	Adjustments []ReturnPolicyAdjustmentProposal `json:"policy_adjustment_proposals"`
	PolicyID    string                           `json:"return_policy_id,omitzero"`
	RevisionID  string                           `json:"return_policy_revision_id,omitzero"`
	EvaluatedAt time.Time                        `json:"evaluated_at,omitzero"`
	ExpiresAt   time.Time                        `json:"expires_at,omitzero" doc:"End of the return window."`
}

// ReturnLineItemDecisionProposal is the decision that a policy proposes.
type ReturnLineItemDecisionProposal struct {
	Quantity           int64    `json:"based_on_quantity"`
	ReturnRequired     int64    `json:"return_required_quantity"`
	Allowed            []string `json:"allowed_resolution_types" enum:"refund,exchange,replacement,no_monetary_action"`
	Mode               string   `json:"resolution_mode" enum:"automatic,manual"`
	Selected           string   `json:"selected_resolution_type,omitzero" enum:"refund,exchange,replacement,no_monetary_action"`
	RefundTiming       string   `json:"refund_timing,omitzero" enum:"after_approval,after_handoff,after_receipt,after_inspection,manual"`
	InspectionRequired bool     `json:"is_inspection_required"`
	LocationID         string   `json:"receiving_location_id,omitzero"`
}

// ReturnPolicyAdjustmentProposal is a fee or credit that a policy proposes.
type ReturnPolicyAdjustmentProposal struct {
	Type        string         `json:"adjustment_type" enum:"return_shipping_fee,restocking_fee,other_fee,goodwill_credit,price_correction,other"`
	Effect      string         `json:"value_effect" enum:"deduction,credit"`
	Calculation string         `json:"calculation_type" enum:"flat,percent"`
	Flat        *Money         `json:"flat_money,omitzero"`
	Percent     *money.Percent `json:"percent,omitzero"`
	Quantity    int64          `json:"based_on_quantity,omitzero"`
	Amount      *Money         `json:"calculated_amount_money,omitzero"`
}

// ReturnPolicyEvaluation is what the policies said about a request, frozen when it was made.
type ReturnPolicyEvaluation struct {
	Status      string                           `json:"status" enum:"eligible,ineligible,review_required"`
	Reason      string                           `json:"reason" enum:"eligible_under_policy,manual_review_required,return_window_expired,quantity_unavailable,policy_ineligible,resolution_not_allowed,reason_not_allowed,policy_conflict,no_matching_policy"`
	Message     string                           `json:"reason_message"`
	PolicyID    string                           `json:"return_policy_id,omitzero"`
	RevisionID  string                           `json:"return_policy_revision_id,omitzero"`
	EvaluatedAt time.Time                        `json:"evaluated_at,omitzero"`
	ExpiresAt   time.Time                        `json:"expires_at,omitzero"`
	Lines       []ReturnPolicyEvaluationLineItem `json:"line_items"`
}

// ReturnPolicyEvaluationLineItem is what the policies said about one line of a request.
type ReturnPolicyEvaluationLineItem struct {
	OrderLineID        string                           `json:"order_line_item_id"`
	FulfillmentID      string                           `json:"fulfillment_id"`
	Status             string                           `json:"status" enum:"eligible,ineligible,review_required"`
	Reason             string                           `json:"reason" enum:"eligible_under_policy,manual_review_required,return_window_expired,quantity_unavailable,policy_ineligible,resolution_not_allowed,reason_not_allowed,policy_conflict,no_matching_policy"`
	Requested          int64                            `json:"requested_quantity"`
	Eligible           int64                            `json:"eligible_quantity"`
	Allowed            []string                         `json:"allowed_resolution_types" enum:"refund,exchange,replacement,no_monetary_action"`
	RefundTiming       string                           `json:"refund_timing" enum:"after_approval,after_handoff,after_receipt,after_inspection,manual"`
	GoodsRequired      bool                             `json:"is_merchandise_return_required"`
	InspectionRequired bool                             `json:"is_inspection_required"`
	LocationID         string                           `json:"receiving_location_id,omitzero"`
	Adjustments        []ReturnPolicyAdjustmentProposal `json:"policy_adjustment_proposals"`
	SuggestedReasons   []string                         `json:"suggested_return_reason_ids"`
	ExpiresAt          time.Time                        `json:"expires_at,omitzero"`
	ReturnIdentity
}

func wireReturnLine(r *returns.Return, l *returns.Line) ReturnLineItem {
	v := l.Value
	m := func(minor int64) Money { return wireMoney(minor, r.Currency) }
	out := ReturnLineItem{
		ID: l.ID, ReturnID: r.ID, OrderLineID: l.OrderLineID, FulfillmentID: l.FulfillmentID, Status: l.Status, MerchandiseStatus: l.MerchandiseStatus,
		ResolutionStatus: l.ResolutionStatus, ReturnIdentity: wireReturnIdentity(l.Identity), ReasonID: l.ReasonID, ReasonHandle: l.ReasonHandle,
		ReasonName: l.ReasonName, BuyerNote: l.BuyerNote, Requested: l.Requested, Approved: l.Approved, Declined: l.Declined, Canceled: l.Canceled,
		ReturnRequired: l.ReturnRequired, HandedOff: l.HandedOff, Received: l.Received, Inspected: l.Inspected, Accepted: l.Accepted,
		Rejected: l.Rejected, ReviewRequired: l.ReviewRequired, Dispositioned: l.Dispositioned, Resolved: l.Resolved,
		AvailableResolution: l.AvailableResolution, ResolutionCount: l.ResolutionCount, RequestedResolution: l.RequestedResolution,
		SelectedResolution: l.SelectedResolution, Allowed: listed(l.AllowedResolutions), ResolutionMode: l.ResolutionMode,
		RefundTiming: l.RefundTiming, LocationID: l.ReceivingLocation, WaivedAt: l.WaivedAt, WaivedBy: wireReturnActor(l.WaivedBy),
		WaiverReason: l.WaiverReason, WaiverMessage: l.WaiverMessage, DecisionAt: l.DecidedAt, DecidedBy: wireReturnActor(l.DecidedBy),
		DeclineReason: l.DeclineReason, DeclineMessage: l.DeclineMessage, Overridden: l.OverrideReason != "", OverrideReason: l.OverrideReason,
		OverrideMessage: l.OverrideMessage, OverriddenAt: l.OverriddenAt, OverriddenBy: wireReturnActor(l.OverriddenBy),
		Eligibility:      wireReturnEligibility(l.Eligibility, r.Currency),
		Value:            ReturnLineItemValue{m(l.UnitPrice), m(v.Subtotal), m(v.Discount), m(v.Tax), m(v.Total)},
		SupportedActions: listed(l.SupportedActions), CreatedAt: l.CreatedAt, UpdatedAt: l.UpdatedAt,
	}
	if !l.DecidedAt.IsZero() {
		out.InspectionRequired = &l.InspectionRequired
	}
	return out
}

func wireReturnIdentity(i returns.Identity) ReturnIdentity {
	out := ReturnIdentity{
		Name: i.Name, Description: i.Description, SKU: i.SKU, Components: []any{}, Modifiers: []any{}, SelectedOptions: []SelectedOption{},
	}
	if i.Source != nil {
		out.ProductID, out.VariantID = i.Source.ProductID, i.Source.VariantID
		out.SelectedOptions = append(out.SelectedOptions, wireChoices(i.Source.Selected)...)
	}
	if i.Image != nil {
		out.Image = &LineImage{URL: i.Image.URL, Alt: i.Image.Alt}
	}
	return out
}

func wireReturnEligibility(e returns.Eligibility, c money.Currency) ReturnLineItemEligibility {
	out := ReturnLineItemEligibility{
		Status: e.Status, Reason: e.Reason, Message: e.Message, Quantity: e.Quantity, Allowed: listed(e.AllowedResolutions),
		Adjustments: wireAssessments(e.Adjustments, c), PolicyID: e.PolicyID, RevisionID: e.RevisionID, EvaluatedAt: e.EvaluatedAt, ExpiresAt: e.ExpiresAt,
	}
	if p := e.Proposal; p != nil {
		out.Proposal = &ReturnLineItemDecisionProposal{
			Quantity: p.Quantity, ReturnRequired: p.ReturnRequired, Allowed: listed(p.AllowedResolutions), Mode: p.ResolutionMode,
			Selected: p.SelectedResolution, RefundTiming: p.RefundTiming, InspectionRequired: p.InspectionRequired, LocationID: p.ReceivingLocation,
		}
	}
	return out
}

func wireAssessments(in []returns.Assessment, c money.Currency) []ReturnPolicyAdjustmentProposal {
	out := []ReturnPolicyAdjustmentProposal{}
	for _, a := range in {
		amount := wireMoney(a.Amount, c)
		w := ReturnPolicyAdjustmentProposal{Type: a.Type, Effect: a.Effect, Calculation: a.Calculation, Quantity: a.Quantity, Amount: &amount}
		if a.Calculation == "flat" {
			flat := wireMoney(a.Flat, c)
			w.Flat = &flat
		} else {
			w.Percent = &a.Percent
		}
		out = append(out, w)
	}
	return out
}

func wireReturnEvaluation(e *returns.PolicyEvaluation, c money.Currency) *ReturnPolicyEvaluation {
	if e == nil {
		return nil
	}
	out := &ReturnPolicyEvaluation{
		Status: e.Status, Reason: e.Reason, Message: e.Message, PolicyID: e.PolicyID, RevisionID: e.RevisionID, EvaluatedAt: e.EvaluatedAt,
		ExpiresAt: e.ExpiresAt, Lines: []ReturnPolicyEvaluationLineItem{},
	}
	for _, l := range e.Lines {
		out.Lines = append(out.Lines, ReturnPolicyEvaluationLineItem{
			OrderLineID: l.OrderLineID, FulfillmentID: l.FulfillmentID, Status: l.Status, Reason: l.Reason, Requested: l.Requested,
			Eligible: l.Eligible, Allowed: listed(l.AllowedResolutions), RefundTiming: l.RefundTiming, GoodsRequired: l.GoodsRequired,
			InspectionRequired: l.InspectionRequired, LocationID: l.ReceivingLocation, Adjustments: wireAssessments(l.Adjustments, c),
			SuggestedReasons: listed(l.SuggestedReasons), ExpiresAt: l.ExpiresAt, ReturnIdentity: wireReturnIdentity(l.Identity),
		})
	}
	return out
}
