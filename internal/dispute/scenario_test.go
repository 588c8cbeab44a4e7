package dispute_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/dispute"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/refund"
)

// each runs a scenario on both engines and checks the books at its end.
func each(t *testing.T, scenario func(t *testing.T, b *flinttest.Bench)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		scenario(t, b)
		b.Check(t)
	})
}

// paid is an order of 1000 that was paid with a token.
func paid(t *testing.T, b *flinttest.Bench, token string) *payment.Intent {
	t.Helper()
	o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
	b.Paid(t, o.ID, token)
	return b.State(t, o.ID).Leg()
}

func after(t *testing.T, b *flinttest.Bench, d time.Duration) {
	t.Helper()
	b.Advance(d)
	b.Deliver(t)
}

func open(t *testing.T, b *flinttest.Bench, i *payment.Intent, amount int64, caseType string) simulator.Dispute {
	t.Helper()
	d, err := b.Simulator.OpenDispute(b.Context(), simulator.OpenInput{Scope: b.Scope, PaymentID: i.ID, Amount: amount, CaseType: caseType})
	if err != nil {
		t.Fatal(err)
	}
	b.Deliver(t)
	return d
}

func move(t *testing.T, b *flinttest.Bench, ref, status string) {
	t.Helper()
	in := simulator.MoveInput{Scope: b.Scope, Ref: ref, Status: status, Evidence: status == ""}
	if _, err := b.Simulator.MoveDispute(b.Context(), in); err != nil {
		t.Fatalf("move to %q: %v", status, err)
	}
	b.Deliver(t)
}

// want holds the one dispute of a payment, the payment and the order against figures.
func want(t *testing.T, b *flinttest.Bench, i *payment.Intent, status string, held, openMoney, lost int64) *dispute.Dispute {
	t.Helper()
	var all []*dispute.Dispute
	b.Read(t, func(tx db.Tx) (err error) {
		all, err = dispute.OfIntent(tx, b.Scope, i.ID)
		return err
	})
	if len(all) != 1 {
		t.Fatalf("%d disputes, want one", len(all))
	}
	s := b.State(t, i.OrderID)
	if all[0].Status != status || s.Leg().DisputeStatus() != status || s.Leg().Disputed != held ||
		s.Order.Disputes.Open != openMoney || s.Order.Disputes.Lost != lost {
		t.Fatalf("dispute %s, payment %s holding %d, order %+v; want %s, %d, open %d, lost %d", all[0].Status, s.Leg().DisputeStatus(),
			s.Leg().Disputed, s.Order.Disputes, status, held, openMoney, lost)
	}
	if s.Order.Outstanding() != 0 {
		t.Errorf("a dispute makes %d outstanding", s.Order.Outstanding())
	}
	return all[0]
}

func eventsOf(t *testing.T, b *flinttest.Bench, orderID string) string {
	t.Helper()
	all := slices.DeleteFunc(b.Events(t, orderID), func(e string) bool { return !strings.HasPrefix(e, "dispute.") })
	return strings.ReplaceAll(strings.Join(all, " "), "dispute.", "")
}

func TestChargebackWonAndLost(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		for token, end := range map[string]string{"simtok_dispute_won": dispute.StatusWon, "simtok_dispute_lost": dispute.StatusLost} {
			i := paid(t, b, token)
			after(t, b, 2*time.Second)
			d := want(t, b, i, dispute.StatusNeeds, 1000, 1000, 0)
			if !d.ResponseAllowed(b.Clock.Now()) || d.EvidenceDueAt.IsZero() {
				t.Errorf("no answer is possible: %+v", d)
			}
			b.Check(t)
			after(t, b, 5*time.Second)
			lost := int64(0)
			if end == dispute.StatusLost {
				lost = 1000
			}
			d = want(t, b, i, end, lost, 0, lost)
			if got, want := eventsOf(t, b, i.OrderID), "created needs_response updated "+end+" closed"; got != want {
				t.Errorf("events %q, want %q", got, want)
			}
			// The bank turns its decision round.
			other := map[string]string{dispute.StatusWon: dispute.StatusLost, dispute.StatusLost: dispute.StatusWon}[end]
			move(t, b, d.ProcessorRef, other)
			want(t, b, i, other, 1000-lost, 0, 1000-lost)
		}
	})
}

