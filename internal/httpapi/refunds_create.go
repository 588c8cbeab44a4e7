package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// RefundAdjustmentInput withholds part of a line's share.
type RefundAdjustmentInput struct {
	Type      string        `json:"adjustment_type" enum:"restocking_fee,withheld_amount,refund_adjustment,tax_adjustment"`
	AppliesTo string        `json:"applies_to" minLength:"1" maxLength:"64" doc:"What the adjustment is about, for example merchandise."`
	Amount    *Money        `json:"amount_money,omitzero"`
	Reason    *RefundReason `json:"reason,omitzero"`
}

// RefundAdjustmentReturnInput gives back what an earlier refund withheld: the amount, or all that is left.
type RefundAdjustmentReturnInput struct {
	AdjustmentID string `json:"refund_line_item_adjustment_id" minLength:"1" maxLength:"64"`
	Amount       *Money `json:"amount_money,omitzero"`
}

// RefundAudit states who decided on an explicit tax. The credential that sent it is kept beside it.
type RefundAudit struct {
	ActorType string `json:"actor_type" enum:"user,system,admin"`
	ActorID   string `json:"actor_id" minLength:"1" maxLength:"128"`
	Source    string `json:"source" minLength:"1" maxLength:"128"`
}

// RefundTaxInput names a component of tax, and what of it is refunded when not all.
type RefundTaxInput struct {
	BreakdownID string `json:"tax_breakdown_id" minLength:"1" maxLength:"64"`
	Tax         *Money `json:"tax_money,omitzero"`
}

// RefundLineInput asks to refund units of a line, or an amount of it.
type RefundLineInput struct {
	LineID            string                        `json:"order_line_item_id" minLength:"1" maxLength:"64"`
	Quantity          *int64                        `json:"quantity,omitzero" minimum:"1" fault:"invalid=INVALID_QUANTITY" doc:"All units that are left when neither quantity nor amount is sent."`
	Amount            *Money                        `json:"amount_money,omitzero"`
	TaxMode           string                        `json:"tax_refund_mode,omitzero" enum:"automatic,explicit" doc:"explicit replaces the computed tax; it needs the scope commerce.refunds.tax_overrides.write, and tax_adjustment_reason."`
	Tax               *Money                        `json:"tax_money,omitzero" doc:"With tax_refund_mode explicit: the tax of the line in all."`
	Taxes             []RefundTaxInput              `json:"tax_breakdown_refunds,omitempty" maxItems:"20" doc:"With tax_refund_mode explicit: the tax by component."`
	TaxReason         *RefundReason                 `json:"tax_adjustment_reason,omitzero"`
	TaxAudit          *RefundAudit                  `json:"tax_adjustment_audit,omitzero"`
	Adjustments       []RefundAdjustmentInput       `json:"refund_adjustments,omitempty" maxItems:"20"`
	AdjustmentRefunds []RefundAdjustmentReturnInput `json:"adjustment_refunds,omitempty" maxItems:"20" doc:"Gives back what earlier refunds of the line withheld."`
}

// RefundChargeInput asks to refund a charge, or an amount of it.
type RefundChargeInput struct {
	ChargeID string `json:"order_charge_id" minLength:"1" maxLength:"64"`
	Amount   *Money `json:"amount_money,omitzero"`
}

// RefundTenderInput names how much one payment gives back.
type RefundTenderInput struct {
	Type            string `json:"tender_type" enum:"payment_intent,gift_card_redemption"`
	Amount          Money  `json:"amount_money"`
	PaymentIntentID string `json:"payment_intent_id,omitzero" maxLength:"64"`
	Destination     string `json:"destination,omitzero" enum:"original,replacement" doc:"Reserved."`
}

// CreateRefundRequest describes a refund. Without lines, charges and amount it gives back everything
// that the payments in question still can.
type CreateRefundRequest struct {
	OrderID             string              `json:"order_id,omitzero" maxLength:"64"`
	PaymentIntentID     string              `json:"payment_intent_id,omitzero" maxLength:"64"`
	Amount              *Money              `json:"amount_money,omitzero"`
	Lines               []RefundLineInput   `json:"line_items,omitempty" maxItems:"250"`
	Charges             []RefundChargeInput `json:"charges,omitempty" maxItems:"100"`
	Taxes               []RefundTaxInput    `json:"tax_breakdown_refunds,omitempty" maxItems:"100" doc:"Components of tax that are refunded alone."`
	Goodwill            *Money              `json:"goodwill_money,omitzero" flint:"extension" doc:"On top of what is named, for nothing that was sold; within what the payments can give back. Needs the scope commerce.refunds.goodwill.write."`
	AllowDisputed       bool                `json:"allow_disputed,omitzero" flint:"extension" doc:"Refund what is not disputed of a payment under dispute. Needs the scope commerce.refunds.disputed.write."`
	Tenders             []RefundTenderInput `json:"tender_allocations,omitempty" maxItems:"21"`
	ExpectedRefunded    *Money              `json:"expected_refunded_money,omitzero" flint:"extension" doc:"What the caller believes was refunded of the order so far; when it differs, nothing is refunded."`
	Reason              string              `json:"reason,omitzero" enum:"duplicate,fraudulent,requested_by_customer,defective_product,wrong_item_shipped,never_received,not_as_described,arrived_too_late,customer_changed_mind,better_price_found,accidental_order,other"`
	ReasonMessage       string              `json:"reason_message,omitzero" maxLength:"500"`
	Method              string              `json:"refund_method,omitzero" enum:"original_payment"`
	ExternalReferenceID string              `json:"external_reference_id,omitzero" maxLength:"255"`
	Metadata            map[string]string   `json:"metadata,omitempty"`
}

