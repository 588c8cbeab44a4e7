package processortest

import (
	"testing"

	"flint/internal/payment"
)

// challenges: a payment that needs its buyer moves only when the buyer has answered.
func challenges(t *testing.T, b *bench) {
	if b.Sources.Challenge == "" {
		return
	}
	waiting := func(t *testing.T, kind payment.Kind) (payment.Operation, payment.Outcome) {
		op := b.opening(kind, b.Sources.Challenge)
		out := b.want(t, op, payment.OutcomeRequiresAction)
		same(t, b.do(t, op), out)
		b.refused(t, b.following(payment.KindCapture, op, out, b.Amount))
		b.refused(t, b.following(payment.KindRefund, op, out, b.Amount))
		return op, out
	}
	for _, kind := range []payment.Kind{payment.KindSale, payment.KindAuthorize} {
		t.Run(string(kind)+" approved", func(t *testing.T) {
			op, out := waiting(t, kind)
			b.Answer(t, out.ActionURL, true)
			after := b.settled(t, op, payment.OutcomeSucceeded)
			if after.Version <= out.Version {
				t.Error("the version did not rise")
			}
			if kind == payment.KindAuthorize && after.ExpiresAt.IsZero() {
				t.Error("the hold does not say when it expires")
			}
			same(t, b.do(t, op), after)
			b.told(t, op, after)
		})
		t.Run(string(kind)+" failed", func(t *testing.T) {
			op, out := waiting(t, kind)
			b.Answer(t, out.ActionURL, false)
			after := b.settled(t, op, payment.OutcomeFailed)
			if after.Code != "authentication_required" {
				t.Errorf("it failed with %s", after.Code)
			}
			b.told(t, op, after)
		})
	}
	t.Run("given up", func(t *testing.T) {
		op, out := waiting(t, payment.KindSale)
		b.want(t, b.following(payment.KindVoid, op, out, 0), payment.OutcomeSucceeded)
		after := b.lookup(t, op)
		if after.State != payment.OutcomeFailed || after.Version <= out.Version {
			t.Errorf("a payment that was given up is %s at version %d", after.State, after.Version)
		}
		b.refused(t, b.following(payment.KindRefund, op, out, b.Amount))
	})
}
