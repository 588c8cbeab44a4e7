package httpapi

import (
	"time"

	"flint/internal/money"
	"flint/internal/refund"
)

// Refund is money of an order on its way back, or back.
type Refund struct {
	ID                  string                 `json:"refund_id"`
	Status              string                 `json:"status" enum:"pending,in_transit,succeeded,failed,requires_action,canceled,partially_succeeded"`
	Amount              Money                  `json:"amount_money"`
	Tip                 Money                  `json:"refunded_tip_money"`
	Reason              *string                `json:"reason" nullable:"true" enum:"duplicate,fraudulent,requested_by_customer,defective_product,wrong_item_shipped,never_received,not_as_described,arrived_too_late,customer_changed_mind,better_price_found,accidental_order,other"`
	ReasonMessage       string                 `json:"reason_message,omitzero"`
	Method              string                 `json:"refund_method" enum:"original_payment,manual,exchange_credit"`
	FailureReason       string                 `json:"failure_reason,omitzero" enum:"expired_or_canceled_card,lost_or_stolen_card,insufficient_funds,insufficient_available_balance,declined,merchant_request,payment_disputed,payment_refund_failed,payment_refund_not_attempted,refund_failed"`
	OrderID             string                 `json:"order_id"`
	Order               *OrderSummary          `json:"order,omitzero" flint:"nullable" doc:"With expand=order."`
	PaymentIntentID     string                 `json:"payment_intent_id,omitzero" doc:"When one payment gives everything back."`
	PaymentIntent       *PaymentIntentSummary  `json:"payment_intent,omitzero" flint:"nullable" doc:"With expand=payment_intent."`
	CustomerID          string                 `json:"customer_id,omitzero"`
	Customer            *CustomerSummary       `json:"customer,omitzero" flint:"nullable" doc:"With expand=customer."`
	InvoiceID           string                 `json:"invoice_id,omitzero"`
	CreditNoteID        string                 `json:"credit_note_id,omitzero"`
	ReturnID            string                 `json:"return_id,omitzero"`
	ReturnResolutionID  string                 `json:"return_resolution_id,omitzero"`
	ReviewID            string                 `json:"review_id,omitzero"`
	PaymentRefunds      []PaymentRefund        `json:"payment_refunds"`
	Tenders             []RefundTender         `json:"tender_allocations"`
	Lines               []RefundLineAllocation `json:"line_item_allocations,omitempty"`
	Charges             []RefundChargeShare    `json:"charge_allocations,omitempty" flint:"extension" doc:"What the refund gives back of charges."`
	Taxes               []RefundTaxShare       `json:"tax_breakdown_refunds,omitempty"`
	GiftCardRecoveries  []any                  `json:"unissued_gift_card_recoveries,omitempty"`
	IdempotencyKey      string                 `json:"idempotency_key,omitzero"`
	ExternalReferenceID string                 `json:"external_reference_id,omitzero"`
	Goodwill            *Money                 `json:"goodwill_money,omitzero" flint:"extension" doc:"What was given on top, for nothing that was sold."`
	Approval            *RefundApproval        `json:"approval,omitzero" flint:"extension" doc:"Of a refund above the merchant's limit."`
	CompletesID         string                 `json:"completes_refund_id,omitzero" flint:"extension" doc:"The failed refund whose money this one records as given back elsewhere."`
	Reference           string                 `json:"manual_reference,omitzero" flint:"extension"`
	Note                string                 `json:"manual_note,omitzero" flint:"extension"`
	AllowDisputed       bool                   `json:"allow_disputed,omitzero" flint:"extension" doc:"A payment under dispute was refunded all the same."`
	Metadata            map[string]string      `json:"metadata,omitempty"`
	MerchantID          string                 `json:"merchant_id"`
	CreatedAt           time.Time              `json:"created_at"`
	UpdatedAt           time.Time              `json:"updated_at"`
}