func TestInquiryMovesNoMoney(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		i := paid(t, b, "simtok_dispute_inquiry")
		after(t, b, 2*time.Second)
		d := want(t, b, i, dispute.StatusWarningNeeds, 0, 0, 0)
		if _, err := b.Refund(i.OrderID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(100, "USD") }); err != nil {
			t.Errorf("an inquiry holds a refund back: %v", err)
		}
		after(t, b, time.Second)
		move(t, b, d.ProcessorRef, "")
		if d = want(t, b, i, dispute.StatusWarningReview, 0, 0, 0); d.Submissions != 1 || d.ResponseAllowed(b.Clock.Now()) {
			t.Errorf("after the answer: %+v", d)
		}
		move(t, b, d.ProcessorRef, dispute.StatusNeeds) // it becomes a chargeback over all of it
		want(t, b, i, dispute.StatusNeeds, 900, 1000, 0)
		move(t, b, d.ProcessorRef, dispute.StatusPrevented)
		want(t, b, i, dispute.StatusPrevented, 0, 0, 0)

		i = paid(t, b, "simtok_approve")
		d2 := open(t, b, i, 0, dispute.CaseInquiry)
		after(t, b, 7*24*time.Hour) // nobody answers
		d = want(t, b, i, dispute.StatusWarningClosed, 0, 0, 0)
		if d.ProcessorRef != d2.Ref || !d.PastDue(b.Clock.Now()) {
			t.Errorf("%+v", d)
		}
		if got := eventsOf(t, b, i.OrderID); got != "created needs_response updated warning_closed closed" {
			t.Errorf("events %q", got)
		}
	})
}

func TestDeadlineLosesAndBankReturnsAreFinal(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		i := paid(t, b, "simtok_dispute")
		after(t, b, 2*time.Second)
		want(t, b, i, dispute.StatusNeeds, 1000, 1000, 0)
		after(t, b, 14*24*time.Hour)
		want(t, b, i, dispute.StatusLost, 1000, 0, 1000)

		i = paid(t, b, "simtok_approve")
		open(t, b, i, 0, dispute.CaseBankReturn)
		if d := want(t, b, i, dispute.StatusLost, 1000, 0, 1000); d.ResponseUnavailable() != "bank_return_not_contestable" || d.ResponseAllowed(b.Clock.Now()) {
			t.Errorf("%+v", d)
		}
	})
}

// TestRefundsUnderDispute: refused by default; the undisputed rest can be refunded by who is allowed to.
func TestRefundsUnderDispute(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		i := paid(t, b, "simtok_approve")
		d := open(t, b, i, 400, "")
		want(t, b, i, dispute.StatusNeeds, 400, 400, 0)
		ask := func(minor int64, despite bool) error {
			_, err := b.Refund(i.OrderID, func(in *refund.CreateInput) {
				in.Amount, in.DespiteDispute = flinttest.Money(minor, "USD"), despite
			})
			return err
		}
		if err := ask(100, false); !fault.Is(err, "PAYMENT_INTENT_DISPUTED") {
			t.Errorf("got %v", err)
		}
		if err := ask(700, true); !fault.Is(err, "AMOUNT_EXCEEDS_REFUNDABLE") {
			t.Errorf("got %v", err)
		}
		if err := ask(600, true); err != nil {
			t.Errorf("got %v", err)
		}
		after(t, b, time.Second)
		want(t, b, i, dispute.StatusNeeds, 400, 400, 0)
		move(t, b, d.Ref, dispute.StatusWon)
		want(t, b, i, dispute.StatusWon, 0, 0, 0)
		if err := ask(400, false); err != nil {
			t.Errorf("after it was won: %v", err)
		}
		after(t, b, time.Second)
	})
}

// TestOvertakenRefund: a refund on its way fails when the bank withdraws its money, and the dispute holds it then. A
// dispute of money that was refunded before takes it twice, which the books say.
func TestOvertakenRefund(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		i := paid(t, b, "simtok_approve")
		r, err := b.Refund(i.OrderID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(600, "USD") })
		if err != nil {
			t.Fatal(err)
		}
		open(t, b, i, 1000, "")
		after(t, b, time.Second)
		if r = b.RefundOf(t, r.ID); r.Status != refund.StatusFailed || r.FailureReason() != "payment_disputed" {
			t.Errorf("the refund is %s, %q", r.Status, r.FailureReason())
		}
		want(t, b, i, dispute.StatusNeeds, 1000, 1000, 0)

		i = paid(t, b, "simtok_approve")
		if _, err := b.Refund(i.OrderID); err != nil {
			t.Fatal(err)
		}
		after(t, b, time.Second)
		d := open(t, b, i, 0, "")
		want(t, b, i, dispute.StatusNeeds, 0, 1000, 0)
		move(t, b, d.Ref, dispute.StatusLost)
		want(t, b, i, dispute.StatusLost, 0, 0, 1000)
	})
}

