package buyer

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// Purposes of a code.
const (
	PurposeLink         = "link_guest_purchases"
	PurposeSignIn       = "sign_in"
	PurposeEmailNew     = "email_new"
	PurposeEmailCurrent = "email_current"
)

// A mailed code: how long it works, how often one may be wrong, and how many are made.
const (
	CodeLife    = 10 * time.Minute
	CodeTries   = 5
	codeEvery   = 30 * time.Second // to one address
	codesHourly = 5                // to one address
	codesDaily  = 20               // of one customer
)

// code is a row of customer_codes.
type code struct {
	Scope       tenant.Scope
	ID          string
	Purpose     string
	CustomerID  string
	Address     string
	Hash        string
	Tries       int64
	CreatedAt   time.Time
	ExpiresAt   time.Time
	ConfirmedAt time.Time
	RedeemedAt  time.Time
}

// verdict is what an attempt to use a code came to.
type verdict int

const (
	codeRight verdict = iota
	codeWrong
	codeEnded // expired, or tried too often
	codeUsed
)

func addressKey(v string) string { return strings.ToLower(strings.TrimSpace(v)) }

// digits is what of a typed code counts: people copy spaces along.
func digits(v string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, v[:min(len(v), 40)])
}

// hashOf ties a code to its row; without the key, six digits could be tried out on a copy of the table.
func (s *Service) hashOf(scope tenant.Scope, codeID, plain string) string {
	mac := hmac.New(sha256.New, s.Key)
	_, _ = fmt.Fprintf(mac, "%s/%s/%s:%s", scope.MerchantID, scope.EnvironmentID, codeID, plain) // a hash takes everything
	return hex.EncodeToString(mac.Sum(nil))
}

// send writes a code and, when mailed, queues the mail with it. The row is the same either way.
func (s *Service) send(tx db.Tx, c code, mailed bool) error {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return fmt.Errorf("draw a code: %w", err)
	}
	plain := fmt.Sprintf("%06d", n)
	c.Hash, c.ExpiresAt = s.hashOf(c.Scope, c.ID, plain), c.CreatedAt.Add(CodeLife)
	if err := tx.Send(`INSERT INTO customer_codes (merchant_id, environment_id, code_id, purpose, customer_id, address, address_key, code_hash,
		created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID, c.Purpose,
		c.CustomerID, c.Address, addressKey(c.Address), c.Hash, c.CreatedAt, c.ExpiresAt); err != nil {
		return fmt.Errorf("write a code: %w", err)
	}
	if !mailed || s.SendCode == nil {
		return nil
	}
	return s.SendCode(tx, CodeMail{Scope: c.Scope, Key: "customer_code:" + c.ID, Purpose: c.Purpose, CustomerID: c.CustomerID, To: c.Address,
		Code: secret.NewText(plain), Life: CodeLife})
}

// crowded tells how long to wait before another code goes to an address, and whether a customer has asked
// for as many as a day allows.
func crowded(tx db.Tx, scope tenant.Scope, address, customerID string, now time.Time) (wait time.Duration, full bool, err error) {
	var times []time.Time
	if err := tx.Query(func(r db.Row) error {
		var at time.Time
		err := r.Scan(&at)
		times = append(times, at)
		return err
	}, `SELECT created_at FROM customer_codes WHERE merchant_id = $1 AND environment_id = $2 AND address_key = $3 AND created_at > $4
		ORDER BY created_at DESC LIMIT $5`, scope.MerchantID, scope.EnvironmentID, addressKey(address), now.Add(-time.Hour), codesHourly); err != nil {
		return 0, false, fmt.Errorf("count the codes of an address: %w", err)
	}
	if len(times) > 0 {
		wait = times[0].Add(codeEvery).Sub(now)
	}
	if len(times) == codesHourly {
		wait = max(wait, times[codesHourly-1].Add(time.Hour).Sub(now))
	}
	if customerID == "" {
		return max(wait, 0), false, nil
	}
	var n int64
	if err := tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM customer_codes WHERE merchant_id = $1 AND environment_id = $2 AND customer_id = $3
		AND customer_id <> '' AND created_at > $4`, scope.MerchantID, scope.EnvironmentID, customerID, now.Add(-24*time.Hour)); err != nil {
		return 0, false, fmt.Errorf("count the codes of a customer: %w", err)
	}
	return max(wait, 0), n >= codesDaily, nil
}

// findCode reads a code; nil when the scope has none with the id.
func findCode(tx db.Tx, scope tenant.Scope, codeID, lock string) (*code, error) {
	c := code{Scope: scope, ID: codeID}
	err := tx.QueryRow([]any{&c.Purpose, &c.CustomerID, &c.Address, &c.Hash, &c.Tries, &c.CreatedAt, &c.ExpiresAt, &c.ConfirmedAt, &c.RedeemedAt},
		`SELECT purpose, customer_id, address, code_hash, tries, created_at, expires_at, confirmed_at, redeemed_at FROM customer_codes
		WHERE merchant_id = $1 AND environment_id = $2 AND code_id = $3`+lock, scope.MerchantID, scope.EnvironmentID, codeID)
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a code: %w", err)
	}
	return &c, nil
}

// judge compares a locked code with what was typed. Nothing is written.
func (s *Service) judge(c *code, typed string, now time.Time) verdict {
	switch {
	case !c.ConfirmedAt.IsZero():
		return codeUsed
	case !now.Before(c.ExpiresAt) || c.Tries >= CodeTries:
		return codeEnded
	case !secret.Equal(c.Hash, s.hashOf(c.Scope, c.ID, digits(typed))):
		return codeWrong
	}
	return codeRight
}

// missed counts a wrong try. Its transaction must commit.
func missed(tx db.Tx, c *code) error {
	if err := tx.Send(`UPDATE customer_codes SET tries = tries + 1 WHERE merchant_id = $1 AND environment_id = $2 AND code_id = $3`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID); err != nil {
		return fmt.Errorf("count a wrong code: %w", err)
	}
	return nil
}

// confirm marks a code as used; what it proves holds until expires.
func confirm(tx db.Tx, c *code, now, expires time.Time) error {
	c.ConfirmedAt, c.ExpiresAt = now, expires
	if err := tx.Send(`UPDATE customer_codes SET confirmed_at = $4, expires_at = $5 WHERE merchant_id = $1 AND environment_id = $2 AND code_id = $3`,
		c.Scope.MerchantID, c.Scope.EnvironmentID, c.ID, now, expires); err != nil {
		return fmt.Errorf("confirm a code: %w", err)
	}
	return nil
}

func errRateLimited(wait time.Duration) error {
	return (&fault.Error{Class: fault.ClassRateLimited, Code: "CUSTOMER_VERIFICATION_RATE_LIMITED",
		Message: "A code was asked for a moment ago, or too often within an hour."}).Retry(wait)
}

func errLimit() error {
	return &fault.Error{Class: fault.ClassRateLimited, Code: "CUSTOMER_VERIFICATION_LIMIT_REACHED",
		Message: "This customer has asked for as many codes as one day allows."}
}

func errCode() *fault.Error {
	return fault.Invalid("CUSTOMER_VERIFICATION_CODE_INVALID", "code", "This is not the code that was mailed.")
}

func errCodeExpired() *fault.Error {
	return &fault.Error{Class: fault.ClassGone, Code: "CUSTOMER_VERIFICATION_EXPIRED", Message: "This verification has expired, or was tried too often."}
}

func errCodeUsed() *fault.Error {
	return fault.Conflict("CUSTOMER_VERIFICATION_USED", "This verification was used before.")
}
