package order_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/money"
	"flint/internal/order"
)

// Every filter, sort and page size gives what a naive walk over all orders gives.
func TestListAgainstNaiveFilter(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		customers := []string{"", b.customer("a@example.com", false), b.customer("b@example.com", false)}
		names := []string{"Äpfel 100%", "pear_tree", `back\slash`, "Chair"}
		var all []*order.Order
		for i := range 40 {
			b.clock.Set(start.Add(time.Duration(i/4) * time.Second))
			currency := money.Currency([]string{"USD", "EUR"}[i%2])
			o := do(b, b.Create, order.CreateInput{Scope: scope, Origin: []string{"api", "checkout"}[i%2], CustomerID: customers[i%3],
				ExternalReferenceID: []string{"", "Ref-1", "Ref-2"}[i/2%3], BuyerNote: []string{"", "Leave at DOOR"}[i/3%2],
				Lines: []order.LineInput{{Name: names[i%4], UnitPrice: &money.Amount{Minor: int64(100 + 50*(i%5)), Currency: currency}}}})
			if i%3 == 0 {
				b.clock.Set(start.Add(time.Duration(100-i) * time.Second))
				o = b.settle(o.ID, order.SettleInput{PaymentIntentID: "pi_1", Amount: int64(60 * (1 + i%4))})
			}
			if i%6 == 0 {
				o = b.mustLocked(o.ID, func(tx db.Tx, o *order.Order) error {
					return b.SettleRefund(tx, o, order.RefundInput{RefundID: "ref_1", Amount: int64(10 + 50*(i%4))})
				})
			}
			if i%5 == 0 {
				o = do(b, b.Close, order.CloseInput{Scope: scope, OrderID: o.ID})
			}
			all = append(all, b.get(o.ID))
		}
		b.scope.MerchantID = "mer_b"
		do(b, b.Create, order.CreateInput{Scope: b.scope, Lines: []order.LineInput{line("Chair", 100, 1)}})
		b.scope = scope

		hits := 0
		rapid.Check(t, func(r *rapid.T) {
			in := drawList(r, customers[1:])
			want := naive(all, in)
			hits += len(want)
			if got := walk(b, in); !slices.Equal(got, want) {
				r.Fatalf("%+v\n got %v\nwant %v", in, got, want)
			}
		})
		if hits == 0 {
			t.Error("no filter found anything")
		}
	})
}

// walk reads all pages.
func walk(b *bench, in order.ListInput) []string {
	var got []string
	for {
		var page order.ListResult
		b.read(func(tx db.Tx) (err error) {
			page, err = b.List(tx.Context(), tx, in)
			return err
		})
		for _, o := range page.Orders {
			got = append(got, o.Number)
		}
		if page.Next == nil {
			return got
		}
		in.After = page.Next
	}
}

func drawList(r *rapid.T, customers []string) order.ListInput {
	some := func(label string, values ...string) string {
		if rapid.IntRange(0, 3).Draw(r, label+"?") > 0 {
			return ""
		}
		return rapid.SampledFrom(values).Draw(r, label)
	}
	several := func(label string, values ...string) []string {
		if rapid.IntRange(0, 3).Draw(r, label+"?") > 0 {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(values), 1, 2, rapid.ID[string]).Draw(r, label)
	}
	moment := func(label string) time.Time {
		if rapid.IntRange(0, 4).Draw(r, label+"?") > 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(rapid.IntRange(-1, 101).Draw(r, label)) * time.Second)
	}
	in := order.ListInput{
		Scope: scope, CustomerID: some("customer", customers...), Status: some("status", "open", "closed"),
		PaymentStatuses:     several("payment", "unpaid", "partially_paid", "paid"),
		RefundStatuses:      several("refund", "none", "partially_refunded", "refunded"),
		FulfillmentStatuses: several("fulfillment", "not_fulfilled", "fulfilled"),
		OrderNumber:         some("number", "1001", "1017", "9999"), ExternalReferenceID: some("reference", "Ref-1", "ref-1"),
		Origin: some("origin", "api", "checkout"), Currency: some("currency", "USD", "EUR"),
		Query:        some("query", "äPFEL", "100%", "_tree", `k\s`, "%", "door", "REF-2", "102", "nowhere"),
		CreatedAfter: moment("created after"), CreatedBefore: moment("created before"),
		UpdatedAfter: moment("updated after"), UpdatedBefore: moment("updated before"),
		SortBy:    rapid.SampledFrom([]string{"", "created_at", "updated_at", "outstanding_money", "total"}).Draw(r, "sort"),
		Ascending: rapid.Bool().Draw(r, "ascending"), Limit: rapid.IntRange(1, 17).Draw(r, "limit"),
	}
	if in.Currency != "" {
		if rapid.Bool().Draw(r, "min?") {
			in.MinAmount = new(rapid.Int64Range(1, 150).Draw(r, "min"))
		}
		if rapid.Bool().Draw(r, "max?") {
			in.MaxAmount = new(rapid.Int64Range(150, 300).Draw(r, "max"))
		}
	}
	return in
}