func TestNoticesTwiceLateAndWrong(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		i := paid(t, b, "simtok_approve")
		tell := func(id string, change func(*payment.DisputeNews)) error {
			v := payment.DisputeNews{Ref: "dp_1", PaymentID: i.ID, Status: dispute.StatusNeeds, CaseType: "chargeback", Reason: "fraudulent",
				Amount: 300, Currency: "USD", OpenedAt: b.Clock.Now(), EvidenceDueAt: b.Clock.Now().Add(time.Hour), Version: 1}
			change(&v)
			return b.Disputes.Notify(b.Context(), payment.DisputeNotice{ID: id, Scope: b.Scope, Processor: simulator.Name, Dispute: v})
		}
		lost := func(v *payment.DisputeNews) { v.Status, v.Version = dispute.StatusLost, 3 }
		for _, n := range []struct {
			id     string
			change func(*payment.DisputeNews)
		}{
			{"n3", lost}, {"n3", lost}, // the end comes first, and twice
			{"n1", func(*payment.DisputeNews) {}},
			{"n2", func(v *payment.DisputeNews) { v.Status, v.Version = dispute.StatusUnderReview, 2 }},
			{"w1", func(v *payment.DisputeNews) { v.Version, v.Currency = 4, "EUR" }},
			{"w2", func(v *payment.DisputeNews) { v.Version, v.Amount = 4, 400 }},
			{"w3", func(v *payment.DisputeNews) { v.Version, v.Status = 4, "settled" }},
			{"w4", func(v *payment.DisputeNews) { v.Version, v.Status = 4, dispute.StatusNeeds }},
			{"w5", func(v *payment.DisputeNews) { v.PaymentID = "pi_unknown" }},
		} {
			if err := tell(n.id, n.change); err != nil {
				t.Errorf("%s: %v", n.id, err)
			}
			want(t, b, i, dispute.StatusLost, 300, 0, 300)
		}
		if got := eventsOf(t, b, i.OrderID); got != "created lost closed" {
			t.Errorf("events %q", got)
		}
		// Of money that we have not got yet, the processor has to tell again.
		if err := tell("early", func(v *payment.DisputeNews) { v.Ref, v.Amount = "dp_2", 5000 }); err == nil {
			t.Error("a dispute of more than was captured was taken")
		}
	})
}

func TestRace06RefundAgainstDispute(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		counting := &flinttest.Counting{DB: d}
		b := flinttest.New(t, counting)
		flinttest.Rounds(t, func(int) {
			i := paid(t, b, "simtok_approve")
			errs := flinttest.Race(2, func(n int) error {
				if n == 0 {
					_, err := b.Refund(i.OrderID, func(in *refund.CreateInput) { in.Amount = flinttest.Money(600, "USD") })
					return err
				}
				if _, err := b.Simulator.OpenDispute(b.Context(), simulator.OpenInput{Scope: b.Scope, PaymentID: i.ID, Amount: 700}); err != nil {
					return err
				}
				_, err := b.Simulator.DeliverDue(b.Context())
				return err
			})
			if errs[0] != nil && !fault.Is(errs[0], "PAYMENT_INTENT_DISPUTED") {
				t.Errorf("the refund: %v", errs[0])
			}
			if errs[1] != nil {
				t.Errorf("the dispute: %v", errs[1])
			}
			after(t, b, time.Second)
			leg := b.State(t, i.OrderID).Leg()
			if leg.Refunded+leg.RefundReserved+leg.Disputed > 1000 || leg.Disputed < 400 || leg.Refunded == 0 && leg.Disputed != 700 {
				t.Errorf("%d refunded, %d reserved, %d disputed of 1000", leg.Refunded, leg.RefundReserved, leg.Disputed)
			}
		})
		b.Check(t)
		counting.NoDeadlocks(t)
	})
}
