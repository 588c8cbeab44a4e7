package server

import (
	"context"

	"flint/internal/payment"
	"flint/internal/processor/credit"
	"flint/internal/returns"
)

// buildResolution hangs the value of returns on the hooks of orders, refunds and fulfillments, and opens the doors
// through which the difference of an exchange is paid.
func (s *Server) buildResolution() {
	x := s.Services
	x.Payments.Processors[payment.ExchangeCredit] = credit.Processor{}
	x.Returns.Doors = x.PaymentLinks.ReturnDoors(s.Invoices, s.Settings.Address)
	returns.Attach(x.Returns)
	returns.Ship(x.Returns, x.Fulfillments)
}

// settleReturns does the work of returns that is due.
func (s *Server) settleReturns(ctx context.Context) {
	s.every(ctx, nil, "settle returns", func(ctx context.Context, limit int) (int, error) { return s.Services.Returns.Sweep(ctx, s.DB, limit) })
}
