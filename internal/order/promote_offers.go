package order

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/promotion"
)

// offers are the promotions that the order has, those that are asked for, and the automatic ones.
func (s *Service) offers(tx db.Tx, o *Order, asks []PromotionAsk) ([]promotion.Offer, error) {
	var out offers
	for i := range o.Discounts {
		d := &o.Discounts[i]
		if d.PromotionID == "" || d.Status != DiscountPending || !d.Asked {
			continue
		}
		f, err := s.had(tx, o, d)
		if err == nil {
			err = out.add(s, tx, o, f)
		}
		if err != nil {
			return nil, err
		}
	}
	for _, a := range asks {
		f, err := s.asked(tx, o, a)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(o.Discounts, func(d Discount) bool { return d.PromotionID == f.Promotion.ID && d.Status == DiscountPending }) {
			return nil, declined(a.Param, f.Promotion.ID, promotion.ReasonAlreadyApplied)
		}
		if out.has(f.Promotion.ID) {
			e := fault.Conflict("PROMOTION_CONFLICT", "The same promotion is asked for twice.")
			e.Param = a.Param
			return nil, e
		}
		if err := out.add(s, tx, o, f); err != nil {
			return nil, err
		}
	}
	running, err := s.Promotions.Running(tx, o.Scope)
	if err != nil {
		return nil, err
	}
	for _, p := range running {
		if out.has(p.ID) {
			continue
		}
		if err := out.add(s, tx, o, promotion.Offer{Promotion: p, Refused: slices.Contains(o.RefusedPromotions, p.ID)}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// offers are gathered one by one, each promotion once.
type offers []promotion.Offer

func (all offers) has(promotionID string) bool {
	return slices.ContainsFunc(all, func(f promotion.Offer) bool { return f.Promotion.ID == promotionID })
}

// add notes on an offer what the order holds of it already, and how often its customer used it on others.
func (all *offers) add(s *Service, tx db.Tx, o *Order, f promotion.Offer) error {
	for _, u := range o.held {
		if u.PromotionID == f.Promotion.ID {
			f.Held = true
			f.HeldCode = f.Code != nil && u.CodeID == f.Code.ID
		}
	}
	if f.Promotion.PerCustomer != nil && o.CustomerID != "" {
		n, err := s.Promotions.CustomerUses(tx, o.Scope, f.Promotion.ID, o.CustomerID)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(o.held, func(u promotion.Use) bool { return u.PromotionID == f.Promotion.ID && u.CustomerID == o.CustomerID }) {
			n--
		}
		f.CustomerUses = n
	}
	*all = append(*all, f)
	return nil
}

// had finds the promotion of a discount that the order has because somebody asked for it.
func (s *Service) had(tx db.Tx, o *Order, d *Discount) (promotion.Offer, error) {
	f := promotion.Offer{Asked: true}
	var err error
	if d.CodeID != "" {
		f.Code, f.Promotion, err = s.Promotions.FindHeldCode(tx, o.Scope, d.CodeID)
	} else {
		f.Promotion, err = s.Promotions.Find(tx, o.Scope, d.PromotionID)
	}
	if err == nil && f.Promotion == nil {
		err = fmt.Errorf("promotion %s of an order is gone", d.PromotionID)
	}
	return f, err
}

// asked finds what is asked for.
func (s *Service) asked(tx db.Tx, o *Order, a PromotionAsk) (promotion.Offer, error) {
	f := promotion.Offer{Asked: true}
	var err error
	if a.Code != "" {
		f.Code, f.Promotion, err = s.Promotions.FindCode(tx, o.Scope, a.Code)
		if err == nil && (f.Promotion == nil || f.Promotion.State == promotion.StateArchived) {
			err = declined(a.Param, "", promotion.ReasonCodeInvalid)
		}
		return f, err
	}
	f.Promotion, err = s.Promotions.Find(tx, o.Scope, a.PromotionID)
	if err != nil {
		return f, err
	}
	var e *fault.Error
	switch p := f.Promotion; {
	case p == nil:
		e = fault.NotFound("promotion")
	case p.State == promotion.StateArchived:
		e = fault.Conflict("PROMOTION_NOT_REDEEMABLE", "An archived promotion cannot be applied.")
	case p.Redemption == promotion.ByCode && p.Codes.Active == 0:
		e = fault.Conflict("PROMOTION_NO_ACTIVE_CODES", "The promotion needs a code and has none that can be used.")
	default:
		return f, nil
	}
	e.Param = a.Param
	return f, e
}
