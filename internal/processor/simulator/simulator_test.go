package simulator

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/processor/processortest"
	"flint/internal/tenant"
)

// platform is a simulator with a clock that can be turned and an inbox for its notices, of one fresh
// tenant in a shared database.
type platform struct {
	*Simulator
	db    db.DB
	time  *clock.Settable
	ids   *id.Source
	scope tenant.Scope

	mu     sync.Mutex
	inbox  []payment.Notice
	refuse int
}

func newPlatform(d db.DB) *platform {
	p := &platform{db: d, time: clock.NewSettable(0)}
	p.ids = id.NewSource(p.time)
	p.scope = tenant.Scope{MerchantID: p.ids.New(id.Merchant), EnvironmentID: p.ids.New(id.Sandbox)}
	p.restart()
	return p
}

// restart replaces the simulator by one that knows only what is stored.
func (p *platform) restart() {
	p.Simulator = New(Options{DB: p.db, Clock: p.time, IDs: p.ids, Logger: slog.New(slog.DiscardHandler), Sink: p.receive})
}

func (p *platform) receive(_ context.Context, n payment.Notice) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.Scope != p.scope {
		return nil // left over from another test of this database
	}
	if p.refuse > 0 {
		p.refuse--
		return errors.New("not now")
	}
	p.inbox = append(p.inbox, n)
	return nil
}

func (p *platform) notices() []payment.Notice {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]payment.Notice{}, p.inbox...)
}

func (p *platform) refuseNext(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = n
}

