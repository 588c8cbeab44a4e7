package flinttest_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/invoice"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/paymentlink"
	"flint/internal/recovery"
	"flint/internal/settings"
	"flint/internal/stranded"
)

const price = 5000

// doors is a bench on which buyers are brought back, too.
type doors struct {
	*flinttest.Bench
	rec *recovery.Service
}

// way is one way in which money comes to an order, or in which that ends. prepare runs before the race, when
// another way may already have been prepared; what it then cannot open the race tries to.
type way struct {
	name    string
	prepare func(t *testing.T, d *doors, orderID string) (act func() error)
}

var ways = []way{
	{"API pay", func(_ *testing.T, d *doors, orderID string) func() error {
		return func() error { return d.Pay(orderID, "simtok_approve") }
	}},
	{"checkout session", func(_ *testing.T, d *doors, orderID string) func() error {
		s, err := d.Session(orderID, "")
		return func() error {
			if err != nil {
				if s, err = d.Session(orderID, ""); err != nil {
					return err
				}
			}
			return d.PaySession(orderID, s.ID, "simtok_approve")
		}
	}},
	{"payment link", func(_ *testing.T, d *doors, orderID string) func() error {
		l, err := d.link(orderID)
		return func() error {
			if err != nil {
				return err
			}
			return d.payLink(l)
		}
	}},
	{"invoice", func(_ *testing.T, d *doors, orderID string) func() error {
		invoiceID, err := d.billed(orderID)
		return func() error {
			if err != nil {
				if invoiceID, err = d.billed(orderID); err != nil {
					return err
				}
			}
			return d.PayInvoice(invoiceID, "simtok_approve")
		}
	}},
	{"manual payment", func(_ *testing.T, d *doors, orderID string) func() error {
		invoiceID, err := d.billed(orderID)
		return func() error {
			if err != nil {
				if invoiceID, err = d.billed(orderID); err != nil {
					return err
				}
			}
			return d.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
				return d.Invoices.RecordManual(tx, invoice.ManualInput{Scope: d.Scope, InvoiceID: invoiceID, Amount: *flinttest.Money(price, "USD"), Cause: d.Cause})
			})
		}
	}},
	{"recovery link", func(_ *testing.T, d *doors, orderID string) func() error {
		token, err := d.away(orderID)
		return func() error {
			if err != nil {
				return err
			}
			return d.comeBack(orderID, token)
		}
	}},
	{"3-D Secure", func(t *testing.T, d *doors, orderID string) func() error {
		s, err := d.Session(orderID, "")
		if err == nil {
			err = d.PaySession(orderID, s.ID, "simtok_3ds")
		}
		if err != nil {
			return func() error { return err }
		}
		leg := d.State(t, orderID).Leg()
		return func() error {
			d.TryAnswer(leg, true)
			_, err := d.Simulator.DeliverDue(d.Context())
			return err
		}
	}},
	{"void", func(_ *testing.T, d *doors, orderID string) func() error {
		invoiceID, err := d.billed(orderID)
		return func() error {
			if err != nil {
				return err
			}
			return d.OnInvoice(func(tx db.Tx) (*invoice.Invoice, error) {
				return d.Invoices.Void(tx, invoice.VersionInput{Scope: d.Scope, InvoiceID: invoiceID, Cause: d.Cause})
			})
		}
	}},
	{"expiry", func(_ *testing.T, d *doors, orderID string) func() error {
		err := d.DB.Write(d.Context(), func(tx db.Tx) error {
			_, err := d.Checkouts.Create(d.Context(), tx, checkout.CreateInput{Scope: d.Scope, OrderID: orderID, Cause: d.Cause, ExpiresAt: d.Clock.Now().Add(time.Second)})
			return err
		})
		return func() error {
			if err != nil {
				return err
			}
			d.Advance(time.Second)
			_, err := d.Checkouts.Expire(d.Context(), d.DB, 100)
			return err
		}
	}},
}

