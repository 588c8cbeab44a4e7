package export_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/export"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/refund"
)

// file reads an export by its columns.
func file(t *testing.T, data []byte) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for n, name := range all[0] {
			row[name] = cells[n]
		}
		out = append(out, row)
	}
	return out
}

// TestRefundsAddUp refunds orders of several currencies, some over two payments, and adds the file up.
func TestRefundsAddUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		want := map[string]int64{}
		for n, currency := range []money.Currency{"USD", "JPY", "KWD", "USD"} {
			o := b.Order(t, currency, []flinttest.Line{{Price: 1001, Quantity: 2}})
			first, err := b.Stage(o.ID, 501, "")
			if err == nil {
				err = b.Confirm(o.ID, payment.PartialPayment, map[string]string{first.ID: "simtok_approve"})
			}
			if err != nil {
				t.Fatal(err)
			}
			b.Paid(t, o.ID, "simtok_approve")
			b.Advance(time.Minute)
			r, err := b.Refund(o.ID, func(in *refund.CreateInput) {
				in.Amount, in.ReasonMessage = flinttest.Money(1600+int64(n), currency), fmt.Sprintf("=HYPERLINK(\"http://x.test\",\"no %d\")\nsaid \"she\"", n)
			})
			if err != nil {
				t.Fatal(err)
			}
			want[r.ID] = r.Amount
		}
		b.Quiesce(t)
		var out bytes.Buffer
		in := export.Input{Scope: b.Scope, PageSize: 3}
		if err := export.Refunds(b.Context(), d, func() io.Writer { return &out }, in); err != nil {
			t.Fatal(err)
		}
		rows := file(t, out.Bytes())
		sum, decimals := map[string]int64{}, map[string]string{"USD": "5.01", "JPY": "501", "KWD": "0.501"}
		for _, row := range rows {
			minor, err := strconv.ParseInt(row["allocation_amount_minor"], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			sum[row["refund_id"]] += minor
			if minor == 501 && row["allocation_amount"] != decimals[row["currency"]] {
				t.Errorf("501 of %s is %q", row["currency"], row["allocation_amount"])
			}
			if row["reason_message"][:2] != "'=" || row["order_number"] == "" || row["status"] != "succeeded" || row["actor_type"] != "api_key" {
				t.Errorf("a row says %v", row)
			}
		}
		for id, amount := range want {
			if sum[id] != amount {
				t.Errorf("the rows of %s sum to %d, want %d", id, sum[id], amount)
			}
		}
		if len(rows) != 8 || len(sum) != 4 {
			t.Errorf("%d rows of %d refunds", len(rows), len(sum))
		}
		out.Reset()
		in.CreatedAfter = flinttest.Start.Add(3*time.Minute + time.Second)
		if err := export.Refunds(b.Context(), d, func() io.Writer { return &out }, in); err != nil {
			t.Fatal(err)
		}
		if late := file(t, out.Bytes()); len(late) != 2 {
			t.Errorf("%d rows are late", len(late))
		}
		out.Reset()
		if err := export.Refunds(b.Context(), d, func() io.Writer { return &out }, export.Input{Scope: b.Another().Scope}); err != nil || len(file(t, out.Bytes())) != 0 {
			t.Errorf("another merchant's file: %q, %v", out.String(), err)
		}
		gone := errors.New("gone")
		if err := export.Refunds(b.Context(), d, func() io.Writer { return broken{gone} }, in); !errors.Is(err, gone) {
			t.Errorf("a reader who left: %v", err)
		}
	})
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }
