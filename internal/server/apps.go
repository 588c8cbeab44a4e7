package server

import (
	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/refund"
)

// buildApps wires what installed apps and the command line hold. A grant that ends takes its tokens with
// it in the same transaction.
func (s *Server) buildApps(events *event.Log) {
	s.Apps = &app.Service{DB: s.DB, IDs: s.IDs, Clock: s.Clock, Events: events, Jobs: s.Jobs}
	s.OAuth = oauth.New(oauth.Service{DB: s.DB, Clock: s.Clock, IDs: s.IDs, Log: s.Log, Box: s.Box, Key: s.derive("device codes"), Apps: s.Apps,
		Issuer: s.BaseURL, Holder: holder})
	s.Apps.OnWindDown = append(s.Apps.OnWindDown, s.OAuth.EndGrant)
	s.Apps.OnRevoke = append(s.Apps.OnRevoke, s.OAuth.EndGrant)
	s.Apps.Register()
}

// holder is what a user's own programs may do: everything for those who run the merchant, what their role
// may hand on for others, nothing for somebody who no longer works there.
func holder(tx db.Tx, merchantID, userID string) (auth.ScopeSet, error) {
	role, err := auth.Role(tx, merchantID, userID)
	if f := fault.Of(err); f != nil && f.Class == fault.ClassForbidden {
		return auth.ScopeSet{}, nil
	}
	if err != nil {
		return auth.ScopeSet{}, err
	}
	if role == auth.RoleOwner || role == auth.RoleAdmin {
		return auth.AllScopes(), nil
	}
	return auth.RoleScopes(role), nil
}

// permitRefund asks the limits of an install about a refund that its app makes.
func (s *Server) permitRefund(tx db.Tx, r refund.AppRefund) error {
	return s.Apps.BookRefund(tx, app.RefundUse{Scope: r.Scope, GrantID: r.GrantID, RefundID: r.RefundID, OrderID: r.OrderID, OrderApp: r.AppID,
		Amount: r.Amount, Approved: r.Approved, Now: r.Now})
}