// late is money of a payment that had failed, and of which the processor says now that it went through.
var late = way{"late success", func(t *testing.T, d *doors, orderID string) func() error {
	if err := d.Pay(orderID, "simtok_decline_card_declined"); err != nil {
		return func() error { return err }
	}
	leg := d.State(t, orderID).Leg()
	op := d.Operation(t, leg.ID)
	if err := d.Cancel(leg); err != nil {
		t.Fatal(err)
	}
	return func() error {
		return d.Payments.Notify(d.Context(), payment.Notice{ID: "late " + leg.ID, Scope: d.Scope, Processor: leg.Processor, OperationID: op, Outcome: payment.Outcome{
			State: payment.OutcomeSucceeded, PaymentID: leg.ID, Amount: leg.Amount, Currency: leg.Currency, Version: 9, ProcessorRef: "simch_late_" + leg.ID,
		}})
	}
}}

func (d *doors) link(orderID string) (*paymentlink.Link, error) {
	var l *paymentlink.Link
	err := d.DB.Write(d.Context(), func(tx db.Tx) (err error) {
		l, err = d.Links.Create(d.Context(), tx, paymentlink.CreateInput{Scope: d.Scope, Cause: d.Cause, Link: paymentlink.Link{Name: "Order", OrderID: orderID}})
		return err
	})
	return l, err
}

func (d *doors) payLink(l *paymentlink.Link) error {
	var open checkout.Launch
	err := d.DB.Write(d.Context(), func(tx db.Tx) (err error) {
		open, err = d.Links.Resolve(d.Context(), tx, paymentlink.ResolveInput{LinkID: l.ID, Context: d.Links.NewContext(l).Text, Cause: d.Cause})
		return err
	})
	if err != nil {
		return err
	}
	return d.PaySession(l.OrderID, open.Session.ID, "simtok_approve")
}

// billed issues an invoice over the order, or finds the one that was.
func (d *doors) billed(orderID string) (string, error) {
	var owned string
	err := d.DB.Read(d.Context(), func(tx db.Tx) error {
		o, err := d.Orders.Get(d.Context(), tx, d.Scope, orderID)
		if err == nil {
			owned = o.InvoiceID
		}
		return err
	})
	if err != nil || owned != "" {
		return owned, err
	}
	v, err := d.Draft(orderID)
	if err == nil {
		v, err = d.Issue(v.ID)
	}
	if err != nil {
		return "", err
	}
	return v.ID, nil
}

// away is the token of a link that brings a buyer back who had opened a session.
func (d *doors) away(orderID string) (token string, err error) {
	err = d.DB.Write(d.Context(), func(tx db.Tx) error {
		a, _, err := d.rec.Start(tx, recovery.StartInput{Scope: d.Scope, OrderID: orderID, Type: recovery.TypeRecoveryLink, Cause: d.Cause})
		if err != nil {
			return err
		}
		_, door, err := d.rec.Finish(d.Context(), tx, d.Scope, a.ID, d.Cause)
		_, token, _ = strings.Cut(door.URL, "/r/")
		return err
	})
	return token, err
}

func (d *doors) comeBack(orderID, token string) error {
	var found *recovery.Found
	err := d.DB.Write(d.Context(), func(tx db.Tx) (err error) {
		found, err = d.rec.Open(d.Context(), tx, token)
		return err
	})
	switch {
	case err != nil:
		return err
	case found.Verdict != recovery.Ready:
		return fault.Conflict("ORDER_NOT_OPEN", "the link finds %s", found.Verdict)
	}
	return d.PaySession(orderID, found.Session.ID, "simtok_approve")
}

