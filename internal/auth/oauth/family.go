package oauth

import (
	"context"
	"fmt"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Reasons why a family ended.
const (
	endReplaced = "replaced" // newer families of the grant took its place
	endClient   = "client"   // RFC 7009
	endReuse    = "reuse"
	endGrant    = "grant"
	endUser     = "user"
)

// lifetimes of a family's tokens.
type lifetimes struct{ access, idle, absolute time.Duration }

func (f *Family) lifetimes() lifetimes {
	if f.Kind == KindCLI {
		return lifetimes{CLIAccess, CLIIdle, CLILifetime}
	}
	return lifetimes{AccessLifetime, IdleLifetime, FamilyLifetime}
}

func (f *Family) prefixes() (access, refresh string) {
	if f.Kind == KindCLI {
		return auth.PrefixCLIToken, PrefixCLIRefresh
	}
	return auth.PrefixInstallToken, PrefixRefresh
}

// prolong puts the idle end off from now, never beyond the absolute one.
func (f *Family) prolong(now time.Time) {
	f.IdleUntil = earlier(now.Add(f.lifetimes().idle), f.ExpiresAt)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// begin writes a new family with its first pair of tokens. f says all but ID and times.
func (s *Service) begin(tx db.Tx, f *Family, now time.Time) (*Tokens, error) {
	if err := f.Scope.Check(); err != nil {
		return nil, err
	}
	f.ID, f.CreatedAt, f.ExpiresAt = s.IDs.New(id.OAuthSession), now, now.Add(f.lifetimes().absolute)
	f.prolong(now)
	if f.GrantID != "" {
		if err := s.makeRoom(tx, f, now); err != nil {
			return nil, err
		}
	}
	if err := insertFamily(tx, f); err != nil {
		return nil, err
	}
	return mint(tx, f, f.Scopes, "", now)
}

// mint writes a pair of tokens; parent is the hash of the refresh token it replaces.
func mint(tx db.Tx, f *Family, scopes auth.ScopeSet, parent string, now time.Time) (*Tokens, error) {
	access, expires, err := mintAccess(tx, f, scopes, now)
	if err != nil {
		return nil, err
	}
	_, prefix := f.prefixes()
	refresh := secret.NewToken(prefix)
	if err := insertToken(tx, token{Scope: f.Scope, Hash: secret.Hash(refresh), FamilyID: f.ID, Kind: tokenRefresh, Parent: parent,
		CreatedAt: now, ExpiresAt: f.IdleUntil}); err != nil {
		return nil, err
	}
	return &Tokens{Family: f, Access: access, Refresh: secret.NewText(refresh), ExpiresIn: expires.Sub(now), Scopes: scopes}, nil
}

func mintAccess(tx db.Tx, f *Family, scopes auth.ScopeSet, now time.Time) (secret.Text, time.Time, error) {
	prefix, _ := f.prefixes()
	access := secret.NewToken(prefix)
	expires := earlier(now.Add(f.lifetimes().access), f.ExpiresAt)
	err := insertToken(tx, token{Scope: f.Scope, Hash: secret.Hash(access), FamilyID: f.ID, Kind: tokenAccess, Scopes: scopes,
		CreatedAt: now, ExpiresAt: expires})
	return secret.NewText(access), expires, err
}

// makeRoom ends the oldest families of a grant, so that an app that never stops asking keeps a bounded
// number of live credentials.
func (s *Service) makeRoom(tx db.Tx, f *Family, now time.Time) error {
	var old []string
	err := tx.Query(func(r db.Row) error {
		var v string
		err := r.Scan(&v)
		old = append(old, v)
		return err
	}, `SELECT family_id FROM oauth_token_families WHERE merchant_id = $1 AND environment_id = $2 AND grant_id = $3 AND status = 'active'
		ORDER BY created_at DESC, family_id DESC LIMIT 100 OFFSET $4`, f.Scope.MerchantID, f.Scope.EnvironmentID, f.GrantID, maxFamilies-1)
	if err != nil {
		return fmt.Errorf("count the families of a grant: %w", err)
	}
	for _, v := range old {
		if _, err := s.end(tx, f.Scope, v, endReplaced, now); err != nil {
			return err
		}
	}
	return nil
}

// end revokes a family and reports whether it was alive.
func (s *Service) end(tx db.Tx, scope tenant.Scope, familyID, reason string, now time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE oauth_token_families SET status = 'revoked', revoked_reason = $4, revoked_at = $5
		WHERE merchant_id = $1 AND environment_id = $2 AND family_id = $3 AND status = 'active'`,
		scope.MerchantID, scope.EnvironmentID, familyID, reason, now)
	if err != nil {
		return false, fmt.Errorf("end a family of tokens: %w", err)
	}
	return n > 0, nil
}

// EndGrant ends every token and open code of a grant: for app.Service.OnWindDown, and OnRevoke.
func (s *Service) EndGrant(tx db.Tx, g app.Grant, now time.Time) error {
	if err := g.Scope.Check(); err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE oauth_token_families SET status = 'revoked', revoked_reason = $4, revoked_at = $5
		WHERE merchant_id = $1 AND environment_id = $2 AND grant_id = $3 AND status = 'active'`,
		g.Scope.MerchantID, g.Scope.EnvironmentID, g.ID, endGrant, now)
	if err != nil {
		return fmt.Errorf("end the tokens of a grant: %w", err)
	}
	if err := tx.Send(`DELETE FROM oauth_codes WHERE merchant_id = $1 AND environment_id = $2 AND grant_id = $3 AND used_at IS NULL`,
		g.Scope.MerchantID, g.Scope.EnvironmentID, g.ID); err != nil {
		return fmt.Errorf("end the codes of a grant: %w", err)
	}
	g.Removed("tokens", n)
	return nil
}

// EndUser ends the command line sessions of a user at a merchant, when they leave, get another role or
// sign out everywhere. It is an organization.Changed.
func (s *Service) EndUser(_ context.Context, tx db.Tx, merchantID, userID string, now time.Time) error {
	if err := tx.Send(`UPDATE oauth_token_families SET status = 'revoked', revoked_reason = $3, revoked_at = $4
		WHERE merchant_id = $1 AND kind = 'cli' AND user_id = $2 AND status = 'active'`, merchantID, userID, endUser, now); err != nil {
		return fmt.Errorf("end the sessions of a user: %w", err)
	}
	return nil
}

// reused ends a family because a spent code or token of it came again, and tells who has to know.
func (s *Service) reused(tx db.Tx, f *Family, what string, now time.Time) error {
	ended, err := s.end(tx, f.Scope, f.ID, endReuse, now)
	if err != nil || !ended {
		return err
	}
	s.Log.Warn("a spent credential was used again, so its family of tokens was revoked", "what", what, "merchant_id", f.Scope.MerchantID,
		"environment_id", f.Scope.EnvironmentID, "family_id", f.ID, "app_id", f.AppID, "grant_id", f.GrantID)
	for _, tell := range s.Reused {
		if err := tell(tx, *f, now); err != nil {
			return err
		}
	}
	return nil
}
