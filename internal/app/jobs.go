package app

import (
	"context"

	"flint/internal/db"
	"flint/internal/job"
	"flint/internal/tenant"
)

// Kinds of jobs.
const (
	jobRemoval   = "app.finish_removal"
	jobExchange  = "app.expire_exchange"
	jobPublished = "app.published"
	jobDelete    = "app.delete"
	jobRedact    = "app.redact"
)

type removalJob struct {
	InstallID string `json:"install_id"`
}

type exchangeJob struct {
	GrantID string `json:"grant_id"`
}

type appJob struct {
	AppID string `json:"app_id"`
}

// Register adds the jobs of the service to its queue.
func (s *Service) Register() {
	job.Handle(s.Jobs, jobRemoval, func(ctx context.Context, scope tenant.Scope, p removalJob) error {
		return s.DB.Write(ctx, func(tx db.Tx) error {
			_, err := s.FinishRemoval(ctx, tx, scope.MerchantID, p.InstallID, s.Clock.Now())
			return err
		})
	})
	job.Handle(s.Jobs, jobExchange, func(ctx context.Context, scope tenant.Scope, p exchangeJob) error {
		return s.DB.Write(ctx, func(tx db.Tx) error { return s.ExpireExchange(ctx, tx, scope, p.GrantID, s.Clock.Now()) })
	})
	job.Handle(s.Jobs, jobPublished, func(ctx context.Context, scope tenant.Scope, p appJob) error {
		return s.published(ctx, scope.MerchantID, p.AppID)
	})
	job.Handle(s.Jobs, jobRedact, func(ctx context.Context, scope tenant.Scope, p removalJob) error {
		return s.DB.Write(ctx, func(tx db.Tx) error { return s.redact(ctx, tx, scope.MerchantID, p.InstallID, s.Clock.Now()) })
	})
	job.Handle(s.Jobs, jobDelete, func(ctx context.Context, scope tenant.Scope, p appJob) error {
		return s.windDownApp(ctx, scope, p.AppID)
	})
}
