package refund_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// enough tells that a property has been tried often enough on PostgreSQL, where a case takes many round
// trips: a quarter of the cases, since the rules are the same and only the engine differs.
func enough(d db.DB, runs *int) bool {
	*runs++
	return d.Engine() == db.Postgres && *runs%4 != 0
}

// drawn is a random order with discount, taxes, charge and tip.
func drawn(t *rapid.T, b *flinttest.Bench, c money.Currency) *order.Order {
	lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) flinttest.Line {
		return flinttest.Line{Price: rapid.Int64Range(1, 20000).Draw(t, "price"), Quantity: rapid.Int64Range(1, 7).Draw(t, "quantity")}
	}), 1, 3).Draw(t, "lines")
	mode := rapid.SampledFrom([]string{"additive", "inclusive"}).Draw(t, "tax mode")
	return b.Order(t, c, lines, func(in *order.CreateInput) {
		on, yes := true, true
		for n := range in.Lines {
			in.Lines[n].Tax = &order.ItemTaxInput{Taxable: &yes, Calculation: &order.ItemTaxMethod{Mode: "external", PriceMode: mode, Components: []order.TaxComponent{{
				TaxType: "sales_tax", Percent: money.Percent(rapid.Int64Range(0, 250000).Draw(t, "tax")),
				Jurisdiction: order.Jurisdiction{Code: "X", Country: "US", Level: "state", Name: "X", State: "TX"},
			}}}}
		}
		in.Tax = &order.TaxInput{Enabled: &on, Calculation: &order.TaxCalculationInput{Mode: "external", PriceMode: mode}}
		if off := rapid.Int64Range(0, lines[0].Price).Draw(t, "discount"); off > 0 {
			in.Discounts = []order.DiscountInput{{Name: "Off", Amount: money.Amount{Minor: off, Currency: c}}}
		}
		if tip := rapid.Int64Range(0, 3000).Draw(t, "tip"); tip > 0 {
			in.Tip = &order.TipInput{Amount: flinttest.Money(tip, c)}
		}
	})
}

// Any portions, with failures in between, give back exactly what each line was sold for, in currencies
// of 0, 2 and 3 digits; the rest then gives back exactly what was paid.
func TestPortionsAddUpToTheOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		bench, runs := flinttest.New(t, d), 0
		rapid.Check(t, func(t *rapid.T) {
			if enough(d, &runs) {
				return
			}
			b := bench.Another()
			b.NoFaults(t)
			o := drawn(t, b, rapid.SampledFrom([]money.Currency{"JPY", "USD", "KWD"}).Draw(t, "currency"))
			if o.Pricing.Total == 0 {
				return
			}
			b.Paid(t, o.ID, "simtok_approve")
			for n := range o.Lines {
				left, given := o.Lines[n].Quantity, int64(0)
				for left > 0 {
					units := rapid.Int64Range(1, left).Draw(t, "units")
					fails := rapid.IntRange(0, 3).Draw(t, "fails") == 0
					if fails {
						b.FailNext(t, payment.KindRefund)
					}
					r, err := b.Refund(o.ID, line(o, n, units))
					if fault.Is(err, "NOTHING_TO_REFUND_FOR_LINE_ITEM") {
						b.NoFaults(t)
						break // units that cost nothing are not refunded
					}
					if err != nil {
						t.Fatalf("refund %d units: %v", units, err)
					}
					b.NoFaults(t)
					b.Advance(300 * time.Millisecond)
					b.Deliver(t)
					want := refund.StatusSucceeded
					if fails {
						want = refund.StatusFailed
					}
					if got := b.RefundOf(t, r.ID); got.Status != want {
						t.Fatalf("the refund is %s, want %s", got.Status, want)
					}
					if fails {
						continue
					}
					// Each of price, discount and tax rounds for itself, once at either end of the portion.
					if off := r.Amount*o.Lines[n].Quantity - o.Lines[n].Total*units; max(off, -off) > 3*o.Lines[n].Quantity {
						t.Fatalf("%d of %d units of %d give back %d", units, o.Lines[n].Quantity, o.Lines[n].Total, r.Amount)
					}
					given, left = given+r.Amount, left-units
				}
				if left == 0 && given != o.Lines[n].Total {
					t.Fatalf("the units of a line of %d give back %d", o.Lines[n].Total, given)
				}
			}
			b.Check(t)
			b.NoFaults(t)
			if _, err := b.Refund(o.ID); err != nil && !fault.Is(err, "AMOUNT_EXCEEDS_REFUNDABLE") {
				t.Fatalf("refund the rest: %v", err)
			}
			b.Quiesce(t)
			b.CheckQuiet(t)
			if s := b.State(t, o.ID).Order; s.NetCollected() != 0 || s.DeriveRefundStatus() != order.RefundRefunded {
				t.Fatalf("net %d, %s", s.NetCollected(), s.DeriveRefundStatus())
			}
		})
	})
}

