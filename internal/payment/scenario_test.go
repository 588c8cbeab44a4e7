package payment_test

import (
	"slices"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
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

// eachOf is each for a table of cases, which share a database and have an environment each.
func eachOf[C any](t *testing.T, cases []C, name func(C) string, scenario func(t *testing.T, b *flinttest.Bench, c C)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		whole := flinttest.New(t, d)
		for _, c := range cases {
			t.Run(name(c), func(t *testing.T) {
				b := whole.Another()
				scenario(t, b, c)
				b.Check(t)
				b.Quiesce(t)
				b.CheckQuiet(t)
			})
		}
	})
}

// dinner is an order of 58.50 USD with a discount of 5.00 and a tip of 4.50.
func dinner(t *testing.T, b *flinttest.Bench) *order.Order {
	t.Helper()
	return b.Order(t, "USD", []flinttest.Line{{Price: 2500, Quantity: 2}, {Price: 900, Quantity: 1}}, func(in *order.CreateInput) {
		in.Discounts = []order.DiscountInput{{Name: "Regular", Amount: money.Amount{Minor: 500, Currency: "USD"}}}
		in.Tip = &order.TipInput{Amount: flinttest.Money(450, "USD")}
	})
}

// want compares the figures a scenario ends with.
func want(t *testing.T, s flinttest.State, attempt, leg, paymentStatus string, paid, outstanding int64) {
	t.Helper()
	o := s.Order
	if s.Attempt != nil && s.Attempt.Status != attempt {
		t.Errorf("the attempt is %s, want %s", s.Attempt.Status, attempt)
	}
	if got := s.Leg().Status; got != leg {
		t.Errorf("the leg is %s, want %s", got, leg)
	}
	if o.DerivePaymentStatus() != paymentStatus || o.Settlement.Paid != paid || o.Outstanding() != outstanding {
		t.Errorf("the order is %s, paid %d, outstanding %d; want %s, %d, %d",
			o.DerivePaymentStatus(), o.Settlement.Paid, o.Outstanding(), paymentStatus, paid, outstanding)
	}
	if open := s.Attempt != nil && s.Attempt.Open(); open != (o.ActiveAttemptID != "") {
		t.Errorf("the attempt is open: %t, the order's active attempt is %q", open, o.ActiveAttemptID)
	}
}

func TestPayApproved(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		if o.Pricing.Total != 5850 {
			t.Fatalf("the total is %d", o.Pricing.Total)
		}
		s := b.Paid(t, o.ID, "simtok_approve")
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		if s.Order.Settlement.SettledTip != 450 || s.Order.Tips[0].Status != order.TipSettled || s.Leg().Tip != 450 {
			t.Errorf("the tip is %+v, %d settled", s.Order.Tips[0], s.Order.Settlement.SettledTip)
		}
		if s.Order.Discounts[0].Status != order.DiscountRedeemed {
			t.Errorf("the discount is %s", s.Order.Discounts[0].Status)
		}
		if got := b.Events(t, o.ID); !slices.Equal(got, []string{"order.created", "payment_intent.succeeded", "order.paid"}) {
			t.Errorf("events: %v", got)
		}
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "ORDER_ALREADY_PAID")
	})
}

func TestPayDeclinedThenConfirmedWithAnotherSource(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, "simtok_decline_insufficient_funds")
		want(t, s, payment.AttemptFailed, payment.IntentRequiresPaymentMethod, order.PaymentUnpaid, 0, 5850)
		if s.Attempt.FailureCode != "insufficient_funds" || s.Leg().Detail.LastError == nil || s.Leg().Detail.LastError.Code != "insufficient_funds" {
			t.Errorf("the failure is %q, the leg's %+v", s.Attempt.FailureCode, s.Leg().Detail.LastError)
		}
		refused := flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "PAYMENT_LEG_SELECTION_REQUIRED")
		if ids, _ := refused.Extra["payment_intent_ids"].([]string); !slices.Equal(ids, []string{s.Leg().ID}) {
			t.Errorf("the fault names %v", refused.Extra)
		}
		if err := b.Confirm(o.ID, "", map[string]string{s.Leg().ID: "simtok_approve"}); err != nil {
			t.Fatal(err)
		}
		s = b.State(t, o.ID)
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		if len(s.Intents) != 1 || len(s.Attempts) != 2 || s.Leg().Detail.LastError != nil {
			t.Errorf("%d legs, %d attempts, last error %+v", len(s.Intents), len(s.Attempts), s.Leg().Detail.LastError)
		}
	})
}

