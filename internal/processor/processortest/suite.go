// Package processortest is the conformance suite of payment.Processor. An adapter passes when its
// test calls Run with a harness over the processor, or over a faithful double of it:
//
//	func TestConformance(t *testing.T) {
//		processortest.Run(t, func(t *testing.T) processortest.Harness { … })
//	}
//
// A harness says which behaviours the processor can be made to show by filling the matching source or
// function; what is left empty is not asked for. Everything else is.
package processortest

import (
	"context"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/id"
	"flint/internal/money"
	"flint/internal/payment"
	"flint/internal/tenant"
)

// Harness is a processor under test and the means to steer it.
type Harness struct {
	Processor payment.Processor
	Scope     tenant.Scope
	Currency  money.Currency // with which every source can be charged
	// Amount is charged by most tests, in minor units; 0 means 10000. It has to be at least 100.
	Amount  int64
	Sources Sources

	// Settle lets the processor finish whatever is processing and deliver its notices.
	Settle func(t *testing.T)
	// Notices are all notices delivered so far, in order of arrival, repeated ones included.
	Notices func() []payment.Notice

	// RefuseNotices makes the receiver answer the next n deliveries with an error.
	RefuseNotices func(n int)
	// Answer plays the buyer at an ActionURL.
	Answer func(t *testing.T, actionURL string, approve bool)
	// ExpireHolds lets every hold expire. It is the last thing a test does to the clock.
	ExpireHolds func(t *testing.T)
	// LoseRequest makes the next Do of the kind fail before its effect.
	LoseRequest func(kind payment.Kind)
	// LoseAnswer makes the next Do of the kind fail after its effect.
	LoseAnswer func(kind payment.Kind)
	// Restart returns a processor that remembers only what the one before it has stored.
	Restart func(t *testing.T) payment.Processor
}

// Sources are tokens that make the processor behave in a certain way.
type Sources struct {
	Approve            string            // required
	Unknown            string            // required: not a source of this processor
	Decline            map[string]string // failure code of the contract -> source; at least one
	Challenge          string            // asks for the buyer
	ProcessingSucceeds string
	ProcessingFails    string
	RefundFails        string // approves; its refunds fail, at once or later
	RefundReturned     string // approves; its refunds succeed and then fail
	AnswerLost         string // sale: the money moves, then an error
	RequestLost        string // sale: an error and no money; the same operation sent again approves
}

// Run runs the suite. Setup is called once for every topic, one after the other.
func Run(t *testing.T, setup func(t *testing.T) Harness) {
	topics := []struct {
		name string
		run  func(*testing.T, *bench)
	}{
		{"Operations", operations}, {"Declines", declines}, {"Holds", holds}, {"Refunds", refunds},
		{"Challenges", challenges}, {"Processing", processing}, {"Lost", lost}, {"Notices", notices},
		{"Expiry", expiry},
	}
	for _, topic := range topics {
		t.Run(topic.name, func(t *testing.T) {
			h := setup(t)
			if h.Amount == 0 {
				h.Amount = 10000
			}
			topic.run(t, &bench{Harness: h, ids: id.NewSource(clock.System{})})
		})
	}
}

// bench is a harness with the verbs of the tests.
type bench struct {
	Harness
	ids *id.Source
}

// opening is an authorize or sale of a new payment.
func (b *bench) opening(kind payment.Kind, source string) payment.Operation {
	return payment.Operation{Scope: b.Scope, ID: b.ids.New(id.ProcessorOp), Kind: kind, PaymentID: b.ids.New(id.PaymentIntent),
		Amount: b.Amount, Currency: b.Currency, Source: source, ReturnURL: "https://shop.example/return"}
}

// following is an operation on the payment that first opened.
func (b *bench) following(kind payment.Kind, first payment.Operation, out payment.Outcome, amount int64) payment.Operation {
	op := payment.Operation{Scope: b.Scope, ID: b.ids.New(id.ProcessorOp), Kind: kind, PaymentID: first.PaymentID,
		Target: out.ProcessorRef, Amount: amount, Currency: b.Currency}
	if kind == payment.KindRefund {
		op.RefundID = b.ids.New(id.Refund)
	}
	return op
}

