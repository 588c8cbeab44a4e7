package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/promotion"
)

// DiscountPreviewRequest asks what promotions would do to an order.
type DiscountPreviewRequest struct {
	OrderID  string           `json:"order_id" maxLength:"64"`
	Discount *DiscountRequest `json:"discount,omitzero" doc:"A promotion to try beside what the order has."`
}

// CreateDiscountPreviewInput is the request of createDiscountPreview.
type CreateDiscountPreviewInput struct {
	Body DiscountPreviewRequest
}

// Validate implements Validator.
func (in *CreateDiscountPreviewInput) Validate() error {
	var f fault.List
	if d := in.Body.Discount; d != nil {
		switch {
		case d.Manual != nil && d.Promotion == nil:
			f.Add("UNSUPPORTED_PREVIEW_DISCOUNT", "discount.manual", "Only promotions are previewed; a manual discount takes what it says.")
		case (d.Manual == nil) == (d.Promotion == nil):
			f.Add("EXACTLY_ONE_REQUIRED", "discount", "A discount is either a promotion or a manual one.")
		}
	}
	return f.Err()
}

// PromotionCandidate is a promotion that takes part, does not, or could.
type PromotionCandidate struct {
	PromotionID  string                 `json:"promotion_id"`
	Name         string                 `json:"customer_facing_name"`
	Code         string                 `json:"promotion_code,omitzero"`
	CodeID       string                 `json:"promotion_code_id,omitzero"`
	Class        string                 `json:"discount_class,omitzero" enum:"order,line_item,service_charge"`
	Amount       *Money                 `json:"amount_money,omitzero" doc:"Before it was capped by what is left."`
	Applied      *Money                 `json:"applied_money,omitzero" doc:"Of applied ones."`
	WouldApply   *Money                 `json:"would_have_applied_money,omitzero" doc:"Of skipped ones: what each would take alone."`
	Threshold    *Money                 `json:"threshold_money,omitzero" doc:"Of available ones."`
	Current      *Money                 `json:"current_money,omitzero"`
	Gap          *Money                 `json:"gap_money,omitzero"`
	Reason       string                 `json:"promotion_decline_reason,omitzero" enum:"already_applied,automatic_disabled,buy_item_missing,code_invalid,code_required,codes_disabled,currency_mismatch,disabled,exhausted,expired,max_promotions_reached,minimum_not_met,no_discountable_balance,not_combinable,not_eligible,not_yet_started,superseded,superseded_by_better_offer,unknown_type"`
	LineIDs      []string               `json:"order_line_item_ids,omitempty"`
	ChargeIDs    []string               `json:"order_charge_ids,omitempty"`
	CombinesWith *PromotionCombinesWith `json:"combines_with,omitzero"`
	Exclusivity  *PromotionExclusivity  `json:"exclusivity,omitzero"`
	Stacking     string                 `json:"stacking_mode,omitzero" enum:"continue,stop_after"`
}

// DiscountPreview is what promotions would do.
type DiscountPreview struct {
	Applied   []PromotionCandidate `json:"applied"`
	Skipped   []PromotionCandidate `json:"skipped"`
	Available []PromotionCandidate `json:"available" doc:"Automatic ones that one amount is missing for."`
}

func wireCandidates(list []*promotion.Outcome, o *order.Order) []PromotionCandidate {
	out := make([]PromotionCandidate, len(list))
	m := func(v int64) *Money { w := wireMoney(v, o.Currency); return &w }
	for i, v := range list {
		p := v.Offer.Promotion
		c := PromotionCandidate{
			PromotionID: p.ID, Name: p.DisplayName, Class: p.Class, Amount: m(v.Amount), Reason: v.Reason,
			CombinesWith: (*PromotionCombinesWith)(p.CombinesWith), Exclusivity: wireExclusivity(p.Exclusivity), Stacking: p.Stacking,
		}
		if v.Offer.Code != nil {
			c.Code, c.CodeID = v.Offer.Code.Text, v.Offer.Code.ID
		}
		switch {
		case v.Reason == "":
			c.Applied = m(v.Applied)
		case v.Gap > 0 && !v.Offer.Asked:
			c.Threshold, c.Current, c.Gap = m(v.Threshold), m(v.Current), m(v.Gap)
		default:
			c.WouldApply = m(v.Worth)
		}
		for _, part := range v.Parts {
			switch p.Class {
			case promotion.ClassLineItem:
				c.LineIDs = append(c.LineIDs, part.ID)
			case promotion.ClassServiceCharge:
				c.ChargeIDs = append(c.ChargeIDs, part.ID)
			}
		}
		out[i] = c
	}
	return out
}

func registerDiscountPreviews(a *API, s *Services) {
	Get(a, "createDiscountPreview", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateDiscountPreviewInput) (*DiscountPreview, error) {
		var ask *order.PromotionAsk
		if d := in.Body.Discount; d != nil {
			ask = d.Promotion.ask()
		}
		session, err := s.orderOf(tx, c, in.Body.OrderID)
		if err != nil {
			return nil, err
		}
		if session != nil && !session.Open(c.Now) {
			return nil, fault.Conflict("CHECKOUT_SESSION_NOT_OPEN", "The checkout session has ended.")
		}
		if c.Kind == auth.CheckoutCredential && ask != nil {
			if ask.PromotionID != "" {
				return nil, fault.Invalid("CHECKOUT_DISCOUNT_ID_NOT_ALLOWED", "discount.promotion.promotion_id", "A buyer names a promotion by its code.")
			}
			if err := checkCodesEnabled(session, "discount.promotion.promotion_code"); err != nil {
				return nil, err
			}
		}
		o, decision, err := s.Orders.PreviewDiscounts(ctx, tx, order.PreviewInput{Scope: c.Scope, OrderID: in.Body.OrderID, Ask: ask})
		if err != nil {
			return nil, err
		}
		return &DiscountPreview{
			Applied: wireCandidates(decision.Applied, o), Skipped: wireCandidates(decision.Skipped, o), Available: wireCandidates(decision.Available, o),
		}, nil
	}, Doc("Preview promotions", "Decides as applying would, and changes nothing."),
		Errors("UNSUPPORTED_PREVIEW_DISCOUNT", "PROMOTION_DECLINED", "PROMOTION_NOT_REDEEMABLE", "PROMOTION_NO_ACTIVE_CODES", "PROMOTION_CODES_DISABLED",
			"CHECKOUT_DISCOUNT_ID_NOT_ALLOWED", "ORDER_CLOSED"))
}
