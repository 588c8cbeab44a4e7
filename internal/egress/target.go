package egress

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"flint/internal/fault"
)

// target is a URL that has been taken apart and found well formed.
type target struct {
	scheme string
	host   string     // lower case, without brackets or port
	addr   netip.Addr // valid when the host is an address
	port   uint16
}

// parseTarget reads an absolute URL for a server to call: scheme, host and port, path and query. It
// refuses credentials, fragments, control characters and hosts that parsers disagree about.
func parseTarget(param, raw string) (target, error) {
	bad := func(code, text string) (target, error) { return target{}, fault.Invalid(code, param, "%s", text) }
	if raw == "" {
		return bad("MISSING_URL", "A URL is needed.")
	}
	if len(raw) > MaxURL {
		return bad("URL_TOO_LONG", "The URL may have at most 2048 bytes.")
	}
	for i := range len(raw) {
		// Parsers differ on blanks and backslashes, so one that checks and one that connects could part ways.
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return bad("INVALID_URL", "The URL may hold only printable ASCII characters; others must be percent-encoded.")
		}
	}
	u, err := url.Parse(raw)
	if err != nil {
		return bad("INVALID_URL", "The URL cannot be read.")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return bad("INVALID_URL_SCHEME", "The URL must start with https://.")
	case u.Opaque != "" || u.Host == "":
		return bad("INVALID_URL_HOST", "The URL needs a host.")
	case u.User != nil:
		return bad("INVALID_URL", "The URL must not carry credentials; verify the signature instead.")
	case strings.Contains(raw, "#"):
		return bad("INVALID_URL", "The URL must not have a fragment.")
	}
	t := target{scheme: u.Scheme, host: strings.ToLower(u.Hostname()), port: 443}
	if u.Scheme == "http" {
		t.port = 80
	}
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return bad("INVALID_URL", "The URL's port must be between 1 and 65535.")
		}
		t.port = uint16(n)
	} else if strings.HasSuffix(u.Host, ":") {
		return bad("INVALID_URL", "The URL's port must be between 1 and 65535.")
	}
	if a, err := netip.ParseAddr(t.host); err == nil {
		if a.Is6() != strings.HasPrefix(u.Host, "[") || a.Zone() != "" || a.Is4In6() {
			return bad("INVALID_URL_HOST", "The URL's host is not an address that can be called.")
		}
		t.addr = a
		return t, nil
	}
	if !hostname(t.host) || numeric(t.host) {
		return bad("INVALID_URL_HOST", "The URL's host is not a valid name.")
	}
	return t, nil
}

// hostname reports whether h is a DNS name of letters, digits and hyphens; international names come in
// their ASCII form. Underscores are let through in labels, which private names use.
func hostname(h string) bool {
	if h == "" || len(h) > 253 {
		return false
	}
	for label := range strings.SplitSeq(h, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}
