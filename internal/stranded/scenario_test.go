package stranded_test

import (
	"slices"
	"testing"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/doctor"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
	"flint/internal/stranded"
)

// each runs a scenario on both engines and checks the books at its end.
func each(t *testing.T, scenario func(t *testing.T, b *flinttest.Bench)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		b := flinttest.New(t, d)
		scenario(t, b)
		b.Check(t)
		b.Quiesce(t)
		b.CheckQuiet(t)
	})
}

func simple(t *testing.T, b *flinttest.Bench) *order.Order {
	t.Helper()
	return b.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
}

func inbox(t *testing.T, b *flinttest.Bench, orderID string) []*stranded.Payment {
	t.Helper()
	var rows []*stranded.Payment
	b.Read(t, func(tx db.Tx) (err error) {
		rows, _, err = stranded.List(tx, stranded.ListInput{Scope: b.Scope, OrderID: orderID, Ascending: true, Limit: 100})
		return err
	})
	return rows
}

// overpaid is an order of 5000 that was paid in cash while its buyer's bank was still asking, who then said
// yes.
func overpaid(t *testing.T, b *flinttest.Bench) (*order.Order, *stranded.Payment) {
	t.Helper()
	o := simple(t, b)
	waiting := b.Paid(t, o.ID, "simtok_3ds")
	b.Write(t, func(tx db.Tx) error {
		_, _, err := b.Payments.RecordManual(tx, payment.RecordInput{Scope: b.Scope, OrderID: o.ID, Amount: 5000, Flow: "api", Cause: b.Cause})
		return err
	})
	if rows := inbox(t, b, o.ID); len(rows) != 0 {
		t.Fatalf("what a merchant recorded is in the inbox: %+v", rows[0])
	}
	b.Answer(t, waiting.Leg(), true)
	b.Deliver(t)
	rows := inbox(t, b, o.ID)
	if len(rows) != 1 {
		t.Fatalf("%d rows are in the inbox of an order that was paid twice", len(rows))
	}
	p := rows[0]
	if p.Status != stranded.StatusOpen || p.Amount != 5000 || p.Remaining != 5000 || p.Reason != payment.ExcessOrderPaid || p.PaymentIntentID != waiting.Leg().ID {
		t.Fatalf("the inbox says %+v", p)
	}
	if o = b.State(t, o.ID).Order; o.Credit() != 5000 || !o.Stranded {
		t.Fatalf("the order has credit %d, stranded %v", o.Credit(), o.Stranded)
	}
	return o, p
}

func resolve(b *flinttest.Bench, in stranded.ResolveInput) (*stranded.Payment, error) {
	in.Scope, in.Cause = b.Scope, b.Cause
	var p *stranded.Payment
	var ops []payment.Operation
	err := b.DB.Write(b.Context(), func(tx db.Tx) (err error) {
		p, ops, err = b.Stranded.Resolve(tx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, b.Payments.Execute(b.Context(), ops, b.Cause, nil)
}

func resolved(t *testing.T, b *flinttest.Bench, in stranded.ResolveInput) {
	t.Helper()
	if _, err := resolve(b, in); err != nil {
		t.Fatal(err)
	}
}

// now checks what the inbox says of a row.
func now(t *testing.T, b *flinttest.Bench, p *stranded.Payment, status, resolution string, remaining int64) *stranded.Payment {
	t.Helper()
	rows := inbox(t, b, p.OrderID)
	n := slices.IndexFunc(rows, func(r *stranded.Payment) bool { return r.ID == p.ID })
	if got := rows[n]; got.Status != status || got.Resolution != resolution || got.Remaining != remaining {
		t.Errorf("the inbox says %s, %q, %d remaining; want %s, %q, %d", got.Status, got.Resolution, got.Remaining, status, resolution, remaining)
	}
	return rows[n]
}

func TestApplyLeavesTheMoneyWithItsOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o, p := overpaid(t, b)
		for range 2 { // the same once more changes nothing
			resolved(t, b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionApply, Note: "for the next one"})
		}
		if got := now(t, b, p, stranded.StatusResolved, stranded.ResolutionApplied, 0); got.ResolvedByID != b.Cause.ActorID || got.Note != "for the next one" {
			t.Errorf("resolved by %q: %q", got.ResolvedByID, got.Note)
		}
		if o = b.State(t, o.ID).Order; o.Credit() != 5000 || o.Stranded {
			t.Errorf("the order has credit %d, stranded %v", o.Credit(), o.Stranded)
		}
		kinds := b.Events(t, o.ID)
		if n := count(kinds, "stranded_payment.created") + 10*count(kinds, "stranded_payment.resolved"); n != 11 {
			t.Errorf("events of the order: %v", kinds)
		}
		_, err := resolve(b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionRefund})
		flinttest.Refused(t, err, "STRANDED_PAYMENT_ALREADY_RESOLVED")
	})
}

func count(list []string, v string) (n int) {
	for _, one := range list {
		if one == v {
			n++
		}
	}
	return n
}

