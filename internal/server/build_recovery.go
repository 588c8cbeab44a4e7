package server

import (
	"context"

	"flint/internal/recovery"
)

// buildRecovery wires what brings buyers back. It stands after the doors that close themselves when an order
// is paid.
func (s *Server) buildRecovery() {
	v := s.Services
	v.Recovery = &recovery.Service{
		Clock: s.Clock, IDs: s.IDs, Events: v.Checkouts.Events, Orders: v.Orders, Payments: v.Payments, Checkouts: v.Checkouts, Logger: s.Log,
		Key: s.derive("recovery"), BaseURL: s.BaseURL, Doors: map[string]recovery.OpenDoor{}, Failpoints: s.Failpoints,
	}
	recovery.Wire(v.Recovery)
}

// bringBack looks for buyers who left, and reminds them.
func (s *Server) bringBack(ctx context.Context) {
	s.every(ctx, s.ticks[2], "bring buyers back", func(ctx context.Context, limit int) (int, error) {
		return s.Services.Recovery.Work(ctx, s.DB, limit)
	})
}