// PaymentRefund is the part of a refund that one payment gives back.
type PaymentRefund struct {
	PaymentIntentID string                `json:"payment_intent_id"`
	PaymentIntent   *PaymentIntentSummary `json:"payment_intent,omitzero" flint:"nullable" doc:"With expand=payment_refunds.payment_intent."`
	Amount          Money                 `json:"amount_money"`
	Tip             Money                 `json:"refunded_tip_money"`
	Status          string                `json:"status" enum:"pending,in_transit,succeeded,failed,requires_action,canceled,partially_succeeded"`
	FailureReason   string                `json:"failure_reason,omitzero" enum:"expired_or_canceled_card,lost_or_stolen_card,insufficient_funds,insufficient_available_balance,declined,merchant_request,payment_disputed,payment_refund_failed,payment_refund_not_attempted,refund_failed"`
}

// RefundTender is the same part, by tender.
type RefundTender struct {
	ID              string `json:"refund_allocation_id"`
	Type            string `json:"tender_type" enum:"payment_intent,gift_card_redemption"`
	PaymentIntentID string `json:"payment_intent_id"`
	Amount          Money  `json:"amount_money"`
	Tip             Money  `json:"refunded_tip_money"`
	Status          string `json:"status" enum:"pending,in_transit,succeeded,failed,requires_action,canceled,partially_succeeded"`
	FailureReason   string `json:"failure_reason,omitzero" enum:"expired_or_canceled_card,lost_or_stolen_card,insufficient_funds,insufficient_available_balance,declined,merchant_request,payment_disputed,payment_refund_failed,payment_refund_not_attempted,refund_failed"`
	Destination     string `json:"destination,omitzero" enum:"original,replacement"`
	Cards           []any  `json:"destination_cards,omitempty"`
}

// RefundAutomatic is the computed share of a line, before adjustments.
type RefundAutomatic struct {
	Subtotal Money `json:"subtotal_money"`
	Discount Money `json:"discount_money"`
	Tax      Money `json:"tax_money"`
	Total    Money `json:"total_money"`
}

// RefundReason explains an adjustment.
type RefundReason struct {
	Code        string `json:"code" minLength:"1" maxLength:"64"`
	Description string `json:"description,omitzero" maxLength:"500"`
}

// RefundAdjustment withholds part of a line's share.
type RefundAdjustment struct {
	ID        string       `json:"refund_line_item_adjustment_id"`
	Type      string       `json:"adjustment_type" enum:"restocking_fee,withheld_amount,refund_adjustment,tax_adjustment"`
	AppliesTo string       `json:"applies_to"`
	Amount    Money        `json:"amount_money"`
	Refunded  Money        `json:"refunded_money"`
	Remaining Money        `json:"remaining_money"`
	Reason    RefundReason `json:"reason"`
}

// RefundAdjustmentReturn gives a withheld amount back.
type RefundAdjustmentReturn struct {
	ID         string `json:"refund_line_item_adjustment_refund_id"`
	OriginalID string `json:"original_refund_line_item_adjustment_id"`
	Amount     Money  `json:"amount_money"`
}

// RefundLineAllocation is the part of a refund that belongs to one line.
type RefundLineAllocation struct {
	LineID            string                   `json:"order_line_item_id"`
	Quantity          int64                    `json:"quantity"`
	Refunded          Money                    `json:"refunded_money"`
	Automatic         RefundAutomatic          `json:"automatic_refund"`
	Adjustments       []RefundAdjustment       `json:"adjustments,omitempty"`
	AdjustmentRefunds []RefundAdjustmentReturn `json:"adjustment_refunds,omitempty"`
	TaxMode           string                   `json:"tax_refund_mode" enum:"automatic,explicit"`
	Taxes             []RefundTaxShare         `json:"tax_breakdown_refunds,omitempty"`
	TaxAudit          *RefundTaxDecision       `json:"tax_adjustment_audit,omitzero" flint:"extension" doc:"Who decided on an explicit tax, and why."`
	SourceType        string                   `json:"source_type,omitzero" enum:"variant,bundle"`
	ProductID         string                   `json:"product_id,omitzero"`
	VariantID         string                   `json:"variant_id,omitzero"`
	SKU               string                   `json:"sku,omitzero"`
	SelectedOptions   []SelectedOption         `json:"selected_options,omitempty"`
	Categories        []CategoryReference      `json:"categories,omitempty"`
}

