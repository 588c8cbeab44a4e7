package payment

import (
	"cmp"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/order"
	"flint/internal/tenant"
)

// ExchangeCredit names the processor of value that moves from one order of a buyer to another. Nothing is asked
// of it: what it is told has happened.
const ExchangeCredit = "exchange_credit"

// Credit says where value that an exchange moved here comes from.
type Credit struct {
	PaymentIntentID    string `json:"payment_intent_id"` // that gave it up, on the other order
	RefundID           string `json:"refund_id"`         // by which it left the other order
	ReturnResolutionID string `json:"return_resolution_id"`
}

// CreditInput moves value onto an order. Amount is in minor units of both orders' currency, and at most what the
// order has outstanding.
type CreditInput struct {
	Scope   tenant.Scope
	OrderID string
	From    *Intent // that gave it up
	Amount  int64
	Credit  Credit
	Cause   event.Cause
}

// RecordCredit books value that left another order on this one, the way every payment is booked. The new intent
// keeps the processor, its reference and the source of the payment that once brought the money, so a refund of it
// goes back to the buyer there. The order is returned as it is then; one that the caller had loaded is stale.
func (s *Service) RecordCredit(tx db.Tx, in CreditInput) (*Intent, *order.Order, error) {
	o, err := s.Orders.Load(tx, in.Scope, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	if in.Amount < 1 || in.Amount > o.Outstanding() || in.From.Currency != o.Currency {
		return nil, nil, fault.Internal("ORDER_SETTLEMENT_INVALID", "a credit of %d does not fit order %s", in.Amount, o.ID)
	}
	now := s.Clock.Now()
	leg := &Intent{
		Scope: in.Scope, ID: s.IDs.New(id.PaymentIntent), OrderID: o.ID, CustomerID: o.CustomerID, Status: IntentProcessing,
		Amount: in.Amount, Currency: o.Currency, CaptureMethod: CaptureAutomatic, Flow: "api", Origin: o.Origin,
		Processor: in.From.Processor, CreditOf: cmp.Or(in.From.CreditOf, in.From.ID), CreatedAt: now, UpdatedAt: now,
		Detail: IntentDetail{
			Options: in.From.Detail.Options, Source: in.From.Detail.Source, ProcessorRef: in.From.Detail.ProcessorRef, Credit: &in.Credit,
		},
	}
	if err := insertIntent(tx, leg); err != nil {
		return nil, nil, fmt.Errorf("insert the credit: %w", err)
	}
	op := s.charge(leg, "")
	op.Processor = ExchangeCredit
	if err := s.Plan(tx, op, now); err != nil {
		return nil, nil, err
	}
	s.Failpoints.Hit("payment.credited")
	if o, err = s.Carry(tx, op, in.Cause); err != nil {
		return nil, nil, err
	}
	leg, err = Get(tx, in.Scope, leg.ID)
	return leg, o, err
}

// Carry applies the outcome of a planned operation that asks nobody, in the transaction that planned it: money
// received or given back elsewhere, value that an exchange moves. The order is returned as it is then.
func (s *Service) Carry(tx db.Tx, op Operation, cause event.Cause) (*order.Order, error) {
	p, err := s.processorOf(op)
	if err != nil {
		return nil, err
	}
	if op.Processor != ExchangeCredit && op.Processor != Manual {
		return nil, fmt.Errorf("operation %s: the processor %q is asked outside of transactions", op.ID, op.Processor)
	}
	out, err := p.Do(tx.Context(), op) // moves nothing and waits for nobody
	if err != nil {
		return nil, fmt.Errorf("carry operation %s out: %w", op.ID, err)
	}
	return s.apply(tx, op, out, nil, cause)
}

// CreditBack takes value off the order that RecordCredit put it on: all of it, as long as nothing of it was
// refunded. The order owes it again. It is returned as it is then.
func (s *Service) CreditBack(tx db.Tx, scope tenant.Scope, intentID string, cause event.Cause) (*order.Order, error) {
	peek, err := Get(tx, scope, intentID)
	if err != nil {
		return nil, err
	}
	o, err := s.Orders.Load(tx, scope, peek.OrderID)
	if err != nil {
		return nil, err
	}
	i, err := Load(tx, scope, intentID)
	if err != nil {
		return nil, err
	}
	switch {
	case i.CreditOf == "":
		return nil, fmt.Errorf("payment %s is no credit of another order", i.ID)
	case i.Captured == 0:
		return o, nil
	case i.Refundable() != i.Captured:
		return nil, fault.Conflict("RETURN_ACTION_NOT_ALLOWED", "Some of the credit on the replacement order was refunded.")
	}
	return o, s.reverse(tx, o, i, i.Captured, cause, s.Clock.Now())
}

// RefundBack undoes the operation by which value left an order as exchange credit: its refund has failed after
// all, as if a bank had returned it. The order is returned as it is then.
func (s *Service) RefundBack(tx db.Tx, scope tenant.Scope, operationID string, cause event.Cause) (*order.Order, error) {
	rec, err := loadOperation(tx, scope, operationID)
	if err != nil {
		return nil, err
	}
	if rec.Kind != KindRefund || rec.Processor != ExchangeCredit {
		return nil, fmt.Errorf("operation %s moved no credit", rec.ID)
	}
	return s.apply(tx, rec.Operation, Outcome{
		State: OutcomeFailed, PaymentID: rec.Known(), Amount: rec.Amount, Currency: rec.Currency, Version: rec.Version + 1,
		Code: "payment_refund_not_attempted", Message: "The exchange did not come about.",
	}, nil, cause)
}

// CreditsOf are the intents of an order that hold value of a resolution, oldest first.
func CreditsOf(intents []*Intent, resolutionID string) []*Intent {
	var out []*Intent
	for _, i := range intents {
		if c := i.Detail.Credit; c != nil && c.ReturnResolutionID == resolutionID {
			out = append(out, i)
		}
	}
	return out
}

// CreditsFrom are the intents, of whatever order, that hold or held value which payments of an order once brought,
// oldest first. Those of a chain of exchanges are all among them; Detail.Credit says which order gave the value up.
func CreditsFrom(tx db.Tx, scope tenant.Scope, orderID string) ([]*Intent, error) {
	return queryIntents(tx, scope, `SELECT `+intentColumns+` FROM payment_intents
		WHERE merchant_id = $1 AND environment_id = $2 AND credit_of <> '' AND credit_of IN (
			SELECT CASE WHEN g.credit_of = '' THEN g.payment_intent_id ELSE g.credit_of END FROM payment_intents g
			WHERE g.merchant_id = $1 AND g.environment_id = $2 AND g.order_id = $3)
		ORDER BY payment_intent_id`, scope.MerchantID, scope.EnvironmentID, orderID)
}

// Collected is what payments of buyers brought into an order, in minor units: no value that an exchange moved.
func Collected(intents []*Intent) (minor int64, ids []string, last time.Time) {
	for _, i := range intents {
		if i.CreditOf == "" && i.Captured > 0 {
			minor, ids = minor+i.Captured, append(ids, i.ID)
			if i.CapturedAt.After(last) {
				last = i.CapturedAt
			}
		}
	}
	return minor, ids, last
}
