package invoice_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/refund"
)

// each runs a scenario on both engines and checks the books at its end.
func each(t *testing.T, scenario func(t *testing.T, b *flinttest.Bench)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		scenario(t, b)
		b.Check(t)
		b.Quiesce(t)
		b.CheckQuiet(t)
	})
}

func usd(v int64) money.Amount { return money.Amount{Minor: v, Currency: "USD"} }

func record(b *flinttest.Bench, invoiceID string, amount int64) error {
	return b.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
		return b.Invoices.RecordManual(tx, invoice.ManualInput{Scope: b.Scope, InvoiceID: invoiceID, Amount: usd(amount), Cause: b.Cause})
	})
}

func reverse(b *flinttest.Bench, invoiceID string, amount int64) error {
	return b.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
		return b.Invoices.ReverseManual(tx, invoice.ManualInput{Scope: b.Scope, InvoiceID: invoiceID, Amount: usd(amount), Cause: b.Cause})
	})
}

func credit(b *flinttest.Bench, invoiceID string, amount int64, back bool) error {
	b.CreditsAlone = true
	return b.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
		in := invoice.CreditInput{Scope: b.Scope, InvoiceID: invoiceID, CreditNoteID: "cn_1", Amount: amount, Cause: b.Cause}
		if back {
			return b.Invoices.ReverseCredit(tx, in)
		}
		return b.Invoices.ApplyCredit(tx, in)
	})
}

func end(b *flinttest.Bench, invoiceID string, f func(tx db.Tx, in invoice.VersionInput) (*invoice.Invoice, error)) error {
	return b.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
		return f(tx, invoice.VersionInput{Scope: b.Scope, InvoiceID: invoiceID, Cause: b.Cause})
	})
}

func amounts(t *testing.T, v *invoice.Invoice, status string, outstanding, paid int64) {
	t.Helper()
	if v.Status != status || v.Amounts.Outstanding() != outstanding || v.Amounts.Paid != paid {
		t.Errorf("%s: %d outstanding, %d paid; want %s, %d, %d", v.Status, v.Amounts.Outstanding(), v.Amounts.Paid, status, outstanding, paid)
	}
}

func run(t *testing.T, b *flinttest.Bench) {
	t.Helper()
	if _, err := b.Invoices.RunDue(b.Context(), 100); err != nil {
		t.Fatal(err)
	}
}

// A draft follows its order; issuing claims it, numbers the invoice and freezes the document.
func TestIssueFreezes(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
		v, err := b.Draft(o.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Draft(o.ID)
		flinttest.Refused(t, err, "ORDER_ALREADY_HAS_ACTIVE_INVOICE")
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Orders.AddCharge(b.Context(), tx, order.AddChargeInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID,
				Charge: order.ChargeInput{Type: "service_fee", Name: "Service", Amount: flinttest.Money(500, "USD")}})
			return err
		})
		if got := b.Invoice(t, v.ID); got.Amounts.Total != 5500 || got.Version != 2 {
			t.Errorf("the draft says %d at version %d", got.Amounts.Total, got.Version)
		}
		if v, err = b.Issue(v.ID); err != nil {
			t.Fatal(err)
		}
		amounts(t, v, invoice.StatusOpen, 5500, 0)
		if v.Number != "A-1001" || v.Snapshot.Pricing.Total != 5500 || len(v.Snapshot.Lines) != 1 || v.Snapshot.MerchantName != "Bench" {
			t.Errorf("number %s, snapshot %+v", v.Number, v.Snapshot)
		}
		url, err := b.Invoices.PublicURL(v)
		if err != nil || !strings.HasPrefix(url, "https://pay.test/i/ivat_") || !strings.Contains(url, "#invoice_token=flint_invt_") {
			t.Errorf("address %s, %v", url, err)
		}
		err = b.DB.Write(b.Context(), func(tx db.Tx) error {
			_, err := b.Orders.AddCharge(b.Context(), tx, order.AddChargeInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID,
				Charge: order.ChargeInput{Type: "service_fee", Name: "Service", Amount: flinttest.Money(500, "USD")}})
			return err
		})
		flinttest.Refused(t, err, "INVOICE_LOCKED_ORDER_FINANCIALS")
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "ORDER_COLLECTION_ALREADY_ACTIVE")
		_, err = b.Session(o.ID, "")
		flinttest.Refused(t, err, "ORDER_COLLECTION_ALREADY_ACTIVE")
		if got := b.Events(t, v.ID); !slices.Equal(got, []string{"invoice.created", "invoice.updated", "invoice.issued"}) {
			t.Errorf("events %v", got)
		}
	})
}