// model is what a merchant with a notebook knows about one order: what came in, what was promised back,
// and whether something is under way.
type model struct {
	paid, promised int64 // minor units; promised is refunds not failed
}

// Any sequence of calls, losses, notices and waiting leaves books that add up, never collects more than
// the order costs, and never promises back more than came in.
func TestAnySequenceOnOneOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		bench, runs := flinttest.New(t, d), 0
		rapid.Check(t, func(t *rapid.T) {
			if enough(d, &runs) {
				return
			}
			b := bench.Another()
			b.NoFaults(t)
			o := b.Order(t, "USD", []flinttest.Line{{Price: 3333, Quantity: 3}, {Price: 999, Quantity: 1}}, func(in *order.CreateInput) {
				in.Tip = &order.TipInput{Amount: flinttest.Money(500, "USD")}
				in.Discounts = []order.DiscountInput{{Name: "Off", Amount: money.Amount{Minor: 100, Currency: "USD"}}}
			})
			token := rapid.SampledFrom([]string{
				"simtok_approve", "simtok_approve", "simtok_decline_card_declined", "simtok_3ds", "simtok_timeout_charged", "simtok_timeout_not_charged",
				"simtok_processing_succeeds", "simtok_processing_fails", "simtok_refund_fails", "simtok_refund_returned", "simtok_insufficient_balance",
			})
			trace := ""
			try := func(what string, err error) {
				trace += fmt.Sprintf("%s: %v\n", what, err)
				flinttest.Known(t, err)
			}
			pick := func(t *rapid.T) *payment.Intent {
				legs := b.State(t, o.ID).Intents
				if len(legs) == 0 {
					t.Skip("no payment yet")
				}
				return rapid.SampledFrom(legs).Draw(t, "payment")
			}
			refunds := func(t *rapid.T) (in refund.CreateInput) {
				switch rapid.IntRange(0, 3).Draw(t, "what") {
				case 0:
					in.Amount = flinttest.Money(rapid.Int64Range(1, 12000).Draw(t, "amount"), "USD")
				case 1:
					units := rapid.Int64Range(1, 3).Draw(t, "units")
					in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &units}}
				case 2:
					in.Lines = []refund.LineInput{{LineID: o.Lines[rapid.IntRange(0, 1).Draw(t, "line")].ID, Amount: flinttest.Money(rapid.Int64Range(1, 4000).Draw(t, "amount"), "USD")}}
				}
				return in
			}
			sums := func() (m model) {
				for _, i := range b.State(t, o.ID).Intents {
					m.paid += i.Captured
					m.promised += i.Refunded + i.RefundReserved
				}
				return m
			}
			before := sums()
			t.Repeat(map[string]func(*rapid.T){
				"pay": func(t *rapid.T) { try("pay", b.Pay(o.ID, token.Draw(t, "token"))) },
				"stage": func(t *rapid.T) {
					_, err := b.Stage(o.ID, rapid.SampledFrom([]int64{0, 1, 500, 4000}).Draw(t, "amount"), rapid.SampledFrom([]string{"", "", "manual"}).Draw(t, "capture"))
					try("stage", err)
				},
				"confirm": func(t *rapid.T) {
					legs := map[string]string{}
					for range rapid.IntRange(1, 2).Draw(t, "legs") {
						legs[pick(t).ID] = token.Draw(t, "token")
					}
					try("confirm", b.Confirm(o.ID, rapid.SampledFrom([]string{"", payment.PartialPayment}).Draw(t, "completion"), legs))
				},
				"capture": func(t *rapid.T) {
					try("capture", b.Capture(pick(t), rapid.SampledFrom([]int64{0, 1, 4000}).Draw(t, "amount")))
				},
				"cancel": func(t *rapid.T) { try("cancel", b.Cancel(pick(t))) },
				"cancel attempt": func(t *rapid.T) {
					if a := b.State(t, o.ID).Attempt; a != nil {
						try("cancel attempt", b.CancelAttempt(o.ID, a.ID))
					}
				},
				"resume": func(t *rapid.T) {
					if a := b.State(t, o.ID).Attempt; a != nil {
						try("resume", b.Resume(o.ID, a.ID))
					}
				},
				"answer": func(t *rapid.T) {
					if i := pick(t); i.Status == payment.IntentRequiresAction {
						b.TryAnswer(i, rapid.Bool().Draw(t, "approve"))
					}
				},
				"refund": func(t *rapid.T) {
					in := refunds(t)
					was := sums()
					r, err := b.Refund(o.ID, func(c *refund.CreateInput) { c.Amount, c.Lines = in.Amount, in.Lines })
					try("refund", err)
					switch {
					case in.Lines == nil && in.Amount != nil && (err == nil) != (in.Amount.Minor <= was.paid-was.promised):
						t.Fatalf("a refund of %d out of %d gave %v", in.Amount.Minor, was.paid-was.promised, err)
					case err == nil && r.Amount > was.paid-was.promised:
						t.Fatalf("a refund of %d out of %d got through", r.Amount, was.paid-was.promised)
					}
				},
				"add a line": func(t *rapid.T) {
					try("add a line", b.DB.Write(b.Context(), func(tx db.Tx) error {
						_, err := b.Orders.AddLines(b.Context(), tx, order.AddLinesInput{
							Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Lines: []order.LineInput{{Name: "More", UnitPrice: flinttest.Money(700, "USD")}},
						})
						return err
					}))
				},
				"lose": func(t *rapid.T) {
					kind := rapid.SampledFrom([]payment.Kind{payment.KindSale, payment.KindAuthorize, payment.KindCapture, payment.KindVoid, payment.KindRefund}).Draw(t, "kind")
					if rapid.Bool().Draw(t, "request") {
						b.LoseRequests(t, kind, 1)
					} else {
						b.LoseAnswers(t, kind, 1)
					}
				},
				"wait": func(t *rapid.T) {
					b.Advance(rapid.SampledFrom([]time.Duration{300 * time.Millisecond, 5 * time.Second, time.Hour, 7 * 24 * time.Hour}).Draw(t, "time"))
				},
				"deliver": func(t *rapid.T) { b.Deliver(t) },
				"sweep":   func(t *rapid.T) { b.Sweep(t) },
				"": func(t *rapid.T) {
					now := sums()
					if now.paid < before.paid || now.promised > now.paid {
						t.Fatalf("paid %d after %d, %d promised back\n%s", now.paid, before.paid, now.promised, trace)
					}
					before = now
					if d.Engine() == db.SQLite {
						b.Check(t)
					}
				},
			})
			b.NoFaults(t)
			b.Check(t)
			b.Quiesce(t)
			b.CheckQuiet(t)
			if s := b.State(t, o.ID).Order; s.Credit() != 0 {
				t.Fatalf("%d was collected too much\n%s", s.Credit(), trace)
			}
		})
	})
}
