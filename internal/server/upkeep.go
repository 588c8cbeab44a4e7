package server

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/auth/buyer"
	"flint/internal/auth/oauth"
	"flint/internal/db"
	"flint/internal/idempotency"
	"flint/internal/notification"
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
	err := inSteps(ctx, func(step int) (n int64, err error) {
		err = s.DB.Write(ctx, func(tx db.Tx) error {
			if n, err = idempotency.Purge(tx, s.Clock.Now(), step); err != nil {
				return err
			}
			spent, err := oauth.Purge(tx, s.Clock.Now(), step)
			if err != nil {
				return err
			}
			ended, err := buyer.Purge(tx, s.Clock.Now(), step)
			if err != nil {
				return err
			}
			letters, err := notification.PurgeLetters(tx, s.Clock.Now(), step)
			n = max(n, spent, ended, letters)
			return err
		})
		return n, err
	})
	if err != nil {
		return err
	}
	for _, purge := range []func(context.Context, int) (int64, error){s.Requests.Purge, s.Setup.Purge, s.Setup.EndDemos} {
		if err := inSteps(ctx, func(step int) (int64, error) { return purge(ctx, step) }); err != nil {
			return err
		}
	}
	if err := s.DB.Write(ctx, func(tx db.Tx) error { return auth.PurgeSignIns(tx, s.Clock.Now()) }); err != nil {
		return err
	}
	_, err = s.Jobs.Purge(ctx, s.Clock.Now().Add(-keepJobs))
	return err
}

// inSteps removes some rows at a time until there are fewer than that.
func inSteps(ctx context.Context, remove func(step int) (int64, error)) error {
	const step = 500
	for ctx.Err() == nil {
		if n, err := remove(step); err != nil || n < step {
			return err
		}
	}
	return nil
}
