package payment

import (
	"context"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// Resume asks the processor what became of the attempt's open operations and applies what it tells.
// It is what the buyer's return, a repeated call and a poller use; it never starts a payment.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_ATTEMPT_NOT_RESUMABLE, PAYMENT_ATTEMPT_STILL_PROCESSING.
func (s *Service) Resume(ctx context.Context, scope tenant.Scope, orderID, attemptID string, cause event.Cause) error {
	var (
		a    *Attempt
		open []*record
	)
	err := s.DB.Read(ctx, func(tx db.Tx) error {
		var err error
		if a, err = GetAttempt(tx, scope, orderID, attemptID); err != nil {
			return err
		}
		open, err = openOperations(tx, a)
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case !a.Open():
		return fault.Conflict("PAYMENT_ATTEMPT_NOT_RESUMABLE", "The payment attempt has ended.").
			With("payment_attempt_status", a.Status).With("is_resumable", false)
	case a.Status == AttemptRequiresCapture:
		return fault.Conflict("PAYMENT_ATTEMPT_NOT_RESUMABLE", "The payment is authorized and waits for the merchant to capture it.").
			With("payment_attempt_status", a.Status).With("is_resumable", false)
	}
	for _, rec := range open {
		if err := s.ask(ctx, rec, cause); err != nil {
			return err
		}
	}
	err = s.DB.Read(ctx, func(tx db.Tx) error {
		a, err = GetAttempt(tx, scope, orderID, attemptID)
		return err
	})
	if err == nil && a.Status == AttemptProcessing {
		return fault.Conflict("PAYMENT_ATTEMPT_STILL_PROCESSING", "The bank is still clearing the payment.").Retry(0)
	}
	return err
}

// openOperations are those of the attempt's legs that have no end yet.
func openOperations(tx db.Tx, a *Attempt) ([]*record, error) {
	var out []*record
	for _, intentID := range a.IntentIDs {
		found, err := queryOperations(tx, `SELECT `+operationColumns+` FROM processor_operations
			WHERE merchant_id = $1 AND environment_id = $2 AND payment_intent_id = $3 AND state IN ('planned', 'unknown', 'requires_action', 'processing')
			ORDER BY operation_id`, a.Scope.MerchantID, a.Scope.EnvironmentID, intentID)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// ask looks an operation up at the processor and applies the answer. What the processor has never
// seen was not sent, and is sent now under its own key: that can move the money once at most.
func (s *Service) ask(ctx context.Context, rec *record, cause event.Cause) error {
	p, err := s.processorOf(rec.Operation)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.callTimeout())
	defer cancel()
	out, err := p.Lookup(ctx, rec.Operation)
	if err == nil && out.State == OutcomeNotFound {
		if rec.State != opPlanned && rec.State != opUnknown {
			return s.postpone(ctx, rec)
		}
		if err := s.Execute(ctx, []Operation{rec.Operation}, cause, nil); err != nil {
			return err
		}
		return s.postpone(ctx, rec) // in case that answer was lost, too
	}
	if err != nil {
		s.Logger.Warn("the processor could not be asked", "operation", rec.ID, "error", err)
		return s.postpone(ctx, rec)
	}
	s.Failpoints.Hit("payment.asked")
	return s.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := s.apply(tx, rec.Operation, out, nil, cause); err != nil {
			return err
		}
		// What is still open is asked again later, at growing distances.
		return countCheck(tx, rec, s.Clock.Now())
	})
}

// postpone moves the next question further away.
func (s *Service) postpone(ctx context.Context, rec *record) error {
	return s.DB.Write(ctx, func(tx db.Tx) error { return countCheck(tx, rec, s.Clock.Now()) })
}
