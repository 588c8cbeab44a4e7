// Package tenant names whose data an operation touches: one merchant and one of its environments.
//
// Every query of the platform takes a Scope, so a forgotten tenant is a compile error and an empty
// one is refused before any SQL runs.
package tenant

import (
	"flint/internal/fault"
)

// Mode tells real money from rehearsals.
type Mode string

const (
	// ModeTest is a sandbox: money is simulated or goes to a processor's test account.
	ModeTest Mode = "test"
	// ModeLive moves real money.
	ModeLive Mode = "live"
)

// Scope is one merchant and one environment of it, a sandbox ("test_…") or the live environment
// ("menv_…"). The zero Scope belongs to nobody; Check refuses it.
type Scope struct {
	MerchantID    string
	EnvironmentID string
}

// Check returns an internal fault when either half is missing. Stores call it before they touch a row.
func (s Scope) Check() error {
	if s.MerchantID == "" || s.EnvironmentID == "" {
		return fault.Internal("MERCHANT_CONTEXT_MISSING", "an operation reached the database without a merchant environment")
	}
	return nil
}

// Mode reads the mode off the environment id's prefix.
func (s Scope) Mode() Mode {
	if len(s.EnvironmentID) > 5 && s.EnvironmentID[:5] == "test_" {
		return ModeTest
	}
	return ModeLive
}
