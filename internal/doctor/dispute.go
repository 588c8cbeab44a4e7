package doctor

import "flint/internal/dispute"

// disputes holds what banks have withdrawn against the payments, and the order's sums against both.
func (c *checker) disputes(b *books) {
	var open, lost int64
	of := map[string][]*dispute.Dispute{}
	for _, d := range b.disputes {
		open += d.Open
		lost += d.Lost
		of[d.PaymentIntentID] = append(of[d.PaymentIntentID], d)
		pending := d.Status == dispute.StatusNeeds || d.Status == dispute.StatusUnderReview
		c.add(b.finding("disputes", d.ID, "withdrawn while the bank decides", d.Amount*truth(pending), d.Open))
		c.add(b.finding("disputes", d.ID, "withdrawn for good once lost", d.Amount*truth(d.Status == dispute.StatusLost), d.Lost))
	}
	c.add(b.finding("orders", b.id, "open disputes = sum over disputes", open, b.order.Disputes.Open))
	c.add(b.finding("orders", b.id, "lost disputes = sum over disputes", lost, b.order.Disputes.Lost))
	for _, i := range b.intents {
		want := dispute.Held(of[i.id], i.captured-i.refunded-i.reserved)
		c.add(b.finding("payment_intents", i.id, "disputed = what its disputes hold of what is left", want, i.disputed))
		delete(of, i.id)
	}
	for intentID := range of {
		c.add(b.finding("disputes", intentID, "its payment intent exists (count)", 1, 0))
	}
}
