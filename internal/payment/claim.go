package payment

import (
	"fmt"

	"flint/internal/db"
	"flint/internal/order"
)

// OrderClaimed gives the payments of an order to its customer, when a guest purchase got one. It is an
// order.Service.Claimed.
func OrderClaimed(tx db.Tx, o *order.Order) error {
	if err := tx.Send(`UPDATE payment_intents SET customer_id = $4 WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`,
		o.Scope.MerchantID, o.Scope.EnvironmentID, o.ID, o.CustomerID); err != nil {
		return fmt.Errorf("give payments to a customer: %w", err)
	}
	return nil
}
