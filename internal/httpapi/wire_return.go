package httpapi

import (
	"time"

	"flint/internal/order"
	"flint/internal/returns"
)

// ReturnActor is who did something to a return.
type ReturnActor struct {
	Type string `json:"actor_type" enum:"buyer,merchant,integration,system"`
	ID   string `json:"actor_id,omitzero"`
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
