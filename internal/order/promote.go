package order

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
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

// offers are the promotions that the order has, those that are asked for, and the automatic ones.
func (s *Service) offers(tx db.Tx, o *Order, asks []PromotionAsk) ([]promotion.Offer, error) {
	var out []promotion.Offer
	has := func(promotionID string) bool {
		return slices.ContainsFunc(out, func(f promotion.Offer) bool { return f.Promotion.ID == promotionID })
	}
	add := func(f promotion.Offer) error {
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
		out = append(out, f)
		return nil
	}
	for i := range o.Discounts {
		d := &o.Discounts[i]
		if d.PromotionID == "" || d.Status != DiscountPending || !d.Asked {
			continue
		}
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
		if err == nil {
			err = add(f)
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
		if has(f.Promotion.ID) {
			e := fault.Conflict("PROMOTION_CONFLICT", "The same promotion is asked for twice.")
			e.Param = a.Param
			return nil, e
		}
		if err := add(f); err != nil {
			return nil, err
		}
	}
	running, err := s.Promotions.Running(tx, o.Scope)
	if err != nil {
		return nil, err
	}
	for _, p := range running {
		if has(p.ID) {
			continue
		}
		if err := add(promotion.Offer{Promotion: p, Refused: slices.Contains(o.RefusedPromotions, p.ID)}); err != nil {
			return nil, err
		}
	}
	return out, nil
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

// basket are the facts that promotions look at.
func (s *Service) basket(ctx context.Context, tx db.Tx, o *Order, offers []promotion.Offer) (promotion.Basket, promotion.Terms, error) {
	b := promotion.Basket{Currency: o.Currency, Origin: o.Origin, TaxOnTop: o.taxOnTop()}
	t := promotion.Terms{Now: s.Clock.Now(), Settings: promotion.Settings{Automatic: true, Codes: true}}
	if s.PromotionSettings != nil {
		var err error
		if t.Settings, err = s.PromotionSettings(tx, o.Scope); err != nil {
			return b, t, fmt.Errorf("read the settings of promotions: %w", err)
		}
	}
	t.Settings.Automatic = t.Settings.Automatic && !o.AutomaticOff
	var calc money.Calc
	var sum int64
	for i := range o.Lines {
		l := &o.Lines[i]
		line := promotion.Line{ID: l.ID, Name: l.Name, SKU: l.SKU, Quantity: l.Quantity, UnitPrice: l.UnitPrice, Subtotal: calc.Mul(l.UnitPrice, l.Quantity)}
		sum = calc.Add(sum, line.Subtotal)
		if l.Source != nil {
			line.VariantID, line.ProductID = l.Source.VariantID, l.Source.ProductID
			for _, c := range l.Source.Categories {
				line.Categories = append(line.Categories, c.Handle)
			}
		}
		b.Lines = append(b.Lines, line)
	}
	for i := range o.Charges {
		c := &o.Charges[i]
		charge := promotion.Charge{ID: c.ID, Type: c.Type, Name: c.Name, Amount: c.Amount, After: c.Basis == BasisPostDiscount}
		if c.Percent != nil {
			charge.Percent = *c.Percent
		}
		b.Charges = append(b.Charges, charge)
	}
	for i := range o.Discounts {
		if d := &o.Discounts[i]; d.PromotionID == "" && d.Status != DiscountCanceled {
			b.Flats = append(b.Flats, promotion.Flat{Rank: d.rank(), Class: d.Class, Amount: d.Amount, LineIDs: d.LineIDs, ChargeIDs: d.ChargeIDs})
		}
	}
	if err := calc.Err(); err != nil {
		return b, t, fault.Invalid("INVALID_TOTALS", "", "The amounts of the order are too large to be added up.").Because(err)
	}
	var err error
	b.Customer, err = s.basketCustomer(ctx, tx, o, offers)
	return b, t, err
}

// basketCustomer reads of the customer what some rule asks for.
func (s *Service) basketCustomer(ctx context.Context, tx db.Tx, o *Order, offers []promotion.Offer) (*promotion.Customer, error) {
	if o.CustomerID == "" {
		return nil, nil
	}
	asks := func(attribute string) bool {
		return slices.ContainsFunc(offers, func(f promotion.Offer) bool { return f.Promotion.Eligibility.Mentions(attribute) })
	}
	c := &promotion.Customer{ID: o.CustomerID}
	if asks("customer.group_id") {
		found, err := s.buyer(ctx, tx, o.Scope, o.CustomerID)
		if err != nil {
			return nil, err
		}
		c.GroupID = found.GroupID
	}
	if asks("customer.has_ordered") {
		err := tx.QueryRow([]any{&c.HasOrdered}, `SELECT CASE WHEN EXISTS (SELECT 1 FROM orders WHERE merchant_id = $1 AND environment_id = $2
			AND customer_id = $3 AND customer_id <> '' AND order_id <> $4 AND paid > 0) THEN 1 ELSE 0 END`,
			o.Scope.MerchantID, o.Scope.EnvironmentID, o.CustomerID, o.ID)
		if err != nil {
			return nil, fmt.Errorf("look for earlier orders of the customer: %w", err)
		}
	}
	return c, nil
}

// taxOnTop tells whether some tax of the order is added to its prices.
func (o *Order) taxOnTop() bool {
	if !o.Tax.Enabled || o.Tax.ExemptBy != "" {
		return false
	}
	return len(o.Tax.Flat) > 0 || slices.ContainsFunc(o.Lines, func(l Line) bool {
		if l.Tax.Calculation != nil && l.Tax.Calculation.PriceMode != "" {
			return l.Tax.Calculation.PriceMode != PriceInclusive
		}
		return o.Tax.PriceMode != PriceInclusive
	})
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
