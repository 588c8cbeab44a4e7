package payment

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// Manual names the processor of money that was received elsewhere.
const Manual = "manual"

// RecordInput is money received elsewhere: cash, a cheque, a transfer. Amount is in minor units of the
// order's currency.
type RecordInput struct {
	Scope               tenant.Scope
	OrderID             string
	Amount              int64
	Flow                string // invoice, api, …
	InvoiceID           string // the invoice it is for, may be empty
	ReceivedAt          time.Time
	Note                string
	ExternalReferenceID string
	Cause               event.Cause
}

// RecordManual books received money in the caller's transaction, the way every payment is booked: intent,
// operation, clearing, journal, order, events and Settled. It may come to more than the order has
// outstanding; the rest is credit of the buyer. The order is returned as it is then; one the caller had
// loaded before is stale.
//
// Faults: RESOURCE_NOT_FOUND, INVALID_AMOUNT, PAYMENT_INTENT_LIMIT_REACHED.
func (s *Service) RecordManual(tx db.Tx, in RecordInput) (*Intent, *order.Order, error) {
	if in.Amount < 1 || in.Amount > order.MaxAmount {
		return nil, nil, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A recorded payment is at least one minor unit.")
	}
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	if len(o.PaymentIntentIDs) >= MaxIntents {
		return nil, nil, fault.Conflict("PAYMENT_INTENT_LIMIT_REACHED", "The order has %d payment intents, which is the limit.", MaxIntents)
	}
	now := s.Clock.Now()
	received := in.ReceivedAt
	if received.IsZero() {
		received = now
	}
	leg := &Intent{
		Scope: in.Scope, ID: s.IDs.New(id.PaymentIntent), OrderID: o.ID, CustomerID: o.CustomerID,
		Status: IntentProcessing, Amount: in.Amount, Tip: min(o.UnsettledTip(), max(in.Amount-(o.Outstanding()-o.UnsettledTip()), 0), in.Amount),
		Currency: o.Currency, CaptureMethod: CaptureAutomatic, Flow: in.Flow, Origin: o.Origin, Processor: Manual,
		ExternalReferenceID: in.ExternalReferenceID, CreatedAt: now, UpdatedAt: now,
		Detail: IntentDetail{Options: []string{Manual}, Recorded: &Recorded{Note: in.Note, ReceivedAt: received, InvoiceID: in.InvoiceID}},
	}
	if err := insertIntent(tx, leg); err != nil {
		return nil, nil, fmt.Errorf("insert the recorded payment: %w", err)
	}
	if o, err = s.recorded(tx, s.charge(leg, ""), in.Cause, now); err != nil {
		return nil, nil, err
	}
	leg, err = Get(tx, in.Scope, leg.ID)
	return leg, o, err
}

// recorded plans an operation that no processor is asked for and applies its outcome at once.
func (s *Service) recorded(tx db.Tx, op Operation, cause event.Cause, now time.Time) (*order.Order, error) {
	p, err := s.processorOf(op)
	if err != nil {
		return nil, err
	}
	if err := s.Plan(tx, op, now); err != nil {
		return nil, err
	}
	s.Failpoints.Hit("payment.recorded")
	out, err := p.Do(tx.Context(), op) // moves nothing and waits for nobody
	if err != nil {
		return nil, fmt.Errorf("record operation %s: %w", op.ID, err)
	}
	return s.apply(tx, op, out, nil, cause)
}

// ApplyRecorded applies a planned operation of the manual processor at once, in the caller's transaction: money
// that was given back elsewhere, or that moves to another order. It loads what it changes anew.
func (s *Service) ApplyRecorded(tx db.Tx, op Operation, cause event.Cause) error {
	p, err := s.processorOf(op)
	if err != nil {
		return err
	}
	if op.Processor != Manual {
		return fault.Internal("OPERATION_NOT_RECORDED", "operation %s is one of processor %s", op.ID, op.Processor)
	}
	out, err := p.Do(tx.Context(), op)
	if err != nil {
		return fmt.Errorf("record operation %s: %w", op.ID, err)
	}
	_, err = s.apply(tx, op, out, nil, cause)
	return err
}

