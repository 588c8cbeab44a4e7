package oauth

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// registered reports whether uri is one of the registered ones, character by character (RFC 9700, 4.1.3).
// Nothing is normalized: two spellings of one address are two addresses.
func registered(uris []string, uri string) bool { return uri != "" && slices.Contains(uris, uri) }

// toLoopback reports whether the code goes to a program on the user's own machine, which any other program
// there may listen to.
func toLoopback(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	host := u.Hostname()
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// location adds parameters to a registered redirect URI and leaves what it has as it is.
func location(uri string, params url.Values) string {
	switch {
	case !strings.Contains(uri, "?"):
		return uri + "?" + params.Encode()
	case strings.HasSuffix(uri, "?"), strings.HasSuffix(uri, "&"):
		return uri + params.Encode()
	default:
		return uri + "&" + params.Encode()
	}
}

// RedirectError is a refusal that the browser carries back to the app, whose redirect URI is proven.
type RedirectError struct {
	Code        string // of RFC 6749, 4.1.2.1
	Description string
	redirectURI string
	state       string
	issuer      string
}

// Error implements error.
func (e *RedirectError) Error() string { return "oauth: " + e.Code + ": " + e.Description }

// Location is where the browser is sent, with error, state when one was given, and iss (RFC 9207).
func (e *RedirectError) Location() string {
	params := url.Values{"error": {e.Code}, "error_description": {e.Description}, "iss": {e.issuer}}
	if e.state != "" {
		params.Set("state", e.state)
	}
	return location(e.redirectURI, params)
}
