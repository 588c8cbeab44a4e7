package doctor

import (
	"strconv"
	"strings"

	"flint/internal/ledger"
	"flint/internal/order"
)

// order checks everything about one order.
func (c *checker) order(b *books) {
	if b.order == nil {
		c.add(b.finding("orders", b.id, "rows belong to an order that exists (count)", 1, 0))
		return
	}
	c.price(b)
	c.activities(b)
	c.operations(b)
	c.intents(b)
	c.disputes(b)
	c.attempts(b)
	c.refunds(b)
	c.creditNotes(b)
	c.settlement(b)
	c.stranded(b)
	c.journal(b)
}

func (b *books) finding(table, row, rule string, expected, actual int64) Finding {
	f := Finding{
		Table: table, MerchantID: b.scope.MerchantID, EnvironmentID: b.scope.EnvironmentID, OrderID: b.id, Row: row, Rule: rule,
		Expected: expected, Actual: actual,
	}
	if b.order != nil {
		f.Currency = string(b.order.Currency)
	}
	return f
}

// price adds the order up from its lines, charges and tips.
func (c *checker) price(b *books) {
	o := b.order
	var sum order.Pricing
	for i := range o.Lines {
		l := &o.Lines[i]
		sum.Subtotal += l.Subtotal
		sum.Discount += l.Discount
		sum.Tax += l.TaxAdditive
		sum.TaxIncluded += l.TaxAmount - l.TaxAdditive
		sum.Total += l.Total
		c.add(b.finding("orders", b.id+"/"+l.ID, "base subtotal = unit price x quantity", l.UnitPrice*l.Quantity, l.BaseSubtotal))
		c.add(b.finding("orders", b.id+"/"+l.ID, "line total = subtotal - discount + tax on top", l.Subtotal-l.Discount+l.TaxAdditive, l.Total))
	}
	for i := range o.Charges {
		h := &o.Charges[i]
		sum.Charge += h.Applied
		sum.Discount += h.Discount
		sum.Tax += h.TaxAdditive
		sum.TaxIncluded += h.TaxAmount - h.TaxAdditive
		sum.Total += h.Total
		c.add(b.finding("orders", b.id+"/"+h.ID, "charge total = applied - discount + tax on top", h.Applied-h.Discount+h.TaxAdditive, h.Total))
	}
	for i := range o.Tips {
		switch t := &o.Tips[i]; t.Status {
		case order.TipRequested:
			sum.Tip += t.Effective
		case order.TipSettled, order.TipPartiallyRefunded, order.TipRefunded:
			sum.Tip += t.Settled
		}
	}
	flat := int64(0)
	for _, t := range o.Tax.Breakdowns {
		if t.LineID == "" && t.ChargeID == "" {
			flat += t.Amount
		}
	}
	sum.Tax += flat
	sum.Total += sum.Tip + flat
	p := o.Pricing
	for _, f := range []struct {
		rule             string
		expected, actual int64
	}{
		{"subtotal = sum of lines", sum.Subtotal, p.Subtotal},
		{"discount = sum over lines and charges", sum.Discount, p.Discount},
		{"charge = sum of charges", sum.Charge, p.Charge},
		{"tax = sum over lines, charges and the order", sum.Tax, p.Tax},
		{"included tax = sum over lines and charges", sum.TaxIncluded, p.TaxIncluded},
		{"tip = sum of tips", sum.Tip, p.Tip},
		{"total = sum of line totals, charge totals, order-level tax and tip", sum.Total, p.Total},
		{"outstanding = what the total exceeds paid by", o.Outstanding(), b.outstanding},
	} {
		c.add(b.finding("orders", b.id, f.rule, f.expected, f.actual))
	}
	c.add(b.finding("orders", b.id, "payment status follows from paid and total (1 when it does)", 1, truth(o.DerivePaymentStatus() == b.paymentStatus)))
	c.add(b.finding("orders", b.id, "refund status follows from refunded and paid (1 when it does)", 1, truth(o.DeriveRefundStatus() == b.refundStatus)))
}

// activities follows the history to the present balance.
func (c *checker) activities(b *books) {
	running := int64(0)
	for n, a := range b.activities {
		row := b.id + "/" + strconv.FormatInt(a.sequence, 10)
		c.add(b.finding("order_activities", row, "sequence without gaps", int64(n)+1, a.sequence))
		c.add(b.finding("order_activities", row, "running balance = the one before + delta", running+a.delta, a.running))
		running = a.running
	}
	c.add(b.finding("orders", b.id, "number of activities (count)", int64(len(b.activities)), b.activityCount))
	c.add(b.finding("order_activities", b.id, "the history ends at the balance", b.order.Balance(), running))
}

