package app

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/money"
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

// SetLimitsInput changes the limits that are not nil; an empty list takes one away.
type SetLimitsInput struct {
	MerchantID    string
	InstallID     string
	PerOrder      *[]money.Amount
	PerDay        *[]money.Amount
	ApprovalAbove *[]money.Amount
	OwnOrdersOnly *bool
	Now           time.Time
}

// SetLimits changes what the install may refund, from the next refund on. Faults: those of
// Limits.Validate, NO_FIELDS_TO_UPDATE, RESOURCE_NOT_FOUND, APP_INSTALL_REVOKED.
func (s *Service) SetLimits(_ context.Context, tx db.Tx, in SetLimitsInput) (*Install, error) {
	i, err := installByID(tx, in.MerchantID, in.InstallID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if in.PerOrder == nil && in.PerDay == nil && in.ApprovalAbove == nil && in.OwnOrdersOnly == nil {
		return nil, fault.Invalid("NO_FIELDS_TO_UPDATE", "", "Send at least one limit to change.")
	}
	if i.Status == StatusRevoked {
		return nil, errRevoked()
	}
	if in.PerOrder != nil {
		i.Limits.RefundPerOrder = *in.PerOrder
	}
	if in.PerDay != nil {
		i.Limits.RefundPerDay = *in.PerDay
	}
	if in.ApprovalAbove != nil {
		i.Limits.RefundApprovalAbove = *in.ApprovalAbove
	}
	if in.OwnOrdersOnly != nil {
		i.Limits.OwnOrdersOnly = *in.OwnOrdersOnly
	}
	if err := i.Limits.Validate(); err != nil {
		return nil, err
	}
	i.UpdatedAt = in.Now
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
