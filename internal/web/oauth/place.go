package oauth

import (
	"context"
	"fmt"
	"slices"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/tenant"
	"flint/internal/web/signin"
)

// place is a merchant environment in which the visitor may let an app act.
type place struct {
	User     auth.User
	Scope    tenant.Scope
	Merchant string // name
	Name     string // of the environment
	Live     bool
	Default  bool
	Role     string
	Holder   auth.ScopeSet // what the visitor may grant there
}

// Value names the place in a form.
func (p place) Value() string { return p.Scope.MerchantID + " " + p.Scope.EnvironmentID }

// maxSandboxes bounds how many sandboxes of one merchant are offered.
const maxSandboxes = 50

// places are where the visitor may let an app act, in the given modes; merchants in the visitor's order,
// the default environment of each first.
func (h *Handler) places(ctx context.Context, tx db.Tx, v *signin.Visitor, modes ...tenant.Mode) ([]place, error) {
	var out []place
	for _, u := range v.Users {
		role, err := auth.Role(tx, u.MerchantID, u.ID)
		if fault.Is(err, "MEMBERSHIP_REQUIRED") {
			continue // no longer a member: there is nothing to grant
		}
		if err != nil {
			return nil, err
		}
		m, err := h.Merchants.Get(ctx, tx, u.MerchantID)
		if err != nil {
			return nil, fmt.Errorf("read a merchant of the visitor: %w", err)
		}
		at := place{User: u, Merchant: m.BusinessName, Role: role, Holder: auth.RoleScopes(role)}
		environments, err := h.environments(ctx, tx, u.MerchantID, modes)
		if err != nil {
			return nil, err
		}
		for _, e := range environments {
			at.Scope, at.Name, at.Live, at.Default = e.Scope, e.Name, e.Scope.Mode() == tenant.ModeLive, e.Default
			out = append(out, at)
		}
	}
	return out, nil
}

func (h *Handler) environments(ctx context.Context, tx db.Tx, merchantID string, modes []tenant.Mode) ([]merchant.Environment, error) {
	var out []merchant.Environment
	if slices.Contains(modes, tenant.ModeLive) {
		live, err := merchant.DefaultEnvironment(ctx, tx, merchantID, tenant.ModeLive)
		if err != nil {
			return nil, fmt.Errorf("read a live environment: %w", err)
		}
		out = append(out, live)
	}
	if slices.Contains(modes, tenant.ModeTest) {
		sandboxes, _, err := h.Merchants.ListSandboxes(ctx, tx, merchant.ListSandboxesInput{MerchantID: merchantID, Status: merchant.StatusActive, Limit: maxSandboxes})
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(sandboxes, func(a, b merchant.Environment) int { return boolOrder(b.Default) - boolOrder(a.Default) })
		out = append(out, sandboxes...)
	}
	return out, nil
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}

// narrow keeps the places of a merchant and an environment, where these are given.
func narrow(all []place, merchantID, environmentID string) []place {
	return slices.DeleteFunc(slices.Clone(all), func(p place) bool {
		return merchantID != "" && p.Scope.MerchantID != merchantID || environmentID != "" && p.Scope.EnvironmentID != environmentID
	})
}
