package oauth

import (
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/id"
)

// cleanup answers an app whose install was removed and which comes with the last refresh token it had:
// until the install's clean-up time is over it gets an access token that lets it put its own things away,
// and no refresh token. So the token reaches nobody but the authenticated app, and lies nowhere.
func (s *Service) cleanup(tx db.Tx, old *Family, t *token, now time.Time) (*Tokens, error) {
	if !t.RevokedAt.IsZero() || !t.UsedAt.IsZero() || !now.Before(t.ExpiresAt) {
		return nil, errGrant()
	}
	g, install, err := app.GetGrant(tx, old.Scope, old.GrantID)
	if err != nil {
		return nil, ended(err)
	}
	if !install.CleaningUp(now) || !g.RevokedAt.Equal(install.RevokedAt) {
		return nil, errGrant()
	}
	f := &Family{ID: s.IDs.New(id.OAuthSession), Kind: KindCleanup, Scope: old.Scope, ClientID: old.ClientID, AppID: old.AppID, OwnerID: old.OwnerID,
		GrantID: old.GrantID, UserID: old.UserID, Scopes: g.CleanupScopes(), CreatedAt: now, IdleUntil: install.CleanupUntil, ExpiresAt: install.CleanupUntil}
	if err := insertFamily(tx, f); err != nil {
		return nil, err
	}
	access, expires, err := mintAccess(tx, f, f.Scopes, now)
	return &Tokens{Family: f, InstallID: install.ID, Access: access, ExpiresIn: expires.Sub(now), Scopes: f.Scopes}, err
}
