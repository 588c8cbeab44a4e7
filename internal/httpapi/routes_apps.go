package httpapi

// appRoutes lists partner apps and OAuth.
var appRoutes = []Route{
	{ID: "createDeveloperPartnerApp", Method: "POST", Path: "/v1/developer/partner/apps", By: byKey | byOnboarding, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 201},
	{ID: "listDeveloperPartnerApps", Method: "GET", Path: "/v1/developer/partner/apps", By: byKey | byOnboarding, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200, List: true},
	{ID: "getDeveloperPartnerApp", Method: "GET", Path: "/v1/developer/partner/apps/{partner_app_id}", By: byKey | byOnboarding, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200},
	{ID: "updateDeveloperPartnerApp", Method: "PATCH", Path: "/v1/developer/partner/apps/{partner_app_id}", By: byKey | byOnboarding, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200},
	{ID: "rotateDeveloperPartnerAppSecret", Method: "POST", Path: "/v1/developer/partner/apps/{partner_app_id}/rotate-secret", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200},
	{ID: "listDeveloperPartnerAppInstalls", Method: "GET", Path: "/v1/developer/partner/apps/{partner_app_id}/installs", By: byKey | byOnboarding, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200, List: true},
	{ID: "getDeveloperPartnerAppInstall", Method: "GET", Path: "/v1/developer/partner/apps/{partner_app_id}/installs/{partner_app_install_id}", By: byKey | byOnboarding, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200},
	{ID: "revokeDeveloperPartnerAppInstall", Method: "POST", Path: "/v1/developer/partner/apps/{partner_app_id}/installs/{partner_app_install_id}/revoke", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200},
	{ID: "revokeDeveloperPartnerEnvironmentGrant", Method: "POST", Path: "/v1/developer/partner/apps/{partner_app_id}/installs/{partner_app_install_id}/environment-grants/{environment_grant_id}/revoke", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200},
	{ID: "authorizePartnerInstall", Method: "GET", Path: "/v1/oauth/authorize", By: byNobody, Tier: TierRead, Status: 302},
	{ID: "previewPartnerInstallAuthorization", Method: "GET", Path: "/v1/oauth/authorize/preview", By: byNobody, Tier: TierRead, Status: 200},
	{ID: "exchangePartnerInstallToken", Method: "POST", Path: "/v1/oauth/token", By: byNobody, Tier: TierSensitive, Status: 200, Flat: true},
	{ID: "revokeOAuthToken", Method: "POST", Path: "/v1/oauth/revoke", By: byNobody, Tier: TierSensitive, Status: 200, Flat: true, Ours: true},
	{ID: "introspectOAuthToken", Method: "POST", Path: "/v1/oauth/introspect", By: byNobody, Tier: TierRead, Status: 200, Flat: true, Ours: true},
	{ID: "startOAuthDevice", Method: "POST", Path: "/v1/oauth/device_authorization", By: byNobody, Tier: TierSensitive, Status: 200, Flat: true, Ours: true},
	{ID: "getOAuthMetadata", Method: "GET", Path: "/.well-known/oauth-authorization-server", By: byNobody, Tier: TierRead, Status: 200, Flat: true, Ours: true},
}
