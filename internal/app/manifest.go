package app

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"flint/internal/auth"
	"flint/internal/fault"
)

var permissionID = regexp.MustCompile(`^[a-z0-9][a-z0-9_.:-]*$`)

// grantable are the scopes an install token may hold.
func grantable(name string) bool {
	return slices.ContainsFunc(auth.Scopes(), func(s auth.ScopeInfo) bool { return s.Name == name && s.App })
}

func checkText(faults *fault.List, code, param, v string, longest int) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(v)); {
	case n == 0:
		faults.Add("FIELD_REQUIRED", param, "This text must not be empty.")
	case n > longest:
		faults.Add(code, param, "This text has at most %d characters.", longest)
	}
}

func checkAppName(faults *fault.List, v string) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(v)); {
	case n == 0:
		faults.Add("NAME_REQUIRED", "name", "An app needs a name.")
	case n > maxName:
		faults.Add("NAME_TOO_LONG", "name", "A name has at most %d characters.", maxName)
	}
}

// checkRedirectURIs: the browser is sent to exactly these, so each is absolute, says nothing behind #
// and names no user; https, or http to the developer's own machine.
func checkRedirectURIs(faults *fault.List, uris []string) {
	if len(uris) == 0 {
		faults.Add("INVALID_PARTNER_APP", "redirect_uris", "An app needs at least one redirect URI.")
	}
	if len(uris) > MaxRedirectURIs {
		faults.Add("INVALID_PARTNER_APP", "redirect_uris", "An app has at most %d redirect URIs.", MaxRedirectURIs)
		return
	}
	for i, v := range uris {
		at := fmt.Sprintf("redirect_uris[%d]", i)
		if why := wrongRedirect(v); why != "" {
			faults.Add("INVALID_URL", at, "%s", why)
		} else if slices.Contains(uris[:i], v) {
			faults.Add("INVALID_PARTNER_APP", at, "This redirect URI is listed twice.")
		}
	}
}