// RefundApproval is the second look at a refund above the merchant's limit.
type RefundApproval struct {
	Status      string     `json:"status" enum:"pending,approved,rejected"`
	RequestedBy string     `json:"requested_by" doc:"Kind and id of the actor."`
	DecidedBy   string     `json:"decided_by,omitzero"`
	DecidedAt   *time.Time `json:"decided_at,omitzero"`
	Note        string     `json:"note,omitzero"`
}

// RefundTaxDecision says who decided on an explicit tax: the credential, and whom it named.
type RefundTaxDecision struct {
	Reason          RefundReason `json:"reason"`
	ActorType       string       `json:"actor_type"`
	ActorID         string       `json:"actor_id"`
	StatedActorType string       `json:"stated_actor_type,omitzero"`
	StatedActorID   string       `json:"stated_actor_id,omitzero"`
	Source          string       `json:"source,omitzero"`
	Automatic       Money        `json:"automatic_tax_money" doc:"What would have been refunded."`
}

// RefundChargeShare is the part of a refund that belongs to one charge.
type RefundChargeShare struct {
	ChargeID string `json:"order_charge_id"`
	Amount   Money  `json:"amount_money"`
	Tax      Money  `json:"tax_money"`
}

// RefundTaxShare is the part of a refund that belongs to one tax component.
type RefundTaxShare struct {
	BreakdownID string `json:"tax_breakdown_id"`
	ChargeID    string `json:"order_charge_id,omitzero"`
	Tax         Money  `json:"tax_money"`
}

func wireRefund(r *refund.Refund) *Refund {
	out := &Refund{
		ID: r.ID, Status: r.Status, Amount: wireMoney(r.Amount, r.Currency), Tip: wireMoney(r.Tip, r.Currency),
		ReasonMessage: r.Detail.ReasonMessage, Method: r.Method(), Goodwill: wireMoneyIf(r.Detail.Goodwill, r.Currency), Approval: wireRefundApproval(r), CompletesID: r.Detail.CompletesID,
		Reference: r.Detail.Reference, Note: r.Detail.Note, AllowDisputed: r.Detail.DespiteDispute, ReturnID: r.ReturnID, ReturnResolutionID: r.ReturnResolutionID, FailureReason: r.FailureReason(), OrderID: r.OrderID,
		CustomerID: r.CustomerID, InvoiceID: r.Detail.InvoiceID, CreditNoteID: r.Detail.CreditNoteID, IdempotencyKey: r.Detail.IdempotencyKey, ExternalReferenceID: r.ExternalReferenceID,
		Metadata: r.Detail.Metadata, MerchantID: r.Scope.MerchantID, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		PaymentRefunds: []PaymentRefund{}, Tenders: []RefundTender{},
	}
	if r.Reason != "" {
		out.Reason = &r.Reason
	}
	if len(r.Allocations) == 1 {
		out.PaymentIntentID = r.Allocations[0].PaymentIntentID
	}
	for _, a := range r.Allocations {
		amount, tip := wireMoney(a.Amount, r.Currency), wireMoney(a.Tip, r.Currency)
		out.PaymentRefunds = append(out.PaymentRefunds, PaymentRefund{
			PaymentIntentID: a.PaymentIntentID, Amount: amount, Tip: tip, Status: a.Status, FailureReason: a.FailureReason,
		})
		out.Tenders = append(out.Tenders, RefundTender{
			ID: a.ID, Type: "payment_intent", PaymentIntentID: a.PaymentIntentID, Amount: amount, Tip: tip, Status: a.Status,
			FailureReason: a.FailureReason, Destination: "original",
		})
	}
	out.Taxes = wireRefundTaxes(r)
	for _, l := range r.Detail.Lines {
		out.Lines = append(out.Lines, wireRefundLine(r, l))
	}
	for _, c := range r.Detail.Charges {
		out.Charges = append(out.Charges, RefundChargeShare{c.ChargeID, wireMoney(c.Amount, r.Currency), wireMoney(c.Tax, r.Currency)})
	}
	return out
}

