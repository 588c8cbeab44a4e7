package returns_test

import (
	"errors"
	"testing"
	"time"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/fault"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/processor/simulator"
	"flint/internal/refund"
	"flint/internal/returnpolicy"
	"flint/internal/returns"
)

// race runs rounds of a race on both engines; the books have to add up after all of them.
func race(t *testing.T, round func(s *shop)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		counting := &flinttest.Counting{DB: d}
		s := open(t, counting)
		flinttest.RoundsOf(t, 3, func(int) { round(s) })
		s.sound()
		counting.NoDeadlocks(t)
	})
}

// refused fails the test when an error is not one that a caller can cause, and tells whether there is one.
func refused(t testing.TB, err error) bool {
	t.Helper()
	if f := fault.Of(err); err != nil && (f == nil || f.Class == fault.ClassInternal) {
		t.Errorf("an operation broke: %v", err)
	}
	return err != nil
}

// proposed proposes a resolution of all units that are left.
func (s *shop) proposed(r *returns.Return, in returns.ResolutionInput) *returns.Resolution {
	s.t.Helper()
	in.Lines = []returns.ResolutionUnits{{LineID: r.Lines[0].ID, Quantity: r.Lines[0].AvailableResolution}}
	var x *returns.Resolution
	s.Write(s.t, func(tx db.Tx) (err error) {
		_, x, err = s.Returns.Propose(tx, returns.ProposeInput{Scope: s.Scope, ReturnID: r.ID, Resolution: in, Cause: s.Cause})
		return err
	})
	return x
}

func (s *shop) confirm(x *returns.Resolution) error {
	return s.DB.Write(s.Context(), func(tx db.Tx) error {
		_, _, err := s.Returns.Confirm(tx, s.of(x), x.QuoteHash)
		return err
	})
}

// units of the first line that were given back, and their money.
func (s *shop) gone(orderID string) (units, minor int64) {
	s.t.Helper()
	s.work()
	l := s.State(s.t, orderID).Order.Lines[0]
	return l.RefundedQuantity, l.Refunded
}

func TestRace40TwoReturnsOfAUnit(t *testing.T) {
	race(t, func(s *shop) {
		o := s.Order(s.t, "USD", []flinttest.Line{{Price: 999, Quantity: 1}})
		o = s.Paid(s.t, o.ID, "simtok_approve").Order
		none, no := int64(0), false
		errs := flinttest.Race(3, func(int) error {
			return s.DB.Write(s.Context(), func(tx db.Tx) error {
				r, err := s.Returns.Create(tx, returns.CreateInput{Scope: s.Scope, OrderID: o.ID, Cause: s.Cause, Lines: []returns.LineInput{
					{OrderLineID: o.Lines[0].ID, FulfillmentID: "ful_1", Quantity: 1, ReasonID: returnpolicy.BuiltIn()[0].ID}}})
				if err != nil {
					return err
				}
				_, err = s.Returns.Decide(tx, returns.DecideInput{Scope: s.Scope, ReturnID: r.ID, Cause: s.Cause, Lines: []returns.Decision{{
					LineID: r.Lines[0].ID, Basis: returns.BasisExplicit, Approved: 1, ReturnRequired: &none, InspectionRequired: &no, RefundTiming: returns.AfterApproval,
					AllowedResolutions: []string{returns.ResolutionRefund}, ResolutionMode: returns.ModeAutomatic, SelectedResolution: returns.ResolutionRefund}}})
				return err
			})
		})
		through := 0
		for _, err := range errs {
			if !refused(s.t, err) {
				through++
			}
		}
		if units, minor := s.gone(o.ID); through != 1 || units != 1 || minor != 999 {
			s.t.Errorf("%d returns of one unit: %d units and %d went back", through, units, minor)
		}
	})
}

func TestRace41RefundAgainstConfirm(t *testing.T) {
	race(t, func(s *shop) {
		o := s.sold()
		x := s.proposed(s.approved(o, 2, returns.AfterApproval), returns.ResolutionInput{Type: returns.ResolutionRefund})
		two := int64(2)
		errs := flinttest.Race(2, func(k int) error {
			if k == 0 {
				return s.confirm(x)
			}
			_, err := s.Refund(o.ID, func(in *refund.CreateInput) { in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Quantity: &two}} })
			return err
		})
		if refused(s.t, errs[0]) == refused(s.t, errs[1]) {
			s.t.Errorf("the return: %v; the refund: %v", errs[0], errs[1])
		}
		if units, minor := s.gone(o.ID); units != 2 || minor != x.Returned {
			s.t.Errorf("%d units and %d of %d went back", units, minor, x.Returned)
		}
	})
}

func TestRace42ExecutionAgainstDispute(t *testing.T) {
	race(t, func(s *shop) {
		o := s.sold()
		leg := s.State(s.t, o.ID).Leg()
		x := s.settle(s.approved(o, 2, returns.TimingManual), returns.ResolutionInput{Type: returns.ResolutionRefund})
		errs := flinttest.Race(2, func(k int) error {
			if k == 0 {
				return s.DB.Write(s.Context(), func(tx db.Tx) error {
					_, _, err := s.Returns.Release(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "merchant_approved"})
					return err
				})
			}
			if _, err := s.Simulator.OpenDispute(s.Context(), simulator.OpenInput{Scope: s.Scope, PaymentID: leg.ID, Amount: leg.Captured}); err != nil {
				return err
			}
			_, err := s.Simulator.DeliverDue(s.Context())
			return err
		})
		if err := errors.Join(errs...); err != nil {
			s.t.Errorf("broke: %v", err)
		}
		s.work()
		leg = s.State(s.t, o.ID).Leg()
		if got := s.read(x.ID); leg.Refunded+leg.RefundReserved+leg.Disputed > leg.Captured || got.Status != returns.ResolutionFailed && leg.Refunded == 0 {
			s.t.Errorf("the resolution is %s, payment %+v", got.Status, leg)
		}
	})
}

