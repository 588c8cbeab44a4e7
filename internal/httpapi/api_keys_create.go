package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

type createAPIKeyInput struct {
	Body CreateAPIKeyRequest
}

// CreateAPIKeyRequest describes a new key.
type CreateAPIKeyRequest struct {
	Name      string     `json:"name" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Scopes    []string   `json:"scopes" minItems:"1" fault:"required=SCOPES_REQUIRED"`
	SandboxID string     `json:"sandbox_id,omitzero" doc:"Makes a test key of this sandbox; a live key otherwise."`
	Networks  []string   `json:"allowed_networks,omitzero" maxItems:"50" flint:"extension" fault:"invalid=INVALID_ALLOWED_NETWORKS" doc:"Addresses and prefixes that the key may be used from; anywhere when left out."`
	ExpiresAt *time.Time `json:"expires_at,omitzero" fault:"invalid=INVALID_EXPIRES_AT"`
}

func createAPIKey(a *API, s accounts) {
	Write(a, "createAPIKey", func(ctx context.Context, tx db.Tx, c *Caller, in *createAPIKeyInput) (APIKeyWithSecret, error) {
		scope, err := s.keyScope(ctx, tx, c, in.Body.SandboxID)
		if err != nil {
			return APIKeyWithSecret{}, err
		}
		return s.issueKey(ctx, tx, c, scope, auth.CreateKeyInput{Name: in.Body.Name, Scopes: in.Body.Scopes,
			Networks: in.Body.Networks, AnyMode: a.Development, ExpiresAt: timeOf(in.Body.ExpiresAt)})
	}, Doc("Create an API key", "The secret is shown once. A key can hand out only scopes it holds itself."), OneTimeSecrets(),
		Errors("SCOPES_REQUIRED", "UNKNOWN_SCOPE", "DUPLICATE_SCOPE", "SCOPE_NOT_ALLOWED", "SCOPE_NOT_ALLOWED_FOR_KEY_MODE",
			"INVALID_EXPIRES_AT", "INVALID_ALLOWED_NETWORKS", "SANDBOX_ID_REQUIRED", "SANDBOX_ID_NOT_ALLOWED", "SANDBOX_NOT_FOUND", "SANDBOX_ARCHIVED", "NAME_REQUIRED"))
}

// keyScope is the environment of a new key: the named sandbox, or the caller's own live environment.
func (s accounts) keyScope(ctx context.Context, tx db.Tx, c *Caller, sandboxID string) (tenant.Scope, error) {
	if sandboxID == "" {
		if c.Scope.Mode() == tenant.ModeTest {
			return tenant.Scope{}, fault.Invalid("SANDBOX_ID_REQUIRED", "sandbox_id", "A test key makes keys of its own sandbox only; name it.")
		}
		return c.Scope, nil
	}
	if own := visible(c); own != "" && own != sandboxID {
		return tenant.Scope{}, fault.Invalid("SANDBOX_ID_NOT_ALLOWED", "sandbox_id", "A test key makes keys of its own sandbox only.")
	}
	scope, err := sandboxScope(c, sandboxID)
	if err == nil {
		_, err = s.merchants.LockActiveSandbox(ctx, tx, scope)
	}
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		notFound := *f
		notFound.Code, notFound.Param = "SANDBOX_NOT_FOUND", "sandbox_id"
		return tenant.Scope{}, &notFound
	}
	return scope, err
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
