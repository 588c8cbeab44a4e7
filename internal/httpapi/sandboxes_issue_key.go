package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/tenant"
)

type issueTestKeyInput struct {
	sandboxPath
	Body IssueSandboxAPIKeyRequest
}

// IssueSandboxAPIKeyRequest describes a new test key.
type IssueSandboxAPIKeyRequest struct {
	Name   string   `json:"name" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Scopes []string `json:"scopes,omitzero" doc:"All of the caller's when left out."`
}

func issueDeveloperSandboxTestKey(a *API, s accounts) {
	Write(a, "issueDeveloperSandboxTestKey", func(ctx context.Context, tx db.Tx, c *Caller, in *issueTestKeyInput) (APIKeyWithSecret, error) {
		if err := manageSandboxes(c); err != nil {
			return APIKeyWithSecret{}, err
		}
		e, err := s.merchants.LockActiveSandbox(ctx, tx, tenant.Scope{MerchantID: c.Scope.MerchantID, EnvironmentID: in.SandboxID})
		if err != nil {
			return APIKeyWithSecret{}, err
		}
		return s.issueTestKey(ctx, tx, a, c, e, in.Body.Name, in.Body.Scopes)
	}, Doc("Issue a test key", "A key that belongs to this sandbox for life. The secret is shown once."), OneTimeSecrets(),
		Errors("SANDBOX_ARCHIVED", "UNKNOWN_SCOPE", "SCOPE_NOT_ALLOWED", "SANDBOX_MANAGEMENT_REQUIRES_LIVE_KEY"))
}
