package refund_test

import (
	"fmt"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/refund"
)

// news is one notice of a history: the state that an operation came to.
type news struct {
	operation int
	state     payment.OutcomeState
	version   int64
}

const (
	ok      = payment.OutcomeSucceeded
	failed  = payment.OutcomeFailed
	action  = payment.OutcomeRequiresAction
	working = payment.OutcomeProcessing
)

// permutations calls fn with every order of 0 to n-1.
func permutations(n int, fn func([]int)) {
	order := make([]int, n)
	for k := range order {
		order[k] = k
	}
	var walk func(k int)
	walk = func(k int) {
		if k == n {
			fn(order)
			return
		}
		for j := k; j < n; j++ {
			order[k], order[j] = order[j], order[k]
			walk(k + 1)
			order[k], order[j] = order[j], order[k]
		}
	}
	walk(0)
}

// Whatever the order in which a processor's notices arrive, and however often each, the end is the same.
func TestNoticesInAnyOrderEndTheSame(t *testing.T) {
	t.Parallel()
	// prepare plans operations; their notices then are all that is heard of them.
	type history struct {
		name    string
		prepare func(t *testing.T, b *flinttest.Bench) (orderID string, ops []payment.Operation)
		news    []news
	}
	pay := func(t *testing.T, b *flinttest.Bench) (string, []payment.Operation) {
		o := worked(t, b)
		return o.ID, b.PlanPay(t, o.ID, "simtok_approve")
	}
	split := func(t *testing.T, b *flinttest.Bench) (string, []payment.Operation) {
		o := worked(t, b)
		one, err := b.Stage(o.ID, 5000, "")
		if err != nil {
			t.Fatal(err)
		}
		two, err := b.Stage(o.ID, 9906, "")
		if err != nil {
			t.Fatal(err)
		}
		return o.ID, b.PlanConfirm(t, o.ID, one.ID, two.ID)
	}
	hold := func(t *testing.T, b *flinttest.Bench) (string, []payment.Operation) {
		o := worked(t, b)
		leg, err := b.Stage(o.ID, 0, payment.CaptureManual)
		if err != nil {
			t.Fatal(err)
		}
		return o.ID, b.PlanConfirm(t, o.ID, leg.ID)
	}
	whole := func(t *testing.T, b *flinttest.Bench) (string, []payment.Operation) {
		o := worked(t, b)
		b.Paid(t, o.ID, "simtok_approve")
		_, ops := b.PlanRefund(t, refund.CreateInput{OrderID: o.ID})
		return o.ID, ops
	}
	several := func(t *testing.T, b *flinttest.Bench) (string, []payment.Operation) {
		o := worked(t, b)
		parts(t, b, o, "simtok_approve", "simtok_approve")
		_, ops := b.PlanRefund(t, refund.CreateInput{OrderID: o.ID})
		return o.ID, ops
	}
	histories := []history{
		{"paid at last", pay, []news{{0, action, 1}, {0, working, 2}, {0, action, 3}, {0, working, 4}, {0, ok, 5}}},
		{"declined at last", pay, []news{{0, working, 1}, {0, action, 2}, {0, working, 3}, {0, failed, 4}}},
		{"declined, then charged after all", pay, []news{{0, action, 1}, {0, failed, 2}, {0, ok, 3}}},
		{"two legs", split, []news{{0, working, 1}, {0, ok, 2}, {1, action, 1}, {1, working, 2}, {1, ok, 3}}},
		{"two legs, one declined", split, []news{{0, working, 1}, {0, ok, 2}, {1, action, 1}, {1, failed, 2}}},
		{"held", hold, []news{{0, action, 1}, {0, working, 2}, {0, ok, 3}}},
		{"refunded", whole, []news{{0, working, 1}, {0, working, 2}, {0, ok, 3}}},
		{"refunded and returned", whole, []news{{0, working, 1}, {0, working, 2}, {0, ok, 3}, {0, failed, 4}}},
		{"refund failed", whole, []news{{0, working, 1}, {0, working, 2}, {0, failed, 3}}},
		{"refund of two payments", several, []news{{0, working, 1}, {0, ok, 2}, {1, working, 1}, {1, ok, 2}}},
		{"refund of two payments, one fails", several, []news{{0, working, 1}, {0, ok, 2}, {1, working, 1}, {1, failed, 2}}},
		{"refund of two payments, one returned", several, []news{{0, ok, 1}, {0, failed, 2}, {1, working, 1}, {1, ok, 2}}},
	}
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		bench := flinttest.New(t, d)
		for _, h := range histories {
			t.Run(h.name, func(t *testing.T) {
				want, runs := "", 0
				permutations(len(h.news), func(perm []int) {
					if t.Failed() {
						return
					}
					b := bench.Another()
					orderID, ops := h.prepare(t, b)
					seen := []payment.Notice{}
					for _, k := range perm {
						n := h.news[k]
						op := ops[n.operation]
						notice := payment.Notice{ID: fmt.Sprint(orderID, k), Scope: b.Scope, Processor: "simulator", OperationID: op.ID, Outcome: payment.Outcome{
							State: n.state, ProcessorRef: "simch_" + op.PaymentID, PaymentID: op.PaymentID, Amount: op.Amount, Currency: op.Currency,
							Version: n.version, ExpiresAt: flinttest.Start.Add(7 * 24 * time.Hour),
						}}
						if n.state == failed {
							notice.Outcome.Code = "card_declined"
						}
						seen = append(seen, notice)
						copied := notice
						copied.ID += "copy"
						for _, again := range []payment.Notice{notice, notice, copied, seen[0], seen[len(seen)/2]} {
							if err := b.Payments.Notify(b.Context(), again); err != nil {
								t.Fatalf("%v: %v", perm, err)
							}
						}
					}
					b.Check(t)
					got := ending(t, b, orderID)
					if want == "" {
						want = got
					}
					if runs++; got != want {
						t.Fatalf("%v ends with\n%s\nin order it ends with\n%s", perm, got, want)
					}
				})
				t.Logf("%d orders of %d notices", runs, len(h.news))
			})
		}
	})
}

// ending describes where an order and its payments stand.
func ending(t *testing.T, b *flinttest.Bench, orderID string) string {
	t.Helper()
	s := b.State(t, orderID)
	o := s.Order
	out := fmt.Sprintf("order %s %s paid %d refunded %d tip %d locked %t held %t\n", o.DerivePaymentStatus(), o.DeriveRefundStatus(),
		o.Settlement.Paid, o.Settlement.Refunded, o.Settlement.SettledTip, o.ActiveAttemptID != "", o.Hold != nil)
	for _, l := range o.Lines {
		out += fmt.Sprintf("line %d units, %d refunded\n", l.RefundedQuantity, l.Refunded)
	}
	for _, tip := range o.Tips {
		out += fmt.Sprintf("tip %s %d refunded\n", tip.Status, tip.Refunded)
	}
	for _, a := range s.Attempts {
		out += fmt.Sprintf("attempt %s %s\n", a.Status, a.FailureCode)
	}
	for _, i := range s.Intents {
		out += fmt.Sprintf("payment %s %d %d %d refunded %d reserved %d\n", i.Status, i.Authorized, i.Captured, i.Released, i.Refunded, i.RefundReserved)
	}
	for _, refundID := range o.RefundIDs {
		r := b.RefundOf(t, refundID)
		out += "refund " + r.Status
		for _, a := range r.Allocations {
			out += fmt.Sprintf(" %s %d", a.Status, a.Amount)
		}
		out += "\n"
	}
	return out
}