// CreateRefundInput is the request of createRefund.
type CreateRefundInput struct {
	Body CreateRefundRequest

	operations []payment.Operation
}

// Validate implements Validator.
func (in *CreateRefundInput) Validate() error {
	var f fault.List
	r := &in.Body
	if r.OrderID == "" && r.PaymentIntentID == "" && len(r.Tenders) == 0 {
		f.Add("FIELD_REQUIRED", "order_id", "Name an order_id, a payment_intent_id or tender_allocations.")
	}
	if r.OrderID == "" && len(r.Lines) > 0 {
		f.Add("ORDER_REQUIRED_FOR_LINE_ITEM_REFUND", "order_id", "Refunding lines needs the order_id.")
	}
	if r.OrderID == "" && len(r.Charges) > 0 {
		f.Add("ORDER_REQUIRED_FOR_CHARGE_REFUND", "order_id", "Refunding charges needs the order_id.")
	}
	if r.OrderID == "" && len(r.Taxes) > 0 {
		f.Add("ORDER_REQUIRED_FOR_TAX_BREAKDOWN_REFUND", "order_id", "Refunding taxes needs the order_id.")
	}
	if r.PaymentIntentID != "" && len(r.Tenders) > 0 {
		f.Add("EXACTLY_ONE_REQUIRED", "tender_allocations", "Name a payment_intent_id or tender_allocations, not both.")
	}
	for n, l := range r.Lines {
		at := fmt.Sprintf("line_items[%d].", n)
		if l.TaxMode != refund.TaxExplicit && (l.Tax != nil || len(l.Taxes) > 0 || l.TaxReason != nil || l.TaxAudit != nil) {
			f.Add("INVALID_REQUEST", at+"tax_refund_mode", "A tax of your own needs tax_refund_mode explicit.")
		}
	}
	for n, t := range r.Tenders {
		at := fmt.Sprintf("tender_allocations[%d].", n)
		refuseReserved(&f, t.Type == "gift_card_redemption", at+"tender_type")
		refuseReserved(&f, t.Destination == "replacement", at+"destination")
		if t.Type == "payment_intent" && t.PaymentIntentID == "" {
			f.Add("FIELD_REQUIRED", at+"payment_intent_id", "Name the payment intent that gives the amount back.")
		}
	}
	f.AddError("metadata", metadata.Check(r.Metadata))
	return f.Err()
}

func (r *CreateRefundRequest) domain(scope tenant.Scope, grantID string, cause event.Cause) refund.CreateInput {
	out := refund.CreateInput{
		Scope: scope, OrderID: r.OrderID, PaymentIntentID: r.PaymentIntentID, Amount: r.Amount.amount(),
		ExpectedRefunded: r.ExpectedRefunded.amount(), Reason: r.Reason, ReasonMessage: r.ReasonMessage,
		Goodwill: r.Goodwill.amount(), DespiteDispute: r.AllowDisputed, Taxes: domainTaxes(r.Taxes), ExternalReferenceID: r.ExternalReferenceID, Metadata: r.Metadata, GrantID: grantID, Cause: cause,
	}
	for _, l := range r.Lines {
		line := refund.LineInput{LineID: l.LineID, Quantity: l.Quantity, Amount: l.Amount.amount()}
		if l.TaxMode == refund.TaxExplicit {
			line.ExplicitTax = &refund.ExplicitTax{Tax: l.Tax.amount(), Parts: domainTaxes(l.Taxes)}
			if why := l.TaxReason; why != nil {
				line.ExplicitTax.ReasonCode, line.ExplicitTax.Description = why.Code, why.Description
			}
			if who := l.TaxAudit; who != nil {
				line.ExplicitTax.ActorType, line.ExplicitTax.ActorID, line.ExplicitTax.Source = who.ActorType, who.ActorID, who.Source
			}
		}
		for _, g := range l.AdjustmentRefunds {
			line.AdjustmentRefunds = append(line.AdjustmentRefunds, refund.AdjustmentRefundInput{AdjustmentID: g.AdjustmentID, Amount: g.Amount.amount()})
		}
		for _, adj := range l.Adjustments {
			in := refund.AdjustmentInput{Type: adj.Type, AppliesTo: adj.AppliesTo, Amount: adj.Amount.amount()}
			if adj.Reason != nil {
				in.ReasonCode, in.Description = adj.Reason.Code, adj.Reason.Description
			}
			line.Adjustments = append(line.Adjustments, in)
		}
		out.Lines = append(out.Lines, line)
	}
	for _, ch := range r.Charges {
		out.Charges = append(out.Charges, refund.ChargeInput{ChargeID: ch.ChargeID, Amount: ch.Amount.amount()})
	}
	for _, t := range r.Tenders {
		out.Tenders = append(out.Tenders, refund.TenderInput{PaymentIntentID: t.PaymentIntentID, Amount: *t.Amount.amount()})
	}
	return out
}

