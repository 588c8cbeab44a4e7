package returns

import (
	"cmp"
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
)

// Pricing bases of goods that replace others.
const (
	PriceOriginal = "original_price"        // what the buyer paid for the goods that come back
	PriceCurrent  = "current_price"         // the catalogue's
	PriceAgreed   = "merchant_agreed_price" // as the request says, line by line
)

// ReplacementInput is goods that go to the buyer instead: a variant, or a name.
type ReplacementInput struct {
	ID          string // of a line that stays, when lines are replaced; empty for a new one
	VariantID   string
	Name        string
	Description string
	SKU         string
	Quantity    int64
	UnitPrice   *money.Amount
}

// priceReplacements prices goods that replace others, in exactly the way in which their order will be priced, and
// tells what has to be taken off that order for rounding. in.lines are the units that come back with their values.
func (s *Service) priceReplacements(tx db.Tx, o *order.Order, r *Return, q *Resolution, asked []ReplacementInput) error {
	q.Replacements, q.Rounding = nil, 0
	if len(asked) == 0 {
		return nil
	}
	pool := newPool(o, r, q.Lines)
	for n, in := range asked {
		line, off, err := s.replacementLine(tx, o, r, q.PricingBasis, pool, in)
		if err != nil {
			return fault.Below(fmt.Sprintf("replacement_line_items[%d]", n), err)
		}
		q.Replacements, q.Rounding = append(q.Replacements, line), q.Rounding+off
	}
	if q.PricingBasis != PriceOriginal {
		if err := s.taxReplacements(tx, o, r, q, pool); err != nil {
			return err
		}
	}
	priced, err := s.Orders.Quote(tx.Context(), tx, replacementOrder(o, r, q, event.Cause{}))
	if err != nil {
		return inOrder(err)
	}
	for n := range q.Replacements {
		l, line := &q.Replacements[n], &priced.Lines[n]
		l.Name, l.Description, l.SKU = line.Name, line.Description, cmp.Or(line.SKU, l.SKU)
		l.Value = Value{Subtotal: line.Subtotal, Discount: line.Discount, Tax: line.TaxAmount, Total: line.Total}
	}
	return nil
}

// replacementLine is one line with its unit price; off is what its price is too high by, in all.
func (s *Service) replacementLine(tx db.Tx, o *order.Order, r *Return, basis string, pool *pool, in ReplacementInput) (line ReplacementLine, off int64, err error) {
	if (in.VariantID == "") == (in.Name == "") {
		return line, 0, fault.Invalid("EXACTLY_ONE_REQUIRED", "variant_id", "A replacement line is a variant or has a name of its own.")
	}
	if in.Quantity < 1 || in.Quantity > order.MaxQuantity {
		return line, 0, fault.Invalid("INVALID_QUANTITY", "quantity", "A quantity is at least 1.")
	}
	if in.UnitPrice != nil && in.UnitPrice.Currency != o.Currency {
		return line, 0, fault.Invalid("CURRENCY_MISMATCH", "unit_price_money.currency", "The order is in another currency.")
	}
	line = ReplacementLine{ID: in.ID, VariantID: in.VariantID, Name: in.Name, Description: in.Description, SKU: in.SKU, Quantity: in.Quantity}
	priced := in.UnitPrice != nil
	switch {
	case basis == PriceOriginal && priced, basis == PriceCurrent && priced && in.VariantID != "":
		return line, 0, fault.Invalid("INVALID_REQUEST", "unit_price_money", "The pricing basis says the price; leave it out.")
	case basis == PriceAgreed && !priced, basis == PriceCurrent && !priced && in.VariantID == "":
		return line, 0, fault.Invalid("LINE_ITEM_UNIT_PRICE_REQUIRED", "unit_price_money", "This line needs a unit price.")
	case basis == PriceOriginal:
		of := pool.match(in.VariantID)
		if of == nil {
			return line, 0, fault.Invalid("INVALID_REQUEST", "", "Nothing that comes back has an original price for this line.").
				Then("Use the pricing basis current_price or merchant_agreed_price.")
		}
		total := of.take(in.Quantity)
		line.UnitPrice = (total + in.Quantity - 1) / in.Quantity
		line.Tax = taxOf(o, of.sold, order.PriceInclusive)
		return line, line.UnitPrice*in.Quantity - total, nil
	case priced:
		line.UnitPrice = in.UnitPrice.Minor
		return line, 0, nil
	}
	offers, err := s.Orders.Catalog.Offers(tx, r.Scope, []string{in.VariantID})
	if err != nil {
		return line, 0, fmt.Errorf("read variant %s: %w", in.VariantID, err)
	}
	offer := offers[in.VariantID]
	if offer == nil {
		return line, 0, fault.Invalid("RESOURCE_NOT_FOUND", "variant_id", "There is no such variant.")
	}
	if offer.Variant.Currency != o.Currency {
		return line, 0, fault.Invalid("CURRENCY_MISMATCH", "variant_id", "The variant is priced in another currency.")
	}
	line.UnitPrice = offer.Variant.UnitPrice
	return line, 0, nil
}

