package payment

import (
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// SetupInput begins to save a card that its owner types on a page of the processor.
type SetupInput struct {
	Scope      tenant.Scope
	CustomerID string // of this environment; the caller has read it
}

// BeginSetup writes a payment method that waits for its card. The secret goes to the customer's browser
// and opens the page on which the card is typed; it is shown once.
//
// Faults: PAYMENT_OPTION_NOT_READY.
func (s *Service) BeginSetup(tx db.Tx, in SetupInput) (*Method, secret.Text, error) {
	processor, err := s.processor(in.Scope)
	if err != nil {
		return nil, secret.Text{}, err
	}
	now, plain := s.Clock.Now(), secret.NewToken("pmset_")
	m := &Method{
		Scope: in.Scope, ID: s.IDs.New(id.PaymentMethod), CustomerID: in.CustomerID, Status: MethodPending, Usage: UsageOffSession, Type: "card",
		Processor: processor, SetupHash: secret.Hash(plain), PendingUntil: now.Add(setupWithin), CreatedAt: now, UpdatedAt: now,
	}
	return m, secret.NewText(plain), insertMethod(tx, m)
}

// MethodOfSetup finds the payment method that a setup secret belongs to, whatever its state.
func MethodOfSetup(tx db.Tx, plain string) (*Method, error) {
	return methodBySetup(tx, secret.Hash(plain), "")
}

// CompleteSetup takes the processor's token of the card that was typed.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_METHOD_NOT_PENDING.
func (s *Service) CompleteSetup(tx db.Tx, plain, token string, card Source, cause event.Cause) (*Method, error) {
	m, err := methodBySetup(tx, secret.Hash(plain), tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	if m.StatusAt(now) != MethodPending {
		return nil, fault.Conflict("PAYMENT_METHOD_NOT_PENDING", "This payment method waits for no card.").With("current_status", m.StatusAt(now))
	}
	m.source = s.sealMethod(m, token)
	return m, s.activate(tx, m, &card, cause, now)
}

// saveWhenCharged writes a payment method that becomes active once the payment that it is typed for
// succeeds.
func (s *Service) saveWhenCharged(tx db.Tx, scope tenant.Scope, customerID, processor, token string, now time.Time) (string, error) {
	m := &Method{
		Scope: scope, ID: s.IDs.New(id.PaymentMethod), CustomerID: customerID, Status: MethodPending, Usage: UsageOnSession, Type: "card",
		Processor: processor, PendingUntil: now.Add(setupWithin), CreatedAt: now, UpdatedAt: now,
	}
	m.source = s.sealMethod(m, token)
	return m.ID, insertMethod(tx, m)
}

// keepMethod makes the method that a payment was to save an active one. What is no card is not kept.
func (t *transition) keepMethod(out Outcome) error {
	m, err := t.savedMethod()
	if err != nil || m == nil {
		return err
	}
	if out.Source == nil || out.Source.Type != m.Type {
		return t.service.fail(t.tx, m, "payment_method_unavailable", t.cause, t.now)
	}
	return t.service.activate(t.tx, m, out.Source, t.cause, t.now)
}

// dropMethod gives up the method that a payment was to save.
func (t *transition) dropMethod() error {
	m, err := t.savedMethod()
	if err != nil || m == nil {
		return err
	}
	return t.service.fail(t.tx, m, t.intent.Detail.LastError.Code, t.cause, t.now)
}

// savedMethod is the method that waits for this payment, nil without one.
func (t *transition) savedMethod() (*Method, error) {
	if t.intent.Detail.SavesMethodID == "" {
		return nil, nil
	}
	m, err := readMethod(t.tx, t.intent.Scope, t.intent.Detail.SavesMethodID, t.tx.ForUpdate())
	if err != nil || m.Status != MethodPending {
		return nil, err
	}
	return m, nil
}

func (s *Service) activate(tx db.Tx, m *Method, card *Source, cause event.Cause, now time.Time) error {
	m.Status, m.Detail.Card, m.ExpiresAt, m.UpdatedAt = MethodActive, card, validThrough(card), now
	if err := saveMethod(tx, m); err != nil {
		return err
	}
	return s.recordMethod(tx, m, eventMethodSaved, cause)
}

func (s *Service) fail(tx db.Tx, m *Method, code string, cause event.Cause, now time.Time) error {
	m.Status, m.Detail.FailureCode, m.source, m.UpdatedAt = MethodFailed, failureCode(code), "", now
	if err := saveMethod(tx, m); err != nil {
		return err
	}
	return s.recordMethod(tx, m, eventMethodFailed, cause)
}
