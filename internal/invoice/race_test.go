package invoice_test

import (
	"fmt"
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/invoice"
	"flint/internal/order"
)

// race runs rounds of a race on both engines; the books have to add up after all of them.
func race(t *testing.T, round func(t *testing.T, b *flinttest.Bench, width int)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		flinttest.Rounds(t, func(width int) { round(t, b, width) })
		b.Check(t)
		b.Quiesce(t)
		b.CheckQuiet(t)
	})
}

func through(t *testing.T, errs []error, codes ...string) (n int) {
	t.Helper()
next:
	for _, err := range errs {
		if err == nil {
			n++
			continue
		}
		for _, code := range codes {
			if fault.Is(err, code) {
				continue next
			}
		}
		t.Errorf("refused with %v, want one of %v", err, codes)
	}
	return n
}

// Race 19: many invoices are issued at the same moment; their numbers are unique and have no gap.
func TestRaceOfNumbers(t *testing.T) {
	next := map[*flinttest.Bench]int64{}
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		next[b] = 1001
		round := func(width int) {
			drafts := make([]*invoice.Invoice, width)
			for k := range drafts {
				o := b.Order(t, "USD", []flinttest.Line{{Price: 100, Quantity: 1}})
				v, err := b.Draft(o.ID)
				if err != nil {
					t.Fatal(err)
				}
				drafts[k] = v
			}
			errs := flinttest.Race(width*2, func(k int) error { // each is issued twice
				_, err := b.Issue(drafts[k/2].ID)
				return err
			})
			if n := through(t, errs, "INVOICE_NOT_DRAFT"); n != width {
				t.Errorf("%d of %d were issued", n, width)
			}
			seen := map[int64]bool{}
			for _, v := range drafts {
				seen[b.Invoice(t, v.ID).Sequence] = true
			}
			for n := next[b]; n < next[b]+int64(width); n++ {
				if !seen[n] {
					t.Errorf("number %d is missing", n)
				}
			}
			next[b] += int64(width)
		}
		flinttest.Rounds(t, round)
		round(64)
		b.Check(t)
	})
}

// A payment is recorded by hand while the buyer pays online: one of them at the most takes the whole.
func TestRaceOfRecordsAndPayments(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		v := b.Invoiced(t, 5000)
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 0 {
				return record(b, v.ID, 5000)
			}
			return b.PayInvoice(v.ID, "simtok_approve")
		})
		n := through(t, errs, "INVOICE_NOT_COLLECTIBLE", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING", "ORDER_PAYMENT_ATTEMPT_ACTIVE",
			"ORDER_ALREADY_PAID", "ORDER_CLOSED", "CHECKOUT_PAYMENT_RESOLVING", "CHECKOUT_SESSION_NOT_OPEN", "AMOUNT_EXCEEDS_BALANCE")
		got := b.Invoice(t, v.ID)
		if n != 1 || got.Status != invoice.StatusPaid || b.State(t, v.OrderID).Order.Settlement.Paid != 5000 {
			t.Errorf("%d got through; the invoice is %s, the order was paid %d", n, got.Status, b.State(t, v.OrderID).Order.Settlement.Paid)
		}
	})
}

// The merchant voids while the buyer pays: the invoice is one or the other, and a paid order is never
// left behind by a void invoice.
func TestRaceOfVoidAndPay(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		v := b.Invoiced(t, 5000)
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 0 {
				return end(b, v.ID, b.Invoices.Void)
			}
			return b.PayInvoice(v.ID, "simtok_approve")
		})
		through(t, errs, "INVOICE_NOT_VOIDABLE", "INVOICE_NOT_COLLECTIBLE", "INVOICE_PAYMENT_RESOLVING", "INVOICE_PAYMENT_PROCESSING",
			"ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID", "CHECKOUT_PAYMENT_RESOLVING", "CHECKOUT_SESSION_NOT_OPEN")
		got, paid := b.Invoice(t, v.ID), b.State(t, v.OrderID).Order.Settlement.Paid
		switch got.Status {
		case invoice.StatusPaid:
			if paid != 5000 {
				t.Errorf("paid %d", paid)
			}
		case invoice.StatusVoid:
			if paid != 0 { // the buyer who had the checkout in hand stands before a closed door
				t.Errorf("void, and paid %d", paid)
			}
		default:
			t.Errorf("the invoice is %s", got.Status)
		}
	})
}

// The order is edited while it is issued: the document says what the order costs from then on.
func TestRaceOfIssueAndEdit(t *testing.T) {
	race(t, func(t *testing.T, b *flinttest.Bench, width int) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
		v, err := b.Draft(o.ID)
		if err != nil {
			t.Fatal(err)
		}
		errs := flinttest.Race(width, func(k int) error {
			if k%2 == 0 {
				_, err := b.Issue(v.ID)
				return err
			}
			return b.DB.Write(b.Context(), func(tx db.Tx) error {
				_, err := b.Orders.AddCharge(b.Context(), tx, order.AddChargeInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID,
					Charge: order.ChargeInput{Type: "other", Name: fmt.Sprintf("Charge %d", k), Amount: flinttest.Money(100, "USD")}})
				return err
			})
		})
		through(t, errs, "INVOICE_NOT_DRAFT", "INVOICE_LOCKED_ORDER_FINANCIALS")
		got, now := b.Invoice(t, v.ID), b.State(t, o.ID).Order
		if got.Status != invoice.StatusOpen || got.Snapshot.Pricing != now.Pricing || got.Amounts.Total != now.Pricing.Total {
			t.Errorf("%s over %d, the order costs %d", got.Status, got.Amounts.Total, now.Pricing.Total)
		}
	})
}
