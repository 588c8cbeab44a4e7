package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/tenant"
)

// ConsentInput is a user's answer to an app.
type ConsentInput struct {
	App           *App // whose current version the user saw
	Scope         tenant.Scope
	UserID        string
	Holder        auth.ScopeSet // what the user may grant
	PermissionIDs []string      // what the user granted
	Requested     []string      // what was asked; of these only optional ones can be declined. Nil: not checked.
	Now           time.Time
	Cause         event.Cause
}

// Validate reports every fault of the input.
func (in ConsentInput) Validate() error {
	var faults fault.List
	if len(in.PermissionIDs) == 0 {
		faults.Add("PERMISSION_REQUIRED", "permission_ids", "An install needs at least one permission.")
	}
	for i, v := range in.PermissionIDs {
		at := fmt.Sprintf("permission_ids[%d]", i)
		switch {
		case in.App.Permission(v) == nil:
			faults.Add("UNKNOWN_PERMISSION", at, "The app has no such permission.")
		case in.Requested != nil && !slices.Contains(in.Requested, v):
			faults.Add("UNKNOWN_PERMISSION", at, "The app did not ask for this permission.")
		}
	}
	for _, v := range in.Requested {
		if p := in.App.Permission(v); p != nil && !p.Optional && !slices.Contains(in.PermissionIDs, v) {
			faults.Add("PERMISSION_REQUIRED", "permission_ids", "A permission that is not optional is missing.")
			break
		}
	}
	return faults.Err()
}

// Consent writes down what a user granted an app in one environment: a new install or one more grant
// waits for its code to be redeemed, a grant that is active goes on with the new scopes. Faults:
// RESOURCE_NOT_FOUND for an app that is not active, INSUFFICIENT_SCOPE when the user grants more than
// they hold, APP_CHANGED when the app published another version since the user saw it,
// APP_INSTALL_FLAGGED.
func (s *Service) Consent(ctx context.Context, tx db.Tx, in ConsentInput) (*Install, *Grant, error) {
	if err := errors.Join(in.Scope.Check(), in.Validate()); err != nil {
		return nil, nil, err
	}
	i, fresh, err := s.openInstall(tx, in, StatusPendingExchange)
	if err != nil {
		return nil, nil, err
	}
	// Read behind the lock: a version published before it is seen here, and one published later finds
	// this install.
	latest, err := Get(tx, in.App.MerchantID, in.App.ID)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case latest.Status != AppActive:
		return nil, nil, errNoApp()
	case latest.Version != in.App.Version:
		return nil, nil, fault.Conflict("APP_CHANGED", "The app changed what it asks for.").Then("Review the permissions again.")
	}
	scopes := latest.Granted(in.PermissionIDs)
	if !in.Holder.Contains(scopes) {
		return nil, nil, fault.Forbidden("INSUFFICIENT_SCOPE", "An app can be granted only what its installer may do.")
	}
	if i.Status == StatusFlaggedForReview {
		return nil, nil, fault.Conflict("APP_INSTALL_FLAGGED", "This install is under review.")
	}
	grants, err := Grants(tx, i.MerchantID, i.ID)
	if err != nil {
		return nil, nil, err
	}
	before, hadScopes := i.Status, i.Scopes
	at := slices.IndexFunc(grants, func(g Grant) bool { return g.Scope == in.Scope && g.Status != GrantRevoked })
	added := at < 0
	if added {
		at = len(grants)
		grants = append(grants, Grant{Scope: in.Scope, ID: s.IDs.New(id.AppGrant), InstallID: i.ID, AppID: i.AppID, OwnerID: i.OwnerID,
			Status: GrantPendingExchange, CreatedAt: in.Now})
	}
	g := &grants[at]
	g.Version, g.PermissionIDs, g.Scopes, g.UpdatedAt = latest.Version, inOrder(latest.Manifest, in.PermissionIDs), scopes, in.Now
	i.Version, i.InstalledBy, i.UpdatedAt = latest.Version, in.UserID, in.Now
	if i.Status != StatusActive && i.Status != StatusPendingPermissionUpgrade {
		i.Status = StatusPendingExchange
	}
	if err := s.settle(tx, i, grants, latest); err != nil {
		return nil, nil, err
	}
	if added {
		err = insertGrant(tx, g)
	} else {
		err = updateGrant(tx, g)
	}
	if err = errors.Join(err, updateInstall(tx, i)); err != nil {
		return nil, nil, err
	}
	if g.Status == GrantPendingExchange {
		err = s.Jobs.Enqueue(tx, g.Scope, jobExchange, fmt.Sprintf("%s/%d", g.ID, in.Now.UnixMicro()), in.Now.Add(ExchangeTime), exchangeJob{g.ID})
		if err != nil {
			return nil, nil, err
		}
	}
	mode := []tenant.Mode{in.Scope.Mode()}
	switch {
	case fresh:
		err = s.recordInstall(ctx, tx, EventInstalled, i, mode, nil, in.Cause, in.Now)
	case hadScopes != i.Scopes:
		err = s.recordInstall(ctx, tx, EventPermissionsUpdated, i, mode, nil, in.Cause, in.Now)
	case before != i.Status:
		err = s.recordInstall(ctx, tx, EventUpdated, i, mode, nil, in.Cause, in.Now)
	}
	if err == nil && added {
		err = s.recordGrant(ctx, tx, EventGrantCreated, g, in.Cause, in.Now)
	}
	return i, g, err
}

