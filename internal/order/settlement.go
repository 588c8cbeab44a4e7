package order

import (
	"flint/internal/ledger"
	"flint/internal/money"
)

// owed is what the order asks for: its price, with late fees on top and without what credit notes took off.
func (o *Order) owed() int64 { return o.Pricing.Total + o.Invoicing.LateFees - o.Invoicing.Credited }

// Outstanding is what is still to be collected. A refund never makes an order payable again, and what
// was written off may still be paid.
func (o *Order) Outstanding() int64 { return max(o.owed()-o.Settlement.Paid, 0) }

// WrittenOff is what of Outstanding was given up on. A payment that comes after all lowers it.
func (o *Order) WrittenOff() int64 { return min(o.Invoicing.WrittenOff, o.Outstanding()) }

// Credit is what the buyer has overpaid and not got back, by refunds or through a bank.
func (o *Order) Credit() int64 { return max(o.overpaid()-o.Settlement.Refunded-o.Disputes.Lost, 0) }

// Balance is positive when the buyer owes and negative when something is owed to the buyer.
func (o *Order) Balance() int64 { return o.Outstanding() - o.Credit() }

// NetCollected is settled money less succeeded refunds.
func (o *Order) NetCollected() int64 { return o.Settlement.Paid - o.Settlement.Refunded }

// overpaid is what was paid above what is owed, returned or not.
func (o *Order) overpaid() int64 { return max(o.Settlement.Paid-o.owed(), 0) }

// UnsettledTip is the requested tip that no payment has carried yet.
func (o *Order) UnsettledTip() int64 { return max(o.Pricing.Tip-o.Settlement.SettledTip, 0) }

// DerivePaymentStatus is the payment status that total and settled money imply. An order whose total
// is 0 is paid once a pay call has settled it, so that its order.paid has a moment.
func (o *Order) DerivePaymentStatus() string {
	switch {
	case o.Outstanding() == 0 && (o.Settlement.Paid > 0 || !o.SettledAt.IsZero()):
		return PaymentPaid
	case o.Settlement.Paid == 0:
		return PaymentUnpaid
	default:
		return PaymentPartiallyPaid
	}
}

// DeriveRefundStatus is the refund status that settled money and succeeded refunds imply.
func (o *Order) DeriveRefundStatus() string {
	switch {
	case o.Settlement.Refunded == 0:
		return RefundNone
	case o.Settlement.Refunded < o.Settlement.Paid:
		return RefundPartiallyRefunded
	default:
		return RefundRefunded
	}
}

// Position is what the journal's accounts of the order must hold, as a function of its price and its
// settlement alone; it always sums to zero. A refund first gives back what was overpaid, which settles
// the receivable; the rest is held against sales in its own account. So is what a lost dispute took. Money of an
// open dispute is neither the merchant's nor lost. What was written off is a loss with
// an allowance against it, because the buyer still owes it.
func Position(o *Order) []ledger.Posting {
	p, s := o.Pricing, o.Settlement
	returned := min(s.Refunded, o.overpaid())
	charged := min(o.Disputes.Lost, o.overpaid()-returned)
	taxes := p.Tax + p.TaxIncluded // included tax is inside the total, so this cannot exceed it
	return []ledger.Posting{
		{Account: ledger.Receivable, Amount: o.Balance()},
		{Account: ledger.Sales, Amount: -(p.Total - taxes - p.Tip)},
		{Account: ledger.Tax, Amount: -taxes},
		{Account: ledger.Tips, Amount: -p.Tip},
		{Account: ledger.Refunds, Amount: s.Refunded - returned},
		{Account: ledger.MerchantBalance, Amount: o.NetCollected() - o.Disputes.Open - o.Disputes.Lost},
		{Account: ledger.Disputes, Amount: o.Disputes.Open},
		{Account: ledger.DisputeLosses, Amount: o.Disputes.Lost - charged},
		{Account: ledger.LateFees, Amount: -o.Invoicing.LateFees},
		{Account: ledger.CreditNotes, Amount: o.Invoicing.Credited},
		{Account: ledger.WriteOffs, Amount: o.WrittenOff()},
		{Account: ledger.WriteOffAllowance, Amount: -o.WrittenOff()},
	}
}

// PositionDelta is the postings that lead from one position to another, without zeros. Either may be
// nil: an order that does not exist holds nothing.
func PositionDelta(before, after []ledger.Posting) []ledger.Posting {
	delta := make([]ledger.Posting, 0, len(after))
	book := func(account ledger.Account, amount int64) {
		for i := range delta {
			if delta[i].Account == account {
				delta[i].Amount += amount
				return
			}
		}
		delta = append(delta, ledger.Posting{Account: account, Amount: amount})
	}
	for _, p := range after {
		book(p.Account, p.Amount)
	}
	for _, p := range before {
		book(p.Account, -p.Amount)
	}
	moved := delta[:0]
	for _, p := range delta {
		if p.Amount != 0 {
			moved = append(moved, p)
		}
	}
	return moved
}

// Shares is what some units of a line carry, in minor units. Tax is all tax, on top of the price or
// inside it; Total = Subtotal - Discount + the tax on top.
type Shares struct {
	Subtotal int64
	Discount int64
	Tax      int64
	Total    int64
}

// LineShare is what the units after fromUnits up to and including toUnits carry of a priced line, each
// component by money.ShareRange. Taking the units of a line in any portions sums to exactly the line;
// a refund of n more units is LineShare(l, l.RefundedQuantity, l.RefundedQuantity+n).
func LineShare(l Line, fromUnits, toUnits int64) Shares {
	part := func(total int64) int64 { return money.ShareRange(total, fromUnits, toUnits, l.Quantity) }
	s := Shares{Subtotal: part(l.Subtotal), Discount: part(l.Discount), Tax: part(l.TaxAmount)}
	s.Total = s.Subtotal - s.Discount + part(l.TaxAdditive)
	return s
}
