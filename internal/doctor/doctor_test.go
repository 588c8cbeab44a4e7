package doctor_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/doctor"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// busy fills a bench with an order of everything (two payments, discount, charge, tip, a refund that
// succeeded, one that failed and one that is pending) and one whose hold was canceled.
func busy(t *testing.T, b *flinttest.Bench) *order.Order {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	o := b.Order(t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}, {Price: 3334, Quantity: 1}}, func(in *order.CreateInput) {
		in.Discounts = []order.DiscountInput{{Name: "Ten", Amount: money.Amount{Minor: 1000, Currency: "USD"}}}
		in.Tip = &order.TipInput{Amount: flinttest.Money(700, "USD")}
	})
	b.Write(t, func(tx db.Tx) error {
		_, err := b.Orders.AddCharge(b.Context(), tx, order.AddChargeInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID,
			Charge: order.ChargeInput{Type: "service_fee", Name: "Service", Amount: flinttest.Money(250, "USD")}})
		return err
	})
	leg, err := b.Stage(o.ID, 5000, "")
	fatal(err)
	fatal(b.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: "simtok_refund_fails"}))
	b.Advance(time.Minute)
	b.Paid(t, o.ID, "simtok_approve")
	one := int64(1)
	_, err = b.Refund(o.ID, func(in *refund.CreateInput) {
		in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &one}}
	})
	fatal(err)
	_, err = b.Refund(o.ID, func(in *refund.CreateInput) { in.OrderID, in.PaymentIntentID = "", leg.ID })
	fatal(err)
	b.Advance(time.Second)
	b.Deliver(t)
	_, err = b.Refund(o.ID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(2000, "USD") })
	fatal(err)
	held := b.Hold(t, b.Order(t, "USD", []flinttest.Line{{Price: 900, Quantity: 1}}).ID, "simtok_approve")
	fatal(b.Cancel(held.Leg()))
	return b.State(t, o.ID).Order
}

// A change of one minor unit in any of these columns is found, and the report names its row.
func TestDoctorNamesTheCentThatDiffers(t *testing.T) {
	t.Parallel()
	columns := map[string]struct {
		key     string // what of the primary key Row names
		columns []string
	}{
		"orders":               {"order_id", []string{"subtotal", "discount", "charge", "tax", "tax_included", "tip", "total", "paid", "refunded", "settled_tip", "outstanding", "activities"}},
		"payment_intents":      {"payment_intent_id", []string{"authorized", "captured", "released", "refunded", "refund_reserved", "amount"}},
		"payment_attempts":     {"attempt_id", []string{"expected_outstanding"}},
		"processor_operations": {"operation_id", []string{"amount"}},
		"refunds":              {"refund_id", []string{"amount", "tip"}},
		"refund_allocations":   {"refund_allocation_id", []string{"amount", "tip"}},
		"refund_items":         {"item_id", []string{"taken_quantity", "taken_amount", "taken_subtotal", "taken_discount", "taken_tax"}},
		"postings":             {"entry_id", []string{"amount"}},
		"order_activities":     {"sequence", []string{"balance_delta", "running_balance"}},
		"events":               {"root_id", []string{"sequence"}},
	}
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		busy(t, b)
		b.Check(t)
		cases := 0
		for table, c := range columns {
			for _, column := range c.columns {
				tried := 0
				for _, row := range keys(t, b, table, c.key) {
					for _, by := range []int{1, -1} {
						if !mutate(t, b, table, c.key, column, row, by) {
							continue // a constraint or the last row refused it
						}
						tried++
						report, err := doctor.Check(b.Context(), b.DB, doctor.Options{Scope: &b.Scope})
						if err != nil {
							t.Fatal(err)
						}
						if !named(report, table, row) {
							t.Errorf("%s.%s of %s changed by %d: the report names %v", table, column, row, by, report.Findings)
						}
						mutate(t, b, table, c.key, column, row, -by)
					}
				}
				if tried == 0 {
					t.Errorf("%s.%s could not be changed at all", table, column)
				}
				cases += tried
			}
		}
		b.Check(t)
		t.Logf("%d changes, each named", cases)
	})
}

// keys are the rows of a table, each by the part of its key that a finding names.
func keys(t *testing.T, b *flinttest.Bench, table, key string) []string {
	t.Helper()
	var out []string
	b.Read(t, func(tx db.Tx) error {
		out = out[:0]
		return tx.Query(func(r db.Row) error {
			var k string
			err := r.Scan(&k)
			out = append(out, k)
			return err
		}, `SELECT DISTINCT CAST(`+key+` AS TEXT) FROM `+table+` WHERE merchant_id = $1 ORDER BY 1`, b.Scope.MerchantID)
	})
	return out
}

