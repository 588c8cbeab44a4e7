package flinttest

import (
	"errors"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// Line is a line of an order for Order: minor units in USD unless the order says otherwise.
type Line struct {
	Price    int64
	Quantity int64
}

// Order creates an order over lines; change may edit the input before.
func (b *Bench) Order(t TB, currency money.Currency, lines []Line, change ...func(*order.CreateInput)) *order.Order {
	t.Helper()
	in := order.CreateInput{Scope: b.Scope, Cause: b.Cause}
	for _, l := range lines {
		in.Lines = append(in.Lines, order.LineInput{
			Name: "Thing", Quantity: &l.Quantity, UnitPrice: &money.Amount{Minor: l.Price, Currency: currency},
		})
	}
	for _, f := range change {
		f(&in)
	}
	var o *order.Order
	b.Write(t, func(tx db.Tx) (err error) {
		o, err = b.Orders.Create(b.ctx, tx, in)
		return err
	})
	return o
}

// State is an order with all that belongs to it.
type State struct {
	Order    *order.Order
	Attempt  *payment.Attempt // the newest, nil without one
	Attempts []*payment.Attempt
	Intents  []*payment.Intent // oldest first
}

// Leg is the newest payment intent.
func (s State) Leg() *payment.Intent { return s.Intents[len(s.Intents)-1] }

// State reads an order and its payments.
func (b *Bench) State(t TB, orderID string) State {
	t.Helper()
	var s State
	b.Read(t, func(tx db.Tx) (err error) {
		if s.Order, err = b.Orders.Get(b.ctx, tx, b.Scope, orderID); err != nil {
			return err
		}
		if s.Attempts, _, err = payment.Attempts(tx, b.Scope, orderID, "", nil, 100); err != nil {
			return err
		}
		if len(s.Attempts) > 0 {
			s.Attempt = s.Attempts[0]
		}
		s.Intents, err = payment.OfOrder(tx, b.Scope, orderID, false)
		return err
	})
	return s
}

// Pay pays all that is outstanding from a token; an empty token sends no source.
func (b *Bench) Pay(orderID, token string, change ...func(*payment.PayInput)) error {
	in := payment.PayInput{Scope: b.Scope, OrderID: orderID, Source: payment.Credential{Token: token}, Flow: "api", Cause: b.Cause}
	for _, f := range change {
		f(&in)
	}
	var started payment.Started
	err := b.DB.Write(b.ctx, func(tx db.Tx) (err error) {
		started, err = b.Payments.Pay(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return b.Payments.Execute(b.ctx, started.Operations, in.Cause, nil)
}

// PaySession pays from a token through a checkout session.
func (b *Bench) PaySession(orderID, sessionID, token string) error {
	return b.Pay(orderID, token, func(in *payment.PayInput) { in.CheckoutSessionID = sessionID })
}

// Paid pays an order and fails the test when that is refused.
func (b *Bench) Paid(t TB, orderID, token string) State {
	t.Helper()
	if err := b.Pay(orderID, token); err != nil {
		t.Fatalf("pay with %s: %v", token, err)
	}
	return b.State(t, orderID)
}

// Stage makes a leg over amount minor units, over everything outstanding when it is 0.
func (b *Bench) Stage(orderID string, amount int64, method string) (*payment.Intent, error) {
	var leg *payment.Intent
	err := b.DB.Write(b.ctx, func(tx db.Tx) error {
		o, err := b.Orders.Get(b.ctx, tx, b.Scope, orderID)
		if err != nil {
			return err
		}
		in := payment.StageInput{Scope: b.Scope, OrderID: orderID, CaptureMethod: method, Flow: "api", Cause: b.Cause}
		if amount != 0 {
			in.Amount = &money.Amount{Minor: amount, Currency: o.Currency}
		}
		leg, _, err = b.Payments.Stage(tx, in)
		return err
	})
	return leg, err
}

// Confirm collects through legs, each from its token.
func (b *Bench) Confirm(orderID, completion string, legs map[string]string) error {
	in := payment.ConfirmInput{Scope: b.Scope, OrderID: orderID, Completion: completion, Cause: b.Cause}
	for _, intentID := range sortedKeys(legs) {
		in.Selections = append(in.Selections, payment.Selection{PaymentIntentID: intentID, Source: payment.Credential{Token: legs[intentID]}})
	}
	var started payment.Started
	err := b.DB.Write(b.ctx, func(tx db.Tx) (err error) {
		started, err = b.Payments.Confirm(tx, in)
		return err
	})
	if err != nil {
		return err
	}
	return b.Payments.Execute(b.ctx, started.Operations, in.Cause, nil)
}

// Hold stages a manual leg over everything and authorizes it.
func (b *Bench) Hold(t TB, orderID, token string) State {
	t.Helper()
	leg, err := b.Stage(orderID, 0, payment.CaptureManual)
	if err == nil {
		err = b.Confirm(orderID, "", map[string]string{leg.ID: token})
	}
	if err != nil {
		t.Fatalf("authorize: %v", err)
	}
	return b.State(t, orderID)
}

// Capture takes amount minor units of a hold, all of it when amount is 0.
func (b *Bench) Capture(i *payment.Intent, amount int64) error {
	return b.operate(func(tx db.Tx) ([]payment.Operation, error) {
		in := payment.CaptureInput{Scope: b.Scope, OrderID: i.OrderID, IntentID: i.ID, AttemptID: i.AttemptID, Cause: b.Cause}
		if amount != 0 {
			in.Amount = &money.Amount{Minor: amount, Currency: i.Currency}
		}
		return b.Payments.Capture(tx, in)
	})
}

// Cancel gives a leg up.
func (b *Bench) Cancel(i *payment.Intent) error {
	return b.operate(func(tx db.Tx) ([]payment.Operation, error) {
		return b.Payments.Cancel(tx, payment.CancelInput{Scope: b.Scope, OrderID: i.OrderID, IntentID: i.ID, AttemptID: i.AttemptID, Cause: b.Cause})
	})
}

// CancelAttempt gives an attempt up.
func (b *Bench) CancelAttempt(orderID, attemptID string) error {
	return b.operate(func(tx db.Tx) ([]payment.Operation, error) {
		return b.Payments.CancelAttempt(tx, payment.CancelAttemptInput{Scope: b.Scope, OrderID: orderID, AttemptID: attemptID, Cause: b.Cause})
	})
}

// Resume asks what became of an attempt.
func (b *Bench) Resume(orderID, attemptID string) error {
	return b.Payments.Resume(b.ctx, b.Scope, orderID, attemptID, b.Cause)
}

// Refund creates a refund of an order and sends it.
func (b *Bench) Refund(orderID string, change ...func(*refund.CreateInput)) (*refund.Refund, error) {
	in := refund.CreateInput{Scope: b.Scope, OrderID: orderID, Reason: "other", Cause: b.Cause}
	for _, f := range change {
		f(&in)
	}
	var r *refund.Refund
	err := b.operate(func(tx db.Tx) (ops []payment.Operation, err error) {
		r, ops, err = b.Refunds.Create(tx, in)
		return ops, err
	})
	return r, err
}

// RefundOf reads a refund.
func (b *Bench) RefundOf(t TB, refundID string) *refund.Refund {
	t.Helper()
	var r *refund.Refund
	b.Read(t, func(tx db.Tx) (err error) {
		r, err = refund.Get(tx, b.Scope, refundID)
		return err
	})
	return r
}

// Session opens a checkout session of an order.
func (b *Bench) Session(orderID, replaces string) (*checkout.Session, error) {
	var l checkout.Launch
	err := b.DB.Write(b.ctx, func(tx db.Tx) (err error) {
		l, err = b.Checkouts.Create(b.ctx, tx, checkout.CreateInput{Scope: b.Scope, OrderID: orderID, ReplaceID: replaces, Cause: b.Cause})
		return err
	})
	return l.Session, err
}

// SessionOf reads a checkout session.
func (b *Bench) SessionOf(t TB, sessionID string) *checkout.Session {
	t.Helper()
	var s *checkout.Session
	b.Read(t, func(tx db.Tx) (err error) {
		s, err = checkout.Get(tx, b.Scope, sessionID)
		return err
	})
	return s
}

// operate plans operations in one transaction and executes them.
func (b *Bench) operate(plan func(tx db.Tx) ([]payment.Operation, error)) error {
	var ops []payment.Operation
	err := b.DB.Write(b.ctx, func(tx db.Tx) (err error) {
		ops, err = plan(tx)
		return err
	})
	if err != nil {
		return err
	}
	return b.Payments.Execute(b.ctx, ops, b.Cause, nil)
}

// Money is an amount in a currency, for inputs.
func Money(minor int64, c money.Currency) *money.Amount {
	return &money.Amount{Minor: minor, Currency: c}
}

// Refused fails the test unless err is a fault with the code, and returns the fault.
func Refused(t TB, err error, code string) *fault.Error {
	t.Helper()
	e := fault.Of(err)
	if e == nil || e.Code != code {
		t.Fatalf("got %v, want the fault %s", err, code)
	}
	return e
}

// Known fails the test when err is neither nil nor a fault that a caller can cause.
func Known(t TB, err error) {
	t.Helper()
	if e := fault.Of(err); err != nil && (e == nil || e.Class == fault.ClassInternal || errors.Is(err, db.ErrConstraint)) {
		t.Fatalf("an operation broke: %v", err)
	}
}

// PlanPay does the first half of Pay: the operations are planned and not sent.
func (b *Bench) PlanPay(t TB, orderID, token string) []payment.Operation {
	t.Helper()
	var started payment.Started
	b.Write(t, func(tx db.Tx) (err error) {
		started, err = b.Payments.Pay(tx, payment.PayInput{Scope: b.Scope, OrderID: orderID, Source: payment.Credential{Token: token}, Flow: "api", Cause: b.Cause})
		return err
	})
	return started.Operations
}

// PlanConfirm does the first half of Confirm.
func (b *Bench) PlanConfirm(t TB, orderID string, intentIDs ...string) []payment.Operation {
	t.Helper()
	in := payment.ConfirmInput{Scope: b.Scope, OrderID: orderID, Cause: b.Cause}
	for _, intentID := range intentIDs {
		in.Selections = append(in.Selections, payment.Selection{PaymentIntentID: intentID, Source: payment.Credential{Token: "simtok_approve"}})
	}
	var started payment.Started
	b.Write(t, func(tx db.Tx) (err error) {
		started, err = b.Payments.Confirm(tx, in)
		return err
	})
	return started.Operations
}

// PlanRefund does the first half of Refund.
func (b *Bench) PlanRefund(t TB, in refund.CreateInput) (*refund.Refund, []payment.Operation) {
	t.Helper()
	in.Scope, in.Cause, in.Reason = b.Scope, b.Cause, "other"
	var r *refund.Refund
	var ops []payment.Operation
	b.Write(t, func(tx db.Tx) (err error) {
		r, ops, err = b.Refunds.Create(tx, in)
		return err
	})
	return r, ops
}
