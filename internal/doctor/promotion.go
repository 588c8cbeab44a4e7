package doctor

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"flint/internal/db"
	"flint/internal/order"
	"flint/internal/tenant"
)

// promotions compares the uses that promotions, codes and customers are said to have with the discounts
// that orders carry: pending and redeemed ones count, canceled ones do not. It reads one state of the
// database.
func (c *checker) promotions(ctx context.Context, d db.DB, scope tenant.Scope) error {
	type counter struct{ table, row string }
	var expected, actual map[counter]int64
	err := d.Read(ctx, func(tx db.Tx) error {
		expected, actual = map[counter]int64{}, map[counter]int64{}
		for table, row := range map[string]string{
			"promotions": "promotion_id", "promotion_codes": "code_id", "promotion_customers": "promotion_id || '/' || customer_id",
		} {
			err := tx.Query(func(r db.Row) error {
				at, n := counter{table: table}, int64(0)
				err := r.Scan(&at.row, &n)
				actual[at] = n
				return err
			}, `SELECT `+row+`, uses FROM `+table+` WHERE merchant_id = $1 AND environment_id = $2`, scope.MerchantID, scope.EnvironmentID)
			if err != nil {
				return err
			}
		}
		if len(actual) == 0 {
			return nil
		}
		return tx.Query(func(r db.Row) error {
			var doc []byte
			if err := r.Scan(&doc); err != nil {
				return err
			}
			var o struct {
				Discounts []order.Discount `json:"discounts"`
			}
			if err := json.Unmarshal(doc, &o); err != nil {
				return fmt.Errorf("decode an order: %w", err)
			}
			for _, v := range o.Discounts {
				if v.PromotionID == "" || v.Status == order.DiscountCanceled {
					continue
				}
				expected[counter{"promotions", v.PromotionID}]++
				if v.CodeID != "" {
					expected[counter{"promotion_codes", v.CodeID}]++
				}
				if v.CustomerID != "" {
					expected[counter{"promotion_customers", v.PromotionID + "/" + v.CustomerID}]++
				}
			}
			return nil
		}, `SELECT doc FROM orders WHERE merchant_id = $1 AND environment_id = $2 AND doc LIKE '%"promotion_id"%'`, scope.MerchantID, scope.EnvironmentID)
	})
	if err != nil {
		return fmt.Errorf("count the uses of promotions: %w", err)
	}
	for at := range expected {
		actual[at] += 0
	}
	for at, n := range actual {
		c.add(Finding{
			Table: at.table, MerchantID: scope.MerchantID, EnvironmentID: scope.EnvironmentID, Row: at.row,
			Rule: "uses = discounts that orders carry (count)", Expected: expected[at], Actual: n,
		})
	}
	return nil
}
