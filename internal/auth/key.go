package auth

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"flint/internal/fault"
	"flint/internal/tenant"
)

// Statuses of a key.
const (
	StatusActive  = "active"
	StatusRevoked = "revoked"
)

// Key is an API key without its secret.
type Key struct {
	ID         string
	Scope      tenant.Scope
	Name       string
	Prefix     string // first characters of the secret, to recognize it by
	Scopes     ScopeSet
	Networks   []netip.Prefix // where it may be used from; none is anywhere
	Status     string
	HeldBy     string    // who made it, as Principal.Person has it; empty when the operator did
	ExpiresAt  time.Time // zero: never
	LastUsedAt time.Time // zero: never; at most a minute old
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// prefixShown is how much of a secret stays visible: the mode and eight random characters.
const prefixShown = len(PrefixTestKey) + 8

const maxName = 100

func tokenPrefix(s tenant.Scope) string {
	if s.Mode() == tenant.ModeTest {
		return PrefixTestKey
	}
	return PrefixLiveKey
}

func checkName(faults *fault.List, name string) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(name)); {
	case n == 0:
		faults.Add("NAME_REQUIRED", "name", "A key needs a name.")
	case n > maxName:
		faults.Add("NAME_TOO_LONG", "name", "A name has at most %d characters.", maxName)
	}
}

// liveOnly are scopes for what a merchant's environments share. Test keys are refused there, so none is
// given a scope that would only look as if it helped.
var liveOnly = ScopesOf("accounts.organizations.write", "developer.sandboxes.write", "merchants.profile.write")

// OfMode leaves out the scopes that a key of the mode cannot have.
func (s ScopeSet) OfMode(m tenant.Mode) ScopeSet {
	if m == tenant.ModeTest {
		for i := range s {
			s[i] &^= liveOnly[i]
		}
	}
	return s
}

// checkScopes refuses unknown and repeated scopes, none at all, those that keys of the mode cannot have,
// and those the giver does not hold. A nil giver is the operator, holds everything and chooses freely.
func checkScopes(faults *fault.List, scopes []string, giver *Principal, mode tenant.Mode, anyMode bool) {
	if len(scopes) == 0 {
		faults.Add("SCOPES_REQUIRED", "scopes", "A key needs at least one scope.")
	}
	seen := make(map[string]bool, len(scopes))
	for i, s := range scopes {
		at := fmt.Sprintf("scopes[%d]", i)
		switch {
		case !KnownScope(s):
			faults.Add("UNKNOWN_SCOPE", at, "There is no such scope.")
		case seen[s]:
			faults.Add("DUPLICATE_SCOPE", at, "This scope is listed twice.")
		case giver != nil && !anyMode && ScopesOf(s).OfMode(mode).Len() == 0:
			faults.AddWith(fault.Detail{Code: "SCOPE_NOT_ALLOWED_FOR_KEY_MODE", Param: at, Message: "Only live keys can have this scope.",
				Extra: map[string]any{"allowed_key_modes": []string{string(tenant.ModeLive)}}})
		case giver != nil && !giver.Scopes.Contains(ScopesOf(s)):
			faults.Add("SCOPE_NOT_ALLOWED", at, "A key can hand out only scopes it holds itself.")
		}
		seen[s] = true
	}
}

// maxNetworks bounds what is looked through for every request.
const maxNetworks = 50

// checkNetworks reads where a key may be used from: addresses and prefixes of either family.
func checkNetworks(faults *fault.List, texts []string) []netip.Prefix {
	if len(texts) > maxNetworks {
		faults.Add("INVALID_ALLOWED_NETWORKS", "allowed_networks", "At most %d networks can be listed.", maxNetworks)
		return nil
	}
	out := make([]netip.Prefix, 0, len(texts))
	for i, text := range texts {
		p, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); err != nil && aerr == nil && a.Zone() == "" {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			faults.Add("INVALID_ALLOWED_NETWORKS", fmt.Sprintf("allowed_networks[%d]", i), "This must be an address or a prefix such as 192.0.2.0/24.")
			continue
		}
		out = append(out, p.Masked())
	}
	return out
}

func checkExpiry(faults *fault.List, at, now time.Time) {
	if !at.IsZero() && !at.After(now) {
		faults.Add("INVALID_EXPIRES_AT", "expires_at", "The time must be in the future.")
	}
}