func TestDoorsOfAnOrderExcludeEachOther(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
		if _, err := b.Session(o.ID, ""); err != nil {
			t.Fatal(err)
		}
		_, err := b.Draft(o.ID)
		flinttest.Refused(t, err, "ORDER_HAS_OPEN_CHECKOUT")
	})
}

// An invoice is paid through its checkout in parts, by hand, and a recorded part is taken back.
func TestPaidInParts(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		percent := money.Percent(300_000)
		v := b.Invoiced(t, 10_000, func(in *invoice.CreateInput) {
			in.Fields.Entries = &[]invoice.EntryInput{
				{Kind: invoice.KindDeposit, Amount: invoice.EntryAmount{Type: invoice.AmountPercentage, Percent: &percent}, Due: invoice.EntryDueOn{Type: invoice.EntryAtIssue}},
				{Kind: invoice.KindBalance, Amount: invoice.EntryAmount{Type: invoice.AmountRemaining}, Due: invoice.EntryDueOn{Type: invoice.EntryDate, At: flinttest.Start.AddDate(0, 1, 0)}},
			}
		})
		if due := v.CurrentlyDue(b.Clock.Now()); due != 3000 {
			t.Errorf("%d is due", due)
		}
		if err := b.PayInvoice(v.ID, "simtok_decline_insufficient_funds"); err != nil {
			t.Fatal(err)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusOpen, 10_000, 0)
		if err := b.PayInvoice(v.ID, "simtok_approve"); err != nil {
			t.Fatal(err)
		}
		v = b.Invoice(t, v.ID)
		amounts(t, v, invoice.StatusPartiallyPaid, 7000, 3000)
		if v.Entries[0].Status(b.Clock.Now(), v.Location()) != invoice.EntrySatisfied || v.Entries[1].Status(b.Clock.Now(), v.Location()) != invoice.EntryPending {
			t.Errorf("entries %+v", v.Entries)
		}
		flinttest.Refused(t, record(b, v.ID, 7001), "AMOUNT_EXCEEDS_BALANCE")
		if err := record(b, v.ID, 7000); err != nil {
			t.Fatal(err)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPaid, 0, 10_000)
		flinttest.Refused(t, reverse(b, v.ID, 7001), "REVERSAL_EXCEEDS_MANUAL_PAYMENTS")
		if err := reverse(b, v.ID, 2000); err != nil {
			t.Fatal(err)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPartiallyPaid, 2000, 8000)
		if _, err := b.Refund(v.OrderID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(1000, "USD") }); err != nil {
			t.Fatal(err)
		}
		b.Quiesce(t)
		v = b.Invoice(t, v.ID)
		amounts(t, v, invoice.StatusPartiallyPaid, 2000, 8000)
		if v.Amounts.Refunded != 1000 || v.RefundStatus() != "partially_refunded" {
			t.Errorf("refunded %d, %s", v.Amounts.Refunded, v.RefundStatus())
		}
		want := []string{"invoice.created", "invoice.issued", "invoice.payment_failed", "invoice.partially_paid", "invoice.manual_payment_recorded",
			"invoice.paid", "invoice.manual_payment_reversed", "invoice.partially_refunded"}
		if got := b.Events(t, v.ID); !slices.Equal(got, want) {
			t.Errorf("events %v", got)
		}
	})
}

