package simulator

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/tenant"
)

const recordColumns = `merchant_id, environment_id, operation_id, request_hash, kind, payment_id, refund_id, charge_ref,
	amount, currency, return_url, source, state, version, processor_ref, code, message, challenge, expires_at,
	settle_at, settle_to, settle_code, created_at, updated_at`

// insertRecord reports false when the operation is already there.
func insertRecord(tx db.Tx, r record) (bool, error) {
	source, err := encodeSource(r.Source)
	if err != nil {
		return false, fmt.Errorf("store the operation: %w", err)
	}
	n, err := tx.Exec(`INSERT INTO simulator_operations (`+recordColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
		ON CONFLICT DO NOTHING`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, r.RequestHash, string(r.Kind), r.PaymentID, r.RefundID, r.ChargeRef,
		r.Amount, string(r.Currency), r.ReturnURL, source, string(r.State), r.Version, r.ProcessorRef, r.Code, r.Message,
		r.Challenge, r.ExpiresAt, r.SettleAt, string(r.SettleTo), r.SettleCode, r.CreatedAt, r.UpdatedAt)
	if err != nil {
		return false, fmt.Errorf("store the operation: %w", err)
	}
	return n == 1, nil
}

// updateRecord writes what can change, and reports false when the record is no longer at version.
func updateRecord(tx db.Tx, r record, version int64) (bool, error) {
	n, err := tx.Exec(`UPDATE simulator_operations SET state = $5, version = $6, charge_ref = $7, processor_ref = $8, code = $9,
		message = $10, challenge = $11, expires_at = $12, settle_at = $13, settle_to = $14, settle_code = $15, updated_at = $16
		WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3 AND version = $4`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.ID, version, string(r.State), r.Version, r.ChargeRef, r.ProcessorRef, r.Code,
		r.Message, r.Challenge, r.ExpiresAt, r.SettleAt, string(r.SettleTo), r.SettleCode, r.UpdatedAt)
	if err != nil {
		return false, fmt.Errorf("change the operation: %w", err)
	}
	return n == 1, nil
}

// abandonRecord ends an authorize or sale that waits for its buyer, because its charge was voided. The
// caller holds the charge's lock.
func abandonRecord(tx db.Tx, scope tenant.Scope, operationID string, now time.Time) error {
	return tx.Send(`UPDATE simulator_operations SET state = 'failed', code = 'payment_attempt_canceled',
		message = 'The payment was given up.', version = version + 1, settle_at = NULL, settle_to = '', settle_code = '',
		updated_at = $4
		WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3 AND state = 'requires_action'`,
		scope.MerchantID, scope.EnvironmentID, operationID, now)
}

func readRecord(tx db.Tx, scope tenant.Scope, operationID string) (record, error) {
	return oneRecord(tx, `WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3`,
		scope.MerchantID, scope.EnvironmentID, operationID)
}

func lockRecord(tx db.Tx, scope tenant.Scope, operationID string) (record, error) {
	return oneRecord(tx, `WHERE merchant_id = $1 AND environment_id = $2 AND operation_id = $3`+tx.ForUpdate(),
		scope.MerchantID, scope.EnvironmentID, operationID)
}

func challengeRecord(tx db.Tx, opaque string) (record, error) {
	return oneRecord(tx, `WHERE challenge = $1 AND challenge <> ''`, opaque)
}

func oneRecord(tx db.Tx, where string, args ...any) (record, error) {
	var r record
	var source, challenge string
	err := tx.QueryRow([]any{&r.Scope.MerchantID, &r.Scope.EnvironmentID, &r.ID, &r.RequestHash, &r.Kind, &r.PaymentID,
		&r.RefundID, &r.ChargeRef, &r.Amount, &r.Currency, &r.ReturnURL, &source, &r.State, &r.Version, &r.ProcessorRef,
		&r.Code, &r.Message, &challenge, &r.ExpiresAt, &r.SettleAt, &r.SettleTo, &r.SettleCode, &r.CreatedAt, &r.UpdatedAt},
		`SELECT `+recordColumns+` FROM simulator_operations `+where, args...)
	if err != nil {
		return record{}, err
	}
	r.setChallenge(challenge)
	r.Source, err = decodeSource(source)
	return r, err
}

func insertCharge(tx db.Tx, scope tenant.Scope, c charge) error {
	return tx.Send(`INSERT INTO simulator_charges (merchant_id, environment_id, charge_ref, operation_id, payment_id, behaviour,
		state, currency, amount, authorized, captured, released, refunding, refunded, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		scope.MerchantID, scope.EnvironmentID, c.Ref, c.OperationID, c.PaymentID, string(c.Behaviour), string(c.State),
		string(c.Currency), c.Amount, c.Authorized, c.Captured, c.Released, c.Refunding, c.Refunded, c.ExpiresAt, c.CreatedAt)
}

// updateCharge writes what can change. The caller holds the charge's lock.
func updateCharge(tx db.Tx, scope tenant.Scope, c charge) error {
	return tx.Send(`UPDATE simulator_charges SET state = $4, authorized = $5, captured = $6, released = $7, refunding = $8,
		refunded = $9, expires_at = $10
		WHERE merchant_id = $1 AND environment_id = $2 AND charge_ref = $3`,
		scope.MerchantID, scope.EnvironmentID, c.Ref, string(c.State), c.Authorized, c.Captured, c.Released, c.Refunding,
		c.Refunded, c.ExpiresAt)
}

func lockCharge(tx db.Tx, scope tenant.Scope, ref string) (charge, error) {
	c := charge{Ref: ref}
	err := tx.QueryRow([]any{&c.OperationID, &c.PaymentID, &c.Behaviour, &c.State, &c.Currency, &c.Amount, &c.Authorized,
		&c.Captured, &c.Released, &c.Refunding, &c.Refunded, &c.ExpiresAt, &c.CreatedAt},
		`SELECT operation_id, payment_id, behaviour, state, currency, amount, authorized, captured, released, refunding, refunded,
			expires_at, created_at
		FROM simulator_charges WHERE merchant_id = $1 AND environment_id = $2 AND charge_ref = $3`+tx.ForUpdate(),
		scope.MerchantID, scope.EnvironmentID, ref)
	return c, err
}
