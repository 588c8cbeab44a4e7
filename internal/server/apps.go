package server

import (
	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/refund"
)

// permitRefund asks the limits of an install about a refund that its app makes.
func (s *Server) permitRefund(tx db.Tx, r refund.AppRefund) error {
	return s.Apps.BookRefund(tx, app.RefundUse{Scope: r.Scope, GrantID: r.GrantID, RefundID: r.RefundID, OrderID: r.OrderID, OrderApp: r.AppID,
		Amount: r.Amount, Approved: r.Approved, Probe: r.Probe, Now: r.Now})
}
