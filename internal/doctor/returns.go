package doctor

import (
	"context"
	"fmt"

	"flint/internal/db"
	"flint/internal/tenant"
)

// returns finds claims that nothing stands behind, and value that left an order as exchange credit and did not
// arrive on the order that replaces the goods.
func (c *checker) returns(ctx context.Context, d db.DB, scope tenant.Scope) error {
	var found []Finding
	note := func(tx db.Tx, table, rule, sql string) error {
		err := tx.Query(func(r db.Row) error {
			f := Finding{Table: table, MerchantID: scope.MerchantID, EnvironmentID: scope.EnvironmentID, Rule: rule}
			err := r.Scan(&f.OrderID, &f.Row, &f.Expected, &f.Actual, &f.Currency)
			found = append(found, f)
			return err
		}, sql, scope.MerchantID, scope.EnvironmentID)
		if err != nil {
			return fmt.Errorf("check %s: %w", table, err)
		}
		return nil
	}
	err := d.Read(ctx, func(tx db.Tx) error {
		found = found[:0]
		for _, q := range returnRules {
			if err := note(tx, q.table, q.rule, q.sql); err != nil {
				return err
			}
		}
		return nil
	})
	for _, f := range found {
		c.add(f)
	}
	return err
}

// returnRules are questions whose every answer is a finding: order, row, expected, actual, currency.
var returnRules = []struct{ table, rule, sql string }{
	{"return_claims", "a resolution that was not canceled stands behind it (count)", `
		SELECT k.order_id, k.return_resolution_id || '/' || k.order_line_item_id, CAST(1 AS BIGINT), CAST(0 AS BIGINT), ''
		FROM return_claims k LEFT JOIN return_resolutions x ON x.merchant_id = k.merchant_id AND x.environment_id = k.environment_id
			AND x.return_resolution_id = k.return_resolution_id
		WHERE k.merchant_id = $1 AND k.environment_id = $2 AND (x.status IS NULL OR x.status IN ('proposed', 'canceled'))
		ORDER BY 1, 2 LIMIT 1000`},
	{"return_claims", "it is of the order of its return (1 when so)", `
		SELECT k.order_id, k.return_resolution_id || '/' || k.order_line_item_id, CAST(1 AS BIGINT), CAST(0 AS BIGINT), ''
		FROM return_claims k LEFT JOIN returns r ON r.merchant_id = k.merchant_id AND r.environment_id = k.environment_id AND r.return_id = k.return_id
		WHERE k.merchant_id = $1 AND k.environment_id = $2 AND (r.order_id IS NULL OR r.order_id <> k.order_id)
		ORDER BY 1, 2 LIMIT 1000`},
	{"refunds", "value that left as exchange credit = what arrived on the other order", `
		SELECT f.order_id, f.refund_id, CAST(SUM(a.amount) AS BIGINT), ` + arrived + `, f.currency
		FROM refunds f JOIN refund_allocations a ON a.merchant_id = f.merchant_id AND a.environment_id = f.environment_id AND a.refund_id = f.refund_id
		WHERE f.merchant_id = $1 AND f.environment_id = $2 AND f.method = 'exchange_credit' AND a.status = 'succeeded'
		GROUP BY f.merchant_id, f.environment_id, f.order_id, f.refund_id, f.return_resolution_id, f.currency
		HAVING SUM(a.amount) <> ` + arrived + ` ORDER BY 1, 2 LIMIT 1000`},
	{"payment_intents", "credit that stands on an order has left another (count)", `
		SELECT i.order_id, i.payment_intent_id, CAST(1 AS BIGINT), CAST(0 AS BIGINT), i.currency
		FROM payment_intents i WHERE i.merchant_id = $1 AND i.environment_id = $2 AND i.credit_of <> '' AND i.captured > 0 AND NOT EXISTS (
			SELECT 1 FROM orders o JOIN return_resolutions x ON x.merchant_id = o.merchant_id AND x.environment_id = o.environment_id
				AND x.replacement_order_id = o.order_id
			JOIN refunds f ON f.merchant_id = x.merchant_id AND f.environment_id = x.environment_id AND f.return_resolution_id = x.return_resolution_id
			WHERE o.merchant_id = i.merchant_id AND o.environment_id = i.environment_id AND o.order_id = i.order_id
				AND f.method = 'exchange_credit' AND f.status = 'succeeded')
		ORDER BY 1, 2 LIMIT 1000`},
}

// arrived is what the order of a refund's resolution holds as credit, in minor units.
const arrived = `(SELECT CAST(COALESCE(SUM(i.captured), 0) AS BIGINT) FROM return_resolutions x JOIN payment_intents i ON i.merchant_id = x.merchant_id
	AND i.environment_id = x.environment_id AND i.order_id = x.replacement_order_id AND i.credit_of <> ''
	WHERE x.merchant_id = f.merchant_id AND x.environment_id = f.environment_id AND x.return_resolution_id = f.return_resolution_id)`