func addLine(t *testing.T, b *flinttest.Bench, orderID string, price int64) {
	t.Helper()
	b.Write(t, func(tx db.Tx) error {
		_, err := b.Orders.AddLines(b.Context(), tx, order.AddLinesInput{
			Scope: b.Scope, Cause: b.Cause, OrderID: orderID, Lines: []order.LineInput{{Name: "More", UnitPrice: flinttest.Money(price, "USD")}},
		})
		return err
	})
}

func TestPayRefusals(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
		expect := func(minor int64, c money.Currency) func(*payment.PayInput) {
			return func(in *payment.PayInput) { in.ExpectedOutstanding = flinttest.Money(minor, c) }
		}
		before := b.State(t, o.ID)
		e := flinttest.Refused(t, b.Pay(o.ID, "simtok_approve", expect(999, "USD")), "ORDER_CHANGED_REFRESH_REQUIRED")
		if e.Extra["current_money"] != (money.Amount{Minor: 1000, Currency: "USD"}) {
			t.Errorf("the fault tells %v", e.Extra)
		}
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve", expect(1000, "EUR")), "CURRENCY_MISMATCH")
		flinttest.Refused(t, b.Pay(o.ID, ""), "PAYMENT_SOURCE_REQUIRED")
		flinttest.Refused(t, b.Pay(o.ID, "a", func(in *payment.PayInput) { in.Source.ConfirmationToken = "b" }), "PAYMENT_SOURCE_CONFLICT")
		flinttest.Refused(t, b.Pay(o.ID, "", func(in *payment.PayInput) { in.Source.PaymentMethodID = "pm_1" }), "RESOURCE_NOT_FOUND")
		flinttest.Refused(t, b.Pay("ord_01JNAAAAAAAAAAAAAAAAAAAAAA", "a"), "RESOURCE_NOT_FOUND")
		after := b.State(t, o.ID)
		if after.Order.Revision != before.Order.Revision || len(after.Intents) != 0 || len(after.Attempts) != 0 {
			t.Errorf("a refusal left revision %d, %d legs, %d attempts", after.Order.Revision, len(after.Intents), len(after.Attempts))
		}
		if err := b.Pay(o.ID, "simtok_approve", expect(1000, "USD")); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPayClosedOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Orders.Close(b.Context(), tx, order.CloseInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID})
			return err
		})
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "ORDER_CLOSED")
	})
}

