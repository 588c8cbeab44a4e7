package httpapi

import (
	"context"
	"strings"

	"flint/internal/auth/oauth"
	"flint/internal/db"
)

// PartnerTokenRequest is what a client sends to the token endpoint, as JSON or as a form.
type PartnerTokenRequest struct {
	GrantType    string `json:"grant_type" enum:"authorization_code,refresh_token,urn:ietf:params:oauth:grant-type:device_code"`
	ClientID     string `json:"client_id" doc:"Here or in a Basic Authorization header."`
	ClientSecret string `json:"client_secret" doc:"Here or in a Basic Authorization header."`
	Code         string `json:"code,omitzero" doc:"For authorization_code."`
	RedirectURI  string `json:"redirect_uri,omitzero" doc:"For authorization_code: the one the code was sent to."`
	RefreshToken string `json:"refresh_token,omitzero" doc:"For refresh_token."`
	Verifier     string `json:"code_verifier,omitzero" flint:"extension" doc:"PKCE, when the install link had a code_challenge."`
	Scope        string `json:"scope,omitzero" flint:"extension" doc:"For refresh_token: fewer scopes for the new access token, space-separated."`
	DeviceCode   string `json:"device_code,omitzero" flint:"extension" doc:"For the command line."`
	ContextID    string `json:"context_id,omitzero" flint:"extension" doc:"For the command line."`
}

// PartnerTokenResponse are tokens of an installed app, bound to one environment grant.
type PartnerTokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type" enum:"bearer"`
	ExpiresIn    int64  `json:"expires_in" doc:"Seconds."`
	RefreshToken string `json:"refresh_token,omitzero"`
	Scope        string `json:"scope,omitzero" doc:"Space-separated."`
	AppID        string `json:"partner_app_id"`
	InstallID    string `json:"partner_app_install_id"`
	GrantID      string `json:"environment_grant_id"`
	MerchantID   string `json:"merchant_id"`
	Mode         string `json:"mode" enum:"test,live"`
}

// CliTokenResponse are tokens of the command line, for a user in one environment.
type CliTokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type" enum:"Bearer"`
	ExpiresIn    int64  `json:"expires_in" doc:"Seconds."`
	RefreshToken string `json:"refresh_token"`
	Scope        string `json:"scope" doc:"Space-separated."`
	SessionID    string `json:"oauth_session_id,omitzero"`
	ContextID    string `json:"context_id,omitzero"`
}

const grantDevice = "urn:ietf:params:oauth:grant-type:device_code"

func registerOAuthToken(a *API, s *Services) {
	Handle(a, "exchangePartnerInstallToken", func(ctx context.Context, c *Caller, in *oauthInput) (*Raw, error) {
		var tokens *oauth.Tokens
		err := oauthCall(ctx, a, s.OAuth, c, in, func(tx db.Tx, client *oauth.Client, params map[string]string) (err error) {
			tokens, err = s.exchangeToken(ctx, tx, c, client, params)
			return err
		})
		if err != nil {
			return nil, err
		}
		return oauthAnswer(wireTokens(tokens))
	}, OAuth(PartnerTokenRequest{}), Produces([]string{"application/json"}, PartnerTokenResponse{}, CliTokenResponse{}),
		Doc("Exchange a code or a refresh token", "Answers and errors are flat, as RFC 6749 says. Refresh tokens rotate; the old one gives the same "+
			"successor for 30 seconds and ends all tokens of the family after that."))
}

// exchangeToken runs the grant that the request names.
func (s *Services) exchangeToken(ctx context.Context, tx db.Tx, c *Caller, client *oauth.Client, params map[string]string) (*oauth.Tokens, error) {
	needs := func(names ...string) error {
		for _, n := range names {
			if params[n] == "" {
				return malformed(n + " is required.")
			}
		}
		return nil
	}
	switch params["grant_type"] {
	case "authorization_code":
		if err := needs("code", "redirect_uri"); err != nil {
			return nil, err
		}
		cause := c.Cause()
		cause.ActorType = "app"
		if client.App != nil {
			cause.ActorID = client.App.ID
		}
		return s.OAuth.Redeem(ctx, tx, oauth.RedeemInput{Client: client, Code: params["code"], RedirectURI: params["redirect_uri"],
			Verifier: params["code_verifier"], Now: c.Now, Cause: cause})
	case "refresh_token":
		if err := needs("refresh_token"); err != nil {
			return nil, err
		}
		return s.OAuth.Refresh(ctx, tx, oauth.RefreshInput{Client: client, Token: params["refresh_token"], Scope: params["scope"],
			ContextID: params["context_id"], Now: c.Now})
	case grantDevice:
		if err := needs("device_code"); err != nil {
			return nil, err
		}
		return s.OAuth.Poll(ctx, tx, oauth.PollInput{Client: client, Code: params["device_code"], Now: c.Now})
	case "":
		return nil, malformed("grant_type is required.")
	}
	return nil, &oauth.Error{Code: oauth.CodeUnsupportedGrant, Description: "grant_type is authorization_code, refresh_token or " + grantDevice + "."}
}

func wireTokens(t *oauth.Tokens) any {
	f, scope := t.Family, strings.Join(t.Scopes.Names(), " ")
	seconds := int64(t.ExpiresIn.Seconds())
	if f.Kind == oauth.KindCLI {
		return CliTokenResponse{AccessToken: t.Access.Reveal(), TokenType: "Bearer", ExpiresIn: seconds, RefreshToken: t.Refresh.Reveal(),
			Scope: scope, SessionID: f.ID, ContextID: f.Scope.EnvironmentID}
	}
	return PartnerTokenResponse{AccessToken: t.Access.Reveal(), TokenType: "bearer", ExpiresIn: seconds, RefreshToken: t.Refresh.Reveal(),
		Scope: scope, AppID: f.AppID, InstallID: t.InstallID, GrantID: f.GrantID, MerchantID: f.Scope.MerchantID,
		Mode: string(f.Scope.Mode())}
}
