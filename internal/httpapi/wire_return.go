package httpapi

import (
	"time"

	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/returns"
)

// ReturnActor is who did something to a return.
type ReturnActor struct {
	Type string `json:"actor_type" enum:"buyer,merchant,integration,system"`
	ID   string `json:"actor_id,omitzero"`
}

// ReturnLineItemValue is what the requested units of a line carry.
type ReturnLineItemValue struct {
	UnitPrice Money `json:"unit_price_money"`
	Subtotal  Money `json:"subtotal_money"`
	Discount  Money `json:"discount_money"`
	Tax       Money `json:"tax_money"`
	Total     Money `json:"total_money"`
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

// ReturnFinancialSummary is the money of a return over all its resolutions.
type ReturnFinancialSummary struct {
	Subtotal     Money `json:"returned_subtotal_money"`
	Discount     Money `json:"returned_discount_money"`
	Tax          Money `json:"returned_tax_money"`
	Total        Money `json:"returned_total_money"`
	Deduction    Money `json:"deduction_money"`
	Credit       Money `json:"credit_money"`
	Replacement  Money `json:"replacement_total_money"`
	DueToBuyer   Money `json:"due_to_buyer_money"`
	DueFromBuyer Money `json:"due_from_buyer_money"`
	Refunded     Money `json:"refunded_money"`
	Collected    Money `json:"collected_money"`
}

// ReturnHandoffDestination is where goods go back to.
type ReturnHandoffDestination struct {
	Type       string   `json:"destination_type" enum:"buyer_address,location,external_location"`
	LocationID string   `json:"location_id,omitzero"`
	Name       string   `json:"name,omitzero"`
	Address    *Address `json:"address,omitzero"`
}

// ReturnHandoffRequirement is goods that are still with the buyer.
type ReturnHandoffRequirement struct {
	Status        string                   `json:"status" enum:"pending,in_progress"`
	Destination   ReturnHandoffDestination `json:"destination"`
	Lines         []ReturnShipmentLine     `json:"line_items"`
	Instructions  string                   `json:"instructions,omitzero"`
	ExpiresAt     time.Time                `json:"expires_at,omitzero"`
	ShipmentCount int64                    `json:"shipment_count,omitzero"`
}

// ReturnCompletionBlocker is one thing that is missing before a return can complete.
type ReturnCompletionBlocker struct {
	Code          string `json:"code" enum:"decision_pending,handoff_pending,receipt_pending,inspection_pending,inspection_review_required,disposition_required,resolution_not_selected,resolution_pending,resolution_requires_action,resolution_failed,merchandise_exception"`
	Message       string `json:"message" doc:"What is missing and who has to act."`
	LineID        string `json:"return_line_item_id,omitzero"`
	ReceiptID     string `json:"return_receipt_id,omitzero"`
	InspectionID  string `json:"return_inspection_id,omitzero"`
	DispositionID string `json:"return_disposition_id,omitzero"`
	ResolutionID  string `json:"return_resolution_id,omitzero"`
	ShipmentID    string `json:"shipment_id,omitzero"`
}

// ReturnResource is the work of taking goods and money of one order back.
type ReturnResource struct {
	ID                  string                     `json:"return_id"`
	Number              string                     `json:"return_number"`
	OrderID             string                     `json:"order_id"`
	Order               *OrderSummary              `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	CustomerID          string                     `json:"customer_id,omitzero"`
	Customer            *CustomerSummary           `json:"customer,omitzero" flint:"nullable" doc:"With expand=customer."`
	Status              string                     `json:"status" enum:"requested,open,completed,declined,canceled"`
	DecisionStatus      string                     `json:"decision_status" enum:"pending,approved,partially_approved,declined"`
	DecisionAt          time.Time                  `json:"decision_at,omitzero"`
	MerchandiseStatus   string                     `json:"merchandise_status" enum:"not_required,awaiting_handoff,in_transit,partially_received,received,inspection_required,partially_inspected,inspection_review_required,disposition_required,resolved,exception"`
	ResolutionStatus    string                     `json:"resolution_status" enum:"not_selected,pending,partially_fulfilled,requires_action,fulfilled,failed"`
	CompletionMode      string                     `json:"completion_mode,omitzero" enum:"manual,automatic"`
	InitiatedBy         string                     `json:"initiated_by" enum:"buyer,merchant,integration,system"`
	Lines               []ReturnLineItem           `json:"line_items"`
	PolicyEvaluation    *ReturnPolicyEvaluation    `json:"policy_evaluation,omitzero"`
	Financial           ReturnFinancialSummary     `json:"financial_summary"`
	Handoff             []ReturnHandoffRequirement `json:"handoff_requirements"`
	CompletionBlockers  []ReturnCompletionBlocker  `json:"completion_blockers"`
	BuyerActions        []BuyerAction              `json:"buyer_actions" doc:"For the buyer's own reads; empty for merchants and in events."`
	SupportedActions    []string                   `json:"supported_actions"`
	ReceiptCount        int64                      `json:"receipt_count"`
	InspectionCount     int64                      `json:"inspection_count"`
	DispositionCount    int64                      `json:"disposition_count"`
	ResolutionCount     int64                      `json:"resolution_count"`
	ShipmentCount       int64                      `json:"shipment_count,omitzero"`
	ExternalReferenceID string                     `json:"external_reference_id,omitzero"`
	Metadata            map[string]string          `json:"metadata"`
	Version             int64                      `json:"version"`
	CreatedAt           time.Time                  `json:"created_at"`
	UpdatedAt           time.Time                  `json:"updated_at"`
	CompletedAt         time.Time                  `json:"completed_at,omitzero"`
	CompletedBy         *ReturnActor               `json:"completed_by,omitzero"`
	CanceledAt          time.Time                  `json:"canceled_at,omitzero"`
}

// wireReturn shows a return to its merchant.
func wireReturn(r *returns.Return) *ReturnResource {
	f := r.Financial
	m := func(minor int64) Money { return wireMoney(minor, r.Currency) }
	out := &ReturnResource{
		ID: r.ID, Number: r.Number, OrderID: r.OrderID, CustomerID: r.CustomerID, Status: r.Status, DecisionStatus: r.DecisionStatus,
		DecisionAt: r.DecisionAt, MerchandiseStatus: r.MerchandiseStatus, ResolutionStatus: r.ResolutionStatus, CompletionMode: r.CompletionMode,
		InitiatedBy: r.InitiatedBy, Lines: []ReturnLineItem{}, PolicyEvaluation: wireReturnEvaluation(r.PolicyEvaluation, r.Currency),
		Financial: ReturnFinancialSummary{
			Subtotal: m(f.Returned.Subtotal), Discount: m(f.Returned.Discount), Tax: m(f.Returned.Tax), Total: m(f.Returned.Total),
			Deduction: m(f.Deduction), Credit: m(f.Credit), Replacement: m(f.Replacement), DueToBuyer: m(f.DueToBuyer),
			DueFromBuyer: m(f.DueFromBuyer), Refunded: m(f.Refunded), Collected: m(f.Collected),
		},
		Handoff: []ReturnHandoffRequirement{}, CompletionBlockers: []ReturnCompletionBlocker{}, BuyerActions: []BuyerAction{},
		SupportedActions: listed(r.SupportedActions), ReceiptCount: r.ReceiptCount, InspectionCount: r.InspectionCount,
		DispositionCount: r.DispositionCount, ResolutionCount: r.ResolutionCount, ShipmentCount: r.ShipmentCount,
		ExternalReferenceID: r.ExternalReferenceID, Metadata: mapped(r.Metadata), Version: r.Version, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		CompletedAt: r.CompletedAt, CompletedBy: wireReturnActor(r.CompletedBy), CanceledAt: r.CanceledAt,
	}
	for k := range r.Lines {
		out.Lines = append(out.Lines, wireReturnLine(r, &r.Lines[k]))
	}
	for _, h := range r.Handoff {
		out.Handoff = append(out.Handoff, wireHandoff(h))
	}
	for _, b := range r.CompletionBlockers {
		out.CompletionBlockers = append(out.CompletionBlockers, ReturnCompletionBlocker(b))
	}
	return out
}

// wireMyReturn shows a return to its buyer: with what they can do, and without what is the merchant's.
func wireMyReturn(r *returns.Return) *ReturnResource {
	out := wireReturn(r)
	for _, a := range r.BuyerActions {
		out.BuyerActions = append(out.BuyerActions, BuyerAction{
			Kind: a.Kind, IsAvailable: a.Available, IsRequired: a.Required, Reason: a.Reason, DueAt: timeIf(a.DueAt),
		})
	}
	out.Metadata, out.SupportedActions = map[string]string{}, []string{}
	for k := range out.Lines {
		out.Lines[k].SupportedActions = []string{}
		out.Lines[k].OverrideMessage = ""
	}
	return out
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

func wireHandoff(h returns.HandoffRequirement) ReturnHandoffRequirement {
	out := ReturnHandoffRequirement{
		Status:      h.Status,
		Destination: ReturnHandoffDestination{Type: h.Type, LocationID: h.LocationID, Name: h.Name, Address: wireReturnAddress(h.Address)},
		Lines:       []ReturnShipmentLine{}, Instructions: h.Instructions, ExpiresAt: h.ExpiresAt, ShipmentCount: h.ShipmentCount,
	}
	for _, l := range h.Lines {
		out.Lines = append(out.Lines, ReturnShipmentLine(l))
	}
	return out
}

func wireReturnAddress(a *order.Address) *Address {
	if a == nil {
		return nil
	}
	return &Address{Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country}
}

func wireReturnActor(a *returns.Actor) *ReturnActor {
	if a == nil {
		return nil
	}
	return &ReturnActor{a.Type, a.ID}
}

// listed is never nil, so that an empty list is written as one.
func listed(v []string) []string {
	if v == nil {
		return []string{}
	}
	return v
}

// mapped is never nil, so that empty metadata are written as an object.
func mapped(v map[string]string) map[string]string {
	if v == nil {
		return map[string]string{}
	}
	return v
}