func TestPayAuthentication(t *testing.T) {
	type testCase struct {
		name            string
		approve         bool
		notice, resume  bool
		attempt, intent string
	}
	eachOf(t, []testCase{
		{"approved, resumed", true, false, true, payment.AttemptSucceeded, payment.IntentSucceeded},
		{"approved, noticed", true, true, false, payment.AttemptSucceeded, payment.IntentSucceeded},
		{"approved, both", true, true, true, payment.AttemptSucceeded, payment.IntentSucceeded},
		{"refused, resumed", false, false, true, payment.AttemptFailed, payment.IntentRequiresPaymentMethod},
		{"refused, noticed", false, true, false, payment.AttemptFailed, payment.IntentRequiresPaymentMethod},
		{"refused, both", false, true, true, payment.AttemptFailed, payment.IntentRequiresPaymentMethod},
	}, func(c testCase) string { return c.name }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, "simtok_3ds")
		want(t, s, payment.AttemptRequiresAction, payment.IntentRequiresAction, order.PaymentUnpaid, 0, 5850)
		if !s.Attempt.Resumable() {
			t.Error("the attempt cannot be resumed")
		}
		b.Answer(t, s.Leg(), c.approve)
		if c.notice {
			b.Deliver(t)
		}
		if c.resume {
			err := b.Resume(o.ID, s.Attempt.ID)
			if c.notice {
				flinttest.Refused(t, err, "PAYMENT_ATTEMPT_NOT_RESUMABLE")
			} else if err != nil {
				t.Fatal(err)
			}
		}
		s = b.State(t, o.ID)
		if c.approve {
			want(t, s, c.attempt, c.intent, order.PaymentPaid, 5850, 0)
		} else {
			want(t, s, c.attempt, c.intent, order.PaymentUnpaid, 0, 5850)
			if s.Attempt.FailureCode != "authentication_required" {
				t.Errorf("the failure is %q", s.Attempt.FailureCode)
			}
		}
	})
}

func TestPayAuthenticationUnansweredEnds(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		b.Paid(t, o.ID, "simtok_3ds")
		b.Quiesce(t)
		s := b.State(t, o.ID)
		want(t, s, payment.AttemptFailed, payment.IntentRequiresPaymentMethod, order.PaymentUnpaid, 0, 5850)
		if s.Attempt.FailureCode != "payment_action_expired" {
			t.Errorf("the failure is %q", s.Attempt.FailureCode)
		}
	})
}

func TestPayAnswerLost(t *testing.T) {
	type testCase struct{ token, by string }
	cases := []testCase{
		{"simtok_timeout_charged", "sweeper"}, {"simtok_timeout_charged", "resume"}, {"simtok_timeout_charged", "notice"},
		{"simtok_timeout_not_charged", "sweeper"}, {"simtok_timeout_not_charged", "resume"}, // there is nothing to notify
	}
	eachOf(t, cases, func(c testCase) string { return c.token + " " + c.by }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		token, by := c.token, c.by
		o := dinner(t, b)
		s := b.Paid(t, o.ID, token)
		want(t, s, payment.AttemptFinalizing, payment.IntentProcessing, order.PaymentUnpaid, 0, 5850)
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "ORDER_PAYMENT_ATTEMPT_ACTIVE")
		switch by {
		case "sweeper":
			b.Advance(2 * time.Second)
			b.Sweep(t)
		case "resume":
			if err := b.Resume(o.ID, s.Attempt.ID); err != nil {
				t.Fatal(err)
			}
		case "notice":
			b.Advance(time.Second)
			b.Deliver(t)
		}
		s = b.State(t, o.ID)
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		if got := b.Charges(t, s.Leg().ID); got != 1 {
			t.Errorf("the simulator charged %d times", got)
		}
	})
}

func TestPayInParts(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		leg, err := b.Stage(o.ID, 3000, "")
		if err != nil {
			t.Fatal(err)
		}
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "PAYMENT_LEG_SELECTION_REQUIRED")
		flinttest.Refused(t, b.Confirm(o.ID, "", map[string]string{leg.ID: "simtok_approve"}), "PAYMENT_LEGS_INCOMPLETE")
		if err := b.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: "simtok_approve"}); err != nil {
			t.Fatal(err)
		}
		s := b.State(t, o.ID)
		want(t, s, payment.AttemptPartiallySucceeded, payment.IntentSucceeded, order.PaymentPartiallyPaid, 3000, 2850)
		if s.Order.Settlement.SettledTip != leg.Tip || leg.Tip != 231 {
			t.Errorf("the first part carries a tip of %d, %d settled", leg.Tip, s.Order.Settlement.SettledTip)
		}
		s = b.Paid(t, o.ID, "simtok_approve")
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		if s.Order.Settlement.SettledTip != 450 || len(s.Order.Tips[0].Allocations) != 2 {
			t.Errorf("%d of the tip settled by %+v", s.Order.Settlement.SettledTip, s.Order.Tips[0].Allocations)
		}
		if got := b.Events(t, o.ID); !slices.Contains(got, "order.partially_paid") || got[len(got)-1] != "order.paid" {
			t.Errorf("events: %v", got)
		}
	})
}

