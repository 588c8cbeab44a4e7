package checkout_test

import (
	"slices"
	"testing"
	"time"

	"flint/internal/checkout"
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

func simple(t *testing.T, b *flinttest.Bench) *order.Order {
	t.Helper()
	return b.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
}

func opened(t *testing.T, b *flinttest.Bench, orderID, replaces string) *checkout.Session {
	t.Helper()
	s, err := b.Session(orderID, replaces)
	if err != nil {
		t.Fatalf("open a session: %v", err)
	}
	return s
}

// ended checks how a session ended and that its event says so.
func ended(t *testing.T, b *flinttest.Bench, sessionID, status, reason, kind string) *checkout.Session {
	t.Helper()
	s := b.SessionOf(t, sessionID)
	if s.Status != status || s.TerminalReason != reason {
		t.Errorf("the session is %s because of %q, want %s because of %q", s.Status, s.TerminalReason, status, reason)
	}
	if got := b.Events(t, sessionID); kind != "" && !slices.Equal(got, []string{kind}) {
		t.Errorf("events of the session: %v, want %s", got, kind)
	}
	return s
}

func TestOneOpenSessionPerOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		first := opened(t, b, o.ID, "")
		_, err := b.Session(o.ID, "")
		if e := flinttest.Refused(t, err, "CHECKOUT_SESSION_ALREADY_EXISTS"); e.Extra["existing_checkout_session_id"] != first.ID {
			t.Errorf("the fault names %v", e.Extra)
		}
		_, err = b.Session(o.ID, "cs_01JNAAAAAAAAAAAAAAAAAAAAAA")
		flinttest.Refused(t, err, "CHECKOUT_SESSION_CURRENT_CHANGED")
		second := opened(t, b, o.ID, first.ID)
		if s := ended(t, b, first.ID, checkout.StatusInvalidated, checkout.ReasonSuperseded, "checkout_session.invalidated"); s.SupersedingID != second.ID {
			t.Errorf("superseded by %q", s.SupersedingID)
		}
		_, err = b.Session(o.ID, first.ID)
		flinttest.Refused(t, err, "CHECKOUT_SESSION_CURRENT_CHANGED")
		ended(t, b, second.ID, checkout.StatusOpen, "", "")
	})
}

func TestSessionCloses(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		end := func() error {
			return b.DB.Write(b.Context(), func(tx db.Tx) error {
				_, err := b.Checkouts.Close(tx, checkout.CloseInput{Scope: b.Scope, SessionID: s.ID, Reason: "gone", Cause: b.Cause})
				return err
			})
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		ended(t, b, s.ID, checkout.StatusClosed, checkout.ReasonAPI, "checkout_session.closed")
		flinttest.Refused(t, end(), "CHECKOUT_SESSION_NOT_OPEN")
		opened(t, b, o.ID, "")
	})
}

func TestSessionExpires(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		b.Clock.Set(s.ExpiresAt)
		for range 2 {
			if _, err := b.Checkouts.Expire(b.Context(), b.DB, 10); err != nil {
				t.Fatal(err)
			}
		}
		ended(t, b, s.ID, checkout.StatusExpired, checkout.ReasonExpired, "checkout_session.expired")
		// One whose time is over gives way without being named, even before the job comes to it.
		late := opened(t, b, o.ID, "")
		b.Clock.Set(late.ExpiresAt)
		opened(t, b, o.ID, "")
		ended(t, b, late.ID, checkout.StatusExpired, checkout.ReasonExpired, "checkout_session.expired")
	})
}

func TestSessionEndsWhenItsOrderIsPaid(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		part := opened(t, b, o.ID, "")
		leg, err := b.Stage(o.ID, 2000, "")
		if err == nil {
			err = b.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: "simtok_approve"})
		}
		if err != nil {
			t.Fatal(err)
		}
		ended(t, b, part.ID, checkout.StatusPartiallyPaid, checkout.ReasonPartiallyPaid, "checkout_session.completed")
		rest := opened(t, b, o.ID, "")
		b.Paid(t, o.ID, "simtok_approve")
		ended(t, b, rest.ID, checkout.StatusPaid, checkout.ReasonPaid, "checkout_session.completed")
		_, err = b.Session(o.ID, "")
		flinttest.Refused(t, err, "ORDER_ALREADY_PAID")
	})
}

func TestSessionOfAnOrderThatCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 0, Quantity: 1}})
		s := opened(t, b, o.ID, "")
		if err := b.Pay(o.ID, ""); err != nil {
			t.Fatal(err)
		}
		ended(t, b, s.ID, checkout.StatusPaid, checkout.ReasonPaid, "checkout_session.completed")
	})
}

func tip(b *flinttest.Bench, o *order.Order, minor int64, cause event.Cause) error {
	return b.DB.Write(b.Context(), func(tx db.Tx) error {
		_, err := b.Orders.Patch(b.Context(), tx, order.PatchInput{Scope: b.Scope, Cause: cause, OrderID: o.ID, Tip: &order.TipInput{Amount: flinttest.Money(minor, "USD")}})
		return err
	})
}

func TestTipOfTheSessionsOwnBuyerKeepsItOpen(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		if err := tip(b, o, 500, event.Cause{ActorType: "buyer", CheckoutSessionID: s.ID}); err != nil {
			t.Fatal(err)
		}
		ended(t, b, s.ID, checkout.StatusOpen, "", "")
		if err := tip(b, o, 500, b.Cause); err != nil { // the same again changes nothing
			t.Fatal(err)
		}
		ended(t, b, s.ID, checkout.StatusOpen, "", "")
		if err := tip(b, o, 600, b.Cause); err != nil {
			t.Fatal(err)
		}
		ended(t, b, s.ID, checkout.StatusInvalidated, checkout.ReasonOrderMutated, "checkout_session.invalidated")
	})
}

