package notification_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/job"
	"flint/internal/notification"
	"flint/internal/tenant"
)

var (
	scope = tenant.Scope{MerchantID: "mer_a", EnvironmentID: "menv_a"}
	start = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
)

// outbox is a Sender that keeps mails and fails as told.
type outbox struct {
	sent []notification.Message
	err  error
}

func (o *outbox) Send(_ context.Context, m notification.Message) error {
	if o.err == nil {
		o.sent = append(o.sent, m)
	}
	return o.err
}

type bench struct {
	*notification.Service
	t     *testing.T
	clock *clock.Fixed
	out   *outbox
	order notification.Order
}

func newBench(t *testing.T, d db.DB) *bench {
	c := clock.NewFixed(start)
	ids := id.NewSource(c)
	b := &bench{t: t, clock: c, out: &outbox{}, order: notification.Order{Number: "1001", Paid: true, Email: "Buyer@Example.com", Currency: "USD",
		PaidAt: start, Merchant: notification.Merchant{Name: "Chair Shop"}}}
	b.Service = &notification.Service{DB: d, Clock: c, IDs: ids, Sender: b.out,
		Jobs: job.New(d, c, ids, dbtestLogger(t)),
		Orders: func(_ context.Context, _ db.Tx, s tenant.Scope, orderID string) (notification.Order, error) {
			if s != scope || !strings.HasPrefix(orderID, "ord_") {
				return notification.Order{}, fault.NotFound("order")
			}
			return b.order, nil
		}}
	b.Register()
	return b
}

func (b *bench) ask(in notification.Input) error {
	if in.OrderID == "" {
		in.OrderID = "ord_1"
	}
	in.Scope, in.Cause = scope, event.Cause{ActorType: "api_key", ActorID: "key_1", RequestID: "req_1"}
	return b.DB.Write(b.t.Context(), func(tx db.Tx) error { return b.SendReceipt(b.t.Context(), tx, in) })
}

func (b *bench) want(in notification.Input, code string) {
	b.t.Helper()
	err := b.ask(in)
	switch {
	case code == "" && err != nil:
		b.t.Errorf("a receipt to %q: %v", in.Email, err)
	case code != "" && !fault.Is(err, code):
		b.t.Errorf("a receipt to %q: %v, want %s", in.Email, err, code)
	}
}

func (b *bench) run() {
	b.t.Helper()
	for {
		n, err := b.Jobs.RunDue(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

func TestWhoGetsAReceipt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		b.order.Paid = false
		b.want(notification.Input{}, "ORDER_RECEIPT_NOT_AVAILABLE")
		b.order.Paid, b.order.MerchantSends = true, true
		b.want(notification.Input{}, "ORDER_RECEIPT_MERCHANT_MANAGED")
		b.order.MerchantSends, b.order.Email = false, ""
		b.want(notification.Input{}, "ORDER_RECEIPT_EMAIL_UNAVAILABLE")
		b.want(notification.Input{Checkout: true}, "ORDER_RECEIPT_EMAIL_UNAVAILABLE")
		b.want(notification.Input{Checkout: true, Email: "a@example.com"}, "ORDER_RECEIPT_EMAIL_ON_FILE")
		b.order.Email = "Buyer@Example.com"
		b.want(notification.Input{Checkout: true, Email: "a@example.com"}, "ORDER_RECEIPT_EMAIL_ON_FILE")
		b.want(notification.Input{OrderID: "nothing"}, "RESOURCE_NOT_FOUND")
		for _, bad := range []string{"nobody", "A <a@example.com>", "a@localhost", "a@example.com\r\nBcc: b@example.com", strings.Repeat("a", 250) + "@example.com"} {
			b.want(notification.Input{Email: bad}, "INVALID_EMAIL_FORMAT")
		}
		if len(b.out.sent) != 0 {
			t.Error("a refused receipt was sent")
		}
		b.want(notification.Input{Checkout: true, Email: "buyer@example.com"}, "")
		b.run()
		b.run()
		if len(b.out.sent) != 1 || b.out.sent[0].To != "Buyer@Example.com" || b.out.sent[0].Scope != scope || !id.Valid(id.Mail, b.out.sent[0].ID) {
			t.Errorf("sent %+v", b.out.sent)
		}
	})
}

