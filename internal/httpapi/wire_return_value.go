package httpapi

import (
	"time"

	"flint/internal/returns"
)

// ReturnResolutionExecutionBlocker is one thing that is missing before a resolution executes or ends.
type ReturnResolutionExecutionBlocker struct {
	Code       string `json:"code" enum:"handoff_pending,receipt_pending,inspection_pending,manual_release_pending,buyer_payment_pending,refund_pending,replacement_order_pending,fulfillment_pending,credit_effect_pending"`
	LineID     string `json:"return_line_item_id,omitzero"`
	LinkedType string `json:"linked_resource_type,omitzero" enum:"refund,payment_intent,order,fulfillment,credit_transaction"`
	LinkedID   string `json:"linked_resource_id,omitzero"`
}

// ReturnResolutionLineItem is units whose value a resolution settles.
type ReturnResolutionLineItem struct {
	ID           string `json:"return_resolution_line_item_id"`
	ResolutionID string `json:"return_resolution_id"`
	LineID       string `json:"return_line_item_id"`
	Quantity     int64  `json:"quantity"`
	Returned     Money  `json:"returned_total_money"`
	RefundTiming string `json:"refund_timing,omitzero" enum:"after_approval,after_handoff,after_receipt,after_inspection,manual"`
}

// ReturnReplacementLineItem is goods that go to the buyer instead.
type ReturnReplacementLineItem struct {
	ID           string `json:"return_replacement_line_item_id"`
	ResolutionID string `json:"return_resolution_id"`
	VariantID    string `json:"variant_id,omitzero"`
	BundleID     string `json:"bundle_id,omitzero"`
	Name         string `json:"name"`
	Description  string `json:"description,omitzero"`
	SKU          string `json:"sku,omitzero"`
	Quantity     int64  `json:"quantity"`
	UnitPrice    Money  `json:"unit_price_money"`
	Subtotal     Money  `json:"subtotal_money"`
	Discount     Money  `json:"discount_money"`
	Tax          Money  `json:"tax_money"`
	Total        Money  `json:"total_money"`
}

// ReturnResolutionAdjustment is a fee taken off or a credit put on.
type ReturnResolutionAdjustment struct {
	Type          string       `json:"adjustment_type" enum:"return_shipping_fee,restocking_fee,other_fee,goodwill_credit,price_correction,other"`
	Effect        string       `json:"value_effect" enum:"deduction,credit"`
	Assessed      Money        `json:"assessed_amount_money" doc:"What the rule asks."`
	Applied       Money        `json:"applied_amount_money" doc:"What is really charged or given."`
	Reason        string       `json:"reason" enum:"return_policy,inspection_result,return_shipping_cost,customer_service,manual_correction,other"`
	Message       string       `json:"reason_message,omitzero"`
	Status        string       `json:"status" enum:"applied,waived"`
	WaiverReason  string       `json:"waiver_reason,omitzero" enum:"policy_override,merchant_review,customer_service,other"`
	WaiverMessage string       `json:"waiver_reason_message,omitzero"`
	WaivedAt      time.Time    `json:"waived_at,omitzero"`
	WaivedBy      *ReturnActor `json:"waived_by,omitzero"`
	LineID        string       `json:"return_line_item_id,omitzero"`
	RevisionID    string       `json:"return_policy_revision_id,omitzero"`
}

// ReturnResolution is what becomes of the value of some units.
type ReturnResolution struct {
	ID                  string                             `json:"return_resolution_id"`
	ReturnID            string                             `json:"return_id"`
	Type                string                             `json:"resolution_type" enum:"refund,exchange,replacement,no_monetary_action,correction"`
	Status              string                             `json:"status" enum:"proposed,pending,requires_action,partially_fulfilled,fulfilled,failed,canceled"`
	ActionBy            string                             `json:"action_required_by,omitzero" enum:"buyer,merchant,integration"`
	ActionReason        string                             `json:"action_reason,omitzero" enum:"buyer_payment,buyer_selection,merchant_review,manual_release,linked_effect_retry,other"`
	Blockers            []ReturnResolutionExecutionBlocker `json:"execution_blockers"`
	Lines               []ReturnResolutionLineItem         `json:"line_items"`
	Replacements        []ReturnReplacementLineItem        `json:"replacement_line_items"`
	Adjustments         []ReturnResolutionAdjustment       `json:"adjustments"`
	PricingBasis        string                             `json:"pricing_basis,omitzero" enum:"original_price,current_price,merchant_agreed_price"`
	Returned            Money                              `json:"returned_total_money"`
	Deduction           Money                              `json:"deduction_money"`
	Credit              Money                              `json:"credit_money"`
	Replacement         Money                              `json:"replacement_total_money"`
	BuyerRefund         Money                              `json:"buyer_refund_amount_money" doc:"Due to the buyer."`
	BuyerPayment        Money                              `json:"buyer_payment_amount_money" doc:"Owed by the buyer."`
	RefundIDs           []string                           `json:"refund_ids"`
	Refunds             []*Refund                          `json:"refunds,omitempty" doc:"With expand=refunds."`
	PaymentIntentIDs    []string                           `json:"payment_intent_ids"`
	PaymentIntents      []*PaymentIntentSummary            `json:"payment_intents,omitempty" doc:"With expand=payment_intents."`
	ReplacementOrderID  string                             `json:"replacement_order_id,omitzero"`
	ReplacementOrder    *OrderSummary                      `json:"replacement_order,omitzero" flint:"nullable" doc:"With expand=replacement_order."`
	Corrects            string                             `json:"corrects_return_resolution_id,omitzero"`
	RevisionID          string                             `json:"return_policy_revision_id,omitzero"`
	FailureCode         string                             `json:"failure_code,omitzero"`
	FailureMessage      string                             `json:"failure_message,omitzero"`
	ExternalReferenceID string                             `json:"external_reference_id,omitzero"`
	Metadata            map[string]string                  `json:"metadata"`
	SupportedActions    []string                           `json:"supported_actions"`
	CreatedBy           ReturnActor                        `json:"created_by"`
	ConfirmedAt         time.Time                          `json:"confirmed_at,omitzero"`
	ConfirmedBy         *ReturnActor                       `json:"confirmed_by,omitzero"`
	FulfilledAt         time.Time                          `json:"fulfilled_at,omitzero"`
	CanceledAt          time.Time                          `json:"canceled_at,omitzero"`
	Version             int64                              `json:"version"`
	QuoteHash           string                             `json:"quote_hash,omitzero" flint:"extension" doc:"Names the amounts; that of a preview with the same amounts is the same."`
	ExpiresAt           time.Time                          `json:"payment_expires_at,omitzero" flint:"extension" doc:"When an unpaid difference gives up, and the value returns to the order it was paid for."`
	CreatedAt           time.Time                          `json:"created_at"`
	UpdatedAt           time.Time                          `json:"updated_at"`
}