func wireRefundLine(r *refund.Refund, l refund.LineAllocation) RefundLineAllocation {
	m := func(v int64) Money { return wireMoney(v, r.Currency) }
	out := RefundLineAllocation{
		LineID: l.LineID, Quantity: l.Quantity, Refunded: m(l.Refunded), TaxMode: l.TaxMode(), Taxes: wireTaxParts(l.Taxes, "", r.Currency), SKU: l.SKU,
		Automatic: RefundAutomatic{m(l.Subtotal), m(l.Discount), m(l.Tax), m(l.Total)},
	}
	for _, a := range l.Adjustments {
		out.Adjustments = append(out.Adjustments, RefundAdjustment{
			ID: a.ID, Type: a.Type, AppliesTo: a.AppliesTo, Amount: m(a.Amount), Refunded: m(a.Returned), Remaining: m(a.Amount - a.Returned),
			Reason: RefundReason{a.ReasonCode, a.Description},
		})
	}
	for _, g := range l.AdjustmentRefunds {
		out.AdjustmentRefunds = append(out.AdjustmentRefunds, RefundAdjustmentReturn{g.ID, g.AdjustmentID, m(g.Amount)})
	}
	if from := l.Source; from != nil {
		out.SourceType, out.ProductID, out.VariantID = "variant", from.ProductID, from.VariantID
		out.SelectedOptions, out.Categories = wireChoices(from.Selected), wireCategories(from.Categories)
	}
	if a := l.TaxAudit; a != nil {
		out.TaxAudit = &RefundTaxDecision{
			Reason: RefundReason{a.ReasonCode, a.Description}, ActorType: a.ActorType, ActorID: a.ActorID, StatedActorType: a.StatedType,
			StatedActorID: a.StatedID, Source: a.Source, Automatic: m(a.Automatic),
		}
	}
	return out
}

// wireRefundTaxes are all components of tax that a refund gives back, each once.
func wireRefundTaxes(r *refund.Refund) []RefundTaxShare {
	out := wireTaxParts(r.Detail.Taxes, "", r.Currency)
	for _, l := range r.Detail.Lines {
		out = append(out, wireTaxParts(l.Taxes, "", r.Currency)...)
	}
	for _, c := range r.Detail.Charges {
		out = append(out, wireTaxParts(c.Taxes, c.ChargeID, r.Currency)...)
	}
	return out
}

func wireTaxParts(parts []refund.TaxPart, chargeID string, c money.Currency) []RefundTaxShare {
	var out []RefundTaxShare
	for _, p := range parts {
		out = append(out, RefundTaxShare{p.BreakdownID, chargeID, wireMoney(p.Amount, c)})
	}
	return out
}

func wireRefundApproval(r *refund.Refund) *RefundApproval {
	a := r.Detail.Approval
	if a == nil {
		return nil
	}
	out := &RefundApproval{RequestedBy: a.RequestedBy, DecidedBy: a.DecidedBy, DecidedAt: timeIf(a.DecidedAt), Note: a.Note, Status: "pending"}
	switch {
	case a.DecidedAt.IsZero():
	case a.Approved:
		out.Status = "approved"
	default:
		out.Status = "rejected"
	}
	return out
}
