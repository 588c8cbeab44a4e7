package returns

import "time"

// deriveGoods tells where the goods of every line are, from what has to come back and what was handed over.
// Receipts, inspections and dispositions do not take part yet.
func deriveGoods(r *Return, now time.Time) {
	r.MerchandiseStatus = GoodsNotRequired
	for k := range r.Lines {
		l := &r.Lines[k]
		l.HandedOff = 0
		for _, h := range l.Handoffs {
			l.HandedOff += h.Quantity
		}
		l.MerchandiseStatus = GoodsNotRequired
		if l.Status != StatusOpen || l.ReturnRequired == 0 {
			continue
		}
		l.MerchandiseStatus = GoodsAwaitingHandoff
		if l.HandedOff >= l.ReturnRequired {
			l.MerchandiseStatus = GoodsInTransit
			r.block(Blocker{Code: BlockedReceipt, LineID: l.ID, Message: "The merchant has to note that the goods arrived."})
		} else {
			r.block(Blocker{Code: BlockedHandoff, LineID: l.ID, Message: "The buyer has to send the goods back."})
		}
		r.MerchandiseStatus = l.MerchandiseStatus
	}
}