// ReverseInput takes recorded money back. Amount is in minor units.
type ReverseInput struct {
	Scope     tenant.Scope
	OrderID   string
	InvoiceID string // only money recorded for this invoice; empty for all of the order
	Amount    int64
	Cause     event.Cause
}

// ReverseManual takes recorded money back, newest first: it had not come in after all. The order owes it
// again, unlike after a refund, because nothing had been paid. The order is
// returned as it is then.
//
// Faults: RESOURCE_NOT_FOUND, INVALID_AMOUNT, REVERSAL_EXCEEDS_MANUAL_PAYMENTS (with maximum_money).
func (s *Service) ReverseManual(tx db.Tx, in ReverseInput) (*order.Order, error) {
	if in.Amount < 1 {
		return nil, fault.Invalid("INVALID_AMOUNT", "amount_money.amount", "A reversal takes back at least one minor unit.")
	}
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, err
	}
	legs, err := OfOrder(tx, in.Scope, o.ID, true)
	if err != nil {
		return nil, err
	}
	if left := RecordedOf(legs, in.InvoiceID); in.Amount > left {
		return nil, fault.Conflict("REVERSAL_EXCEEDS_MANUAL_PAYMENTS", "More is to be taken back than was recorded.").
			With("maximum_money", money.Amount{Minor: left, Currency: o.Currency})
	}
	now, rest := s.Clock.Now(), in.Amount
	for n := len(legs) - 1; n >= 0 && rest > 0; n-- {
		i := legs[n]
		part := min(rest, i.reversible(in.InvoiceID))
		if part == 0 {
			continue
		}
		if err := s.reverse(tx, o, i, part, in.Cause, now); err != nil {
			return nil, err
		}
		rest -= part
	}
	return o, nil
}

// reverse takes part of one recorded payment back.
func (s *Service) reverse(tx db.Tx, o *order.Order, i *Intent, part int64, cause event.Cause, now time.Time) error {
	op := Operation{
		Scope: i.Scope, ID: s.IDs.New(id.ProcessorOp), Processor: Manual, Kind: KindReversal, OrderID: o.ID, PaymentID: i.ID,
		Amount: part, Currency: i.Currency,
	}
	if err := s.Plan(tx, op, now); err != nil {
		return err
	}
	rec, err := loadOperation(tx, op.Scope, op.ID)
	if err != nil {
		return err
	}
	rec.State, rec.Version, rec.NextCheckAt = opSucceeded, 1, time.Time{}
	if err := saveOperation(tx, rec, now); err != nil {
		return err
	}
	i.Captured -= part
	i.Authorized -= part
	if i.Detail.Recorded != nil {
		i.Detail.Recorded.Reversed += part
	}
	gone := i.Captured == 0
	if gone {
		i.Status, i.Detail.CancellationReason = IntentCanceled, "payment_canceled"
	}
	if err := Save(tx, i, now); err != nil {
		return err
	}
	if gone {
		if err := s.recordIntent(tx, i, eventCanceled, cause, now); err != nil {
			return err
		}
	}
	s.Failpoints.Hit("payment.reversed")
	return s.Orders.Unsettle(tx, o, cause, i.ID, part)
}

// reversible is what of a recorded payment can be taken back.
func (i *Intent) reversible(invoiceID string) int64 {
	if i.Processor != Manual || i.Detail.Recorded == nil || invoiceID != "" && i.Detail.Recorded.InvoiceID != invoiceID {
		return 0
	}
	return i.Captured - i.Refunded - i.RefundReserved - i.Disputed
}

// RecordedOf is what of an order's intents was recorded and not taken back, in minor units; with an invoice
// only what was recorded for it.
func RecordedOf(intents []*Intent, invoiceID string) (sum int64) {
	for _, i := range intents {
		sum += i.reversible(invoiceID)
	}
	return sum
}
