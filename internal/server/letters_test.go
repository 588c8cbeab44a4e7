package server

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/httpapi"
	"flint/internal/invoice"
	"flint/internal/mail"
	"flint/internal/merchant"
	"flint/internal/money"
	"flint/internal/notification"
	"flint/internal/order"
)

// office is a merchant's installation whose mails go into the mailbox.
type office struct {
	*Server
	t     *testing.T
	clock *clock.Fixed
	shop  merchant.Created
}

// cause is the merchant at work.
var cause = event.Cause{ActorType: "api_key", ActorID: "key_1", RequestID: "req_1"}

func eachOffice(t *testing.T, test func(t *testing.T, o *office)) {
	t.Parallel()
	for _, engine := range dbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			o := &office{t: t, clock: clock.NewFixed(time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC))}
			o.Server = open(t, func(c *Config) { c.Database, c.Clock, c.Development = dbtest.OpenURL(t, engine), o.clock, true })
			o.write(func(tx db.Tx) (err error) {
				o.shop, err = o.Merchants.Create(tx.Context(), tx, merchant.CreateInput{Email: "owner@northwind.example", BusinessName: "Northwind",
					APIVersion: httpapi.Version, Now: o.clock.Now()})
				return err
			})
			test(t, o)
		})
	}
}

func (o *office) write(f func(tx db.Tx) error) {
	o.t.Helper()
	if err := o.DB.Write(o.t.Context(), f); err != nil {
		o.t.Fatal(err)
	}
}

// post sends what waits and gives every mail to an address, newest first.
func (o *office) post(to string) (out []notification.Message) {
	o.t.Helper()
	if _, err := o.Jobs.RunDue(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.write(func(tx db.Tx) error {
		list, err := mail.Mailbox{DB: o.DB}.List(o.t.Context(), tx, mail.ListInput{To: to})
		for _, m := range list {
			var full notification.Message
			if full, err = (mail.Mailbox{DB: o.DB}).Get(o.t.Context(), tx, m.ID); err != nil {
				return err
			}
			out = append(out, full)
		}
		return err
	})
	return out
}

func (o *office) customer(email string) (c *customer.Customer) {
	o.t.Helper()
	o.write(func(tx db.Tx) (err error) {
		c, err = o.Services.Customers.Create(tx.Context(), tx, customer.CreateInput{Scope: o.shop.Sandbox.Scope, Cause: cause, Email: email, Name: "Ada"})
		return err
	})
	return c
}

// Both mails about an invoice carry the document as it stands.
func TestInvoicesTravelWithTheirMails(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		scope, to := o.shop.Sandbox.Scope, "ada@buyer.example"
		c, price := o.customer(to), money.Amount{Minor: 4200, Currency: "USD"}
		var v *invoice.Invoice
		o.write(func(tx db.Tx) (err error) {
			v, err = o.Invoices.Create(tx.Context(), tx, invoice.CreateInput{Scope: scope, Cause: cause, Fields: invoice.Fields{RecipientEmail: &to},
				QuickPay: &order.CreateInput{CustomerID: c.ID, Lines: []order.LineInput{{Name: "Oak tray", UnitPrice: &price}}}})
			return err
		})
		o.write(func(tx db.Tx) error {
			issued, err := o.Invoices.Issue(tx.Context(), tx, invoice.IssueInput{Scope: scope, InvoiceID: v.ID, DeliveryMode: "email", Cause: cause})
			v = issued.Invoice
			return err
		})
		o.clock.Set(o.clock.Now().Add(2 * time.Hour))
		o.write(func(tx db.Tx) error {
			_, err := o.Invoices.SendReminder(tx.Context(), tx, scope, v.ID, cause)
			return err
		})
		mails := o.post(to)
		if len(mails) != 2 {
			t.Fatalf("%d mails", len(mails))
		}
		for _, m := range mails {
			if len(m.Attachments) != 1 || m.Attachments[0].Name != v.Number+".pdf" || m.Attachments[0].Type != "application/pdf" ||
				!bytes.HasPrefix(m.Attachments[0].Data, []byte("%PDF-")) || len(m.Attachments[0].Data) < 1000 {
				t.Errorf("%s comes with %d files", m.Subject, len(m.Attachments))
			}
		}
		if subjects := mails[0].Subject + mails[1].Subject; !strings.Contains(subjects, "Reminder: invoice "+v.Number) {
			t.Errorf("the mails are %s", subjects)
		}
	})
}

// Letters are forgotten a month after they ended, and with the customer they were for.
func TestLettersAreForgotten(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		scope := o.shop.Sandbox.Scope
		letter := func(key, to, customerID string, at time.Time) {
			o.write(func(tx db.Tx) error {
				_, err := o.Receipts.Queue(tx.Context(), tx, notification.Letter{Scope: scope, Key: key, Family: notification.FamilySecurity, To: to,
					Subject: key, CustomerID: customerID, SendAt: at})
				return err
			})
		}
		keys := func() (out string) {
			t.Helper()
			o.write(func(tx db.Tx) error {
				return tx.Query(func(r db.Row) error {
					var key string
					err := r.Scan(&key)
					out += key + " "
					return err
				}, `SELECT letter_key FROM letters WHERE merchant_id = $1 AND environment_id = $2 ORDER BY letter_key`, scope.MerchantID, scope.EnvironmentID)
			})
			return out
		}
		begun := o.clock.Now()
		letter("a-old", "x@buyer.example", "", time.Time{})
		o.post("")
		letter("b-waits", "x@buyer.example", "", begun.Add(90*24*time.Hour))
		o.clock.Set(begun.Add(notification.KeepEnded - time.Microsecond))
		letter("c-new", "x@buyer.example", "", time.Time{})
		o.post("")
		if err := o.cleanUp(t.Context()); err != nil || keys() != "a-old b-waits c-new " {
			t.Errorf("just before a month: %s, %v", keys(), err)
		}
		o.clock.Set(begun.Add(notification.KeepEnded))
		if err := o.cleanUp(t.Context()); err != nil || keys() != "b-waits c-new " {
			t.Errorf("after a month: %s, %v", keys(), err)
		}

		ada := o.customer("Ada@Buyer.example")
		letter("d-address", "ada@buyer.example", "", time.Time{})
		letter("e-customer", "office@buyer.example", ada.ID, time.Time{})
		chosen := func() (c notification.Choices) {
			o.write(func(tx db.Tx) (err error) {
				c, err = o.Receipts.Preferences(tx, scope, "ada@buyer.example")
				return err
			})
			return c
		}
		o.write(func(tx db.Tx) error {
			return o.Receipts.SetPreferences(tx, scope, "ada@buyer.example", notification.Choices{})
		})
		o.write(func(tx db.Tx) error {
			d, err := o.Services.Customers.RequestDeletion(tx.Context(), tx, customer.RequestDeletionInput{Scope: scope, Cause: cause, CustomerID: ada.ID})
			if err != nil {
				return err
			}
			_, err = o.Services.Customers.ResolveDeletion(tx.Context(), tx, customer.ResolveDeletionInput{Scope: scope, Cause: cause, ID: d.ID, Approve: true})
			return err
		})
		if got := keys(); got != "b-waits c-new " || chosen() != (notification.Choices{CheckoutReminders: true, ShippingUpdates: true}) {
			t.Errorf("of an erased customer there is left: %s, %+v", got, chosen())
		}
		if mails := o.post("ada@buyer.example"); len(mails) != 0 {
			t.Errorf("an erased customer got %d mails", len(mails))
		}
	})
}
