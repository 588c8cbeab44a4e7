package processortest

import (
	"sync"
	"testing"

	"flint/internal/payment"
)

// refunds: never more goes back than came in, in however many parts and from however many sides.
func refunds(t *testing.T, b *bench) {
	sale := func(t *testing.T, source string) (payment.Operation, payment.Outcome) {
		op := b.opening(payment.KindSale, source)
		return op, b.want(t, op, payment.OutcomeSucceeded)
	}
	accepted := func(t *testing.T, op payment.Operation) payment.Outcome {
		t.Helper()
		out := b.do(t, op)
		if out.State != payment.OutcomeProcessing && out.State != payment.OutcomeSucceeded {
			t.Fatalf("the refund is %s (%s)", out.State, out.Code)
		}
		return out
	}
	t.Run("in parts up to the capture", func(t *testing.T) {
		op, out := sale(t, b.Sources.Approve)
		part := b.following(payment.KindRefund, op, out, 30)
		rest := b.following(payment.KindRefund, op, out, b.Amount-30)
		one := accepted(t, part)
		b.refused(t, b.following(payment.KindRefund, op, out, b.Amount))
		two := accepted(t, rest)
		if one.ProcessorRef == two.ProcessorRef || one.ProcessorRef == out.ProcessorRef {
			t.Error("two refunds share a reference, or one has that of the payment")
		}
		b.refused(t, b.following(payment.KindRefund, op, out, 1))
		b.settled(t, part, payment.OutcomeSucceeded)
		b.settled(t, rest, payment.OutcomeSucceeded)
		b.refused(t, b.following(payment.KindRefund, op, out, 1))
	})
	t.Run("never nothing and never less", func(t *testing.T) {
		op, out := sale(t, b.Sources.Approve)
		b.refused(t, b.following(payment.KindRefund, op, out, 0))
		b.refused(t, b.following(payment.KindRefund, op, out, -1))
	})
	t.Run("never in another currency", func(t *testing.T) {
		op, out := sale(t, b.Sources.Approve)
		refund := b.following(payment.KindRefund, op, out, 10)
		refund.Currency = "XTS"
		b.refused(t, refund)
	})
	t.Run("64 at once never exceed the capture", func(t *testing.T) {
		op, out := sale(t, b.Sources.Approve)
		each := b.Amount / 10
		outs := make([]payment.Outcome, 64)
		errs := make([]error, len(outs))
		var wg sync.WaitGroup
		for i := range outs {
			refund := b.following(payment.KindRefund, op, out, each)
			wg.Go(func() { outs[i], errs[i] = b.Processor.Do(t.Context(), refund) })
		}
		wg.Wait()
		taken := int64(0)
		for i := range outs {
			if errs[i] != nil {
				t.Fatalf("refund %d: %v", i, errs[i])
			}
			if outs[i].State != payment.OutcomeFailed {
				taken += each
			}
		}
		if want := b.Amount / each * each; taken != want {
			t.Errorf("%d of %d was refunded, want %d", taken, b.Amount, want)
		}
	})
	if b.Sources.RefundFails != "" {
		t.Run("a failed refund can be tried again", func(t *testing.T) {
			op, out := sale(t, b.Sources.RefundFails)
			for range 2 {
				refund := b.following(payment.KindRefund, op, out, b.Amount)
				b.do(t, refund)
				b.settled(t, refund, payment.OutcomeFailed)
			}
		})
	}
	if b.Sources.RefundReturned != "" {
		t.Run("a returned refund was a success before", func(t *testing.T) {
			op, out := sale(t, b.Sources.RefundReturned)
			refund := b.following(payment.KindRefund, op, out, b.Amount)
			accepted(t, refund)
			b.settled(t, refund, payment.OutcomeFailed)
			var states []payment.OutcomeState
			for _, n := range b.Notices() {
				if n.OperationID == refund.ID {
					states = append(states, n.Outcome.State)
				}
			}
			if len(states) < 2 || states[0] != payment.OutcomeSucceeded || states[len(states)-1] != payment.OutcomeFailed {
				t.Errorf("the notices told %v", states)
			}
		})
	}
}
