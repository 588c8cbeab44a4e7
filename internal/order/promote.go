package order

import (
	"cmp"
	"context"
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/promotion"
	"flint/internal/text"
)

// PromotionAsk asks for one promotion, by its code or by its id.
type PromotionAsk struct {
	Code        string
	PromotionID string
	SessionID   string // the checkout whose buyer asks; empty for a merchant
	Param       string // path of the ask in the request, for faults
}

func (a PromotionAsk) check(l *fault.List, param string) {
	switch {
	case a.Code == "" && a.PromotionID == "":
		l.Add("PROMOTION_ID_REQUIRED", param, "A promotion is named by promotion_code or by promotion_id.")
	case a.Code != "" && a.PromotionID != "":
		l.Add("EXACTLY_ONE_REQUIRED", param, "A promotion is named by promotion_code or by promotion_id, not by both.")
	case a.PromotionID != "" && !id.Valid(id.Promotion, a.PromotionID):
		l.Add("INVALID_ID", param+".promotion_id", "This is not the id of a promotion.")
	default:
		text.Rule{Max: 100, TooLong: "CODE_TOO_LONG"}.Check(l, param+".promotion_code", a.Code)
	}
}

// Declined is a promotion that takes no part, with the reason of package promotion.
type Declined struct {
	PromotionID string
	Code        string
	Name        string
	Reason      string
}

// declined is the fault of a promotion that was asked for and does not apply.
func declined(param, promotionID, reason string) *fault.Error {
	e := fault.Conflict("PROMOTION_DECLINED", "The promotion does not apply to this order: %s.", reason).With("promotion_decline_reason", reason)
	if promotionID != "" {
		e = e.With("promotion_id", promotionID)
	}
	e.Param = param
	return e
}

// uses are what the discounts of the order hold.
func (o *Order) uses() []promotion.Use {
	var out []promotion.Use
	for i := range o.Discounts {
		if d := &o.Discounts[i]; d.PromotionID != "" && d.Status != DiscountCanceled {
			out = append(out, promotion.Use{PromotionID: d.PromotionID, CodeID: d.CodeID, CustomerID: d.CustomerID})
		}
	}
	return out
}

// release gives back what canceled and removed discounts held.
func (s *Service) release(tx db.Tx, o *Order) error {
	if s.Promotions == nil {
		return nil
	}
	now, _, err := s.Promotions.Change(tx, o.Scope, o.held, o.uses(), nil)
	o.held = now
	return err
}

// promotionsFixed tells whether the order was settled, with money or because it costs nothing.
func (o *Order) promotionsFixed() bool { return hasSettledMoney(o) || !o.SettledAt.IsZero() }

// promote decides which promotions take part, counts their uses and sets their discounts. Once money
// has settled, promotions are part of what was paid and stay.
func (s *Service) promote(ctx context.Context, tx db.Tx, o *Order, asks []PromotionAsk) error {
	o.Declined = nil
	if s.Promotions == nil && len(asks) > 0 {
		return declined(asks[0].Param, "", promotion.ReasonCodeInvalid)
	}
	if s.Promotions == nil {
		return nil
	}
	if o.promotionsFixed() {
		if len(asks) > 0 {
			return fault.Conflict("PROMOTION_NOT_REDEEMABLE", "Promotions do not change after a payment.")
		}
		return s.release(tx, o)
	}
	offers, err := s.offers(tx, o, asks)
	if err != nil {
		return err
	}
	if len(offers) == 0 {
		return s.release(tx, o)
	}
	basket, terms, err := s.basket(ctx, tx, o, offers)
	if err != nil {
		return err
	}
	for {
		decision, err := promotion.Decide(basket, offers, terms)
		if err != nil {
			return err
		}
		var want []promotion.Use
		limits := map[string]int64{}
		for _, a := range decision.Applied {
			u := promotion.Use{PromotionID: a.Offer.Promotion.ID}
			if c := a.Offer.Code; c != nil {
				u.CodeID = c.ID
			}
			if p := a.Offer.Promotion; p.PerCustomer != nil {
				u.CustomerID, limits[p.ID] = o.CustomerID, *p.PerCustomer
			}
			want = append(want, u)
		}
		now, lost, err := s.Promotions.Change(tx, o.Scope, o.held, want, limits)
		if err != nil {
			return err
		}
		if o.held = now; lost == "" {
			return s.settlePromotions(o, decision, asks)
		}
		for i := range offers {
			offers[i].Lost = offers[i].Lost || offers[i].Promotion.ID == lost
			offers[i].Held = slices.ContainsFunc(now, func(u promotion.Use) bool { return u.PromotionID == offers[i].Promotion.ID })
			offers[i].HeldCode = offers[i].HeldCode || (offers[i].Held && offers[i].Code != nil)
		}
	}
}