func wrongRedirect(v string) string {
	u, err := url.Parse(v)
	switch {
	case len(v) > maxURL:
		return fmt.Sprintf("A redirect URI has at most %d characters.", maxURL)
	case err != nil || !u.IsAbs() || u.Opaque != "" || u.Hostname() == "" || strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return "A redirect URI is an absolute address in ASCII, https://…"
	case strings.Contains(v, "#"):
		return "A redirect URI has no fragment."
	case u.User != nil || strings.Contains(u.Host, "@"):
		return "A redirect URI names no user."
	case !freeQuery(u):
		return "A redirect URI's query leaves code, state, iss, error and error_description to the answer."
	case strings.ContainsAny(v, `*\`):
		return "A redirect URI is matched character by character; wildcards are not known."
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return ""
	}
	return "A redirect URI is https, or http on localhost while developing."
}

// freeQuery reports whether a query can be read and names nothing that an answer adds: of two parameters of one
// name nobody knows which one the app takes for true.
func freeQuery(u *url.URL) bool {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return false
	}
	return !slices.ContainsFunc([]string{"code", "state", "iss", "error", "error_description"}, query.Has)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

func checkIcon(faults *fault.List, v string) {
	if v == "" {
		return
	}
	if u, err := url.Parse(v); err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(v) > maxURL {
		faults.Add("INVALID_URL", "icon_url", "An icon is an https address.")
	}
}

func checkManifest(faults *fault.List, manifest []Permission) {
	if len(manifest) == 0 {
		faults.Add("INVALID_PARTNER_APP", "permission_manifest", "An app asks for at least one permission.")
	}
	if len(manifest) > MaxPermissions {
		faults.Add("INVALID_PARTNER_APP", "permission_manifest", "A manifest has at most %d permissions.", MaxPermissions)
		return
	}
	seen := map[string]bool{}
	for i, p := range manifest {
		at := fmt.Sprintf("permission_manifest[%d].", i)
		switch {
		case len(p.ID) > maxID || !permissionID.MatchString(p.ID):
			faults.Add("INVALID_PARTNER_APP", at+"permission_id", "An id has 1 to %d lower-case letters, digits and _ . : -", maxID)
		case seen[p.ID]:
			faults.Add("INVALID_PARTNER_APP", at+"permission_id", "This permission is listed twice.")
		}
		seen[p.ID] = true
		checkText(faults, "VALUE_TOO_LONG", at+"title", p.Title, maxTitle)
		checkText(faults, "DESCRIPTION_TOO_LONG", at+"description", p.Description, maxDescription)
		checkManifestScopes(faults, at+"required_scopes", p.Scopes)
	}
}

func checkManifestScopes(faults *fault.List, at string, scopes []string) {
	if len(scopes) == 0 || len(scopes) > MaxScopes {
		faults.Add("INVALID_PARTNER_APP", at, "A permission stands for 1 to %d scopes.", MaxScopes)
		return
	}
	for i, name := range scopes {
		at := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case !auth.KnownScope(name):
			faults.Add("UNKNOWN_SCOPE", at, "There is no such scope.")
		case slices.Contains(scopes[:i], name):
			faults.Add("DUPLICATE_SCOPE", at, "This scope is listed twice.")
		case !grantable(name):
			faults.Add("SCOPE_NOT_ALLOWED", at, "No app may hold this scope.")
		}
	}
}

func checkDefaults(faults *fault.List, defaults []string, manifest []Permission) {
	for i, v := range defaults {
		at := fmt.Sprintf("default_requested_permissions[%d]", i)
		switch {
		case !slices.ContainsFunc(manifest, func(p Permission) bool { return p.ID == v }):
			faults.Add("INVALID_PARTNER_APP", at, "The manifest has no such permission.")
		case slices.Contains(defaults[:i], v):
			faults.Add("INVALID_PARTNER_APP", at, "This permission is listed twice.")
		}
	}
}

// everyPermission is what a link asks for when neither it nor the app says: all that is required.
func everyPermission(manifest []Permission) []string {
	out := []string{}
	for _, p := range manifest {
		if !p.Optional {
			out = append(out, p.ID)
		}
	}
	return out
}

func scopesOf(manifest []Permission, permissionIDs []string) auth.ScopeSet {
	var names []string
	for _, p := range manifest {
		if slices.Contains(permissionIDs, p.ID) {
			names = append(names, p.Scopes...)
		}
	}
	return auth.ScopesOf(names...)
}

// PermissionDiff is what changes for a grant when it moves from the version it consented to, to
// another.
type PermissionDiff struct {
	Added    []Permission // required ones the grant does not hold
	Widened  []Permission // held ones that stand for more scopes now
	Narrowed []Permission // held ones that stand for fewer
	Dropped  []string     // held ones that the app no longer asks for
	Offered  []Permission // optional ones that are new; accepting is a choice
	Scopes   auth.ScopeSet
}

// Grows reports whether the merchant has something to accept.
func (d PermissionDiff) Grows() bool { return len(d.Added)+len(d.Widened) > 0 }

// Diff compares what was consented to with a later manifest. old is the manifest of the version
// consented to, held the permissions granted from it.
func Diff(old []Permission, held []string, latest []Permission) PermissionDiff {
	var d PermissionDiff
	keep := []string{}
	for _, p := range latest {
		was := slices.IndexFunc(old, func(o Permission) bool { return o.ID == p.ID })
		switch {
		case slices.Contains(held, p.ID):
			keep = append(keep, p.ID)
			before, after := auth.ScopeSet{}, auth.ScopesOf(p.Scopes...)
			if was >= 0 {
				before = auth.ScopesOf(old[was].Scopes...)
			}
			switch {
			case !before.Contains(after):
				d.Widened = append(d.Widened, p)
			case before != after:
				d.Narrowed = append(d.Narrowed, p)
			}
		case was < 0 && !p.Optional, was >= 0 && old[was].Optional && !p.Optional:
			d.Added = append(d.Added, p)
			keep = append(keep, p.ID)
		case was < 0:
			d.Offered = append(d.Offered, p)
		}
	}
	for _, v := range held {
		if !slices.ContainsFunc(latest, func(p Permission) bool { return p.ID == v }) {
			d.Dropped = append(d.Dropped, v)
		}
	}
	d.Scopes = scopesOf(latest, keep)
	return d
}

// AcceptedPermissions are the permissions of a grant that took the diff, in the manifest's order.
func (d PermissionDiff) AcceptedPermissions(held []string, latest []Permission) []string {
	out := slices.DeleteFunc(slices.Clone(held), func(v string) bool { return slices.Contains(d.Dropped, v) })
	for _, p := range d.Added {
		out = append(out, p.ID)
	}
	return inOrder(latest, out)
}
