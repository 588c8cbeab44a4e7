package processortest

import (
	"testing"

	"flint/internal/payment"
)

// processing: a debit that takes its time ends in one of two ways and says so by itself.
func processing(t *testing.T, b *bench) {
	for name, c := range map[string]struct {
		source string
		ends   payment.OutcomeState
	}{
		"succeeds": {b.Sources.ProcessingSucceeds, payment.OutcomeSucceeded},
		"fails":    {b.Sources.ProcessingFails, payment.OutcomeFailed},
	} {
		if c.source == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			op := b.opening(payment.KindSale, c.source)
			first := b.want(t, op, payment.OutcomeProcessing)
			b.refused(t, b.following(payment.KindRefund, op, first, b.Amount))
			after := b.settled(t, op, c.ends)
			if after.ProcessorRef != first.ProcessorRef || after.Version <= first.Version {
				t.Errorf("settled from\n%+v\nto\n%+v", first, after)
			}
			same(t, b.do(t, op), after)
			b.told(t, op, after)
			refund := b.following(payment.KindRefund, op, first, b.Amount)
			if c.ends == payment.OutcomeFailed {
				b.refused(t, refund)
				return
			}
			b.do(t, refund)
			b.settled(t, refund, payment.OutcomeSucceeded)
		})
	}
}