// The checkout is given again while it fits, and ends when the balance changes otherwise.
func TestCheckoutIsReused(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := b.Invoiced(t, 4000)
		open := func() invoice.Checkout {
			t.Helper()
			var c invoice.Checkout
			b.Write(t, func(tx db.Tx) (err error) {
				c, err = b.Invoices.Checkout(b.Context(), tx, invoice.CheckoutInput{Scope: b.Scope, InvoiceID: v.ID, Cause: b.Cause})
				return err
			})
			return c
		}
		first, again := open(), open()
		if again.SessionID != first.SessionID || !again.Reused || again.Secret != first.Secret || again.Attempt.ID != first.Attempt.ID {
			t.Errorf("first %+v, again %+v", first, again)
		}
		if s := b.SessionOf(t, first.SessionID); !s.ExpiresAt.Equal(b.Invoice(t, v.ID).LinkExpires) || s.InvoiceID != v.ID {
			t.Errorf("session %+v", s)
		}
		if err := record(b, v.ID, 1000); err != nil {
			t.Fatal(err)
		}
		if s := b.SessionOf(t, first.SessionID); s.TerminalReason != "invoice_balance_changed" {
			t.Errorf("the session is %s for %s", s.Status, s.TerminalReason)
		}
		if c := open(); c.Reused || c.Attempt.Expected != 3000 {
			t.Errorf("opened %+v", c.Attempt)
		}
		if err := end(b, v.ID, b.Invoices.RegenerateLink); err != nil {
			t.Fatal(err)
		}
		if err := record(b, v.ID, 3000); err != nil {
			t.Fatal(err)
		}
		if got := b.Invoice(t, v.ID); got.Status != invoice.StatusPaid {
			t.Errorf("it is %s", got.Status)
		}
	})
}

// Void frees the order; uncollectible writes off and lets the buyer pay after all.
func TestGivenUp(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := b.Invoiced(t, 4000)
		if err := end(b, v.ID, b.Invoices.Void); err != nil {
			t.Fatal(err)
		}
		flinttest.Refused(t, end(b, v.ID, b.Invoices.Void), "INVOICE_NOT_VOIDABLE")
		second, err := b.Draft(v.OrderID)
		if err == nil {
			second, err = b.Issue(second.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		if second.Number != "A-1002" {
			t.Errorf("number %s", second.Number)
		}
		if err := record(b, second.ID, 1500); err != nil {
			t.Fatal(err)
		}
		flinttest.Refused(t, end(b, second.ID, b.Invoices.Void), "INVOICE_NOT_VOIDABLE")
		if err := end(b, second.ID, b.Invoices.MarkUncollectible); err != nil {
			t.Fatal(err)
		}
		got := b.Invoice(t, second.ID)
		amounts(t, got, invoice.StatusUncollectible, 0, 1500)
		if got.Amounts.WrittenOff != 2500 || b.State(t, v.OrderID).Order.WrittenOff() != 2500 {
			t.Errorf("written off %d", got.Amounts.WrittenOff)
		}
		b.Check(t)
		s := b.Paid(t, v.OrderID, "simtok_approve")
		if s.Order.WrittenOff() != 0 || s.Order.DerivePaymentStatus() != "paid" {
			t.Errorf("order %+v", s.Order.Invoicing)
		}
	})
}

func TestCreditsCloseAndReopen(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := b.Invoiced(t, 4000)
		flinttest.Refused(t, credit(b, v.ID, 4001, false), "CREDIT_NOTE_ALLOCATION_EXCEEDS_BALANCE")
		for _, amount := range []int64{1000, 3000} {
			if err := credit(b, v.ID, amount, false); err != nil {
				t.Fatal(err)
			}
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusCredited, 0, 0)
		b.Check(t)
		if err := credit(b, v.ID, 3000, true); err != nil {
			t.Fatal(err)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusOpen, 3000, 0)
		if err := b.PayInvoice(v.ID, "simtok_approve"); err != nil {
			t.Fatal(err)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPaid, 0, 3000)
	})
}

