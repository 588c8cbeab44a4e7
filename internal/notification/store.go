package notification

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/tenant"
)

// receipt is a row of receipts.
type receipt struct {
	Scope     tenant.Scope
	OrderID   string
	MailID    string
	Address   string
	Key       string
	Checkout  bool
	State     string
	Cause     event.Cause
	CreatedAt time.Time
}

func insertReceipt(tx db.Tx, r receipt) error {
	err := tx.Send(`INSERT INTO receipts (merchant_id, environment_id, order_id, mail_id, address, address_key, by_checkout, state,
		actor_type, actor_id, request_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.OrderID, r.MailID, r.Address, r.Key, r.Checkout, StateQueued,
		r.Cause.ActorType, r.Cause.ActorID, r.Cause.RequestID, r.CreatedAt)
	if err != nil {
		return fmt.Errorf("write a receipt: %w", err)
	}
	return nil
}

// addressesOf tells for each address of an order's receipts when the last one was asked for.
func addressesOf(tx db.Tx, scope tenant.Scope, orderID string) (map[string]time.Time, error) {
	seen := map[string]time.Time{}
	err := tx.Query(func(r db.Row) error {
		var key string
		var at time.Time
		err := r.Scan(&key, &at)
		seen[key] = at
		return err
	}, `SELECT address_key, MAX(created_at) FROM receipts WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 GROUP BY address_key`,
		scope.MerchantID, scope.EnvironmentID, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the receipts of an order: %w", err)
	}
	return seen, nil
}

func findReceipt(tx db.Tx, scope tenant.Scope, orderID, mailID string) (receipt, error) {
	r := receipt{Scope: scope, OrderID: orderID, MailID: mailID}
	err := tx.QueryRow([]any{&r.Address, &r.State, &r.CreatedAt}, `SELECT address, state, created_at FROM receipts
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND mail_id = $4`,
		scope.MerchantID, scope.EnvironmentID, orderID, mailID)
	if err != nil {
		return receipt{}, fmt.Errorf("read a receipt: %w", err)
	}
	return r, nil
}

func endReceipt(tx db.Tx, scope tenant.Scope, orderID, mailID, state string, now time.Time) error {
	err := tx.Send(`UPDATE receipts SET state = $5, ended_at = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND mail_id = $4 AND state = 'queued'`,
		scope.MerchantID, scope.EnvironmentID, orderID, mailID, state, now)
	if err != nil {
		return fmt.Errorf("end a receipt: %w", err)
	}
	return nil
}
