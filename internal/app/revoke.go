package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// RevokeInput removes an install.
type RevokeInput struct {
	MerchantID string // of the installer
	InstallID  string
	UserID     string // who did it, empty for a key
	Reason     string // RevokedBy…
	Now        time.Time
	Cause      event.Cause
}

// RevokeInstall ends an install and every grant of it: the tokens stop at once, the app is told and has
// CleanupTime to put its things away, then FinishRemoval ends the rest. RevokedByRisk gives no time. An
// install that is revoked stays as it is. Fault: RESOURCE_NOT_FOUND.
func (s *Service) RevokeInstall(ctx context.Context, tx db.Tx, in RevokeInput) (*Install, error) {
	i, grants, err := lockInstall(tx, in.MerchantID, in.InstallID)
	if err != nil || i.Status == StatusRevoked {
		return i, err
	}
	i.Status, i.RevokedAt, i.RevokedBy, i.RevokedReason, i.UpdatedAt = StatusRevoked, in.Now, in.UserID, in.Reason, in.Now
	cleanup := map[tenant.Mode][]cleanupToken{}
	for n := range grants {
		g := &grants[n]
		if g.Status == GrantRevoked {
			continue
		}
		wasActive := g.Status == GrantActive
		if err := s.windDown(tx, g, in.UserID, in.Now); err != nil {
			return nil, err
		}
		if wasActive && in.Reason != RevokedByRisk {
			i.CleanupUntil = in.Now.Add(CleanupTime)
			if cleanup, err = s.addCleanupToken(tx, *g, *i, cleanup); err != nil {
				return nil, err
			}
		}
	}
	i.derive(grants, nil, false)
	if i.CleanupUntil.IsZero() {
		err = s.finish(tx, i, grants, in.Now)
	} else {
		var home tenant.Scope // that lasts: jobs of a sandbox end with it
		if home, err = feed(tx.Context(), tx, i.MerchantID, tenant.ModeLive); err == nil {
			err = s.Jobs.Enqueue(tx, home, jobRemoval, i.ID, i.CleanupUntil, removalJob{i.ID})
		}
	}
	if err = errors.Join(err, updateInstall(tx, i)); err != nil {
		return nil, err
	}
	modes := modesOf(grants)
	if len(modes) == 0 {
		modes = []tenant.Mode{tenant.ModeLive, tenant.ModeTest}
	}
	for n := range grants {
		if grants[n].RevokedAt.Equal(in.Now) {
			if err := s.recordGrant(ctx, tx, EventGrantRevoked, &grants[n], in.Cause, in.Now); err != nil {
				return nil, err
			}
		}
	}
	return i, s.recordInstall(ctx, tx, EventRevoked, i, modes, cleanup, in.Cause, in.Now)
}

// windDown takes a grant's ordinary tokens away.
func (s *Service) windDown(tx db.Tx, g *Grant, userID string, now time.Time) error {
	g.Status, g.RevokedAt, g.RevokedBy, g.UpdatedAt = GrantRevoked, now, userID, now
	if err := updateGrant(tx, g); err != nil {
		return err
	}
	for _, end := range s.OnWindDown {
		if err := end(tx, *g, now); err != nil {
			return fmt.Errorf("wind an app's grant down: %w", err)
		}
	}
	return nil
}

// RevokeGrant ends one grant at once: there is an install that can still put things away. The install
// stays, even without grants. A grant that is revoked stays as it is. Fault: RESOURCE_NOT_FOUND.
func (s *Service) RevokeGrant(ctx context.Context, tx db.Tx, scope tenant.Scope, grantID, userID string, now time.Time, cause event.Cause) (*Install, *Grant, error) {
	i, grants, at, err := lockGrant(tx, scope, grantID)
	if err != nil {
		return nil, nil, err
	}
	g := &grants[at]
	if g.Status == GrantRevoked {
		return i, g, nil
	}
	if err := s.windDown(tx, g, userID, now); err != nil {
		return nil, nil, err
	}
	if _, err := s.end(tx, []Grant{*g}, now); err != nil {
		return nil, nil, err
	}
	before := i.Status
	if err := s.settleNow(tx, i, grants, now); err != nil {
		return nil, nil, err
	}
	if err := s.recordGrant(ctx, tx, EventGrantRevoked, g, cause, now); err != nil {
		return nil, nil, err
	}
	if before != i.Status {
		err = s.recordInstall(ctx, tx, EventUpdated, i, []tenant.Mode{scope.Mode()}, nil, cause, now)
	}
	return i, g, err
}

