package settings

import (
	"strings"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Service holds the collaborators. Effective needs none of them, Address and Here need BaseURL.
type Service struct {
	IDs    *id.Source
	Clock  clock.Clock
	Events *event.Log
	// BaseURL is the public address of the installation, without a slash at its end.
	BaseURL string
	// Host is the public hostname of the installation, which custom domains lead to; empty when it has
	// none, and then they are refused.
	Host     string
	Resolver Resolver
	// Term reports whether a payment term can be used for new invoices; nil: there is none.
	Term func(tx db.Tx, scope tenant.Scope, termID string) (bool, error)
	// TakesOptions tells the payment options that the environment's processor takes; nil: none.
	TakesOptions func(scope tenant.Scope) []string

	names names
}

// Effective reads the settings that hold for an environment, in the caller's transaction: what its
// merchant has said over the platform's defaults. RESOURCE_NOT_FOUND when there is no such merchant.
func (s *Service) Effective(tx db.Tx, scope tenant.Scope) (*Settings, error) {
	r, err := find(tx, scope)
	if err != nil {
		return nil, err
	}
	return r.over(scope)
}

// ID is the settings_id of an environment. It is made of the environment's own, so that it is the same
// before and after the first change.
func ID(scope tenant.Scope) string {
	_, rest, _ := strings.Cut(scope.EnvironmentID, "_")
	return id.Settings + "_" + rest
}
