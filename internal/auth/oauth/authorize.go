package oauth

import (
	"net/url"
	"slices"
	"strings"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// AuthorizeInput is what an install link says. Nothing in it is believed yet.
type AuthorizeInput struct {
	ResponseType    string
	ClientID        string
	RedirectURI     string
	Mode            string
	State           string
	PermissionIDs   []string // none: the app's defaults
	EnvironmentID   string   // empty: the merchant's default of the mode
	MerchantID      string   // empty: the user chooses
	Challenge       string
	ChallengeMethod string
}

const (
	maxState     = 1024
	maxParameter = 2048
)

// ReadAuthorize reads the query of an install link. A parameter that is given twice is a fault, because
// two readers could take different ones for true. Unknown parameters are ignored, as OAuth asks.
func ReadAuthorize(query url.Values) (AuthorizeInput, error) {
	var in AuthorizeInput
	var faults fault.List
	var permissions string
	for name, into := range map[string]*string{
		"response_type": &in.ResponseType, "client_id": &in.ClientID, "redirect_uri": &in.RedirectURI, "mode": &in.Mode,
		"state": &in.State, "permission_ids": &permissions, "environment_id": &in.EnvironmentID, "merchant_id": &in.MerchantID,
		"code_challenge": &in.Challenge, "code_challenge_method": &in.ChallengeMethod,
	} {
		values := query[name]
		switch {
		case len(values) > 1:
			faults.Add("INVALID_REQUEST", name, "This parameter may be given once.")
		case len(values) == 1 && len(values[0]) > maxParameter:
			faults.Add("INVALID_REQUEST", name, "This value is too long.")
		case len(values) == 1:
			*into = values[0]
		}
	}
	in.PermissionIDs = SplitPermissions(permissions)
	return in, faults.Err()
}

// SplitPermissions reads a comma-separated list of permission ids, each once, nil when there is none.
func SplitPermissions(list string) []string {
	var out []string
	for v := range strings.SplitSeq(list, ",") {
		if v = strings.TrimSpace(v); v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// AuthorizeRequest is an install link that may be shown to a user.
type AuthorizeRequest struct {
	App           *app.App
	RedirectURI   string
	Mode          tenant.Mode
	State         string
	Permissions   []app.Permission // asked for, in the manifest's order
	PermissionIDs []string         // of Permissions
	EnvironmentID string           // as asked; the page checks that it is the merchant's and of the mode
	MerchantID    string           // as asked; the page checks that the user works there
	Challenge     string           // S256, empty without PKCE

	issuer string
}

// CheckAuthorize decides everything about an install link that is decided before a user is asked. As long
// as the redirect URI is not proven to be the app's, an error is a fault and must be shown where the user
// is: INVALID_REQUEST, RESOURCE_NOT_FOUND for an unknown app. After that it is a *RedirectError.
func (s *Service) CheckAuthorize(tx db.Tx, in AuthorizeInput) (*AuthorizeRequest, error) {
	a, err := s.proveRedirect(tx, in.ClientID, in.RedirectURI)
	if err != nil {
		return nil, err
	}
	back := func(code, description string) error {
		return &RedirectError{Code: code, Description: description, redirectURI: in.RedirectURI, state: in.State, issuer: s.Issuer}
	}
	if len(in.State) > maxState || strings.ContainsFunc(in.State, func(r rune) bool { return r < ' ' || r > '~' }) {
		in.State = "" // RFC 6749 allows printable ASCII; nothing else goes into a header
		return nil, back(CodeInvalidRequest, "state holds printable ASCII, at most 1024 characters.")
	}
	switch {
	case in.State == "":
		return nil, back(CodeInvalidRequest, "state is required.")
	case in.ResponseType != "code":
		return nil, back(CodeUnsupportedResponse, "response_type must be code.")
	case in.Mode != string(tenant.ModeTest) && in.Mode != string(tenant.ModeLive):
		return nil, back(CodeInvalidRequest, "mode must be test or live.")
	case in.Challenge == "" && in.ChallengeMethod != "":
		return nil, back(CodeInvalidRequest, "code_challenge_method needs a code_challenge.")
	case in.Challenge != "" && in.ChallengeMethod != methodS256:
		return nil, back(CodeInvalidRequest, "code_challenge_method must be S256.")
	case in.Challenge != "" && !validChallenge(in.Challenge):
		return nil, back(CodeInvalidRequest, "code_challenge must be the base64url of a SHA-256, without padding.")
	case in.Challenge == "" && needsChallenge(a, in.RedirectURI):
		return nil, back(CodeInvalidRequest, "This app needs PKCE: send code_challenge and code_challenge_method=S256.")
	}
	ids, unknown := requested(a, in.PermissionIDs)
	if unknown {
		return nil, back(CodeInvalidScope, "permission_ids names a permission that is not in the app's manifest.")
	}
	r := &AuthorizeRequest{App: a, RedirectURI: in.RedirectURI, Mode: tenant.Mode(in.Mode), State: in.State, PermissionIDs: ids,
		EnvironmentID: in.EnvironmentID, MerchantID: in.MerchantID, Challenge: in.Challenge, issuer: s.Issuer}
	for _, v := range ids {
		r.Permissions = append(r.Permissions, *a.Permission(v))
	}
	return r, nil
}

// Preview is CheckAuthorize for somebody who wants to see what a link will ask, without its state.
// Faults: INVALID_REQUEST, RESOURCE_NOT_FOUND.
func (s *Service) Preview(tx db.Tx, in AuthorizeInput) (*AuthorizeRequest, error) {
	a, err := s.proveRedirect(tx, in.ClientID, in.RedirectURI)
	if err != nil {
		return nil, err
	}
	ids, unknown := requested(a, in.PermissionIDs)
	if unknown {
		return nil, fault.Invalid("INVALID_REQUEST", "permission_ids", "The app's manifest has no such permission.")
	}
	r := &AuthorizeRequest{App: a, RedirectURI: in.RedirectURI, Mode: tenant.Mode(in.Mode), PermissionIDs: ids, issuer: s.Issuer}
	for _, v := range ids {
		r.Permissions = append(r.Permissions, *a.Permission(v))
	}
	return r, nil
}

// proveRedirect finds the app and that the redirect URI is one of its own.
func (s *Service) proveRedirect(tx db.Tx, clientID, redirectURI string) (*app.App, error) {
	if clientID == "" {
		return nil, fault.Invalid("INVALID_REQUEST", "client_id", "The link does not say which app it installs.")
	}
	a, err := app.ByClientID(tx, clientID)
	if err != nil {
		return nil, err
	}
	if a.Status != app.AppActive {
		return nil, fault.NotFound("app")
	}
	if !registered(a.RedirectURIs, redirectURI) {
		return nil, fault.Invalid("INVALID_REQUEST", "redirect_uri", "This is none of the app's redirect URIs, which are matched character by character.")
	}
	return a, nil
}

// needsChallenge: a plug-in keeps its secret on somebody else's server, and a loopback address belongs to
// whichever program listens.
func needsChallenge(a *app.App, redirectURI string) bool {
	return a.Type == app.TypePlugin || toLoopback(redirectURI)
}

// requested is what the link asks for, in the manifest's order: what it names, or the app's defaults.
func requested(a *app.App, ids []string) (out []string, unknown bool) {
	if len(ids) == 0 {
		ids = a.DefaultPermissions
	}
	for _, v := range ids {
		if a.Permission(v) == nil {
			return nil, true
		}
	}
	for _, p := range a.Manifest {
		if slices.Contains(ids, p.ID) {
			out = append(out, p.ID)
		}
	}
	return out, len(out) == 0
}

// Approved is where the browser goes with a code, with state and iss (RFC 9207).
func (r *AuthorizeRequest) Approved(code secret.Text) string {
	return location(r.RedirectURI, url.Values{"code": {code.Reveal()}, "state": {r.State}, "iss": {r.issuer}})
}

// Denied is the end of a request that the user turned down.
func (r *AuthorizeRequest) Denied() *RedirectError {
	return r.Refused(CodeAccessDenied, "The merchant did not agree.")
}

// Refused ends the request with another code of RFC 6749, 4.1.2.1.
func (r *AuthorizeRequest) Refused(code, description string) *RedirectError {
	return &RedirectError{Code: code, Description: description, redirectURI: r.RedirectURI, state: r.State, issuer: r.issuer}
}
