package httpapi

import (
	"context"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/fault"
)

// ListInstalledAppsInput is the request of listInstalledApps.
type ListInstalledAppsInput struct {
	PageQuery
	Status       string `query:"status" enum:"pending_exchange,pending_consent,pending_onboarding,active,pending_permission_upgrade,flagged_for_review,revoked,errored"`
	PartnerAppID string `query:"partner_app_id" maxLength:"64"`
}

// InstalledAppInput names an install of the caller's.
type InstalledAppInput struct {
	InstallID string `path:"partner_app_install_id" id:"pinst"`
}

// InstalledAppGrantInput names a grant of an install of the caller's.
type InstalledAppGrantInput struct {
	InstalledAppInput
	GrantID string `path:"environment_grant_id" id:"egrt"`
}

// UpdateInstalledAppLimitsRequest changes the limits that are sent; an empty list takes one away.
type UpdateInstalledAppLimitsRequest struct {
	PerOrder      *[]Money `json:"refund_per_order_money,omitzero" maxItems:"40"`
	PerDay        *[]Money `json:"refund_per_day_money,omitzero" maxItems:"40" doc:"A day of the merchant's reporting time zone."`
	ApprovalAbove *[]Money `json:"refund_approval_above_money,omitzero" maxItems:"40"`
	OwnOrdersOnly *bool    `json:"own_orders_only,omitzero"`
}

// UpdateInstalledAppLimitsInput is the request of updateInstalledAppLimits.
type UpdateInstalledAppLimitsInput struct {
	InstalledAppInput
	Body UpdateInstalledAppLimitsRequest
}

// AcceptInstalledAppPermissionsRequest agrees to a version of an app.
type AcceptInstalledAppPermissionsRequest struct {
	AppVersion int64 `json:"app_version" minimum:"1" doc:"That of permission_upgrade."`
}

// AcceptInstalledAppPermissionsInput is the request of acceptInstalledAppPermissions.
type AcceptInstalledAppPermissionsInput struct {
	InstalledAppInput
	Body AcceptInstalledAppPermissionsRequest
}

// wireInstalled is an install for its merchant. What a test key sees is narrowed to its sandbox.
func (s *Services) wireInstalled(ctx context.Context, tx db.Tx, c *Caller, i *app.Install) (*InstalledApp, error) {
	grants, err := app.Grants(tx, i.MerchantID, i.ID)
	if err != nil {
		return nil, err
	}
	of, err := app.OfInstall(tx, i)
	if err != nil {
		return nil, err
	}
	used, err := s.Apps.UsedToday(ctx, tx, c.Scope, i.ID, c.Now)
	if err != nil {
		return nil, err
	}
	out := &InstalledApp{AppName: of.Name, AppIconURL: of.IconURL, Limits: wireLimits(i.Limits), RefundedToday: wireAmounts(used)}
	if i.Status == app.StatusPendingPermissionUpgrade {
		up, err := app.UpgradeOf(tx, i, grants, of)
		if err != nil {
			return nil, err
		}
		out.PermissionUpgrade = &AppPermissionUpgrade{AppVersion: up.Version, Added: wirePermissions(up.Added), Widened: wirePermissions(up.Widened),
			Narrowed: wirePermissions(up.Narrowed), Dropped: append([]string{}, up.Dropped...), Scopes: up.Scopes.Names()}
	}
	out.PartnerAppInstall = wireInstall(i, visibleGrants(c, grants))
	return out, nil
}

func visibleGrants(c *Caller, grants []app.Grant) []app.Grant {
	own := visible(c)
	if own == "" {
		return grants
	}
	var out []app.Grant
	for _, g := range grants {
		if g.Scope.EnvironmentID == own {
			out = append(out, g)
		}
	}
	return out
}