func TestPaySplitOverLegs(t *testing.T) {
	type testCase struct {
		name, first, second, attempt, status string
		paid                                 int64
	}
	eachOf(t, []testCase{
		{"both succeed", "simtok_approve", "simtok_approve", payment.AttemptSucceeded, order.PaymentPaid, 5850},
		{"the second is declined", "simtok_approve", "simtok_decline_card_declined", payment.AttemptPartiallySucceeded, order.PaymentPartiallyPaid, 2000},
		{"the first is declined", "simtok_decline_card_declined", "simtok_approve", payment.AttemptPartiallySucceeded, order.PaymentPartiallyPaid, 3850},
		{"both are declined", "simtok_decline_card_declined", "simtok_decline_expired_card", payment.AttemptFailed, order.PaymentUnpaid, 0},
	}, func(c testCase) string { return c.name }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		o := dinner(t, b)
		first, err := b.Stage(o.ID, 2000, "")
		if err != nil {
			t.Fatal(err)
		}
		second, err := b.Stage(o.ID, 3850, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Confirm(o.ID, "", map[string]string{first.ID: c.first, second.ID: c.second}); err != nil {
			t.Fatal(err)
		}
		s := b.State(t, o.ID)
		want(t, s, c.attempt, s.Leg().Status, c.status, c.paid, 5850-c.paid)
	})
}

func TestConfirmRefusals(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
		_, err := b.Stage(o.ID, 1001, "")
		flinttest.Refused(t, err, "AMOUNT_EXCEEDS_BALANCE")
		_, err = b.Stage(o.ID, 500, payment.CaptureManual)
		flinttest.Refused(t, err, "ORDER_DELAYED_CAPTURE_SPLIT_PAYMENT_UNSUPPORTED")
		one, _ := b.Stage(o.ID, 600, "")
		two, _ := b.Stage(o.ID, 600, "")
		_, err = b.Stage(o.ID, 0, payment.CaptureManual)
		flinttest.Refused(t, err, "ORDER_DELAYED_CAPTURE_SPLIT_PAYMENT_UNSUPPORTED")
		flinttest.Refused(t, b.Confirm(o.ID, "", map[string]string{one.ID: "simtok_approve", two.ID: "simtok_approve"}), "AMOUNT_EXCEEDS_BALANCE")
		flinttest.Refused(t, b.Confirm(o.ID, "", map[string]string{"pi_01JNAAAAAAAAAAAAAAAAAAAAAA": "simtok_approve"}), "PAYMENT_INTENT_NOT_PART_OF_ORDER")
		if err := b.Cancel(two); err != nil {
			t.Fatal(err)
		}
		flinttest.Refused(t, b.Confirm(o.ID, "", map[string]string{two.ID: "simtok_approve"}), "PAYMENT_START_SHAPE_CONFLICT")
		if err := b.Confirm(o.ID, payment.PartialPayment, map[string]string{one.ID: "simtok_approve"}); err != nil {
			t.Fatal(err)
		}
		flinttest.Refused(t, b.Cancel(one), "ORDER_PAYMENT_LEG_ALREADY_SETTLED")
	})
}