func TestRefundGivesItBack(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o, p := overpaid(t, b)
		_, err := resolve(b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionRefund, Expected: flinttest.Money(4999, "USD")})
		flinttest.Refused(t, err, "ORDER_CHANGED_REFRESH_REQUIRED")
		resolved(t, b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionRefund, Expected: flinttest.Money(5000, "USD")})
		b.Quiesce(t)
		got := now(t, b, p, stranded.StatusResolved, stranded.ResolutionRefunded, 0)
		if r := b.RefundOf(t, got.RefundID); r.Status != refund.StatusSucceeded || r.Amount != 5000 || r.Allocations[0].PaymentIntentID != p.PaymentIntentID {
			t.Errorf("the refund is %+v", r)
		}
		if o = b.State(t, o.ID).Order; o.Credit() != 0 || o.Outstanding() != 0 || o.Stranded {
			t.Errorf("credit %d, outstanding %d, stranded %v", o.Credit(), o.Outstanding(), o.Stranded)
		}
	})
}

func TestRefundThatFailsOpensTheRowAgain(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o, p := overpaid(t, b)
		b.FailNext(t, payment.KindRefund)
		resolved(t, b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionRefund})
		b.Quiesce(t)
		now(t, b, p, stranded.StatusOpen, "", 5000)
		if !b.State(t, o.ID).Order.Stranded {
			t.Error("the order does not know that it is undecided")
		}
		b.NoFaults(t)
		resolved(t, b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionRefund})
		b.Quiesce(t)
		now(t, b, p, stranded.StatusResolved, stranded.ResolutionRefunded, 0)
	})
}

func TestAssignMovesItToAnotherOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o, p := overpaid(t, b)
		euros := b.Order(t, "EUR", []flinttest.Line{{Price: 5000, Quantity: 1}})
		for orderID, code := range map[string]string{
			o.ID: "STRANDED_PAYMENT_ASSIGNMENT_INVALID", euros.ID: "CURRENCY_MISMATCH", "ord_01JNAAAAAAAAAAAAAAAAAAAAAA": "RESOURCE_NOT_FOUND",
		} {
			_, err := resolve(b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionAssign, OrderID: orderID})
			flinttest.Refused(t, err, code)
		}
		now(t, b, p, stranded.StatusOpen, "", 5000)
		other := b.Order(t, "USD", []flinttest.Line{{Price: 7000, Quantity: 1}})
		s := session(t, b, other.ID)
		for range 2 {
			resolved(t, b, stranded.ResolveInput{ID: p.ID, Action: stranded.ActionAssign, OrderID: other.ID})
		}
		got := now(t, b, p, stranded.StatusResolved, stranded.ResolutionAssigned, 0)
		from, to := b.State(t, o.ID), b.State(t, other.ID)
		if from.Order.Credit() != 0 || from.Order.Outstanding() != 0 || from.Order.Settlement.Paid != 5000 {
			t.Errorf("the first order says %+v, credit %d", from.Order.Settlement, from.Order.Credit())
		}
		if to.Order.Settlement.Paid != 5000 || to.Order.Outstanding() != 2000 || to.Leg().ID != got.AssignedPaymentIntentID {
			t.Errorf("the other order says %+v", to.Order.Settlement)
		}
		if got := b.SessionOf(t, s.ID); got.Status != checkout.StatusPartiallyPaid {
			t.Errorf("the other order's session is %s", got.Status)
		}
		// What has gone is not given back a second time through the payment that brought it.
		_, err := b.Refund(o.ID, func(in *refund.CreateInput) { in.PaymentIntentID = p.PaymentIntentID })
		if fault.Of(err) == nil {
			t.Errorf("money that was moved away is refunded: %v", err)
		}
	})
}

func session(t *testing.T, b *flinttest.Bench, orderID string) *checkout.Session {
	t.Helper()
	s, err := b.Session(orderID, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheInboxFollowsTheOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o, p := overpaid(t, b)
		b.Write(t, func(tx db.Tx) error { // the order comes to owe more, and takes it
			_, err := b.Orders.AddLines(b.Context(), tx, order.AddLinesInput{
				Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Lines: []order.LineInput{{Name: "More", UnitPrice: flinttest.Money(2000, "USD")}},
			})
			return err
		})
		now(t, b, p, stranded.StatusOpen, "", 3000)
		if _, err := b.Refund(o.ID, func(in *refund.CreateInput) { // and somebody refunds the rest without looking here
			in.PaymentIntentID, in.Amount = p.PaymentIntentID, flinttest.Money(3000, "USD")
		}); err != nil {
			t.Fatal(err)
		}
		b.Quiesce(t)
		now(t, b, p, stranded.StatusResolved, stranded.ResolutionRefunded, 0)
	})
}

// notice is the news that an operation's money moved after all, whatever had been said of it.
func notice(t *testing.T, b *flinttest.Bench, i *payment.Intent, operationID string) {
	t.Helper()
	for range 2 {
		if err := b.Payments.Notify(b.Context(), payment.Notice{ID: "late " + operationID, Scope: b.Scope, Processor: "simulator", OperationID: operationID, Outcome: payment.Outcome{
			State: payment.OutcomeSucceeded, PaymentID: i.ID, Amount: i.Amount, Currency: i.Currency, Version: 9, ProcessorRef: "simch_late",
		}}); err != nil {
			t.Fatal(err)
		}
	}
	b.ForgetBooks() // this money never was in the simulator's books
}

