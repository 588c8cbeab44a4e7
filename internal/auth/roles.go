package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"flint/internal/db"
	"flint/internal/fault"
)

// Roles of a user with a merchant, from the most to the least.
const (
	RoleOwner    = "owner"
	RoleAdmin    = "admin"
	RoleOperator = "operator"
	RoleViewer   = "viewer"
)

// settingScopes change how a merchant's business is set up rather than run it from day to day.
var settingScopes = []string{"commerce.delivery.write", "commerce.return_policies.write", "commerce.return_reasons.write", "webhooks.write"}

// moneyScopes let their holder move money, or decide that it is moved.
var moneyScopes = []string{"checkouts.checkout_sessions.write", "commerce.credit_notes.write", "commerce.invoices.write", "commerce.orders.write",
	"commerce.refunds.write", "commerce.returns.resolutions.write", "payments.payment_intents.write"}

// MovesMoney reports whether the scope lets its holder take, return or promise money.
func MovesMoney(scope string) bool { return slices.Contains(moneyScopes, scope) }

// Reads reports whether the scope only reads.
func Reads(scope string) bool { return strings.HasSuffix(scope, ".read") }

// AppScopes are the scopes that may be granted to an app at all.
func AppScopes() ScopeSet { return appScopes(func(string) bool { return true }) }

func appScopes(keep func(name string) bool) ScopeSet {
	var names []string
	for _, row := range scopeTable {
		if row.app && keep(row.name) {
			names = append(names, row.name)
		}
	}
	return ScopesOf(names...)
}

// RoleScopes is what a user of the role may grant to an app: owners and admins everything an app may
// hold, operators what runs the business, viewers what reads, anybody else nothing.
func RoleScopes(role string) ScopeSet {
	switch role {
	case RoleOwner, RoleAdmin:
		return AppScopes()
	case RoleOperator:
		return appScopes(func(name string) bool { return !slices.Contains(settingScopes, name) })
	case RoleViewer:
		return appScopes(Reads)
	}
	return ScopeSet{}
}

// Role is what the user is for the merchant. Fault: MERCHANT_ACCESS_REQUIRED.
func Role(tx db.Tx, merchantID, userID string) (string, error) {
	var one int64
	err := tx.QueryRow([]any{&one}, `SELECT 1 FROM users WHERE merchant_id = $1 AND user_id = $2`, merchantID, userID)
	if errors.Is(err, db.ErrNoRows) {
		return "", fault.Forbidden("MERCHANT_ACCESS_REQUIRED", "You do not work for this merchant.")
	}
	if err != nil {
		return "", fmt.Errorf("read the role of a user: %w", err)
	}
	return RoleOwner, nil
}
