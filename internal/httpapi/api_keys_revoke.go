package httpapi

import (
	"context"

	"flint/internal/db"
)

func revokeAPIKey(a *API, s accounts) {
	Write(a, "revokeAPIKey", func(ctx context.Context, tx db.Tx, c *Caller, in *apiKeyPath) (APIKey, error) {
		k, err := s.keys.RevokeKey(ctx, tx, c.Scope.MerchantID, visible(c), in.APIKeyID, c.Now)
		if err != nil {
			return APIKey{}, err
		}
		return wireKey(k), nil
	}, Doc("Revoke an API key", "For good. It holds at once here and within five seconds on every node."), Errors("API_KEY_ALREADY_REVOKED"))
}
