package auth

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/secret"
	"flint/internal/throttle"
)

// Back-off of one account: the first tries are free, then each failure doubles the wait.
const (
	freeTries    = 5
	firstWait    = 30 * time.Second
	longestWait  = 15 * time.Minute
	forgiveAfter = time.Hour // without a failure
)

// Rates of one network address, over all accounts. An office behind one address never notices.
var (
	tryRate  = throttle.Rate{PerSecond: 0.5, Burst: 30}
	codeRate = throttle.Rate{PerSecond: 1.0 / 30, Burst: 20}
)

// mailRate is how often a code is mailed to one account.
var mailRate = throttle.Rate{PerSecond: 1.0 / 300, Burst: 5}

// Wait refuses a try because too many came before. It is the same for accounts that do not exist.
type Wait struct{ For time.Duration }

// Error implements error.
func (w *Wait) Error() string { return fmt.Sprintf("auth: too many tries; wait %s", w.For) }

// throttled refuses what one key does too often. Keys are "what:who".
func (s *Service) throttled(key string, r throttle.Rate) error {
	if wait := s.tries.Take(key, r, s.clock.Now()); wait > 0 {
		return &Wait{wait}
	}
	return nil
}

// try counts a try of an account as failed before it is decided, so that many at once do not slip
// through together; forgive takes it back. Error: *Wait.
func try(tx db.Tx, method, email string, now time.Time) error {
	key := accountKey(method, email)
	if err := tx.Send(`INSERT INTO platform_sign_in_failures (account_key, updated_at) VALUES ($1, $2) ON CONFLICT (account_key) DO NOTHING`, key, now); err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	var failures, blocked int64
	var updated time.Time
	if err := tx.QueryRow([]any{&failures, &blocked, &updated}, `SELECT failures, blocked_until, updated_at FROM platform_sign_in_failures
		WHERE account_key = $1`+tx.ForUpdate(), key); err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	if left := time.UnixMicro(blocked).Sub(now); left > 0 {
		return &Wait{left}
	}
	if now.Sub(updated) > forgiveAfter {
		failures = 0
	}
	failures++
	if err := tx.Send(`UPDATE platform_sign_in_failures SET failures = $2, blocked_until = $3, updated_at = $4 WHERE account_key = $1`,
		key, failures, now.Add(backOff(failures)).UnixMicro(), now); err != nil {
		return fmt.Errorf("count a try: %w", err)
	}
	return nil
}

// backOff is how long an account waits after so many failures in a row.
func backOff(failures int64) time.Duration {
	if failures < freeTries {
		return 0
	}
	return min(firstWait<<min(failures-freeTries, 10), longestWait)
}

func forgive(tx db.Tx, method, email string) error {
	if err := tx.Send(`DELETE FROM platform_sign_in_failures WHERE account_key = $1`, accountKey(method, email)); err != nil {
		return fmt.Errorf("forget the failures of an account: %w", err)
	}
	return nil
}

// accountKey hides who tried to sign in: the table must not become a list of addresses.
func accountKey(method, email string) string { return secret.Hash(method + ":" + emailKey(email)) }
