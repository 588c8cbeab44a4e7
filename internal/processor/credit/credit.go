// Package credit is the processor of value that an exchange moves from the order it was paid for to the order
// that replaces it. It keeps no books and asks nobody: the money stays where it is, and a refund of it on the
// replacement order is one at the processor that holds it.
package credit

import (
	"context"

	"flint/internal/payment"
)

// Processor implements payment.Processor for exchange credit.
type Processor struct{}

// Name implements payment.Processor.
func (Processor) Name() string { return payment.ExchangeCredit }

// Do says that value has left an order, or arrived on one, and refuses everything else. It is a function of its
// operation alone, so it may be called within a transaction and as often as one likes.
func (Processor) Do(_ context.Context, op payment.Operation) (payment.Outcome, error) {
	out := payment.Outcome{State: payment.OutcomeSucceeded, PaymentID: op.Known(), Amount: op.Amount, Currency: op.Currency, Version: 1}
	switch op.Kind {
	case payment.KindSale, payment.KindReversal, payment.KindRefund:
	default:
		out.State, out.Code, out.Message = payment.OutcomeFailed, "payment_method_unavailable", "Value of another order is neither held nor captured."
	}
	return out, nil
}

// Lookup implements payment.Processor; it answers like Do.
func (p Processor) Lookup(ctx context.Context, op payment.Operation) (payment.Outcome, error) {
	return p.Do(ctx, op)
}
