package auth

import (
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/organization"
)

// Roles of a user in a merchant, from the most to the least.
const (
	RoleOwner    = organization.Owner
	RoleAdmin    = organization.Admin
	RoleOperator = organization.Operator
	RoleViewer   = organization.Viewer
)

// Role is the role of a user in a merchant, owner, admin, operator or viewer: the highest they hold in
// the merchant's organization or one above it. Fault: MEMBERSHIP_REQUIRED when they hold none.
func Role(tx db.Tx, merchantID, userID string) (string, error) {
	return organization.RoleIn(tx, merchantID, userID)
}

// operatorFamilies are what daily business needs; an operator reads everything and writes these.
var operatorFamilies = []string{"checkouts.", "commerce.", "customers.", "payments.", "reports."}

// beyondOperators are writes of those families that change rules or show secrets.
var beyondOperators = []string{
	"commerce.gift_cards.secrets.write", "commerce.gift_cards.adjustments.write", "commerce.refunds.disputed.write",
	"commerce.refunds.goodwill.write", "commerce.refunds.tax_overrides.write",
	"commerce.return_policies.write", "payments.payment_method_domains.write",
}

// RoleScopes is what a user of the role may do, and so the most they can hand on to a key or an app. An
// owner and an admin may do everything (what only an owner may do to members is the organization's
// rule), an operator runs the daily business, a viewer reads. An unknown role may do nothing.
func RoleScopes(role string) ScopeSet {
	var names []string
	for _, s := range scopeTable {
		reads := Reads(s.name)
		if role == RoleOwner || role == RoleAdmin ||
			role == RoleViewer && reads || role == RoleOperator && (reads || operates(s.name)) {
			names = append(names, s.name)
		}
	}
	return ScopesOf(names...)
}

func operates(scope string) bool {
	return !slices.Contains(beyondOperators, scope) &&
		slices.ContainsFunc(operatorFamilies, func(f string) bool { return strings.HasPrefix(scope, f) })
}

// moneyScopes let their holder move money, or decide that it is moved.
var moneyScopes = []string{"checkouts.checkout_sessions.write", "commerce.credit_notes.write", "commerce.invoices.write", "commerce.orders.write",
	"commerce.refunds.write", "commerce.returns.resolutions.write", "payments.payment_intents.write"}

// MovesMoney reports whether the scope lets its holder take, return or promise money.
func MovesMoney(scope string) bool { return slices.Contains(moneyScopes, scope) }

// Reads reports whether the scope only reads.
func Reads(scope string) bool { return strings.HasSuffix(scope, ".read") }

// AppScopes are the scopes that may be granted to an app at all.
func AppScopes() ScopeSet {
	var names []string
	for _, row := range scopeTable {
		if row.app {
			names = append(names, row.name)
		}
	}
	return ScopesOf(names...)
}
