package creditnote_test

import (
	"fmt"
	"log/slog"
	"testing"

	"flint/internal/creditnote"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/flinttest"
	"flint/internal/invoice"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// rig is a bench with invoices and credit notes.
type rig struct {
	*flinttest.Bench
	invoices *invoice.Service
	notes    *creditnote.Service
	keys     int
}

func newRig(t testing.TB, d db.DB) *rig {
	b := flinttest.New(t, d)
	box, err := secret.NewBox([]byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	effective := func(db.Tx, tenant.Scope) (*settings.Settings, error) {
		return &settings.Settings{Invoices: settings.Invoices{Timezone: "UTC", CollectionMode: invoice.CollectBuyer}}, nil
	}
	events := b.Orders.Events
	inv := &invoice.Service{
		DB: b.DB, Clock: b.Clock, IDs: b.IDs, Events: events, Orders: b.Orders, Payments: b.Payments, Customers: b.Orders.Customers,
		Logger: slog.New(slog.DiscardHandler), Box: box, Address: (&settings.Service{BaseURL: "https://pay.example"}).Address, Settings: effective,
		Seller:        func(db.Tx, tenant.Scope) (invoice.Seller, error) { return invoice.Seller{Name: "Shop"}, nil },
		Door:          b.Checkouts.InvoiceDoor(),
		HasCreditNote: creditnote.Standing,
	}
	inv.Attach()
	r := &rig{Bench: b, invoices: inv}
	r.notes = &creditnote.Service{Clock: b.Clock, IDs: b.IDs, Events: events, Orders: b.Orders, Invoices: inv, Refunds: b.Refunds, Settings: effective}
	b.Refunds.Changed = append(b.Refunds.Changed, r.notes.RefundChanged)
	return r
}

// another is a rig over the same services in a scope of its own.
func (r *rig) another() *rig {
	return &rig{Bench: r.Another(), invoices: r.invoices, notes: r.notes}
}

// each runs a scenario on both engines and checks the books at its end.
func each(t *testing.T, scenario func(t *testing.T, r *rig)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		r := newRig(t, d)
		scenario(t, r)
		r.Check(t)
		r.Quiesce(t)
		r.CheckQuiet(t)
	})
}

// try runs fn in a transaction.
func (r *rig) try(fn func(tx db.Tx) error) error { return r.DB.Write(r.Context(), fn) }

// issued is an issued invoice over lines.
func (r *rig) issued(t flinttest.TB, currency money.Currency, lines []flinttest.Line, change ...func(*order.CreateInput)) *invoice.Invoice {
	t.Helper()
	o := r.Order(t, currency, lines, change...)
	var v *invoice.Invoice
	r.Write(t, func(tx db.Tx) error {
		draft, err := r.invoices.Create(r.Context(), tx, invoice.CreateInput{Scope: r.Scope, OrderID: o.ID, Cause: r.Cause})
		if err != nil {
			return err
		}
		got, err := r.invoices.Issue(r.Context(), tx, invoice.IssueInput{Scope: r.Scope, InvoiceID: draft.ID, DeliveryMode: invoice.DeliverByCaller, Cause: r.Cause})
		v = got.Invoice
		return err
	})
	return v
}

// collect records money received elsewhere.
func (r *rig) collect(t flinttest.TB, v *invoice.Invoice, minor int64) {
	t.Helper()
	r.Write(t, func(tx db.Tx) error {
		_, err := r.invoices.RecordManual(tx, invoice.ManualInput{Scope: r.Scope, InvoiceID: v.ID, Amount: v.Money(minor), Cause: r.Cause})
		return err
	})
}

// pay pays what is due through the invoice's own checkout.
func (r *rig) pay(t flinttest.TB, v *invoice.Invoice) {
	t.Helper()
	var open invoice.Checkout
	r.Write(t, func(tx db.Tx) (err error) {
		open, err = r.invoices.Checkout(r.Context(), tx, invoice.CheckoutInput{Scope: r.Scope, InvoiceID: v.ID, Cause: r.Cause})
		return err
	})
	if err := r.Pay(v.OrderID, "simtok_approve", func(in *payment.PayInput) { in.CheckoutSessionID = open.SessionID }); err != nil {
		t.Fatalf("pay: %v", err)
	}
}

