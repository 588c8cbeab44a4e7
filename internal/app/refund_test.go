package app_test

import (
	"errors"
	"testing"
	"time"

	"flint/internal/app"
	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/refund"
)

func (w *world) limit(t testing.TB, installID string, in app.SetLimitsInput) {
	t.Helper()
	in.MerchantID, in.InstallID, in.Now = w.Scope.MerchantID, installID, w.Clock.Now()
	if _, err := w.on(func(tx db.Tx) (*app.Install, error) { return w.apps.SetLimits(tx.Context(), tx, in) }); err != nil {
		t.Fatalf("set limits: %v", err)
	}
}

func (w *world) paid(t testing.TB, price int64, change ...func(*order.CreateInput)) string {
	t.Helper()
	o := w.Order(t, "USD", []flinttest.Line{{Price: price, Quantity: 1}}, change...)
	w.Paid(t, o.ID, "simtok_approve")
	return o.ID
}

// refund makes a refund through the app.
func (w *world) refund(g *app.Grant, orderID string, minor int64) (*refund.Refund, error) {
	return w.Refund(orderID, func(in *refund.CreateInput) {
		amount := usd(minor)
		in.Amount, in.GrantID = &amount, g.ID
		in.Cause = event.Cause{ActorType: "app", ActorID: g.AppID}
	})
}

func TestRefundsOfAnAppAreCounted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g := w.install(t, "orders", "refunds")
		w.limit(t, i.ID, app.SetLimitsInput{PerOrder: &[]money.Amount{usd(600)}, PerDay: &[]money.Amount{usd(1000)}})
		a, b := w.paid(t, 5000), w.paid(t, 5000)
		try := func(orderID string, minor int64, code string) *refund.Refund {
			t.Helper()
			r, err := w.refund(g, orderID, minor)
			if code == "" && err != nil || code != "" && !fault.Is(err, code) {
				t.Fatalf("%d: %v, want %q", minor, err, code)
			}
			return r
		}
		try(a, 601, "APP_REFUND_LIMIT_EXCEEDED")
		try(a, 600, "")
		try(a, 1, "APP_REFUND_LIMIT_EXCEEDED") // of the order
		try(b, 401, "APP_REFUND_LIMIT_EXCEEDED")
		w.FailNext(t, "refund")
		failed := try(b, 400, "")
		w.Quiesce(t)
		if r := w.RefundOf(t, failed.ID); r.Status != refund.StatusFailed {
			t.Fatalf("the refund is %s", r.Status)
		}
		try(b, 400, "") // what failed gave nothing back, so it does not count
		try(b, 1, "APP_REFUND_LIMIT_EXCEEDED")
		if _, err := w.Refund(b, func(in *refund.CreateInput) { in.Amount = &money.Amount{Minor: 500, Currency: "USD"} }); err != nil {
			t.Errorf("the merchant's own refund: %v", err)
		}
		w.Advance(24 * time.Hour)
		try(b, 200, "") // another day, the same order
		try(b, 1, "APP_REFUND_LIMIT_EXCEEDED")
		w.Quiesce(t)
		w.Check(t)
	})
}

// TestTheDayIsTheMerchants: midnight comes in the merchant's own time zone.
func TestTheDayIsTheMerchants(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Write(t, func(tx db.Tx) error {
			return tx.Send(`UPDATE merchants SET reporting_timezone = 'Pacific/Auckland' WHERE merchant_id = $1`, w.Scope.MerchantID)
		})
		i, g := w.install(t, "refunds")
		w.limit(t, i.ID, app.SetLimitsInput{PerDay: &[]money.Amount{usd(100)}})
		o := w.paid(t, 5000)
		w.Clock.Set(time.Date(2026, 3, 1, 10, 59, 0, 0, time.UTC)) // 23:59 there
		if _, err := w.refund(g, o, 100); err != nil {
			t.Fatal(err)
		}
		if _, err := w.refund(g, o, 1); !fault.Is(err, "APP_REFUND_LIMIT_EXCEEDED") {
			t.Errorf("before midnight: %v", err)
		}
		w.Advance(time.Minute)
		if _, err := w.refund(g, o, 100); err != nil {
			t.Errorf("after midnight: %v", err)
		}
	})
}

func TestOwnOrdersOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g := w.install(t, "refunds")
		yes := true
		w.limit(t, i.ID, app.SetLimitsInput{OwnOrdersOnly: &yes})
		if _, err := w.refund(g, w.paid(t, 500), 1); !fault.Is(err, "APP_OWN_ORDERS_ONLY") {
			t.Errorf("an order of somebody else: %v", err)
		}
		for appID, ok := range map[string]bool{w.app.ID: true, "papp_other": false} {
			o := w.paid(t, 500, func(in *order.CreateInput) { in.Cause = event.Cause{ActorType: "app", ActorID: appID} })
			if _, err := w.refund(g, o, 1); (err == nil) != ok {
				t.Errorf("an order of %s: %v", appID, err)
			}
		}
	})
}

func TestPausedAppsRefundNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g := w.install(t, "refunds")
		o := w.paid(t, 500)
		if _, err := w.on(func(tx db.Tx) (*app.Install, error) {
			return w.apps.Pause(tx.Context(), tx, i.MerchantID, i.ID, w.Clock.Now(), w.Cause)
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.refund(g, o, 1); !fault.Is(err, "APP_INSTALL_NOT_ACTIVE") {
			t.Errorf("paused: %v", err)
		}
		w.Refunds.Permit = nil
		if _, err := w.refund(g, o, 1); !fault.Is(err, "APP_REFUNDS_UNAVAILABLE") {
			t.Errorf("without a count: %v", err)
		}
	})
}

func TestApprovals(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, g := w.install(t, "refunds")
		w.limit(t, i.ID, app.SetLimitsInput{ApprovalAbove: &[]money.Amount{usd(100)}, PerOrder: &[]money.Amount{usd(1000)}})
		o := w.paid(t, 5000)
		if _, err := w.refund(g, o, 100); err != nil {
			t.Fatalf("below: %v", err)
		}
		if _, err := w.refund(g, o, 901); !fault.Is(err, "APP_REFUND_LIMIT_EXCEEDED") {
			t.Fatalf("a limit comes before an approval: %v", err)
		}
		_, err := w.refund(g, o, 900)
		need, ok := errors.AsType[*app.ApprovalNeeded](err)
		if !ok || need.Amount != usd(900) {
			t.Fatalf("above: %v", err)
		}
		ask := func() (a *app.Approval) {
			t.Helper()
			w.Write(t, func(tx db.Tx) (err error) {
				a, err = w.apps.RequestApproval(tx, need, w.Scope, []byte(`{"x":1}`), w.Clock.Now(), w.Cause)
				return err
			})
			return a
		}
		decide := func(a *app.Approval, yes bool) error {
			return w.DB.Write(w.Context(), func(tx db.Tx) error {
				if !yes {
					_, err := w.apps.Refuse(tx, w.Scope, a.ID, "no", "key_1", w.Clock.Now(), w.Cause)
					return err
				}
				locked, err := app.LockApproval(tx, w.Scope, a.ID, w.Clock.Now())
				if err != nil {
					return err
				}
				return w.apps.Approve(tx, locked, "ref_1", "key_1", w.Clock.Now(), w.Cause)
			})
		}
		first, second := ask(), ask()
		errs := flinttest.Race(8, func(k int) error { return decide(first, k%2 == 0) })
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !fault.Is(err, "APP_APPROVAL_ALREADY_DECIDED") {
				t.Errorf("a decision that lost: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d decided", won)
		}
		w.Advance(app.ApprovalTime)
		if err := decide(second, true); !fault.Is(err, "APP_APPROVAL_EXPIRED") {
			t.Errorf("too late: %v", err)
		}
		w.Read(t, func(tx db.Tx) error {
			for status, want := range map[string]int{app.ApprovalPending: 0, app.ApprovalExpired: 1, "": 2} {
				got, _, err := app.ListApprovals(tx, app.ListApprovalsInput{Scope: w.Scope, Status: status, Now: w.Clock.Now(), Limit: 10})
				if err != nil || len(got) != want {
					t.Errorf("%d are %q, %v", len(got), status, err)
				}
			}
			if _, err := app.GetApproval(tx, w.Scope, "papp_other", first.ID, w.Clock.Now()); !fault.Is(err, "RESOURCE_NOT_FOUND") {
				t.Errorf("another app sees it: %v", err)
			}
			return nil
		})
	})
}

// TestRaceForTheDaysLimit: 32 refunds at once, over as many orders, never pass the day's limit together.
func TestRaceForTheDaysLimit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		counting := &flinttest.Counting{DB: d}
		w := newWorld(t, counting)
		i, g := w.install(t, "refunds")
		w.limit(t, i.ID, app.SetLimitsInput{PerDay: &[]money.Amount{usd(1000)}, PerOrder: &[]money.Amount{usd(300)}})
		const width = 32
		orders := make([]string, width/2)
		for n := range orders {
			orders[n] = w.paid(t, 1000)
		}
		errs := flinttest.Race(width, func(k int) error {
			_, err := w.refund(g, orders[k%len(orders)], 150)
			return err
		})
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !fault.Is(err, "APP_REFUND_LIMIT_EXCEEDED") {
				t.Errorf("refused with %v", err)
			}
		}
		if made != 6 {
			t.Errorf("%d refunds of 150 within 1000", made)
		}
		w.Read(t, func(tx db.Tx) error {
			used, err := w.apps.UsedToday(tx.Context(), tx, w.Scope, i.ID, w.Clock.Now())
			if err == nil && (len(used) != 1 || used[0] != usd(900)) {
				t.Errorf("counted %v", used)
			}
			return err
		})
		w.Quiesce(t)
		w.Check(t)
		counting.NoDeadlocks(t)
	})
}