func TestPriceIsLockedWhileAnAttemptIsOpen(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, "simtok_3ds")
		err := b.DB.Write(b.Context(), func(tx db.Tx) error {
			_, err := b.Orders.AddLines(b.Context(), tx, order.AddLinesInput{
				Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Lines: []order.LineInput{{Name: "More", UnitPrice: flinttest.Money(1, "USD")}},
			})
			return err
		})
		flinttest.Refused(t, err, "PAYMENT_ATTEMPT_IN_PROGRESS")
		err = b.DB.Write(b.Context(), func(tx db.Tx) error {
			_, err := b.Orders.Close(b.Context(), tx, order.CloseInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID})
			return err
		})
		flinttest.Refused(t, err, "PAYMENT_ATTEMPT_IN_PROGRESS")
		if err := b.CancelAttempt(o.ID, s.Attempt.ID); err != nil {
			t.Fatal(err)
		}
		s = b.State(t, o.ID)
		want(t, s, payment.AttemptCanceled, payment.IntentCanceled, order.PaymentUnpaid, 0, 5850)
		addLine(t, b, o.ID, 100)
		want(t, b.Paid(t, o.ID, "simtok_approve"), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5950, 0)
	})
}

func TestManualCapture(t *testing.T) {
	type testCase struct {
		name            string
		amount          int64
		status, attempt string
		paid, released  int64
		event           string
	}
	eachOf(t, []testCase{
		{"all", 0, order.PaymentPaid, payment.AttemptSucceeded, 5850, 0, "order.paid"},
		{"a part", 4000, order.PaymentPartiallyPaid, payment.AttemptPartiallySucceeded, 4000, 1850, "order.partially_paid"},
	}, func(c testCase) string { return c.name }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		o := dinner(t, b)
		s := b.Hold(t, o.ID, "simtok_approve")
		want(t, s, payment.AttemptRequiresCapture, payment.IntentRequiresCapture, order.PaymentUnpaid, 0, 5850)
		if h := s.Order.Hold; h == nil || h.Authorized != 5850 || h.Capturable != 5850 {
			t.Errorf("the hold is %+v", h)
		}
		flinttest.Refused(t, b.Capture(s.Leg(), 5851), "CAPTURE_AMOUNT_EXCEEDS_CAPTURABLE")
		flinttest.Refused(t, b.Resume(o.ID, s.Attempt.ID), "PAYMENT_ATTEMPT_NOT_RESUMABLE")
		anonymous := *s.Leg()
		anonymous.AttemptID = ""
		flinttest.Refused(t, b.Capture(&anonymous, 0), "PAYMENT_ATTEMPT_ID_REQUIRED")
		if err := b.Capture(s.Leg(), c.amount); err != nil {
			t.Fatal(err)
		}
		s = b.State(t, o.ID)
		want(t, s, c.attempt, payment.IntentSucceeded, c.status, c.paid, 5850-c.paid)
		if s.Leg().Released != c.released || s.Order.Hold != nil {
			t.Errorf("released %d, hold %+v", s.Leg().Released, s.Order.Hold)
		}
		got := b.Events(t, o.ID)
		if !slices.Contains(got, "order.payment_authorized") || !slices.Equal(got[len(got)-2:], []string{"order.payment_captured", c.event}) {
			t.Errorf("events: %v", got)
		}
		flinttest.Refused(t, b.Capture(s.Leg(), 0), "INVALID_STATUS_FOR_CAPTURE")
	})
}

