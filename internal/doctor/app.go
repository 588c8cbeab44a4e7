package doctor

import (
	"context"

	"flint/internal/db"
	"flint/internal/tenant"
)

// appRefunds compares what apps are said to have refunded with their refunds: each counts for what of it
// did not fail, and an order and a day of an install for the sum of theirs.
func (c *checker) appRefunds(ctx context.Context, d db.DB, scope tenant.Scope) error {
	for _, rule := range []struct{ table, what, sql string }{
		{"app_refunds", "amount = refund allocations that did not fail",
			`SELECT a.refund_id, COALESCE((SELECT CAST(SUM(r.amount) AS BIGINT) FROM refund_allocations r WHERE r.merchant_id = a.merchant_id
				AND r.environment_id = a.environment_id AND r.refund_id = a.refund_id AND r.status <> 'failed'), 0) AS derived, a.amount AS stored
			FROM app_refunds a WHERE a.merchant_id = $1 AND a.environment_id = $2`},
		{"app_refund_use", "amount = refunds of the app",
			`SELECT u.install_id || ' ' || u.subject || ' ' || u.currency, COALESCE((SELECT CAST(SUM(a.amount) AS BIGINT) FROM app_refunds a
				WHERE a.merchant_id = u.merchant_id AND a.environment_id = u.environment_id AND a.install_id = u.install_id AND a.currency = u.currency
				AND (u.span = 'order' AND a.order_id = u.subject OR u.span = 'day' AND a.day = u.subject)), 0) AS derived, u.amount AS stored
			FROM app_refund_use u WHERE u.merchant_id = $1 AND u.environment_id = $2`},
	} {
		var found []Finding
		err := d.Read(ctx, func(tx db.Tx) error {
			found = found[:0]
			return tx.Query(func(r db.Row) error {
				f := Finding{Table: rule.table, MerchantID: scope.MerchantID, EnvironmentID: scope.EnvironmentID, Rule: rule.what}
				err := r.Scan(&f.Row, &f.Expected, &f.Actual)
				found = append(found, f)
				return err
			}, `SELECT * FROM (`+rule.sql+`) AS both_sides WHERE derived <> stored ORDER BY 1 LIMIT 1000`, scope.MerchantID, scope.EnvironmentID)
		})
		if err != nil {
			return err
		}
		for _, f := range found {
			c.add(f)
		}
	}
	return nil
}
