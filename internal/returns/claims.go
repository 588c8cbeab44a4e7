package returns

import (
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/refund"
	"flint/internal/tenant"
)

// Attach hangs a service on the hooks of orders and refunds; it is called once, when everything is wired.
func Attach(s *Service) {
	s.Refunds.Claimed, s.Refunds.Promised = Claimed, Promised
	s.Refunds.Completing = s.RefundCompleting
	s.Refunds.Changed = append(s.Refunds.Changed, s.RefundChanged)
	s.Orders.Replacing, s.Orders.Covered = s.OrderMoved, s.Refunds.StaysCovered
}

// promise is the line of a claim that holds money of no line: all that the resolution still gives back.
const promise = ""

// claim writes down what a confirmed resolution holds of the order until refunds carry it. The order is locked.
func claim(tx db.Tx, r *Return, x *Resolution, p parcel, now time.Time) error {
	put := func(lineID string, quantity int64, v Value) error {
		err := tx.Send(`INSERT INTO return_claims (merchant_id, environment_id, order_id, return_resolution_id, order_line_item_id, return_id,
				quantity, subtotal, discount, tax, total, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
			ON CONFLICT (merchant_id, environment_id, order_id, return_resolution_id, order_line_item_id) DO UPDATE SET
				quantity = return_claims.quantity + excluded.quantity, subtotal = return_claims.subtotal + excluded.subtotal,
				discount = return_claims.discount + excluded.discount, tax = return_claims.tax + excluded.tax,
				total = return_claims.total + excluded.total`,
			r.Scope.MerchantID, r.Scope.EnvironmentID, r.OrderID, x.ID, lineID, r.ID, quantity, v.Subtotal, v.Discount, v.Tax, v.Total, now)
		if err != nil {
			return fmt.Errorf("claim value for resolution %s: %w", x.ID, err)
		}
		return nil
	}
	for _, part := range p.portions {
		if err := put(part.orderLineID, part.quantity, part.value); err != nil {
			return err
		}
	}
	if p.money() == 0 {
		return nil
	}
	return put(promise, 0, Value{Total: p.money()})
}

// unclaim frees what the resolution holds; the units of a parcel without money stay taken, for nothing else will
// ever hold them.
func unclaim(tx db.Tx, r *Return, x *Resolution) error {
	err := tx.Send(`DELETE FROM return_claims WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND return_resolution_id = $4`,
		r.Scope.MerchantID, r.Scope.EnvironmentID, r.OrderID, x.ID)
	if err != nil {
		return fmt.Errorf("free the claim of resolution %s: %w", x.ID, err)
	}
	return nil
}

// Claimed is what confirmed resolutions hold of the lines of an order and no refund carries yet. It is a
// refund.Service.Claimed.
func Claimed(tx db.Tx, scope tenant.Scope, orderID string) (map[string]refund.Taken, error) {
	out := map[string]refund.Taken{}
	err := tx.Query(func(row db.Row) error {
		var lineID string
		var t refund.Taken
		err := row.Scan(&lineID, &t.Quantity, &t.Subtotal, &t.Discount, &t.Tax, &t.Amount)
		out[lineID] = t
		return err
	}, `SELECT order_line_item_id, CAST(SUM(quantity) AS BIGINT), CAST(SUM(subtotal) AS BIGINT), CAST(SUM(discount) AS BIGINT), CAST(SUM(tax) AS BIGINT),
			CAST(SUM(total) AS BIGINT) FROM return_claims
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND order_line_item_id <> '' GROUP BY order_line_item_id`,
		scope.MerchantID, scope.EnvironmentID, orderID)
	if err != nil {
		return nil, fmt.Errorf("read the claims on order %s: %w", orderID, err)
	}
	return out, nil
}

// Promised is the money of an order that confirmed resolutions will give back, in minor units. It is a
// refund.Service.Promised.
func Promised(tx db.Tx, scope tenant.Scope, orderID string) (minor int64, err error) {
	err = tx.QueryRow([]any{&minor}, `SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM return_claims
		WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND order_line_item_id = ''`, scope.MerchantID, scope.EnvironmentID, orderID)
	if err != nil {
		return 0, fmt.Errorf("read what returns were promised of order %s: %w", orderID, err)
	}
	return minor, nil
}