func TestHowOftenAndToHowMany(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		to := func(v string) notification.Input { return notification.Input{Email: v} }
		b.want(to("a@example.com"), "")
		b.clock.Set(start.Add(notification.ResendAfter - time.Second))
		b.want(to("A@Example.COM"), "ORDER_RECEIPT_RESEND_RATE_LIMITED")
		if e := fault.Of(b.ask(to("a@example.com"))); e.Class.Status() != 429 || e.RetryAfter != time.Second {
			t.Errorf("refused with %d and a wait of %v", e.Class.Status(), e.RetryAfter)
		}
		b.clock.Set(start.Add(notification.ResendAfter))
		b.want(to("a@example.com"), "")
		b.want(to("b@example.com"), "")
		b.want(to("c@example.com"), "")
		b.want(to("d@example.com"), "ORDER_RECEIPT_RECIPIENT_LIMIT_REACHED")
		b.want(notification.Input{}, "ORDER_RECEIPT_RECIPIENT_LIMIT_REACHED")
		b.want(notification.Input{Checkout: true}, "") // the buyer is never shut out
		b.want(notification.Input{OrderID: "ord_2", Email: "d@example.com"}, "")
		b.clock.Set(start.Add(365 * 24 * time.Hour))
		b.want(to("d@example.com"), "ORDER_RECEIPT_RECIPIENT_LIMIT_REACHED")
		b.want(to("c@example.com"), "")
	})
}

// Whatever is asked in whatever order, the limits hold.
func TestLimitsHoldInAnyOrder(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite)
	b := newBench(t, d)
	order := 0
	rapid.Check(t, func(rt *rapid.T) {
		order++
		orderID := fmt.Sprint("ord_", order)
		last, byMerchant := map[string]time.Time{}, map[string]bool{}
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			b.clock.Set(b.clock.Now().Add(time.Duration(rapid.IntRange(0, 400).Draw(rt, "seconds")) * time.Second))
			in := notification.Input{OrderID: orderID, Checkout: rapid.Bool().Draw(rt, "checkout")}
			if !in.Checkout {
				in.Email = rapid.SampledFrom([]string{"", "a@x.io", "A@x.io", "b@x.io", "c@x.io", "d@x.io"}).Draw(rt, "email")
			}
			if b.ask(in) != nil {
				continue
			}
			key := strings.ToLower(in.Email)
			if key == "" {
				key = "buyer@example.com"
			}
			if at, ok := last[key]; ok && b.clock.Now().Sub(at) < notification.ResendAfter {
				rt.Fatalf("two receipts to %s within %v", key, b.clock.Now().Sub(at))
			}
			_, reached := last[key]
			last[key] = b.clock.Now()
			if !in.Checkout && !reached { // writing again to where the buyer's checkout wrote reaches nobody new
				if byMerchant[key] = true; len(byMerchant) > notification.MaxAddresses {
					rt.Fatalf("a merchant reached %d addresses", len(byMerchant))
				}
			}
		}
	})
}

func TestSendingIsRetriedUntilItEnds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		b.want(notification.Input{}, "")
		b.out.err = errors.New("the server is away")
		b.run()
		b.out.err = nil
		b.run() // not due yet
		if len(b.out.sent) != 0 {
			t.Error("it was tried again at once")
		}
		b.clock.Set(start.Add(time.Minute))
		b.order.Refunded = 500 // what happened meanwhile shows
		b.run()
		if len(b.out.sent) != 1 || !strings.Contains(b.out.sent[0].Text, "Refunded: $5.00") {
			t.Errorf("sent %+v", b.out.sent)
		}
		b.out.err = fmt.Errorf("no such user: %w", notification.ErrRejected)
		b.want(notification.Input{Email: "gone@example.com"}, "")
		b.run()
		b.out.err = nil
		b.clock.Set(start.Add(24 * time.Hour))
		b.run()
		if len(b.out.sent) != 1 {
			t.Error("a mail that was refused for good was tried again")
		}
		states := map[string]int{}
		err := d.Read(t.Context(), func(tx db.Tx) error {
			return tx.Query(func(r db.Row) error {
				var s string
				err := r.Scan(&s)
				states[s]++
				return err
			}, "SELECT state FROM receipts")
		})
		if err != nil || states["sent"] != 1 || states["rejected"] != 1 {
			t.Errorf("states %v, %v", states, err)
		}
	})
}

// Requests that race for the last address are decided one after the other. The order's lock is the
// one the Orders port takes.
func TestRacingRequestsKeepTheLimits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := newBench(t, d)
		err := d.Write(t.Context(), func(tx db.Tx) error {
			return tx.Send(`INSERT INTO order_numbers (merchant_id, environment_id, last) VALUES ('mer_a', 'menv_a', 1)`)
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Orders = func(_ context.Context, tx db.Tx, _ tenant.Scope, _ string) (notification.Order, error) {
			var n int64
			err := tx.QueryRow([]any{&n}, `SELECT last FROM order_numbers WHERE merchant_id = 'mer_a'`+tx.ForUpdate())
			return b.order, err
		}
		errs := make(chan error)
		for i := range 12 {
			go func() { errs <- b.ask(notification.Input{Email: fmt.Sprintf("%c@example.com", 'a'+i%6)}) }()
		}
		taken := 0
		for range 12 {
			if err := <-errs; err == nil {
				taken++
			} else if fault.Of(err) == nil {
				t.Error(err)
			}
		}
		if taken != notification.MaxAddresses {
			t.Errorf("%d receipts were taken, want %d", taken, notification.MaxAddresses)
		}
	})
}
