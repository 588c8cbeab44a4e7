package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/merchant"
	"flint/internal/tenant"
)

// Events of an install, all to the owner of the app.
const (
	EventInstalled          = "partner_app.install.created"
	EventUpdated            = "partner_app.install.updated"
	EventPermissionsUpdated = "partner_app.install.permissions_updated"
	EventRevoked            = "partner_app.install.revoked"
	EventGrantCreated       = "partner_app.install.environment_grant.created"
	EventGrantRevoked       = "partner_app.install.environment_grant.revoked"
)

// installPayload is what the owner learns of an install.
type installPayload struct {
	AppID         string    `json:"partner_app_id"`
	InstallID     string    `json:"partner_app_install_id"`
	MerchantID    string    `json:"merchant_id"`
	Status        string    `json:"status"`
	GrantedScopes []string  `json:"granted_scopes"`
	InstalledBy   string    `json:"installed_by_user_id,omitzero"`
	RevokedBy     string    `json:"revoked_by_user_id,omitzero"`
	PausedAt      time.Time `json:"paused_at,omitzero"`
	RevokedReason string    `json:"revoked_reason,omitzero"`
	Sealed        string    `json:"sealed,omitzero"` // members for the app's own endpoint alone; see OpenSealed
}

type grantPayload struct {
	AppID         string   `json:"partner_app_id"`
	InstallID     string   `json:"partner_app_install_id"`
	GrantID       string   `json:"environment_grant_id"`
	EnvironmentID string   `json:"environment_id,omitzero"`
	MerchantID    string   `json:"merchant_id"`
	Mode          string   `json:"mode"`
	Status        string   `json:"status"`
	GrantedScopes []string `json:"granted_scopes"`
	RevokedBy     string   `json:"revoked_by_user_id,omitzero"`
}

// feed is the environment of the owner that hears of what happens in a mode: the live environment, or
// the default sandbox.
func feed(ctx context.Context, tx db.Tx, ownerID string, mode tenant.Mode) (tenant.Scope, error) {
	e, err := merchant.DefaultEnvironment(ctx, tx, ownerID, mode)
	if err != nil {
		return tenant.Scope{}, fmt.Errorf("find the feed of an app's owner: %w", err)
	}
	return e.Scope, nil
}

// recordInstall tells the owner in each of the modes; the tokens are those of the grants of that mode.
func (s *Service) recordInstall(ctx context.Context, tx db.Tx, typ string, i *Install, modes []tenant.Mode, cleanup map[tenant.Mode][]cleanupToken,
	cause event.Cause, now time.Time) error {
	for _, mode := range modes {
		scope, err := feed(ctx, tx, i.OwnerID, mode)
		if err != nil {
			return err
		}
		sealed, err := s.seal(scope, i.ID, cleanup[mode])
		if err != nil {
			return err
		}
		err = s.Events.Record(tx, scope, now, cause, event.New{Type: typ, RootType: "partner_app_install", RootID: i.ID,
			ResourceType: "partner_app_install", ResourceID: i.ID,
			Data: installPayload{AppID: i.AppID, InstallID: i.ID, MerchantID: i.MerchantID, Status: i.Status, GrantedScopes: i.Scopes.Names(),
				InstalledBy: i.InstalledBy, RevokedBy: i.RevokedBy, PausedAt: i.PausedAt, RevokedReason: i.RevokedReason, Sealed: sealed}})
		if err != nil {
			return fmt.Errorf("record %s: %w", typ, err)
		}
	}
	return nil
}

func (s *Service) recordGrant(ctx context.Context, tx db.Tx, typ string, g *Grant, cause event.Cause, now time.Time) error {
	scope, err := feed(ctx, tx, g.OwnerID, g.Scope.Mode())
	if err != nil {
		return err
	}
	err = s.Events.Record(tx, scope, now, cause, event.New{Type: typ, RootType: "partner_app_install", RootID: g.InstallID,
		ResourceType: "environment_grant", ResourceID: g.ID,
		Data: grantPayload{AppID: g.AppID, InstallID: g.InstallID, GrantID: g.ID, EnvironmentID: g.Scope.EnvironmentID, MerchantID: g.Scope.MerchantID,
			Mode: string(g.Scope.Mode()), Status: g.Status, GrantedScopes: g.Scopes.Names(), RevokedBy: g.RevokedBy}})
	if err != nil {
		return fmt.Errorf("record %s: %w", typ, err)
	}
	return nil
}

// modesOf are the modes in which an install has grants, revoked ones too.
func modesOf(grants []Grant) []tenant.Mode {
	var out []tenant.Mode
	for _, g := range grants {
		if m := g.Scope.Mode(); !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}
