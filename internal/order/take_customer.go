package order

import (
	"flint/internal/db"
	"flint/internal/event"
)

// TakeCustomer gives an order that has none the customer who turned out to be its buyer: the one who proved
// their address and paid. It records order.updated. The price stays as it was paid.
func (s *Service) TakeCustomer(tx db.Tx, o *Order, customerID string, cause event.Cause) error {
	if o.CustomerID != "" {
		return nil
	}
	o.CustomerID = customerID
	return s.Save(tx, o, cause, Change{})
}
