package httpapi

import (
	"context"

	"flint/internal/auth/oauth"
	"flint/internal/db"
)

// OAuthTokenQuery names a token, for revocation and introspection.
type OAuthTokenQuery struct {
	Token        string `json:"token"`
	TypeHint     string `json:"token_type_hint,omitzero" doc:"Ignored: tokens tell what they are."`
	ClientID     string `json:"client_id" doc:"Here or in a Basic Authorization header."`
	ClientSecret string `json:"client_secret,omitzero" doc:"Here or in a Basic Authorization header."`
}

func registerOAuthRevoke(a *API, s *Services) {
	Handle(a, "revokeOAuthToken", func(ctx context.Context, c *Caller, in *oauthInput) (*Raw, error) {
		err := oauthCall(ctx, a, s.OAuth, c, in, func(tx db.Tx, client *oauth.Client, params map[string]string) error {
			if params["token"] == "" {
				return malformed("token is required.")
			}
			return s.OAuth.Revoke(ctx, tx, client, params["token"], c.Now)
		})
		if err != nil {
			return nil, err
		}
		return oauthAnswer(struct{}{})
	}, OAuth(OAuthTokenQuery{}), Doc("Revoke a token", "RFC 7009: a refresh token with all tokens of its family, an access token alone. "+
		"The answer is the same for a token that is unknown or another client's. The install stays."))
}
