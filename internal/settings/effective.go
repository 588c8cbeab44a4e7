package settings

import (
	"strings"

	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/tenant"
)

// Service holds the collaborators.
type Service struct{}

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
