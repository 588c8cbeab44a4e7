package oauth

import (
	"context"
	"errors"
	"strings"
	"time"

	"flint/internal/app"
	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
)

const randomLen = 43 // characters behind the prefix of every token

// errDead marks a token that opens nothing: unknown, expired, revoked, or of something that has ended.
var errDead = errors.New("oauth: the token opens nothing")

// opened is a live access token with what stands behind it.
type opened struct {
	token   *token
	family  *Family
	app     *app.App // nil for the command line, like the next two
	grant   *app.Grant
	install *app.Install
	scopes  auth.ScopeSet // what it may do now
	held    bool          // the install is paused or under review: it opens nothing for now
}

// open finds what an access token stands for, errDead when it stands for nothing. It reads everything that
// can end the token, so nothing is remembered between requests.
func (s *Service) open(tx db.Tx, hash string, now time.Time) (*opened, error) {
	t, err := tokenByHash(tx, hash)
	if err != nil {
		return nil, err
	}
	if t == nil || t.Kind != tokenAccess || !t.RevokedAt.IsZero() || !now.Before(t.ExpiresAt) {
		return nil, errDead
	}
	f, err := familyByID(tx, t.Scope, t.FamilyID, "")
	if err != nil {
		return nil, err
	}
	if f == nil || !f.live(now) {
		return nil, errDead
	}
	o := &opened{token: t, family: f}
	if f.Kind == KindCLI {
		held, err := s.Holder(tx, f.Scope.MerchantID, f.UserID)
		if err != nil {
			return nil, err
		}
		if held.Len() == 0 {
			return nil, errDead
		}
		o.scopes = common(t.Scopes, held)
		return o, nil
	}
	if o.grant, o.install, err = app.GetGrant(tx, f.Scope, f.GrantID); err != nil {
		return nil, dead(err)
	}
	if o.app, err = app.Get(tx, f.OwnerID, f.AppID); err != nil {
		return nil, dead(err)
	}
	switch {
	case f.Kind == KindCleanup && o.install.CleaningUp(now) && o.grant.RevokedAt.Equal(o.install.RevokedAt):
		o.scopes = common(t.Scopes, o.grant.CleanupScopes())
	case f.Kind == KindCleanup, o.grant.Status != app.GrantActive, o.install.Status == app.StatusRevoked, o.app.Status == app.AppDeleted:
		return nil, errDead
	default:
		o.scopes, o.held = common(t.Scopes, o.grant.Scopes), !o.install.Usable(o.grant)
	}
	return o, nil
}

// dead turns the fault about something that is gone into errDead.
func dead(err error) error {
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound {
		return errDead
	}
	return err
}

// Authenticate turns the access token of an app into its principal. Faults: INVALID_PARTNER_TOKEN of class
// Authentication for whatever is wrong with the token; APP_INSTALL_PAUSED of class Forbidden while
// the merchant, or a review, holds the install.
func (s *Service) Authenticate(ctx context.Context, _, accessToken string) (auth.Principal, error) {
	unknown := fault.Unauthenticated("INVALID_PARTNER_TOKEN", "This access token is unknown, expired or revoked.").
		Then("Refresh it, or install the app again when the refresh token is refused too.")
	o, err := s.principal(ctx, auth.PrefixInstallToken, accessToken)
	switch {
	case errors.Is(err, errDead):
		return auth.Principal{}, unknown
	case err != nil:
		return auth.Principal{}, err
	case o.family.Kind == KindCLI:
		return auth.Principal{}, unknown
	case o.held:
		return auth.Principal{}, fault.Forbidden("APP_INSTALL_PAUSED", "The merchant has paused this app, or it is under review.").
			Then("Keep the tokens and try again later.")
	}
	return auth.Principal{Kind: auth.InstallToken, ID: o.install.ID, Name: o.app.Name, Scope: o.family.Scope, Scopes: o.scopes,
		ExpiresAt: o.token.ExpiresAt, AppID: o.family.AppID, GrantID: o.family.GrantID, APIVersion: o.app.APIVersion,
		CleanupOnly: o.family.Kind == KindCleanup}, nil
}

// AuthenticateCLI turns an access token of the command line into the principal of the user who approved it.
// Fault: INVALID_OAUTH_TOKEN.
func (s *Service) AuthenticateCLI(ctx context.Context, _, accessToken string) (auth.Principal, error) {
	o, err := s.principal(ctx, auth.PrefixCLIToken, accessToken)
	switch {
	case errors.Is(err, errDead), err == nil && o.family.Kind != KindCLI:
		return auth.Principal{}, fault.Unauthenticated("INVALID_OAUTH_TOKEN", "This access token is unknown, expired or revoked.").
			Then("Refresh it, or sign in again.")
	case err != nil:
		return auth.Principal{}, err
	}
	return auth.Principal{Kind: auth.CLIToken, ID: o.family.ID, Name: ClientCLI, Scope: o.family.Scope, Scopes: o.scopes,
		ExpiresAt: o.token.ExpiresAt, UserID: o.family.UserID}, nil
}

func (s *Service) principal(ctx context.Context, prefix, accessToken string) (*opened, error) {
	if len(accessToken) != len(prefix)+randomLen || !strings.HasPrefix(accessToken, prefix) {
		return nil, errDead
	}
	hash, now := secret.Hash(accessToken), s.Clock.Now()
	var o *opened
	err := s.DB.Read(ctx, func(tx db.Tx) (err error) {
		o, err = s.open(tx, hash, now)
		return err
	})
	return o, err
}
