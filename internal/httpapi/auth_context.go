package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// DeveloperAuthContext tells a caller who it is.
type DeveloperAuthContext struct {
	AuthType       string     `json:"auth_type" enum:"api_key,oauth"`
	Environment    string     `json:"environment" enum:"sandbox,live"`
	MerchantID     string     `json:"merchant_id"`
	Scopes         []string   `json:"scopes"`
	APIKeyID       string     `json:"api_key_id,omitzero"`
	OAuthGrantID   string     `json:"oauth_grant_id,omitzero"`
	OAuthSessionID string     `json:"oauth_session_id,omitzero"`
	ContextID      string     `json:"context_id,omitzero"`
	Name           string     `json:"name,omitzero"`
	OrganizationID string     `json:"organization_id,omitzero"`
	SandboxID      string     `json:"sandbox_id,omitzero"`
	ExpiresAt      *time.Time `json:"expires_at,omitzero"`
}

func getDeveloperAuthContext(a *API, s accounts) {
	Get(a, "getDeveloperAuthContext", func(ctx context.Context, tx db.Tx, c *Caller, _ *struct{}) (DeveloperAuthContext, error) {
		out := DeveloperAuthContext{AuthType: "api_key", Environment: "live", MerchantID: c.Scope.MerchantID, Scopes: c.Scopes.Names(),
			APIKeyID: c.ID, ContextID: c.Scope.EnvironmentID, Name: c.Name, SandboxID: c.SandboxID(), ExpiresAt: moment(c.ExpiresAt)}
		if c.Kind == auth.CLIToken {
			out.AuthType, out.APIKeyID, out.OAuthSessionID = "oauth", "", c.ID
		}
		if c.Scope.Mode() == tenant.ModeTest {
			out.Environment = "sandbox"
		}
		o, err := s.organizations.Of(ctx, tx, c.Scope.MerchantID)
		if err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND") {
			return DeveloperAuthContext{}, err
		}
		out.OrganizationID = o.ID
		return out, nil
	}, Doc("Who am I", "The merchant, environment and scopes of the credential in use. No scope is needed."))
}
