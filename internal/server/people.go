package server

import (
	"context"
	"fmt"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/httpapi"
	"flint/internal/notification"
	"flint/internal/tenant"
	weboauth "flint/internal/web/oauth"
	"flint/internal/web/signin"
)

// buildSignIns lets people ask for a code by mail, where mail is sent.
func (s *Server) buildSignIns() {
	if s.Receipts.Sender == nil {
		return
	}
	mails := &notification.SignIns{Jobs: s.Jobs, Sender: s.Receipts.Sender, IDs: s.IDs, Box: s.Box}
	mails.Register()
	s.Keys.SendCode = func(tx db.Tx, m auth.CodeMail) error {
		return mails.Send(tx, notification.SignInCode{Scope: m.Scope, To: m.To, Code: m.Code, Life: m.Life, CreatedAt: s.Clock.Now()})
	}
}

// buildPages makes the pages for signed-in people.
func (s *Server) buildPages() error {
	gate, err := signin.NewGate(signin.Config{
		DB: s.DB, Auth: s.Keys, Clock: s.Clock, Log: s.Log, Box: s.Box, Key: s.derive("forms of people"), UI: s.UI, BaseURL: s.BaseURL,
		Address: clientAddress(s.Proxies),
		Name: func(tx db.Tx, merchantID string) (string, error) {
			m, err := s.Merchants.Get(tx.Context(), tx, merchantID)
			return m.BusinessName, err
		},
	})
	if err != nil {
		return fmt.Errorf("build the sign-in: %w", err)
	}
	s.gate = gate
	s.pages = &weboauth.Handler{DB: s.DB, Clock: s.Clock, Log: s.Log, Gate: gate, OAuth: s.OAuth, Apps: s.Apps, Merchants: s.Merchants, UI: s.UI,
		TakesPayments: func(scope tenant.Scope) bool { return s.processorFor(scope) != "" },
		Orders:        s.Services.Orders, Customers: s.Services.Customers,
		Approve: func(ctx context.Context, in weboauth.ApproveInput) error {
			return s.Services.ApproveRefund(ctx, s.DB, httpapi.Approval{Scope: in.Scope, ApprovalID: in.ApprovalID, By: in.UserID, Now: in.Now, Cause: in.Cause})
		}}
	return nil
}
