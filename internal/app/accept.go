package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
)

// Upgrade is what an app asks for beyond what an install consented to, over all its live grants.
type Upgrade struct {
	Version int64 // to accept
	PermissionDiff
}

// UpgradeOf compares the live grants of an install with the current version of its app.
func UpgradeOf(tx db.Tx, i *Install, grants []Grant, latest *App) (Upgrade, error) {
	up := Upgrade{Version: latest.Version}
	for _, g := range grants {
		if g.Status == GrantRevoked {
			continue
		}
		old, err := manifestOf(tx, i.OwnerID, i.AppID, g.Version)
		if err != nil {
			return up, err
		}
		up.merge(Diff(old, g.PermissionIDs, latest.Manifest))
	}
	return up, nil
}

func (u *Upgrade) merge(d PermissionDiff) {
	add := func(into *[]Permission, more []Permission) {
		for _, p := range more {
			if !slices.ContainsFunc(*into, func(o Permission) bool { return o.ID == p.ID }) {
				*into = append(*into, p)
			}
		}
	}
	add(&u.Added, d.Added)
	add(&u.Widened, d.Widened)
	add(&u.Narrowed, d.Narrowed)
	add(&u.Offered, d.Offered)
	for _, v := range d.Dropped {
		if !slices.Contains(u.Dropped, v) {
			u.Dropped = append(u.Dropped, v)
		}
	}
	u.Scopes = auth.ScopesOf(append(u.Scopes.Names(), d.Scopes.Names()...)...)
}

// AcceptInput is a merchant's agreement to what an app asks for now.
type AcceptInput struct {
	MerchantID string
	InstallID  string
	Version    int64         // the one the merchant saw
	Holder     auth.ScopeSet // what the merchant's user or key may grant
	Now        time.Time
	Cause      event.Cause
}

// AcceptPermissions moves every live grant of an install to the current version of its app. Faults:
// RESOURCE_NOT_FOUND, APP_CHANGED when that is another one than the merchant saw, INSUFFICIENT_SCOPE,
// APP_INSTALL_REVOKED, APP_INSTALL_FLAGGED.
func (s *Service) AcceptPermissions(ctx context.Context, tx db.Tx, in AcceptInput) (*Install, error) {
	i, grants, err := lockInstall(tx, in.MerchantID, in.InstallID)
	if err != nil {
		return nil, err
	}
	switch i.Status {
	case StatusRevoked:
		return nil, errRevoked()
	case StatusFlaggedForReview:
		return nil, fault.Conflict("APP_INSTALL_FLAGGED", "This install is under review.")
	}
	latest, err := Get(tx, i.OwnerID, i.AppID)
	if err != nil {
		return nil, err
	}
	if latest.Version != in.Version {
		return nil, fault.Conflict("APP_CHANGED", "The app changed what it asks for.").With("current_version", latest.Version).
			Then("Review the permissions again.")
	}
	hadScopes := i.Scopes
	for n := range grants {
		g := &grants[n]
		if g.Status == GrantRevoked || g.Version == latest.Version {
			continue
		}
		old, err := manifestOf(tx, i.OwnerID, i.AppID, g.Version)
		if err != nil {
			return nil, err
		}
		d := Diff(old, g.PermissionIDs, latest.Manifest)
		if !in.Holder.Contains(d.Scopes) {
			return nil, fault.Forbidden("INSUFFICIENT_SCOPE", "An app can be granted only what whoever grants it may do.")
		}
		g.PermissionIDs, g.Scopes = d.AcceptedPermissions(g.PermissionIDs, latest.Manifest), d.Scopes
		g.Version, g.UpdatedAt = latest.Version, in.Now
		if err := updateGrant(tx, g); err != nil {
			return nil, err
		}
	}
	before := i.Status
	i.Version, i.UpdatedAt = latest.Version, in.Now
	if err := errors.Join(s.settle(tx, i, grants, latest), updateInstall(tx, i)); err != nil {
		return nil, err
	}
	switch {
	case i.Scopes != hadScopes:
		return i, s.recordInstall(ctx, tx, EventPermissionsUpdated, i, modesOf(grants), nil, in.Cause, in.Now)
	case i.Status != before:
		return i, s.recordInstall(ctx, tx, EventUpdated, i, modesOf(grants), nil, in.Cause, in.Now)
	}
	return i, nil
}
