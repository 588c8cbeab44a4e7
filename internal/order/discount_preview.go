package order

import (
	"context"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/promotion"
	"flint/internal/tenant"
)

// PreviewInput asks what promotions would do to an order, with the one that is asked for.
type PreviewInput struct {
	Scope   tenant.Scope
	OrderID string
	Ask     *PromotionAsk
}

// PreviewDiscounts decides exactly as applying would, and changes nothing.
//
// Faults: RESOURCE_NOT_FOUND, ORDER_CLOSED, PROMOTION_NOT_REDEEMABLE once money settled, and
// PROMOTION_DECLINED for a code that does not exist.
func (s *Service) PreviewDiscounts(ctx context.Context, tx db.Tx, in PreviewInput) (*Order, promotion.Decision, error) {
	var none promotion.Decision
	o, err := s.Get(ctx, tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, none, err
	}
	if err := checkOpen(o); err != nil {
		return nil, none, err
	}
	if o.promotionsFixed() {
		return nil, none, fault.Conflict("PROMOTION_NOT_REDEEMABLE", "Promotions do not change after a payment.")
	}
	if s.Promotions == nil {
		return o, none, nil
	}
	var asks []PromotionAsk
	var again *promotion.Outcome
	if in.Ask != nil {
		var l fault.List
		in.Ask.check(&l, "discount.promotion")
		if err := l.Err(); err != nil {
			return nil, none, err
		}
		ask := *in.Ask
		ask.Param = "discount.promotion"
		offer, err := s.asked(tx, o, ask)
		if err != nil {
			return nil, none, err
		}
		asks = append(asks, ask)
		for i := range o.Discounts {
			if d := &o.Discounts[i]; d.PromotionID == offer.Promotion.ID && d.Status == DiscountPending {
				asks, again = nil, &promotion.Outcome{Offer: offer, Reason: promotion.ReasonAlreadyApplied}
			}
		}
	}
	offers, err := s.offers(tx, o, asks)
	if err != nil {
		return nil, none, err
	}
	basket, terms, err := s.basket(ctx, tx, o, offers)
	if err != nil {
		return nil, none, err
	}
	decision, err := promotion.Decide(basket, offers, terms)
	if again != nil {
		decision.Skipped = append(decision.Skipped, again)
	}
	return o, decision, err
}