// settlePromotions sets the discounts that were decided. What was asked for now and does not apply is a
// fault; what the order had and loses is noted in Declined.
func (s *Service) settlePromotions(o *Order, decision promotion.Decision, asks []PromotionAsk) error {
	for _, skipped := range decision.Skipped {
		had := slices.ContainsFunc(o.Discounts, func(d Discount) bool {
			return d.PromotionID == skipped.Offer.Promotion.ID && d.Status == DiscountPending
		})
		if !skipped.Offer.Asked {
			continue
		}
		if !had {
			return declined(askOf(asks, skipped.Offer).Param, skipped.Offer.Promotion.ID, skipped.Reason)
		}
		o.Declined = append(o.Declined, newDeclined(skipped))
	}
	kept := o.Discounts[:0:0]
	for _, d := range o.Discounts {
		applies := slices.ContainsFunc(decision.Applied, func(a *promotion.Outcome) bool { return a.Offer.Promotion.ID == d.PromotionID })
		if d.PromotionID == "" || d.Status != DiscountPending || applies {
			kept = append(kept, d)
		}
	}
	o.Discounts = kept
	now := s.Clock.Now()
	for _, a := range decision.Applied {
		i := slices.IndexFunc(o.Discounts, func(d Discount) bool { return d.PromotionID == a.Offer.Promotion.ID })
		if i < 0 {
			o.Discounts = append(o.Discounts, Discount{
				ID: s.IDs.New(id.OrderDiscount), Source: "promotion", PromotionID: a.Offer.Promotion.ID, Status: DiscountPending, CreatedAt: now,
				SessionID: askOf(asks, a.Offer).SessionID,
			})
			i = len(o.Discounts) - 1
		}
		o.Discounts[i].setPromotion(a, o)
	}
	if len(o.Discounts) > MaxDiscounts {
		return fault.Conflict("RESOURCE_LIMIT_EXCEEDED", "An order has at most %d discounts.", MaxDiscounts)
	}
	return nil
}

func newDeclined(v *promotion.Outcome) Declined {
	d := Declined{PromotionID: v.Offer.Promotion.ID, Name: v.Offer.Promotion.DisplayName, Reason: v.Reason}
	if v.Offer.Code != nil {
		d.Code = v.Offer.Code.Text
	}
	return d
}

// askOf is the ask that brought an offer, or the first one.
func askOf(asks []PromotionAsk, f promotion.Offer) PromotionAsk {
	for _, a := range asks {
		if a.PromotionID == f.Promotion.ID || (f.Code != nil && f.Code.Is(a.Code)) {
			return a
		}
	}
	return PromotionAsk{}
}

// setPromotion fixes what was decided.
func (d *Discount) setPromotion(a *promotion.Outcome, o *Order) {
	p := a.Offer.Promotion
	d.Name, d.Class, d.Amount, d.Parts, d.Asked = p.DisplayName, p.Class, a.Amount, a.Parts, a.Offer.Asked
	d.Priority, d.Since = p.Priority(), p.CreatedAt
	d.CustomerID, d.LineIDs, d.ChargeIDs = "", nil, nil
	if p.PerCustomer != nil {
		d.CustomerID = o.CustomerID
	}
	if c := a.Offer.Code; c != nil {
		d.CodeID, d.Code = c.ID, c.Text
	}
	for _, part := range a.Parts {
		switch p.Class {
		case DiscountLineItem:
			d.LineIDs = append(d.LineIDs, part.ID)
		case DiscountServiceCharge:
			d.ChargeIDs = append(d.ChargeIDs, part.ID)
		}
	}
}

// applyPromotion asks for a promotion on an order and saves it.
func (s *Service) applyPromotion(ctx context.Context, tx db.Tx, o *Order, in ApplyDiscountInput) error {
	ask := *in.Promotion
	ask.Param = cmp.Or(ask.Param, "promotion")
	before := slices.Clone(o.Discounts)
	if err := s.reprice(ctx, tx, o, ask); err != nil {
		return err
	}
	change := Change{}
	for i := range o.Discounts {
		d := &o.Discounts[i]
		if d.PromotionID != "" && !slices.ContainsFunc(before, func(v Discount) bool { return v.ID == d.ID }) {
			change.Activities = append(change.Activities, NewActivity{
				Type: ActivityDiscountApplied, Description: "Discount applied: " + d.Name + ".", RefType: RefDiscount, RefID: d.ID,
			})
		}
	}
	s.Failpoints.Hit("order.promotion_applied")
	return s.Save(tx, o, in.Cause, change)
}

// DropSessionCodes takes the codes off that the buyer of a checkout entered which has ended unpaid, so
// that their uses are free again. The caller saves the order when it tells true.
func (s *Service) DropSessionCodes(ctx context.Context, tx db.Tx, o *Order, sessionID string) (bool, error) {
	entered := func(d Discount) bool { return d.SessionID == sessionID && d.Status == DiscountPending }
	if sessionID == "" || o.ActiveAttemptID != "" || o.Status != StatusOpen || o.promotionsFixed() || !slices.ContainsFunc(o.Discounts, entered) {
		return false, nil
	}
	o.Discounts = slices.DeleteFunc(o.Discounts, entered)
	return true, s.reprice(ctx, tx, o)
}
