package refund

import (
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// tipItem is the item under which the tip's refunds are held.
const tipItem = "tip"

// taken is what refunds hold of one line or charge: succeeded and pending ones. Amounts are minor units.
type taken struct {
	quantity, amount, subtotal, discount, tax int64
}

func loadTaken(tx db.Tx, scope tenant.Scope, orderID string) (map[string]taken, error) {
	out := map[string]taken{}
	err := tx.Query(func(r db.Row) error {
		var item string
		var t taken
		err := r.Scan(&item, &t.quantity, &t.amount, &t.subtotal, &t.discount, &t.tax)
		out[item] = t
		return err
	}, `SELECT item_id, taken_quantity, taken_amount, taken_subtotal, taken_discount, taken_tax FROM refund_items
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`, scope.MerchantID, scope.EnvironmentID, orderID)
	return out, err
}

// lineUnits is what the next n units of a line carry, given what refunds hold already. The last units
// carry all that is left, so the sum over all refunds is the line itself.
func lineUnits(l *order.Line, t taken, n int64) LineAllocation {
	all := order.LineShare(*l, 0, l.Quantity)
	left := LineAllocation{
		Subtotal: all.Subtotal - t.subtotal, Discount: all.Discount - t.discount, Tax: all.Tax - t.tax, Total: all.Total - t.amount,
	}
	part := left
	if t.quantity+n < l.Quantity {
		s := order.LineShare(*l, t.quantity, t.quantity+n)
		part.Subtotal = min(s.Subtotal, left.Subtotal)
		part.Discount = min(s.Discount, left.Discount)
		part.Tax = min(s.Tax, left.Tax)
		part.Total = min(s.Total, left.Total)
	}
	part.LineID, part.Quantity, part.Refunded = l.ID, n, part.Total
	return part
}

// lineAmount is a part of a line by amount instead of units; tax goes along in proportion.
func lineAmount(l *order.Line, t taken, amount int64) LineAllocation {
	all := order.LineShare(*l, 0, l.Quantity)
	left := all.Total - t.amount
	tax := money.Share(all.Tax-t.tax, amount, left)
	discount := money.Share(all.Discount-t.discount, amount, left)
	additive := int64(0)
	if l.TaxAdditive != 0 {
		additive = tax
	}
	return LineAllocation{
		LineID: l.ID, Subtotal: amount - additive + discount, Discount: discount, Tax: tax, Total: amount, Refunded: amount,
	}
}

func chargeLeft(c *order.Charge, t taken) ChargePart {
	return ChargePart{ChargeID: c.ID, Amount: c.Total - t.amount, Tax: c.TaxAmount - t.tax}
}

// reserveItems notes that the refund holds these lines, charges and tip. The CHECK constraints refuse
// more than was sold.
func reserveItems(tx db.Tx, o *order.Order, r *Refund) error {
	put := func(itemID string, sold, soldAmount int64, t taken) error {
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
			o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID, itemID, sold, t.quantity, soldAmount, t.amount, t.subtotal, t.discount, t.tax)
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
	if r.Tip == 0 {
		return nil
	}
	return put(tipItem, 0, o.Settlement.SettledTip, taken{amount: r.Tip})
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
	return nil
}

// releaseTip gives back the tip of one part of the refund, which failed.
func releaseTip(tx db.Tx, r *Refund, tip int64) error {
	if tip == 0 {
		return nil
	}
	return release(tx, r, tipItem, taken{amount: tip})
}

func release(tx db.Tx, r *Refund, itemID string, t taken) error {
	return tx.Send(`UPDATE refund_items SET taken_quantity = taken_quantity - $5, taken_amount = taken_amount - $6,
			taken_subtotal = taken_subtotal - $7, taken_discount = taken_discount - $8, taken_tax = taken_tax - $9
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND item_id = $4`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.OrderID, itemID, t.quantity, t.amount, t.subtotal, t.discount, t.tax)
}

func (a LineAllocation) taken() taken {
	return taken{quantity: a.Quantity, amount: a.Total, subtotal: a.Subtotal, discount: a.Discount, tax: a.Tax}
}

func (p ChargePart) taken() taken { return taken{amount: p.Amount, tax: p.Tax} }

// tooMuch names what can still be refunded.
func tooMuch(param string, left int64, c money.Currency) error {
	return fault.Invalid("AMOUNT_EXCEEDS_REFUNDABLE", param, "The amount is more than can still be refunded.").
		Then("Ask for at most maximum_money.").
		With("maximum_money", money.Amount{Minor: max(left, 0), Currency: c})
}