// pass lets time go by and does what became due.
func (p *platform) pass(t testing.TB, d time.Duration) {
	t.Helper()
	p.time.Advance(d)
	if _, err := p.DeliverDue(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (p *platform) fault(t testing.TB, kind payment.Kind, f Fault) {
	t.Helper()
	if err := p.SetFaults(Faults{Operations: map[payment.Kind]Fault{kind: f}}); err != nil {
		t.Fatal(err)
	}
}

func (p *platform) opening(kind payment.Kind, source string, amount int64) payment.Operation {
	return payment.Operation{Scope: p.scope, ID: p.ids.New(id.ProcessorOp), Kind: kind, PaymentID: p.ids.New(id.PaymentIntent),
		Amount: amount, Currency: "USD", Source: source, ReturnURL: "https://shop.example/back"}
}

func (p *platform) following(kind payment.Kind, first payment.Operation, target string, amount int64) payment.Operation {
	op := payment.Operation{Scope: p.scope, ID: p.ids.New(id.ProcessorOp), Kind: kind, PaymentID: first.PaymentID,
		Target: target, Amount: amount, Currency: "USD"}
	if kind == payment.KindRefund {
		op.RefundID = p.ids.New(id.Refund)
	}
	return op
}

func (p *platform) must(t testing.TB, op payment.Operation, state payment.OutcomeState) payment.Outcome {
	t.Helper()
	out, err := p.Do(context.Background(), op)
	if err != nil {
		t.Fatalf("%s: %v", op.Kind, err)
	}
	if out.State != state {
		t.Fatalf("%s gave %s (%s), want %s", op.Kind, out.State, out.Code, state)
	}
	return out
}

func (p *platform) books(t testing.TB) Books {
	t.Helper()
	b, err := p.Books(context.Background(), p.scope)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestConformance(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		processortest.Run(t, func(t *testing.T) processortest.Harness {
			p := newPlatform(d)
			return processortest.Harness{
				Processor: p.Simulator, Scope: p.scope, Currency: "USD",
				Sources: processortest.Sources{
					Approve: "simtok_approve", Unknown: "simtok_nonsense",
					Decline: map[string]string{"card_declined": "simtok_decline_card_declined",
						"insufficient_funds": "simtok_decline_insufficient_funds", "expired_card": "simtok_decline_expired_card"},
					Challenge: "simtok_3ds", ProcessingSucceeds: "simtok_processing_succeeds", ProcessingFails: "simtok_processing_fails",
					RefundFails: "simtok_refund_fails", RefundReturned: "simtok_refund_returned",
					AnswerLost: "simtok_timeout_charged", RequestLost: "simtok_timeout_not_charged",
				},
				Settle: func(t *testing.T) {
					p.pass(t, 15*time.Second)
					p.pass(t, 15*time.Second)
				},
				Notices: p.notices, RefuseNotices: p.refuseNext,
				Answer: func(t *testing.T, url string, approve bool) {
					if _, err := p.Answer(t.Context(), strings.TrimPrefix(url, ChallengePath), approve); err != nil {
						t.Fatal(err)
					}
				},
				ExpireHolds: func(t *testing.T) { p.pass(t, holdFor) },
				LoseRequest: func(k payment.Kind) { p.fault(t, k, Fault{TimeoutBefore: Chance{Next: 1}}) },
				LoseAnswer:  func(k payment.Kind) { p.fault(t, k, Fault{TimeoutAfter: Chance{Next: 1}}) },
				Restart: func(*testing.T) payment.Processor {
					p.restart()
					return p.Simulator
				},
			}
		})
	})
}

func TestTokensWorkInTheirOwnScopeOnly(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p, other := newPlatform(d), newPlatform(d)
		card := func(number string) Token {
			token, err := p.Tokenize(t.Context(), p.scope, CardInput{Number: number, Expiry: "12/40", SecurityCode: "123"})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		good := card("4242 4242 4242 4242")
		out := p.must(t, p.opening(payment.KindSale, good.Token, 500), payment.OutcomeSucceeded)
		if out.Source == nil || *out.Source != good.Source || good.Source.Last4 != "4242" {
			t.Errorf("charged %+v with a token of %+v", out.Source, good.Source)
		}
		p.must(t, p.opening(payment.KindSale, good.Token, 500), payment.OutcomeSucceeded)
		if out := other.must(t, other.opening(payment.KindSale, good.Token, 500), payment.OutcomeFailed); out.Code != codeNoSource {
			t.Errorf("a stranger's token failed with %s", out.Code)
		}
		if out := p.must(t, p.opening(payment.KindSale, card("4000000000009995").Token, 500), payment.OutcomeFailed); out.Code != "insufficient_funds" {
			t.Errorf("9995 was declined with %s", out.Code)
		}
		p.must(t, p.opening(payment.KindSale, card("4000002500003155").Token, 500), payment.OutcomeRequiresAction)
		bank, err := p.Tokenize(t.Context(), p.scope, BankInput{RoutingNumber: "110000000", AccountNumber: "000000000009", AccountHolder: "Ada Park"})
		if err != nil {
			t.Fatal(err)
		}
		op := p.opening(payment.KindSale, bank.Token, 500)
		p.must(t, op, payment.OutcomeProcessing)
		p.pass(t, 30*24*time.Hour)
		p.must(t, op, payment.OutcomeProcessing)
		p.must(t, p.opening(payment.KindAuthorize, bank.Token, 500), payment.OutcomeFailed)
		p.books(t)
	})
}

func TestChallengePage(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		ask := func() (payment.Operation, string) {
			op := p.opening(payment.KindSale, "simtok_3ds", 700)
			return op, strings.TrimPrefix(p.must(t, op, payment.OutcomeRequiresAction).ActionURL, ChallengePath)
		}
		op, opaque := ask()
		view, err := p.Challenge(t.Context(), opaque)
		if err != nil || view.PaymentID != op.PaymentID || view.Amount != 700 || view.ReturnURL != op.ReturnURL ||
			view.State != payment.OutcomeRequiresAction || view.Scope != p.scope {
			t.Errorf("the page shows %+v, %v", view, err)
		}
		for range 2 { // a form that is sent twice
			if view, err = p.Answer(t.Context(), opaque, true); err != nil || view.State != payment.OutcomeSucceeded {
				t.Errorf("approving gave %+v, %v", view, err)
			}
		}
		if _, err := p.Answer(t.Context(), opaque, false); !fault.Is(err, "CHALLENGE_CLOSED") {
			t.Errorf("changing one's mind gave %v", err)
		}
		for _, bad := range []string{"", "nobody"} {
			if _, err := p.Challenge(t.Context(), bad); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("challenge %q gave %v", bad, err)
			}
		}
		op, opaque = ask()
		p.time.Advance(time.Hour)
		if _, err := p.Answer(t.Context(), opaque, true); !fault.Is(err, "CHALLENGE_CLOSED") {
			t.Errorf("an answer after the deadline gave %v", err)
		}
		out, err := p.Lookup(t.Context(), op)
		if err != nil || out.Code != "payment_action_expired" {
			t.Errorf("a payment that was left alone is %+v, %v", out, err)
		}
		p.books(t)
	})
}

