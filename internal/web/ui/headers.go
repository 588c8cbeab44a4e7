package ui

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Policy is what one page may load, frame, send to and be framed by. The zero Policy allows nothing
// but the page itself, its stylesheet and forms that go back to the same origin.
type Policy struct {
	Nonce          string   // of the response; the only inline style and scripts that run carry it
	FrameAncestors []string // origins that may frame the page; none when empty
	FrameSrc       []string // origins whose pages it may frame
	FormAction     []string // origins beside our own that its forms lead to, redirects included
	ImgSrc         []string // origins beside our own that it shows pictures of
	Payment        bool     // the page may use the browser's payment features
	HTTPS          bool     // the site is reached by https, so browsers may be told to insist on it
}

// SecureHeaders sets the security headers of a page. Sources that are not 'self', data: or a plain
// http(s) origin are left out, so that a stored address can never widen the policy.
//
// The referrer policy is same-origin and not no-referrer because the latter makes browsers send
// "Origin: null" with our own forms, which then look like forged ones.
func SecureHeaders(w http.ResponseWriter, p Policy) {
	ancestors := sources(p.FrameAncestors)
	csp := []string{
		"default-src 'none'",
		"script-src 'nonce-" + p.Nonce + "' 'strict-dynamic'",
		"style-src 'self' 'nonce-" + p.Nonce + "'",
		"img-src " + list(append([]string{"'self'"}, sources(p.ImgSrc)...)),
		"connect-src 'self'",
		"frame-src " + list(sources(p.FrameSrc)),
		"form-action " + list(append([]string{"'self'"}, sources(p.FormAction)...)),
		"frame-ancestors " + list(ancestors),
		"base-uri 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types flint",
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Join(csp, "; "))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	payment := "()"
	if p.Payment {
		payment = "(self)"
	}
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=(), payment="+payment)
	switch {
	case len(ancestors) == 0:
		h.Set("X-Frame-Options", "DENY")
	case slices.Equal(ancestors, []string{"'self'"}):
		h.Set("X-Frame-Options", "SAMEORIGIN")
	}
	if p.HTTPS && h.Get("Strict-Transport-Security") == "" { // who serves under several names has said what holds for each
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// Origin returns the origin of an http(s) address, "'self'" for a path of our own, and "" for
// anything else.
func Origin(address string) string {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return ""
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(address, "/"):
		return "'self'"
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && plainHost(u.Host):
		return u.Scheme + "://" + u.Host
	}
	return ""
}

func plainHost(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-:[]", r)
	})
}

func sources(in []string) []string {
	var out []string
	for _, s := range in {
		if s != "'self'" && s != "data:" {
			s = Origin(s)
		}
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func list(s []string) string {
	if len(s) == 0 {
		return "'none'"
	}
	return strings.Join(slices.Compact(s), " ")
}
