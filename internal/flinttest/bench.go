// Package flinttest wires the domains of money to a database and the simulator, the way the server
// does, and gives tests the verbs of a merchant and a buyer.
//
// A Bench stands on a clock that moves only when a test moves it, so nothing settles and nothing
// expires unless it is asked to. Verbs run both halves of an operation: the transaction that plans it,
// and the call with the transaction that applies its outcome.
package flinttest

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/internal/catalog"
	"flint/internal/checkout"
	"flint/internal/clock"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/dispute"
	"flint/internal/event"
	"flint/internal/id"
	"flint/internal/invoice"
	"flint/internal/ledger"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/paymentlink"
	"flint/internal/processor/credit"
	"flint/internal/processor/manual"
	"flint/internal/processor/simulator"
	"flint/internal/promotion"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
	"flint/internal/secret"
	"flint/internal/settings"
	"flint/internal/stranded"
	"flint/internal/tax"
	"flint/internal/tenant"
)

// Start is what the clock of a new Bench reads.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TB is what the verbs need of a test; *testing.T and *rapid.T have it.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// Bench is a wired platform without HTTP. It is safe for concurrent use, its clock included.
type Bench struct {
	DB        db.DB
	Scope     tenant.Scope
	Clock     *clock.Fixed
	IDs       *id.Source
	Orders    *order.Service
	Payments  *payment.Service
	Refunds   *refund.Service
	Checkouts *checkout.Service
	Stranded  *stranded.Service
	Disputes  *dispute.Service
	Invoices  *invoice.Service
	Links     *paymentlink.Service
	Returns   *returns.Service
	Simulator *simulator.Simulator
	Cause     event.Cause // of a merchant's call
	// CreditsAlone says that the test credits invoices itself, without credit notes.
	CreditsAlone bool
	// DefaultTermID is the payment term of invoices that name none; set before use.
	DefaultTermID string

	ctx         context.Context
	mu          sync.Mutex
	holding     bool
	forgetBooks bool
	crashed     atomic.Bool
	held        []payment.Notice
	letters     []string // keys of mails
}

