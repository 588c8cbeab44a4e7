package httpapi

import (
	"context"

	"flint/internal/db"
)

type getMerchantInput struct {
	Expand []string `query:"expand" enum:"organization"`
}

func getMerchant(a *API, s accounts) {
	Get(a, "getMerchant", func(ctx context.Context, tx db.Tx, c *Caller, _ *getMerchantInput) (Merchant, error) {
		m, err := s.merchants.Get(ctx, tx, c.Scope.MerchantID)
		if err != nil {
			return Merchant{}, err
		}
		return wireMerchant(m, c.Now), nil
	}, Doc("Read the merchant", "The one the credential belongs to."))
}
