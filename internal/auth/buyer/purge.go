package buyer

import (
	"fmt"
	"time"

	"flint/internal/db"
)

// keepEnded is how long what has ended stays: a spent refresh token has to be known as spent while a
// browser may still hold it, and codes count for the limits of a day.
const keepEnded = 7 * 24 * time.Hour

// Purge removes at most limit rows of each table that nobody can use any more, and tells the largest number
// it removed from one.
func Purge(tx db.Tx, now time.Time, limit int) (int64, error) {
	var most int64
	for _, p := range []struct{ what, sql string }{
		{"refresh tokens", `DELETE FROM customer_session_refreshes WHERE (merchant_id, environment_id, refresh_hash) IN
			(SELECT r.merchant_id, r.environment_id, r.refresh_hash FROM customer_session_refreshes r JOIN customer_sessions s
			ON s.merchant_id = r.merchant_id AND s.environment_id = r.environment_id AND s.customer_session_id = r.customer_session_id
			WHERE s.expires_at <= $1 ORDER BY s.expires_at LIMIT $2)`},
		{"sessions", `DELETE FROM customer_sessions WHERE (merchant_id, environment_id, customer_session_id) IN
			(SELECT s.merchant_id, s.environment_id, s.customer_session_id FROM customer_sessions s WHERE s.expires_at <= $1
			AND NOT EXISTS (SELECT 1 FROM customer_session_refreshes r WHERE r.merchant_id = s.merchant_id AND r.environment_id = s.environment_id
			AND r.customer_session_id = s.customer_session_id) ORDER BY s.expires_at LIMIT $2)`},
		{"entries", `DELETE FROM customer_account_entries WHERE (merchant_id, environment_id, entry_hash) IN
			(SELECT merchant_id, environment_id, entry_hash FROM customer_account_entries WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`},
		{"logins", `DELETE FROM customer_account_logins WHERE (merchant_id, environment_id, login_hash) IN
			(SELECT merchant_id, environment_id, login_hash FROM customer_account_logins WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`},
		{"codes", `DELETE FROM customer_codes WHERE (merchant_id, environment_id, code_id) IN
			(SELECT merchant_id, environment_id, code_id FROM customer_codes WHERE created_at <= $1 ORDER BY created_at LIMIT $2)`},
		{"links", `DELETE FROM order_access_links WHERE (merchant_id, environment_id, access_link_id) IN
			(SELECT merchant_id, environment_id, access_link_id FROM order_access_links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`},
	} {
		n, err := tx.Exec(p.sql, now.Add(-keepEnded), limit)
		if err != nil {
			return 0, fmt.Errorf("purge %s of customers: %w", p.what, err)
		}
		most = max(most, n)
	}
	return most, nil
}
