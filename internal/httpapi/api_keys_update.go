package httpapi

import (
	"context"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
)

type updateAPIKeyInput struct {
	apiKeyPath
	Body UpdateAPIKeyRequest
}

// UpdateAPIKeyRequest changes the fields that are sent.
type UpdateAPIKeyRequest struct {
	Name      *string        `json:"name,omitzero" minLength:"1" maxLength:"100" fault:"required=NAME_REQUIRED,long=NAME_TOO_LONG"`
	Scopes    []string       `json:"scopes,omitzero" minItems:"1" fault:"required=SCOPES_REQUIRED" doc:"The complete new list."`
	Networks  []string       `json:"allowed_networks,omitzero" maxItems:"50" flint:"extension" fault:"invalid=INVALID_ALLOWED_NETWORKS" doc:"The complete new list; an empty one is anywhere."`
	ExpiresAt Opt[time.Time] `json:"expires_at,omitzero" fault:"invalid=INVALID_EXPIRES_AT" doc:"Null takes the expiry away."`
}

func updateAPIKey(a *API, s accounts) {
	Write(a, "updateAPIKey", func(ctx context.Context, tx db.Tx, c *Caller, in *updateAPIKeyInput) (APIKey, error) {
		expires := in.Body.ExpiresAt.Ptr()
		if expires != nil {
			t := timeOf(expires)
			expires = &t
		}
		k, err := s.keys.UpdateKey(ctx, tx, auth.UpdateKeyInput{MerchantID: c.Scope.MerchantID, EnvironmentID: visible(c), KeyID: in.APIKeyID,
			Name: in.Body.Name, Scopes: in.Body.Scopes, Networks: in.Body.Networks, AnyMode: a.Development, ExpiresAt: expires, Giver: &c.Principal, Now: c.Now})
		if err != nil {
			return APIKey{}, err
		}
		return wireKey(k), nil
	}, Doc("Change an API key", "Name, scopes or expiry. It holds at once here and within five seconds on every node."),
		Errors("API_KEY_ALREADY_REVOKED", "API_KEY_MANAGEMENT_FORBIDDEN", "SCOPE_NOT_ALLOWED", "SCOPE_NOT_ALLOWED_FOR_KEY_MODE",
			"INVALID_EXPIRES_AT", "INVALID_ALLOWED_NETWORKS", "NO_FIELDS_TO_UPDATE"))
}
