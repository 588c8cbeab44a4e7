package oauth

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/secret"
)

// owns reports whether the family's tokens were issued to the client.
func (c *Client) owns(f *Family) bool {
	if c.Public() {
		return f.Kind == KindCLI && f.ClientID == c.ID
	}
	return f.AppID == c.App.ID && f.OwnerID == c.App.MerchantID
}

// Revoke ends a token for its client (RFC 7009): a refresh token with its whole family, an access token
// alone. A token that is not the client's, or none at all, is no error and changes nothing, so that nobody
// learns what exists.
func (s *Service) Revoke(_ context.Context, tx db.Tx, c *Client, tokenText string, now time.Time) error {
	t, err := tokenByHash(tx, secret.Hash(tokenText))
	if err != nil || t == nil {
		return err
	}
	f, err := familyByID(tx, t.Scope, t.FamilyID, tx.ForUpdate())
	if err != nil || f == nil || !c.owns(f) {
		return err
	}
	if t.Kind == tokenAccess {
		return revokeToken(tx, t, now)
	}
	_, err = s.end(tx, f.Scope, f.ID, endClient, now)
	return err
}
