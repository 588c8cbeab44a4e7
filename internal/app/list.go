package app

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// listedApps lets a list name the columns of an app without their tables.
const listedApps = `(SELECT ` + appColumns + ` FROM ` + appTables + `) AS listed`

const listedColumns = `merchant_id, app_id, client_id, type, visibility, status, secret_hash, previous_secret_hash, previous_secret_until, version,
	api_version, api_version_previous, api_version_changed_at, created_at, updated_at, name, icon_url, redirect_uris, manifest, default_permissions`

// List reads one page of a merchant's apps, newest first, and the cursor of the next page, nil on the
// last one.
func List(tx db.Tx, ownerID string, after *listing.Cursor, limit int) ([]*App, *listing.Cursor, error) {
	q := listing.OfMerchant(listedApps, listedColumns, "app_id", ownerID).And("status <> 'deleted'")
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, func(r db.Row) (*App, error) { return scanApp(r.Scan) },
		func(a *App) listing.Cursor { return listing.At(a.CreatedAt, a.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list apps: %w", err)
	}
	return found, next, nil
}

// Versions reads one page of an app's versions, newest first: the app as it was.
func Versions(tx db.Tx, ownerID, appID string, after *listing.Cursor, limit int) ([]*App, *listing.Cursor, error) {
	a, err := Get(tx, ownerID, appID)
	if err != nil {
		return nil, nil, err
	}
	const columns = `merchant_id, app_id, client_id, type, visibility, status, secret_hash, previous_secret_hash, previous_secret_until, shown,
		api_version, api_version_previous, api_version_changed_at, created_at, published_at, name, icon_url, redirect_uris, manifest, default_permissions`
	q := listing.OfMerchant(`(SELECT a.merchant_id, a.app_id, a.client_id, a.type, a.visibility, a.status, a.secret_hash, a.previous_secret_hash,
		a.previous_secret_until, v.version AS shown, a.api_version, a.api_version_previous, a.api_version_changed_at, a.created_at,
		v.created_at AS published_at, v.name, v.icon_url, v.redirect_uris, v.manifest, v.default_permissions
		FROM apps a JOIN app_versions v ON v.merchant_id = a.merchant_id AND v.app_id = a.app_id) AS listed`, columns, "app_id", ownerID).
		Equal("app_id", a.ID)
	if err := q.Sort("shown", false, true, after); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, limit, func(r db.Row) (*App, error) { return scanApp(r.Scan) },
		func(a *App) listing.Cursor { return listing.Cursor{Key: listing.Int(a.Version), ID: a.ID} })
	if err != nil {
		return nil, nil, fmt.Errorf("list the versions of an app: %w", err)
	}
	return found, next, nil
}

// ListInstalls reads one page of an app's installs for its owner, newest first.
func ListInstalls(tx db.Tx, ownerID, appID string, after *listing.Cursor, limit int) ([]*Install, *listing.Cursor, error) {
	if _, err := Get(tx, ownerID, appID); err != nil {
		return nil, nil, err
	}
	q := listing.OfMerchant("app_install_index", "install_id, installer_id, created_at", "install_id", ownerID).Equal("app_id", appID)
	if err := q.Sort("created_at", false, true, after); err != nil {
		return nil, nil, err
	}
	type row struct {
		place
		at listing.Cursor
	}
	found, next, err := listing.Page(tx, q, limit, func(r db.Row) (row, error) {
		var p place
		var i Install
		err := r.Scan(&p.installID, &p.merchantID, &i.CreatedAt)
		return row{p, listing.At(i.CreatedAt, p.installID)}, err
	}, func(r row) listing.Cursor { return r.at })
	if err != nil {
		return nil, nil, fmt.Errorf("list the installs of an app: %w", err)
	}
	out := make([]*Install, len(found))
	for n, r := range found {
		if out[n], err = installByID(tx, r.merchantID, r.installID, ""); err != nil {
			return nil, nil, err
		}
	}
	return out, next, nil
}

// GetInstallOf reads an install of an app for the app's owner. Fault: RESOURCE_NOT_FOUND.
func GetInstallOf(tx db.Tx, ownerID, appID, installID string) (*Install, error) {
	if _, err := Get(tx, ownerID, appID); err != nil {
		return nil, err
	}
	var merchantID string
	err := tx.QueryRow([]any{&merchantID}, `SELECT installer_id FROM app_install_index WHERE merchant_id = $1 AND app_id = $2 AND install_id = $3`,
		ownerID, appID, installID)
	if err != nil {
		return foundInstall(nil, err)
	}
	return installByID(tx, merchantID, installID, "")
}

// GetInstall reads an install for its merchant. environmentID narrows it to installs with a grant there;
// empty is all. Fault: RESOURCE_NOT_FOUND.
func GetInstall(tx db.Tx, merchantID, environmentID, installID string) (*Install, error) {
	i, err := installByID(tx, merchantID, installID, "")
	if err != nil || environmentID == "" {
		return i, err
	}
	grants, err := Grants(tx, merchantID, installID)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		if g.Scope.EnvironmentID == environmentID {
			return i, nil
		}
	}
	return nil, fault.NotFound("install")
}

// ListInstalledInput selects installs of a merchant.
type ListInstalledInput struct {
	MerchantID    string
	EnvironmentID string // empty: of any environment
	Status        string // empty: any
	AppID         string // empty: any
	After         *listing.Cursor
	Limit         int
}

// ListInstalled reads one page of what a merchant has installed, newest first.
func ListInstalled(tx db.Tx, in ListInstalledInput) ([]*Install, *listing.Cursor, error) {
	q := listing.OfMerchant("app_installs", installColumns, "install_id", in.MerchantID).Equal("status", in.Status).Equal("app_id", in.AppID)
	if in.EnvironmentID != "" {
		q.And("install_id IN (SELECT g.install_id FROM app_grants g WHERE g.merchant_id = $1 AND g.environment_id = ?)", in.EnvironmentID)
	}
	if err := q.Sort("created_at", false, true, in.After); err != nil {
		return nil, nil, err
	}
	found, next, err := listing.Page(tx, q, in.Limit, func(r db.Row) (*Install, error) { return scanInstall(r.Scan) },
		func(i *Install) listing.Cursor { return listing.At(i.CreatedAt, i.ID) })
	if err != nil {
		return nil, nil, fmt.Errorf("list installed apps: %w", err)
	}
	return found, next, nil
}

// OfInstall is the app of an install, also when it is deleted.
func OfInstall(tx db.Tx, i *Install) (*App, error) {
	return queryApp(tx, `a.merchant_id = $1 AND a.app_id = $2`, i.OwnerID, i.AppID)
}

// GrantOfInstall finds a grant of an install by its id alone. Fault: RESOURCE_NOT_FOUND.
func GrantOfInstall(tx db.Tx, i *Install, grantID string) (tenant.Scope, error) {
	grants, err := Grants(tx, i.MerchantID, i.ID)
	if err != nil {
		return tenant.Scope{}, err
	}
	for _, g := range grants {
		if g.ID == grantID {
			return g.Scope, nil
		}
	}
	return tenant.Scope{}, fault.NotFound("environment grant")
}
