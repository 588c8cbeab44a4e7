package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/organization"
	"flint/internal/tenant"
)

// Accounts registers the operations on API keys, sandboxes, organizations and the merchant; changed hears of
// members whose role changes.
func Accounts(a *API, keys *auth.Service, merchants *merchant.Service, changed ...organization.Changed) {
	s := accounts{keys, merchants, &organization.Service{IDs: a.IDs, Users: auth.KnownUser, Changed: changed}}
	listAPIKeys(a, s)
	createAPIKey(a, s)
	getAPIKey(a, s)
	updateAPIKey(a, s)
	revokeAPIKey(a, s)
	getDeveloperAuthContext(a, s)
	listDeveloperSandboxes(a, s)
	createDeveloperSandbox(a, s)
	getDeveloperSandbox(a, s)
	deleteDeveloperSandbox(a, s)
	resetDeveloperSandbox(a, s)
	issueDeveloperSandboxTestKey(a, s)
	getMerchant(a, s)
	updateMerchant(a, s)
	listCapabilities(a)
	listOrganizations(a, s)
	createOrganization(a, s)
	getOrganization(a, s)
	updateOrganization(a, s)
	deleteOrganization(a, s)
	listOrganizationMemberships(a, s)
	grantOrganizationMembership(a, s)
	revokeOrganizationMembership(a, s)
	transferOrganizationOwnership(a, s)
}

type accounts struct {
	keys          *auth.Service
	merchants     *merchant.Service
	organizations *organization.Service
}

// visible is the environment that a caller's view of keys and sandboxes is narrowed to: its own
// sandbox for a test credential, everything of the merchant for a live one and for a person who sets it up.
func visible(c *Caller) string {
	if c.Kind == auth.OnboardingSession {
		return ""
	}
	return c.SandboxID()
}

// manageSandboxes refuses test credentials, which belong to one sandbox and manage none.
func manageSandboxes(c *Caller) error {
	if c.Scope.Mode() == tenant.ModeTest && c.Kind != auth.OnboardingSession {
		return fault.Forbidden("SANDBOX_MANAGEMENT_REQUIRES_LIVE_KEY", "Sandboxes are managed with a live key.")
	}
	return nil
}

// sandboxScope is the sandbox named in a path, if the caller may see it.
func sandboxScope(c *Caller, sandboxID string) (tenant.Scope, error) {
	if own := visible(c); own != "" && own != sandboxID {
		return tenant.Scope{}, fault.NotFound("sandbox")
	}
	return tenant.Scope{MerchantID: c.Scope.MerchantID, EnvironmentID: sandboxID}, nil
}

// issueKey makes a key of a sandbox for the caller.
func (s accounts) issueKey(ctx context.Context, tx db.Tx, c *Caller, scope tenant.Scope, in auth.CreateKeyInput) (APIKeyWithSecret, error) {
	in.Scope, in.Giver, in.Now = scope, &c.Principal, c.Now
	key, text, err := s.keys.CreateKey(ctx, tx, in)
	if err != nil {
		return APIKeyWithSecret{}, err
	}
	return APIKeyWithSecret{APIKey: wireKey(key), SecretKey: text.Reveal()}, nil
}
