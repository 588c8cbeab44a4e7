package httpapi

import (
	"context"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/db/listing"
)

// ListPartnerAppInstallsInput is the request of listDeveloperPartnerAppInstalls.
type ListPartnerAppInstallsInput struct {
	PartnerAppInput
	PageQuery
}

// PartnerAppInstallInput names an install of an app of the caller's.
type PartnerAppInstallInput struct {
	PartnerAppInput
	InstallID string `path:"partner_app_install_id" id:"pinst"`
}

// PartnerAppGrantInput names a grant of an install of an app of the caller's.
type PartnerAppGrantInput struct {
	PartnerAppInstallInput
	GrantID string `path:"environment_grant_id" id:"egrt"`
}

// wireInstallNow is an install with its grants as they are in tx.
func wireInstallNow(tx db.Tx, i *app.Install) (PartnerAppInstall, error) {
	grants, err := app.Grants(tx, i.MerchantID, i.ID)
	return wireInstall(i, grants), err
}

func registerPartnerAppInstalls(a *API, s *Services) {
	Get(a, "listDeveloperPartnerAppInstalls", func(ctx context.Context, tx db.Tx, c *Caller, in *ListPartnerAppInstallsInput) (Page[PartnerAppInstall], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*app.Install, *listing.Cursor, error) {
			return app.ListInstalls(tx, c.Scope.MerchantID, in.PartnerAppID, after, limit)
		})
		if err != nil {
			return Page[PartnerAppInstall]{}, err
		}
		out := Page[PartnerAppInstall]{Data: make([]PartnerAppInstall, len(page.Data)), Next: page.Next}
		for n, i := range page.Data {
			if out.Data[n], err = wireInstallNow(tx, i); err != nil {
				return out, err
			}
		}
		return out, nil
	}, Doc("List the installs of an own app", "Newest first, removed ones too."))

	Get(a, "getDeveloperPartnerAppInstall", func(ctx context.Context, tx db.Tx, c *Caller, in *PartnerAppInstallInput) (PartnerAppInstall, error) {
		i, err := app.GetInstallOf(tx, c.Scope.MerchantID, in.PartnerAppID, in.InstallID)
		if err != nil {
			return PartnerAppInstall{}, err
		}
		return wireInstallNow(tx, i)
	}, Doc("Read an install of an own app", "With its grants, and with the receipt once it is removed."))

	Write(a, "revokeDeveloperPartnerAppInstall", func(ctx context.Context, tx db.Tx, c *Caller, in *PartnerAppInstallInput) (PartnerAppInstall, error) {
		if err := app.CheckLive(c.Scope); err != nil {
			return PartnerAppInstall{}, err
		}
		i, err := app.GetInstallOf(tx, c.Scope.MerchantID, in.PartnerAppID, in.InstallID)
		if err != nil {
			return PartnerAppInstall{}, err
		}
		if i, err = s.Apps.RevokeInstall(ctx, tx, app.RevokeInput{MerchantID: i.MerchantID, InstallID: i.ID, Reason: app.RevokedByOwner,
			Now: c.Now, Cause: c.Cause()}); err != nil {
			return PartnerAppInstall{}, err
		}
		return wireInstallNow(tx, i)
	}, Doc("Give an install up", "Every grant ends at once; the app has 15 minutes to clean up."), Errors("PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Write(a, "revokeDeveloperPartnerEnvironmentGrant", func(ctx context.Context, tx db.Tx, c *Caller, in *PartnerAppGrantInput) (PartnerAppInstall, error) {
		if err := app.CheckLive(c.Scope); err != nil {
			return PartnerAppInstall{}, err
		}
		i, err := app.GetInstallOf(tx, c.Scope.MerchantID, in.PartnerAppID, in.InstallID)
		if err != nil {
			return PartnerAppInstall{}, err
		}
		return s.revokeGrant(ctx, tx, c, i, in.GrantID)
	}, Doc("Give a grant up", "The access to one environment ends at once, with the endpoints the app has there."),
		Errors("PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))
}

// revokeGrant ends one grant of an install that the caller may see.
func (s *Services) revokeGrant(ctx context.Context, tx db.Tx, c *Caller, i *app.Install, grantID string) (PartnerAppInstall, error) {
	scope, err := app.GrantOfInstall(tx, i, grantID)
	if err != nil {
		return PartnerAppInstall{}, err
	}
	if i, _, err = s.Apps.RevokeGrant(ctx, tx, scope, grantID, "", c.Now, c.Cause()); err != nil {
		return PartnerAppInstall{}, err
	}
	return wireInstallNow(tx, i)
}
