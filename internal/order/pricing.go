package order

import (
	"errors"
	"fmt"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/tax"
)

// Bases of a charge in percent: the merchandise subtotal before or after its discounts.
const (
	BasisPreDiscount  = "subtotal_pre_discount"
	BasisPostDiscount = "subtotal_post_discount"
)

// RateFunc gives the rates of one taxable line or charge in automatic mode, as tax.Table.Rates does.
// It is asked once per such item. tax.ErrLocation makes the order require a location,
// tax.ErrUnsupported and every other error leave its tax incomplete with the contract's failure
// reason; none of them makes Price fail. It must answer the same for the same query, or pricing an
// unchanged order would change it.
type RateFunc func(tax.Query) (tax.Result, error)

// Price computes what the order should cost: every field marked as computed on lines, charges,
// discounts and tips, the tax status with its breakdowns, and Pricing. It is a pure function of the
// order's facts and the rates; pricing twice changes nothing. Neither settlement nor the hold is
// looked at: whether a new total is allowed after money settled is the operation's decision.
//
// Facts that cannot be priced are faults with the contract's code (LINE_ITEM_INVALID_QUANTITY,
// LINE_ITEM_NEGATIVE_PRICE, DISCOUNT_AMOUNT_INVALID, INVALID_DISCOUNT_CLASS, CHARGE_VALUE_REQUIRED,
// INVALID_CHARGE_PERCENT, CALCULATION_BASIS_REQUIRED, INVALID_TAX_PERCENTAGE, INVALID_TAX_PRICE_MODE,
// INVALID_FLAT_TAX, INVALID_TIP, INVALID_TIP_AMOUNT, INVALID_TIP_PERCENT, TIP_LIMIT_EXCEEDED), amounts
// beyond 64 bits INVALID_TOTALS. After an error the computed fields mean nothing and the order must
// not be stored.
func Price(o *Order, rates RateFunc) error {
	p := pricer{o: o}
	err := p.price(rates)
	if err == nil {
		err = p.Err()
	}
	if errors.Is(err, money.ErrOverflow) {
		return fault.Invalid("INVALID_TOTALS", "", "The amounts of the order are too large to be added up.").Because(err)
	}
	return err
}

// pricer is one run of Price. Amounts whose operations overflow are 0 from there on, and the embedded
// Calc knows.
type pricer struct {
	money.Calc
	o          *Order
	subtotal   int64 // of the merchandise, before discounts
	discounted int64 // of the merchandise, after discounts
}

func (p *pricer) price(rates RateFunc) error {
	if err := p.lines(); err != nil {
		return err
	}
	if err := p.discount(DiscountLineItem, DiscountOrder); err != nil {
		return err
	}
	if err := p.charges(); err != nil {
		return err
	}
	if err := p.discount(DiscountServiceCharge); err != nil {
		return err
	}
	if err := p.Err(); err != nil { // bases are complete; tax and tip need no second look
		return err
	}
	t := taxer{o: p.o, rates: rates}
	if err := t.tax(); err != nil {
		return err
	}
	if err := p.tips(); err != nil {
		return err
	}
	p.total(t.flat)
	return nil
}

// lines sets the lines before discounts and tax.
func (p *pricer) lines() error {
	for i := range p.o.Lines {
		l := &p.o.Lines[i]
		if l.Quantity < 1 {
			return fault.Invalid("LINE_ITEM_INVALID_QUANTITY", at("line_items", i, "quantity"), "The quantity must be at least 1.")
		}
		if l.UnitPrice < 0 {
			return fault.Invalid("LINE_ITEM_NEGATIVE_PRICE", at("line_items", i, "unit_price_money"), "The unit price must not be negative.")
		}
		l.BaseSubtotal = p.Mul(l.UnitPrice, l.Quantity)
		l.Subtotal = l.BaseSubtotal
		l.Discount = 0
		p.subtotal = p.Add(p.subtotal, l.Subtotal)
	}
	p.discounted = p.subtotal
	return nil
}

