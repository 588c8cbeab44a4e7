package simulator

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/payment"
)

// sent is an operation and the last that was heard of it.
type sent struct {
	op  payment.Operation
	out payment.Outcome
}

// TestBooksHoldUnderAnyHistory sends random operations, replays, answers, faults, lapses of time and
// restarts, and checks after each that the books keep their rules and that no outcome is forgotten.
func TestBooksHoldUnderAnyHistory(t *testing.T) {
	t.Parallel()
	sources := []string{"simtok_approve", "simtok_3ds", "simtok_timeout_charged", "simtok_timeout_not_charged",
		"simtok_processing_succeeds", "simtok_processing_fails", "simtok_refund_fails", "simtok_refund_returned",
		"simtok_decline_card_declined"}
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			p := newPlatform(d)
			var history []*sent
			send := func(rt *rapid.T, s *sent) {
				out, err := p.Do(t.Context(), s.op)
				if err != nil {
					out, err = p.Lookup(t.Context(), s.op)
				}
				if err != nil {
					rt.Fatalf("%s: %v", s.op.Kind, err)
				}
				if out.Version < s.out.Version || (s.out.ProcessorRef != "" && out.ProcessorRef != s.out.ProcessorRef) {
					rt.Fatalf("%s was\n%+v\nand is\n%+v", s.op.Kind, s.out, out)
				}
				s.out = out
			}
			known := func(rt *rapid.T) *sent {
				if len(history) == 0 {
					rt.Skip("nothing has been sent")
				}
				return rapid.SampledFrom(history).Draw(rt, "operation")
			}
			rt.Repeat(map[string]func(*rapid.T){
				"open": func(rt *rapid.T) {
					kind := rapid.SampledFrom([]payment.Kind{payment.KindSale, payment.KindAuthorize}).Draw(rt, "kind")
					s := &sent{op: p.opening(kind, rapid.SampledFrom(sources).Draw(rt, "source"), rapid.Int64Range(1, 100).Draw(rt, "amount"))}
					history = append(history, s)
					send(rt, s)
				},
				"follow": func(rt *rapid.T) {
					on := known(rt)
					kind := rapid.SampledFrom([]payment.Kind{payment.KindCapture, payment.KindVoid, payment.KindRefund, payment.KindRefund}).Draw(rt, "kind")
					s := &sent{op: p.following(kind, on.op, on.out.ProcessorRef, rapid.Int64Range(0, 110).Draw(rt, "amount"))}
					history = append(history, s)
					send(rt, s)
				},
				"replay": func(rt *rapid.T) { send(rt, known(rt)) },
				"answer": func(rt *rapid.T) {
					if opaque := strings.TrimPrefix(known(rt).out.ActionURL, ChallengePath); opaque != "" {
						_, _ = p.Answer(t.Context(), opaque, rapid.Bool().Draw(rt, "approve")) // it may be closed
					}
				},
				"fault": func(rt *rapid.T) {
					kind := rapid.SampledFrom([]payment.Kind{payment.KindSale, payment.KindCapture, payment.KindRefund}).Draw(rt, "kind")
					half := Chance{Percent: 50}
					p.fault(t, kind, Fault{TimeoutBefore: half, TimeoutAfter: half, Duplicate: half, Reorder: half})
				},
				"wait": func(rt *rapid.T) {
					p.pass(t, time.Duration(rapid.SampledFrom([]int64{300, 6_000, 20_000, 2 * 86_400_000}).Draw(rt, "ms"))*time.Millisecond)
				},
				"restart": func(*rapid.T) { p.restart() },
				"":        func(*rapid.T) { p.books(t) },
			})
			for range 4 {
				p.pass(t, time.Minute)
			}
			settled(rt, t, p, history)
		})
	})
}

// settled checks that after everything has settled the books are the sum of the outcomes.
func settled(rt *rapid.T, t *testing.T, p *platform, history []*sent) {
	var held, captured, refunded int64
	for _, s := range history {
		out, err := p.Lookup(t.Context(), s.op)
		if err != nil {
			rt.Fatal(err)
		}
		if out.State == payment.OutcomeProcessing {
			rt.Fatalf("%s is still processing", s.op.Kind)
		}
		if out.State != payment.OutcomeSucceeded {
			continue
		}
		switch s.op.Kind {
		case payment.KindAuthorize:
			held += s.op.Amount
		case payment.KindSale:
			held += s.op.Amount
			captured += s.op.Amount
		case payment.KindCapture:
			captured += s.op.Amount
		case payment.KindRefund:
			refunded += s.op.Amount
		}
	}
	var total Total
	if b := p.books(t); len(b.Totals) == 1 {
		total = b.Totals[0]
	}
	if total.Authorized != held || total.Captured != captured || total.Refunded != refunded || total.RefundPending != 0 {
		rt.Fatalf("the books say %+v; the outcomes held %d, captured %d, refunded %d", total, held, captured, refunded)
	}
}
