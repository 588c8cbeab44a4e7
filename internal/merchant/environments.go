package merchant

import (
	"context"
	"errors"
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// DefaultEnvironment is the live environment of a merchant, or its default sandbox.
func DefaultEnvironment(_ context.Context, tx db.Tx, merchantID string, mode tenant.Mode) (Environment, error) {
	e := Environment{Scope: tenant.Scope{MerchantID: merchantID}}
	err := tx.QueryRow([]any{&e.Scope.EnvironmentID, &e.Name, &e.Default, &e.Status, &e.CreatedAt, &e.UpdatedAt},
		`SELECT `+environmentColumns+` FROM environments WHERE merchant_id = $1 AND mode = $2 AND is_default = 1`, merchantID, mode)
	if errors.Is(err, db.ErrNoRows) {
		return Environment{}, fault.NotFound("environment")
	}
	if err != nil {
		return Environment{}, fmt.Errorf("read a default environment: %w", err)
	}
	return e, nil
}

// ReportingTimezone is the IANA name of the time zone whose days a merchant counts by.
func ReportingTimezone(_ context.Context, tx db.Tx, merchantID string) (string, error) {
	var name string
	err := tx.QueryRow([]any{&name}, `SELECT reporting_timezone FROM merchants WHERE merchant_id = $1`, merchantID)
	if err != nil {
		return "", fmt.Errorf("read a merchant's time zone: %w", err)
	}
	return name, nil
}

// Lock locks a merchant's row until tx ends, for changes of what belongs to it and may not exist yet.
// RESOURCE_NOT_FOUND when there is none.
func Lock(tx db.Tx, merchantID string) error {
	var found string
	err := tx.QueryRow([]any{&found}, `SELECT merchant_id FROM merchants WHERE merchant_id = $1`+tx.ForUpdate(), merchantID)
	if errors.Is(err, db.ErrNoRows) {
		return fault.NotFound("merchant")
	}
	if err != nil {
		return fmt.Errorf("lock a merchant: %w", err)
	}
	return nil
}

// AddressOf is the business address of a merchant, nil when it has none.
func AddressOf(tx db.Tx, merchantID string) (*Address, error) {
	var address string
	if err := tx.QueryRow([]any{&address}, `SELECT address FROM merchants WHERE merchant_id = $1`, merchantID); err != nil {
		return nil, fmt.Errorf("read a merchant's address: %w", err)
	}
	return fromJSON[Address](address)
}
