package payment

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// CancelAttemptInput ends an open attempt.
type CancelAttemptInput struct {
	Scope     tenant.Scope
	OrderID   string
	AttemptID string
	Reason    string // requested_by_customer when empty
	Cause     event.Cause
}

// CancelAttempt gives the attempt's unsettled legs up: holds and buyer actions are voided at the
// processor by the operations it returns. Legs that the processor is working on cannot be taken back.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_ATTEMPT_NOT_CANCELABLE.
func (s *Service) CancelAttempt(tx db.Tx, in CancelAttemptInput) ([]Operation, error) {
	now := s.Clock.Now()
	if _, err := s.Orders.Load(tx, in.Scope, in.OrderID); err != nil {
		return nil, err
	}
	a, err := GetAttempt(tx, in.Scope, in.OrderID, in.AttemptID)
	if err != nil {
		return nil, err
	}
	if !a.Open() {
		return nil, notCancelable(a, "The payment attempt has ended.")
	}
	legs, err := s.legs(tx, a, true)
	if err != nil {
		return nil, err
	}
	var ops []Operation
	for _, i := range legs {
		switch i.Status {
		case IntentRequiresAction, IntentRequiresCapture:
			if err := s.refusePending(tx, i, KindCapture, KindVoid); err != nil {
				return nil, err
			}
			op, err := s.planVoid(tx, i, reasonOr(in.Reason), now)
			if err != nil {
				return nil, err
			}
			ops = append(ops, op)
		case IntentProcessing:
			return nil, notCancelable(a, "The processor is working on the payment; it can be refunded once it has settled.")
		}
	}
	if len(ops) == 0 {
		return nil, notCancelable(a, "Nothing of the attempt can be canceled any more.")
	}
	return ops, nil
}

func notCancelable(a *Attempt, why string) error {
	return fault.Conflict("PAYMENT_ATTEMPT_NOT_CANCELABLE", "%s", why).
		With("payment_attempt_status", a.Status).With("is_resumable", a.Resumable())
}

func reasonOr(reason string) string {
	if reason == "" {
		return "requested_by_customer"
	}
	return reason
}

func (s *Service) planVoid(tx db.Tx, i *Intent, reason string, now time.Time) (Operation, error) {
	i.Detail.CancellationReason = reason
	if err := Save(tx, i, now); err != nil {
		return Operation{}, err
	}
	op := Operation{
		Scope: i.Scope, ID: s.IDs.New(id.ProcessorOp), Processor: i.Processor, Kind: KindVoid, OrderID: i.OrderID,
		PaymentID: i.ID, Target: i.Detail.ProcessorRef, Currency: i.Currency,
	}
	s.Failpoints.Hit("payment.void")
	return op, s.Plan(tx, op, now)
}

// CancelInput gives one leg up.
type CancelInput struct {
	Scope     tenant.Scope
	OrderID   string
	IntentID  string
	AttemptID string // needed when the intent belongs to the open attempt
	Reason    string
	Cause     event.Cause
}

// Cancel gives one unsettled leg up. A staged or declined leg is canceled at once; a hold or a leg
// that waits for the buyer is voided by the operations it returns.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_ATTEMPT_ID_REQUIRED, PAYMENT_ATTEMPT_MISMATCH,
// ORDER_PAYMENT_LEG_ALREADY_SETTLED, PAYMENT_INTENT_NOT_CANCELABLE.
func (s *Service) Cancel(tx db.Tx, in CancelInput) ([]Operation, error) {
	now := s.Clock.Now()
	i, err := s.leg(tx, in.Scope, in.OrderID, in.IntentID, in.AttemptID)
	if err != nil {
		return nil, err
	}
	switch i.Status {
	case IntentRequiresPaymentMethod:
		i.Status, i.Detail.CancellationReason = IntentCanceled, reasonOr(in.Reason)
		if err := Save(tx, i, now); err != nil {
			return nil, err
		}
		if err := s.recordIntent(tx, i, eventCanceled, in.Cause, now); err != nil {
			return nil, err
		}
		return nil, nil
	case IntentRequiresAction, IntentRequiresCapture:
		if err := s.refusePending(tx, i, KindCapture, KindVoid); err != nil {
			return nil, err
		}
		op, err := s.planVoid(tx, i, reasonOr(in.Reason), now)
		return []Operation{op}, err
	case IntentSucceeded:
		return nil, fault.Conflict("ORDER_PAYMENT_LEG_ALREADY_SETTLED", "The payment has settled; it can be refunded, not canceled.").
			With("current_status", i.Status)
	default:
		return nil, fault.Conflict("PAYMENT_INTENT_NOT_CANCELABLE", "The payment cannot be canceled in its current state.").
			With("current_status", i.Status)
	}
}
