// Package manual is the processor of money that was received elsewhere: in cash, by cheque or by transfer.
// It keeps no books and moves nothing. What the merchant records has happened already, so a sale succeeds
// at once, and so does a refund that was given back elsewhere. A record that was wrong is reversed by
// payment.ReverseManual.
package manual

import (
	"context"

	"flint/internal/payment"
)

// Processor implements payment.Processor for recorded money.
type Processor struct{}

// Name implements payment.Processor.
func (Processor) Name() string { return payment.Manual }

// Do says that a sale, a refund or a reversal has happened and refuses everything else. It is a function of its
// operation alone, so it may be called within a transaction and as often as one likes.
func (Processor) Do(_ context.Context, op payment.Operation) (payment.Outcome, error) {
	out := payment.Outcome{
		State: payment.OutcomeSucceeded, ProcessorRef: op.ID, PaymentID: op.PaymentID, Amount: op.Amount, Currency: op.Currency, Version: 1,
	}
	switch op.Kind {
	case payment.KindRefund: // given back elsewhere, or moved to another order
	case payment.KindSale, payment.KindReversal:
		out.Source = &payment.Source{Type: payment.Manual}
	default:
		out.State, out.Code, out.Message = payment.OutcomeFailed, "payment_method_unavailable", "Recorded money is reversed, not moved."
	}
	return out, nil
}

// Lookup implements payment.Processor; it answers like Do.
func (p Processor) Lookup(ctx context.Context, op payment.Operation) (payment.Outcome, error) {
	return p.Do(ctx, op)
}
