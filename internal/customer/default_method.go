package customer

import (
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// DefaultPaymentMethodInput names the method to charge when none is named; empty for no such method. The
// caller has checked that it is the customer's and may be charged.
type DefaultPaymentMethodInput struct {
	Scope    tenant.Scope
	ID       string
	MethodID string
	Cause    event.Cause
}

// SetDefaultPaymentMethod changes which saved method is charged when none is named, and writes
// customer.updated when that is another one than before.
func (s *Service) SetDefaultPaymentMethod(tx db.Tx, in DefaultPaymentMethodInput) error {
	c, err := load(tx, in.Scope, in.ID, tx.ForUpdate())
	if err != nil || c.DefaultPaymentMethodID == in.MethodID {
		return err
	}
	c.DefaultPaymentMethodID = in.MethodID
	c.Version++
	c.UpdatedAt = s.Clock.Now()
	if err := update(tx, c); err != nil {
		return err
	}
	return s.record(tx, c, in.Cause, "customer.updated")
}
