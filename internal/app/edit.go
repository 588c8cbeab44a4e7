package app

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// PinInput changes the version of the API that tokens of the app speak by default.
type PinInput struct {
	Scope    tenant.Scope
	AppID    string
	Version  *string
	Expected *string  // nil: whatever is there
	Versions []string // those that may be chosen
	Now      time.Time
}

// Pin changes the app's API version. Faults: PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY,
// NO_FIELDS_TO_UPDATE, INVALID_API_VERSION, API_VERSION_CHANGED, RESOURCE_NOT_FOUND.
func (s *Service) Pin(_ context.Context, tx db.Tx, in PinInput) (*App, error) {
	if err := CheckLive(in.Scope); err != nil {
		return nil, err
	}
	var faults fault.List
	switch {
	case in.Version == nil:
		faults.Add("NO_FIELDS_TO_UPDATE", "", "Send api_version.")
	case !slices.Contains(in.Versions, *in.Version):
		faults.Add("INVALID_API_VERSION", "api_version", "This version of the API is not spoken here.")
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	a, err := lockApp(tx, in.Scope.MerchantID, in.AppID)
	if err != nil {
		return nil, err
	}
	if in.Expected != nil && *in.Expected != a.APIVersion {
		err := fault.Conflict("API_VERSION_CHANGED", "The app is pinned to another version than expected.").Then("Read the app again and decide on its version.")
		err.Param = "expected_api_version"
		return nil, err
	}
	if *in.Version == a.APIVersion {
		return a, nil
	}
	a.APIVersionPrevious, a.APIVersion, a.APIVersionChangedAt, a.UpdatedAt = a.APIVersion, *in.Version, in.Now, in.Now
	return a, updateApp(tx, a)
}

// RotateSecret makes a new client secret; the one before stays good for SecretOverlap, and the one
// before that ends now. Faults: PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY, RESOURCE_NOT_FOUND.
func (s *Service) RotateSecret(_ context.Context, tx db.Tx, scope tenant.Scope, appID string, now time.Time) (*App, secret.Text, error) {
	if err := CheckLive(scope); err != nil {
		return nil, secret.Text{}, err
	}
	a, err := lockApp(tx, scope.MerchantID, appID)
	if err != nil {
		return nil, secret.Text{}, err
	}
	token := secret.NewToken(prefixSecret)
	a.previousSecretHash, a.previousSecretUntil = a.secretHash, now.Add(SecretOverlap)
	a.secretHash, a.UpdatedAt = secret.Hash(token), now
	return a, secret.NewText(token), updateApp(tx, a)
}

// PublishInput makes the next version of an app; what is nil stays as it is.
type PublishInput struct {
	Scope              tenant.Scope
	AppID              string
	Expected           *int64 // version that was read; nil: whatever is there
	Name               *string
	IconURL            *string
	RedirectURIs       []string
	Manifest           []Permission
	DefaultPermissions []string
	Now                time.Time
}

// Publish makes the next version of an app. New installs consent to it. Those that exist keep what they
// consented to; where the version asks for more they wait for their merchant, which a job writes
// down. Faults: as those of Create, NO_FIELDS_TO_UPDATE, VERSION_CONFLICT, RESOURCE_NOT_FOUND,
// APP_DELETING.
func (s *Service) Publish(_ context.Context, tx db.Tx, in PublishInput) (*App, error) {
	if err := CheckLive(in.Scope); err != nil {
		return nil, err
	}
	a, err := lockApp(tx, in.Scope.MerchantID, in.AppID)
	if err != nil {
		return nil, err
	}
	if in.Expected != nil && *in.Expected != a.Version {
		return nil, fault.Conflict("VERSION_CONFLICT", "The app was changed meanwhile.").With("current_version", a.Version).
			Then("Read the app again and repeat the change on its version.")
	}
	if a.Status != AppActive {
		return nil, errDeleting()
	}
	asked := a.Manifest
	if err := in.apply(a); err != nil {
		return nil, err
	}
	a.Version++
	a.UpdatedAt = in.Now
	if err := insertVersion(tx, a); err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(asked, a.Manifest) {
		err := s.Jobs.Enqueue(tx, in.Scope, jobPublished, fmt.Sprintf("%s/%d", a.ID, a.Version), in.Now, appJob{a.ID})
		if err != nil {
			return nil, err
		}
	}
	return a, updateApp(tx, a)
}

// apply puts the fields that are sent on the app, and reports every fault of the whole.
func (in PublishInput) apply(a *App) error {
	var faults fault.List
	if in.Name == nil && in.IconURL == nil && in.RedirectURIs == nil && in.Manifest == nil && in.DefaultPermissions == nil {
		faults.Add("NO_FIELDS_TO_UPDATE", "", "Send at least one field to change.")
	}
	if in.Name != nil {
		checkAppName(&faults, *in.Name)
		a.Name = strings.TrimSpace(*in.Name)
	}
	if in.IconURL != nil {
		checkIcon(&faults, *in.IconURL)
		a.IconURL = *in.IconURL
	}
	if in.RedirectURIs != nil {
		checkRedirectURIs(&faults, in.RedirectURIs)
		a.RedirectURIs = in.RedirectURIs
	}
	if in.Manifest != nil {
		checkManifest(&faults, in.Manifest)
		a.Manifest = in.Manifest
		if in.DefaultPermissions == nil { // those that are left
			a.DefaultPermissions = slices.DeleteFunc(slices.Clone(a.DefaultPermissions), func(v string) bool { return a.Permission(v) == nil })
		}
	}
	if in.DefaultPermissions != nil {
		checkDefaults(&faults, in.DefaultPermissions, a.Manifest)
		a.DefaultPermissions = in.DefaultPermissions
	}
	return faults.Err()
}

func errDeleting() error { return fault.Conflict("APP_DELETING", "This app is being deleted.") }

// Delete takes an app away: it takes no installs and its secret ends at once, its installs are wound
// down, and once all of them are finished it is gone. An app that is being deleted stays as it is. Faults:
// PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY, RESOURCE_NOT_FOUND.
func (s *Service) Delete(_ context.Context, tx db.Tx, scope tenant.Scope, appID string, now time.Time) (*App, error) {
	if err := CheckLive(scope); err != nil {
		return nil, err
	}
	a, err := lockApp(tx, scope.MerchantID, appID)
	if err != nil || a.Status != AppActive {
		return a, err
	}
	a.Status, a.UpdatedAt = AppDeleting, now
	a.secretHash, a.previousSecretHash = "", ""
	if err := s.Jobs.Enqueue(tx, scope, jobDelete, a.ID, now, appJob{a.ID}); err != nil {
		return nil, err
	}
	return a, updateApp(tx, a)
}

// place is where an install of an app is.
type place struct{ installID, merchantID string }

// places lists where the installs of an app are, from an install on, oldest id first.
func places(tx db.Tx, ownerID, appID, after string, limit int) ([]place, error) {
	var out []place
	err := tx.Query(func(r db.Row) error {
		var p place
		err := r.Scan(&p.installID, &p.merchantID)
		out = append(out, p)
		return err
	}, `SELECT install_id, installer_id FROM app_install_index WHERE merchant_id = $1 AND app_id = $2 AND install_id > $3
		ORDER BY install_id LIMIT $4`, ownerID, appID, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list where an app is installed: %w", err)
	}
	return out, nil
}

// eachInstall runs f for every install of an app, each in a transaction of its own.
func (s *Service) eachInstall(ctx context.Context, ownerID, appID string, f func(tx db.Tx, p place) error) error {
	const step = 100
	after := ""
	for {
		var batch []place
		err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
			batch, err = places(tx, ownerID, appID, after, step)
			return err
		})
		if err != nil {
			return err
		}
		for _, p := range batch {
			if err := s.DB.Write(ctx, func(tx db.Tx) error { return f(tx, p) }); err != nil {
				return err
			}
			after = p.installID
		}
		if len(batch) < step {
			return nil
		}
	}
}

