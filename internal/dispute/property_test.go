package dispute_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/dispute"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/refund"
)

// TestBooksFollowAnyNews sends news of two disputes in any order and between refunds: the books add up after each
// step, and what a payment gives back never exceeds it.
func TestBooksFollowAnyNews(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		whole := flinttest.New(t, d)
		rapid.Check(t, func(rt *rapid.T) {
			b := whole.Another()
			o := b.Order(rt, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
			b.Paid(rt, o.ID, "simtok_approve")
			i := b.State(rt, o.ID).Leg()
			for n := range rapid.IntRange(1, 8).Draw(rt, "steps") {
				switch rapid.IntRange(0, 3).Draw(rt, "what") {
				case 0:
					amount := rapid.Int64Range(1, 1000).Draw(rt, "amount")
					_, _ = b.Refund(o.ID, func(in *refund.CreateInput) { // refused when there is no room
						in.Amount, in.DespiteDispute = flinttest.Money(amount, "USD"), rapid.Bool().Draw(rt, "despite")
					})
				case 1:
					b.Advance(time.Second)
					b.Deliver(rt)
				default:
					which := rapid.IntRange(1, 2).Draw(rt, "dispute")
					err := b.Disputes.Notify(b.Context(), payment.DisputeNotice{
						ID: fmt.Sprintf("n%d", n), Scope: b.Scope, Processor: simulator.Name, Dispute: payment.DisputeNews{
							Ref: fmt.Sprintf("dp_%d", which), PaymentID: i.ID, Status: rapid.SampledFrom(dispute.Statuses).Draw(rt, "status"),
							CaseType: "chargeback", Reason: "general", Amount: int64(which) * 400, Currency: "USD",
							OpenedAt: b.Clock.Now(), Version: rapid.Int64Range(1, 9).Draw(rt, "version"),
						}})
					if err != nil {
						rt.Fatalf("notice: %v", err)
					}
				}
				leg := b.State(rt, o.ID).Leg()
				if leg.Refunded+leg.RefundReserved+leg.Disputed > leg.Captured {
					rt.Fatalf("%+v", leg)
				}
				b.Check(rt)
			}
		})
	})
}

// TestHeldIsBounded: never negative, never more than what is left, and no less than both allow.
func TestHeldIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []*dispute.Dispute
		var sum int64
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			d := &dispute.Dispute{Open: rapid.Int64Range(0, 500).Draw(t, "open"), Lost: rapid.Int64Range(0, 500).Draw(t, "lost")}
			sum += d.Open + d.Lost
			all = append(all, d)
		}
		left := rapid.Int64Range(0, 2000).Draw(t, "left")
		if got := dispute.Held(all, left); got != min(sum, left) {
			t.Fatalf("%d held of %d, %d left", got, sum, left)
		}
	})
}
