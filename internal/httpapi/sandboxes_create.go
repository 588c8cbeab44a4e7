package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/merchant"
)

type createSandboxInput struct {
	Body CreateSandboxRequest
}

// CreateSandboxRequest describes a new sandbox.
type CreateSandboxRequest struct {
	Name         string   `json:"name" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	IssueTestKey bool     `json:"issue_test_key,omitzero" doc:"Makes a test key of the new sandbox too."`
	TestKeyName  string   `json:"test_key_name,omitzero" maxLength:"100" fault:"long=NAME_TOO_LONG"`
	Scopes       []string `json:"scopes,omitzero" doc:"Scopes of the test key; all of the caller's when left out."`
}

// DeveloperSandboxWithAPIKey is a new sandbox, with its key where one was asked for.
type DeveloperSandboxWithAPIKey struct {
	DeveloperSandbox
	APIKey    *APIKey `json:"api_key,omitzero"`
	SecretKey string  `json:"secret_key,omitzero" doc:"Shown once, and again only to a repeat of the same request."`
}

func createDeveloperSandbox(a *API, s accounts) {
	Write(a, "createDeveloperSandbox", func(ctx context.Context, tx db.Tx, c *Caller, in *createSandboxInput) (DeveloperSandboxWithAPIKey, error) {
		if err := manageSandboxes(c); err != nil {
			return DeveloperSandboxWithAPIKey{}, err
		}
		e, err := s.merchants.CreateSandbox(ctx, tx, merchant.CreateSandboxInput{MerchantID: c.Scope.MerchantID, Name: in.Body.Name, Now: c.Now})
		if err != nil {
			return DeveloperSandboxWithAPIKey{}, err
		}
		out := DeveloperSandboxWithAPIKey{DeveloperSandbox: wireSandbox(e)}
		if !in.Body.IssueTestKey {
			return out, nil
		}
		name := in.Body.TestKeyName
		if name == "" {
			name = e.Name
		}
		key, err := s.issueTestKey(ctx, tx, a, c, e, name, in.Body.Scopes)
		if err != nil {
			return DeveloperSandboxWithAPIKey{}, err
		}
		out.APIKey, out.SecretKey = &key.APIKey, key.SecretKey
		return out, nil
	}, Doc("Create a sandbox", "An empty environment of its own, with a test key if asked for."), OneTimeSecrets(),
		Errors("SANDBOX_ALREADY_EXISTS", "SANDBOX_MANAGEMENT_REQUIRES_LIVE_KEY", "NAME_REQUIRED", "UNKNOWN_SCOPE", "SCOPE_NOT_ALLOWED"))
}

// issueTestKey makes a test key of a sandbox. It takes the right to make keys beside the right to
// manage sandboxes; scopes left out are all of the caller's that a test key can have.
func (s accounts) issueTestKey(ctx context.Context, tx db.Tx, a *API, c *Caller, e merchant.Environment, name string, scopes []string) (APIKeyWithSecret, error) {
	if need := issueNeed; len(need.Missing(c.Scopes)) > 0 {
		return APIKeyWithSecret{}, insufficientScope(need, need.Missing(c.Scopes))
	}
	if scopes == nil {
		given := c.Scopes
		if !a.Development {
			given = given.OfMode(e.Scope.Mode())
		}
		scopes = given.Names()
	}
	return s.issueKey(ctx, tx, c, e.Scope, auth.CreateKeyInput{Name: name, Scopes: scopes, AnyMode: a.Development})
}

var issueNeed = auth.AllOf("developer.sandboxes.write", "accounts.api_keys.write")