func TestSessionEndsWhenTheMerchantChangesTheOrder(t *testing.T) {
	for name, change := range map[string]func(b *flinttest.Bench, tx db.Tx, orderID string) error{
		"line": func(b *flinttest.Bench, tx db.Tx, orderID string) error {
			_, err := b.Orders.AddLines(b.Context(), tx, order.AddLinesInput{
				Scope: b.Scope, Cause: b.Cause, OrderID: orderID, Lines: []order.LineInput{{Name: "More", UnitPrice: flinttest.Money(100, "USD")}},
			})
			return err
		},
		"close": func(b *flinttest.Bench, tx db.Tx, orderID string) error {
			_, err := b.Orders.Close(b.Context(), tx, order.CloseInput{Scope: b.Scope, Cause: b.Cause, OrderID: orderID})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, b *flinttest.Bench) {
				o := simple(t, b)
				s := opened(t, b, o.ID, "")
				b.Write(t, func(tx db.Tx) error { return change(b, tx, o.ID) })
				ended(t, b, s.ID, checkout.StatusInvalidated, checkout.ReasonOrderMutated, "checkout_session.invalidated")
			})
		})
	}
}

// A payment under way holds its session's door: it cannot be closed or replaced, and when its time runs
// out meanwhile the buyer may still see the payment through.
func TestSessionWithAPaymentUnderWay(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		s := opened(t, b, o.ID, "")
		if err := b.Pay(o.ID, "simtok_3ds", func(in *payment.PayInput) { in.CheckoutSessionID = s.ID }); err != nil {
			t.Fatal(err)
		}
		err := b.DB.Write(b.Context(), func(tx db.Tx) error {
			_, err := b.Checkouts.Close(tx, checkout.CloseInput{Scope: b.Scope, SessionID: s.ID, Cause: b.Cause})
			return err
		})
		flinttest.Refused(t, err, "CHECKOUT_PAYMENT_RESOLVING")
		_, err = b.Session(o.ID, s.ID)
		flinttest.Refused(t, err, "CHECKOUT_PAYMENT_RESOLVING")
		b.Clock.Set(s.ExpiresAt)
		if _, err := b.Checkouts.Expire(b.Context(), b.DB, 10); err != nil {
			t.Fatal(err)
		}
		got := ended(t, b, s.ID, checkout.StatusExpired, checkout.ReasonExpired, "checkout_session.expired")
		if !got.Recovering(b.Clock.Now()) || got.Detail.RecoveryID != b.State(t, o.ID).Attempt.ID {
			t.Errorf("the session does not let its payment be recovered: %+v", got.Detail)
		}
	})
}

func TestQuickPay(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		create := func(q checkout.QuickPay) (l checkout.Launch, err error) {
			err = b.DB.Write(b.Context(), func(tx db.Tx) (err error) {
				l, err = b.Checkouts.Create(b.Context(), tx, checkout.CreateInput{Scope: b.Scope, QuickPay: &q, Cause: b.Cause})
				return err
			})
			return l, err
		}
		_, err := create(checkout.QuickPay{Name: "Tea", Amount: money.Amount{Minor: -1, Currency: "USD"}})
		if e := fault.Of(err); e == nil || e.Param != "quick_pay_item.amount_money.amount" {
			t.Errorf("a negative price is %v", err)
		}
		l, err := create(checkout.QuickPay{Name: "Tea", Amount: money.Amount{Minor: 300, Currency: "USD"}})
		if err != nil {
			t.Fatal(err)
		}
		if l.Order.Origin != "checkout" || l.Order.Pricing.Total != 300 || l.Secret.Reveal() == "" {
			t.Errorf("the order is %+v", l.Order)
		}
		b.Paid(t, l.Order.ID, "simtok_approve")
		ended(t, b, l.Session.ID, checkout.StatusPaid, checkout.ReasonPaid, "checkout_session.completed")
	})
}

func TestAuthenticate(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := simple(t, b)
		var l checkout.Launch
		b.Write(t, func(tx db.Tx) (err error) {
			l, err = b.Checkouts.Create(b.Context(), tx, checkout.CreateInput{Scope: b.Scope, OrderID: o.ID, Cause: b.Cause})
			return err
		})
		try := func(sessionID, secret string) error {
			return b.DB.Read(b.Context(), func(tx db.Tx) error {
				_, err := b.Checkouts.Authenticate(tx, sessionID, secret)
				return err
			})
		}
		if err := try(l.Session.ID, l.Secret.Reveal()); err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]string{{"", ""}, {l.Session.ID, ""}, {l.Session.ID, "csauth_x"}, {"cs_nobody", l.Secret.Reveal()}} {
			flinttest.Refused(t, try(pair[0], pair[1]), "CHECKOUT_SESSION_AUTH_REQUIRED")
		}
		b.Paid(t, o.ID, "simtok_approve")
		b.Advance(25 * time.Hour)
		flinttest.Refused(t, try(l.Session.ID, l.Secret.Reveal()), "CHECKOUT_SESSION_AUTH_REQUIRED")
		cookie, ok := b.Checkouts.OpenPage(l.Session, l.Token.Reveal())
		if !ok || !b.Checkouts.PageAllowed(l.Session, cookie) || b.Checkouts.PageAllowed(l.Session, cookie+"x") || b.Checkouts.PageAllowed(l.Session, "") {
			t.Error("the page's cookie is not what lets a browser in")
		}
		if _, ok := b.Checkouts.OpenPage(l.Session, l.Secret.Reveal()); ok {
			t.Error("the secret opens the page")
		}
	})
}
