package server

import (
	"flint/internal/db"
	"flint/internal/fulfillment"
	"flint/internal/order"
	"flint/internal/returnpolicy"
)

// buildPolicy makes the rules about returns.
func (s *Server) buildPolicy() {
	x := s.Services
	x.ReturnPolicies = &returnpolicy.Service{Clock: s.Clock, IDs: s.IDs}
	x.HandedOver = func(tx db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error) {
		all, err := fulfillment.OfOrder(tx, o.Scope, o.ID)
		if err != nil {
			return nil, err
		}
		var out []returnpolicy.FulfilledLine
		for _, f := range all {
			if f.Effect != fulfillment.EffectFulfill {
				continue
			}
			for _, l := range f.Lines {
				out = append(out, returnpolicy.FulfilledLine{
					FulfillmentID: f.ID, OrderLineItemID: l.OrderLineItemID, Quantity: l.Quantity, FulfilledAt: f.CompletedAt,
				})
			}
		}
		return out, nil
	}
}
