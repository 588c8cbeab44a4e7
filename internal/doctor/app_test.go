package doctor_test

import (
	"strings"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/doctor"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/refund"
)

// TestDoctorCountsWhatAppsRefunded: a count that is one minor unit off is found, on either side.
func TestDoctorCountsWhatAppsRefunded(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
		b.Paid(t, o.ID, "simtok_approve")
		r, err := b.Refund(o.ID, func(in *refund.CreateInput) { in.Amount = &money.Amount{Minor: 400, Currency: "USD"} })
		if err != nil {
			t.Fatal(err)
		}
		exec := func(sql string, args ...any) {
			t.Helper()
			b.Write(t, func(tx db.Tx) error {
				return tx.Send(sql, append([]any{b.Scope.MerchantID, b.Scope.EnvironmentID}, args...)...)
			})
		}
		exec(`INSERT INTO app_refunds (merchant_id, environment_id, refund_id, install_id, order_id, day, currency, amount, created_at)
			VALUES ($1, $2, $3, 'pinst_1', $4, '2026-03-01', 'USD', 400, 1)`, r.ID, o.ID)
		for span, subject := range map[string]string{"order": o.ID, "day": "2026-03-01"} {
			exec(`INSERT INTO app_refund_use (merchant_id, environment_id, install_id, span, subject, currency, amount)
				VALUES ($1, $2, 'pinst_1', $3, $4, 'USD', 400)`, span, subject)
		}
		b.Check(t)
		for sql, row := range map[string]string{
			`UPDATE app_refund_use SET amount = amount + 1 WHERE merchant_id = $1 AND environment_id = $2 AND span = 'order'`: o.ID,
			`UPDATE app_refund_use SET amount = amount + 1 WHERE merchant_id = $1 AND environment_id = $2 AND span = 'day'`:   "2026-03-01",
			`UPDATE app_refunds SET amount = amount + 1 WHERE merchant_id = $1 AND environment_id = $2`:                       r.ID,
		} {
			exec(sql)
			report, err := doctor.Check(b.Context(), b.DB, doctor.Options{Scope: &b.Scope})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range report.Findings {
				found = found || strings.Contains(f.Row, row) && strings.HasPrefix(f.Table, "app_refund")
			}
			if !found {
				t.Errorf("%s: the report names %v", sql, report.Findings)
			}
			exec(strings.Replace(sql, "+ 1", "- 1", 1))
		}
		b.Check(t)
	})
}