// published tells every install of the app of its newest version.
func (s *Service) published(ctx context.Context, ownerID, appID string) error {
	return s.eachInstall(ctx, ownerID, appID, func(tx db.Tx, p place) error {
		i, grants, err := lockInstall(tx, p.merchantID, p.installID)
		if err != nil || i.Status == StatusRevoked {
			return err
		}
		before, now := i.Status, s.Clock.Now()
		if err := s.settleNow(tx, i, grants, now); err != nil || i.Status == before {
			return err
		}
		return s.recordInstall(ctx, tx, EventUpdated, i, modesOf(grants), nil, event.Cause{ActorType: "system"}, now)
	})
}

// windDownApp revokes every install of an app that is being deleted, and deletes it once all are
// finished. It asks to be run again while some are not.
func (s *Service) windDownApp(ctx context.Context, scope tenant.Scope, appID string) error {
	waiting := 0
	err := s.eachInstall(ctx, scope.MerchantID, appID, func(tx db.Tx, p place) error {
		i, err := s.RevokeInstall(ctx, tx, RevokeInput{MerchantID: p.merchantID, InstallID: p.installID, Reason: RevokedByDeletion,
			Now: s.Clock.Now(), Cause: event.Cause{ActorType: "system"}})
		if err == nil && i.Removal == nil {
			waiting++
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx db.Tx) error {
		now := s.Clock.Now()
		if waiting > 0 {
			return s.Jobs.Enqueue(tx, scope, jobDelete, fmt.Sprintf("%s/%d", appID, now.UnixMicro()), now.Add(CleanupTime+time.Minute), appJob{appID})
		}
		a, err := lockApp(tx, scope.MerchantID, appID)
		if fault.Is(err, "RESOURCE_NOT_FOUND") {
			return nil // deleted by an earlier run
		}
		if err != nil {
			return err
		}
		a.Status, a.UpdatedAt = AppDeleted, now
		for _, end := range s.OnDelete {
			if err := end(tx, a.MerchantID, a.ID, now); err != nil {
				return fmt.Errorf("end what belongs to a deleted app: %w", err)
			}
		}
		return updateApp(tx, a)
	})
}
