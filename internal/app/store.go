package app

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

const appColumns = `a.merchant_id, a.app_id, a.client_id, a.type, a.visibility, a.status, a.secret_hash, a.previous_secret_hash,
	a.previous_secret_until, a.version, a.api_version, a.api_version_previous, a.api_version_changed_at, a.created_at, a.updated_at,
	v.name, v.icon_url, v.redirect_uris, v.manifest, v.default_permissions`

const appTables = `apps a JOIN app_versions v ON v.merchant_id = a.merchant_id AND v.app_id = a.app_id AND v.version = a.version`

func scanApp(row func(dest ...any) error) (*App, error) {
	a := &App{}
	var uris, manifest, defaults []byte
	err := row(&a.MerchantID, &a.ID, &a.ClientID, &a.Type, &a.Visibility, &a.Status, &a.secretHash, &a.previousSecretHash,
		&a.previousSecretUntil, &a.Version, &a.APIVersion, &a.APIVersionPrevious, &a.APIVersionChangedAt, &a.CreatedAt, &a.UpdatedAt,
		&a.Name, &a.IconURL, &uris, &manifest, &defaults)
	if err != nil {
		return nil, err
	}
	err = errors.Join(json.Unmarshal(uris, &a.RedirectURIs), json.Unmarshal(manifest, &a.Manifest), json.Unmarshal(defaults, &a.DefaultPermissions))
	if err != nil {
		return nil, fmt.Errorf("read the lists of app %s: %w", a.ID, err)
	}
	return a, nil
}