// TestRaceOfEveryPairOfDoors lets every two ways to collect on an order meet, whichever was there first. The
// order is paid once; what else came in lies in the inbox, and everything else was refused.
func TestRaceOfEveryPairOfDoors(t *testing.T) {
	t.Parallel()
	var pairs, latePairs [][2]way
	for n, a := range ways {
		for _, b := range ways[n:] {
			pairs = append(pairs, [2]way{a, b}, [2]way{b, a})
		}
		latePairs = append(latePairs, [2]way{late, a}, [2]way{late, late})
	}
	dbtest.Each(t, func(t *testing.T, database db.DB) {
		for _, set := range []struct {
			name   string
			pairs  [][2]way
			forget bool // the late money never was in the simulator's books
		}{{"pairs", pairs, false}, {"late money", latePairs, true}} {
			t.Run(set.name, func(t *testing.T) {
				counting := &flinttest.Counting{DB: database}
				b := flinttest.New(t, counting)
				d := &doors{b, &recovery.Service{
					Clock: b.Clock, IDs: b.IDs, Events: &event.Log{IDs: b.IDs}, Orders: b.Orders, Payments: b.Payments, Checkouts: b.Checkouts,
					Logger: slog.New(slog.DiscardHandler), Key: []byte("0123456789abcdef0123456789abcdef"), Address: (&settings.Service{BaseURL: "https://pay.test"}).Address,
				}}
				recovery.Wire(d.rec)
				if set.forget {
					b.ForgetBooks()
				}
				round, outcomes := 0, map[string]int{}
				flinttest.Rounds(t, func(int) {
					for n := range set.pairs { // a fifth of them in each round
						if n%5 == round%5 && !t.Failed() {
							outcomes[d.meet(t, set.pairs[n])]++
						}
					}
					round++
				})
				t.Logf("what became of the orders: %v", outcomes)
				if !set.forget {
					b.Check(t)
				}
				b.Quiesce(t)
				b.CheckQuiet(t)
			})
		}
	})
}

// meet runs one race and tells in short how it ended.
func (d *doors) meet(t *testing.T, pair [2]way) string {
	t.Helper()
	o := d.Order(t, "USD", []flinttest.Line{{Price: price, Quantity: 1}})
	if pair[0].name == "recovery link" || pair[1].name == "recovery link" { // their buyer had been there before
		s, err := d.Session(o.ID, "")
		if err == nil {
			err = d.DB.Write(d.Context(), func(tx db.Tx) error {
				_, err := d.Checkouts.Close(tx, checkout.CloseInput{Scope: d.Scope, SessionID: s.ID, Cause: d.Cause})
				return err
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	acts := []func() error{pair[0].prepare(t, d, o.ID), pair[1].prepare(t, d, o.ID)}
	errs := flinttest.Race(2, func(k int) error { return acts[k]() })
	what := fmt.Sprintf("%s, then %s (%v, %v)", pair[0].name, pair[1].name, errs[0], errs[1])
	for _, err := range errs {
		if f := fault.Of(err); err != nil && (f == nil || f.Class.Status() >= 500) {
			t.Fatalf("%s: an operation broke: %v", what, err)
		}
	}
	if _, err := d.Simulator.DeliverDue(d.Context()); err != nil {
		t.Fatal(err)
	}
	got := d.State(t, o.ID)
	var inbox int64
	sessions := 0
	d.Read(t, func(tx db.Tx) error {
		rows, _, err := stranded.List(tx, stranded.ListInput{Scope: d.Scope, OrderID: o.ID, Limit: 100})
		for _, r := range rows {
			inbox += r.Remaining
		}
		if err != nil {
			return err
		}
		for _, sessionID := range got.Order.CheckoutSessionIDs {
			s, err := checkout.Get(tx, d.Scope, sessionID)
			if err != nil {
				return err
			}
			if s.Open(d.Clock.Now()) {
				sessions++
			}
		}
		return nil
	})
	paid := got.Order.Settlement.Paid
	switch {
	case paid != 0 && paid-inbox != price:
		t.Errorf("%s: %d came in and %d of it lie in the inbox", what, paid, inbox)
	case inbox != got.Order.Credit():
		t.Errorf("%s: the buyer has a credit of %d, and %d lie in the inbox", what, got.Order.Credit(), inbox)
	case sessions > 1 || paid > 0 && sessions > 0:
		t.Errorf("%s: %d was paid and %d sessions are open", what, paid, sessions)
	case paid > 0 && got.Order.DerivePaymentStatus() != order.PaymentPaid:
		t.Errorf("%s: %d was paid and the order is %s", what, paid, got.Order.DerivePaymentStatus())
	}
	if paid > 0 && got.Order.InvoiceID != "" {
		if v := d.Invoice(t, got.Order.InvoiceID); v.Status != invoice.StatusPaid || v.Amounts.Paid != price {
			t.Errorf("%s: the order is paid, and its invoice is %s over %d", what, v.Status, v.Amounts.Paid)
		}
	}
	switch {
	case inbox > 0:
		return "paid, and more in the inbox"
	case paid > 0:
		return "paid once"
	}
	return "not paid"
}