func (r *rig) invoice(t flinttest.TB, v *invoice.Invoice) (out *invoice.Invoice) {
	t.Helper()
	r.Read(t, func(tx db.Tx) (err error) {
		out, err = invoice.Get(tx, r.Scope, v.ID)
		return err
	})
	return out
}

func (r *rig) note(t flinttest.TB, n *creditnote.Note) (out *creditnote.Note) {
	t.Helper()
	r.Read(t, func(tx db.Tx) (err error) {
		out, err = creditnote.Get(tx, r.Scope, n.ID)
		return err
	})
	return out
}

func units(line string, n int64) creditnote.LineInput {
	return creditnote.LineInput{InvoiceLineID: line, Type: creditnote.ByQuantity, Quantity: &n}
}

func amount(v *invoice.Invoice, line string, minor int64) creditnote.LineInput {
	m := v.Money(minor)
	return creditnote.LineInput{InvoiceLineID: line, Type: creditnote.ByAmount, Amount: &m}
}

func (r *rig) draft(v *invoice.Invoice, lines ...creditnote.LineInput) (n *creditnote.Note, err error) {
	err = r.try(func(tx db.Tx) (err error) {
		n, err = r.notes.Create(tx, creditnote.CreateInput{Scope: r.Scope, InvoiceID: v.ID, Reason: "billing_error", Lines: lines, Cause: r.Cause})
		return err
	})
	return n, err
}

func (r *rig) issue(n *creditnote.Note) (out *creditnote.Note, err error) {
	err = r.try(func(tx db.Tx) (err error) {
		out, _, _, err = r.notes.Issue(tx, creditnote.IssueInput{Scope: r.Scope, NoteID: n.ID, Cause: r.Cause})
		return err
	})
	return out, err
}

// credit drafts and issues a note and fails the test when that is refused.
func (r *rig) credit(t flinttest.TB, v *invoice.Invoice, lines ...creditnote.LineInput) *creditnote.Note {
	t.Helper()
	n, err := r.draft(v, lines...)
	if err == nil {
		n, err = r.issue(n)
	}
	if err != nil {
		t.Fatalf("credit: %v", err)
	}
	return n
}

func (r *rig) allocate(n *creditnote.Note, minor int64) (out creditnote.Allocated, err error) {
	err = r.try(func(tx db.Tx) (err error) {
		out, err = r.notes.Allocate(tx, creditnote.AllocateInput{Scope: r.Scope, NoteID: n.ID, Amount: n.Money(minor), Cause: r.key()})
		return err
	})
	return out, err
}

func (r *rig) reverse(n *creditnote.Note, allocationID string) (out creditnote.Allocated, err error) {
	err = r.try(func(tx db.Tx) (err error) {
		out, err = r.notes.Reverse(tx, creditnote.ReverseInput{Scope: r.Scope, NoteID: n.ID, AllocationID: allocationID, Cause: r.Cause})
		return err
	})
	return out, err
}

// refund pays out minor units, everything when 0.
func (r *rig) refund(n *creditnote.Note, minor int64) (out *refund.Refund, err error) {
	in := creditnote.RefundOrder{Reason: "requested_by_customer"}
	if minor != 0 {
		m := n.Money(minor)
		in.Amount = &m
	}
	var ops []payment.Operation
	err = r.try(func(tx db.Tx) (err error) {
		out, ops, err = r.notes.Refund(tx, creditnote.RefundInput{Scope: r.Scope, NoteID: n.ID, Order: in, Cause: r.key()})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, r.Payments.Execute(r.Context(), ops, r.Cause, nil)
}

func (r *rig) key() event.Cause {
	c := r.Cause
	r.keys++
	c.IdempotencyKey = fmt.Sprintf("key-%d", r.keys)
	return c
}
