package auth

import (
	"fmt"
	"slices"
	"strings"

	"flint/internal/db"
)

// person is who signed in: an e-mail address and which of its users were proven. Users belong to one
// merchant each and a merchant makes its own, so a password or a passkey proves only the users it was
// set up for; otherwise a merchant could make a user with somebody's address and reach that person's
// other merchants. A mailed code proves the address and with it every user that has it.
type person struct {
	EmailKey string
	UserIDs  []string // empty: every user of the address
}

func (p person) ids() string { return strings.Join(p.UserIDs, " ") }

// covers reports whether p proved at least what o did.
func (p person) covers(o person) bool {
	switch {
	case p.EmailKey != o.EmailKey:
		return false
	case len(p.UserIDs) == 0:
		return true
	case len(o.UserIDs) == 0:
		return false
	}
	return !slices.ContainsFunc(o.UserIDs, func(id string) bool { return !slices.Contains(p.UserIDs, id) })
}

func emailKey(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// usersOf are the users that the person proved and that still exist, in the order they were made.
func usersOf(tx db.Tx, p person) ([]User, error) {
	var out []User
	err := tx.Query(func(r db.Row) error {
		var u User
		err := r.Scan(&u.MerchantID, &u.ID, &u.Email, &u.FirstName, &u.LastName, &u.CreatedAt)
		if err == nil && (len(p.UserIDs) == 0 || slices.Contains(p.UserIDs, u.ID)) {
			out = append(out, u)
		}
		return err
	}, `SELECT merchant_id, user_id, email, first_name, last_name, created_at FROM users WHERE email_key = $1 ORDER BY user_id LIMIT 50`, p.EmailKey)
	if err != nil {
		return nil, fmt.Errorf("read the users of an address: %w", err)
	}
	return out, nil
}

func idsOf(users []User) []string {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	return ids
}
