package processortest

import (
	"errors"
	"testing"

	"flint/internal/payment"
)

// lost: when no answer comes, Lookup tells the truth and the same operation is safe to send again.
func lost(t *testing.T, b *bench) {
	if b.Sources.AnswerLost != "" {
		t.Run("the answer, by source", func(t *testing.T) {
			op := b.opening(payment.KindSale, b.Sources.AnswerLost)
			b.lose(t, op)
			b.happened(t, op)
		})
	}
	if b.Sources.RequestLost != "" {
		t.Run("the request, by source", func(t *testing.T) {
			op := b.opening(payment.KindSale, b.Sources.RequestLost)
			b.lose(t, op)
			b.didNotHappen(t, op)
		})
	}
	kinds := []payment.Kind{payment.KindSale, payment.KindAuthorize, payment.KindCapture, payment.KindVoid, payment.KindRefund}
	for _, kind := range kinds {
		if b.LoseAnswer != nil {
			t.Run("the answer of "+string(kind), func(t *testing.T) {
				op := b.ready(t, kind)
				b.LoseAnswer(kind)
				b.lose(t, op)
				b.happened(t, op)
			})
		}
		if b.LoseRequest != nil {
			t.Run("the request of "+string(kind), func(t *testing.T) {
				op := b.ready(t, kind)
				b.LoseRequest(kind)
				_, err := b.Processor.Do(t.Context(), op)
				if err == nil || errors.Is(err, payment.ErrNotSent) {
					t.Fatalf("a lost request gave %v", err)
				}
				b.didNotHappen(t, op)
			})
		}
	}
}

// ready is an operation of the kind that can be sent.
func (b *bench) ready(t *testing.T, kind payment.Kind) payment.Operation {
	t.Helper()
	switch kind {
	case payment.KindCapture, payment.KindVoid:
		op := b.opening(payment.KindAuthorize, b.Sources.Approve)
		out := b.want(t, op, payment.OutcomeSucceeded)
		amount := b.Amount
		if kind == payment.KindVoid {
			amount = 0
		}
		return b.following(kind, op, out, amount)
	case payment.KindRefund:
		op := b.opening(payment.KindSale, b.Sources.Approve)
		return b.following(kind, op, b.want(t, op, payment.OutcomeSucceeded), b.Amount)
	default:
		return b.opening(kind, b.Sources.Approve)
	}
}

// happened checks that an operation without an answer had its one effect.
func (b *bench) happened(t *testing.T, op payment.Operation) {
	t.Helper()
	found := b.lookup(t, op)
	if found.State != payment.OutcomeSucceeded && found.State != payment.OutcomeProcessing {
		t.Fatalf("the %s is %s", op.Kind, found.State)
	}
	same(t, b.do(t, op), found)
	b.settled(t, op, payment.OutcomeSucceeded)
}

// didNotHappen checks that nothing is known of an operation and that it can still be done, once.
func (b *bench) didNotHappen(t *testing.T, op payment.Operation) {
	t.Helper()
	if found := b.lookup(t, op); found.State != payment.OutcomeNotFound {
		t.Fatalf("the %s is %s", op.Kind, found.State)
	}
	first := b.do(t, op)
	same(t, b.do(t, op), first)
	b.settled(t, op, payment.OutcomeSucceeded)
}
