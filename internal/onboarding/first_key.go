package onboarding

import (
	"context"
	"fmt"
	"slices"
	"time"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
)

// FirstKeyInput describes the first key of a merchant.
type FirstKeyInput struct {
	Caller    auth.Principal // an onboarding session
	SandboxID string         // empty for the session's own
	Name      string
	Scopes    []string // nil for all that a first key may have
	Now       time.Time
}

// Validate reports the scopes that a first key cannot have.
func (in FirstKeyInput) Validate() error {
	var faults fault.List
	for i, v := range in.Scopes {
		if !slices.Contains(bootstrap, v) {
			faults.Add("INVALID_BOOTSTRAP_SCOPES", fmt.Sprintf("scopes[%d]", i), "A first key cannot have this scope.")
		}
	}
	return faults.Err()
}

// FirstKey makes a sandbox key for a merchant that never had one. Faults: INITIAL_API_KEY_ALREADY_CREATED, ONBOARDING_DIRECT_OWNER_REQUIRED,
// INVALID_BOOTSTRAP_SCOPES, those of auth.CreateKey, SANDBOX_INACTIVE.
func (s *Service) FirstKey(ctx context.Context, tx db.Tx, in FirstKeyInput) (auth.Key, secret.Text, error) {
	if err := in.Validate(); err != nil {
		return auth.Key{}, secret.Text{}, err
	}
	if !in.Caller.Scopes.Has("accounts.api_keys.write") {
		return auth.Key{}, secret.Text{}, fault.Forbidden("ONBOARDING_DIRECT_OWNER_REQUIRED", "Only an owner or an admin of the merchant makes its first key.")
	}
	scope, err := s.sandboxOf(ctx, tx, in.Caller, in.SandboxID)
	if err != nil {
		return auth.Key{}, secret.Text{}, err
	}
	// The merchant's row keeps two first keys apart.
	var merchantID string
	if err := tx.QueryRow([]any{&merchantID}, `SELECT merchant_id FROM merchants WHERE merchant_id = $1`+tx.ForUpdate(), scope.MerchantID); err != nil {
		return auth.Key{}, secret.Text{}, fmt.Errorf("lock a merchant: %w", err)
	}
	switch keys, err := auth.CountKeys(tx, scope.MerchantID); {
	case err != nil:
		return auth.Key{}, secret.Text{}, err
	case keys > 0:
		return auth.Key{}, secret.Text{}, fault.Conflict("INITIAL_API_KEY_ALREADY_CREATED", "This merchant has had its first key.").
			Then("Use that key, or have its sandbox issue another one.")
	}
	scopes := in.Scopes
	if scopes == nil {
		scopes = auth.ScopesOf(bootstrap...).Within(in.Caller.Scopes).OfMode(scope.Mode()).Names()
	}
	return s.Keys.CreateKey(ctx, tx, auth.CreateKeyInput{Scope: scope, Name: in.Name, Scopes: scopes, Giver: &in.Caller, Now: in.Now})
}