// openInstall locks the live install of the app, or makes one; fresh tells which.
func (s *Service) openInstall(tx db.Tx, in ConsentInput, status string) (i *Install, fresh bool, err error) {
	i = &Install{MerchantID: in.Scope.MerchantID, ID: s.IDs.New(id.AppInstall), AppID: in.App.ID, OwnerID: in.App.MerchantID, Status: status,
		Version: in.App.Version, InstalledBy: in.UserID, CreatedAt: in.Now, UpdatedAt: in.Now}
	for range 3 {
		if fresh, err = insertInstall(tx, i); err != nil {
			return nil, false, fmt.Errorf("insert an install: %w", err)
		}
		if fresh {
			return i, true, nil
		}
		// One that is being removed at this moment is live to the insert and gone to the lock.
		live, err := liveInstall(tx, in.Scope.MerchantID, in.App.ID, tx.ForUpdate())
		if !fault.Is(err, "RESOURCE_NOT_FOUND") {
			return live, false, err
		}
	}
	return nil, false, fault.Unavailable("APP_INSTALL_BUSY", "The app is being installed and removed at the same time.")
}

// settle derives the install from its live grants, against the current version of the app.
func (s *Service) settle(tx db.Tx, i *Install, grants []Grant, latest *App) error {
	upgrade := false
	for _, g := range grants {
		if g.Status == GrantRevoked || g.Version == latest.Version {
			continue
		}
		old, err := manifestOf(tx, i.OwnerID, i.AppID, g.Version)
		if err != nil {
			return err
		}
		upgrade = upgrade || Diff(old, g.PermissionIDs, latest.Manifest).Grows()
	}
	i.derive(grants, latest.Manifest, upgrade)
	return nil
}

// OpenInput is a consent page that somebody looks at.
type OpenInput struct {
	App     *App
	Scope   tenant.Scope
	UserID  string
	Onboard bool // the merchant has to be activated before the app can be
	Now     time.Time
	Cause   event.Cause
}

// Open notes that a user is asked to consent, for an app that the merchant has no live install of. It
// changes nothing when there is one.
func (s *Service) Open(ctx context.Context, tx db.Tx, in OpenInput) (*Install, error) {
	if err := in.Scope.Check(); err != nil {
		return nil, err
	}
	if in.App.Status != AppActive {
		return nil, errNoApp()
	}
	status := StatusPendingConsent
	if in.Onboard {
		status = StatusPendingOnboarding
	}
	i, fresh, err := s.openInstall(tx, ConsentInput{App: in.App, Scope: in.Scope, UserID: in.UserID, Now: in.Now}, status)
	if err != nil || fresh {
		if err == nil {
			err = s.recordInstall(ctx, tx, EventInstalled, i, []tenant.Mode{in.Scope.Mode()}, nil, in.Cause, in.Now)
		}
		return i, err
	}
	if !i.Waiting() && i.Status != StatusErrored || i.Status == status {
		return i, nil
	}
	i.Status, i.UpdatedAt = status, in.Now
	if err := updateInstall(tx, i); err != nil {
		return nil, err
	}
	return i, s.recordInstall(ctx, tx, EventUpdated, i, []tenant.Mode{in.Scope.Mode()}, nil, in.Cause, in.Now)
}

