package refund

import (
	"flint/internal/db"
	"flint/internal/order"
)

// history is what was refunded of an order before, with the order locked.
type history struct {
	held    map[string]Taken // by line, charge, order-level tax and tip
	refunds []*Refund        // all of the order: taxTaken asks each for its taxes, adjustment for what it withheld
}

// past reads the history of an order.
func (s *Service) past(tx db.Tx, o *order.Order) (h history, err error) {
	if h.held, err = s.Taken(tx, o); err != nil || len(o.RefundIDs) == 0 {
		return h, err
	}
	h.refunds, err = ofOrder(tx, o)
	return h, err
}

// adjustment finds what a refund that stands has withheld of a line.
func (h history) adjustment(lineID, adjustmentID string) (*Refund, *Adjustment) {
	for _, r := range h.refunds {
		if r.Status != StatusSucceeded { // what did not go back withheld nothing
			continue
		}
		for n := range r.Detail.Lines {
			if r.Detail.Lines[n].LineID != lineID {
				continue
			}
			for k := range r.Detail.Lines[n].Adjustments {
				if adj := &r.Detail.Lines[n].Adjustments[k]; adj.ID == adjustmentID {
					return r, adj
				}
			}
		}
	}
	return nil, nil
}

// taxTaken is what refunds hold of each component of tax.
func (h history) taxTaken() map[string]int64 {
	out := map[string]int64{}
	add := func(parts []TaxPart) {
		for _, p := range parts {
			out[p.BreakdownID] += p.Amount
		}
	}
	for _, r := range h.refunds {
		if r.Detail.ItemsReleased {
			continue
		}
		add(r.Detail.Taxes)
		for _, l := range r.Detail.Lines {
			add(l.Taxes)
		}
		for _, c := range r.Detail.Charges {
			add(c.Taxes)
		}
	}
	return out
}
