package doctor

import "flint/internal/refund"

// refunds holds each refund against its parts and operations, and the items against the refunds that
// hold them.
func (c *checker) refunds(b *books) {
	operations := map[string]*operation{}
	for _, o := range b.operations {
		operations[o.ID] = o
	}
	held := map[string]item{}
	hold := func(itemID string, add item) {
		t := held[itemID]
		t.quantity += add.quantity
		t.amount += add.amount
		t.subtotal += add.subtotal
		t.discount += add.discount
		t.tax += add.tax
		held[itemID] = t
	}
	returned := map[string]int64{}
	for _, r := range b.refunds {
		for _, l := range r.detail.Lines {
			for _, g := range l.AdjustmentRefunds {
				if !r.detail.ItemsReleased {
					returned[g.AdjustmentID] += g.Amount
				}
			}
		}
	}
	for _, r := range b.refunds {
		var sum, tips, tipHeld, named int64
		for _, a := range r.allocations {
			row := r.id + "/" + a.id
			sum += a.amount
			tips += a.tip
			if a.status != refund.StatusFailed && a.status != refund.StatusCanceled {
				tipHeld += a.tip
			}
			if a.status == refund.StatusRequiresAction || a.status == refund.StatusCanceled {
				c.add(b.finding("refund_allocations", row, "nothing was asked of a processor (1 when so)", 1, truth(a.operationID == "")))
				continue
			}
			o := operations[a.operationID]
			if o == nil {
				c.add(b.finding("refund_allocations", row, "its operation exists (count)", 1, 0))
				continue
			}
			c.add(b.finding("refund_allocations", row, "amount = what its operation asks for", o.Amount, a.amount))
			state := refund.StatusPending
			if o.ended() {
				state = o.state
			}
			c.add(b.finding("refund_allocations", row, "status = that of its operation (1 when it is)", 1, truth(state == a.status)))
		}
		c.add(b.finding("refunds", r.id, "amount = sum of its allocations", sum, r.amount))
		c.add(b.finding("refunds", r.id, "tip = sum of its allocations", tips, r.tip))
		for _, a := range r.allocations { // either side may be the wrong one
			c.add(b.finding("refund_allocations", r.id+"/"+a.id, "tip = what the refund's others leave of its tip", r.tip-(tips-a.tip), a.tip))
		}
		hold("tip", item{amount: tipHeld})
		for _, l := range r.detail.Lines {
			named += l.Refunded
			if !r.detail.ItemsReleased {
				hold(l.LineID, item{quantity: l.Quantity, amount: l.Total, subtotal: l.Subtotal, discount: l.Discount, tax: l.Tax})
			}
		}
		for _, h := range r.detail.Charges {
			named += h.Amount
			if !r.detail.ItemsReleased {
				hold(h.ChargeID, item{amount: h.Amount, tax: h.Tax})
			}
		}
		for _, t := range r.detail.Taxes {
			named += t.Amount
			if !r.detail.ItemsReleased {
				hold(t.BreakdownID, item{amount: t.Amount, tax: t.Amount})
			}
		}
		named += r.detail.Goodwill
		for _, l := range r.detail.Lines {
			var taxes, withheld int64
			for _, t := range l.Taxes {
				taxes += t.Amount
			}
			if len(l.Taxes) > 0 {
				c.add(b.finding("refunds", r.id+"/"+l.LineID, "tax = sum of its components", l.Tax, taxes))
			}
			for _, a := range l.Adjustments {
				withheld += a.Amount
				c.add(b.finding("refunds", r.id+"/"+a.ID, "given back of an adjustment = sum over refunds", returned[a.ID], a.Returned))
			}
			for _, g := range l.AdjustmentRefunds {
				withheld -= g.Amount
			}
			c.add(b.finding("refunds", r.id+"/"+l.LineID, "refunded = share less what was withheld", l.Total-withheld, l.Refunded))
		}
		if named > r.amount {
			c.add(b.finding("refunds", r.id, "its lines and charges come to its amount at most", r.amount, named))
		}
	}
	for _, t := range b.items {
		want, row := held[t.id], b.id+"/"+t.id
		delete(held, t.id)
		c.add(b.finding("refund_items", row, "units held = sum over refunds (count)", want.quantity, t.quantity))
		c.add(b.finding("refund_items", row, "amount held = sum over refunds", want.amount, t.amount))
		c.add(b.finding("refund_items", row, "subtotal held = sum over refunds", want.subtotal, t.subtotal))
		c.add(b.finding("refund_items", row, "discount held = sum over refunds", want.discount, t.discount))
		c.add(b.finding("refund_items", row, "tax held = sum over refunds", want.tax, t.tax))
		if t.amount > t.soldAmount {
			c.add(b.finding("refund_items", row, "amount held is what was sold at most", t.soldAmount, t.amount))
		}
	}
	for itemID, want := range held {
		c.add(b.finding("refund_items", b.id+"/"+itemID, "amount held = sum over refunds", want.amount, 0))
	}
}
