package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/organization"
	"flint/internal/secret"
)

// User is a person who may sign in for one merchant.
type User struct {
	ID         string
	MerchantID string
	Email      string
	FirstName  string
	LastName   string
	CreatedAt  time.Time
}

// CreateUserInput describes a new user.
type CreateUserInput struct {
	MerchantID string
	Email      string
	Password   secret.Text
	FirstName  string
	LastName   string
	Role       string // in the merchant's organization; empty is none, but the first user becomes its owner
	Now        time.Time
}

const minPassword, maxPassword = 12, 256

// Validate reports every fault of the input.
func (in CreateUserInput) Validate() error {
	var faults fault.List
	if a, err := mail.ParseAddress(in.Email); err != nil || a.Address != in.Email {
		faults.Add("INVALID_EMAIL_FORMAT", "email", "This is not an e-mail address.")
	}
	if n := utf8.RuneCountInString(in.Password.Reveal()); n < minPassword || n > maxPassword {
		faults.Add("INVALID_PASSWORD", "password", "A password has %d to %d characters.", minPassword, maxPassword)
	}
	if in.Role != "" && !organization.KnownRole(in.Role) {
		faults.Add("INVALID_ROLE", "role", "A role is owner, admin, operator or viewer.")
	}
	return faults.Err()
}

// CreateUser makes a user. Faults: EMAIL_ALREADY_LINKED, OWNERSHIP_TRANSFER_REQUIRED for a second owner.
func (s *Service) CreateUser(_ context.Context, tx db.Tx, in CreateUserInput) (User, error) {
	if err := in.Validate(); err != nil {
		return User{}, err
	}
	u := User{ID: s.ids.New(id.User), MerchantID: in.MerchantID, Email: in.Email, FirstName: in.FirstName, LastName: in.LastName, CreatedAt: in.Now}
	n, err := tx.Exec(`INSERT INTO users (merchant_id, user_id, email, email_key, first_name, last_name, password_hash, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (merchant_id, email_key) DO NOTHING`,
		u.MerchantID, u.ID, u.Email, strings.ToLower(u.Email), u.FirstName, u.LastName, hashPassword(in.Password), in.Now)
	if err != nil {
		return User{}, fmt.Errorf("insert a user: %w", err)
	}
	if n == 0 {
		return User{}, fault.Conflict("EMAIL_ALREADY_LINKED", "A user of this merchant has this e-mail address.")
	}
	return u, organization.Join(tx, u.MerchantID, u.ID, in.Role, in.Now)
}

// KnownUser reports whether the user is one of the merchants'.
func KnownUser(tx db.Tx, merchantIDs []string, userID string) (bool, error) {
	for _, m := range merchantIDs {
		var n int64
		if err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM users WHERE merchant_id = $1 AND user_id = $2`, m, userID); err != nil {
			return false, fmt.Errorf("look a user up: %w", err)
		}
		if n > 0 {
			return true, nil
		}
	}
	return false, nil
}

// VerifyPassword returns the users with the address whose password it is, one per merchant they work
// for. Fault: AUTHENTICATION_FAILED, the same and after the same work for an unknown address.
func (s *Service) VerifyPassword(ctx context.Context, email string, password secret.Text) ([]User, error) {
	type stored struct {
		user User
		hash string
	}
	var all []stored
	err := s.db.Read(ctx, func(tx db.Tx) error {
		all = nil
		return tx.Query(func(r db.Row) error {
			var v stored
			err := r.Scan(&v.user.MerchantID, &v.user.ID, &v.user.Email, &v.user.FirstName, &v.user.LastName, &v.user.CreatedAt, &v.hash)
			all = append(all, v)
			return err
		}, `SELECT merchant_id, user_id, email, first_name, last_name, created_at, password_hash FROM users WHERE email_key = $1 ORDER BY user_id LIMIT 20`,
			strings.ToLower(email))
	})
	if err != nil {
		return nil, fmt.Errorf("look a user up: %w", err)
	}
	if len(all) == 0 {
		hashPassword(password)
	}
	var out []User
	for _, v := range all {
		ok, err := passwordMatches(v.hash, password)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, v.user)
		}
	}
	if len(out) == 0 {
		return nil, fault.Unauthenticated("AUTHENTICATION_FAILED", "The e-mail address or the password is wrong.")
	}
	return out, nil
}

// The cost of a password hash: OWASP's recommendation of 19 MiB and two passes, one lane.
const (
	argonTime, argonMemory, argonLanes = 2, 19 * 1024, 1
	argonSalt, argonKey                = 16, 32
)

func hashPassword(p secret.Text) string {
	salt := secret.NewBytes(argonSalt)
	key := argon2.IDKey([]byte(p.Reveal()), salt, argonTime, argonMemory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonLanes, b64(salt), b64(key))
}

func passwordMatches(hash string, p secret.Text) (bool, error) {
	var version int
	var memory, passes uint32
	var lanes uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("auth: a password hash is not readable")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil || version != argon2.Version {
		return false, errors.New("auth: a password hash is not readable")
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err := errors.Join(err1, err2); err != nil {
		return false, fmt.Errorf("auth: a password hash is not readable: %w", err)
	}
	got := argon2.IDKey([]byte(p.Reveal()), salt, passes, memory, lanes, uint32(len(key)))
	return subtle.ConstantTimeCompare(got, key) == 1, nil
}
