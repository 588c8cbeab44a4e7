package notification_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/ledger"
	"flint/internal/mail"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/tax"
	"flint/internal/tenant"
)

func dbtestLogger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
}

func usd(minor int64) *money.Amount { return &money.Amount{Minor: minor, Currency: "USD"} }

// told is what the server tells of an order.
func told(o *order.Order, m merchant.Merchant) notification.Order {
	p := o.Pricing
	out := notification.Order{Number: o.Number, Paid: o.DerivePaymentStatus() == order.PaymentPaid, Email: "buyer@example.com", PaidAt: o.SettledAt,
		Merchant: notification.Merchant{Name: m.BusinessName}, Currency: o.Currency, Subtotal: p.Subtotal, Discount: p.Discount, Tax: p.Tax,
		TaxIncluded: p.TaxIncluded, Tip: p.Tip, Total: p.Total, Received: o.Settlement.Paid, Refunded: o.Settlement.Refunded}
	for _, l := range o.Lines {
		out.Items = append(out.Items, notification.Item{Name: l.Name, Quantity: l.Quantity, Amount: l.Subtotal})
	}
	return out
}

// A real order, paid, through the queue into the mailbox.
func TestReceiptOfARealOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		c := clock.NewFixed(start)
		ids := id.NewSource(c)
		events := &event.Log{IDs: ids}
		customers := &customer.Service{IDs: ids, Clock: c, Events: events}
		orders := &order.Service{IDs: ids, Clock: c, Events: events, Journal: &ledger.Journal{IDs: ids}, Rates: tax.NewTable().Rates, Customers: customers}
		merchants := merchant.NewService(ids)
		box := mail.Mailbox{DB: d}
		s := &notification.Service{DB: d, Clock: c, IDs: ids, Jobs: job.New(d, c, ids, dbtestLogger(t)), Sender: box,
			Orders: func(ctx context.Context, tx db.Tx, scope tenant.Scope, orderID string) (notification.Order, error) {
				o, err := orders.Load(tx, scope, orderID)
				if err != nil {
					return notification.Order{}, err
				}
				m, err := merchants.Get(ctx, tx, scope.MerchantID)
				return told(o, m), err
			}}
		s.Register()
		var o *order.Order
		var made merchant.Created
		cause := event.Cause{ActorType: "api_key", ActorID: "key_1"}
		err := d.Write(t.Context(), func(tx db.Tx) (err error) {
			if made, err = merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: "shop@example.com", BusinessName: "Chairs <& Co>", APIVersion: "2026-01-01", Now: start}); err != nil {
				return err
			}
			two := int64(2)
			o, err = orders.Create(tx.Context(), tx, order.CreateInput{Scope: made.Sandbox.Scope, Cause: cause,
				Lines:     []order.LineInput{{Name: "Chair <b>oak</b>", Quantity: &two, UnitPrice: usd(123450)}, {Name: "Oil", UnitPrice: usd(999)}},
				Discounts: []order.DiscountInput{{Name: "Welcome", Amount: *usd(500)}}, Tip: &order.TipInput{Amount: usd(250)}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		in := notification.Input{Scope: made.Sandbox.Scope, OrderID: o.ID, Cause: cause}
		send := func() error {
			return d.Write(t.Context(), func(tx db.Tx) error { return s.SendReceipt(tx.Context(), tx, in) })
		}
		if err := send(); err == nil || !strings.HasPrefix(err.Error(), "ORDER_RECEIPT_NOT_AVAILABLE") {
			t.Fatalf("an unpaid order: %v", err)
		}
		err = d.Write(t.Context(), func(tx db.Tx) error {
			o, err := orders.Load(tx, made.Sandbox.Scope, o.ID)
			if err != nil {
				return err
			}
			return orders.Settle(tx, o, order.SettleInput{Cause: cause, PaymentIntentID: "pi_1", Amount: o.Pricing.Total, Tip: 250})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := send(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Jobs.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		var found []notification.Message
		err = d.Read(t.Context(), func(tx db.Tx) (err error) {
			found, err = box.List(t.Context(), tx, mail.ListInput{To: "BUYER@example.com"})
			return err
		})
		if err != nil || len(found) != 1 {
			t.Fatalf("the mailbox has %d mails, %v", len(found), err)
		}
		m := found[0]
		if want := "[Test] Receipt for order 1001 from Chairs <& Co>"; m.Subject != want {
			t.Errorf("subject %q, want %q", m.Subject, want)
		}
		want := `This is a test: no money was moved.

Chairs <& Co>
Receipt for order 1001

Paid on 1 October 2026

2 × Chair <b>oak</b>: $2,469.00
Oil: $9.99

Subtotal: $2,478.99
Discount: -$5.00
Tip: $2.50
Total: $2,476.49
Paid: $2,476.49
`
		if m.Text != want {
			t.Errorf("text\n%s\nwant\n%s", m.Text, want)
		}
		for _, want := range []string{"Chairs &lt;&amp; Co&gt;", "2 × Chair &lt;b&gt;oak&lt;/b&gt;", "$2,476.49"} {
			if !strings.Contains(m.HTML, want) {
				t.Errorf("the page has no %q", want)
			}
		}
		if strings.Contains(m.HTML, "<b>oak") {
			t.Error("the buyer's page runs what a merchant wrote")
		}
	})
}

func TestReceiptInOtherCurrenciesAndZones(t *testing.T) {
	t.Parallel()
	b := newBench(t, dbtest.Open(t, db.SQLite))
	b.order = notification.Order{Number: "7", Paid: true, Email: "a@example.com", Currency: "JPY", Locale: "de", PaidAt: start.Add(11 * time.Hour),
		Zone:     time.FixedZone("east", 9*3600),
		Merchant: notification.Merchant{Name: "Shop\r\nBcc: x@example.com", SupportEmail: "help@example.com", SupportURL: "https://example.com", Address: []string{"1 Main St", "Osaka"}},
		Items:    []notification.Item{{Name: "Tea\nset", Quantity: 1, Amount: 1200}}, Charges: []notification.Item{{Name: "Wrapping", Amount: 300}},
		Subtotal: 1200, Tax: 120, TaxIncluded: 30, Total: 1620, Received: 1620, Refunded: 20}
	b.want(notification.Input{}, "")
	b.run()
	m := b.out.sent[0]
	if m.Subject != "Receipt for order 7 from Shop  Bcc: x@example.com" || m.ReplyTo != "help@example.com" {
		t.Errorf("subject %q, reply to %q", m.Subject, m.ReplyTo)
	}
	for _, want := range []string{"Paid on 2 October 2026\n", "Tea set: 1.200\u00a0¥\n", "Wrapping: 300\u00a0¥\n", "Tax: 120\u00a0¥\n",
		"Tax included in the prices: 30\u00a0¥\n", "Refunded: 20\u00a0¥\n", "\nQuestions? help@example.com, https://example.com\n\n1 Main St\nOsaka\n"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("no %q in\n%s", want, m.Text)
		}
	}
}