func change(tx db.Tx, b *flinttest.Bench, table, key, column, row string, by int) error {
	limit := ""
	switch table {
	case "payment_attempts":
		limit = ` AND completion = 'complete_order'` // what a part of an order leaves open has one witness only
	case "postings":
		limit = ` AND line = 0`
	case "events":
		limit = ` AND sequence = (SELECT MAX(sequence) FROM events WHERE merchant_id = $1 AND root_id = $2)`
	}
	n, err := tx.Exec(fmt.Sprintf(`UPDATE %s SET %s = %s + (%d) WHERE merchant_id = $1 AND CAST(%s AS TEXT) = $2`, table, column, column, by, key)+limit,
		b.Scope.MerchantID, row)
	if err == nil && n == 0 {
		return errNoRow
	}
	return err
}

var errNoRow = errors.New("the row is not one of those to change")

// mutate changes a column of a row and tells whether the database let it.
func mutate(t *testing.T, b *flinttest.Bench, table, key, column, row string, by int) bool {
	t.Helper()
	return b.DB.Write(b.Context(), func(tx db.Tx) error { return change(tx, b, table, key, column, row, by) }) == nil
}

func named(report doctor.Report, table, row string) bool {
	for _, f := range report.Findings {
		if f.Table == table && (f.Row == row || strings.HasPrefix(f.Row, row+"/") || strings.HasSuffix(f.Row, "/"+row)) {
			return true
		}
	}
	return false
}

// Rows that vanish, or belong to nothing, are found as well.
func TestDoctorFindsMissingRows(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		for _, sql := range []string{
			`DELETE FROM order_activities WHERE merchant_id = $1 AND sequence = 2`,
			`DELETE FROM events WHERE merchant_id = $1 AND sequence = 2`,
			`DELETE FROM postings WHERE merchant_id = $1 AND line = 0`,
			`DELETE FROM postings WHERE merchant_id = $1`,
			`DELETE FROM refund_items WHERE merchant_id = $1`,
			`DELETE FROM refund_allocations WHERE merchant_id = $1`,
			`DELETE FROM processor_operations WHERE merchant_id = $1`,
			`DELETE FROM payment_intents WHERE merchant_id = $1`,
			`DELETE FROM payment_attempts WHERE merchant_id = $1`,
			`DELETE FROM orders WHERE merchant_id = $1`,
			`UPDATE orders SET payment_status = 'unpaid' WHERE merchant_id = $1`,
			`UPDATE refund_allocations SET status = 'failed' WHERE merchant_id = $1`,
			`UPDATE processor_operations SET state = 'failed' WHERE merchant_id = $1`,
		} {
			b := flinttest.New(t, d)
			busy(t, b)
			b.Write(t, func(tx db.Tx) error { return tx.Send(sql, b.Scope.MerchantID) })
			report, err := doctor.Check(b.Context(), b.DB, doctor.Options{Scope: &b.Scope})
			if err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
			if deletedAttempts := strings.Contains(sql, "payment_attempts"); report.OK() != deletedAttempts {
				t.Errorf("%s: %v", sql, report.Findings)
			}
		}
	})
}

func TestDoctorReadsInPagesAndReportsInOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		for range 5 {
			o := b.Order(t, "USD", []flinttest.Line{{Price: 100, Quantity: 1}})
			b.Paid(t, o.ID, "simtok_approve")
		}
		other := b.Another()
		other.Paid(t, other.Order(t, "JPY", []flinttest.Line{{Price: 100, Quantity: 1}}).ID, "simtok_approve")
		b.Write(t, func(tx db.Tx) error { return tx.Send(`UPDATE orders SET settled_tip = settled_tip + 1`) })
		var reports []string
		for _, size := range []int{0, 1, 2, 5} {
			r, err := doctor.Check(b.Context(), b.DB, doctor.Options{PageSize: size})
			if err != nil {
				t.Fatal(err)
			}
			if r.Environments != 2 || r.Orders != 6 || len(r.Findings) != 6 || r.OK() {
				t.Errorf("page size %d: %d environments, %d orders, %d findings", size, r.Environments, r.Orders, len(r.Findings))
			}
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			reports = append(reports, string(text))
		}
		for _, r := range reports {
			if r != reports[0] {
				t.Errorf("the page size changes the report:\n%s\n%s", r, reports[0])
			}
		}
		r, err := doctor.Check(b.Context(), b.DB, doctor.Options{MaxFindings: 4})
		if err != nil || len(r.Findings) != 4 || r.LeftOut != 2 {
			t.Errorf("%d findings, %d left out, %v", len(r.Findings), r.LeftOut, err)
		}
	})
}

func TestDoctorListsWhatHangs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		o := b.Order(t, "USD", []flinttest.Line{{Price: 100, Quantity: 1}})
		b.LoseRequests(t, payment.KindSale, 1)
		b.Paid(t, o.ID, "simtok_approve")
		for wait, want := range map[time.Duration]int{59 * time.Minute: 0, 61 * time.Minute: 1} {
			r, err := doctor.Check(b.Context(), b.DB, doctor.Options{Now: flinttest.Start.Add(wait)})
			if err != nil || !r.OK() || r.InFlight != 1 || len(r.Exceptions) != want {
				t.Errorf("after %s: %+v, %v", wait, r, err)
			}
		}
	})
}
