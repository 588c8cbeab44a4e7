package server

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/dispute"
	"flint/internal/event"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tenant"
)

// buildDisputes makes what takes the banks' word on payments.
func (s *Server) buildDisputes(events *event.Log, orders *order.Service) *dispute.Service {
	orders.Claimed = append(orders.Claimed, dispute.OrderClaimed)
	return &dispute.Service{DB: s.DB, Clock: s.Clock, IDs: s.IDs, Events: events, Orders: orders, Logger: s.Log, Failpoints: s.Failpoints}
}

// refundLimit is the amount above which a second person approves refunds of an environment, nil for none.
func (s *Server) refundLimit(tx db.Tx, scope tenant.Scope) (*money.Amount, error) {
	v, err := s.Settings.Effective(tx, scope)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return v.Refunds.ApprovalLimit, nil
}