// New returns a Bench over a fresh scope of d.
func New(t testing.TB, d db.DB) *Bench {
	t.Helper()
	c := clock.NewFixed(Start)
	ids := id.NewSource(c)
	log := slog.New(slog.DiscardHandler)
	events := &event.Log{IDs: ids}
	journal := &ledger.Journal{IDs: ids}
	b := &Bench{
		DB: d, Clock: c, IDs: ids, ctx: context.WithoutCancel(t.Context()),
		Scope: tenant.Scope{MerchantID: ids.New(id.Merchant), EnvironmentID: ids.New(id.Sandbox)},
		Cause: event.Cause{ActorType: "api_key", ActorID: "key_test", RequestID: "req_test"},
	}
	b.Orders = &order.Service{
		IDs: ids, Clock: c, Events: events, Journal: journal,
		Customers: &customer.Service{IDs: ids, Clock: c, Events: events},
		Catalog:   &catalog.Service{IDs: ids, Clock: c, InUse: []catalog.UseFunc{checkout.VariantsInUse, order.VariantsInUse, paymentlink.VariantsInUse}}, Rates: tax.NewTable().Rates,
		Promotions: &promotion.Service{IDs: ids, Clock: c},
	}
	b.Simulator = simulator.New(simulator.Options{DB: d, Clock: c, IDs: ids, Logger: log, Sink: b.notice, Disputes: b.disputeNotice})
	box, err := secret.NewBox(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	b.Payments = &payment.Service{
		DB: d, Clock: c, IDs: ids, Events: events, Journal: journal, Orders: b.Orders, Logger: log,
		Processors: map[string]payment.Processor{simulator.Name: b.Simulator, payment.Manual: manual.Processor{}, payment.ExchangeCredit: credit.Processor{}},
		Choose:     func(tenant.Scope) string { return simulator.Name },
		Box:        box,
	}
	b.Refunds = &refund.Service{Clock: c, IDs: ids, Events: events, Orders: b.Orders, Payments: b.Payments}
	b.Checkouts = &checkout.Service{
		Clock: c, IDs: ids, Events: events, Orders: b.Orders, Payments: b.Payments, Key: []byte("0123456789abcdef0123456789abcdef"),
	}
	b.Stranded = &stranded.Service{Clock: c, IDs: ids, Events: events, Orders: b.Orders, Payments: b.Payments, Refunds: b.Refunds}
	b.Payments.Refunds, b.Payments.Excess = b.Refunds.Apply, b.Stranded.Record
	b.Refunds.Changed = append(b.Refunds.Changed, b.Stranded.RefundEnded)
	b.Disputes = &dispute.Service{DB: d, Clock: c, IDs: ids, Events: events, Orders: b.Orders, Logger: log}
	b.Refunds.Changed = append(b.Refunds.Changed, b.Disputes.RefundChanged)
	b.Orders.Balanced = append(b.Orders.Balanced, b.Stranded.Follow)
	b.Payments.Door = b.Checkouts.Door
	b.Payments.Settled = append(b.Payments.Settled, b.Checkouts.OrderSettled)
	b.Orders.Repriced = append(b.Orders.Repriced, b.Checkouts.OrderRepriced)
	b.invoices(t, log)
	b.Links = &paymentlink.Service{IDs: ids, Clock: c, Orders: b.Orders, Catalog: b.Orders.Catalog, Checkouts: b.Checkouts, Key: []byte("0123456789abcdef0123456789abcdef")}
	b.Links.Register(b.Payments)
	b.Returns = &returns.Service{
		Clock: c, IDs: ids, Events: events, Orders: b.Orders, Refunds: b.Refunds, Policies: &returnpolicy.Service{Clock: c, IDs: ids},
		Fulfilled: returns.FromFulfillments, Doors: b.Links.ReturnDoors(b.Invoices, (&settings.Service{BaseURL: "https://pay.test"}).Address),
	}
	returns.Attach(b.Returns)
	return b
}

// Another is a bench over the same database and clock in a scope of its own, for one case of many.
// Notices are delivered through the first bench.
func (b *Bench) Another() *Bench {
	return &Bench{
		DB: b.DB, Clock: b.Clock, IDs: b.IDs, Orders: b.Orders, Payments: b.Payments, Refunds: b.Refunds, Checkouts: b.Checkouts, Stranded: b.Stranded, Disputes: b.Disputes, Invoices: b.Invoices, Links: b.Links, Returns: b.Returns,
		Simulator: b.Simulator, Cause: b.Cause, ctx: b.ctx,
		Scope: tenant.Scope{MerchantID: b.IDs.New(id.Merchant), EnvironmentID: b.IDs.New(id.Sandbox)},
	}
}

// Context is that of the bench; it outlives the test's own.
func (b *Bench) Context() context.Context { return b.ctx }

// Write runs fn in a transaction and fails the test when it fails.
func (b *Bench) Write(t TB, fn func(tx db.Tx) error) {
	t.Helper()
	if err := b.DB.Write(b.ctx, fn); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// Read runs fn in a read-only transaction and fails the test when it fails.
func (b *Bench) Read(t TB, fn func(tx db.Tx) error) {
	t.Helper()
	if err := b.DB.Read(b.ctx, fn); err != nil {
		t.Fatalf("read: %v", err)
	}
}

// Advance moves the clock.
func (b *Bench) Advance(d time.Duration) { b.Clock.Set(b.Clock.Now().Add(d)) }

// notice is the simulator's sink.
func (b *Bench) notice(ctx context.Context, n payment.Notice) error {
	b.mu.Lock()
	if b.holding {
		b.held = append(b.held, n)
		b.mu.Unlock()
		return nil
	}
	b.mu.Unlock()
	return b.Payments.Notify(ctx, n)
}

// disputeNotice takes the simulator's news of disputes.
func (b *Bench) disputeNotice(ctx context.Context, n payment.DisputeNotice) error {
	return b.Disputes.Notify(ctx, n)
}

// HoldNotices keeps the notices that arrive from now on until TakeNotices.
func (b *Bench) HoldNotices() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holding = true
}

// TakeNotices returns what was held and lets later notices through.
func (b *Bench) TakeNotices() []payment.Notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	held := b.held
	b.held, b.holding = nil, false
	return held
}

// Deliver lets the simulator settle and tell what is due now.
func (b *Bench) Deliver(t TB) {
	t.Helper()
	if _, err := b.Simulator.DeliverDue(b.ctx); err != nil {
		t.Fatalf("deliver: %v", err)
	}
}

// Sweep runs the sweeper until it finds nothing due.
func (b *Bench) Sweep(t TB) {
	t.Helper()
	for range 100 {
		n, err := b.Payments.Sweep(b.ctx, 500)
		if err != nil {
			t.Fatalf("sweep: %v", err)
		}
		if n == 0 {
			return
		}
	}
	t.Fatalf("the sweeper never comes to an end")
}

// Quiesce moves the clock on until nothing is in flight in the bench's scope: notices are delivered,
// open operations asked about, buyers who do not answer given up. It fails when something never ends.
func (b *Bench) Quiesce(t TB) {
	t.Helper()
	if b.forgetBooks {
		return
	}
	for range 200 {
		b.Deliver(t)
		b.Sweep(t)
		b.Deliver(t)
		var settle, tell, check time.Time
		b.Read(t, func(tx db.Tx) error {
			return tx.QueryRow([]any{&settle, &tell, &check}, `SELECT
				(SELECT MIN(settle_at) FROM simulator_operations WHERE merchant_id = $1 AND settle_at IS NOT NULL),
				(SELECT MIN(due_at) FROM simulator_notices WHERE merchant_id = $1),
				(SELECT MIN(next_check_at) FROM processor_operations WHERE merchant_id = $1 AND next_check_at IS NOT NULL)`, b.Scope.MerchantID)
		})
		next := time.Time{}
		for _, at := range []time.Time{settle, tell, check} {
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
		if next.IsZero() {
			return
		}
		if next.After(b.Clock.Now()) {
			b.Clock.Set(next)
		}
	}
	t.Fatalf("something stays in flight for ever")
}