func registerInstalledApps(a *API, s *Services) {
	Get(a, "listInstalledApps", func(ctx context.Context, tx db.Tx, c *Caller, in *ListInstalledAppsInput) (Page[*InstalledApp], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*app.Install, *listing.Cursor, error) {
			return app.ListInstalled(tx, app.ListInstalledInput{MerchantID: c.Scope.MerchantID, EnvironmentID: visible(c), Status: in.Status,
				AppID: in.PartnerAppID, After: after, Limit: limit})
		})
		if err != nil {
			return Page[*InstalledApp]{}, err
		}
		out := Page[*InstalledApp]{Data: make([]*InstalledApp, len(page.Data)), Next: page.Next}
		for n, i := range page.Data {
			if out.Data[n], err = s.wireInstalled(ctx, tx, c, i); err != nil {
				return out, err
			}
		}
		return out, nil
	}, Doc("List installed apps", "Newest first. A live key sees every install of the merchant, a test key those with a grant in its sandbox."))

	Get(a, "getInstalledApp", func(ctx context.Context, tx db.Tx, c *Caller, in *InstalledAppInput) (*InstalledApp, error) {
		i, err := app.GetInstall(tx, c.Scope.MerchantID, visible(c), in.InstallID)
		if err != nil {
			return nil, err
		}
		return s.wireInstalled(ctx, tx, c, i)
	}, Doc("Read an installed app", "With its limits, what it refunded today, and what it waits for consent to."))

	// change registers an operation on one install, for live keys.
	change := func(id string, f func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error), opts ...Option) {
		Write(a, id, func(ctx context.Context, tx db.Tx, c *Caller, in *InstalledAppInput) (*InstalledApp, error) {
			return s.changeInstalled(ctx, tx, c, in.InstallID, f)
		}, opts...)
	}
	change("pauseInstalledApp", func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error) {
		return s.Apps.Pause(ctx, tx, c.Scope.MerchantID, installID, c.Now, c.Cause())
	}, Doc("Hold an app back", "Its tokens are refused until it is resumed."), Errors("APP_INSTALL_REVOKED", "PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))
	change("resumeInstalledApp", func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error) {
		return s.Apps.Resume(ctx, tx, c.Scope.MerchantID, installID, c.Now, c.Cause())
	}, Doc("Let a paused app go on", ""), Errors("APP_INSTALL_REVOKED", "PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))
	change("removeInstalledApp", func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error) {
		return s.Apps.RevokeInstall(ctx, tx, app.RevokeInput{MerchantID: c.Scope.MerchantID, InstallID: installID, Reason: app.RevokedByMerchant,
			Now: c.Now, Cause: c.Cause()})
	}, Doc("Remove an app", "Its tokens end at once. It has 15 minutes to put its own things away, then all that is left of it ends together and the receipt says what."),
		Errors("PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Write(a, "updateInstalledAppLimits", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateInstalledAppLimitsInput) (*InstalledApp, error) {
		return s.changeInstalled(ctx, tx, c, in.InstallID, func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error) {
			r := &in.Body
			return s.Apps.SetLimits(ctx, tx, app.SetLimitsInput{MerchantID: c.Scope.MerchantID, InstallID: installID, PerOrder: amounts(r.PerOrder),
				PerDay: amounts(r.PerDay), ApprovalAbove: amounts(r.ApprovalAbove), OwnOrdersOnly: r.OwnOrdersOnly, Now: c.Now})
		})
	}, Doc("Limit what an app refunds", "They hold for the next refund. A refund that waits for approval has to keep them too."),
		Errors("NO_FIELDS_TO_UPDATE", "INVALID_CURRENCY", "INVALID_AMOUNT", "APP_INSTALL_REVOKED", "PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Write(a, "acceptInstalledAppPermissions", func(ctx context.Context, tx db.Tx, c *Caller, in *AcceptInstalledAppPermissionsInput) (*InstalledApp, error) {
		return s.changeInstalled(ctx, tx, c, in.InstallID, func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error) {
			return s.Apps.AcceptPermissions(ctx, tx, app.AcceptInput{MerchantID: c.Scope.MerchantID, InstallID: installID, Version: in.Body.AppVersion,
				Holder: c.Scopes, Now: c.Now, Cause: c.Cause()})
		})
	}, Doc("Accept what an app asks for now", "For every environment it is installed in. The key must hold each scope itself."),
		Errors("APP_CHANGED", "APP_INSTALL_REVOKED", "APP_INSTALL_FLAGGED", "INSUFFICIENT_SCOPE", "PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Write(a, "revokeInstalledAppGrant", func(ctx context.Context, tx db.Tx, c *Caller, in *InstalledAppGrantInput) (*InstalledApp, error) {
		return s.changeInstalled(ctx, tx, c, in.InstallID, func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error) {
			i, err := app.GetInstall(tx, c.Scope.MerchantID, "", installID)
			if err != nil {
				return nil, err
			}
			if _, err := s.revokeGrant(ctx, tx, c, i, in.GrantID); err != nil {
				return nil, err
			}
			return app.GetInstall(tx, c.Scope.MerchantID, "", installID)
		})
	}, Doc("Take an app out of one environment", "At once, with the endpoints it has there."), Errors("PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Get(a, "getOwnAppInstall", func(ctx context.Context, tx db.Tx, c *Caller, _ *struct{}) (PartnerAppInstall, error) {
		g, i, err := app.GetGrant(tx, c.Scope, c.GrantID)
		if err != nil {
			return PartnerAppInstall{}, err
		}
		return wireInstall(i, []app.Grant{*g}), nil
	}, Doc("Read the install of the token", "With the one grant the token belongs to."))
}

// changeInstalled runs f on an install of the caller's and shows what came of it.
func (s *Services) changeInstalled(ctx context.Context, tx db.Tx, c *Caller, installID string,
	f func(ctx context.Context, tx db.Tx, c *Caller, installID string) (*app.Install, error)) (*InstalledApp, error) {
	if err := app.CheckLive(c.Scope); err != nil {
		return nil, err
	}
	i, err := f(ctx, tx, c, installID)
	if err != nil {
		return nil, err
	}
	return s.wireInstalled(ctx, tx, c, i)
}

// appOf narrows what a token of an app sees to that app; it is empty for others.
func appOf(c *Caller) string {
	if c.Kind == auth.InstallToken {
		return c.AppID
	}
	return ""
}

// errApprovalRequired tells an app that its refund waits for the merchant.
func errApprovalRequired(approvalID string) error {
	return fault.Conflict("APP_REFUND_APPROVAL_REQUIRED", "The merchant has to approve this refund; nothing was refunded yet.").
		With("app_approval_id", approvalID).Then("Wait for app_approval.decided, or read the approval. Asking again opens another one.")
}