// charges sets the charges before their discounts and tax. It runs after the merchandise discounts,
// on which some are based.
func (p *pricer) charges() error {
	for i := range p.o.Charges {
		c := &p.o.Charges[i]
		c.Discount = 0
		switch {
		case (c.Amount == nil) == (c.Percent == nil):
			return fault.Invalid("CHARGE_VALUE_REQUIRED", at("charges", i, ""), "A charge has either an amount or a percentage.")
		case c.Amount != nil && *c.Amount < 0:
			return fault.Invalid("CHARGE_VALUE_REQUIRED", at("charges", i, "amount_money"), "The charge must not be negative.")
		case c.Amount != nil:
			c.Applied = *c.Amount
		case *c.Percent < 0:
			return fault.Invalid("INVALID_CHARGE_PERCENT", at("charges", i, "percent"), "The percentage must not be negative.")
		case c.Basis == BasisPreDiscount:
			c.Applied = p.Percent(p.subtotal, *c.Percent)
		case c.Basis == BasisPostDiscount:
			c.Applied = p.Percent(p.discounted, *c.Percent)
		default:
			return fault.Invalid("CALCULATION_BASIS_REQUIRED", at("charges", i, "calculation_basis"), "A charge in percent names the subtotal it is based on.")
		}
	}
	return nil
}

// tips sets what the requested tip amounts to and holds it against the ceiling.
func (p *pricer) tips() error {
	for i := range p.o.Tips {
		t := &p.o.Tips[i]
		if t.Status != TipRequested {
			continue
		}
		switch {
		case (t.Amount == nil) == (t.Percent == nil):
			return fault.Invalid("INVALID_TIP", "requested_tip", "A tip has either an amount or a percentage.")
		case t.Amount != nil && *t.Amount < 0:
			return fault.Invalid("INVALID_TIP_AMOUNT", "requested_tip.amount_money", "The tip must not be negative.")
		case t.Amount != nil:
			t.Effective = *t.Amount
		case *t.Percent < 0:
			return fault.Invalid("INVALID_TIP_PERCENT", "requested_tip.percent", "The tip must not be negative.")
		default:
			t.Effective = p.Percent(p.discounted, *t.Percent)
		}
		if ceiling, limited := TipCeiling(p.o.Currency, p.discounted); limited && t.Effective > ceiling {
			return fault.Invalid("TIP_LIMIT_EXCEEDED", "requested_tip",
				"The tip is above the larger of 1,000.00 USD and 100 %% of the merchandise after discounts.")
		}
	}
	return nil
}

// TipCeiling is the largest tip that may be requested on merchandise of so many minor units after
// discounts, and whether the currency has one at all: US dollars have, the larger of 1,000.00 and
// 100 % of the merchandise.
func TipCeiling(c money.Currency, merchandise int64) (ceiling int64, limited bool) {
	if c != "USD" {
		return 0, false
	}
	return max(1_000_00, merchandise), true
}

// total adds everything up, line by line and kind by kind.
func (p *pricer) total(flatTax int64) {
	r := Pricing{Subtotal: p.subtotal, Tax: flatTax}
	for i := range p.o.Lines {
		l := &p.o.Lines[i]
		l.Total = p.Add(p.Sub(l.Subtotal, l.Discount), l.TaxAdditive)
		r.Discount = p.Add(r.Discount, l.Discount)
		r.Tax = p.Add(r.Tax, l.TaxAdditive)
		r.TaxIncluded = p.Add(r.TaxIncluded, l.TaxAmount-l.TaxAdditive)
	}
	for i := range p.o.Charges {
		c := &p.o.Charges[i]
		c.Total = p.Add(p.Sub(c.Applied, c.Discount), c.TaxAdditive)
		r.Charge = p.Add(r.Charge, c.Applied)
		r.Discount = p.Add(r.Discount, c.Discount)
		r.Tax = p.Add(r.Tax, c.TaxAdditive)
		r.TaxIncluded = p.Add(r.TaxIncluded, c.TaxAmount-c.TaxAdditive)
	}
	for i := range p.o.Tips {
		switch t := &p.o.Tips[i]; t.Status {
		case TipRequested:
			r.Tip = p.Add(r.Tip, t.Effective)
		case TipSettled, TipPartiallyRefunded, TipRefunded: // a refund is settlement, not price
			r.Tip = p.Add(r.Tip, t.Settled)
		}
	}
	gross := p.Sum(r.Subtotal, r.Charge)
	r.Total = p.Sum(p.Sub(gross, r.Discount), r.Tax, r.Tip)
	p.o.Pricing = r
}

// at is the path of a field of the i-th row of a list.
func at(list string, i int, field string) string {
	if field == "" {
		return fmt.Sprintf("%s[%d]", list, i)
	}
	return fmt.Sprintf("%s[%d].%s", list, i, field)
}