// do calls Do and checks that the answer is about op.
func (b *bench) do(t *testing.T, op payment.Operation) payment.Outcome {
	t.Helper()
	out, err := b.Processor.Do(t.Context(), op)
	if err != nil {
		t.Fatalf("Do %s: %v", op.Kind, err)
	}
	matches(t, op, out)
	return out
}

// want calls Do and checks the state as well.
func (b *bench) want(t *testing.T, op payment.Operation, state payment.OutcomeState) payment.Outcome {
	t.Helper()
	out := b.do(t, op)
	if out.State != state {
		t.Fatalf("%s gave %s (%s), want %s", op.Kind, out.State, out.Code, state)
	}
	return out
}

// refused checks that op fails for good and says why.
func (b *bench) refused(t *testing.T, op payment.Operation) payment.Outcome {
	t.Helper()
	out := b.want(t, op, payment.OutcomeFailed)
	if out.Code == "" || out.Message == "" {
		t.Errorf("a refused %s gives no reason: %+v", op.Kind, out)
	}
	return out
}

// lookup calls Lookup and checks that the answer is about op.
func (b *bench) lookup(t *testing.T, op payment.Operation) payment.Outcome {
	t.Helper()
	out, err := b.Processor.Lookup(t.Context(), op)
	if err != nil {
		t.Fatalf("Lookup %s: %v", op.Kind, err)
	}
	matches(t, op, out)
	return out
}

// settled lets an operation that processes finish.
func (b *bench) settled(t *testing.T, op payment.Operation, want payment.OutcomeState) payment.Outcome {
	t.Helper()
	b.Settle(t)
	out := b.lookup(t, op)
	if out.State != want {
		t.Fatalf("%s settled as %s (%s), want %s", op.Kind, out.State, out.Code, want)
	}
	return out
}

// lose checks that Do ends without an answer and without saying that nothing was sent.
func (b *bench) lose(t *testing.T, op payment.Operation) {
	t.Helper()
	out, err := b.Processor.Do(context.WithoutCancel(t.Context()), op)
	if err == nil {
		t.Fatalf("the lost %s was answered: %+v", op.Kind, out)
	}
}

// matches checks the echoes by which the platform tells a true answer from a wrong one.
func matches(t *testing.T, op payment.Operation, out payment.Outcome) {
	t.Helper()
	if out.State == payment.OutcomeNotFound {
		return
	}
	if out.PaymentID != op.PaymentID {
		t.Errorf("%s echoes payment %q, want %q", op.Kind, out.PaymentID, op.PaymentID)
	}
	if out.Amount != op.Amount || out.Currency != op.Currency {
		t.Errorf("%s echoes %d %s, want %d %s", op.Kind, out.Amount, out.Currency, op.Amount, op.Currency)
	}
	if out.Version < 1 {
		t.Errorf("%s has version %d", op.Kind, out.Version)
	}
	if out.State != payment.OutcomeFailed && out.ProcessorRef == "" {
		t.Errorf("%s %s has no reference", op.Kind, out.State)
	}
	if (out.State == payment.OutcomeFailed) != (out.Code != "") {
		t.Errorf("%s %s has code %q", op.Kind, out.State, out.Code)
	}
	if (out.State == payment.OutcomeRequiresAction) != (out.ActionURL != "") {
		t.Errorf("%s %s has action URL %q", op.Kind, out.State, out.ActionURL)
	}
}

// same checks that two answers about one operation agree.
func same(t *testing.T, got, want payment.Outcome) {
	t.Helper()
	if got.State != want.State || got.ProcessorRef != want.ProcessorRef || got.Version != want.Version ||
		got.Code != want.Code || got.ActionURL != want.ActionURL || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("the same operation gave\n%+v\nand then\n%+v", want, got)
	}
}

// eventually is for what a processor may do a little later than it says.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 100 {
		if ok() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("%s did not happen", what)
}
