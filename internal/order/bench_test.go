package order_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/ledger"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/tax"
	"flint/internal/tenant"
)

var (
	scope = tenant.Scope{MerchantID: "mer_a", EnvironmentID: "test_a"}
	start = time.Date(2026, 9, 7, 12, 0, 0, 0, time.UTC)
	cause = event.Cause{RequestID: "req_1", ActorType: "api_key", ActorID: "key_1"}
)

// bench is the service over one database, with a clock that stands still.
type bench struct {
	*order.Service
	t     *testing.T
	d     db.DB
	clock *clock.Fixed
	scope tenant.Scope
}

func newBench(t *testing.T, d db.DB) *bench {
	c := clock.NewFixed(start)
	ids := id.NewSource(c)
	events := &event.Log{IDs: ids}
	return &bench{t: t, d: d, clock: c, scope: scope, Service: &order.Service{
		IDs: ids, Clock: c, Events: events, Journal: &ledger.Journal{IDs: ids}, Rates: tax.NewTable().Rates,
		Customers: &customer.Service{IDs: ids, Clock: c, Events: events},
	}}
}

// try runs an operation in a transaction of its own.
func try[In any](b *bench, op func(context.Context, db.Tx, In) (*order.Order, error), in In) (*order.Order, error) {
	var o *order.Order
	err := b.d.Write(context.Background(), func(tx db.Tx) (err error) {
		o, err = op(tx.Context(), tx, in)
		return err
	})
	return o, err
}

// do is try for operations that must succeed.
func do[In any](b *bench, op func(context.Context, db.Tx, In) (*order.Order, error), in In) *order.Order {
	b.t.Helper()
	o, err := try(b, op, in)
	if err != nil {
		b.t.Fatalf("%T: %v", in, err)
	}
	return o
}

// locked runs f on the order under its lock, as other domains do.
func (b *bench) locked(orderID string, f func(tx db.Tx, o *order.Order) error) (*order.Order, error) {
	var o *order.Order
	err := b.d.Write(context.Background(), func(tx db.Tx) (err error) {
		if o, err = b.Load(tx, b.scope, orderID); err != nil {
			return err
		}
		return f(tx, o)
	})
	return o, err
}

func (b *bench) mustLocked(orderID string, f func(tx db.Tx, o *order.Order) error) *order.Order {
	b.t.Helper()
	o, err := b.locked(orderID, f)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

func (b *bench) settle(orderID string, in order.SettleInput) *order.Order {
	b.t.Helper()
	return b.mustLocked(orderID, func(tx db.Tx, o *order.Order) error { return b.Settle(tx, o, in) })
}

func (b *bench) get(orderID string) *order.Order {
	b.t.Helper()
	var o *order.Order
	b.read(func(tx db.Tx) (err error) {
		o, err = b.Get(tx.Context(), tx, b.scope, orderID)
		return err
	})
	return o
}

func (b *bench) read(f func(tx db.Tx) error) {
	b.t.Helper()
	if err := b.d.Read(context.Background(), f); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) customer(email string, exempt bool) string {
	b.t.Helper()
	var c *customer.Customer
	if err := b.d.Write(context.Background(), func(tx db.Tx) (err error) {
		c, err = b.Customers.Create(tx.Context(), tx, customer.CreateInput{Scope: b.scope, Email: email, TaxExempt: exempt})
		return err
	}); err != nil {
		b.t.Fatal(err)
	}
	return c.ID
}

// events lists an order's events with their payloads, in sequence.
func (b *bench) events(orderID string) (kinds, payloads []string) {
	b.t.Helper()
	b.read(func(tx db.Tx) error {
		return tx.Query(func(r db.Row) error {
			var seq int64
			var kind, data string
			if err := r.Scan(&seq, &kind, &data); err != nil {
				return err
			}
			if int(seq) != len(kinds)+1 {
				return fmt.Errorf("event %d has sequence %d", len(kinds)+1, seq)
			}
			kinds, payloads = append(kinds, kind), append(payloads, data)
			return nil
		}, `SELECT sequence, type, data FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $3 ORDER BY sequence`,
			b.scope.MerchantID, b.scope.EnvironmentID, orderID)
	})
	return kinds, payloads
}

func (b *bench) activities(orderID string) []order.Activity {
	b.t.Helper()
	var out []order.Activity
	in := order.ListActivitiesInput{Scope: b.scope, OrderID: orderID, Ascending: true, Limit: 3}
	for {
		var page order.ActivityPage
		b.read(func(tx db.Tx) (err error) {
			page, err = b.ListActivities(tx.Context(), tx, in)
			return err
		})
		out = append(out, page.Activities...)
		if page.Next == nil {
			return out
		}
		in.After = page.Next
	}
}

// history is the activities as "type delta running", one a line.
func (b *bench) history(orderID string) string {
	b.t.Helper()
	var s strings.Builder
	for _, a := range b.activities(orderID) {
		fmt.Fprintf(&s, "%s %+d %d\n", a.Type, a.BalanceDelta, a.RunningBalance)
	}
	return s.String()
}

// dump is everything that is stored of an order, byte for byte.
func (b *bench) dump(orderID string) string {
	b.t.Helper()
	var s strings.Builder
	b.read(func(tx db.Tx) error {
		for _, q := range []string{
			`SELECT order_number || '|' || revision || '|' || status || '|' || payment_status || '|' || refund_status || '|' || customer_id ||
				'|' || external_reference_id || '|' || active_attempt_id || '|' || total || '|' || paid || '|' || refunded || '|' || outstanding ||
				'|' || activities || '|' || search || '|' || doc || '|' || updated_at FROM orders WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`,
			`SELECT CAST(COUNT(*) AS TEXT) FROM order_activities WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`,
			`SELECT CAST(COUNT(*) AS TEXT) FROM events WHERE merchant_id = $1 AND environment_id = $2 AND root_id = $3`,
			`SELECT CAST(COUNT(*) AS TEXT) FROM journal_entries WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3`,
		} {
			err := tx.Query(func(r db.Row) error {
				var v string
				err := r.Scan(&v)
				s.WriteString(v + "\n")
				return err
			}, q, b.scope.MerchantID, b.scope.EnvironmentID, orderID)
			if err != nil {
				return err
			}
		}
		return nil
	})
	return s.String()
}

// checkBooks compares the journal with what the order's amounts demand.
func (b *bench) checkBooks(o *order.Order) error {
	var balances map[ledger.Account]int64
	b.read(func(tx db.Tx) (err error) {
		balances, err = ledger.Balances(tx, b.scope, o.ID)
		return err
	})
	for _, p := range order.Position(o) {
		if balances[p.Account] != p.Amount {
			return fmt.Errorf("account %s holds %d, the order's position is %d", p.Account, balances[p.Account], p.Amount)
		}
		delete(balances, p.Account)
	}
	for a, v := range balances {
		if v != 0 {
			return fmt.Errorf("account %s holds %d and is not in the order's position", a, v)
		}
	}
	return nil
}

func usd(minor int64) *money.Amount { return &money.Amount{Minor: minor, Currency: "USD"} }

func line(name string, price, quantity int64) order.LineInput {
	return order.LineInput{Name: name, UnitPrice: usd(price), Quantity: &quantity}
}

func percent(s string) *money.Percent {
	v, err := money.ParsePercent(s)
	if err != nil {
		panic(err)
	}
	return &v
}

func code(err error) string {
	if e := fault.Of(err); e != nil {
		return e.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