func TestManualCaptureCanceledAndExpired(t *testing.T) {
	eachOf(t, []string{"cancel leg", "cancel attempt", "expire"}, func(how string) string { return how }, func(t *testing.T, b *flinttest.Bench, how string) {
		o := dinner(t, b)
		s := b.Hold(t, o.ID, "simtok_approve")
		attempt, leg, event := payment.AttemptCanceled, payment.IntentCanceled, "order.payment_authorization_canceled"
		var err error
		switch how {
		case "cancel leg":
			err = b.Cancel(s.Leg())
		case "cancel attempt":
			err = b.CancelAttempt(o.ID, s.Attempt.ID)
		case "expire":
			b.Clock.Set(s.Leg().AuthorizationExpiresAt)
			flinttest.Refused(t, b.Capture(s.Leg(), 0), "PAYMENT_AUTHORIZATION_EXPIRED")
			b.Sweep(t)
			attempt, leg, event = payment.AttemptExpired, payment.IntentExpired, "order.payment_authorization_expired"
		}
		if err != nil {
			t.Fatal(err)
		}
		s = b.State(t, o.ID)
		want(t, s, attempt, leg, order.PaymentUnpaid, 0, 5850)
		if s.Leg().Released != 5850 || s.Order.Hold != nil {
			t.Errorf("released %d, hold %+v", s.Leg().Released, s.Order.Hold)
		}
		if got := b.Events(t, o.ID); got[len(got)-1] != event {
			t.Errorf("events: %v", got)
		}
		want(t, b.Paid(t, o.ID, "simtok_approve"), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
	})
}

func TestOrderThatCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 0, Quantity: 1}})
		flinttest.Refused(t, b.Pay(o.ID, "simtok_approve"), "PAYMENT_SOURCE_NOT_ALLOWED")
		if err := b.Pay(o.ID, ""); err != nil {
			t.Fatal(err)
		}
		s := b.State(t, o.ID)
		if s.Attempt.Mode != payment.ModeSettlement || s.Attempt.Status != payment.AttemptSucceeded || s.Order.DerivePaymentStatus() != order.PaymentPaid ||
			len(s.Intents) != 0 || s.Order.ActiveAttemptID != "" {
			t.Errorf("attempt %+v, order %s", s.Attempt, s.Order.DerivePaymentStatus())
		}
		flinttest.Refused(t, b.Pay(o.ID, ""), "ORDER_ALREADY_PAID")
	})
}

func TestCaptureAndVoidWithLostAnswers(t *testing.T) {
	type testCase struct {
		kind payment.Kind
		lost string
	}
	var cases []testCase
	for _, kind := range []payment.Kind{payment.KindAuthorize, payment.KindCapture, payment.KindVoid} {
		cases = append(cases, testCase{kind, "request"}, testCase{kind, "answer"})
	}
	eachOf(t, cases, func(c testCase) string { return string(c.kind) + " " + c.lost }, func(t *testing.T, b *flinttest.Bench, c testCase) {
		kind, lost := c.kind, c.lost
		o := dinner(t, b)
		if lost == "request" {
			b.LoseRequests(t, kind, 2)
		} else {
			b.LoseAnswers(t, kind, 1)
		}
		s := b.Hold(t, o.ID, "simtok_approve")
		if kind == payment.KindAuthorize {
			want(t, s, payment.AttemptFinalizing, payment.IntentProcessing, order.PaymentUnpaid, 0, 5850)
			b.Quiesce(t)
			want(t, b.State(t, o.ID), payment.AttemptRequiresCapture, payment.IntentRequiresCapture, order.PaymentUnpaid, 0, 5850)
			return
		}
		finish := b.Cancel
		if kind == payment.KindCapture {
			finish = func(i *payment.Intent) error { return b.Capture(i, 0) }
		}
		if err := finish(s.Leg()); err != nil {
			t.Fatal(err)
		}
		flinttest.Refused(t, finish(s.Leg()), "PAYMENT_OPERATION_IN_PROGRESS")
		b.Quiesce(t)
		if kind == payment.KindCapture {
			want(t, b.State(t, o.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		} else {
			want(t, b.State(t, o.ID), payment.AttemptCanceled, payment.IntentCanceled, order.PaymentUnpaid, 0, 5850)
		}
	})
}

func TestContradictionIsParked(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, "simtok_processing_stays")
		op := b.Operation(t, s.Leg().ID)
		for n, change := range []func(*payment.Outcome){
			func(out *payment.Outcome) { out.Amount++ },
			func(out *payment.Outcome) {},
		} {
			out := payment.Outcome{State: payment.OutcomeSucceeded, PaymentID: s.Leg().ID, Amount: 5850, Currency: "USD", Version: int64(5 + n)}
			change(&out)
			err := b.Payments.Notify(b.Context(), payment.Notice{ID: string(rune('a' + n)), Scope: b.Scope, Processor: "simulator", OperationID: op, Outcome: out})
			if err != nil {
				t.Fatal(err)
			}
		}
		want(t, b.State(t, o.ID), payment.AttemptProcessing, payment.IntentProcessing, order.PaymentUnpaid, 0, 5850)
		if r := b.Check(t); len(r.Exceptions) != 1 || r.Exceptions[0].OperationID != op {
			t.Errorf("exceptions: %+v", r.Exceptions)
		}
		b.ForgetBooks()
	})
}

