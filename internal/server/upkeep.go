package server

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/idempotency"
)

// keepJobs is how long done jobs stay for whoever looks into what happened.
const keepJobs = 7 * 24 * time.Hour

// upkeep removes what has served its time: once an hour, in small steps that hold nobody up.
func (s *Server) upkeep(ctx context.Context) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		if err := s.cleanUp(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("old rows were not removed; the next try is in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (s *Server) cleanUp(ctx context.Context) error {
	const step = 500
	for ctx.Err() == nil {
		var n int64
		err := s.DB.Write(ctx, func(tx db.Tx) error {
			var err error
			if n, err = idempotency.Purge(tx, s.Clock.Now(), step); err != nil {
				return err
			}
			spent, err := oauth.Purge(tx, s.Clock.Now(), step)
			n = max(n, spent)
			return err
		})
		if err != nil {
			return err
		}
		if n < step {
			break
		}
	}
	if err := s.DB.Write(ctx, func(tx db.Tx) error { return auth.PurgeSignIns(tx, s.Clock.Now()) }); err != nil {
		return err
	}
	_, err := s.Jobs.Purge(ctx, s.Clock.Now().Add(-keepJobs))
	return err
}
