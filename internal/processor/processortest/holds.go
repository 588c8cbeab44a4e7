package processortest

import (
	"testing"

	"flint/internal/payment"
)

// holds: a hold is captured once, within its amount, or released.
func holds(t *testing.T, b *bench) {
	authorize := func(t *testing.T) (payment.Operation, payment.Outcome) {
		op := b.opening(payment.KindAuthorize, b.Sources.Approve)
		out := b.want(t, op, payment.OutcomeSucceeded)
		if out.ExpiresAt.IsZero() {
			t.Error("the hold does not say when it expires")
		}
		return op, out
	}
	t.Run("capture all", func(t *testing.T) {
		op, out := authorize(t)
		capture := b.following(payment.KindCapture, op, out, b.Amount)
		first := b.want(t, capture, payment.OutcomeSucceeded)
		same(t, b.do(t, capture), first)
		same(t, b.lookup(t, capture), first)
	})
	t.Run("capture a part and release the rest", func(t *testing.T) {
		op, out := authorize(t)
		b.want(t, b.following(payment.KindCapture, op, out, b.Amount-40), payment.OutcomeSucceeded)
		b.refused(t, b.following(payment.KindCapture, op, out, 40))
		b.refused(t, b.following(payment.KindRefund, op, out, b.Amount))
		refund := b.following(payment.KindRefund, op, out, b.Amount-40)
		b.do(t, refund)
		b.settled(t, refund, payment.OutcomeSucceeded)
	})
	t.Run("never more than was held", func(t *testing.T) {
		op, out := authorize(t)
		b.refused(t, b.following(payment.KindCapture, op, out, b.Amount+1))
		b.want(t, b.following(payment.KindCapture, op, out, b.Amount), payment.OutcomeSucceeded)
	})
	t.Run("never in another currency", func(t *testing.T) {
		op, out := authorize(t)
		capture := b.following(payment.KindCapture, op, out, b.Amount)
		capture.Currency = "XTS"
		b.refused(t, capture)
	})
	t.Run("a hold cannot be refunded", func(t *testing.T) {
		op, out := authorize(t)
		b.refused(t, b.following(payment.KindRefund, op, out, 1))
	})
	t.Run("void", func(t *testing.T) {
		op, out := authorize(t)
		void := b.following(payment.KindVoid, op, out, 0)
		first := b.want(t, void, payment.OutcomeSucceeded)
		same(t, b.do(t, void), first)
		b.refused(t, b.following(payment.KindCapture, op, out, b.Amount))
	})
	t.Run("what was captured cannot be voided", func(t *testing.T) {
		op, out := authorize(t)
		b.want(t, b.following(payment.KindCapture, op, out, b.Amount), payment.OutcomeSucceeded)
		b.refused(t, b.following(payment.KindVoid, op, out, 0))
	})
	t.Run("the payment of another reference", func(t *testing.T) {
		op, out := authorize(t)
		other, _ := authorize(t)
		b.refused(t, b.following(payment.KindCapture, other, out, b.Amount))
		b.refused(t, b.following(payment.KindVoid, other, out, 0))
		b.want(t, b.following(payment.KindCapture, op, out, b.Amount), payment.OutcomeSucceeded)
		b.refused(t, b.following(payment.KindRefund, other, out, b.Amount))
	})
	t.Run("an unknown target", func(t *testing.T) {
		op, out := authorize(t)
		out.ProcessorRef = "no-such-payment"
		for _, kind := range []payment.Kind{payment.KindCapture, payment.KindVoid, payment.KindRefund} {
			amount := b.Amount
			if kind == payment.KindVoid {
				amount = 0
			}
			b.refused(t, b.following(kind, op, out, amount))
		}
	})
}

// expiry: a hold whose time is over cannot be captured.
func expiry(t *testing.T, b *bench) {
	if b.ExpireHolds == nil {
		return
	}
	op := b.opening(payment.KindAuthorize, b.Sources.Approve)
	out := b.want(t, op, payment.OutcomeSucceeded)
	b.ExpireHolds(t)
	if no := b.refused(t, b.following(payment.KindCapture, op, out, b.Amount)); no.Code != "payment_authorization_expired" {
		t.Errorf("a capture after expiry was refused with %s", no.Code)
	}
}
