package invoice_test

import (
	"slices"
	"testing"
	"time"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/flinttest"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/payment"
)

// saved is a customer with a card that may be charged without its owner.
func saved(t *testing.T, b *flinttest.Bench, token string) (customerID, methodID string) {
	t.Helper()
	b.Write(t, func(tx db.Tx) error {
		c, err := b.Orders.Customers.Create(b.Context(), tx, customer.CreateInput{Scope: b.Scope, Cause: b.Cause, Name: "Ada", Email: b.IDs.New("mail") + "@buyer.test"})
		if err != nil {
			return err
		}
		m, plain, err := b.Payments.BeginSetup(tx, payment.SetupInput{Scope: b.Scope, CustomerID: c.ID})
		if err != nil {
			return err
		}
		customerID, methodID = c.ID, m.ID
		card := payment.Source{Type: "card", Brand: "visa", Last4: "4242", ExpMonth: 12, ExpYear: 2099}
		_, err = b.Payments.CompleteSetup(tx, plain.Reveal(), token, card, b.Cause)
		return err
	})
	return customerID, methodID
}

// automatic is an issued invoice over 100.00 of a customer, due in ten days, that charges a card by itself.
func automatic(t *testing.T, b *flinttest.Bench, token string, change ...func(*invoice.CreateInput)) *invoice.Invoice {
	t.Helper()
	if b.Clock.Now().Equal(flinttest.Start) {
		b.Clock.Set(flinttest.Start.Add(2 * time.Hour)) // past 9 o'clock of the invoices' timezone
	}
	customerID, methodID := saved(t, b, token)
	o := b.Order(t, "USD", []flinttest.Line{{Price: 10_000, Quantity: 1}}, func(in *order.CreateInput) { in.CustomerID = customerID })
	v, err := b.Draft(o.ID, append([]func(*invoice.CreateInput){func(in *invoice.CreateInput) {
		in.Fields.Collection = &invoice.Collection{Mode: invoice.CollectAutomatic, PaymentMethodID: methodID}
		in.Fields.Due = &invoice.DueRequest{Type: invoice.DueAbsolute, At: flinttest.Start.AddDate(0, 0, 10)}
	}}, change...)...)
	if err == nil {
		v, err = b.Issue(v.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func tries(t *testing.T, b *flinttest.Bench, v *invoice.Invoice) (statuses []string) {
	t.Helper()
	b.Read(t, func(tx db.Tx) error {
		found, _, err := invoice.ListAttempts(tx, invoice.ListAttemptsInput{Scope: b.Scope, InvoiceID: v.ID, Limit: 50})
		for _, a := range slices.Backward(found) {
			statuses = append(statuses, a.Status)
		}
		return err
	})
	return statuses
}

func wait(b *flinttest.Bench, days int) {
	b.Clock.Set(b.Clock.Now().Add(time.Duration(days) * 24 * time.Hour))
}

// A saved card pays on the due date, once, however often the job runs.
func TestAutomaticCollection(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := automatic(t, b, "simtok_approve")
		wait(b, 9)
		run(t, b)
		if got := tries(t, b, v); len(got) != 0 {
			t.Fatalf("charged before it was due: %v", got)
		}
		wait(b, 1)
		for range 3 {
			run(t, b)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPaid, 0, 10_000)
		if got := tries(t, b, v); !slices.Equal(got, []string{invoice.AttemptSettled}) {
			t.Errorf("tries %v", got)
		}
		if got := b.Events(t, v.ID); slices.Contains(got, "invoice.overdue") || !slices.Contains(got, "invoice.paid") {
			t.Errorf("events %v", got)
		}
		if got := b.Invoice(t, v.ID); !got.NextCheckAt.IsZero() || got.Charging != "" {
			t.Errorf("it waits for %v and %q", got.NextCheckAt, got.Charging)
		}
	})
}

// A declined card is tried again on each day of the policy that was frozen at issue, then no more.
func TestAutomaticCollectionTriesAgain(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := automatic(t, b, "simtok_decline_insufficient_funds")
		want := []string{}
		for day := range 21 {
			run(t, b)
			run(t, b)
			if day == 10 || day == 11 || day == 13 || day == 15 {
				want = append(want, invoice.AttemptFailed)
			}
			if got := tries(t, b, v); !slices.Equal(got, want) {
				t.Fatalf("day %d: %v, want %v", day, got, want)
			}
			wait(b, 1)
		}
		failed := 0
		for _, e := range b.Events(t, v.ID) {
			if e == "invoice.payment_failed" {
				failed++
			}
		}
		if failed != 4 {
			t.Errorf("%d failures announced", failed)
		}
		amounts(t, b.Invoice(t, v.ID), invoice.StatusOpen, 10_000, 0)
	})
}

// After a jump of the clock the card is charged once, and a card that wants to see its owner is given up.
func TestAutomaticCollectionAfterAJump(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := automatic(t, b, "simtok_3ds")
		wait(b, 40)
		run(t, b)
		run(t, b)
		if got := tries(t, b, v); !slices.Equal(got, []string{invoice.AttemptCanceled}) && !slices.Equal(got, []string{invoice.AttemptFailed}) {
			t.Errorf("tries %v", got)
		}
		if err := b.PayInvoice(v.ID, "simtok_approve"); err != nil {
			t.Errorf("the buyer is held up: %v", err)
		}
	})
}