// A bank that confirms a cancellation and lets the payment be approved all the same: the money has moved.
func TestAVoidThatIsForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		if err := p.SetFaults(Faults{Operations: map[payment.Kind]Fault{payment.KindVoid: {Forget: Chance{Next: 1}}}}); err != nil {
			t.Fatal(err)
		}
		for _, forgotten := range []bool{true, false} {
			op := p.opening(payment.KindSale, "simtok_3ds", 700)
			out := p.must(t, op, payment.OutcomeRequiresAction)
			p.must(t, p.following(payment.KindVoid, op, out.ProcessorRef, 0), payment.OutcomeSucceeded)
			view, err := p.Answer(t.Context(), strings.TrimPrefix(out.ActionURL, ChallengePath), true)
			if (view.State == payment.OutcomeSucceeded) != forgotten || fault.Is(err, "CHALLENGE_CLOSED") == forgotten {
				t.Errorf("forgotten %v: %s, %v", forgotten, view.State, err)
			}
		}
		if totals := p.books(t).Totals; len(totals) != 1 || totals[0].Captured != 700 {
			t.Errorf("the books say %+v", totals)
		}
	})
}

func TestAnswersAndVoidRace(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		for range 10 {
			op := p.opening(payment.KindSale, "simtok_3ds", 700)
			out := p.must(t, op, payment.OutcomeRequiresAction)
			opaque := strings.TrimPrefix(out.ActionURL, ChallengePath)
			void := p.following(payment.KindVoid, op, out.ProcessorRef, 0)
			var wg sync.WaitGroup
			var voided payment.Outcome
			var voidErr error
			wg.Go(func() { p.Answer(context.Background(), opaque, true) }) // it may lose; the books tell
			wg.Go(func() { p.Answer(context.Background(), opaque, false) })
			wg.Go(func() { voided, voidErr = p.Do(context.Background(), void) })
			wg.Wait()
			if voidErr != nil {
				t.Fatal(voidErr)
			}
			found, err := p.Lookup(t.Context(), op)
			if err != nil {
				t.Fatal(err)
			}
			won := voided.State == payment.OutcomeSucceeded
			if won != (found.Code == "payment_attempt_canceled") || found.Version != 2 {
				t.Errorf("the void is %s while the payment is %s (%s) at version %d", voided.State, found.State, found.Code, found.Version)
			}
		}
		p.books(t)
	})
}