func TestMoneyOfAGivenUpAttempt(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		s := session(t, b, o.ID)
		if err := b.Pay(o.ID, "simtok_3ds", func(in *payment.PayInput) { in.CheckoutSessionID = s.ID }); err != nil {
			t.Fatal(err)
		}
		gone := b.State(t, o.ID)
		op := b.Operation(t, gone.Leg().ID)
		if err := b.CancelAttempt(o.ID, gone.Attempt.ID); err != nil {
			t.Fatal(err)
		}
		b.Paid(t, o.ID, "simtok_approve")
		notice(t, b, gone.Leg(), op)
		rows := inbox(t, b, o.ID)
		if len(rows) != 1 || rows[0].Reason != payment.ExcessAttemptEnded || rows[0].Amount != 5000 || rows[0].CheckoutSessionID != s.ID {
			t.Errorf("the inbox holds %+v", rows)
		}
	})
}

func TestMoneyOfAClosedOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		declined := b.Paid(t, o.ID, "simtok_decline_card_declined")
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Orders.Close(b.Context(), tx, order.CloseInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID})
			return err
		})
		notice(t, b, declined.Leg(), b.Operation(t, declined.Leg().ID))
		rows := inbox(t, b, o.ID)
		if len(rows) != 1 || rows[0].Reason != payment.ExcessOrderClosed || rows[0].Amount != 5000 {
			t.Fatalf("the inbox holds %+v", rows)
		}
		other := simple(t, b)
		resolved(t, b, stranded.ResolveInput{ID: rows[0].ID, Action: stranded.ActionAssign, OrderID: other.ID})
		if got := b.State(t, other.ID).Order; got.DerivePaymentStatus() != order.PaymentPaid {
			t.Errorf("the other order is %s", got.DerivePaymentStatus())
		}
		if got := b.State(t, o.ID).Order; got.Settlement.Paid != 0 {
			t.Errorf("the closed order keeps %d", got.Settlement.Paid)
		}
	})
}

func TestLateMoneyOfAnOpenOrderPaysIt(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		declined := b.Paid(t, o.ID, "simtok_decline_card_declined")
		notice(t, b, declined.Leg(), b.Operation(t, declined.Leg().ID))
		if got := b.State(t, o.ID).Order; got.DerivePaymentStatus() != order.PaymentPaid || len(inbox(t, b, o.ID)) != 0 {
			t.Errorf("the order is %s with %d rows in the inbox", got.DerivePaymentStatus(), len(inbox(t, b, o.ID)))
		}
	})
}

// TestDoctorLooksIntoTheInbox: a row that holds one minor unit more than its order has is found.
func TestDoctorLooksIntoTheInbox(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		_, p := overpaid(t, b)
		change := func(by int64) {
			b.Write(t, func(tx db.Tx) error {
				return tx.Send(`UPDATE stranded_payments SET amount = amount + $3, remaining = remaining + $3 WHERE merchant_id = $1 AND stranded_payment_id = $2`,
					b.Scope.MerchantID, p.ID, by)
			})
		}
		change(1)
		report, err := doctor.Check(b.Context(), b.DB, doctor.Options{Scope: &b.Scope})
		if err != nil || len(report.Findings) != 1 || report.Findings[0].Table != "stranded_payments" {
			t.Errorf("the report names %v (%v)", report.Findings, err)
		}
		change(-1)
	})
}

// Everybody decides at once, each for something else: one gets through, and the money goes one way.
func TestRaceOfDecisions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		counting := &flinttest.Counting{DB: d}
		b := flinttest.New(t, counting)
		flinttest.Rounds(t, func(width int) {
			o, p := overpaid(t, b)
			other := simple(t, b)
			actions := []string{stranded.ActionApply, stranded.ActionRefund, stranded.ActionAssign}
			errs := flinttest.Race(width, func(k int) error {
				in := stranded.ResolveInput{ID: p.ID, Action: actions[k%3]}
				if in.Action == stranded.ActionAssign {
					in.OrderID = other.ID
				}
				_, err := resolve(b, in)
				return err
			})
			for _, err := range errs {
				if err != nil && !fault.Is(err, "STRANDED_PAYMENT_ALREADY_RESOLVED") && !fault.Is(err, "STRANDED_PAYMENT_REFUND_IN_PROGRESS") {
					t.Errorf("refused with %v", err)
				}
			}
			b.Deliver(t)
			credit, moved := b.State(t, o.ID).Order.Credit(), b.State(t, other.ID).Order.Settlement.Paid
			refunds := b.State(t, o.ID).Order.Settlement.Refunded
			if credit+moved+refunds != 5000 && inbox(t, b, o.ID)[0].Status != stranded.StatusRefunding {
				t.Errorf("of 5000 are credit %d, moved %d, given back %d", credit, moved, refunds)
			}
		})
		b.Check(t)
		b.Quiesce(t)
		b.CheckQuiet(t)
		counting.NoDeadlocks(t)
	})
}