func queryApp(tx db.Tx, where string, args ...any) (*App, error) {
	a, err := scanApp(func(dest ...any) error {
		return tx.QueryRow(dest, `SELECT `+appColumns+` FROM `+appTables+` WHERE `+where, args...)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, errNoApp()
	}
	if err != nil {
		return nil, fmt.Errorf("read an app: %w", err)
	}
	return a, nil
}

func errNoApp() error { return fault.NotFound("partner app") }

// ByClientID finds an app that is not deleted by the id its client shows. Fault: RESOURCE_NOT_FOUND.
func ByClientID(tx db.Tx, clientID string) (*App, error) {
	return queryApp(tx, `a.client_id = $1 AND a.status <> 'deleted'`, clientID)
}

// Get reads an app of its owner that is not deleted. Fault: RESOURCE_NOT_FOUND.
func Get(tx db.Tx, ownerID, appID string) (*App, error) {
	return queryApp(tx, `a.merchant_id = $1 AND a.app_id = $2 AND a.status <> 'deleted'`, ownerID, appID)
}

// lockApp keeps the app from changing until the end of tx, then reads it: PostgreSQL would pair a row
// it waited for with the version the row had before.
func lockApp(tx db.Tx, ownerID, appID string) (*App, error) {
	var one int
	err := tx.QueryRow([]any{&one}, `SELECT 1 FROM apps WHERE merchant_id = $1 AND app_id = $2`+tx.ForUpdate(), ownerID, appID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, errNoApp()
	}
	if err != nil {
		return nil, fmt.Errorf("lock an app: %w", err)
	}
	return Get(tx, ownerID, appID)
}

// manifestOf is the manifest of a version, whether or not the app is deleted.
func manifestOf(tx db.Tx, ownerID, appID string, version int64) ([]Permission, error) {
	var raw []byte
	err := tx.QueryRow([]any{&raw}, `SELECT manifest FROM app_versions WHERE merchant_id = $1 AND app_id = $2 AND version = $3`, ownerID, appID, version)
	if err != nil {
		return nil, fmt.Errorf("read version %d of app %s: %w", version, appID, err)
	}
	return decode[[]Permission](raw)
}

func insertApp(tx db.Tx, a *App) error {
	err := tx.Send(`INSERT INTO apps (merchant_id, app_id, client_id, type, visibility, status, secret_hash, version, api_version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
		a.MerchantID, a.ID, a.ClientID, a.Type, a.Visibility, a.Status, a.secretHash, a.Version, a.APIVersion, a.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert an app: %w", err)
	}
	return nil
}

func insertVersion(tx db.Tx, a *App) error {
	uris, err1 := encode(a.RedirectURIs)
	manifest, err2 := encode(a.Manifest)
	defaults, err3 := encode(a.DefaultPermissions)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	err := tx.Send(`INSERT INTO app_versions (merchant_id, app_id, version, name, icon_url, redirect_uris, manifest, default_permissions, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, a.MerchantID, a.ID, a.Version, a.Name, a.IconURL, uris, manifest, defaults, a.UpdatedAt)
	if err != nil {
		return fmt.Errorf("insert a version of an app: %w", err)
	}
	return nil
}

func updateApp(tx db.Tx, a *App) error {
	err := tx.Send(`UPDATE apps SET status = $3, secret_hash = $4, previous_secret_hash = $5, previous_secret_until = $6, version = $7,
		api_version = $8, api_version_previous = $9, api_version_changed_at = $10, updated_at = $11 WHERE merchant_id = $1 AND app_id = $2`,
		a.MerchantID, a.ID, a.Status, a.secretHash, a.previousSecretHash, a.previousSecretUntil, a.Version,
		a.APIVersion, a.APIVersionPrevious, a.APIVersionChangedAt, a.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update an app: %w", err)
	}
	return nil
}

const installColumns = `merchant_id, install_id, app_id, owner_id, status, version, permission_ids, scopes, installed_by_user_id, limits,
	paused_at, revoked_at, revoked_by_user_id, revoked_reason, cleanup_until, removal, created_at, updated_at`

func scanInstall(row func(dest ...any) error) (*Install, error) {
	i := &Install{}
	var permissions, limits, removal []byte
	var scopes string
	err := row(&i.MerchantID, &i.ID, &i.AppID, &i.OwnerID, &i.Status, &i.Version, &permissions, &scopes, &i.InstalledBy, &limits,
		&i.PausedAt, &i.RevokedAt, &i.RevokedBy, &i.RevokedReason, &i.CleanupUntil, &removal, &i.CreatedAt, &i.UpdatedAt)
	if err != nil {
		return nil, err
	}
	i.Scopes = auth.ScopesOf(strings.Fields(scopes)...)
	err = errors.Join(json.Unmarshal(permissions, &i.PermissionIDs), json.Unmarshal(limits, &i.Limits))
	if len(removal) > 0 {
		i.Removal = &RemovalReceipt{}
		err = errors.Join(err, json.Unmarshal(removal, i.Removal))
	}
	if err != nil {
		return nil, fmt.Errorf("read install %s: %w", i.ID, err)
	}
	return i, nil
}

// installByID reads an install of its merchant; lock is tx.ForUpdate() or empty.
func installByID(tx db.Tx, merchantID, installID, lock string) (*Install, error) {
	i, err := scanInstall(func(dest ...any) error {
		return tx.QueryRow(dest, `SELECT `+installColumns+` FROM app_installs WHERE merchant_id = $1 AND install_id = $2`+lock, merchantID, installID)
	})
	return foundInstall(i, err)
}

func liveInstall(tx db.Tx, merchantID, appID, lock string) (*Install, error) {
	i, err := scanInstall(func(dest ...any) error {
		return tx.QueryRow(dest, `SELECT `+installColumns+` FROM app_installs WHERE merchant_id = $1 AND app_id = $2 AND status <> 'revoked'`+lock, merchantID, appID)
	})
	return foundInstall(i, err)
}

func foundInstall(i *Install, err error) (*Install, error) {
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.NotFound("install")
	}
	if err != nil {
		return nil, fmt.Errorf("read an install: %w", err)
	}
	return i, nil
}

func insertInstall(tx db.Tx, i *Install) (bool, error) {
	permissions, err1 := encode(i.PermissionIDs)
	limits, err2 := encode(i.Limits)
	if err := errors.Join(err1, err2); err != nil {
		return false, err
	}
	n, err := tx.Exec(`INSERT INTO app_installs (merchant_id, install_id, app_id, owner_id, status, version, permission_ids, scopes,
		installed_by_user_id, limits, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
		ON CONFLICT (merchant_id, app_id) WHERE status <> 'revoked' DO NOTHING`,
		i.MerchantID, i.ID, i.AppID, i.OwnerID, i.Status, i.Version, permissions, strings.Join(i.Scopes.Names(), " "), i.InstalledBy, limits, i.CreatedAt)
	if err != nil || n == 0 {
		return false, err
	}
	return true, tx.Send(`INSERT INTO app_install_index (merchant_id, app_id, install_id, installer_id, created_at) VALUES ($1, $2, $3, $4, $5)`,
		i.OwnerID, i.AppID, i.ID, i.MerchantID, i.CreatedAt)
}

func updateInstall(tx db.Tx, i *Install) error {
	permissions, err1 := encode(i.PermissionIDs)
	limits, err2 := encode(i.Limits)
	removal := ""
	var err3 error
	if i.Removal != nil {
		removal, err3 = encode(i.Removal)
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	err := tx.Send(`UPDATE app_installs SET status = $3, version = $4, permission_ids = $5, scopes = $6, installed_by_user_id = $7, limits = $8,
		paused_at = $9, revoked_at = $10, revoked_by_user_id = $11, revoked_reason = $12, cleanup_until = $13, removal = $14, updated_at = $15
		WHERE merchant_id = $1 AND install_id = $2`,
		i.MerchantID, i.ID, i.Status, i.Version, permissions, strings.Join(i.Scopes.Names(), " "), i.InstalledBy, limits,
		i.PausedAt, i.RevokedAt, i.RevokedBy, i.RevokedReason, i.CleanupUntil, removal, i.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update an install: %w", err)
	}
	return nil
}

const grantColumns = `merchant_id, environment_id, grant_id, install_id, app_id, owner_id, status, version, permission_ids, scopes,
	revoked_at, revoked_by_user_id, created_at, updated_at`

func scanGrant(row func(dest ...any) error) (*Grant, error) {
	g := &Grant{}
	var permissions []byte
	var scopes string
	err := row(&g.Scope.MerchantID, &g.Scope.EnvironmentID, &g.ID, &g.InstallID, &g.AppID, &g.OwnerID, &g.Status, &g.Version, &permissions, &scopes,
		&g.RevokedAt, &g.RevokedBy, &g.CreatedAt, &g.UpdatedAt)
	if err != nil {
		return nil, err
	}
	g.Scopes = auth.ScopesOf(strings.Fields(scopes)...)
	if g.PermissionIDs, err = decode[[]string](permissions); err != nil {
		return nil, fmt.Errorf("read grant %s: %w", g.ID, err)
	}
	return g, nil
}

func grantByID(tx db.Tx, scope tenant.Scope, grantID string) (*Grant, error) {
	if err := scope.Check(); err != nil {
		return nil, err
	}
	g, err := scanGrant(func(dest ...any) error {
		return tx.QueryRow(dest, `SELECT `+grantColumns+` FROM app_grants WHERE merchant_id = $1 AND environment_id = $2 AND grant_id = $3`,
			scope.MerchantID, scope.EnvironmentID, grantID)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.NotFound("environment grant")
	}
	if err != nil {
		return nil, fmt.Errorf("read an environment grant: %w", err)
	}
	return g, nil
}

// GrantOf is the id of the grant by which an app acts in an environment, that of its last one when it has none any more.
// Faults: RESOURCE_NOT_FOUND.
func GrantOf(tx db.Tx, scope tenant.Scope, appID string) (grantID string, err error) {
	if err := scope.Check(); err != nil {
		return "", err
	}
	err = tx.QueryRow([]any{&grantID}, `SELECT grant_id FROM app_grants WHERE merchant_id = $1 AND environment_id = $2 AND app_id = $3
		ORDER BY CASE status WHEN 'active' THEN 0 ELSE 1 END, created_at DESC, grant_id DESC LIMIT 1`, scope.MerchantID, scope.EnvironmentID, appID)
	if errors.Is(err, db.ErrNoRows) {
		return "", fault.NotFound("environment grant")
	}
	if err != nil {
		return "", fmt.Errorf("read the grant of app %s: %w", appID, err)
	}
	return grantID, nil
}

// Grants lists the grants of an install, revoked ones too, oldest first.
func Grants(tx db.Tx, merchantID, installID string) ([]Grant, error) {
	return queryGrants(tx, `merchant_id = $1 AND install_id = $2 ORDER BY created_at, grant_id`, merchantID, installID)
}

func queryGrants(tx db.Tx, where string, args ...any) ([]Grant, error) {
	var out []Grant
	err := tx.Query(func(r db.Row) error {
		g, err := scanGrant(r.Scan)
		if err == nil {
			out = append(out, *g)
		}
		return err
	}, `SELECT `+grantColumns+` FROM app_grants WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("list environment grants: %w", err)
	}
	return out, nil
}

func insertGrant(tx db.Tx, g *Grant) error {
	permissions, err := encode(g.PermissionIDs)
	if err != nil {
		return err
	}
	err = tx.Send(`INSERT INTO app_grants (merchant_id, environment_id, grant_id, install_id, app_id, owner_id, status, version, permission_ids,
		scopes, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)`,
		g.Scope.MerchantID, g.Scope.EnvironmentID, g.ID, g.InstallID, g.AppID, g.OwnerID, g.Status, g.Version, permissions,
		strings.Join(g.Scopes.Names(), " "), g.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert an environment grant: %w", err)
	}
	return nil
}

func updateGrant(tx db.Tx, g *Grant) error {
	permissions, err := encode(g.PermissionIDs)
	if err != nil {
		return err
	}
	err = tx.Send(`UPDATE app_grants SET status = $4, version = $5, permission_ids = $6, scopes = $7, revoked_at = $8, revoked_by_user_id = $9,
		updated_at = $10 WHERE merchant_id = $1 AND environment_id = $2 AND grant_id = $3`,
		g.Scope.MerchantID, g.Scope.EnvironmentID, g.ID, g.Status, g.Version, permissions, strings.Join(g.Scopes.Names(), " "),
		g.RevokedAt, g.RevokedBy, g.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update an environment grant: %w", err)
	}
	return nil
}

func encode(v any) (string, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("encode a %T: %w", v, err)
	}
	return string(b), nil
}

func decode[T any](raw []byte) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, fmt.Errorf("read a stored %T: %w", v, err)
	}
	return v, nil
}
