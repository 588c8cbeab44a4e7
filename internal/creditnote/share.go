package creditnote

import (
	"flint/internal/money"
	"flint/internal/order"
)

// taken is what issued notes hold of a line. Amounts are minor units.
type taken struct {
	quantity, total, discount, tax, additive int64
}

func (t taken) plus(l Line, sign int64) taken {
	return taken{t.quantity + sign*l.Quantity, t.total + sign*l.Total, t.discount + sign*l.Discount, t.tax + sign*l.Tax, t.additive + sign*l.TaxAdditive}
}

// left is what of a billed line no issued note holds.
func left(l order.Line, t taken) taken {
	return taken{l.Quantity - t.quantity, l.Total - t.total, l.Discount - t.discount, l.TaxAmount - t.tax, l.TaxAdditive - t.additive}
}

// share fills a line in with what the correction takes of a billed line, given what issued notes hold. The
// subtotal follows from the rest, so that every line of a note adds up by itself, and whoever takes the last
// units or the last money takes all that is left, so that the notes add up to the line. It returns false
// when less than that is left.
func (c Correction) share(l order.Line, t taken, into *Line) bool {
	rest := left(l, t)
	var part taken
	switch c.Type {
	case ByQuantity:
		if c.Quantity < 1 || c.Quantity > rest.quantity || rest.total == 0 && l.Total > 0 {
			return false
		}
		part = rest
		if c.Quantity < rest.quantity {
			from, to := t.quantity, t.quantity+c.Quantity
			s := order.LineShare(l, from, to)
			part = taken{total: min(s.Total, rest.total), discount: min(s.Discount, rest.discount), tax: min(s.Tax, rest.tax)}
			part.additive = min(s.Total-s.Subtotal+s.Discount, rest.additive)
		}
		part.quantity = c.Quantity
	default:
		if c.Amount < 1 || c.Amount > rest.total {
			return false
		}
		part = rest
		if c.Amount < rest.total {
			of := func(minor int64) int64 { return money.Share(minor, c.Amount, rest.total) }
			part = taken{total: c.Amount, discount: of(rest.discount), tax: of(rest.tax), additive: of(rest.additive)}
		}
		part.quantity = 0
	}
	into.Quantity, into.Total, into.Discount, into.Tax, into.TaxAdditive = part.quantity, part.total, part.discount, part.tax, part.additive
	into.Subtotal = part.total + part.discount - part.additive
	return true
}
