package order

import (
	"context"
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/promotion"
)

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
