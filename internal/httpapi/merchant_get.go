package httpapi

import (
	"context"
	"slices"

	"flint/internal/db"
)

type getMerchantInput struct {
	Expand []string `query:"expand" enum:"organization"`
}

func getMerchant(a *API, s accounts) {
	scopes := map[string]string{"organization": "accounts.organizations.read"}
	Get(a, "getMerchant", func(ctx context.Context, tx db.Tx, c *Caller, in *getMerchantInput) (Merchant, error) {
		if err := mayExpand(c, in.Expand, scopes); err != nil {
			return Merchant{}, err
		}
		m, err := s.merchants.Get(ctx, tx, c.Scope.MerchantID)
		if err != nil {
			return Merchant{}, err
		}
		out := a.wireMerchant(c, m)
		if slices.Contains(in.Expand, "organization") && m.OrganizationID != "" {
			o, err := s.organizations.Of(ctx, tx, m.ID)
			if err != nil {
				return Merchant{}, err
			}
			wired := wireOrganization(o)
			out.Organization = &wired
		}
		return out, nil
	}, Doc("Read the merchant", "The one the credential belongs to."))
}
