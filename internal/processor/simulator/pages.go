package simulator

import (
	"context"

	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// TokenizeFields is Tokenize for a form: option is card or ach_debit, and fields are its inputs by the
// names that faults use.
func (s *Simulator) TokenizeFields(ctx context.Context, scope tenant.Scope, option string, fields map[string]string) (string, payment.Source, error) {
	var in Instrument
	switch option {
	case "card":
		in = CardInput{Number: fields["number"], Expiry: fields["expiry"], SecurityCode: fields["security_code"]}
	case "ach_debit":
		in = BankInput{RoutingNumber: fields["routing_number"], AccountNumber: fields["account_number"], AccountHolder: fields["account_holder"]}
	default:
		return "", payment.Source{}, fault.Invalid("PAYMENT_OPTION_UNAVAILABLE", "option", "The simulator has no fields for this payment option.")
	}
	token, err := s.Tokenize(ctx, scope, in)
	return token.Token, token.Source, err
}

// FindChallenge is Challenge in the terms of the port: what was asked, and what has become of it.
func (s *Simulator) FindChallenge(ctx context.Context, opaque string) (payment.Operation, payment.Outcome, error) {
	v, err := s.Challenge(ctx, opaque)
	return v.port(), v.outcome(), err
}

// AnswerChallenge is Answer in the terms of the port.
func (s *Simulator) AnswerChallenge(ctx context.Context, opaque string, approve bool) (payment.Operation, payment.Outcome, error) {
	v, err := s.Answer(ctx, opaque, approve)
	return v.port(), v.outcome(), err
}

func (v View) port() payment.Operation {
	return payment.Operation{Scope: v.Scope, Processor: Name, PaymentID: v.PaymentID, Amount: v.Amount, Currency: v.Currency, ReturnURL: v.ReturnURL}
}

func (v View) outcome() payment.Outcome {
	source := v.Source
	return payment.Outcome{State: v.State, PaymentID: v.PaymentID, Amount: v.Amount, Currency: v.Currency, Source: &source}
}
