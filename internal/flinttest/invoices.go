package flinttest

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"flint/internal/db"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// invoices wires the invoice domain: mails are taken and never sent, settings are the platform's own.
func (b *Bench) invoices(t testing.TB, log *slog.Logger) {
	t.Helper()
	box, err := secret.NewBox(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatalf("make a box: %v", err)
	}
	b.Invoices = &invoice.Service{
		DB: b.DB, Clock: b.Clock, IDs: b.IDs, Events: b.Orders.Events, Orders: b.Orders, Payments: b.Payments, Customers: b.Orders.Customers,
		Logger: log, Box: box, Address: (&settings.Service{BaseURL: "https://pay.test"}).Address,
		Settings: func(db.Tx, tenant.Scope) (*settings.Settings, error) {
			out := &settings.Settings{}
			out.Invoices = settings.Invoices{
				NumberPrefix: "A-", Timezone: "America/New_York", CollectionMode: invoice.CollectBuyer, DefaultTermID: b.DefaultTermID, AutopayRetry: settings.AutopayRetryPlan{DayOffsets: []int64{1, 3, 5}},
				Reminders: settings.ReminderPolicy{Rules: []settings.ReminderRule{{DaysFromDue: -3}, {DaysFromDue: 1}, {DaysFromDue: 7}}},
			}
			return out, nil
		},
		Seller: func(db.Tx, tenant.Scope) (invoice.Seller, error) { return invoice.Seller{Name: "Bench"}, nil },
		Door:   b.Checkouts.InvoiceDoor(),
		Mail: invoice.Mail{
			Queue: func(_ context.Context, _ db.Tx, l invoice.Letter) (string, error) {
				b.mu.Lock()
				defer b.mu.Unlock()
				b.letters = append(b.letters, l.Key)
				return b.IDs.New(id.Mail), nil
			},
			State: func(db.Tx, tenant.Scope, string) (string, string, error) { return "sent", "", nil },
		},
	}
	b.Invoices.Attach()
}

// Letters are the keys of the mails that invoices have asked for.
func (b *Bench) Letters() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.letters...)
}

// Draft drafts an invoice over an order; change may edit the input before.
func (b *Bench) Draft(orderID string, change ...func(*invoice.CreateInput)) (*invoice.Invoice, error) {
	in := invoice.CreateInput{Scope: b.Scope, OrderID: orderID, Cause: b.Cause}
	for _, f := range change {
		f(&in)
	}
	return invoiced(b, func(tx db.Tx) (*invoice.Invoice, error) { return b.Invoices.Create(b.ctx, tx, in) })
}

// Issue issues a draft that the merchant delivers.
func (b *Bench) Issue(invoiceID string) (*invoice.Invoice, error) {
	return invoiced(b, func(tx db.Tx) (*invoice.Invoice, error) {
		out, err := b.Invoices.Issue(b.ctx, tx, invoice.IssueInput{Scope: b.Scope, InvoiceID: invoiceID, DeliveryMode: invoice.DeliverByCaller, Cause: b.Cause})
		return out.Invoice, err
	})
}

// Invoice reads an invoice.
func (b *Bench) Invoice(t TB, invoiceID string) *invoice.Invoice {
	t.Helper()
	var v *invoice.Invoice
	b.Read(t, func(tx db.Tx) (err error) {
		v, err = invoice.Get(tx, b.Scope, invoiceID)
		return err
	})
	return v
}

// Invoiced drafts and issues an invoice over a new order.
func (b *Bench) Invoiced(t TB, price int64, change ...func(*invoice.CreateInput)) *invoice.Invoice {
	t.Helper()
	o := b.Order(t, "USD", []Line{{Price: price, Quantity: 1}})
	v, err := b.Draft(o.ID, change...)
	if err == nil {
		v, err = b.Issue(v.ID)
	}
	if err != nil {
		t.Fatalf("issue an invoice: %v", err)
	}
	return v
}

// PayInvoice opens the invoice's checkout and pays what it asks for from a token.
func (b *Bench) PayInvoice(invoiceID, token string) error {
	var c invoice.Checkout
	err := b.DB.Write(b.ctx, func(tx db.Tx) (err error) {
		c, err = b.Invoices.Checkout(b.ctx, tx, invoice.CheckoutInput{Scope: b.Scope, InvoiceID: invoiceID, Cause: b.Cause})
		return err
	})
	if err != nil {
		return err
	}
	return b.PaySession(c.Invoice.OrderID, c.SessionID, token)
}

// OnInvoice runs an operation of the invoice domain in a transaction of its own.
func (b *Bench) OnInvoice(f func(tx db.Tx) (*invoice.Invoice, error)) error {
	_, err := invoiced(b, f)
	return err
}

func invoiced(b *Bench, f func(tx db.Tx) (*invoice.Invoice, error)) (v *invoice.Invoice, err error) {
	err = b.DB.Write(b.ctx, func(tx db.Tx) error {
		v, err = f(tx)
		return err
	})
	return v, err
}
