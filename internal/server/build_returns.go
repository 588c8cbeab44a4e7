package server

import (
	"fmt"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/httpapi"
	"flint/internal/order"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/tenant"
)

// buildReturns makes returns, over the policies and fulfillments that stand already.
func (s *Server) buildReturns() {
	x := s.Services
	x.Returns = &returns.Service{
		Clock: s.Clock, IDs: s.IDs, Events: x.Orders.Events, Orders: x.Orders, Refunds: x.Refunds, Policies: x.ReturnPolicies,
		Fulfilled: returns.FromFulfillments, Home: s.returnsHome, PaymentDays: s.exchangeDays, ShipsUnpaid: s.shipsUnpaid,
		Grants: app.GrantOf, Shapes: httpapi.ReturnShapes(), Letters: s.writeReturn, Failpoints: s.Failpoints,
	}
	x.HandedOver = func(tx db.Tx, o *order.Order) ([]returnpolicy.FulfilledLine, error) {
		return x.Returns.Handed(tx, o, "")
	}
	x.Orders.Claimed = append(x.Orders.Claimed, returns.OrderClaimed)
}

// returnsHome is the merchant's own address, nil when it has none.
func (s *Server) returnsHome(tx db.Tx, scope tenant.Scope) (*returnpolicy.Destination, error) {
	m, err := s.Merchants.Get(tx.Context(), tx, scope.MerchantID)
	if err != nil || m.Address == nil {
		return nil, err
	}
	a := m.Address
	return &returnpolicy.Destination{Name: m.BusinessName, Address: returnpolicy.Address{
		Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country,
	}}, nil
}

// exchangeDays is how many days a buyer has to pay the difference of an exchange.
func (s *Server) exchangeDays(tx db.Tx, scope tenant.Scope) (int64, error) {
	v, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return 0, fmt.Errorf("read the settings: %w", err)
	}
	return v.Returns.PaymentDays, nil
}

// shipsUnpaid tells whether the goods of an exchange may be handed over before the difference is paid.
func (s *Server) shipsUnpaid(tx db.Tx, scope tenant.Scope) (bool, error) {
	v, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return false, fmt.Errorf("read the settings: %w", err)
	}
	return v.Returns.ShipsUnpaid, nil
}
