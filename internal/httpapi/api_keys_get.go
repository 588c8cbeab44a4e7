package httpapi

import (
	"context"

	"flint/internal/db"
)

type apiKeyPath struct {
	APIKeyID string `path:"api_key_id" id:"key"`
}

func getAPIKey(a *API, s accounts) {
	Get(a, "getAPIKey", func(ctx context.Context, tx db.Tx, c *Caller, in *apiKeyPath) (APIKey, error) {
		k, err := s.keys.GetKey(ctx, tx, c.Scope.MerchantID, visible(c), in.APIKeyID)
		if err != nil {
			return APIKey{}, err
		}
		return wireKey(k), nil
	}, Doc("Read an API key", "Everything but the secret."))
}
