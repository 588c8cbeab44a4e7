package refund

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// tipItem is the item under which the tip's refunds are held.
const tipItem = "tip"

// Taken is what refunds hold of one line or charge: succeeded and pending ones. Amounts are minor units;
// Amount is what the buyer paid for it, after discount and with tax.
type Taken struct {
	Quantity, Amount, Subtotal, Discount, Tax int64
}

// Plus is t with more taken of the same line or charge.
func (t Taken) Plus(more Taken) Taken {
	return Taken{Quantity: t.Quantity + more.Quantity, Amount: t.Amount + more.Amount, Subtotal: t.Subtotal + more.Subtotal,
		Discount: t.Discount + more.Discount, Tax: t.Tax + more.Tax}
}

// Taken is what refunds and the claims of returns hold of an order that the caller has locked, by line, charge and tip.
func (s *Service) Taken(tx db.Tx, o *order.Order) (map[string]Taken, error) {
	out, err := LoadTaken(tx, o.Scope, o.ID)
	if err != nil || s.Claimed == nil {
		return out, err
	}
	claims, err := s.Claimed(tx, o.Scope, o.ID)
	if err != nil {
		return nil, fmt.Errorf("read what returns hold of an order: %w", err)
	}
	for item, c := range claims {
		out[item] = out[item].Plus(c)
	}
	return out, nil
}

// LoadTaken reads what refunds hold of an order that the caller has locked, by line, charge and tip; claims of
// returns are not in it.
func LoadTaken(tx db.Tx, scope tenant.Scope, orderID string) (map[string]Taken, error) {
	out := map[string]Taken{}
	err := tx.Query(func(r db.Row) error {
		var item string
		var t Taken
		err := r.Scan(&item, &t.Quantity, &t.Amount, &t.Subtotal, &t.Discount, &t.Tax)
		out[item] = t
		return err
	}, `SELECT item_id, taken_quantity, taken_amount, taken_subtotal, taken_discount, taken_tax FROM refund_items
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`, scope.MerchantID, scope.EnvironmentID, orderID)
	return out, err
}

// lineUnits is what the next n units of a line carry, given what refunds hold already. The last units
// carry all that is left, so the sum over all refunds is the line itself.
func lineUnits(l *order.Line, t Taken, n int64) LineAllocation {
	all := order.LineShare(*l, 0, l.Quantity)
	left := LineAllocation{
		Subtotal: all.Subtotal - t.Subtotal, Discount: all.Discount - t.Discount, Tax: all.Tax - t.Tax, Total: all.Total - t.Amount,
	}
	part := left
	if t.Quantity+n < l.Quantity {
		s := order.LineShare(*l, t.Quantity, t.Quantity+n)
		part.Subtotal = min(s.Subtotal, left.Subtotal)
		part.Discount = min(s.Discount, left.Discount)
		part.Tax = min(s.Tax, left.Tax)
		part.Total = min(s.Total, left.Total)
		if short := s.Tax - part.Tax; short > 0 && l.TaxAdditive == l.TaxAmount { // its tax went back before
			part.Total = min(max(part.Subtotal-part.Discount+part.Tax, 0), left.Total)
		}
	}
	part.LineID, part.Quantity, part.Refunded = l.ID, n, part.Total
	return part
}

// Next is what the next n units of a line carry, given what is taken of it already. The last units carry all that
// is left, so any sequence of takings sums to the line itself. It is what a return freezes as the value of units.
func Next(l *order.Line, t Taken, n int64) Share {
	part := lineUnits(l, t, n)
	return Share{Subtotal: part.Subtotal, Discount: part.Discount, Tax: part.Tax, Total: part.Total}
}

// frozenUnits is what units of a line carry by a promise made before. The caller
// took the shares after those held, so no more than the line can come of it.
func frozenUnits(l *order.Line, t Taken, in LineInput) (LineAllocation, error) {
	if in.Quantity == nil || *in.Quantity < 0 || t.Quantity+*in.Quantity > l.Quantity {
		return LineAllocation{}, fault.Invalid("INVALID_QUANTITY", "quantity", "At most %d units of the line can be refunded.", l.Quantity-t.Quantity)
	}
	s := *in.Share
	left := order.LineShare(*l, 0, l.Quantity).Total - t.Amount
	if s.Total < 0 || s.Total > left {
		return LineAllocation{}, fault.Invalid("NOTHING_TO_REFUND_FOR_LINE_ITEM", "order_line_item_id", "Less is left of the line than was promised for these units.")
	}
	return LineAllocation{LineID: l.ID, Quantity: *in.Quantity, Subtotal: s.Subtotal, Discount: s.Discount, Tax: s.Tax, Total: s.Total, Refunded: s.Total}, nil
}