func domainTaxes(in []RefundTaxInput) []refund.TaxInput {
	var out []refund.TaxInput
	for _, t := range in {
		out = append(out, refund.TaxInput{BreakdownID: t.BreakdownID, Tax: t.Tax.amount()})
	}
	return out
}

// mayRefund checks the scopes that parts of a refund need beyond that of the route.
func (r *CreateRefundRequest) mayRefund(c *Caller) error {
	need := func(scope string, used bool) error {
		if !used || c.Scopes.Has(scope) {
			return nil
		}
		return insufficientScope(allOf(scope), []string{scope})
	}
	explicit := slices.ContainsFunc(r.Lines, func(l RefundLineInput) bool { return l.TaxMode == refund.TaxExplicit })
	return cmp.Or(need("commerce.refunds.tax_overrides.write", explicit), need("commerce.refunds.goodwill.write", r.Goodwill != nil),
		need("commerce.refunds.disputed.write", r.AllowDisputed))
}

func registerCreateRefund(a *API, s *Services) {
	Staged(a, "createRefund", Steps[CreateRefundInput, *Refund]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *CreateRefundInput) (string, error) {
			if err := in.Body.mayRefund(c); err != nil {
				return "", err
			}
			r, ops, err := s.Refunds.Create(tx, in.Body.domain(c.Scope, c.GrantID, c.Cause()))
			if need, ok := errors.AsType[*app.ApprovalNeeded](err); ok {
				return s.requestApproval(tx, c, need, &in.Body)
			}
			if err != nil {
				return "", err
			}
			in.operations = ops
			return r.ID, nil
		},
		Finish: func(ctx context.Context, c *Caller, in *CreateRefundInput, subject string, settle func(db.Tx, *Refund) error) (*Refund, error) {
			if id.Valid(id.AppApproval, subject) {
				return nil, errApprovalRequired(subject)
			}
			return finishRefund(ctx, a, s, c, subject, in.operations, wireRefund, settle)
		},
	}, Doc("Refund an order or a payment", "The amount is reserved at once; the outcome comes by the events refund.updated or refund.failed."),
		Errors("AMOUNT_EXCEEDS_REFUNDABLE", "NO_PAYMENTS_FOR_ORDER", "PAYMENT_INTENT_NOT_PART_OF_ORDER", "PAYMENT_INTENT_NOT_REFUNDABLE",
			"PAYMENT_INTENT_DISPUTED", "DUPLICATE_LINE_ITEM_TARGET", "DUPLICATE_CHARGE_TARGET", "NOTHING_TO_REFUND_FOR_LINE_ITEM",
			"REFUND_TARGETS_EXCEED_REFUND_AMOUNT", "REFUND_AMOUNT_NOT_ALLOCATED", "REFUND_ADJUSTMENTS_EXCEED_AUTOMATIC", "CURRENCY_MISMATCH",
			"REFUND_ADJUSTMENT_NOT_FOUND", "REFUND_ADJUSTMENT_REFUND_EXCEEDS_REMAINING", "FLAT_TAX_REFUND_MUST_BE_FULL", "EXPLICIT_TAX_REFUND_NOOP",
			"DUPLICATE_TAX_BREAKDOWN_REFUND", "NOTHING_TO_REFUND_FOR_TAX_BREAKDOWN",
			"APP_INSTALL_NOT_ACTIVE", "APP_OWN_ORDERS_ONLY", "APP_REFUND_LIMIT_EXCEEDED", "APP_REFUND_APPROVAL_REQUIRED"))
}

// finishRefund sends the operations of a refund that was committed, those still planned when ops is nil, and
// answers with the refund as shown by wire.
func finishRefund[O any](ctx context.Context, a *API, s *Services, c *Caller, refundID string, ops []payment.Operation,
	wire func(*refund.Refund) O, settle func(db.Tx, O) error) (out O, err error) {
	if ops == nil {
		if ops, err = read(ctx, a, func(tx db.Tx) ([]payment.Operation, error) {
			return payment.PlannedOfRefund(tx, c.Scope, refundID)
		}); err != nil {
			return out, err
		}
	}
	answer := func(tx db.Tx) error {
		r, err := refund.Get(tx, c.Scope, refundID)
		if err != nil {
			return err
		}
		out = wire(r)
		return nil
	}
	if len(ops) == 0 {
		err = a.DB.Read(ctx, answer)
		return out, err
	}
	err = s.Payments.Execute(ctx, ops, c.Cause(), func(tx db.Tx, _ *order.Order) error {
		if err := answer(tx); err != nil {
			return err
		}
		return settle(tx, out)
	})
	return out, err
}
