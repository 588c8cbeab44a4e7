package oauth

import (
	"fmt"
	"time"

	"flint/internal/db"
)

// Purge removes at most limit rows of each table that nobody can use any more and whose second use need
// not be recognized, and tells the largest number it removed from one.
func Purge(tx db.Tx, now time.Time, limit int) (int64, error) {
	var most int64
	for _, p := range []struct{ what, sql string }{
		{"codes", `DELETE FROM oauth_codes WHERE (merchant_id, environment_id, code_hash) IN
			(SELECT merchant_id, environment_id, code_hash FROM oauth_codes WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2)`},
		{"tokens", `DELETE FROM oauth_tokens WHERE (merchant_id, environment_id, token_hash) IN
			(SELECT merchant_id, environment_id, token_hash FROM oauth_tokens WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2)`},
		{"devices", `DELETE FROM oauth_devices WHERE (merchant_id, environment_id, device_hash) IN
			(SELECT merchant_id, environment_id, device_hash FROM oauth_devices WHERE purge_at <= $1 ORDER BY purge_at LIMIT $2)`},
	} {
		n, err := tx.Exec(p.sql, now, limit)
		if err != nil {
			return 0, fmt.Errorf("purge %s: %w", p.what, err)
		}
		most = max(most, n)
	}
	n, err := tx.Exec(`DELETE FROM oauth_token_families WHERE (merchant_id, environment_id, family_id) IN
		(SELECT merchant_id, environment_id, family_id FROM oauth_token_families WHERE idle_until <= $1 ORDER BY idle_until LIMIT $2)`,
		now.Add(-keepSpent), limit)
	if err != nil {
		return 0, fmt.Errorf("purge families of tokens: %w", err)
	}
	return max(most, n), nil
}
