package payment

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/order"
)

// admit asks whether a payment of the order may start; a code says why not.
func (s *Service) admit(tx db.Tx, o *order.Order, sessionID string) (string, error) {
	for _, f := range s.Admit {
		if code, err := f(tx, o, sessionID); err != nil || code != "" {
			return code, err
		}
	}
	return "", nil
}

// turnAway writes the attempt that was not admitted down as failed. Its legs stay as they are, and what
// an earlier Admit had reserved for it is given back.
func (s *Service) turnAway(tx db.Tx, o *order.Order, a *Attempt, code string, cause event.Cause, err error) (Started, error) {
	if err != nil {
		return Started{}, err
	}
	a.Status, a.CompletedAt = AttemptFailed, a.StartedAt
	a.FailureCode, a.FailureMessage = code, "Nothing was charged: "+plainReason(code)
	if err := insertAttempt(tx, a); err != nil {
		return Started{}, err
	}
	if err := s.Orders.ClearActiveAttempt(tx, o, order.AttemptEnd{Cause: cause, Failed: true, Reason: plainReason(code)}); err != nil {
		return Started{}, err
	}
	return Started{Attempt: a}, s.endedUnpaid(tx, o, a.ID, cause)
}

func (s *Service) endedUnpaid(tx db.Tx, o *order.Order, attemptID string, cause event.Cause) error {
	for _, f := range s.Ended {
		if err := f(tx, o, attemptID, cause); err != nil {
			return err
		}
	}
	return nil
}
