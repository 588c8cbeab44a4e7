package order

import (
	"context"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/tenant"
	"flint/internal/text"
)

// DiscountInput is a manual discount: a flat amount off the order, off some lines or off some charges.
type DiscountInput struct {
	Name      string
	Amount    money.Amount
	Class     string   // order, line_item, service_charge; order when empty
	Scope     string   // order or line_item, an older word for Class
	LineIDs   []string // for line_item
	ChargeIDs []string // for service_charge
}

func (in DiscountInput) class() string {
	switch {
	case in.Class != "":
		return in.Class
	case in.Scope != "":
		return in.Scope
	default:
		return DiscountOrder
	}
}

func (in DiscountInput) check(l *fault.List, param string) {
	text.Rule{Max: maxName, Required: true, Missing: "NAME_REQUIRED", TooLong: "NAME_TOO_LONG"}.Check(l, param+".name", in.Name)
	if in.Amount.Minor < 1 || in.Amount.Minor > MaxAmount {
		l.Add("DISCOUNT_AMOUNT_INVALID", param+".amount_money.amount", "A discount is at least 1 and at most %d minor units.", int64(MaxAmount))
	}
	checkOneOf(l, "INVALID_DISCOUNT_CLASS", param+".discount_class", given(in.Class), []string{DiscountOrder, DiscountLineItem, DiscountServiceCharge})
	checkOneOf(l, "INVALID_DISCOUNT_SCOPE", param+".scope", given(in.Scope), []string{DiscountOrder, DiscountLineItem})
	switch in.class() {
	case DiscountOrder:
		if len(in.LineIDs) > 0 {
			l.Add("ORDER_DISCOUNT_NO_LINE_ITEM_IDS", param+".order_line_item_ids", "A discount of the whole order names no line items.")
		}
		if len(in.ChargeIDs) > 0 {
			l.Add("ORDER_DISCOUNT_NO_CHARGE_IDS", param+".order_charge_ids", "A discount of the whole order names no charges.")
		}
	case DiscountLineItem:
		if len(in.LineIDs) == 0 {
			l.Add("LINE_ITEM_DISCOUNT_REQUIRES_IDS", param+".order_line_item_ids", "A discount of line items names them.")
		}
		if len(in.ChargeIDs) > 0 {
			l.Add("LINE_ITEM_DISCOUNT_NO_CHARGE_IDS", param+".order_charge_ids", "A discount of line items names no charges.")
		}
	case DiscountServiceCharge:
		if in.Scope != "" {
			l.Add("SERVICE_CHARGE_DISCOUNT_SCOPE_INVALID", param+".scope", "A discount of charges has no scope.")
		}
		if len(in.ChargeIDs) == 0 {
			l.Add("SERVICE_CHARGE_DISCOUNT_REQUIRES_CHARGE_IDS", param+".order_charge_ids", "A discount of charges names them.")
		}
		if len(in.LineIDs) > 0 {
			l.Add("SERVICE_CHARGE_DISCOUNT_NO_LINE_ITEM_IDS", param+".order_line_item_ids", "A discount of charges names no line items.")
		}
	}
	if in.Class != "" && in.Scope != "" && in.Class != in.Scope && in.Class != DiscountServiceCharge {
		l.Add("INVALID_DISCOUNT_SCOPE", param+".scope", "Scope and class of the discount contradict each other.")
	}
}

// newDiscount makes the pending discount; its lines and charges must be the order's.
func (in DiscountInput) newDiscount(o *Order, ids *id.Source, now time.Time, param string) (Discount, error) {
	var l fault.List
	if in.Amount.Currency != o.Currency {
		l.Add("CURRENCY_MISMATCH", param+".amount_money.currency", "The discount is not in the currency of the order.")
	}
	for i, v := range in.LineIDs {
		if slices.Contains(in.LineIDs[:i], v) {
			l.Add("INVALID_DISCOUNT", param+".order_line_item_ids", "A line item is named twice.")
		}
		if o.Line(v) == nil {
			l.Add("RESOURCE_NOT_FOUND", param+".order_line_item_ids", "The order has no such line item.")
		}
	}
	for i, v := range in.ChargeIDs {
		if slices.Contains(in.ChargeIDs[:i], v) {
			l.Add("DUPLICATE_ORDER_CHARGE_ID", param+".order_charge_ids", "A charge is named twice.")
		}
		if o.Charge(v) == nil {
			l.Add("ORDER_CHARGE_NOT_FOUND", param+".order_charge_ids", "The order has no such charge.")
		}
	}
	return Discount{
		ID: ids.New(id.OrderDiscount), Source: "manual", Name: in.Name, Class: in.class(), Amount: in.Amount.Minor,
		LineIDs: slices.Clone(in.LineIDs), ChargeIDs: slices.Clone(in.ChargeIDs), Status: DiscountPending, CreatedAt: now,
	}, l.Err()
}

// ApplyDiscountInput adds a manual discount to an order or, when Promotion is set, asks for a promotion.
type ApplyDiscountInput struct {
	Scope     tenant.Scope
	Cause     event.Cause
	OrderID   string
	Discount  DiscountInput
	Promotion *PromotionAsk
}

// Validate reports every fault of the input.
func (in ApplyDiscountInput) Validate() error {
	var l fault.List
	if in.Promotion != nil {
		in.Promotion.check(&l, "promotion")
	} else {
		in.Discount.check(&l, "manual")
	}
	return l.Err()
}

// ApplyDiscount adds a pending discount and reprices the order. NO_DISCOUNTABLE_BALANCE when nothing
// is left that it could take from; a discount that is only partly used stays. A promotion that does not
// apply is PROMOTION_DECLINED with its reason, see PromotionAsk.
func (s *Service) ApplyDiscount(ctx context.Context, tx db.Tx, in ApplyDiscountInput) (*Order, error) {
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
	if len(o.Discounts) >= MaxDiscounts {
		return nil, fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "An order has at most %d discounts.", MaxDiscounts)
	}
	if in.Promotion != nil {
		return o, s.applyPromotion(ctx, tx, o, in)
	}
	d, err := in.Discount.newDiscount(o, s.IDs, s.Clock.Now(), "manual")
	if err != nil {
		return nil, err
	}
	o.Discounts = append(o.Discounts, d)
	if err := s.reprice(ctx, tx, o); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(o.Discounts, func(v Discount) bool { return v.ID == d.ID }); o.Discounts[i].Applied == 0 {
		return nil, noDiscountableBalance("manual.amount_money")
	}
	return o, s.Save(tx, o, in.Cause, Change{Activities: []NewActivity{{
		Type: ActivityDiscountApplied, Description: "Discount applied: " + d.Name + ".", RefType: RefDiscount, RefID: d.ID,
	}}})
}

func noDiscountableBalance(param string) error {
	e := fault.Conflict("NO_DISCOUNTABLE_BALANCE", "Nothing is left that the discount could be taken from.")
	e.Param = param
	return e
}