// taxReplacements finds the taxes of goods at a new price: as the order's own mode finds them, or with the components
// that were stated for the goods that come back.
func (s *Service) taxReplacements(tx db.Tx, o *order.Order, r *Return, q *Resolution, pool *pool) error {
	if !o.Tax.Enabled {
		return nil
	}
	if o.Tax.Mode == order.TaxExternal {
		for n := range q.Replacements {
			if of := pool.match(q.Replacements[n].VariantID); of != nil && of.sold.Tax.Calculation != nil {
				q.Replacements[n].Tax = taxOf(o, of.sold, of.sold.Tax.Calculation.PriceMode)
			}
		}
		return nil
	}
	in := replacementOrder(o, r, q, event.Cause{})
	enabled := true
	in.Tax = &order.TaxInput{Enabled: &enabled, Calculation: &order.TaxCalculationInput{Mode: order.TaxAutomatic, PriceMode: o.Tax.PriceMode}}
	if loc := o.Tax.Location; loc != nil {
		in.Tax.Location = &order.TaxLocationInput{Address: loc.Address, AddressType: loc.AddressType}
	}
	for n := range in.Lines {
		in.Lines[n].Tax, in.Lines[n].TaxFree = nil, false
	}
	priced, err := s.Orders.Quote(tx.Context(), tx, in)
	if err != nil {
		return inOrder(err)
	}
	for n := range q.Replacements {
		q.Replacements[n].Tax = taxOf(priced, &priced.Lines[n], o.Tax.PriceMode)
	}
	return nil
}

// taxOf is what a priced line was taxed with, as components that are stated; nil for nothing.
func taxOf(o *order.Order, l *order.Line, priceMode string) *order.ItemTaxMethod {
	out := &order.ItemTaxMethod{Mode: order.TaxExternal, PriceMode: priceMode}
	for _, b := range o.Tax.Breakdowns {
		if b.LineID != l.ID || b.Percent == nil || *b.Percent == 0 {
			continue
		}
		k := slices.IndexFunc(out.Components, func(c order.TaxComponent) bool { return c.TaxType == b.TaxType && c.Jurisdiction == b.Jurisdiction })
		if k >= 0 {
			out.Components[k].Percent += *b.Percent
			continue
		}
		out.Components = append(out.Components, order.TaxComponent{TaxType: b.TaxType, Percent: *b.Percent, Jurisdiction: b.Jurisdiction})
	}
	if len(out.Components) == 0 {
		return nil
	}
	return out
}

