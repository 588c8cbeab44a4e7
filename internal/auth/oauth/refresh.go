package oauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/secret"
)

// RefreshInput is the refresh_token grant.
type RefreshInput struct {
	Client    *Client // authenticated, or the command line
	Token     string
	Scope     string // space-separated; empty for all that was granted
	ContextID string // of a CLI session: the environment, when it is said
	Now       time.Time
}

// pair is what a spent refresh token was exchanged for, sealed for whoever comes with it next.
type pair struct {
	Access  string `json:"access"`
	Refresh string `json:"refresh"`
}

// Refresh exchanges a refresh token for its successor and a new access token. Calls with the same token
// get the same successor for RetryWindow, as long as nobody has used that; after that the token counts as
// stolen and the whole family ends. Older access tokens keep their own time.
func (s *Service) Refresh(_ context.Context, tx db.Tx, in RefreshInput) (*Tokens, error) {
	hash := secret.Hash(in.Token)
	t, err := tokenByHash(tx, hash)
	if err != nil {
		return nil, err
	}
	if t == nil || t.Kind != tokenRefresh {
		return nil, errGrant()
	}
	f, err := familyByID(tx, t.Scope, t.FamilyID, tx.ForUpdate())
	if err != nil {
		return nil, err
	}
	if f == nil || f.ClientID != in.Client.ID {
		return nil, errGrant()
	}
	if !f.live(in.Now) {
		return nil, errGrant()
	}
	if in.ContextID != "" && (f.Kind != KindCLI || in.ContextID != f.Scope.EnvironmentID) {
		return nil, refuse(CodeInvalidContext, "The session has no such context.")
	}
	if t, err = tokenByHash(tx, hash); err != nil { // again: whoever held the lock may have spent it
		return nil, err
	}
	switch {
	case t == nil, !t.RevokedAt.IsZero():
		return nil, errGrant()
	case !t.UsedAt.IsZero() && (t.Successor == "" || in.Now.Sub(t.UsedAt) >= RetryWindow):
		if err := s.reused(tx, f, "refresh token", in.Now); err != nil {
			return nil, err
		}
		return nil, errGrant()
	case !in.Now.Before(t.ExpiresAt):
		return nil, errGrant()
	}
	bound, installID, err := s.bounds(tx, f)
	if err != nil {
		return nil, err
	}
	scopes, err := narrow(in.Scope, f.Scopes, bound)
	if err != nil {
		return nil, err
	}
	var tokens *Tokens
	if t.UsedAt.IsZero() {
		tokens, err = s.rotate(tx, f, t, scopes, in.Now)
	} else {
		tokens, err = s.again(tx, f, t, scopes, in)
	}
	if err != nil {
		return nil, err
	}
	tokens.InstallID = installID
	return tokens, nil
}

// bounds is what the family's grant or user may do now. A held install keeps its refresh tokens: they
// give access tokens that work again when it is resumed.
func (s *Service) bounds(tx db.Tx, f *Family) (auth.ScopeSet, string, error) {
	if f.Kind == KindCLI {
		held, err := s.Holder(tx, f.Scope.MerchantID, f.UserID)
		if err == nil && held.Len() == 0 {
			err = errGrant()
		}
		return held, "", err
	}
	g, install, err := app.GetGrant(tx, f.Scope, f.GrantID)
	if err != nil {
		return auth.ScopeSet{}, "", ended(err)
	}
	if g.Status != app.GrantActive || install.Status == app.StatusRevoked || install.Status == app.StatusErrored {
		return auth.ScopeSet{}, "", errGrant()
	}
	return g.Scopes, install.ID, nil
}

// narrow is what an access token may do: what was asked, if it was granted and still is. Asking for more
// is refused, so that a token never grows (RFC 6749, 6).
func narrow(asked string, granted, now auth.ScopeSet) (auth.ScopeSet, error) {
	held := common(granted, now)
	if asked == "" {
		return held, nil
	}
	list := strings.Fields(asked)
	for _, name := range list {
		if !auth.KnownScope(name) {
			return auth.ScopeSet{}, refuse(CodeInvalidScope, "scope names a scope that does not exist.")
		}
	}
	want := auth.ScopesOf(list...)
	if len(list) == 0 || !held.Contains(want) {
		return auth.ScopeSet{}, refuse(CodeInvalidScope, "scope asks for more than was granted.")
	}
	return want, nil
}

// rotate spends the token for a new pair.
func (s *Service) rotate(tx db.Tx, f *Family, t *token, scopes auth.ScopeSet, now time.Time) (*Tokens, error) {
	f.prolong(now)
	tokens, err := mint(tx, f, scopes, t.Hash, now)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(pair{tokens.Access.Reveal(), tokens.Refresh.Reveal()})
	if err != nil {
		return nil, fmt.Errorf("encode a pair of tokens: %w", err)
	}
	if err := spend(tx, t, s.Box.Seal(t.row(), plain), now); err != nil {
		return nil, err
	}
	return tokens, touchFamily(tx, f)
}

// row is the identity of the row for sealing.
func (t *token) row() string {
	return "oauth_tokens/" + t.Scope.MerchantID + "/" + t.Scope.EnvironmentID + "/" + t.Hash
}

// again answers a call whose token was spent a moment ago.
func (s *Service) again(tx db.Tx, f *Family, t *token, scopes auth.ScopeSet, in RefreshInput) (*Tokens, error) {
	plain, err := s.Box.Open(t.row(), t.Successor)
	if err != nil {
		return nil, fmt.Errorf("open the successor of a refresh token: %w", err)
	}
	var p pair
	if err := json.Unmarshal(plain, &p); err != nil {
		return nil, errors.New("oauth: the successor of a refresh token is not readable")
	}
	out := &Tokens{Family: f, Access: secret.NewText(p.Access), Refresh: secret.NewText(p.Refresh), Scopes: scopes}
	given, err := tokenByHash(tx, secret.Hash(p.Access))
	if err != nil {
		return nil, err
	}
	if given != nil && given.RevokedAt.IsZero() && (in.Scope == "" || given.Scopes == scopes) {
		out.Scopes, out.ExpiresIn = common(given.Scopes, scopes), given.ExpiresAt.Sub(in.Now)
		return out, nil
	}
	var expires time.Time
	out.Access, expires, err = mintAccess(tx, f, scopes, in.Now)
	out.ExpiresIn = expires.Sub(in.Now)
	return out, err
}
