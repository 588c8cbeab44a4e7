package payment

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

func sealedForMethod(m *Method) string {
	return "payment method " + m.Scope.MerchantID + "/" + m.Scope.EnvironmentID + "/" + m.ID
}

func (s *Service) sealMethod(m *Method, token string) string {
	return s.Box.Seal(sealedForMethod(m), []byte(token))
}

// sourceOf is the processor's token behind a credential. A saved method must be active and belong to the
// customer the payer may charge: that of the order, or the one the checkout session acts for.
func (s *Service) sourceOf(tx db.Tx, o *order.Order, c Credential, param, sessionID, actsFor string) (string, error) {
	if c.PaymentMethodID == "" || c.Token != "" || c.ConfirmationToken != "" {
		return c.token(param)
	}
	param += ".payment_method_id"
	m, err := readMethod(tx, o.Scope, c.PaymentMethodID, "")
	if f := fault.Of(err); f != nil {
		f.Param = param
	}
	if err != nil {
		return "", err
	}
	now, owner := s.Clock.Now(), o.CustomerID
	if sessionID != "" {
		owner = actsFor
	}
	switch status := m.StatusAt(now); {
	case owner == "" || m.CustomerID != owner:
		return "", refused("PAYMENT_METHOD_CUSTOMER_MISMATCH", param, "The payment method belongs to another customer.")
	case status != MethodActive:
		return "", refused("PAYMENT_METHOD_NOT_ACTIVE", param, "The payment method is not active.").With("current_status", status)
	case m.Usage == UsageOnSession && sessionID == "":
		return "", refused("PAYMENT_METHOD_ON_SESSION_ONLY", param, "The card was saved for checkouts that its owner completes.").
			Then("Open a checkout session for the order.")
	case m.Processor != s.Choose(o.Scope):
		return "", refused("PAYMENT_METHOD_UNAVAILABLE", param, "The payment method was saved with another processor.")
	}
	token, err := s.Box.Open(sealedForMethod(m), m.source)
	if err != nil {
		return "", fmt.Errorf("open payment method %s: %w", m.ID, err)
	}
	return string(token), nil
}

// CheckMethod refuses a saved method that could not be charged for an order without its owner.
//
// Faults: RESOURCE_NOT_FOUND, PAYMENT_METHOD_CUSTOMER_MISMATCH, PAYMENT_METHOD_NOT_ACTIVE,
// PAYMENT_METHOD_ON_SESSION_ONLY, PAYMENT_METHOD_UNAVAILABLE; their param is payment_source.payment_method_id.
func (s *Service) CheckMethod(tx db.Tx, o *order.Order, methodID string) error {
	_, err := s.sourceOf(tx, o, Credential{PaymentMethodID: methodID}, "payment_source", "", "")
	return err
}

func refused(code, param, text string) *fault.Error {
	f := fault.Conflict(code, "%s", text)
	f.Param = param
	return f
}
