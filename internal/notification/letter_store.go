package notification

import (
	"errors"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/tenant"
)

// letterRow is a row of letters.
type letterRow struct {
	Scope     tenant.Scope
	MailID    string
	Content   string // sealed; empty once the letter has ended
	State     string
	Reason    string
	CreatedAt time.Time
	SendAt    time.Time
	EndedAt   time.Time
}

func letterByKey(tx db.Tx, scope tenant.Scope, key string) (mailID string, err error) {
	err = tx.QueryRow([]any{&mailID}, `SELECT mail_id FROM letters WHERE merchant_id = $1 AND environment_id = $2 AND letter_key = $3`,
		scope.MerchantID, scope.EnvironmentID, key)
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return "", fmt.Errorf("look for a letter: %w", err)
	}
	return mailID, nil
}

func insertLetter(tx db.Tx, r letterRow, l Letter) error {
	err := tx.Send(`INSERT INTO letters (merchant_id, environment_id, mail_id, letter_key, family, address_key, customer_id, content, state, reason,
		actor_type, actor_id, request_id, created_at, send_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.MailID, l.Key, l.Family, addressKey(l.To), l.CustomerID, r.Content, r.State, r.Reason,
		l.Cause.ActorType, l.Cause.ActorID, l.Cause.RequestID, r.CreatedAt, r.SendAt, r.EndedAt)
	if err != nil {
		return fmt.Errorf("write a letter down: %w", err)
	}
	return nil
}

func findLetter(tx db.Tx, scope tenant.Scope, mailID string) (letterRow, error) {
	r := letterRow{Scope: scope, MailID: mailID}
	err := tx.QueryRow([]any{&r.Content, &r.State, &r.Reason, &r.CreatedAt, &r.SendAt}, `SELECT content, state, reason, created_at, send_at
		FROM letters WHERE merchant_id = $1 AND environment_id = $2 AND mail_id = $3`, scope.MerchantID, scope.EnvironmentID, mailID)
	if errors.Is(err, db.ErrNoRows) {
		return letterRow{}, fault.NotFound("mail")
	}
	if err != nil {
		return letterRow{}, fmt.Errorf("read a letter: %w", err)
	}
	return r, nil
}

// lettersSince counts what goes to the address in the family, sent or waiting, at or after the time.
func lettersSince(tx db.Tx, l Letter, since time.Time) (n int64, err error) {
	err = tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM letters WHERE merchant_id = $1 AND environment_id = $2 AND address_key = $3 AND family = $4
		AND send_at > $5 AND state IN ('queued', 'sent')`, l.Scope.MerchantID, l.Scope.EnvironmentID, addressKey(l.To), l.Family, since)
	if err != nil {
		return 0, fmt.Errorf("count the letters to an address: %w", err)
	}
	return n, nil
}

// endLetter writes down how a letter ended and drops what it said.
func endLetter(tx db.Tx, scope tenant.Scope, mailID, state, reason string, now time.Time) error {
	err := tx.Send(`UPDATE letters SET state = $4, reason = $5, ended_at = $6, content = ''
		WHERE merchant_id = $1 AND environment_id = $2 AND mail_id = $3 AND state = 'queued'`,
		scope.MerchantID, scope.EnvironmentID, mailID, state, reason, now)
	if err != nil {
		return fmt.Errorf("end a letter: %w", err)
	}
	return nil
}

// KeepEnded is how long a letter that was sent or held back stays known by its key and its state. Frequency
// caps look back no further.
const KeepEnded = 30 * 24 * time.Hour

// PurgeLetters removes at most limit letters that ended longer than KeepEnded ago, and tells how many it
// removed.
func PurgeLetters(tx db.Tx, now time.Time, limit int) (int64, error) {
	n, err := tx.Exec(`DELETE FROM letters WHERE (merchant_id, environment_id, mail_id) IN
		(SELECT merchant_id, environment_id, mail_id FROM letters WHERE ended_at <= $1 ORDER BY ended_at LIMIT $2)`, now.Add(-KeepEnded), limit)
	if err != nil {
		return 0, fmt.Errorf("purge letters: %w", err)
	}
	return n, nil
}

// Forget removes what is kept about a customer's address and what was written to the customer. A letter that
// waits is not sent any more. Empty fields name nothing.
func Forget(tx db.Tx, scope tenant.Scope, customerID, email string) error {
	key := addressKey(email)
	_, err := tx.Exec(`DELETE FROM letters WHERE merchant_id = $1 AND environment_id = $2
		AND ((customer_id = $3 AND customer_id <> '') OR (address_key = $4 AND address_key <> ''))`, scope.MerchantID, scope.EnvironmentID, customerID, key)
	if err == nil {
		_, err = tx.Exec(`DELETE FROM email_preferences WHERE merchant_id = $1 AND environment_id = $2 AND address_key = $3`, scope.MerchantID, scope.EnvironmentID, key)
	}
	if err != nil {
		return fmt.Errorf("forget an address: %w", err)
	}
	return nil
}