// settlement holds what the order says it was paid against the payments, refunds and tips.
func (c *checker) settlement(b *books) {
	o := b.order
	var captured, refunded, tips, tipsRefunded, tipsGiven int64
	for _, i := range b.intents {
		captured += i.taken
		refunded += i.givenBack
	}
	for i := range o.Tips {
		tips += o.Tips[i].Settled
		tipsRefunded += o.Tips[i].Refunded
	}
	lines, charges, units := map[string]int64{}, map[string]int64{}, map[string]int64{}
	for _, r := range b.refunds {
		for _, a := range r.allocations {
			if a.status == "succeeded" {
				tipsGiven += a.tip
			}
		}
		if !r.detail.ItemsSettled {
			continue
		}
		for _, l := range r.detail.Lines {
			lines[l.LineID] += l.Refunded
			units[l.LineID] += l.Quantity
		}
		for _, h := range r.detail.Charges {
			charges[h.ChargeID] += h.Amount
		}
	}
	c.add(b.finding("orders", b.id, "paid = sum of captures", captured, o.Settlement.Paid))
	c.add(b.finding("orders", b.id, "refunded = sum of succeeded refunds", refunded, o.Settlement.Refunded))
	c.add(b.finding("orders", b.id, "settled tip = sum of tips", tips, o.Settlement.SettledTip))
	c.add(b.finding("orders", b.id, "refunded tips = sum over succeeded refunds", tipsGiven, tipsRefunded))
	for i := range o.Lines {
		l := &o.Lines[i]
		c.add(b.finding("orders", b.id+"/"+l.ID, "line refunded = sum of refunds", lines[l.ID], l.Refunded))
		c.add(b.finding("orders", b.id+"/"+l.ID, "line units refunded = sum of refunds (count)", units[l.ID], l.RefundedQuantity))
	}
	for i := range o.Charges {
		h := &o.Charges[i]
		c.add(b.finding("orders", b.id+"/"+h.ID, "charge refunded = sum of refunds", charges[h.ID], h.Refunded))
	}
}

// stranded holds the inbox against what the order has to give: what remains in it is money that was collected
// and that nothing was due for.
func (c *checker) stranded(b *books) {
	var remaining int64
	for _, s := range b.stranded {
		remaining += s.remaining
		c.add(b.finding("stranded_payments", s.id, "something remains until it is resolved (1 when so)", 1, truth((s.remaining > 0) == (s.status != "resolved"))))
	}
	c.add(b.finding("stranded_payments", b.id, "what remains is unclaimed money of the order", min(remaining, b.order.Unclaimed()), remaining))
	c.add(b.finding("orders", b.id, "the order knows of its stranded payments (1 when it does)", 1, truth(b.order.Stranded == (remaining > 0))))
}

// journal proves that each entry balances, that the entries of the order lead to its position, and
// that clearing holds what is in flight and nothing else.
func (c *checker) journal(b *books) {
	position := map[ledger.Account]int64{}
	for _, p := range order.Position(b.order) {
		position[p.Account] += p.Amount
	}
	operations := map[string]*operation{}
	for _, op := range b.operations {
		operations[op.ID] = op
	}
	held := map[ledger.Account]int64{}
	cleared := map[string][2]int64{} // operation -> planned and cleared amounts
	for _, e := range b.entries {
		var sum int64
		for _, p := range e.postings {
			sum += p.amount
		}
		c.add(b.finding("postings", e.id, "an entry balances to zero", 0, sum))
		kind, rest, _ := strings.Cut(e.reason, ":")
		if kind == "operation" {
			opID, step, _ := strings.Cut(rest, ":")
			op := operations[opID]
			if op == nil {
				c.add(b.finding("journal_entries", e.id, "its operation exists (count)", 1, 0))
				continue
			}
			n, sign := 0, int64(1)
			if step == "cleared" {
				n, sign = 1, -1
			}
			for _, p := range e.postings {
				if want := sign * clearing(op, p.account); want != p.amount {
					c.add(b.finding("postings", e.id+"/"+strconv.FormatInt(p.line, 10), "posting = amount of its operation", want, p.amount))
				}
			}
			both := cleared[opID]
			both[n]++
			cleared[opID] = both
			continue
		}
		for _, p := range e.postings {
			held[p.account] += p.amount
		}
	}
	for account := range held {
		if _, ok := position[account]; !ok {
			position[account] = 0
		}
	}
	for account, want := range position {
		c.add(b.finding("postings", b.id+"/"+string(account), "account = the order's position", want, held[account]))
	}
	for _, op := range b.operations {
		if clearing(op, ledger.ProcessorClearing) == 0 {
			continue
		}
		c.add(b.finding("processor_operations", op.ID, "its amount went into clearing (count)", 1, cleared[op.ID][0]))
		c.add(b.finding("processor_operations", op.ID, "its amount left clearing with its outcome (count)", truth(op.ended()), cleared[op.ID][1]))
	}
}

func truth(v bool) int64 {
	if v {
		return 1
	}
	return 0
}
