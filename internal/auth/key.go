package auth

import (
	"fmt"
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
	Status     string
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

// checkScopes refuses unknown and repeated scopes, none at all, and those the giver does not hold. A
// nil giver is the operator and holds everything.
func checkScopes(faults *fault.List, scopes []string, giver *Principal) {
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
		case giver != nil && !giver.Scopes.Contains(ScopesOf(s)):
			faults.Add("SCOPE_NOT_ALLOWED", at, "A key can hand out only scopes it holds itself.")
		}
		seen[s] = true
	}
}

func checkExpiry(faults *fault.List, at, now time.Time) {
	if !at.IsZero() && !at.After(now) {
		faults.Add("INVALID_EXPIRES_AT", "expires_at", "The time must be in the future.")
	}
}
