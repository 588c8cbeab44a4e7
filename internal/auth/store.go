package auth

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"flint/internal/db"
)

const keyColumns = `merchant_id, environment_id, api_key_id, name, key_prefix, scopes, status, expires_at, last_used_at, created_at, updated_at, held_by,
	COALESCE((SELECT n.networks FROM api_key_networks n WHERE n.merchant_id = api_keys.merchant_id
		AND n.environment_id = api_keys.environment_id AND n.api_key_id = api_keys.api_key_id), '')`

func scanKey(row func(dest []any) error) (Key, error) {
	var k Key
	var scopes, networks string
	var expires, used *time.Time
	err := row([]any{&k.Scope.MerchantID, &k.Scope.EnvironmentID, &k.ID, &k.Name, &k.Prefix, &scopes, &k.Status,
		&expires, &used, &k.CreatedAt, &k.UpdatedAt, &k.HeldBy, &networks})
	if err != nil {
		return Key{}, err
	}
	k.Scopes = ScopesOf(strings.Fields(scopes)...)
	for text := range strings.FieldsSeq(networks) {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return Key{}, fmt.Errorf("read where a key may be used from: %w", err)
		}
		k.Networks = append(k.Networks, p)
	}
	if expires != nil {
		k.ExpiresAt = *expires
	}
	if used != nil {
		k.LastUsedAt = *used
	}
	return k, nil
}

func keyByHash(tx db.Tx, hash string) (Key, error) {
	return scanKey(func(dest []any) error {
		return tx.QueryRow(dest, `SELECT `+keyColumns+` FROM api_keys WHERE secret_hash = $1`, hash)
	})
}

// keyByID reads a key of the merchant, of one environment where that is not empty.
func keyByID(tx db.Tx, merchantID, environmentID, keyID, lock string) (Key, error) {
	return scanKey(func(dest []any) error {
		return tx.QueryRow(dest, `SELECT `+keyColumns+` FROM api_keys
			WHERE merchant_id = $1 AND api_key_id = $2 AND ($3 = '' OR environment_id = $3)`+lock, merchantID, keyID, environmentID)
	})
}

func insertKey(tx db.Tx, k Key, hash string) error {
	err := tx.Send(`INSERT INTO api_keys (merchant_id, environment_id, api_key_id, name, key_prefix, secret_hash, scopes, status,
		expires_at, created_at, updated_at, held_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		k.Scope.MerchantID, k.Scope.EnvironmentID, k.ID, k.Name, k.Prefix, hash, strings.Join(k.Scopes.Names(), " "), k.Status,
		k.ExpiresAt, k.CreatedAt, k.UpdatedAt, k.HeldBy)
	if err != nil {
		return fmt.Errorf("insert an API key: %w", err)
	}
	return nil
}

// saveNetworks writes where a key may be used from.
func saveNetworks(tx db.Tx, k Key) error {
	err := tx.Send(`DELETE FROM api_key_networks WHERE merchant_id = $1 AND environment_id = $2 AND api_key_id = $3`,
		k.Scope.MerchantID, k.Scope.EnvironmentID, k.ID)
	if err == nil && len(k.Networks) > 0 {
		err = tx.Send(`INSERT INTO api_key_networks (merchant_id, environment_id, api_key_id, networks) VALUES ($1, $2, $3, $4)`,
			k.Scope.MerchantID, k.Scope.EnvironmentID, k.ID, strings.Join(k.NetworkTexts(), " "))
	}
	if err != nil {
		return fmt.Errorf("write where a key may be used from: %w", err)
	}
	return nil
}

// NetworkTexts are the networks as callers read them, nil for none.
func (k Key) NetworkTexts() []string {
	var out []string
	for _, p := range k.Networks {
		out = append(out, p.String())
	}
	return out
}

func updateKey(tx db.Tx, k Key) error {
	err := tx.Send(`UPDATE api_keys SET name = $4, scopes = $5, status = $6, expires_at = $7, updated_at = $8
		WHERE merchant_id = $1 AND environment_id = $2 AND api_key_id = $3`,
		k.Scope.MerchantID, k.Scope.EnvironmentID, k.ID, k.Name, strings.Join(k.Scopes.Names(), " "), k.Status, k.ExpiresAt, k.UpdatedAt)
	if err != nil {
		return fmt.Errorf("update an API key: %w", err)
	}
	return nil
}
