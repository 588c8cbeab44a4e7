package oauth

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/tenant"
)

const (
	tokenAccess  = "access"
	tokenRefresh = "refresh"
)

// token is a row of oauth_tokens.
type token struct {
	Scope     tenant.Scope
	Hash      string
	FamilyID  string
	Kind      string
	Scopes    auth.ScopeSet // of an access token
	Parent    string        // hash of the refresh token that a refresh token replaced
	Successor string        // sealed pair
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
	RevokedAt time.Time
}

// names writes scopes the way they are stored and sent.
func names(s auth.ScopeSet) string { return strings.Join(s.Names(), " ") }

// common is what two sets share.
func common(a, b auth.ScopeSet) auth.ScopeSet {
	for i := range a {
		a[i] &= b[i]
	}
	return a
}

// tokenByHash finds a token among those of every merchant; nil when there is none.
func tokenByHash(tx db.Tx, hash string) (*token, error) {
	t := token{Hash: hash}
	var scopes string
	err := tx.QueryRow([]any{&t.Scope.MerchantID, &t.Scope.EnvironmentID, &t.FamilyID, &t.Kind, &scopes, &t.Parent, &t.Successor,
		&t.CreatedAt, &t.ExpiresAt, &t.UsedAt, &t.RevokedAt},
		`SELECT merchant_id, environment_id, family_id, kind, scopes, parent_hash, successor, created_at, expires_at, used_at, revoked_at
		FROM oauth_tokens WHERE token_hash = $1`, hash)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look a token up: %w", err)
	}
	t.Scopes = auth.ScopesOf(strings.Fields(scopes)...)
	return &t, nil
}

func insertToken(tx db.Tx, t token) error {
	err := tx.Send(`INSERT INTO oauth_tokens (merchant_id, environment_id, token_hash, family_id, kind, scopes, parent_hash, created_at,
		expires_at, purge_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		t.Scope.MerchantID, t.Scope.EnvironmentID, t.Hash, t.FamilyID, t.Kind, names(t.Scopes), t.Parent, t.CreatedAt, t.ExpiresAt,
		t.ExpiresAt.Add(keepSpent))
	if err != nil {
		return fmt.Errorf("write a token: %w", err)
	}
	return nil
}

// spend marks a refresh token as exchanged for the sealed pair, and forgets the pair that brought it.
func spend(tx db.Tx, t *token, sealed string, now time.Time) error {
	if err := tx.Send(`UPDATE oauth_tokens SET used_at = $4, successor = $5, purge_at = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND token_hash = $3`,
		t.Scope.MerchantID, t.Scope.EnvironmentID, t.Hash, now, sealed, now.Add(keepSpent)); err != nil {
		return fmt.Errorf("spend a refresh token: %w", err)
	}
	if t.Parent == "" {
		return nil
	}
	return forget(tx, t.Scope, t.Parent)
}

// forget removes the sealed pair of a spent refresh token.
func forget(tx db.Tx, scope tenant.Scope, hash string) error {
	if err := tx.Send(`UPDATE oauth_tokens SET successor = '' WHERE merchant_id = $1 AND environment_id = $2 AND token_hash = $3`,
		scope.MerchantID, scope.EnvironmentID, hash); err != nil {
		return fmt.Errorf("forget a successor: %w", err)
	}
	return nil
}

func revokeToken(tx db.Tx, t *token, now time.Time) error {
	if err := tx.Send(`UPDATE oauth_tokens SET revoked_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND token_hash = $3
		AND revoked_at IS NULL`, t.Scope.MerchantID, t.Scope.EnvironmentID, t.Hash, now); err != nil {
		return fmt.Errorf("revoke a token: %w", err)
	}
	return nil
}

// familyByID reads a family, with lock for a writer; nil when there is none.
func familyByID(tx db.Tx, scope tenant.Scope, familyID, lock string) (*Family, error) {
	f := Family{ID: familyID, Scope: scope}
	var scopes, status string
	err := tx.QueryRow([]any{&f.Kind, &f.ClientID, &f.AppID, &f.OwnerID, &f.GrantID, &f.UserID, &scopes, &status, &f.Reason, &f.CreatedAt, &f.IdleUntil, &f.ExpiresAt},
		`SELECT kind, client_id, app_id, owner_id, grant_id, user_id, scopes, status, revoked_reason, created_at, idle_until, expires_at
		FROM oauth_token_families WHERE merchant_id = $1 AND environment_id = $2 AND family_id = $3`+lock,
		scope.MerchantID, scope.EnvironmentID, familyID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a family of tokens: %w", err)
	}
	f.Scopes, f.Revoked = auth.ScopesOf(strings.Fields(scopes)...), status == "revoked"
	return &f, nil
}

func insertFamily(tx db.Tx, f *Family) error {
	err := tx.Send(`INSERT INTO oauth_token_families (merchant_id, environment_id, family_id, kind, client_id, app_id, owner_id, grant_id,
		user_id, scopes, status, created_at, idle_until, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', $11, $12, $13)`,
		f.Scope.MerchantID, f.Scope.EnvironmentID, f.ID, f.Kind, f.ClientID, f.AppID, f.OwnerID, f.GrantID, f.UserID, names(f.Scopes),
		f.CreatedAt, f.IdleUntil, f.ExpiresAt)
	if err != nil {
		return fmt.Errorf("write a family of tokens: %w", err)
	}
	return nil
}

// touchFamily puts the end of an unused family off.
func touchFamily(tx db.Tx, f *Family) error {
	if err := tx.Send(`UPDATE oauth_token_families SET idle_until = $4 WHERE merchant_id = $1 AND environment_id = $2 AND family_id = $3`,
		f.Scope.MerchantID, f.Scope.EnvironmentID, f.ID, f.IdleUntil); err != nil {
		return fmt.Errorf("prolong a family of tokens: %w", err)
	}
	return nil
}