// Waiting reports whether nobody has agreed to the install yet.
func (i *Install) Waiting() bool {
	return i.Status == StatusPendingConsent || i.Status == StatusPendingOnboarding
}

// DeclineInput is a user's refusal of an app.
type DeclineInput struct {
	App        *App
	MerchantID string // of the user
	UserID     string
	Now        time.Time
	Cause      event.Cause
}

// Decline ends an install that nobody has agreed to yet. It changes nothing when there is none, or one that
// was agreed to before.
func (s *Service) Decline(ctx context.Context, tx db.Tx, in DeclineInput) error {
	i, err := liveInstall(tx, in.MerchantID, in.App.ID, tx.ForUpdate())
	if fault.Is(err, "RESOURCE_NOT_FOUND") || err == nil && !i.Waiting() {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.RevokeInstall(ctx, tx, RevokeInput{MerchantID: i.MerchantID, InstallID: i.ID, UserID: in.UserID, Reason: RevokedByMerchant,
		Now: in.Now, Cause: in.Cause})
	return err
}

// Activate makes a grant active because its code was redeemed. A grant that is active stays so.
// Faults: RESOURCE_NOT_FOUND, also for a grant or install that was revoked; APP_INSTALL_FLAGGED.
func (s *Service) Activate(ctx context.Context, tx db.Tx, scope tenant.Scope, grantID string, now time.Time, cause event.Cause) (*Install, *Grant, error) {
	i, grants, at, err := lockGrant(tx, scope, grantID)
	if err != nil {
		return nil, nil, err
	}
	g := &grants[at]
	switch {
	case g.Status == GrantRevoked || i.Status == StatusRevoked:
		return nil, nil, fault.NotFound("environment grant")
	case i.Status == StatusFlaggedForReview:
		return nil, nil, fault.Conflict("APP_INSTALL_FLAGGED", "This install is under review.")
	case g.Status == GrantActive:
		return i, g, nil
	}
	latest, err := Get(tx, i.OwnerID, i.AppID)
	if err != nil {
		return nil, nil, err
	}
	before := i.Status
	g.Status, g.UpdatedAt, i.UpdatedAt = GrantActive, now, now
	if err := s.settle(tx, i, grants, latest); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(updateGrant(tx, g), updateInstall(tx, i)); err != nil {
		return nil, nil, err
	}
	if before != i.Status {
		err = s.recordInstall(ctx, tx, EventUpdated, i, []tenant.Mode{scope.Mode()}, nil, cause, now)
	}
	return i, g, err
}

// GetGrant reads a grant with its install, whatever their statuses. Fault: RESOURCE_NOT_FOUND.
func GetGrant(tx db.Tx, scope tenant.Scope, grantID string) (*Grant, *Install, error) {
	g, err := grantByID(tx, scope, grantID)
	if err != nil {
		return nil, nil, err
	}
	i, err := installByID(tx, scope.MerchantID, g.InstallID, "")
	return g, i, err
}

// lockGrant locks the install of a grant and reads all its grants; at is where the grant is.
func lockGrant(tx db.Tx, scope tenant.Scope, grantID string) (i *Install, grants []Grant, at int, err error) {
	g, err := grantByID(tx, scope, grantID)
	if err != nil {
		return nil, nil, 0, err
	}
	if i, grants, err = lockInstall(tx, scope.MerchantID, g.InstallID); err != nil {
		return nil, nil, 0, err
	}
	at = slices.IndexFunc(grants, func(g Grant) bool { return g.ID == grantID })
	return i, grants, at, nil
}

// lockInstall locks an install and reads its grants, which only change under this lock.
func lockInstall(tx db.Tx, merchantID, installID string) (*Install, []Grant, error) {
	i, err := installByID(tx, merchantID, installID, tx.ForUpdate())
	if err != nil {
		return nil, nil, err
	}
	grants, err := Grants(tx, merchantID, installID)
	return i, grants, err
}