func TestNoticesTravelAsTheFaultsSay(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		sale := p.opening(payment.KindSale, "simtok_approve", 1000)
		ref := p.must(t, sale, payment.OutcomeSucceeded).ProcessorRef
		told := func(wait time.Duration) int {
			before := len(p.notices())
			p.pass(t, wait)
			return len(p.notices()) - before
		}
		refund := func(f Fault) {
			p.fault(t, payment.KindRefund, f)
			p.must(t, p.following(payment.KindRefund, sale, ref, 10), payment.OutcomeProcessing)
		}
		once := Chance{Next: 1}
		refund(Fault{Drop: once})
		if n := told(time.Minute); n != 0 {
			t.Errorf("a dropped notice came %d times", n)
		}
		refund(Fault{Duplicate: once})
		if n := told(300*time.Millisecond) + told(time.Second); n != 2 {
			t.Errorf("a duplicated notice came %d times", n)
		}
		refund(Fault{Reorder: once})
		if n := told(time.Second); n != 0 {
			t.Errorf("a notice that is held back came %d times at once", n)
		}
		if n := told(2 * time.Second); n != 1 {
			t.Errorf("a notice that was held back came %d times", n)
		}
		p.fault(t, payment.KindSale, Fault{Echo: once})
		p.must(t, p.opening(payment.KindSale, "simtok_approve", 10), payment.OutcomeSucceeded)
		if n := told(0); n != 1 {
			t.Errorf("an echo came %d times", n)
		}
		p.fault(t, payment.KindSale, Fault{Fail: once, FailCode: "payment_blocked"})
		if out := p.must(t, p.opening(payment.KindSale, "simtok_approve", 10), payment.OutcomeFailed); out.Code != "payment_blocked" {
			t.Errorf("a failed sale has code %s", out.Code)
		}
	})
}

func TestRunSettlesByItself(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		p.time.OnChange(func() { p.Wake() })
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()

		sale := p.opening(payment.KindSale, "simtok_approve", 1000)
		ref := p.must(t, sale, payment.OutcomeSucceeded).ProcessorRef
		p.must(t, p.following(payment.KindRefund, sale, ref, 10), payment.OutcomeProcessing)
		waitFor(t, "the refund", func() bool { return len(p.notices()) == 1 })

		p.must(t, p.opening(payment.KindSale, "simtok_processing_succeeds", 10), payment.OutcomeProcessing)
		p.time.Advance(time.Hour)
		waitFor(t, "the debit, once the clock was turned", func() bool { return len(p.notices()) == 2 })

		stop()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
		p.books(t)
	})
}

func TestRefusedNoticesAreRetriedEverLater(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		sale := p.opening(payment.KindSale, "simtok_approve", 1000)
		ref := p.must(t, sale, payment.OutcomeSucceeded).ProcessorRef
		p.must(t, p.following(payment.KindRefund, sale, ref, 10), payment.OutcomeProcessing)
		p.refuseNext(2)
		p.pass(t, 400*time.Millisecond)
		p.pass(t, 1100*time.Millisecond)
		p.pass(t, 1100*time.Millisecond)
		if n := len(p.notices()); n != 0 {
			t.Errorf("the third try came after one second, %d notices", n)
		}
		p.pass(t, time.Second)
		p.pass(t, time.Hour)
		if n := len(p.notices()); n != 1 {
			t.Errorf("%d notices after all tries", n)
		}
	})
}

func TestARefusedRefundLeavesTheBalance(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		sale := p.opening(payment.KindSale, "simtok_insufficient_balance", 1000)
		ref := p.must(t, sale, payment.OutcomeSucceeded).ProcessorRef
		if out := p.must(t, p.following(payment.KindRefund, sale, ref, 10), payment.OutcomeFailed); out.Code != "insufficient_funds" {
			t.Errorf("refused with %s", out.Code)
		}
		b := p.books(t)
		want := Total{Currency: "USD", Authorized: 1000, Captured: 1000}
		if len(b.Totals) != 1 || b.Totals[0] != want || b.Payments[0].Refunds[0].State != payment.OutcomeFailed {
			t.Errorf("the books are %+v", b)
		}
	})
}

func TestBooksKnowExpiredHolds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		p := newPlatform(d)
		op := p.opening(payment.KindAuthorize, "simtok_approve", 300)
		op.Currency = money.Currency("EUR")
		out := p.must(t, op, payment.OutcomeSucceeded)
		p.pass(t, holdFor)
		e := p.books(t).Payments[0]
		if e.State != ChargeExpired || e.Released != 300 || e.Captured != 0 {
			t.Errorf("the books show %+v", e)
		}
		void := p.following(payment.KindVoid, op, out.ProcessorRef, 0)
		void.Currency = "EUR"
		p.must(t, void, payment.OutcomeSucceeded)
	})
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s did not come", what)
}
