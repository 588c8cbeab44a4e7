package simulator

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/payment"
)

var day0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestChargeKeepsItsRulesUnderAnySequence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := day0
		c := charge{Currency: "USD", Amount: rapid.Int64Range(1, 1000).Draw(t, "amount"), State: ChargeWaiting,
			Behaviour: rapid.SampledFrom([]behaviour{approves, refundsRefused}).Draw(t, "behaviour")}
		var reserved, paidBack []int64
		take := func(from *[]int64) int64 {
			last := (*from)[len(*from)-1]
			*from = (*from)[:len(*from)-1]
			return last
		}
		steps := map[string]func(*rapid.T){
			"approve": func(t *rapid.T) {
				if c.State == ChargeWaiting {
					c.approve(rapid.SampledFrom([]payment.Kind{payment.KindSale, payment.KindAuthorize}).Draw(t, "kind"), now)
				}
			},
			"capture": func(t *rapid.T) { c.capture(rapid.Int64Range(-1, 1100).Draw(t, "amount"), "USD", now) },
			"void":    func(*rapid.T) { c.void(now) },
			"reserve": func(t *rapid.T) {
				amount := rapid.Int64Range(-1, 1100).Draw(t, "amount")
				if c.reserve(amount, "USD") == nil {
					reserved = append(reserved, amount)
				}
			},
			"settle": func(t *rapid.T) {
				if len(reserved) > 0 {
					amount, ok := take(&reserved), rapid.Bool().Draw(t, "ok")
					if c.settleRefund(amount, ok); ok {
						paidBack = append(paidBack, amount)
					}
				}
			},
			"return": func(*rapid.T) {
				if len(paidBack) > 0 {
					c.returnRefund(take(&paidBack))
				}
			},
			"wait": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "hours")) * time.Hour)
			},
			"": func(t *rapid.T) {
				released := c.releasedAt(now)
				if min(c.Authorized, c.Captured, released, c.Refunding, c.Refunded) < 0 || c.Authorized > c.Amount ||
					c.Captured+released > c.Authorized || c.Refunding+c.Refunded > c.Captured {
					t.Fatalf("the books are broken: %+v", c)
				}
			},
		}
		t.Repeat(steps)
	})
}

func TestHoldExpiresAtTheMomentItSays(t *testing.T) {
	t.Parallel()
	c := charge{Currency: "USD", Amount: 100, State: ChargeWaiting}
	c.approve(payment.KindAuthorize, day0)
	late := c
	if no := late.capture(100, "USD", c.ExpiresAt); no == nil || no.Code != "payment_authorization_expired" {
		t.Errorf("a capture at the deadline gave %+v", no)
	}
	if no := c.capture(100, "USD", c.ExpiresAt.Add(-time.Microsecond)); no != nil {
		t.Errorf("a capture before the deadline was refused: %+v", no)
	}
}
