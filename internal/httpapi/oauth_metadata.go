package httpapi

import (
	"context"

	"flint/internal/auth"
)

// OAuthMetadata tells a client library where everything is (RFC 8414).
type OAuthMetadata struct {
	Issuer                 string   `json:"issuer"`
	Authorization          string   `json:"authorization_endpoint"`
	Token                  string   `json:"token_endpoint"`
	Revocation             string   `json:"revocation_endpoint"`
	Introspection          string   `json:"introspection_endpoint"`
	Device                 string   `json:"device_authorization_endpoint"`
	ResponseTypes          []string `json:"response_types_supported"`
	ResponseModes          []string `json:"response_modes_supported"`
	GrantTypes             []string `json:"grant_types_supported"`
	TokenMethods           []string `json:"token_endpoint_auth_methods_supported"`
	RevocationMethods      []string `json:"revocation_endpoint_auth_methods_supported"`
	IntrospectionMethods   []string `json:"introspection_endpoint_auth_methods_supported"`
	ChallengeMethods       []string `json:"code_challenge_methods_supported"`
	Scopes                 []string `json:"scopes_supported"`
	IssuerInAuthorizations bool     `json:"authorization_response_iss_parameter_supported"`
}

func registerOAuthMetadata(a *API, s *Services) {
	Handle(a, "getOAuthMetadata", func(context.Context, *Caller, *struct{}) (*Raw, error) {
		at, secret := s.OAuth.Issuer+"/v1/oauth/", []string{"client_secret_basic", "client_secret_post"}
		m := OAuthMetadata{Issuer: s.OAuth.Issuer, Authorization: at + "authorize", Token: at + "token", Revocation: at + "revoke",
			Introspection: at + "introspect", Device: at + "device_authorization", ResponseTypes: []string{"code"}, ResponseModes: []string{"query"},
			GrantTypes:   []string{"authorization_code", "refresh_token", grantDevice},
			TokenMethods: append(secret, "none"), RevocationMethods: append(secret, "none"), IntrospectionMethods: secret,
			ChallengeMethods: []string{"S256"}, IssuerInAuthorizations: true}
		for _, scope := range auth.Scopes() {
			if scope.App {
				m.Scopes = append(m.Scopes, scope.Name)
			}
		}
		out, err := oauthAnswer(m)
		if err == nil {
			out.Header["Cache-Control"] = []string{"max-age=300"}
			out.Header.Del("Pragma")
		}
		return out, err
	}, Produces([]string{"application/json"}, OAuthMetadata{}), Doc("Read the OAuth metadata", "RFC 8414: the endpoints and what they support."))
}
