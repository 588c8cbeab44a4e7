package app

import (
	"errors"
	"fmt"

	"flint/internal/db"
)

// NameFor is the name of an app that a merchant installed, now or once; empty when it never did.
func NameFor(tx db.Tx, merchantID, appID string) (string, error) {
	var name string
	err := tx.QueryRow([]any{&name}, `SELECT v.name FROM app_installs i
			JOIN apps a ON a.merchant_id = i.owner_id AND a.app_id = i.app_id
			JOIN app_versions v ON v.merchant_id = a.merchant_id AND v.app_id = a.app_id AND v.version = a.version
		WHERE i.merchant_id = $1 AND i.app_id = $2 ORDER BY i.created_at DESC LIMIT 1`, merchantID, appID)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", fmt.Errorf("read the name of app %s: %w", appID, err)
	}
	return name, nil
}
