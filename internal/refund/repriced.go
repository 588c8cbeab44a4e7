package refund

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// StaysCovered refuses a new price at which a line or charge would be worth less than what refunds under way and
// returns hold of it already. It is the order.Service.Covered; the order is locked and priced anew.
//
// Faults: ORDER_FINANCIAL_MUTATION_NOT_ALLOWED.
func (s *Service) StaysCovered(tx db.Tx, o *order.Order) error {
	held, err := LoadTaken(tx, o.Scope, o.ID)
	if err != nil {
		return fmt.Errorf("read what refunds hold of order %s: %w", o.ID, err)
	}
	if s.Claimed != nil {
		claims, err := s.Claimed(tx, o.Scope, o.ID)
		if err != nil {
			return err
		}
		for lineID, c := range claims {
			t := held[lineID]
			held[lineID] = Taken{Quantity: t.Quantity + c.Quantity, Amount: t.Amount + c.Amount}
		}
	}
	for n := range o.Lines {
		l := &o.Lines[n]
		if h := held[l.ID]; h.Quantity > l.Quantity || h.Amount > l.Total {
			return notCovered("A line item would cost less than what refunds and returns hold of it.")
		}
	}
	for n := range o.Charges {
		if c := &o.Charges[n]; held[c.ID].Amount > c.Total {
			return notCovered("A charge would cost less than what refunds hold of it.")
		}
	}
	return nil
}

func notCovered(message string) error {
	return fault.Conflict("ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "%s", message).
		Then("Change the order before its goods are returned, or refund the difference.")
}
