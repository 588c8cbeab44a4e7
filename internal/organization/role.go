package organization

import (
	"fmt"
	"slices"

	"flint/internal/db"
	"flint/internal/fault"
)

// Roles, highest first.
const (
	Owner    = "owner"
	Admin    = "admin"
	Operator = "operator"
	Viewer   = "viewer"
)

var roles = []string{Owner, Admin, Operator, Viewer}

// KnownRole reports whether there is such a role.
func KnownRole(role string) bool { return slices.Contains(roles, role) }

// Outranks reports whether role a is above role b. No role at all is below all of them.
func Outranks(a, b string) bool { return rank(a) > rank(b) }

func rank(role string) int {
	if i := slices.Index(roles, role); i >= 0 {
		return len(roles) - i
	}
	return 0
}

// highest is the role that counts among several, empty among none.
func highest(held []string) string {
	best := ""
	for _, r := range held {
		if Outranks(r, best) {
			best = r
		}
	}
	return best
}

// RoleIn is the role of a user in a merchant: the highest they hold in its organization or above. The
// fault is MEMBERSHIP_REQUIRED when they hold none.
func RoleIn(tx db.Tx, merchantID, userID string) (string, error) {
	held, err := rolesAbove(tx, merchantID, userID)
	if err != nil {
		return "", fmt.Errorf("read the roles of a user: %w", err)
	}
	if role := highest(held); role != "" {
		return role, nil
	}
	return "", errNoMembership()
}

func errNoMembership() error {
	return fault.Forbidden("MEMBERSHIP_REQUIRED", "This takes a membership in the organization.")
}

// mayManage judges a change of somebody's role from old (empty: none) to new (empty: none any more) by
// somebody of role by.
func mayManage(by, old, new string) error {
	switch {
	case by != Owner && by != Admin, by != Owner && old != "" && !Outranks(by, old):
		return fault.Forbidden("ROLE_MANAGEMENT_FORBIDDEN", "Members are managed by somebody of a higher role.")
	case by != Owner && new != "" && !Outranks(by, new):
		return fault.Forbidden("ROLE_ASSIGNMENT_FORBIDDEN", "Only roles below your own can be given.")
	}
	return nil
}
