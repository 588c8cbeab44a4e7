package httpapi

import (
	"context"
	"strings"

	"flint/internal/auth/oauth"
	"flint/internal/db"
)

// OAuthIntrospection is what a client may know of its token; all but active are left out when it does not
// work.
type OAuthIntrospection struct {
	Active        bool   `json:"active"`
	Scope         string `json:"scope,omitzero" doc:"Space-separated, as it holds now."`
	ClientID      string `json:"client_id,omitzero"`
	TokenType     string `json:"token_type,omitzero" enum:"bearer,refresh_token"`
	ExpiresAt     int64  `json:"exp,omitzero" doc:"Seconds since 1970."`
	IssuedAt      int64  `json:"iat,omitzero" doc:"Seconds since 1970."`
	Issuer        string `json:"iss,omitzero"`
	Subject       string `json:"sub,omitzero" doc:"The environment grant."`
	AppID         string `json:"partner_app_id,omitzero"`
	InstallID     string `json:"partner_app_install_id,omitzero"`
	GrantID       string `json:"environment_grant_id,omitzero"`
	MerchantID    string `json:"merchant_id,omitzero"`
	EnvironmentID string `json:"environment_id,omitzero"`
	Mode          string `json:"mode,omitzero" enum:"test,live"`
}

func registerOAuthIntrospect(a *API, s *Services) {
	Handle(a, "introspectOAuthToken", func(ctx context.Context, c *Caller, in *oauthInput) (*Raw, error) {
		var found *oauth.Introspection
		err := oauthCall(ctx, a, s.OAuth, c, in, func(tx db.Tx, client *oauth.Client, params map[string]string) (err error) {
			if params["token"] == "" {
				return malformed("token is required.")
			}
			found, err = s.OAuth.Introspect(tx, client, params["token"], c.Now)
			return err
		})
		if err != nil {
			return nil, err
		}
		if found == nil {
			return oauthAnswer(OAuthIntrospection{})
		}
		f := found.Family
		out := OAuthIntrospection{Active: true, Scope: strings.Join(found.Scopes.Names(), " "), ClientID: f.ClientID, TokenType: "bearer",
			ExpiresAt: found.ExpiresAt.Unix(), IssuedAt: found.IssuedAt.Unix(), Issuer: s.OAuth.Issuer, Subject: f.GrantID, AppID: f.AppID,
			InstallID: found.InstallID, GrantID: f.GrantID, MerchantID: f.Scope.MerchantID, EnvironmentID: f.Scope.EnvironmentID,
			Mode: string(f.Scope.Mode())}
		if found.Refresh {
			out.TokenType = "refresh_token"
		}
		return oauthAnswer(out)
	}, OAuth(OAuthTokenQuery{}), Produces([]string{"application/json"}, OAuthIntrospection{}),
		Doc("Ask about a token", "RFC 7662, for the app that owns the token: whether it works now, what for and until when."))
}
