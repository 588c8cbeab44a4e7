package simulator

import (
	"context"
	"errors"
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// View is what the challenge page shows.
type View struct {
	Scope     tenant.Scope
	PaymentID string
	Amount    int64 // minor units
	Currency  money.Currency
	Source    payment.Source
	State     payment.OutcomeState // requires_action until it is answered; then succeeded or failed
	ReturnURL string               // where the browser goes afterwards; may be empty
}

// Challenge finds a payment that waits, or waited, for its buyer by the opaque part of its ActionURL.
// A fault of class not found when there is none.
func (s *Simulator) Challenge(ctx context.Context, opaque string) (View, error) {
	r, err := s.findChallenge(ctx, opaque)
	if err != nil {
		return View{}, err
	}
	return viewOf(r), nil
}

// Answer settles the payment as the buyer says: it succeeds, or fails with authentication_required,
// and a Notice follows. Saying the same twice does nothing; CHALLENGE_CLOSED (409) when the payment
// has ended in another way.
func (s *Simulator) Answer(ctx context.Context, opaque string, approve bool) (View, error) {
	r, err := s.findChallenge(ctx, opaque)
	if err != nil {
		return View{}, err
	}
	to, code := payment.OutcomeFailed, "authentication_required"
	if approve {
		to, code = payment.OutcomeSucceeded, ""
	}
	err = s.settle(ctx, r.key(), func(r record) (payment.OutcomeState, string, error) {
		overdue := !r.SettleAt.IsZero() && !s.clock.Now().Before(r.SettleAt)
		if r.State != payment.OutcomeRequiresAction || overdue {
			return "", "", errMoved
		}
		return to, code, nil
	})
	if err != nil && !errors.Is(err, errMoved) {
		return View{}, fmt.Errorf("answer the challenge: %w", err)
	}
	moved := err != nil
	if r, err = s.findChallenge(ctx, opaque); err != nil {
		return View{}, err
	}
	if moved && (r.State != to || r.Code != code) {
		return viewOf(r), fault.Conflict("CHALLENGE_CLOSED", "This confirmation is no longer open.")
	}
	return viewOf(r), nil
}

func (s *Simulator) findChallenge(ctx context.Context, opaque string) (record, error) {
	if opaque == "" {
		return record{}, fault.NotFound("challenge")
	}
	var r record
	err := s.db.Read(ctx, func(tx db.Tx) (err error) {
		r, err = challengeRecord(tx, opaque)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return record{}, fault.NotFound("challenge")
	}
	if err != nil {
		return record{}, fmt.Errorf("find the challenge: %w", err)
	}
	return r, nil
}

func viewOf(r record) View {
	v := View{Scope: r.Scope, PaymentID: r.PaymentID, Amount: r.Amount, Currency: r.Currency, State: r.State, ReturnURL: r.ReturnURL}
	if r.Source != nil {
		v.Source = *r.Source
	}
	return v
}
