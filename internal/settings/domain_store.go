package settings

import (
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

const domainColumns = `hostname, status, reason, checked_at, redirect_until, created_at, updated_at,
	COALESCE((SELECT payment_method_domain_id FROM payment_method_domains w WHERE w.merchant_id = d.merchant_id
		AND w.environment_id = d.environment_id AND w.domain_name = d.hostname), '')`

// findDomain reads the domain that a scope uses or used last: the one in use, otherwise the newest.
func findDomain(tx db.Tx, scope tenant.Scope, kind, lock string) (*Domain, error) {
	return oneDomain(tx, scope, kind, ` ORDER BY CASE WHEN status = 'removed' THEN 1 ELSE 0 END, updated_at DESC, hostname LIMIT 1`+lock)
}

func oneDomain(tx db.Tx, scope tenant.Scope, kind, rest string, args ...any) (*Domain, error) {
	d := &Domain{Scope: scope, Type: kind}
	var checked, until *time.Time
	err := tx.QueryRow([]any{&d.Hostname, &d.Status, &d.Reason, &checked, &until, &d.CreatedAt, &d.UpdatedAt, &d.WalletDomainID},
		`SELECT `+domainColumns+` FROM custom_domains d WHERE merchant_id = $1 AND environment_id = $2 AND domain_type = $3`+rest,
		append([]any{scope.MerchantID, scope.EnvironmentID, kind}, args...)...)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a custom domain: %w", err)
	}
	if checked != nil {
		d.CheckedAt = *checked
	}
	if until != nil {
		d.RedirectUntil = *until
	}
	return d, nil
}

func saveDomain(tx db.Tx, d *Domain) error {
	err := tx.Send(`INSERT INTO custom_domains (merchant_id, environment_id, domain_type, hostname, status, reason, checked_at, redirect_until, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (merchant_id, environment_id, domain_type, hostname) DO UPDATE SET
		status = excluded.status, reason = excluded.reason, checked_at = excluded.checked_at, redirect_until = excluded.redirect_until, updated_at = excluded.updated_at`,
		d.Scope.MerchantID, d.Scope.EnvironmentID, d.Type, d.Hostname, d.Status, d.Reason, d.CheckedAt, d.RedirectUntil, d.CreatedAt, d.UpdatedAt)
	if err != nil {
		return fmt.Errorf("write a custom domain: %w", err)
	}
	return nil
}

// takeHostname notes whose a proven hostname is; false when it is somebody else's.
func takeHostname(tx db.Tx, d *Domain) (bool, error) {
	_, err := tx.Exec(`INSERT INTO platform_hostnames (hostname, merchant_id, environment_id, domain_type, taken_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (hostname) DO NOTHING`, d.Hostname, d.Scope.MerchantID, d.Scope.EnvironmentID, d.Type, d.UpdatedAt)
	if err != nil {
		return false, fmt.Errorf("take a hostname: %w", err)
	}
	return hostnameFree(tx, d)
}

// hostnameFree reports whether nobody else has proven the hostname.
func hostnameFree(tx db.Tx, d *Domain) (bool, error) {
	var merchantID, environmentID, kind string
	err := tx.QueryRow([]any{&merchantID, &environmentID, &kind}, `SELECT merchant_id, environment_id, domain_type FROM platform_hostnames WHERE hostname = $1`, d.Hostname)
	if errors.Is(err, db.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read whose a hostname is: %w", err)
	}
	return merchantID == d.Scope.MerchantID && environmentID == d.Scope.EnvironmentID && kind == d.Type, nil
}

func freeHostname(tx db.Tx, d *Domain) error {
	err := tx.Send(`DELETE FROM platform_hostnames WHERE hostname = $1 AND merchant_id = $2 AND environment_id = $3 AND domain_type = $4`,
		d.Hostname, d.Scope.MerchantID, d.Scope.EnvironmentID, d.Type)
	if err != nil {
		return fmt.Errorf("free a hostname: %w", err)
	}
	return nil
}
