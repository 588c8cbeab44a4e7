package order

import (
	"context"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// RemoveDiscountsInput takes pending discounts off an order.
type RemoveDiscountsInput struct {
	Scope       tenant.Scope
	Cause       event.Cause
	OrderID     string
	DiscountIDs []string
}

// Validate reports every fault of the input.
func (in RemoveDiscountsInput) Validate() error {
	if len(in.DiscountIDs) == 0 || len(in.DiscountIDs) > MaxDiscounts {
		return fault.Invalid("DISCOUNT_IDS_REQUIRED", "order_discount_ids", "Name between 1 and %d discounts to remove.", MaxDiscounts)
	}
	return nil
}

// RemoveDiscounts removes all named discounts or none, and gives their uses of promotions back. Only
// pending ones can go: redeemed and canceled ones are history. An automatic promotion that is removed
// stays off the order.
func (s *Service) RemoveDiscounts(ctx context.Context, tx db.Tx, in RemoveDiscountsInput) (*Order, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	o, err := s.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	if err := checkPriceOpen(o); err != nil {
		return nil, err
	}
	var names []string
	change := Change{Activities: []NewActivity{{Type: ActivityDiscountRemoved}}}
	a := &change.Activities[0]
	for _, discountID := range slices.Compact(slices.Sorted(slices.Values(in.DiscountIDs))) {
		i := slices.IndexFunc(o.Discounts, func(d Discount) bool { return d.ID == discountID })
		if i < 0 {
			e := fault.NotFound("discount of this order")
			e.Code, e.Param = "DISCOUNT_NOT_FOUND", "order_discount_ids"
			return nil, e
		}
		if o.Discounts[i].Status != DiscountPending {
			return nil, fault.Conflict("DISCOUNT_NOT_REMOVABLE", "Only pending discounts can be removed.")
		}
		names = append(names, o.Discounts[i].Name)
		if d := &o.Discounts[i]; d.PromotionID != "" && !d.Asked {
			addID(&o.RefusedPromotions, d.PromotionID)
		}
		a.RefType, a.RefID = RefDiscount, discountID
		o.Discounts = slices.Delete(o.Discounts, i, i+1)
	}
	if len(names) > 1 {
		a.RefType, a.RefID = "", ""
	}
	a.Description = "Removed: " + strings.Join(names, ", ") + "."
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	return o, s.Save(tx, o, in.Cause, change)
}
