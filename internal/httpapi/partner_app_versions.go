package httpapi

import (
	"context"
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/db/listing"
)

// PublishPartnerAppVersionRequest makes the next version of an app; what is left out stays as it is.
type PublishPartnerAppVersionRequest struct {
	ExpectedVersion             *int64                 `json:"expected_version,omitzero" minimum:"1" fault:"invalid=INVALID_EXPECTED_VERSION" doc:"The version that was read; nothing changes when it is no longer current."`
	Name                        *string                `json:"name,omitzero" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	IconURL                     *string                `json:"icon_url,omitzero" maxLength:"2048" doc:"Empty for none."`
	RedirectURIs                []string               `json:"redirect_uris,omitzero" maxItems:"20"`
	PermissionManifest          []PartnerAppPermission `json:"permission_manifest,omitzero" maxItems:"50"`
	DefaultRequestedPermissions []string               `json:"default_requested_permissions,omitzero" maxItems:"50"`
}

// PublishPartnerAppVersionInput is the request of publishDeveloperPartnerAppVersion.
type PublishPartnerAppVersionInput struct {
	PartnerAppInput
	Body PublishPartnerAppVersionRequest
}

// PartnerAppVersion is an app as it was in one version.
type PartnerAppVersion struct {
	PartnerAppID                string                 `json:"partner_app_id"`
	Version                     int64                  `json:"version"`
	Name                        string                 `json:"name"`
	IconURL                     string                 `json:"icon_url,omitzero"`
	RedirectURIs                []string               `json:"redirect_uris"`
	PermissionManifest          []PartnerAppPermission `json:"permission_manifest"`
	DefaultRequestedPermissions []string               `json:"default_requested_permissions"`
	PublishedAt                 time.Time              `json:"published_at"`
}

// ListPartnerAppVersionsInput is the request of listDeveloperPartnerAppVersions.
type ListPartnerAppVersionsInput struct {
	PartnerAppInput
	PageQuery
}

func registerPartnerAppVersions(a *API, s *Services) {
	Write(a, "publishDeveloperPartnerAppVersion", func(ctx context.Context, tx db.Tx, c *Caller, in *PublishPartnerAppVersionInput) (PartnerApp, error) {
		r := &in.Body
		changed, err := s.Apps.Publish(ctx, tx, app.PublishInput{Scope: c.Scope, AppID: in.PartnerAppID, Expected: r.ExpectedVersion, Name: r.Name,
			IconURL: r.IconURL, RedirectURIs: r.RedirectURIs, Manifest: permissions(r.PermissionManifest),
			DefaultPermissions: r.DefaultRequestedPermissions, Now: c.Now})
		if err != nil {
			return PartnerApp{}, err
		}
		return wireApp(changed), nil
	}, Doc("Publish a version of an app", "Installs keep what they consented to. Where the manifest asks for more they become pending_permission_upgrade, and go on with their old scopes until the merchant accepts."),
		Errors("INVALID_PARTNER_APP", "INVALID_URL", "UNKNOWN_SCOPE", "DUPLICATE_SCOPE", "SCOPE_NOT_ALLOWED", "NO_FIELDS_TO_UPDATE", "VERSION_CONFLICT",
			"APP_DELETING", "PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Get(a, "listDeveloperPartnerAppVersions", func(ctx context.Context, tx db.Tx, c *Caller, in *ListPartnerAppVersionsInput) (Page[PartnerAppVersion], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*app.App, *listing.Cursor, error) {
			return app.Versions(tx, c.Scope.MerchantID, in.PartnerAppID, after, limit)
		})
		return MapPage(page, func(v *app.App) PartnerAppVersion {
			return PartnerAppVersion{v.ID, v.Version, v.Name, v.IconURL, v.RedirectURIs, wirePermissions(v.Manifest), v.DefaultPermissions, v.UpdatedAt}
		}), err
	}, Doc("List the versions of an app", "Newest first."))
}
