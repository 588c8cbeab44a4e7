package httpapi

import "flint/internal/auth"

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

	{ID: "deleteDeveloperPartnerApp", Method: "DELETE", Path: "/v1/developer/partner/apps/{partner_app_id}", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "publishDeveloperPartnerAppVersion", Method: "POST", Path: "/v1/developer/partner/apps/{partner_app_id}/versions", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 201, Ours: true},
	{ID: "listDeveloperPartnerAppVersions", Method: "GET", Path: "/v1/developer/partner/apps/{partner_app_id}/versions", By: byKey, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "listDeveloperPartnerAppDataRequests", Method: "GET", Path: "/v1/developer/partner/apps/{partner_app_id}/data-requests", By: byKey, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "acknowledgeDeveloperPartnerAppDataRequest", Method: "POST", Path: "/v1/developer/partner/apps/{partner_app_id}/data-requests/{data_request_id}/acknowledge", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierWrite, Key: KeyOptional, Status: 200, Ours: true},

	{ID: "listInstalledApps", Method: "GET", Path: "/v1/installed-apps", By: byKey, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "getInstalledApp", Method: "GET", Path: "/v1/installed-apps/{partner_app_install_id}", By: byKey, Need: anyOf("developer.partner_apps.read", "developer.partner_apps.write"), Tier: TierRead, Status: 200, Ours: true},
	{ID: "pauseInstalledApp", Method: "POST", Path: "/v1/installed-apps/{partner_app_install_id}/pause", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "resumeInstalledApp", Method: "POST", Path: "/v1/installed-apps/{partner_app_install_id}/resume", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "removeInstalledApp", Method: "DELETE", Path: "/v1/installed-apps/{partner_app_install_id}", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "updateInstalledAppLimits", Method: "PATCH", Path: "/v1/installed-apps/{partner_app_install_id}/limits", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "acceptInstalledAppPermissions", Method: "POST", Path: "/v1/installed-apps/{partner_app_install_id}/accept-permissions", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "revokeInstalledAppGrant", Method: "POST", Path: "/v1/installed-apps/{partner_app_install_id}/environment-grants/{environment_grant_id}/revoke", By: byKey, Need: allOf("developer.partner_apps.write"), Tier: TierSensitive, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "getOwnAppInstall", Method: "GET", Path: "/v1/app-install", By: byApp, AppNeed: anyAppScope(), Cleanup: true, Tier: TierRead, Status: 200, Ours: true},

	{ID: "listAppApprovals", Method: "GET", Path: "/v1/app-approvals", By: byKey | byApp, Need: anyOf("commerce.refunds.read", "commerce.refunds.write"), AppNeed: anyOf("commerce.refunds.read"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "getAppApproval", Method: "GET", Path: "/v1/app-approvals/{app_approval_id}", By: byKey | byApp, Need: anyOf("commerce.refunds.read", "commerce.refunds.write"), AppNeed: anyOf("commerce.refunds.read"), Tier: TierRead, Status: 200, Ours: true},
	{ID: "approveAppApproval", Method: "POST", Path: "/v1/app-approvals/{app_approval_id}/approve", By: byKey, Need: allOf("commerce.refunds.write"), Tier: TierProvider, Key: KeyOptional, Status: 200, Ours: true},
	{ID: "refuseAppApproval", Method: "POST", Path: "/v1/app-approvals/{app_approval_id}/refuse", By: byKey, Need: allOf("commerce.refunds.write"), Tier: TierWrite, Key: KeyOptional, Status: 200, Ours: true},

	{ID: "createDataRequest", Method: "POST", Path: "/v1/data-requests", By: byKey, Need: allOf("customers.write"), Tier: TierWrite, Key: KeyOptional, Status: 201, Ours: true},
	{ID: "listDataRequests", Method: "GET", Path: "/v1/data-requests", By: byKey, Need: anyOf("customers.read", "customers.write"), Tier: TierRead, Status: 200, List: true, Ours: true},
	{ID: "getDataRequest", Method: "GET", Path: "/v1/data-requests/{data_request_id}", By: byKey | byApp, Need: anyOf("customers.read", "customers.write"), AppNeed: anyAppScope(), Tier: TierRead, Status: 200, Ours: true},
	{ID: "acknowledgeDataRequest", Method: "POST", Path: "/v1/data-requests/{data_request_id}/acknowledge", By: byApp, AppNeed: anyAppScope(), Tier: TierWrite, Key: KeyOptional, Status: 200, Ours: true},
}

// anyAppScope is met by every token of an app, whatever it was granted.
func anyAppScope() auth.Need {
	var names []string
	for _, s := range auth.Scopes() {
		if s.App {
			names = append(names, s.Name)
		}
	}
	return anyOf(names...)
}
