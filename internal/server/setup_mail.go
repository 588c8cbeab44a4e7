package server

import (
	"context"

	"flint/internal/notification"
	"flint/internal/onboarding"
	"flint/internal/tenant"
)

// setupScope stands in mails to people who have no merchant yet.
var setupScope = tenant.Scope{MerchantID: "mer_none", EnvironmentID: "menv_none"}

// setupMail sends the mails of onboarding the way receipts go; nil when no mail is sent.
func (s *Server) setupMail() func(context.Context, onboarding.Mail) error {
	sender := s.Receipts.Sender
	if sender == nil {
		return nil
	}
	return func(ctx context.Context, m onboarding.Mail) error {
		return sender.Send(ctx, notification.Message{Scope: setupScope, ID: m.ID, FromName: "Flint", To: m.To, Subject: m.Subject, Text: m.Text, CreatedAt: m.CreatedAt})
	}
}
