package doctor

import (
	"context"

	"flint/internal/db"
	"flint/internal/tenant"
)

// invoices proves of an environment that the balances of invoices follow from their amounts and agree with
// the orders they own, and that the numbers that were given out have no gap.
func (c *checker) invoices(ctx context.Context, d db.DB, scope tenant.Scope) error {
	var found []Finding
	note := func(table, orderID, row, rule string, expected, actual int64) {
		found = append(found, Finding{Table: table, MerchantID: scope.MerchantID, EnvironmentID: scope.EnvironmentID, OrderID: orderID, Row: row, Rule: rule,
			Expected: expected, Actual: actual})
	}
	err := d.Read(ctx, func(tx db.Tx) error {
		found = found[:0]
		err := tx.Query(func(r db.Row) error {
			var invoiceID, orderID, status string
			var total, fees, waived, paid, credited, writtenOff, outstanding, owed, received int64
			err := r.Scan(&invoiceID, &orderID, &status, &total, &fees, &waived, &paid, &credited, &writtenOff, &outstanding, &owed, &received)
			if err != nil {
				return err
			}
			note("invoices", orderID, invoiceID, "outstanding = total + fees - waived - paid - credited - written off",
				total+fees-waived-paid-credited-writtenOff, outstanding)
			switch status {
			case "open", "partially_paid", "paid", "credited":
				note("invoices", orderID, invoiceID, "outstanding = the order's", owed, outstanding)
				note("invoices", orderID, invoiceID, "paid = what the order was paid, up to what is asked for", min(received, total+fees-waived-credited), paid)
				note("invoices", orderID, invoiceID, "closed means that nothing is outstanding (1 when it does)", truth(outstanding == 0),
					truth(status == "paid" || status == "credited"))
			case "uncollectible":
				note("invoices", orderID, invoiceID, "nothing is outstanding once it is given up", 0, outstanding)
			}
			return nil
		}, `SELECT i.invoice_id, i.order_id, i.status, i.total, i.fees, i.waived, i.paid, i.credited, i.written_off, i.outstanding, o.outstanding, o.paid
			FROM invoices i JOIN orders o ON o.merchant_id = i.merchant_id AND o.environment_id = i.environment_id AND o.order_id = i.order_id
			WHERE i.merchant_id = $1 AND i.environment_id = $2 AND i.status <> 'draft' ORDER BY i.invoice_id`, scope.MerchantID, scope.EnvironmentID)
		if err != nil {
			return err
		}
		var numbered, highest, last int64
		err = tx.QueryRow([]any{&numbered, &highest, &last}, `SELECT COUNT(*), COALESCE(MAX(sequence), 1000),
			COALESCE((SELECT last FROM invoice_numbers WHERE merchant_id = $1 AND environment_id = $2 AND series = 'invoice'), 1000)
			FROM invoices WHERE merchant_id = $1 AND environment_id = $2 AND sequence > 0`, scope.MerchantID, scope.EnvironmentID)
		if err != nil {
			return err
		}
		note("invoice_numbers", "", "invoice", "numbers without gaps from 1001 (count)", highest-1000, numbered)
		note("invoice_numbers", "", "invoice", "the counter is at the last number", highest, last)
		return nil
	})
	for _, f := range found {
		c.add(f)
	}
	return err
}