func wireReturnResolution(r *returns.Return, x *returns.Resolution) *ReturnResolution {
	m := func(minor int64) Money { return wireMoney(minor, r.Currency) }
	out := &ReturnResolution{
		ID: x.ID, ReturnID: r.ID, Type: x.Type, Status: x.Status, ActionBy: x.ActionBy, ActionReason: x.ActionReason,
		Blockers: []ReturnResolutionExecutionBlocker{}, Lines: []ReturnResolutionLineItem{}, Replacements: []ReturnReplacementLineItem{},
		Adjustments: []ReturnResolutionAdjustment{}, PricingBasis: x.PricingBasis, Returned: m(x.Returned), Deduction: m(x.Deduction),
		Credit: m(x.Credit), Replacement: m(x.Replacement), BuyerRefund: m(x.BuyerRefund), BuyerPayment: m(x.BuyerPayment),
		RefundIDs: listed(x.RefundIDs), PaymentIntentIDs: listed(x.PaymentIntents), ReplacementOrderID: x.ReplacementID, Corrects: x.Corrects,
		RevisionID: x.RevisionID, FailureCode: x.FailureCode, FailureMessage: x.FailureMessage, ExternalReferenceID: x.ExternalReferenceID,
		Metadata: mapped(x.Metadata), SupportedActions: listed(x.SupportedActions), CreatedBy: ReturnActor{x.CreatedBy.Type, x.CreatedBy.ID},
		ConfirmedAt: x.ConfirmedAt, ConfirmedBy: wireReturnActor(x.ConfirmedBy), FulfilledAt: x.FulfilledAt, CanceledAt: x.CanceledAt,
		Version: x.Version, QuoteHash: x.QuoteHash, ExpiresAt: x.ExpiresAt, CreatedAt: x.CreatedAt, UpdatedAt: x.UpdatedAt,
	}
	for _, b := range x.Blockers {
		out.Blockers = append(out.Blockers, ReturnResolutionExecutionBlocker(b))
	}
	for _, l := range x.Lines {
		out.Lines = append(out.Lines, ReturnResolutionLineItem{l.ID, x.ID, l.LineID, l.Quantity, m(l.Value.Total), l.RefundTiming})
	}
	for _, l := range x.Replacements {
		out.Replacements = append(out.Replacements, ReturnReplacementLineItem{
			ID: l.ID, ResolutionID: x.ID, VariantID: l.VariantID, BundleID: l.BundleID, Name: l.Name, Description: l.Description, SKU: l.SKU,
			Quantity: l.Quantity, UnitPrice: m(l.UnitPrice), Subtotal: m(l.Value.Subtotal), Discount: m(l.Value.Discount), Tax: m(l.Value.Tax),
			Total: m(l.Value.Total),
		})
	}
	for _, a := range x.Adjustments {
		out.Adjustments = append(out.Adjustments, ReturnResolutionAdjustment{
			Type: a.Type, Effect: a.Effect, Assessed: m(a.Assessed), Applied: m(a.Applied), Reason: a.Reason, Message: a.Message, Status: a.Status,
			WaiverReason: a.WaiverReason, WaiverMessage: a.WaiverMessage, WaivedAt: a.WaivedAt, WaivedBy: wireReturnActor(a.WaivedBy),
			LineID: a.LineID, RevisionID: a.RevisionID,
		})
	}
	return out
}
