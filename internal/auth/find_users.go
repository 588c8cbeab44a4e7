package auth

import (
	"fmt"
	"strings"

	"flint/internal/db"
)

// UsersOf are the users with an e-mail address, one per merchant they work for, the oldest first. Only who
// has proven the address may be told.
func UsersOf(tx db.Tx, email string) ([]User, error) {
	var out []User
	err := tx.Query(func(r db.Row) error {
		var u User
		err := r.Scan(&u.MerchantID, &u.ID, &u.Email, &u.FirstName, &u.LastName, &u.CreatedAt)
		out = append(out, u)
		return err
	}, `SELECT merchant_id, user_id, email, first_name, last_name, created_at FROM users WHERE email_key = $1 ORDER BY user_id LIMIT 50`, strings.ToLower(email))
	if err != nil {
		return nil, fmt.Errorf("read the users of an address: %w", err)
	}
	return out, nil
}

// Within is what both sets hold.
func (s ScopeSet) Within(o ScopeSet) ScopeSet {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

// CountKeys counts the keys that a merchant has ever had.
func CountKeys(tx db.Tx, merchantID string) (n int64, err error) {
	if err = tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM api_keys WHERE merchant_id = $1`, merchantID); err != nil {
		return 0, fmt.Errorf("count the keys of a merchant: %w", err)
	}
	return n, nil
}
