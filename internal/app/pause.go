package app

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
)

// Pause holds an install back: its tokens are refused and its events wait until Resume. A paused
// install stays as it is. Faults: RESOURCE_NOT_FOUND, APP_INSTALL_REVOKED.
func (s *Service) Pause(ctx context.Context, tx db.Tx, merchantID, installID string, now time.Time, cause event.Cause) (*Install, error) {
	return s.hold(ctx, tx, merchantID, installID, now, now, cause)
}

// Resume lets a paused install act again. Faults as those of Pause.
func (s *Service) Resume(ctx context.Context, tx db.Tx, merchantID, installID string, now time.Time, cause event.Cause) (*Install, error) {
	return s.hold(ctx, tx, merchantID, installID, time.Time{}, now, cause)
}

func (s *Service) hold(ctx context.Context, tx db.Tx, merchantID, installID string, paused, now time.Time, cause event.Cause) (*Install, error) {
	i, grants, err := lockInstall(tx, merchantID, installID)
	if err != nil {
		return nil, err
	}
	if i.Status == StatusRevoked {
		return nil, errRevoked()
	}
	if i.PausedAt.IsZero() == paused.IsZero() {
		return i, nil
	}
	i.PausedAt, i.UpdatedAt = paused, now
	if err := updateInstall(tx, i); err != nil {
		return nil, err
	}
	return i, s.recordInstall(ctx, tx, EventUpdated, i, modesOf(grants), nil, cause, now)
}

// SetLimits replaces what the install may refund. Faults: those of Limits.Validate,
// RESOURCE_NOT_FOUND, APP_INSTALL_REVOKED.
func (s *Service) SetLimits(_ context.Context, tx db.Tx, merchantID, installID string, limits Limits, now time.Time) (*Install, error) {
	if err := limits.Validate(); err != nil {
		return nil, err
	}
	i, err := installByID(tx, merchantID, installID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if i.Status == StatusRevoked {
		return nil, errRevoked()
	}
	i.Limits, i.UpdatedAt = limits, now
	return i, updateInstall(tx, i)
}

// Flag holds an install for review, by the operator: its tokens are refused and it takes no consent.
// Unflag gives it back.
func (s *Service) Flag(ctx context.Context, tx db.Tx, merchantID, installID string, now time.Time, cause event.Cause) (*Install, error) {
	return s.review(ctx, tx, merchantID, installID, StatusFlaggedForReview, now, cause)
}

// Unflag ends a review in the app's favour; RevokeInstall with RevokedByRisk ends it against the app.
func (s *Service) Unflag(ctx context.Context, tx db.Tx, merchantID, installID string, now time.Time, cause event.Cause) (*Install, error) {
	return s.review(ctx, tx, merchantID, installID, StatusPendingConsent, now, cause)
}

// review sets a status and, for any but flagged, lets the grants decide on from there.
func (s *Service) review(ctx context.Context, tx db.Tx, merchantID, installID, status string, now time.Time, cause event.Cause) (*Install, error) {
	i, grants, err := lockInstall(tx, merchantID, installID)
	if err != nil {
		return nil, err
	}
	switch {
	case i.Status == StatusRevoked:
		return nil, errRevoked()
	case (i.Status == StatusFlaggedForReview) == (status == StatusFlaggedForReview):
		return i, nil
	}
	i.Status = status
	if err := s.settleNow(tx, i, grants, now); err != nil {
		return nil, err
	}
	return i, s.recordInstall(ctx, tx, EventUpdated, i, modesOf(grants), nil, cause, now)
}

func errRevoked() error {
	return fault.Conflict("APP_INSTALL_REVOKED", "This install was removed and stays so.").Then("Install the app again.")
}