func TestRace43ConfirmAgainstOrderChange(t *testing.T) {
	race(t, func(s *shop) {
		o := s.Order(s.t, "USD", []flinttest.Line{{Price: 1000, Quantity: 3}, {Price: 500, Quantity: 1}})
		leg, err := s.Stage(o.ID, 3200, "")
		s.ok(err)
		s.ok(s.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: "simtok_approve"}))
		x := s.proposed(s.approved(o, 3, returns.TimingManual), returns.ResolutionInput{Type: returns.ResolutionRefund})
		errs := flinttest.Race(3, func(k int) error {
			switch k {
			case 0:
				return s.confirm(x)
			case 1:
				return s.DB.Write(s.Context(), func(tx db.Tx) error {
					_, err := s.Orders.ApplyDiscount(s.Context(), tx, order.ApplyDiscountInput{Scope: s.Scope, Cause: s.Cause, OrderID: o.ID,
						Discount: order.DiscountInput{Name: "Late", Amount: money.Amount{Minor: 300, Currency: "USD"}}})
					return err
				})
			default:
				two := int64(2)
				return s.DB.Write(s.Context(), func(tx db.Tx) error {
					_, err := s.Orders.UpdateLine(s.Context(), tx, order.UpdateLineInput{Scope: s.Scope, Cause: s.Cause, OrderID: o.ID, LineID: o.Lines[0].ID, Quantity: &two})
					return err
				})
			}
		})
		for _, err := range errs {
			refused(s.t, err)
		}
		if errs[0] == nil { // what was claimed can be given back, whatever came between
			s.Write(s.t, func(tx db.Tx) error {
				_, _, err := s.Returns.Release(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "merchant_approved"})
				return err
			})
		}
		units, minor := s.gone(o.ID)
		if got := s.read(x.ID); errs[0] == nil && (got.Status != returns.ResolutionFulfilled || minor != x.Returned) {
			s.t.Errorf("the resolution is %s, %s", got.Status, got.FailureCode)
		}
		if l := s.State(s.t, o.ID).Order.Lines[0]; units > l.Quantity || minor > l.Total || units == l.Quantity && minor != l.Total {
			s.t.Errorf("of %d units and %d, %d and %d went back: %v", l.Quantity, l.Total, units, minor, errs)
		}
	})
}

func TestRace44TwoConfirms(t *testing.T) {
	race(t, func(s *shop) {
		o := s.sold()
		x := s.proposed(s.approved(o, 2, returns.AfterApproval), exchange(1000))
		through := 0
		for _, err := range flinttest.Race(3, func(int) error { return s.confirm(x) }) {
			if !refused(s.t, err) {
				through++
			}
		}
		if units, minor := s.gone(o.ID); through != 1 || units != 2 || minor != x.Returned {
			s.t.Errorf("%d confirmed: %d units and %d of %d went back", through, units, minor, x.Returned)
		}
	})
}

func TestRace45ExpiryAgainstPayment(t *testing.T) {
	race(t, func(s *shop) {
		o, _, x := s.dearer()
		s.Advance(returns.DefaultPaymentDays*24*time.Hour - time.Minute)
		var sessionID string
		s.Write(s.t, func(tx db.Tx) error {
			_, x, err := s.Returns.Checkout(s.Context(), tx, s.of(x), returns.SessionInput{})
			if err == nil {
				sessionID = x.Effect.SessionID
			}
			return err
		})
		s.Advance(time.Minute)
		errs := flinttest.Race(2, func(k int) error {
			if k == 0 {
				return s.PaySession(x.ReplacementID, sessionID, "simtok_approve")
			}
			_, err := s.Returns.Sweep(s.Context(), s.DB, 50)
			return err
		})
		s.ok(errs[1])
		unpaid := refused(s.t, errs[0])
		s.work()
		s.work()
		x = s.read(x.ID)
		made := s.State(s.t, x.ReplacementID).Order
		switch {
		case unpaid && (x.FailureCode != "buyer_payment_expired" || made.Settlement.Paid != 0 || s.State(s.t, o.ID).Order.Settlement.Refunded != 0):
			s.t.Errorf("nobody paid (%v): %s %s, %+v", errs[0], x.Status, x.FailureCode, made.Settlement)
		case !unpaid && (x.Status != returns.ResolutionPartiallyFulfilled || x.Collected != x.BuyerPayment || made.Outstanding() != 0):
			s.t.Errorf("it was paid: %s %s, %d of %d, %+v", x.Status, x.FailureCode, x.Collected, x.BuyerPayment, made.Settlement)
		}
	})
}

// try refunds one unit more of the first line, without a return.
func (s *shop) try(orderID string) error {
	one := int64(1)
	_, err := s.Refund(orderID, func(in *refund.CreateInput) {
		in.Lines = []refund.LineInput{{LineID: s.State(s.t, orderID).Order.Lines[0].ID, Quantity: &one}}
	})
	return err
}
