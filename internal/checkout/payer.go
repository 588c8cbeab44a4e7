package checkout

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
)

// PaysFor notes for which customer the session's next payment is made, nobody when empty: the one whose
// address was proven by whoever pays. The order takes the customer when that payment succeeds.
func (s *Service) PaysFor(tx db.Tx, session *Session, customerID string) error {
	if session.Detail.PayerID == customerID {
		return nil
	}
	session.Detail.PayerID = customerID
	return save(tx, session, s.Clock.Now())
}

// takePayer gives an order without a customer the one who has paid it. The order is locked and has settled.
func (s *Service) takePayer(tx db.Tx, o *order.Order, cause event.Cause) error {
	if o.CustomerID != "" {
		return nil
	}
	last, err := payment.NewestAttempt(tx, o.Scope, o.ID, "")
	if err != nil || last == nil || last.CheckoutSessionID == "" {
		return err
	}
	session, err := Get(tx, o.Scope, last.CheckoutSessionID)
	if err != nil || session.Detail.PayerID == "" {
		return err
	}
	_, err = s.Orders.Customers.Get(tx.Context(), tx, o.Scope, session.Detail.PayerID)
	if fault.Is(err, "RESOURCE_NOT_FOUND") { // deleted meanwhile
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the customer who has paid: %w", err)
	}
	return s.Orders.TakeCustomer(tx, o, session.Detail.PayerID, cause)
}