// TestRaceOfRemovalAndRefunds: a refund is booked before the removal, or refused after it.
func TestRaceOfRemovalAndRefunds(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		counting := &flinttest.Counting{DB: d}
		w := newWorld(t, counting)
		var seen int64 // what the removal saw booked; nothing may be added after it
		count := func(tx db.Tx, installID string) (n int64, err error) {
			err = tx.QueryRow([]any{&n}, `SELECT COUNT(*) FROM app_refunds WHERE merchant_id = $1 AND install_id = $2`, w.Scope.MerchantID, installID)
			return n, err
		}
		w.apps.OnWindDown = append(w.apps.OnWindDown, func(tx db.Tx, g app.Grant, _ time.Time) (err error) {
			seen, err = count(tx, g.InstallID)
			return err
		})
		for range 10 {
			i, g := w.install(t, "refunds")
			o := w.paid(t, 1000)
			made := make([]*refund.Refund, 8)
			var removed time.Time
			errs := flinttest.Race(len(made), func(k int) (err error) {
				if k == 3 {
					_, err = w.revoke(i.ID, app.RevokedByMerchant)
					removed = w.Clock.Now()
					return err
				}
				made[k], err = w.refund(g, o, 10)
				return err
			})
			var booked int64
			for k, err := range errs {
				switch {
				case err == nil && k != 3:
					booked += 10
				case err != nil && !fault.Is(err, "APP_INSTALL_NOT_ACTIVE"):
					t.Errorf("%d: %v", k, err)
				}
			}
			if removed.IsZero() {
				t.Error("the app was not removed")
			}
			w.Read(t, func(tx db.Tx) error {
				after, err := count(tx, i.ID)
				if err == nil && after != seen {
					t.Errorf("%d refunds when the app was removed, %d in the end", seen, after)
				}
				return err
			})
			if leg := w.State(t, o).Leg(); leg.RefundReserved+leg.Refunded != booked {
				t.Errorf("%d reserved, %d answered", leg.RefundReserved+leg.Refunded, booked)
			}
			if _, err := w.refund(g, o, 10); !fault.Is(err, "APP_INSTALL_NOT_ACTIVE") {
				t.Errorf("a refund after the removal: %v", err)
			}
		}
		w.Quiesce(t)
		w.Check(t)
		counting.NoDeadlocks(t)
	})
}

// TestRaceOfRemovalAndConsent: whoever comes last decides, and there is never more than one live install
// or grant, nor a live grant on a removed install.
func TestRaceOfRemovalAndConsent(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		w := newWorld(t, d)
		for range 10 {
			i, g := w.install(t, "orders")
			errs := flinttest.Race(8, func(k int) error {
				switch k % 4 {
				case 0:
					_, err := w.revoke(i.ID, app.RevokedByMerchant)
					return err
				case 1:
					_, err := w.activate(g)
					if fault.Is(err, "RESOURCE_NOT_FOUND") {
						return nil
					}
					return err
				}
				_, fresh, err := w.consent("orders", "people")
				if err == nil {
					_, err = w.activate(fresh)
				}
				if fault.Is(err, "RESOURCE_NOT_FOUND") {
					return nil // removed between the two
				}
				return err
			})
			for k, err := range errs {
				if err != nil {
					t.Errorf("%d: %v", k, err)
				}
			}
			var live, orphans int
			w.Read(t, func(tx db.Tx) error {
				return errors.Join(
					tx.QueryRow([]any{&live}, `SELECT COUNT(*) FROM app_installs WHERE merchant_id = $1 AND status <> 'revoked'`, w.Scope.MerchantID),
					tx.QueryRow([]any{&orphans}, `SELECT COUNT(*) FROM app_grants g JOIN app_installs i ON i.merchant_id = g.merchant_id AND i.install_id = g.install_id
						WHERE g.merchant_id = $1 AND g.status <> 'revoked' AND i.status = 'revoked'`, w.Scope.MerchantID))
			})
			if live > 1 || orphans > 0 {
				t.Fatalf("%d live installs, %d live grants of removed ones", live, orphans)
			}
		}
	})
}