func naive(all []*order.Order, in order.ListInput) []string {
	is := func(want, have string) bool { return want == "" || want == have }
	any := func(want []string, have string) bool { return len(want) == 0 || slices.Contains(want, have) }
	within := func(after, before, t time.Time) bool {
		return (after.IsZero() || t.After(after)) && (before.IsZero() || t.Before(before))
	}
	var kept []*order.Order
	for _, o := range all {
		text := strings.ToLower(strings.Join([]string{o.Number, o.ExternalReferenceID, o.BuyerNote, o.InternalNote, o.Lines[0].Name}, "\n"))
		if is(in.CustomerID, o.CustomerID) && is(in.Status, o.Status) && any(in.PaymentStatuses, o.DerivePaymentStatus()) &&
			any(in.RefundStatuses, o.DeriveRefundStatus()) && any(in.FulfillmentStatuses, o.FulfillmentStatus) && is(in.OrderNumber, o.Number) &&
			is(in.ExternalReferenceID, o.ExternalReferenceID) && is(in.Origin, o.Origin) && is(in.Currency, string(o.Currency)) &&
			strings.Contains(text, strings.ToLower(in.Query)) && (in.MinAmount == nil || o.Pricing.Total >= *in.MinAmount) &&
			(in.MaxAmount == nil || o.Pricing.Total <= *in.MaxAmount) && within(in.CreatedAfter, in.CreatedBefore, o.CreatedAt) &&
			within(in.UpdatedAfter, in.UpdatedBefore, o.UpdatedAt) {
			kept = append(kept, o)
		}
	}
	key := func(o *order.Order) int64 {
		switch in.SortBy {
		case "updated_at":
			return o.UpdatedAt.UnixMicro()
		case "outstanding_money":
			return o.Outstanding()
		case "total":
			return o.Pricing.Total
		default:
			return o.CreatedAt.UnixMicro()
		}
	}
	slices.SortFunc(kept, func(x, y *order.Order) int {
		n := cmp.Or(cmp.Compare(key(x), key(y)), cmp.Compare(x.ID, y.ID))
		if in.Ascending {
			return n
		}
		return -n
	})
	var numbers []string
	for _, o := range kept {
		numbers = append(numbers, o.Number)
	}
	return numbers
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	for want, in := range map[string]order.ListInput{
		"INVALID_SORT_BY":         {SortBy: "doc", Limit: 1},
		"INVALID_PAGE_SIZE":       {Limit: 101},
		"INVALID_STATUS":          {Status: "canceled", Limit: 1},
		"INVALID_QUERY_PARAMETER": {Origin: "fax", Limit: 1},
		"CURRENCY_REQUIRED":       {MinAmount: new(int64(1)), Limit: 1},
		"INVALID_AMOUNT_RANGE":    {MinAmount: new(int64(2)), MaxAmount: new(int64(1)), Currency: "USD", Limit: 1},
		"INVALID_TEXT":            {Query: "\x00", Limit: 1},
	} {
		if got := code(in.Validate()); got != want {
			t.Errorf("%+v: %s, want %s", in, got, want)
		}
	}
	if err := (order.ListInput{Limit: 1}).Validate(); err != nil {
		t.Errorf("a plain list is refused: %v", err)
	}
}