// Time announces each thing once, also when the clock jumps over all of it.
func TestOverdueRemindersAndLateFees(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		name, percent := "Net 10", money.Percent(50_000)
		var term *invoice.Term
		b.Write(t, func(tx db.Tx) (err error) {
			term, err = b.Invoices.CreateTerm(tx, invoice.TermInput{Scope: b.Scope, Name: &name, Calculation: &invoice.Calculation{Type: invoice.TermNetDays, Days: 10},
				LateFee: &invoice.LateFeePolicy{Type: invoice.FeePercentage, Percent: &percent, GraceDays: 5, Mode: invoice.FeeAutomatic}})
			return err
		})
		o := b.Order(t, "USD", []flinttest.Line{{Price: 4000, Quantity: 1}})
		mail := "buyer@shop.test"
		draft, err := b.Draft(o.ID, func(in *invoice.CreateInput) {
			in.Fields.Due = &invoice.DueRequest{Type: invoice.DueTerms, TermID: term.ID}
			in.Fields.RecipientEmail = &mail
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Invoices.Issue(b.Context(), tx, invoice.IssueInput{Scope: b.Scope, InvoiceID: draft.ID, DeliveryMode: "email", Cause: b.Cause})
			return err
		})
		run(t, b)
		b.Advance(40 * 24 * time.Hour)
		for range 3 {
			run(t, b)
		}
		v := b.Invoice(t, draft.ID)
		amounts(t, v, invoice.StatusOpen, 4200, 0)
		if !v.Overdue(b.Clock.Now()) || len(v.Fees) != 1 || v.Fees[0].Base != 4000 {
			t.Errorf("overdue %v, fees %+v", v.Overdue(b.Clock.Now()), v.Fees)
		}
		if got := b.Letters(); len(got) != 2 {
			t.Errorf("mails %v", got)
		}
		want := []string{"invoice.created", "invoice.issued", "invoice.delivery_succeeded", "invoice.sent", "invoice.overdue", "invoice.reminder_due",
			"invoice.late_fee_due", "invoice.late_fee_assessed", "invoice.delivery_succeeded"}
		if got := b.Events(t, v.ID); !slices.Equal(got, want) {
			t.Errorf("events %v", got)
		}
		if err := record(b, v.ID, 4150); err != nil {
			t.Fatal(err)
		}
		waive := func() error {
			return b.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
				return b.Invoices.WaiveLateFee(tx, invoice.WaiveInput{Scope: b.Scope, InvoiceID: v.ID, FeeID: v.Fees[0].ID, Reason: "goodwill", Cause: b.Cause})
			})
		}
		if err := waive(); err != nil {
			t.Fatal(err)
		}
		v = b.Invoice(t, v.ID)
		amounts(t, v, invoice.StatusPaid, 0, 4150)
		if v.Fees[0].Waived != 50 || v.Fees[0].Paid != 150 {
			t.Errorf("fee %+v", v.Fees[0])
		}
		flinttest.Refused(t, waive(), "INVOICE_LATE_FEE_NOT_COLLECTIBLE")
	})
}

// Payments, records, reversals, credits, fees and refunds in any order: the invoice says what the order
// says, and the books add up after each step.
func TestInvoiceProperties(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		bench := flinttest.New(t, d)
		rapid.Check(t, func(t *rapid.T) {
			b := bench.Another()
			var entries []invoice.EntryInput
			if rapid.Bool().Draw(t, "scheduled") {
				percent := money.Percent(rapid.Int64Range(10_000, 900_000).Draw(t, "deposit"))
				entries = []invoice.EntryInput{
					{Kind: invoice.KindDeposit, Amount: invoice.EntryAmount{Type: invoice.AmountPercentage, Percent: &percent}, Due: invoice.EntryDueOn{Type: invoice.EntryAtIssue}},
					{Kind: invoice.KindBalance, Amount: invoice.EntryAmount{Type: invoice.AmountRemaining}, Due: invoice.EntryDueOn{Type: invoice.EntryInvoiceDue}},
				}
			}
			v := b.Invoiced(t, rapid.Int64Range(100, 9000).Draw(t, "price"), func(in *invoice.CreateInput) {
				if entries != nil {
					in.Fields.Entries = &entries
				}
			})
			for range rapid.IntRange(1, 5).Draw(t, "steps") {
				amount := rapid.Int64Range(1, 4000).Draw(t, "amount")
				switch rapid.IntRange(0, 6).Draw(t, "step") {
				case 0:
					flinttest.Known(t, record(b, v.ID, amount))
				case 1:
					flinttest.Known(t, reverse(b, v.ID, amount))
				case 2:
					flinttest.Known(t, credit(b, v.ID, amount, false))
				case 3:
					flinttest.Known(t, credit(b, v.ID, amount, true))
				case 4:
					flinttest.Known(t, b.PayInvoice(v.ID, rapid.SampledFrom([]string{"simtok_approve", "simtok_decline_insufficient_funds"}).Draw(t, "token")))
				case 5:
					_, err := b.Refund(v.OrderID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(amount, "USD") })
					flinttest.Known(t, err)
				case 6:
					flinttest.Known(t, end(b, v.ID, rapid.SampledFrom([]func(db.Tx, invoice.VersionInput) (*invoice.Invoice, error){
						b.Invoices.Void, b.Invoices.MarkUncollectible, b.Invoices.RegenerateLink}).Draw(t, "end")))
				}
				b.Check(t)
			}
		})
	})
}
