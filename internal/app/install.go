package app

import (
	"slices"
	"time"

	"flint/internal/auth"
	"flint/internal/tenant"
)

// Statuses of an install. docs/states/app-install.md draws them.
const (
	StatusPendingConsent           = "pending_consent"
	StatusPendingOnboarding        = "pending_onboarding"
	StatusPendingExchange          = "pending_exchange"
	StatusActive                   = "active"
	StatusPendingPermissionUpgrade = "pending_permission_upgrade"
	StatusFlaggedForReview         = "flagged_for_review"
	StatusErrored                  = "errored"
	StatusRevoked                  = "revoked"
)

// Statuses of a grant.
const (
	GrantPendingExchange = "pending_exchange"
	GrantActive          = "active"
	GrantRevoked         = "revoked"
)

// Reasons of a revocation.
const (
	RevokedByMerchant    = "merchant"    // the installer removed the app
	RevokedByOwner       = "owner"       // the app gave the install up
	RevokedByRisk        = "risk"        // at once, without time to clean up
	RevokedByDeletion    = "app_deleted" // the app itself goes
	RevokedByEnvironment = "environment" // the sandbox was reset or archived
)

// CleanupTime is how long a removed app has to put its own things away.
const CleanupTime = 15 * time.Minute

// ExchangeTime is how long a consent waits for its code to be redeemed before it counts as failed.
const ExchangeTime = 15 * time.Minute

// Install is an app at the merchant that installed it.
type Install struct {
	MerchantID    string // of the installer
	ID            string // pinst_…
	AppID         string
	OwnerID       string // merchant of the app
	Status        string
	Version       int64         // of the app, that was last consented to
	PermissionIDs []string      // of all live grants
	Scopes        auth.ScopeSet // of all live grants
	InstalledBy   string        // user_…, empty when no user of ours did it
	Limits        Limits
	PausedAt      time.Time // zero: not paused
	RevokedAt     time.Time
	RevokedBy     string // user_…
	RevokedReason string
	CleanupUntil  time.Time // after a removal, until when the app may clean up
	Removal       *RemovalReceipt
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Grant is what an install may do in one environment.
type Grant struct {
	Scope         tenant.Scope
	ID            string // egrt_…
	InstallID     string
	AppID         string
	OwnerID       string
	Status        string
	Version       int64 // of the app, that was consented to
	PermissionIDs []string
	Scopes        auth.ScopeSet
	RevokedAt     time.Time
	RevokedBy     string
	CreatedAt     time.Time
	UpdatedAt     time.Time

	removed map[string]int64 // shared by the copies given to one run of hooks
}

// RemovalReceipt says what ended with an install.
type RemovalReceipt struct {
	FinishedAt time.Time        `json:"finished_at"`
	GrantIDs   []string         `json:"grant_ids"`
	Removed    map[string]int64 `json:"removed"` // what -> how many
}

// Removed notes on the receipt that a hook of OnRevoke ended n things of a kind: tokens,
// webhook_endpoints, webhook_deliveries, extensions.
func (g Grant) Removed(what string, n int64) {
	if g.removed != nil {
		g.removed[what] += n
	}
}

// Usable reports whether ordinary tokens of the grant work now.
func (i *Install) Usable(g *Grant) bool {
	live := i.Status == StatusActive || i.Status == StatusPendingPermissionUpgrade
	return live && i.PausedAt.IsZero() && g.Status == GrantActive
}

// CleaningUp reports whether the install is removed and its cleanup tokens still work.
func (i *Install) CleaningUp(now time.Time) bool {
	return i.Status == StatusRevoked && i.Removal == nil && now.Before(i.CleanupUntil)
}

// CleanupScopes is what a cleanup token may do: see to the app's own endpoints, as far as the grant
// let it, and read its install.
func (g Grant) CleanupScopes() auth.ScopeSet {
	names := []string{"webhooks.read"}
	if g.Scopes.Has("webhooks.write") {
		names = append(names, "webhooks.write")
	}
	return auth.ScopesOf(names...)
}

// derive sets what follows from the live grants: status, permissions and scopes. upgrade tells that
// the app asks for more than some grant consented to. Flagged and revoked installs keep their status.
func (i *Install) derive(grants []Grant, order []Permission, upgrade bool) {
	var names, permissions []string
	active, pending := false, false
	for _, g := range grants {
		if g.Status == GrantRevoked {
			continue
		}
		active = active || g.Status == GrantActive
		pending = pending || g.Status == GrantPendingExchange
		names = append(names, g.Scopes.Names()...)
		permissions = append(permissions, g.PermissionIDs...)
	}
	i.Scopes = auth.ScopesOf(names...)
	i.PermissionIDs = inOrder(order, permissions)
	if i.Status == StatusFlaggedForReview || i.Status == StatusRevoked {
		return
	}
	switch {
	case active && upgrade:
		i.Status = StatusPendingPermissionUpgrade
	case active:
		i.Status = StatusActive
	case pending:
		i.Status = StatusPendingExchange
	}
}

// inOrder sorts ids as the manifest does, those it no longer has at the end, each once.
func inOrder(manifest []Permission, ids []string) []string {
	out := []string{}
	for _, p := range manifest {
		if slices.Contains(ids, p.ID) {
			out = append(out, p.ID)
		}
	}
	rest := slices.Sorted(slices.Values(ids))
	for _, v := range slices.Compact(rest) {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
