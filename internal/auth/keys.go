package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// CreateKeyInput describes a new key.
type CreateKeyInput struct {
	Scope     tenant.Scope // the environment the key will belong to, which the caller has checked
	Name      string
	Scopes    []string
	Networks  []string   // where it may be used from, addresses and prefixes; none is anywhere
	AnyMode   bool       // a test key may get scopes that are for live keys; for development
	ExpiresAt time.Time  // zero: never
	Giver     *Principal // whose scopes bound the new key's, and who stands behind it; nil for the operator
	Now       time.Time
}

// Validate reports every fault of the input.
func (in CreateKeyInput) Validate() error {
	var faults fault.List
	checkName(&faults, in.Name)
	checkScopes(&faults, in.Scopes, in.Giver, in.Scope.Mode(), in.AnyMode)
	checkNetworks(&faults, in.Networks)
	checkExpiry(&faults, in.ExpiresAt, in.Now)
	return faults.Err()
}

// CreateKey makes a key and returns it with its secret, which nothing can show again.
func (s *Service) CreateKey(_ context.Context, tx db.Tx, in CreateKeyInput) (Key, secret.Text, error) {
	if err := in.Validate(); err != nil {
		return Key{}, secret.Text{}, err
	}
	if err := in.Scope.Check(); err != nil {
		return Key{}, secret.Text{}, err
	}
	token := secret.NewToken(tokenPrefix(in.Scope))
	k := Key{ID: s.ids.New(id.APIKey), Scope: in.Scope, Name: strings.TrimSpace(in.Name), Prefix: token[:prefixShown],
		Scopes: ScopesOf(in.Scopes...), Status: StatusActive, ExpiresAt: in.ExpiresAt, CreatedAt: in.Now, UpdatedAt: in.Now}
	var none fault.List // Validate has asked
	k.Networks = checkNetworks(&none, in.Networks)
	if in.Giver != nil {
		k.HeldBy = in.Giver.Person()
	}
	return k, secret.NewText(token), errors.Join(insertKey(tx, k, secret.Hash(token)), saveNetworks(tx, k))
}

// GetKey reads one key. environmentID narrows it to one environment; empty is the whole merchant.
func (s *Service) GetKey(_ context.Context, tx db.Tx, merchantID, environmentID, keyID string) (Key, error) {
	return found(keyByID(tx, merchantID, environmentID, keyID, ""))
}

func found(k Key, err error) (Key, error) {
	if errors.Is(err, db.ErrNoRows) {
		return Key{}, fault.NotFound("API key")
	}
	if err != nil {
		return Key{}, fmt.Errorf("read an API key: %w", err)
	}
	return k, nil
}

// UpdateKeyInput changes what is not nil.
type UpdateKeyInput struct {
	MerchantID    string
	EnvironmentID string // empty: any of the merchant's
	KeyID         string
	Name          *string
	Scopes        []string // nil: unchanged; otherwise the complete new list
	Networks      []string // nil: unchanged; otherwise the complete new list, empty for anywhere
	AnyMode       bool     // as in CreateKeyInput
	ExpiresAt     *time.Time
	Giver         *Principal
	Now           time.Time
}

// Validate reports every fault of the input.
func (in UpdateKeyInput) Validate() error {
	var faults fault.List
	if in.Name == nil && in.Scopes == nil && in.Networks == nil && in.ExpiresAt == nil {
		faults.Add("NO_FIELDS_TO_UPDATE", "", "Send at least one field to change.")
	}
	if in.Name != nil {
		checkName(&faults, *in.Name)
	}
	checkNetworks(&faults, in.Networks)
	if in.ExpiresAt != nil {
		checkExpiry(&faults, *in.ExpiresAt, in.Now)
	}
	return faults.Err()
}

// UpdateKey changes name, scopes or expiry of an active key. Nobody can change a key that holds scopes
// they do not hold. Faults: RESOURCE_NOT_FOUND, API_KEY_ALREADY_REVOKED, API_KEY_MANAGEMENT_FORBIDDEN.
func (s *Service) UpdateKey(_ context.Context, tx db.Tx, in UpdateKeyInput) (Key, error) {
	if err := in.Validate(); err != nil {
		return Key{}, err
	}
	k, err := s.lockActive(tx, in.MerchantID, in.EnvironmentID, in.KeyID)
	if err != nil {
		return Key{}, err
	}
	if in.Giver != nil && !in.Giver.Scopes.Contains(k.Scopes) {
		return Key{}, fault.Forbidden("API_KEY_MANAGEMENT_FORBIDDEN", "This key holds scopes that yours does not.")
	}
	if in.Name != nil {
		k.Name = strings.TrimSpace(*in.Name)
	}
	if in.Scopes != nil {
		var faults fault.List
		checkScopes(&faults, in.Scopes, in.Giver, k.Scope.Mode(), in.AnyMode)
		if err := faults.Err(); err != nil {
			return Key{}, err
		}
		k.Scopes = ScopesOf(in.Scopes...)
	}
	if in.ExpiresAt != nil {
		k.ExpiresAt = *in.ExpiresAt
	}
	k.UpdatedAt = in.Now
	tx.AfterCommit(s.cache.clear)
	if in.Networks != nil {
		var none fault.List // Validate has asked
		k.Networks = checkNetworks(&none, in.Networks)
		if err := saveNetworks(tx, k); err != nil {
			return Key{}, err
		}
	}
	return k, updateKey(tx, k)
}

// RevokeKey ends a key for good; a key may revoke itself. Faults: RESOURCE_NOT_FOUND,
// API_KEY_ALREADY_REVOKED.
func (s *Service) RevokeKey(_ context.Context, tx db.Tx, merchantID, environmentID, keyID string, now time.Time) (Key, error) {
	k, err := s.lockActive(tx, merchantID, environmentID, keyID)
	if err != nil {
		return Key{}, err
	}
	k.Status, k.UpdatedAt = StatusRevoked, now
	tx.AfterCommit(s.cache.clear)
	return k, updateKey(tx, k)
}

// RevokeEnvironment ends every key of an environment, when its sandbox is reset or archived.
func (s *Service) RevokeEnvironment(_ context.Context, tx db.Tx, scope tenant.Scope, now time.Time) error {
	if err := scope.Check(); err != nil {
		return err
	}
	err := tx.Send(`UPDATE api_keys SET status = 'revoked', updated_at = $3
		WHERE merchant_id = $1 AND environment_id = $2 AND status = 'active'`, scope.MerchantID, scope.EnvironmentID, now)
	if err != nil {
		return fmt.Errorf("revoke the keys of an environment: %w", err)
	}
	tx.AfterCommit(s.cache.clear)
	return nil
}

func (s *Service) lockActive(tx db.Tx, merchantID, environmentID, keyID string) (Key, error) {
	k, err := found(keyByID(tx, merchantID, environmentID, keyID, tx.ForUpdate()))
	if err == nil && k.Status != StatusActive {
		return Key{}, fault.Conflict("API_KEY_ALREADY_REVOKED", "This API key was revoked and stays so.")
	}
	return k, err
}
