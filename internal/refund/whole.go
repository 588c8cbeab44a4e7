package refund

import (
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
)

// wholeOrder marks every line and charge when a refund without targets gives back all there is, so
// that the order shows its goods as refunded and not just its money.
func wholeOrder(o *order.Order, past history, intents []*payment.Intent, in CreateInput, r *Refund) {
	held := past.held
	if in.targeted() {
		return
	}
	var refundable int64
	for _, i := range intents {
		refundable += in.room(i)
	}
	if r.Amount != refundable || o.Outstanding() != 0 {
		return
	}
	for n := range o.Lines {
		l := &o.Lines[n]
		if left := l.Quantity - held[l.ID].Quantity; left > 0 && order.LineShare(*l, 0, l.Quantity).Total >= held[l.ID].Amount {
			part := lineUnits(l, held[l.ID], left)
			part.SKU, part.Source = l.SKU, l.Source
			r.Detail.Lines = append(r.Detail.Lines, part)
		}
	}
	for n := range o.Charges {
		if left := chargeLeft(&o.Charges[n], held[o.Charges[n].ID]); left.Amount > 0 {
			r.Detail.Charges = append(r.Detail.Charges, left)
		}
	}
	for _, b := range o.Tax.Breakdowns {
		if b.LineID+b.ChargeID == "" && b.Amount > held[b.ID].Amount {
			r.Detail.Taxes = append(r.Detail.Taxes, TaxPart{b.ID, b.Amount - held[b.ID].Amount})
		}
	}
	var sum int64
	for _, p := range r.Detail.Taxes {
		sum += p.Amount
	}
	for _, p := range r.Detail.Lines {
		sum += p.Refunded
	}
	for _, p := range r.Detail.Charges {
		sum += p.Amount
	}
	if sum > r.Amount {
		// Earlier refunds by amount took money that no line shows; then this one names no lines either.
		r.Detail.Lines, r.Detail.Charges, r.Detail.Taxes = nil, nil, nil
	}
}

// shareTip tells how much of a refund without targets is tip: its part of what is left, so that the
// refund that takes everything takes the rest of the tip.
func shareTip(o *order.Order, held map[string]Taken, intents []*payment.Intent, in CreateInput, r *Refund, parts []tender) error {
	if o.Settlement.SettledTip == 0 || in.targeted() {
		return nil
	}
	var left int64
	for _, i := range intents {
		left += in.room(i)
	}
	r.Tip = min(money.Share(o.Settlement.SettledTip-held[tipItem].Amount, r.Amount, left), r.Amount)
	weights := make([]int64, len(parts))
	for n, p := range parts {
		weights[n] = p.amount
	}
	tips, err := money.Allocate(r.Tip, weights)
	if err != nil {
		return err
	}
	r.Allocations = make([]Allocation, len(parts))
	for n := range parts {
		r.Allocations[n].Tip = tips[n]
	}
	return nil
}
