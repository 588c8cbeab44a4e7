package oauth

import (
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/secret"
)

// CleanupToken makes the access token with which an app puts its own things away after a removal, good
// until then and with nothing to refresh it; for app.Service.CleanupToken. It runs in the transaction of the
// removal, after the grant's other tokens have ended, and keeps no more than a hash.
func (s *Service) CleanupToken(tx db.Tx, g app.Grant, i app.Install, until time.Time) (secret.Text, error) {
	if err := g.Scope.Check(); err != nil {
		return secret.Text{}, err
	}
	a, err := app.Get(tx, g.OwnerID, g.AppID)
	if err != nil {
		return secret.Text{}, err
	}
	f := &Family{ID: s.IDs.New(id.OAuthSession), Kind: KindCleanup, Scope: g.Scope, ClientID: a.ClientID, AppID: g.AppID, OwnerID: g.OwnerID,
		GrantID: g.ID, UserID: i.InstalledBy, Scopes: g.CleanupScopes(), CreatedAt: g.RevokedAt, IdleUntil: until, ExpiresAt: until}
	if err := insertFamily(tx, f); err != nil {
		return secret.Text{}, err
	}
	access, _, err := mintAccess(tx, f, f.Scopes, g.RevokedAt)
	return access, err
}
