package order

import (
	"slices"

	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/promotion"
)

// rank is the place of the discount among those of its class.
func (d *Discount) rank() promotion.Rank {
	if d.PromotionID == "" {
		return promotion.Rank{Since: d.CreatedAt}
	}
	return promotion.Rank{Priority: d.Priority, Since: d.Since, PromotionID: d.PromotionID}
}

// discount applies the discounts of each class, one class after the other and each class by rank. A
// discount takes what it asks for or, when less is left, all of that, and spreads it over its bases by
// what is left of each; a promotion takes the parts that were decided. No base ever falls below zero.
// Canceled ones take nothing.
func (p *pricer) discount(classes ...string) error {
	if len(p.o.Discounts) == 0 {
		return nil
	}
	var orderBuf [16]int
	byAge := orderBuf[:0]
	for i := range p.o.Discounts {
		byAge = append(byAge, i)
	}
	slices.SortStableFunc(byAge, func(a, b int) int { return p.o.Discounts[a].rank().Compare(p.o.Discounts[b].rank()) })
	rows := max(len(p.o.Lines), len(p.o.Charges))
	var rowBuf [32]int64
	scratch := rowBuf[:]
	if 2*rows > len(scratch) {
		scratch = make([]int64, 2*rows)
	}
	left, parts := scratch[:rows], scratch[rows:2*rows]

	for _, class := range classes {
		for _, i := range byAge {
			d := &p.o.Discounts[i]
			if d.Amount < 0 {
				return fault.Invalid("DISCOUNT_AMOUNT_INVALID", at("discounts", i, "amount_money"), "The discount must not be negative.")
			}
			if !slices.Contains([]string{DiscountLineItem, DiscountOrder, DiscountServiceCharge}, d.Class) {
				return fault.Invalid("INVALID_DISCOUNT_CLASS", at("discounts", i, "discount_class"), "The discount has no known class.")
			}
			if d.Class != class {
				continue
			}
			var err error
			if class == DiscountServiceCharge {
				err = p.discountCharges(d, left[:len(p.o.Charges)], parts[:len(p.o.Charges)])
			} else {
				err = p.discountLines(d, left[:len(p.o.Lines)], parts[:len(p.o.Lines)])
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// discountLines takes an order discount from all lines, a line_item discount from those it names.
func (p *pricer) discountLines(d *Discount, left, parts []int64) error {
	for i := range p.o.Lines {
		l := &p.o.Lines[i]
		left[i] = 0
		if d.Class == DiscountOrder || slices.Contains(d.LineIDs, l.ID) {
			left[i] = p.Sub(l.Subtotal, l.Discount)
		}
	}
	if len(d.Parts) > 0 {
		for i := range parts {
			parts[i] = d.part(p.o.Lines[i].ID)
		}
	}
	if err := p.spread(d, left, parts); err != nil {
		return err
	}
	for i, part := range parts {
		p.o.Lines[i].Discount += part
	}
	p.discounted = p.Sub(p.discounted, d.Applied)
	return nil
}

// discountCharges takes a service_charge discount from the charges it names.
func (p *pricer) discountCharges(d *Discount, left, parts []int64) error {
	for i := range p.o.Charges {
		c := &p.o.Charges[i]
		left[i] = 0
		if slices.Contains(d.ChargeIDs, c.ID) {
			left[i] = p.Sub(c.Applied, c.Discount)
		}
	}
	if len(d.Parts) > 0 {
		for i := range parts {
			parts[i] = d.part(p.o.Charges[i].ID)
		}
	}
	if err := p.spread(d, left, parts); err != nil {
		return err
	}
	for i, part := range parts {
		p.o.Charges[i].Discount += part
	}
	return nil
}

// part is what the promotion takes from one line or charge.
func (d *Discount) part(id string) int64 {
	for i := range d.Parts {
		if d.Parts[i].ID == id {
			return d.Parts[i].Amount
		}
	}
	return 0
}

// spread sets what the discount takes and its parts, which hold the wish of each where a promotion has
// decided it. As it takes no more than is left in all, no part
// is more than is left of its base (see money.Allocate).
func (p *pricer) spread(d *Discount, left, parts []int64) error {
	if len(d.Parts) > 0 {
		d.Applied = 0
		for i := range parts {
			if parts[i] = min(parts[i], left[i]); d.Status == DiscountCanceled {
				parts[i] = 0
			}
			d.Applied = p.Add(d.Applied, parts[i])
		}
		return nil
	}
	d.Applied = min(d.Amount, p.Sum(left...))
	if d.Status == DiscountCanceled {
		d.Applied = 0
	}
	return money.AllocateInto(parts, d.Applied, left)
}