// replacementOrder is the order of a resolution: the goods that replace others, or what a correction claims.
func replacementOrder(o *order.Order, r *Return, x *Resolution, cause event.Cause) order.CreateInput {
	off := false
	in := order.CreateInput{
		Scope: r.Scope, Cause: cause, Origin: "api", CustomerID: o.CustomerID, AutomaticOff: true, Tax: &order.TaxInput{Enabled: &off},
		ReturnID: r.ID, ReturnResolutionID: x.ID, InternalNote: "Replaces goods of order " + o.Number + ", return " + r.Number + ".",
	}
	if x.Type == ResolutionCorrection {
		price := r.Money(x.BuyerPayment)
		in.InternalNote = "Corrects return " + r.Number + " of order " + o.Number + "."
		in.Lines = []order.LineInput{{Name: "Correction of return " + r.Number, UnitPrice: &price, TaxFree: true}}
		return in
	}
	if d := o.Delivery; d != nil {
		in.Delivery = &order.DeliveryInput{Address: d.Address, RecipientName: d.RecipientName, RecipientPhone: d.RecipientPhone}
	}
	for n := range x.Replacements {
		l := &x.Replacements[n]
		price, quantity := r.Money(l.UnitPrice), l.Quantity
		line := order.LineInput{VariantID: l.VariantID, Quantity: &quantity, TaxFree: l.Tax == nil}
		if l.VariantID == "" {
			line.Name, line.Description, line.UnitPrice = l.Name, l.Description, &price
		} else {
			line.Agreed = &price
		}
		if l.Tax != nil {
			line.Tax = &order.ItemTaxInput{Calculation: l.Tax}
			on := true
			in.Tax = &order.TaxInput{Enabled: &on, Calculation: &order.TaxCalculationInput{Mode: order.TaxExternal, PriceMode: l.Tax.PriceMode}}
		}
		in.Lines = append(in.Lines, line)
	}
	if x.Rounding > 0 {
		in.Discounts = []order.DiscountInput{{Name: "Rounding", Amount: r.Money(x.Rounding)}}
	}
	return in
}

// inOrder moves the paths of an order's faults to the replacement lines that caused them.
func inOrder(err error) error {
	return fault.Moved(err, func(path string) string {
		if path == "" {
			return "replacement_line_items"
		}
		return "replacement_" + path
	})
}

// pool is what comes back, to be matched with what replaces it.
type pool struct{ lines []*pooled }

// pooled is units of one line of the order that come back, and how many of them a replacement stands for already.
type pooled struct {
	sold            *order.Line
	quantity, value int64
	matched         int64
}

func newPool(o *order.Order, r *Return, lines []ResolutionLine) *pool {
	p := &pool{}
	for _, l := range lines {
		sold := o.Line(r.Line(l.LineID).OrderLineID)
		k := slices.IndexFunc(p.lines, func(e *pooled) bool { return e.sold == sold })
		if k < 0 {
			p.lines = append(p.lines, &pooled{sold: sold})
			k = len(p.lines) - 1
		}
		p.lines[k].quantity += l.Quantity
		p.lines[k].value += l.Value.Total
	}
	return p
}

// match finds what a replacement stands for: the same variant, or else the first line with units that nothing
// stands for yet, or else the last one.
func (p *pool) match(variantID string) *pooled {
	var free, last *pooled
	for _, e := range p.lines {
		if variantID != "" && e.sold.Source != nil && e.sold.Source.VariantID == variantID {
			return e
		}
		if free == nil && e.matched < e.quantity {
			free = e
		}
		last = e
	}
	if free != nil {
		return free
	}
	return last
}

// take is what the next n units came to: the value of the units that come back, and for more of them the price of
// one each.
func (e *pooled) take(n int64) int64 {
	inPool := min(n, max(e.quantity-e.matched, 0))
	total := money.ShareRange(e.value, e.matched, e.matched+inPool, max(e.quantity, 1))
	total += (n - inPool) * money.Share(e.value, 1, max(e.quantity, 1))
	e.matched += inPool
	return total
}