// lineAmount is a part of a line by amount instead of units; tax goes along in proportion.
func lineAmount(l *order.Line, t Taken, amount int64) LineAllocation {
	all := order.LineShare(*l, 0, l.Quantity)
	left := all.Total - t.Amount
	tax := money.Share(all.Tax-t.Tax, amount, left)
	discount := money.Share(all.Discount-t.Discount, amount, left)
	additive := int64(0)
	if l.TaxAdditive != 0 {
		additive = tax
	}
	return LineAllocation{
		LineID: l.ID, Subtotal: amount - additive + discount, Discount: discount, Tax: tax, Total: amount, Refunded: amount,
	}
}

func chargeLeft(c *order.Charge, t Taken) ChargePart {
	return ChargePart{ChargeID: c.ID, Amount: c.Total - t.Amount, Tax: c.TaxAmount - t.Tax}
}

// reserveItems notes that the refund holds these lines, charges and tip. The CHECK constraints refuse
// more than was sold.
func reserveItems(tx db.Tx, o *order.Order, r *Refund) error {
	put := func(itemID string, sold, soldAmount int64, t Taken) error {
		return tx.Send(`INSERT INTO refund_items (merchant_id, environment_id, order_id, item_id, sold_quantity, taken_quantity,
				sold_amount, taken_amount, taken_subtotal, taken_discount, taken_tax)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (merchant_id, environment_id, order_id, item_id) DO UPDATE SET
				sold_quantity = excluded.sold_quantity, sold_amount = excluded.sold_amount,
				taken_quantity = refund_items.taken_quantity + excluded.taken_quantity,
				taken_amount = refund_items.taken_amount + excluded.taken_amount,
				taken_subtotal = refund_items.taken_subtotal + excluded.taken_subtotal,
				taken_discount = refund_items.taken_discount + excluded.taken_discount,
				taken_tax = refund_items.taken_tax + excluded.taken_tax`,
			o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID, itemID, sold, t.Quantity, soldAmount, t.Amount, t.Subtotal, t.Discount, t.Tax)
	}
	for _, part := range r.Detail.Lines {
		l := o.Line(part.LineID)
		if err := put(l.ID, l.Quantity, order.LineShare(*l, 0, l.Quantity).Total, part.taken()); err != nil {
			return err
		}
	}
	for _, part := range r.Detail.Charges {
		if err := put(part.ChargeID, 0, o.Charge(part.ChargeID).Total, part.taken()); err != nil {
			return err
		}
	}
	for _, part := range r.Detail.Taxes {
		if err := put(part.BreakdownID, 0, breakdown(o, part.BreakdownID).Amount, part.taken()); err != nil {
			return err
		}
	}
	if r.Tip == 0 {
		return nil
	}
	return put(tipItem, 0, o.Settlement.SettledTip, Taken{Amount: r.Tip})
}

// releaseItems gives the refund's lines and charges back, for another refund to take.
func releaseItems(tx db.Tx, r *Refund) error {
	for _, part := range r.Detail.Lines {
		if err := release(tx, r, part.LineID, part.taken()); err != nil {
			return err
		}
	}
	for _, part := range r.Detail.Charges {
		if err := release(tx, r, part.ChargeID, part.taken()); err != nil {
			return err
		}
	}
	for _, part := range r.Detail.Taxes {
		if err := release(tx, r, part.BreakdownID, part.taken()); err != nil {
			return err
		}
	}
	return nil
}

// releaseTip gives back the tip of one part of the refund, which failed.
func releaseTip(tx db.Tx, r *Refund, tip int64) error {
	if tip == 0 {
		return nil
	}
	return release(tx, r, tipItem, Taken{Amount: tip})
}

func release(tx db.Tx, r *Refund, itemID string, t Taken) error {
	return tx.Send(`UPDATE refund_items SET taken_quantity = taken_quantity - $5, taken_amount = taken_amount - $6,
			taken_subtotal = taken_subtotal - $7, taken_discount = taken_discount - $8, taken_tax = taken_tax - $9
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND item_id = $4`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.OrderID, itemID, t.Quantity, t.Amount, t.Subtotal, t.Discount, t.Tax)
}

func (a LineAllocation) taken() Taken {
	return Taken{Quantity: a.Quantity, Amount: a.Total, Subtotal: a.Subtotal, Discount: a.Discount, Tax: a.Tax}
}

func (p TaxPart) taken() Taken { return Taken{Amount: p.Amount, Tax: p.Amount} }

func (p ChargePart) taken() Taken { return Taken{Amount: p.Amount, Tax: p.Tax} }

// tooMuch names what can still be refunded.
func tooMuch(param string, left int64, c money.Currency) error {
	return fault.Invalid("AMOUNT_EXCEEDS_REFUNDABLE", param, "The amount is more than can still be refunded.").
		Then("Ask for at most maximum_money.").
		With("maximum_money", money.Amount{Minor: max(left, 0), Currency: c})
}
