package idempotency

import (
	"fmt"
	"strings"
	"time"

	"flint/internal/db"
	"flint/internal/failpoint"
	"flint/internal/fault"
	"flint/internal/secret"
)

// Store keeps keys and answers.
type Store struct {
	Box *secret.Box // seals answers that hold one-time secrets
	// Since is when this process began, where it is alone on its database: a lock from before belongs to
	// a process that is gone, and does not hold. Zero where several share one.
	Since time.Time
	// Failpoints end the process at named places in tests; nil in production.
	Failpoints *failpoint.Points
}

type row struct {
	fingerprint, state, body, apiVersion string
	status, sealed                       int
	lockedUntil                          *time.Time
}

const (
	running = "running"
	done    = "done"
)

const primaryKey = `merchant_id = $1 AND environment_id = $2 AND credential_id = $3 AND route = $4 AND key = $5`

func (k Key) args(more ...any) []any {
	return append([]any{k.Scope.MerchantID, k.Scope.EnvironmentID, k.CredentialID, k.Route, k.Key}, more...)
}

// sealRow is the identity that a sealed answer is bound to.
func (k Key) sealRow() string {
	return strings.Join([]string{"idempotency", k.Scope.MerchantID, k.Scope.EnvironmentID, k.CredentialID, k.Route, k.Key}, "/")
}

// claim inserts the running row; false when a living one is there. On PostgreSQL the insert waits for
// a transaction that holds the same key and then sees how it ended. An expired row is taken over.
func claim(tx db.Tx, now time.Time, k Key) (bool, error) {
	n, err := tx.Exec(`INSERT INTO idempotency_keys (merchant_id, environment_id, credential_id, route, key,
			fingerprint, state, request_id, api_version, created_at, expires_at, locked_until)
		VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, $9, $10, $11)
		ON CONFLICT (merchant_id, environment_id, credential_id, route, key) DO UPDATE SET
			fingerprint = excluded.fingerprint, state = excluded.state, status = 0, body = '', sealed = 0,
			request_id = excluded.request_id, api_version = excluded.api_version,
			created_at = excluded.created_at, expires_at = excluded.expires_at, locked_until = excluded.locked_until
		WHERE idempotency_keys.expires_at <= $9`,
		k.args(k.Fingerprint, k.RequestID, k.APIVersion, now, now.Add(TTL), now.Add(LockFor))...)
	if err != nil {
		return false, fmt.Errorf("take the idempotency key: %w", err)
	}
	return n == 1, nil
}

func load(tx db.Tx, k Key) (row, error) {
	var r row
	err := tx.QueryRow([]any{&r.fingerprint, &r.state, &r.status, &r.body, &r.sealed, &r.apiVersion, &r.lockedUntil},
		`SELECT fingerprint, state, status, body, sealed, api_version, locked_until FROM idempotency_keys WHERE `+primaryKey+tx.ForUpdate(),
		k.args()...)
	if err != nil {
		return r, fmt.Errorf("read the idempotency key: %w", err)
	}
	if !secret.Equal(r.fingerprint, k.Fingerprint) {
		return r, fault.Conflict("IDEMPOTENCY_KEY_REUSED", "This idempotency key was used for another request.").
			Then("Use a new key for a new request, and repeat a request without any change.")
	}
	return r, nil
}

// finish stores the answer; false when the row is no longer running. The answer is kept until expires;
// zero leaves the time that the claim has set, and with it the index of these times.
func (s *Store) finish(tx db.Tx, expires time.Time, k Key, sealed bool, a Answer) (bool, error) {
	s.Failpoints.Hit("idempotency.finished")
	body, flag := s.seal(k, sealed, a.Body)
	keep, args := "", k.args(a.Status, body, flag, a.APIVersion)
	if !expires.IsZero() {
		keep, args = "expires_at = $10, ", append(args, expires)
	}
	n, err := tx.Exec(`UPDATE idempotency_keys SET state = 'done', status = $6, body = $7, sealed = $8, api_version = $9, `+keep+
		`locked_until = NULL WHERE `+primaryKey+` AND state = 'running'`, args...)
	if err != nil {
		return false, fmt.Errorf("store the idempotent answer: %w", err)
	}
	return n == 1, nil
}

// insertDone stores the answer under a key that is certainly new.
func (s *Store) insertDone(tx db.Tx, now time.Time, k Key, sealed bool, a Answer) error {
	body, flag := s.seal(k, sealed, a.Body)
	err := tx.Send(`INSERT INTO idempotency_keys (merchant_id, environment_id, credential_id, route, key,
			fingerprint, state, status, body, sealed, request_id, api_version, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'done', $7, $8, $9, $10, $11, $12, $13)`,
		k.args(k.Fingerprint, a.Status, body, flag, k.RequestID, a.APIVersion, now, now.Add(TTL))...)
	if err != nil {
		return fmt.Errorf("store the idempotent answer: %w", err)
	}
	return nil
}

func (s *Store) seal(k Key, sealed bool, body []byte) (string, bool) {
	if !sealed {
		return string(body), false
	}
	return s.Box.Seal(k.sealRow(), body), true
}

// answer is the stored answer of a finished row.
func (s *Store) answer(k Key, r row) (Answer, error) {
	a := Answer{Status: r.status, Body: []byte(r.body), APIVersion: r.apiVersion, Replayed: true}
	if r.sealed == 1 {
		plain, err := s.Box.Open(k.sealRow(), r.body)
		if err != nil {
			return a, fault.Internal("SENSITIVE_IDEMPOTENCY_RESULT_INVALID", "The stored answer cannot be read.").Because(err)
		}
		a.Body = plain
	}
	return a, nil
}

// Purge deletes up to limit answers that are past their time and returns how many. It works over all
// tenants and is for the scheduler only.
func Purge(tx db.Tx, now time.Time, limit int) (int64, error) {
	n, err := tx.Exec(`DELETE FROM idempotency_keys WHERE (merchant_id, environment_id, credential_id, route, key) IN
		(SELECT merchant_id, environment_id, credential_id, route, key FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)`,
		now, limit)
	if err != nil {
		return 0, fmt.Errorf("purge idempotency keys: %w", err)
	}
	return n, nil
}
