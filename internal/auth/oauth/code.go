package oauth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// CodeInput says what a code stands for.
type CodeInput struct {
	App         *app.App
	Grant       *app.Grant // as the consent left it
	UserID      string     // who consented, a user of the grant's merchant
	RedirectURI string
	Challenge   string // S256, empty without PKCE
	Now         time.Time
}

// Validate reports what makes a code impossible. The page has passed CheckAuthorize; this stands behind it.
func (in CodeInput) Validate() error {
	switch {
	case in.App == nil || in.Grant == nil || in.Grant.AppID != in.App.ID || in.Grant.OwnerID != in.App.MerchantID:
		return fault.Internal("INTERNAL_ERROR", "a code for a grant of another app")
	case in.UserID == "":
		return fault.Internal("INTERNAL_ERROR", "a code that nobody agreed to")
	case !registered(in.App.RedirectURIs, in.RedirectURI):
		return fault.Invalid("INVALID_REQUEST", "redirect_uri", "This is none of the app's redirect URIs.")
	case in.Challenge == "" && needsChallenge(in.App, in.RedirectURI), in.Challenge != "" && !validChallenge(in.Challenge):
		return fault.Invalid("INVALID_REQUEST", "code_challenge", "This app needs PKCE with S256.")
	}
	return in.Grant.Scope.Check()
}

// IssueCode makes an authorization code: good once, for CodeLifetime, for this client, redirect URI, user,
// merchant environment and challenge.
func (s *Service) IssueCode(_ context.Context, tx db.Tx, in CodeInput) (secret.Text, error) {
	if err := in.Validate(); err != nil {
		return secret.Text{}, err
	}
	code := secret.NewToken(PrefixCode)
	g := in.Grant
	err := tx.Send(`INSERT INTO oauth_codes (merchant_id, environment_id, code_hash, client_id, grant_id, user_id, redirect_uri, challenge,
		created_at, expires_at, purge_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		g.Scope.MerchantID, g.Scope.EnvironmentID, secret.Hash(code), in.App.ClientID, g.ID, in.UserID, in.RedirectURI, in.Challenge,
		in.Now, in.Now.Add(CodeLifetime), in.Now.Add(keepSpent))
	if err != nil {
		return secret.Text{}, fmt.Errorf("write an authorization code: %w", err)
	}
	return secret.NewText(code), nil
}

// RedeemInput is the authorization_code grant.
type RedeemInput struct {
	Client      *Client // authenticated
	Code        string
	RedirectURI string
	Verifier    string
	Now         time.Time
	Cause       event.Cause
}

// code is a row of oauth_codes.
type code struct {
	scope                                                  tenant.Scope
	clientID, grantID, userID, redirect, challenge, family string
	expiresAt, usedAt                                      time.Time
}

// Redeem exchanges a code for the first tokens of a family, and activates the grant. A code that comes a
// second time from its own client ends what the first time gave (RFC 6749, 4.1.2).
func (s *Service) Redeem(ctx context.Context, tx db.Tx, in RedeemInput) (*Tokens, error) {
	if in.Client.Public() {
		return nil, refuse(CodeUnauthorizedClient, "This client signs in with the device flow.")
	}
	hash := secret.Hash(in.Code)
	c, err := codeByHash(tx, hash)
	switch {
	case err != nil:
		return nil, err
	case c == nil, c.clientID != in.Client.ID:
		return nil, errGrant()
	case !c.usedAt.IsZero():
		return nil, s.codeReused(tx, c, in.Now)
	case !in.Now.Before(c.expiresAt), c.redirect != in.RedirectURI, !proves(in.Verifier, c.challenge):
		return nil, errGrant()
	}
	install, g, err := s.Apps.Activate(ctx, tx, c.scope, c.grantID, in.Now, in.Cause) // locks the install first
	if err != nil {
		return nil, ended(err)
	}
	f := &Family{Kind: KindInstall, Scope: c.scope, ClientID: c.clientID, AppID: g.AppID, OwnerID: g.OwnerID, GrantID: g.ID, UserID: c.userID, Scopes: g.Scopes}
	tokens, err := s.begin(tx, f, in.Now)
	if err != nil {
		return nil, err
	}
	n, err := tx.Exec(`UPDATE oauth_codes SET used_at = $4, family_id = $5 WHERE merchant_id = $1 AND environment_id = $2 AND code_hash = $3
		AND used_at IS NULL`, c.scope.MerchantID, c.scope.EnvironmentID, hash, in.Now, f.ID)
	if err != nil {
		return nil, fmt.Errorf("spend an authorization code: %w", err)
	}
	if n == 0 { // another call was faster; what this one wrote ends with what that one did
		if _, err := s.end(tx, f.Scope, f.ID, endReuse, in.Now); err != nil {
			return nil, err
		}
		if c, err = codeByHash(tx, hash); err != nil {
			return nil, err
		}
		if c == nil {
			return nil, errGrant()
		}
		return nil, s.codeReused(tx, c, in.Now)
	}
	tokens.InstallID = install.ID
	return tokens, nil
}

// codeReused ends the family a code was exchanged for and gives the refusal.
func (s *Service) codeReused(tx db.Tx, c *code, now time.Time) error {
	f, err := familyByID(tx, c.scope, c.family, tx.ForUpdate())
	if err != nil {
		return err
	}
	if f != nil {
		if err := s.reused(tx, f, "code", now); err != nil {
			return err
		}
	}
	return errGrant()
}

func codeByHash(tx db.Tx, hash string) (*code, error) {
	var c code
	err := tx.QueryRow([]any{&c.scope.MerchantID, &c.scope.EnvironmentID, &c.clientID, &c.grantID, &c.userID, &c.redirect, &c.challenge,
		&c.family, &c.expiresAt, &c.usedAt},
		`SELECT merchant_id, environment_id, client_id, grant_id, user_id, redirect_uri, challenge, family_id, expires_at, used_at
		FROM oauth_codes WHERE code_hash = $1`, hash)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look an authorization code up: %w", err)
	}
	return &c, nil
}
