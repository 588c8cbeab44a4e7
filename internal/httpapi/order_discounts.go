package httpapi

import (
	"context"
	"slices"

	"flint/internal/auth"
	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// ApplyOrderDiscountInput is the request of applyOrderDiscount.
type ApplyOrderDiscountInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    DiscountRequest
}

// domain checks the discount for a merchant or a buyer, who can use codes only.
func (in *ApplyOrderDiscountInput) domain(c *Caller) (order.ApplyDiscountInput, error) {
	var f fault.List
	out := order.ApplyDiscountInput{OrderID: in.OrderID, Scope: c.Scope}
	if c.Kind == auth.CheckoutCredential {
		if in.Body.Manual != nil {
			f.Add("CHECKOUT_MANUAL_DISCOUNT_NOT_ALLOWED", "manual", "A buyer cannot set a discount.")
		}
		if p := in.Body.Promotion; p != nil && p.ID != "" {
			f.Add("CHECKOUT_DISCOUNT_ID_NOT_ALLOWED", "promotion.promotion_id", "A buyer names a promotion by its code.")
		}
		if err := f.Err(); err != nil {
			return out, err
		}
	}
	d, ask := in.Body.domain(&f, "")
	if d != nil {
		out.Discount = *d
	}
	if ask != nil {
		ask.SessionID = c.checkoutSession()
		out.Promotion = ask
	}
	if d != nil || ask != nil {
		addRules(&f, out.Validate())
	}
	return out, f.Err()
}

// checkoutSession is the session of a buyer's credential, empty for others.
func (c *Caller) checkoutSession() string {
	if c.Kind == auth.CheckoutCredential {
		return c.SubjectID
	}
	return ""
}

// checkCodesEnabled refuses codes at a checkout that takes none; a nil session is a merchant's call.
func checkCodesEnabled(session *checkout.Session, param string) error {
	if session == nil || session.TakesCodes() {
		return nil
	}
	return fault.Invalid("PROMOTION_CODES_DISABLED", param, "This checkout takes no codes.")
}

// RemoveOrderDiscountsRequest names the discounts to take away.
type RemoveOrderDiscountsRequest struct {
	IDs []string `json:"order_discount_ids" minItems:"1" maxItems:"100" fault:"required=DISCOUNT_IDS_REQUIRED"`
}

// RemoveOrderDiscountsInput is the request of removeOrderDiscounts.
type RemoveOrderDiscountsInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    RemoveOrderDiscountsRequest
}

// OrderInput names an order.
type OrderInput struct {
	OrderID string `path:"order_id" id:"ord"`
}

func registerOrderDiscounts(a *API, s *Services) {
	Write(a, "applyOrderDiscount", func(ctx context.Context, tx db.Tx, c *Caller, in *ApplyOrderDiscountInput) (*Order, error) {
		session, err := s.openSessionOf(tx, c, in.OrderID)
		if err != nil {
			return nil, err
		}
		input, err := in.domain(c)
		if err != nil {
			return nil, err
		}
		if input.Promotion != nil {
			if err := checkCodesEnabled(session, "promotion.promotion_code"); err != nil {
				return nil, err
			}
		}
		input.Cause = s.cause(c)
		o, err := s.Orders.ApplyDiscount(ctx, tx, input)
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Apply a discount to an order", "It stays pending until money settles."),
		Errors("NO_DISCOUNTABLE_BALANCE", "EXACTLY_ONE_REQUIRED", "CURRENCY_MISMATCH", "LINE_ITEM_DISCOUNT_REQUIRES_IDS",
			"LINE_ITEM_DISCOUNT_NO_CHARGE_IDS", "ORDER_DISCOUNT_NO_LINE_ITEM_IDS", "ORDER_DISCOUNT_NO_CHARGE_IDS",
			"SERVICE_CHARGE_DISCOUNT_REQUIRES_CHARGE_IDS", "CHECKOUT_MANUAL_DISCOUNT_NOT_ALLOWED", "CHECKOUT_DISCOUNT_ID_NOT_ALLOWED",
			"PROMOTION_DECLINED", "PROMOTION_NOT_REDEEMABLE", "PROMOTION_NO_ACTIVE_CODES", "PROMOTION_ID_REQUIRED", "PROMOTION_CODES_DISABLED", "ORDER_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS"))

	Write(a, "removeOrderDiscounts", func(ctx context.Context, tx db.Tx, c *Caller, in *RemoveOrderDiscountsInput) (*Order, error) {
		session, err := s.openSessionOf(tx, c, in.OrderID)
		if err != nil {
			return nil, err
		}
		if session != nil {
			if err := s.checkBuyerDiscounts(ctx, tx, c, in); err != nil {
				return nil, err
			}
		}
		o, err := s.Orders.RemoveDiscounts(ctx, tx, order.RemoveDiscountsInput{Scope: c.Scope, Cause: s.cause(c), OrderID: in.OrderID, DiscountIDs: in.Body.IDs})
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Remove pending discounts of an order", "All of them or none. Redeemed and canceled ones are history."),
		Errors("DISCOUNT_IDS_REQUIRED", "DISCOUNT_NOT_FOUND", "DISCOUNT_NOT_REMOVABLE", "CHECKOUT_DISCOUNT_NOT_REMOVABLE",
			"ORDER_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS"))

	Write(a, "repriceOrderDiscounts", func(ctx context.Context, tx db.Tx, c *Caller, in *OrderInput) (*Order, error) {
		if _, err := s.openSessionOf(tx, c, in.OrderID); err != nil {
			return nil, err
		}
		o, err := s.Orders.Reprice(ctx, tx, order.RepriceInput{Scope: c.Scope, Cause: s.cause(c), OrderID: in.OrderID})
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Price an order again", "With the discounts, tax rates and exemptions of now."),
		Errors("ORDER_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS"))
}

// checkBuyerDiscounts keeps what the merchant granted: a buyer takes back only what a code brought.
func (s *Services) checkBuyerDiscounts(ctx context.Context, tx db.Tx, c *Caller, in *RemoveOrderDiscountsInput) error {
	o, err := s.Orders.Get(ctx, tx, c.Scope, in.OrderID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(o.Discounts, func(d order.Discount) bool {
		return (d.Source == "manual" || !d.Asked) && slices.Contains(in.Body.IDs, d.ID)
	}) {
		return fault.Invalid("CHECKOUT_DISCOUNT_NOT_REMOVABLE", "order_discount_ids", "A buyer removes only what a code brought.")
	}
	return nil
}
