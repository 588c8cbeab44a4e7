package httpapi

import (
	"context"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/db/listing"
)

// PartnerAppInput names an app of the caller's.
type PartnerAppInput struct {
	PartnerAppID string `path:"partner_app_id" id:"papp"`
}

// ListPartnerAppsInput is the request of listDeveloperPartnerApps.
type ListPartnerAppsInput struct {
	PageQuery
}

// CreatePartnerAppRequest describes a new app.
type CreatePartnerAppRequest struct {
	Name                        string                 `json:"name" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	RedirectURIs                []string               `json:"redirect_uris" maxItems:"20" doc:"Matched character by character: https, or http on localhost."`
	PermissionManifest          []PartnerAppPermission `json:"permission_manifest" maxItems:"50"`
	AppType                     string                 `json:"app_type,omitzero" enum:"server,plugin" fault:"invalid=INVALID_PARTNER_APP" doc:"server when left out."`
	Visibility                  string                 `json:"visibility,omitzero" maxLength:"16" doc:"private, which is the only one."`
	DefaultRequestedPermissions []string               `json:"default_requested_permissions,omitzero" maxItems:"50" doc:"What a link asks for that names nothing; every permission that is not optional when left out."`
	APIVersion                  string                 `json:"api_version,omitzero" maxLength:"16" doc:"The current one when left out."`
	IconURL                     string                 `json:"icon_url,omitzero" maxLength:"2048" flint:"extension"`
}

// CreatePartnerAppInput is the request of createDeveloperPartnerApp.
type CreatePartnerAppInput struct {
	Body CreatePartnerAppRequest
}

// UpdatePartnerAppRequest pins the version of the API.
type UpdatePartnerAppRequest struct {
	APIVersion         *string `json:"api_version,omitzero" maxLength:"16"`
	ExpectedAPIVersion *string `json:"expected_api_version,omitzero" maxLength:"16" doc:"The version that was read; nothing changes when it is no longer current."`
}

// UpdatePartnerAppInput is the request of updateDeveloperPartnerApp.
type UpdatePartnerAppInput struct {
	PartnerAppInput
	Body UpdatePartnerAppRequest
}

func registerPartnerApps(a *API, s *Services) {
	Write(a, "createDeveloperPartnerApp", func(ctx context.Context, tx db.Tx, c *Caller, in *CreatePartnerAppInput) (PartnerAppWithSecret, error) {
		r := &in.Body
		made, text, err := s.Apps.Create(ctx, tx, app.CreateInput{
			Scope: c.Scope, Name: r.Name, Type: r.AppType, Visibility: r.Visibility, IconURL: r.IconURL, RedirectURIs: r.RedirectURIs,
			Manifest: permissions(r.PermissionManifest), DefaultPermissions: r.DefaultRequestedPermissions, APIVersion: r.APIVersion,
			Versions: []string{Version}, Now: c.Now,
		})
		if err != nil {
			return PartnerAppWithSecret{}, err
		}
		return PartnerAppWithSecret{wireApp(made), text.Reveal()}, nil
	}, Doc("Register an app", "Owned by the calling merchant, from a live key. The client secret is shown once."), OneTimeSecrets(),
		Errors("INVALID_PARTNER_APP", "INVALID_URL", "UNKNOWN_SCOPE", "DUPLICATE_SCOPE", "SCOPE_NOT_ALLOWED", "INVALID_API_VERSION",
			"PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY", "RESOURCE_LIMIT_EXCEEDED"))

	Get(a, "listDeveloperPartnerApps", func(ctx context.Context, tx db.Tx, c *Caller, in *ListPartnerAppsInput) (Page[PartnerApp], error) {
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*app.App, *listing.Cursor, error) {
			return app.List(tx, c.Scope.MerchantID, after, limit)
		})
		return MapPage(page, wireApp), err
	}, Doc("List own apps", "Newest first."))

	Get(a, "getDeveloperPartnerApp", func(ctx context.Context, tx db.Tx, c *Caller, in *PartnerAppInput) (PartnerApp, error) {
		found, err := app.Get(tx, c.Scope.MerchantID, in.PartnerAppID)
		if err != nil {
			return PartnerApp{}, err
		}
		return wireApp(found), nil
	}, Doc("Read an own app", "Without its secret."))

	Write(a, "updateDeveloperPartnerApp", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdatePartnerAppInput) (PartnerApp, error) {
		changed, err := s.Apps.Pin(ctx, tx, app.PinInput{Scope: c.Scope, AppID: in.PartnerAppID, Version: in.Body.APIVersion,
			Expected: in.Body.ExpectedAPIVersion, Versions: []string{Version}, Now: c.Now})
		if err != nil {
			return PartnerApp{}, err
		}
		return wireApp(changed), nil
	}, Doc("Pin an app's API version", "Everything else about an app changes by publishing a version."),
		Errors("API_VERSION_CHANGED", "INVALID_API_VERSION", "NO_FIELDS_TO_UPDATE", "PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Write(a, "rotateDeveloperPartnerAppSecret", func(ctx context.Context, tx db.Tx, c *Caller, in *PartnerAppInput) (PartnerAppSecretRotationResult, error) {
		changed, text, err := s.Apps.RotateSecret(ctx, tx, c.Scope, in.PartnerAppID, c.Now)
		if err != nil {
			return PartnerAppSecretRotationResult{}, err
		}
		return PartnerAppSecretRotationResult{changed.ID, changed.ClientID, text.Reveal()}, nil
	}, Doc("Replace an app's client secret", "Shown once. The secret before stays good for 24 hours."), OneTimeSecrets(),
		Errors("PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))

	Write(a, "deleteDeveloperPartnerApp", func(ctx context.Context, tx db.Tx, c *Caller, in *PartnerAppInput) (PartnerApp, error) {
		gone, err := s.Apps.Delete(ctx, tx, c.Scope, in.PartnerAppID, c.Now)
		if err != nil {
			return PartnerApp{}, err
		}
		return wireApp(gone), nil
	}, Doc("Delete an app", "It takes no installs from now on; those it has are removed with their time to clean up, then the app is gone."),
		Errors("PARTNER_APP_MANAGEMENT_REQUIRES_LIVE_KEY"))
}
