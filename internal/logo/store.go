package logo

import (
	"errors"
	"fmt"

	"flint/internal/db"
	"flint/internal/tenant"
)

func read(tx db.Tx, scope tenant.Scope) (k kept, err error) {
	err = tx.QueryRow([]any{&k.url, &k.data, &k.tried}, `SELECT url, data, tried_at FROM logos WHERE merchant_id = $1 AND environment_id = $2`,
		scope.MerchantID, scope.EnvironmentID)
	if errors.Is(err, db.ErrNoRows) {
		return kept{}, nil
	}
	if err != nil {
		return kept{}, fmt.Errorf("read the logo: %w", err)
	}
	return k, nil
}

func write(tx db.Tx, scope tenant.Scope, k kept) error {
	if k.data == nil {
		k.data = []byte{}
	}
	_, err := tx.Exec(`INSERT INTO logos (merchant_id, environment_id, url, data, tried_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (merchant_id, environment_id) DO UPDATE SET url = excluded.url, data = excluded.data, tried_at = excluded.tried_at`,
		scope.MerchantID, scope.EnvironmentID, k.url, k.data, k.tried)
	if err != nil {
		return fmt.Errorf("keep the logo: %w", err)
	}
	return nil
}
