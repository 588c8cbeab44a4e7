package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/app"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/notification"
	"flint/internal/tenant"
)

const jobReuseNotice = "oauth.reuse_notice"

type reuseNotice struct {
	MailID   string    `json:"mail_id"`
	AppID    string    `json:"app_id"` // empty for the command line
	OwnerID  string    `json:"owner_id"`
	FamilyID string    `json:"family_id"`
	At       time.Time `json:"at"`
}

// noticeReuse has the merchant told, after the commit, that tokens were revoked because one was used
// twice: somebody may have stolen it.
func (s *Server) noticeReuse(tx db.Tx, f oauth.Family, now time.Time) error {
	if s.Receipts.Sender == nil {
		return nil
	}
	return s.Jobs.Enqueue(tx, f.Scope, jobReuseNotice, f.ID, now, reuseNotice{MailID: s.IDs.New(id.Mail), AppID: f.AppID, OwnerID: f.OwnerID, FamilyID: f.ID, At: now})
}

func (s *Server) registerReuseNotice() {
	job.Handle(s.Jobs, jobReuseNotice, func(ctx context.Context, scope tenant.Scope, n reuseNotice) error {
		var m notification.Message
		err := s.DB.Read(ctx, func(tx db.Tx) error {
			who := "the Flint command line"
			if n.AppID != "" {
				a, err := app.Get(tx, n.OwnerID, n.AppID)
				if err != nil {
					return fmt.Errorf("read the app of a notice: %w", err)
				}
				who = "the app " + a.Name
			}
			shop, err := s.Merchants.Get(ctx, tx, scope.MerchantID)
			if err != nil {
				return fmt.Errorf("read the merchant of a notice: %w", err)
			}
			m = notification.Message{Scope: scope, ID: n.MailID, To: shop.Email, Subject: "Access was withdrawn from " + who, CreatedAt: n.At,
				Text: "A secret with which " + who + " reaches " + shop.BusinessName + " was used a second time on " + n.At.Format("2 January 2006 15:04 MST") +
					".\nThat happens when somebody else has a copy, so Flint revoked all tokens of this sign-in (" + n.FamilyID + ").\n\n" +
					"Look at what was done with it lately. To go on, install the app or sign in again. If you did not expect this, ask\n" +
					"the developer what happened, or remove the app under your installed apps.\n"}
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.Receipts.Sender.Send(ctx, m); err != nil && !errors.Is(err, notification.ErrRejected) {
			return fmt.Errorf("send a notice of reuse: %w", err)
		}
		return nil
	})
}
