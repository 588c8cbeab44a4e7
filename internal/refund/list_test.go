package refund_test

import (
	"slices"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/refund"
)

// pages reads a list to its end, two rows at a time, and gives the ids.
func pages[T any](t *testing.T, b *flinttest.Bench, list func(tx db.Tx, after *listing.Cursor) ([]T, *listing.Cursor, error), key func(T) string) (ids []string) {
	t.Helper()
	var after *listing.Cursor
	for range 20 {
		var rows []T
		b.Read(t, func(tx db.Tx) (err error) {
			rows, after, err = list(tx, after)
			return err
		})
		for _, r := range rows {
			ids = append(ids, key(r))
		}
		if after == nil {
			return ids
		}
	}
	t.Fatal("the list has no end")
	return nil
}

func TestListsOfRefundsAndPayments(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := worked(t, b)
		legs := parts(t, b, o, "simtok_approve", "simtok_approve", "simtok_refund_fails")
		var made []string
		for n, minor := range []int64{100, 300, 200, 300, 100} {
			b.Advance(time.Minute)
			r, err := b.Refund(o.ID, func(in *refund.CreateInput) {
				in.OrderID, in.PaymentIntentID, in.Amount = "", legs[n%3].ID, flinttest.Money(minor, "USD")
				in.ExternalReferenceID, in.Reason = "Ref_100%", []string{"duplicate", "other"}[n%2]
			})
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, r.ID)
		}
		b.Advance(time.Minute)
		b.Deliver(t)
		at := func(n ...int) (ids []string) {
			for _, k := range n {
				ids = append(ids, made[k])
			}
			return ids
		}
		from, to := int64(200), int64(300)
		for name, c := range map[string]struct {
			in   refund.ListInput
			want []string
		}{
			"all":           {refund.ListInput{}, at(4, 3, 2, 1, 0)},
			"oldest first":  {refund.ListInput{Ascending: true}, at(0, 1, 2, 3, 4)},
			"of a payment":  {refund.ListInput{PaymentIntentID: legs[0].ID}, at(3, 0)},
			"failed":        {refund.ListInput{Status: refund.StatusFailed}, at(2)},
			"by reason":     {refund.ListInput{Reasons: []string{"duplicate", "fraudulent"}}, at(4, 2, 0)},
			"by amount":     {refund.ListInput{MinAmount: &from, MaxAmount: &to, Currency: "USD", SortBy: "amount", Ascending: true}, at(2, 1, 3)},
			"by reference":  {refund.ListInput{ExternalReferenceID: "Ref_100%"}, at(4, 3, 2, 1, 0)},
			"search":        {refund.ListInput{Query: "REF_100%"}, at(4, 3, 2, 1, 0)},
			"search, wild":  {refund.ListInput{Query: "ref%1"}, nil},
			"of nobody":     {refund.ListInput{CustomerID: "cus_x"}, nil},
			"between":       {refund.ListInput{CreatedAfter: b.RefundOf(t, made[0]).CreatedAt, CreatedBefore: b.RefundOf(t, made[3]).CreatedAt}, at(2, 1)},
			"in this order": {refund.ListInput{OrderID: o.ID, Currency: "USD"}, at(4, 3, 2, 1, 0)},
		} {
			got := pages(t, b, func(tx db.Tx, after *listing.Cursor) ([]*refund.Refund, *listing.Cursor, error) {
				in := c.in
				in.Scope, in.After, in.Limit = b.Scope, after, 2
				return refund.List(tx, in)
			}, func(r *refund.Refund) string { return r.ID })
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		for name, c := range map[string]struct {
			in   payment.ListInput
			want int
		}{
			"all":                {payment.ListInput{}, 3},
			"partially refunded": {payment.ListInput{RefundStatus: []string{"partially_refunded", "refunded"}}, 2},
			"not refunded":       {payment.ListInput{RefundStatus: []string{"none"}}, 1},
			"succeeded":          {payment.ListInput{Status: payment.IntentSucceeded, OrderID: o.ID, SortBy: "amount"}, 3},
			"canceled":           {payment.ListInput{Status: payment.IntentCanceled}, 0},
			"flow":               {payment.ListInput{Flows: []string{"api"}, SortBy: "updated_at"}, 3},
			"search":             {payment.ListInput{Query: o.ID}, 3},
		} {
			got := pages(t, b, func(tx db.Tx, after *listing.Cursor) ([]*payment.Intent, *listing.Cursor, error) {
				in := c.in
				in.Scope, in.After, in.Limit = b.Scope, after, 2
				return payment.List(tx, in)
			}, func(i *payment.Intent) string { return i.ID })
			if len(got) != c.want || len(slices.Compact(slices.Sorted(slices.Values(got)))) != c.want {
				t.Errorf("payments, %s: %d, want %d", name, len(got), c.want)
			}
		}
		err := b.DB.Read(b.Context(), func(tx db.Tx) error {
			_, _, err := refund.List(tx, refund.ListInput{Scope: b.Scope, Limit: 2, After: &listing.Cursor{Key: "x", ID: "y"}})
			return err
		})
		flinttest.Refused(t, err, "INVALID_PAGE_TOKEN")
		err = b.DB.Read(b.Context(), func(tx db.Tx) error {
			_, _, err := refund.List(tx, refund.ListInput{Scope: b.Scope, Limit: 2, MinAmount: &from})
			return err
		})
		flinttest.Refused(t, err, "CURRENCY_REQUIRED")
	})
}
