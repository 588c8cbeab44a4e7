package payment

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/tenant"
)

// CaptureInput takes money of a hold.
type CaptureInput struct {
	Scope     tenant.Scope
	OrderID   string
	IntentID  string
	AttemptID string        // of the open attempt; needed when the intent belongs to it
	Amount    *money.Amount // everything capturable when nil; the rest is released
	Cause     event.Cause
}

// Capture plans the capture of a hold; the caller executes the operation it returns.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_ATTEMPT_ID_REQUIRED, PAYMENT_ATTEMPT_MISMATCH,
// INVALID_STATUS_FOR_CAPTURE, PAYMENT_AUTHORIZATION_EXPIRED, CAPTURE_AMOUNT_EXCEEDS_CAPTURABLE,
// CURRENCY_MISMATCH, AMOUNT_TOO_SMALL, PAYMENT_OPERATION_IN_PROGRESS.
func (s *Service) Capture(tx db.Tx, in CaptureInput) ([]Operation, error) {
	now := s.Clock.Now()
	i, err := s.leg(tx, in.Scope, in.OrderID, in.IntentID, in.AttemptID)
	if err != nil {
		return nil, err
	}
	if i.Status != IntentRequiresCapture {
		return nil, fault.Conflict("INVALID_STATUS_FOR_CAPTURE", "Only an authorized payment that has not been captured can be captured.").
			With("current_status", i.Status)
	}
	capturable := i.Capturable(now)
	if capturable == 0 {
		return nil, fault.Conflict("PAYMENT_AUTHORIZATION_EXPIRED", "The authorization has expired and cannot be captured.").
			Then("Collect the order again with a new payment.")
	}
	amount := capturable
	if in.Amount != nil {
		if in.Amount.Currency != i.Currency {
			return nil, fault.Invalid("CURRENCY_MISMATCH", "amount_money.currency", "The payment is in another currency.")
		}
		amount = in.Amount.Minor
	}
	switch {
	case amount <= 0:
		return nil, fault.Invalid("AMOUNT_TOO_SMALL", "amount_money.amount", "A capture takes at least one minor unit.")
	case amount > capturable:
		return nil, fault.Invalid("CAPTURE_AMOUNT_EXCEEDS_CAPTURABLE", "amount_money.amount", "The amount is more than the authorization holds.").
			With("capturable_money", money.Amount{Minor: capturable, Currency: i.Currency})
	}
	if err := s.refusePending(tx, i, KindCapture, KindVoid); err != nil {
		return nil, err
	}
	op := Operation{
		Scope: i.Scope, ID: s.IDs.New(id.ProcessorOp), Processor: i.Processor, Kind: KindCapture, OrderID: i.OrderID,
		PaymentID: i.ID, Target: i.Detail.ProcessorRef, Amount: amount, Currency: i.Currency,
	}
	s.Failpoints.Hit("payment.capture")
	return []Operation{op}, s.Plan(tx, op, now)
}

// leg locks the order and one of its intents and checks the attempt that the caller names.
func (s *Service) leg(tx db.Tx, scope tenant.Scope, orderID, intentID, attemptID string) (*Intent, error) {
	o, err := s.Orders.Load(tx, scope, orderID)
	if err != nil {
		return nil, err
	}
	i, err := Load(tx, scope, intentID)
	if err != nil {
		return nil, err
	}
	if i.OrderID != o.ID {
		return nil, fault.NotFound("payment intent")
	}
	inOpen := o.ActiveAttemptID != "" && i.AttemptID == o.ActiveAttemptID
	switch {
	case inOpen && attemptID == "":
		return nil, fault.Invalid("PAYMENT_ATTEMPT_ID_REQUIRED", "order_payment_attempt_id",
			"The payment intent belongs to the open attempt, whose id is needed.").With("order_payment_attempt_id", o.ActiveAttemptID)
	case attemptID != "" && attemptID != i.AttemptID:
		return nil, fault.Conflict("PAYMENT_ATTEMPT_MISMATCH", "The payment intent belongs to another attempt.")
	}
	return i, nil
}

// refusePending refuses a second operation while one of the kinds waits for its outcome.
func (s *Service) refusePending(tx db.Tx, i *Intent, kinds ...Kind) error {
	last, err := lastOperation(tx, i.Scope, i.ID, kinds...)
	if err != nil || last == nil || ended(last.State) {
		return err
	}
	return fault.Conflict("PAYMENT_OPERATION_IN_PROGRESS", "A capture or cancellation of this payment is under way.").Retry(0)
}
