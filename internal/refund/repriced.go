package refund

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// StaysCovered refuses a new price at which a line would be worth less than what confirmed resolutions of returns were
// promised of it, with what refunds hold of it already. A refund on its way alone refuses nothing: its money moves
// and is booked. It is the order.Service.Covered; the order is locked and priced anew.
//
// Faults: ORDER_FINANCIAL_MUTATION_NOT_ALLOWED.
func (s *Service) StaysCovered(tx db.Tx, o *order.Order) error {
	if s.Claimed == nil {
		return nil
	}
	claims, err := s.Claimed(tx, o.Scope, o.ID)
	if err != nil || len(claims) == 0 {
		return err
	}
	refunded, err := LoadTaken(tx, o.Scope, o.ID)
	if err != nil {
		return fmt.Errorf("read what refunds hold of order %s: %w", o.ID, err)
	}
	for n := range o.Lines {
		l := &o.Lines[n]
		claim, claimed := claims[l.ID]
		if held := refunded[l.ID].Plus(claim); claimed && (held.Quantity > l.Quantity || held.Amount > l.Total) {
			return fault.Conflict("ORDER_FINANCIAL_MUTATION_NOT_ALLOWED", "A line item would cost less than what a return was promised of it.").
				Then("Cancel the resolution of the return first.")
		}
	}
	return nil
}
