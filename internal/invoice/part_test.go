package invoice_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/flinttest"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/payment"
)

func inParts(in *invoice.CreateInput) {
	percent := money.Percent(300_000)
	in.Fields.Entries = &[]invoice.EntryInput{
		{Kind: invoice.KindDeposit, Amount: invoice.EntryAmount{Type: invoice.AmountPercentage, Percent: &percent}, Due: invoice.EntryDueOn{Type: invoice.EntryAtIssue}},
		{Kind: invoice.KindBalance, Amount: invoice.EntryAmount{Type: invoice.AmountRemaining}, Due: invoice.EntryDueOn{Type: invoice.EntryDate, At: flinttest.Start.AddDate(0, 1, 0)}},
	}
}

// The checkout of an invoice with a schedule means the part that is due, in what the payer must have seen, in
// what legs have to cover, and in what it says of itself.
func TestACheckoutMeansThePartThatIsDue(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := b.Invoiced(t, 10_000, inParts)
		var c invoice.Checkout
		b.Write(t, func(tx db.Tx) (err error) {
			c, err = b.Invoices.Checkout(b.Context(), tx, invoice.CheckoutInput{Scope: b.Scope, InvoiceID: v.ID, Cause: b.Cause})
			return err
		})
		b.Read(t, func(tx db.Tx) error {
			o, err := b.Orders.Get(b.Context(), tx, b.Scope, v.OrderID)
			if err != nil {
				return err
			}
			part, err := b.Invoices.PartOf(tx, o, c.SessionID)
			if err != nil {
				return err
			}
			if part.Kind != invoice.KindDeposit || part.Later != 7000 || part.Number != v.Number {
				t.Errorf("it asks for %+v", part)
			}
			return nil
		})
		expecting := func(minor int64) func(*payment.PayInput) {
			return func(in *payment.PayInput) {
				in.CheckoutSessionID, in.ExpectedOutstanding = c.SessionID, flinttest.Money(minor, "USD")
			}
		}
		refused := flinttest.Refused(t, b.Pay(v.OrderID, "simtok_approve", expecting(10_000)), "ORDER_CHANGED_REFRESH_REQUIRED")
		if got := refused.Extra["current_money"]; got != *flinttest.Money(3000, "USD") {
			t.Errorf("it says that %v is due", got)
		}
		stage := func(minor int64) (leg *payment.Intent, err error) {
			err = b.DB.Write(b.Context(), func(tx db.Tx) (err error) {
				in := payment.StageInput{Scope: b.Scope, OrderID: v.OrderID, CheckoutSessionID: c.SessionID, Cause: b.Cause}
				if minor > 0 {
					in.Amount = flinttest.Money(minor, "USD")
				}
				leg, _, err = b.Payments.Stage(tx, in)
				return err
			})
			return leg, err
		}
		_, err := stage(3001)
		flinttest.Refused(t, err, "AMOUNT_EXCEEDS_BALANCE")
		small, err := stage(1000)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := stage(0)
		if err != nil || whole.Amount != 3000 {
			t.Fatalf("staged %v, %v", whole, err)
		}
		confirm := func(legs ...*payment.Intent) error {
			in := payment.ConfirmInput{Scope: b.Scope, OrderID: v.OrderID, CheckoutSessionID: c.SessionID, Cause: b.Cause}
			for _, l := range legs {
				in.Selections = append(in.Selections, payment.Selection{PaymentIntentID: l.ID, Source: payment.Credential{Token: "simtok_approve"}})
			}
			var started payment.Started
			err := b.DB.Write(b.Context(), func(tx db.Tx) (err error) {
				started, err = b.Payments.Confirm(tx, in)
				return err
			})
			if err != nil {
				return err
			}
			return b.Payments.Execute(b.Context(), started.Operations, b.Cause, nil)
		}
		flinttest.Refused(t, confirm(small), "PAYMENT_LEGS_INCOMPLETE")
		flinttest.Refused(t, confirm(small, whole), "AMOUNT_EXCEEDS_BALANCE")
		if err := confirm(whole); err != nil {
			t.Fatal(err)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPartiallyPaid, 7000, 3000)
		if a := b.State(t, v.OrderID).Attempt; a.Status != payment.AttemptPartiallySucceeded || a.Completion != payment.PartialPayment {
			t.Errorf("the attempt is %s, %s", a.Status, a.Completion)
		}
	})
}

// What an amount would be a part of.
func TestPart(t *testing.T) {
	t.Parallel()
	v := &invoice.Invoice{Number: "1001", Amounts: invoice.Amounts{Total: 100, Fees: 5}, Entries: []invoice.Entry{
		{Kind: invoice.KindDeposit, Total: 30, Paid: 30}, {Kind: invoice.KindInstallment, Total: 40}, {Kind: invoice.KindBalance, Total: 30},
	}}
	v.Amounts.Paid = 30
	for amount, want := range map[int64]string{40: invoice.KindInstallment, 45: invoice.PartSeveral, 75: invoice.PartRest, 70: invoice.PartSeveral} {
		if got := v.Part(amount); got.Kind != want || got.Later != 75-amount {
			t.Errorf("%d is %+v, want %s", amount, got, want)
		}
	}
	if got := (&invoice.Invoice{Amounts: invoice.Amounts{Total: 100}}).Part(100); got.Kind != "" || got.Later != 0 {
		t.Errorf("the whole is %+v", got)
	}
}
