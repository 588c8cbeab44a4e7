package processortest

import (
	"sync"
	"testing"

	"flint/internal/payment"
	"flint/internal/tenant"
)

// operations: an operation has one effect and one outcome, whoever asks and how often.
func operations(t *testing.T, b *bench) {
	t.Run("a sale succeeds and shows what was charged", func(t *testing.T) {
		out := b.want(t, b.opening(payment.KindSale, b.Sources.Approve), payment.OutcomeSucceeded)
		if out.Source == nil || out.Source.Type == "" || len(out.Source.Last4) != 4 {
			t.Errorf("the source is %+v", out.Source)
		}
	})
	t.Run("the same operation again gives the same outcome", func(t *testing.T) {
		sale := b.opening(payment.KindSale, b.Sources.Approve)
		first := b.want(t, sale, payment.OutcomeSucceeded)
		same(t, b.do(t, sale), first)

		refund := b.following(payment.KindRefund, sale, first, b.Amount)
		one := b.do(t, refund)
		same(t, b.do(t, refund), one)
		b.settled(t, refund, payment.OutcomeSucceeded)
		b.refused(t, b.following(payment.KindRefund, sale, first, 1))
	})
	t.Run("the same operation at the same time has one effect", func(t *testing.T) {
		sale := b.opening(payment.KindSale, b.Sources.Approve)
		outs := make([]payment.Outcome, 8)
		errs := make([]error, len(outs))
		var wg sync.WaitGroup
		for i := range outs {
			wg.Go(func() { outs[i], errs[i] = b.Processor.Do(t.Context(), sale) })
		}
		wg.Wait()
		final := b.do(t, sale)
		for i, out := range outs {
			if errs[i] == nil { // a processor may ask to come back while the first call runs
				same(t, out, final)
			}
		}
	})
	t.Run("an operation ID cannot be used for another request", func(t *testing.T) {
		sale := b.opening(payment.KindSale, b.Sources.Approve)
		first := b.want(t, sale, payment.OutcomeSucceeded)
		other := sale
		other.Amount++
		if out, err := b.Processor.Do(t.Context(), other); err == nil {
			t.Errorf("another amount was answered: %+v", out)
		}
		same(t, b.lookup(t, sale), first)
	})
	t.Run("lookup tells what is known and moves nothing", func(t *testing.T) {
		sale := b.opening(payment.KindSale, b.Sources.Approve)
		for range 2 {
			if out := b.lookup(t, sale); out.State != payment.OutcomeNotFound {
				t.Fatalf("an operation that was never sent is %s", out.State)
			}
		}
		first := b.want(t, sale, payment.OutcomeSucceeded)
		same(t, b.lookup(t, sale), first)
	})
	t.Run("nothing is done without a scope", func(t *testing.T) {
		sale := b.opening(payment.KindSale, b.Sources.Approve)
		sale.Scope = tenant.Scope{}
		if out, err := b.Processor.Do(t.Context(), sale); err == nil {
			t.Errorf("a sale for nobody gave %+v", out)
		}
	})
	if b.Restart == nil {
		return
	}
	t.Run("a restart forgets nothing", func(t *testing.T) {
		sale := b.opening(payment.KindSale, b.Sources.Approve)
		first := b.want(t, sale, payment.OutcomeSucceeded)
		b.Processor = b.Restart(t)
		same(t, b.lookup(t, sale), first)
		same(t, b.do(t, sale), first)
	})
}