// TestAParkedOperationIsAskedAboutAgain: after the operator has cleared a contradiction up, the processor's
// word counts, and only that.
func TestAParkedOperationIsAskedAboutAgain(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		s := b.Paid(t, o.ID, "simtok_processing_succeeds")
		op := b.Operation(t, s.Leg().ID)
		again := func() error {
			return b.DB.Write(b.Context(), func(tx db.Tx) error { return payment.AskAgain(tx, b.Scope, op, b.Clock.Now()) })
		}
		flinttest.Refused(t, again(), "OPERATION_NOT_PARKED")
		wrong := payment.Outcome{State: payment.OutcomeSucceeded, PaymentID: s.Leg().ID, Amount: 5851, Currency: "USD", Version: 5}
		if err := b.Payments.Notify(b.Context(), payment.Notice{ID: "a", Scope: b.Scope, Processor: "simulator", OperationID: op, Outcome: wrong}); err != nil {
			t.Fatal(err)
		}
		var parked []payment.ParkedOperation
		b.Read(t, func(tx db.Tx) (err error) { parked, err = payment.ParkedOperations(tx); return err })
		if len(parked) != 1 || parked[0].OperationID != op || parked[0].Amount != 5850 || parked[0].OrderID != o.ID {
			t.Fatalf("parked: %+v", parked)
		}
		if err := again(); err != nil {
			t.Fatal(err)
		}
		b.Quiesce(t)
		want(t, b.State(t, o.ID), payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 5850, 0)
		if r := b.Check(t); len(r.Exceptions) != 0 {
			t.Errorf("exceptions: %+v", r.Exceptions)
		}
	})
}

func TestUnknownNoticeIsKept(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		n := payment.Notice{ID: "n1", Scope: b.Scope, Processor: "simulator", OperationID: "prop_nobody", Outcome: payment.Outcome{State: payment.OutcomeSucceeded}}
		if err := b.Payments.Notify(b.Context(), n); err != nil {
			t.Fatal(err)
		}
		var result string
		b.Read(t, func(tx db.Tx) error {
			return tx.QueryRow([]any{&result}, `SELECT result FROM processor_notices WHERE merchant_id = $1 AND environment_id = $2 AND notice_id = 'n1'`,
				b.Scope.MerchantID, b.Scope.EnvironmentID)
		})
		if result != "unmatched" {
			t.Errorf("the notice is %s", result)
		}
	})
}

func TestCauseOfAPaymentIsTheCaller(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := dinner(t, b)
		if err := b.Pay(o.ID, "simtok_approve", func(in *payment.PayInput) { in.Cause = event.Cause{ActorType: "buyer", RequestID: "req_1"} }); err != nil {
			t.Fatal(err)
		}
		var actor string
		b.Read(t, func(tx db.Tx) error {
			return tx.QueryRow([]any{&actor}, `SELECT actor_type FROM order_activities WHERE merchant_id = $1 AND environment_id = $2 AND order_id = $3 AND type = 'payment'`,
				b.Scope.MerchantID, b.Scope.EnvironmentID, o.ID)
		})
		if actor != "buyer" {
			t.Errorf("the payment was made by %q", actor)
		}
		if err := b.Pay(o.ID, "x"); !fault.Is(err, "ORDER_ALREADY_PAID") {
			t.Error(err)
		}
	})
}