// Every entry of a schedule is charged on its day; what has no due date is charged at issue.
func TestAutomaticCollectionOfParts(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := automatic(t, b, "simtok_approve", inParts)
		run(t, b)
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPartiallyPaid, 7000, 3000)
		wait(b, 30)
		run(t, b)
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPartiallyPaid, 7000, 3000)
		wait(b, 2)
		run(t, b)
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPaid, 0, 10_000)

		v = automatic(t, b, "simtok_approve", func(in *invoice.CreateInput) { in.Fields.Due = &invoice.DueRequest{Type: invoice.DueNone} })
		run(t, b)
		amounts(t, b.Invoice(t, v.ID), invoice.StatusPaid, 0, 10_000)
	})
}

// What was paid or voided before is not charged, and a payment under way is waited for.
func TestAutomaticCollectionStops(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		paid, voided, part := automatic(t, b, "simtok_approve"), automatic(t, b, "simtok_approve"), automatic(t, b, "simtok_approve")
		if err := record(b, paid.ID, 10_000); err != nil {
			t.Fatal(err)
		}
		if err := end(b, voided.ID, b.Invoices.Void); err != nil {
			t.Fatal(err)
		}
		if err := record(b, part.ID, 4000); err != nil {
			t.Fatal(err)
		}
		wait(b, 12)
		run(t, b)
		if got := tries(t, b, voided); len(got) != 0 {
			t.Errorf("a void invoice: %v", got)
		}
		if got := tries(t, b, paid); len(got) != 1 {
			t.Errorf("a paid invoice: %v", got)
		}
		amounts(t, b.Invoice(t, part.ID), invoice.StatusPaid, 0, 10_000)
		if got := tries(t, b, part); len(got) != 2 {
			t.Errorf("a partly paid invoice: %v", got)
		}
	})
}

// A method that is gone on the day is announced, and the next day has its turn.
func TestAutomaticCollectionWithoutAMethod(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := automatic(t, b, "simtok_approve")
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Payments.RemoveMethod(tx, b.Scope, v.Collection.PaymentMethodID, b.Cause)
			return err
		})
		wait(b, 10)
		run(t, b)
		run(t, b)
		if got := b.Events(t, v.ID); !slices.Contains(got, "invoice.payment_failed") || len(tries(t, b, v)) != 0 {
			t.Errorf("events %v", got)
		}
		if got := b.Invoice(t, v.ID); !got.NextCheckAt.After(b.Clock.Now()) {
			t.Errorf("next look at %v", got.NextCheckAt)
		}
	})
}

// Drafts and issued invoices name a card of the order's customer that may be charged without its owner.
func TestADraftsMethodIsItsCustomers(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		customerID, methodID := saved(t, b, "simtok_approve")
		_, foreign := saved(t, b, "simtok_approve")
		o := b.Order(t, "USD", []flinttest.Line{{Price: 100, Quantity: 1}}, func(in *order.CreateInput) { in.CustomerID = customerID })
		draft := func(method string) (*invoice.Invoice, error) {
			return b.Draft(o.ID, func(in *invoice.CreateInput) {
				in.Fields.Collection = &invoice.Collection{Mode: invoice.CollectAutomatic, PaymentMethodID: method}
			})
		}
		_, err := draft(foreign)
		if f := flinttest.Refused(t, err, "PAYMENT_METHOD_CUSTOMER_MISMATCH"); f.Param != "collection.payment_method_id" {
			t.Errorf("param %q", f.Param)
		}
		_, err = draft("pm_none")
		flinttest.Refused(t, err, "RESOURCE_NOT_FOUND")
		v, err := draft(methodID)
		if err != nil {
			t.Fatal(err)
		}
		flinttest.Refused(t, b.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
			return b.Invoices.Update(b.Context(), tx, invoice.UpdateInput{Scope: b.Scope, InvoiceID: v.ID, Cause: b.Cause,
				Fields: invoice.Fields{Collection: &invoice.Collection{Mode: invoice.CollectAutomatic, PaymentMethodID: foreign}}})
		}), "PAYMENT_METHOD_CUSTOMER_MISMATCH")
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Payments.RemoveMethod(tx, b.Scope, methodID, b.Cause)
			return err
		})
		_, err = b.Issue(v.ID)
		flinttest.Refused(t, err, "PAYMENT_METHOD_NOT_ACTIVE")
	})
}

// A charge that broke off after it was planned is finished by the sweeper, and given up when it asks for the buyer.
func TestAutomaticCollectionAfterACrash(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		for token, status := range map[string]string{"simtok_approve": invoice.StatusPaid, "simtok_3ds": invoice.StatusOpen} {
			v := automatic(t, b, token)
			wait(b, 10)
			b.Write(t, func(tx db.Tx) error { return b.Invoices.PlanCharge(tx, b.Scope, v.ID) })
			run(t, b)
			for range 3 {
				b.Clock.Set(b.Clock.Now().Add(5 * time.Minute))
				if _, err := b.Payments.Sweep(b.Context(), 10); err != nil {
					t.Fatal(err)
				}
				run(t, b)
			}
			if got := b.Invoice(t, v.ID); got.Status != status || got.Charging != "" {
				t.Errorf("%s: %s, charging %q", token, got.Status, got.Charging)
			}
			if got := tries(t, b, v); len(got) != 1 || got[0] == invoice.AttemptOpen {
				t.Errorf("%s: tries %v", token, got)
			}
			if got := b.State(t, v.OrderID).Order; got.ActiveAttemptID != "" {
				t.Errorf("%s holds the order", token)
			}
		}
	})
}

// Several servers charge a card once.
func TestRaceOfAutomaticCharges(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		v := automatic(t, b, "simtok_approve")
		wait(b, 10)
		failed := make(chan error)
		for range 4 {
			go func() {
				_, err := b.Invoices.RunDue(b.Context(), 100)
				failed <- err
			}()
		}
		for range 4 {
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		if got := tries(t, b, v); !slices.Equal(got, []string{invoice.AttemptSettled}) {
			t.Errorf("tries %v", got)
		}
	})
}