// settleNow is settle and the write, also for an app that is gone.
func (s *Service) settleNow(tx db.Tx, i *Install, grants []Grant, now time.Time) error {
	i.UpdatedAt = now
	latest, err := Get(tx, i.OwnerID, i.AppID)
	if err != nil {
		return err
	}
	return errors.Join(s.settle(tx, i, grants, latest), updateInstall(tx, i))
}

// EndEnvironment revokes every grant of an environment that ends. It is a merchant.EndFunc.
func (s *Service) EndEnvironment(ctx context.Context, tx db.Tx, scope tenant.Scope, now time.Time) error {
	grants, err := queryGrants(tx, `merchant_id = $1 AND environment_id = $2 AND status <> 'revoked'`, scope.MerchantID, scope.EnvironmentID)
	if err != nil {
		return err
	}
	for _, g := range grants {
		if _, _, err := s.RevokeGrant(ctx, tx, scope, g.ID, "", now, event.Cause{ActorType: "system"}); err != nil {
			return err
		}
	}
	return nil
}

// FinishRemoval ends what is left of a revoked install in one transaction and writes the receipt. A
// second call changes nothing. Fault: RESOURCE_NOT_FOUND.
func (s *Service) FinishRemoval(_ context.Context, tx db.Tx, merchantID, installID string, now time.Time) (*Install, error) {
	i, grants, err := lockInstall(tx, merchantID, installID)
	if err != nil || i.Status != StatusRevoked || i.Removal != nil {
		return i, err
	}
	if err := s.finish(tx, i, grants, now); err != nil {
		return nil, err
	}
	return i, updateInstall(tx, i)
}

// finish runs the hooks for the grants that ended with the install and puts the receipt on it.
func (s *Service) finish(tx db.Tx, i *Install, grants []Grant, now time.Time) error {
	var ended []Grant
	for _, g := range grants {
		if g.RevokedAt.Equal(i.RevokedAt) {
			ended = append(ended, g)
		}
	}
	removed, err := s.end(tx, ended, now)
	if err != nil {
		return err
	}
	i.Removal, i.UpdatedAt = &RemovalReceipt{FinishedAt: now, GrantIDs: []string{}, Removed: removed}, now
	for _, g := range ended {
		i.Removal.GrantIDs = append(i.Removal.GrantIDs, g.ID)
	}
	return s.planRedact(tx, i, grants, now)
}

// end runs OnRevoke for the grants and returns what the hooks ended.
func (s *Service) end(tx db.Tx, grants []Grant, now time.Time) (map[string]int64, error) {
	removed := map[string]int64{}
	for _, g := range grants {
		g.removed = removed
		for _, end := range s.OnRevoke {
			if err := end(tx, g, now); err != nil {
				return nil, fmt.Errorf("end what belongs to an app's grant: %w", err)
			}
		}
	}
	return removed, nil
}

// ExpireExchange ends a grant whose code was not redeemed in time; an install that has no other live
// grant has failed and can be tried again.
func (s *Service) ExpireExchange(ctx context.Context, tx db.Tx, scope tenant.Scope, grantID string, now time.Time) error {
	i, grants, at, err := lockGrant(tx, scope, grantID)
	if err != nil {
		return err
	}
	g := &grants[at]
	if g.Status != GrantPendingExchange || g.UpdatedAt.Add(ExchangeTime).After(now) {
		return nil // redeemed, revoked, or consented to again, which has a job of its own
	}
	cause := event.Cause{ActorType: "system"}
	if _, _, err := s.RevokeGrant(ctx, tx, scope, grantID, "", now, cause); err != nil {
		return err
	}
	if i, grants, err = lockInstall(tx, scope.MerchantID, i.ID); err != nil || i.Status != StatusPendingExchange {
		return err
	}
	for _, g := range grants {
		if g.Status != GrantRevoked {
			return nil
		}
	}
	i.Status, i.UpdatedAt = StatusErrored, now
	if err := updateInstall(tx, i); err != nil {
		return err
	}
	return s.recordInstall(ctx, tx, EventUpdated, i, []tenant.Mode{scope.Mode()}, nil, cause, now)
}
