package returns_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/db/dbtest"
	"flint/internal/dispute"
	"flint/internal/doctor"
	"flint/internal/fault"
	"flint/internal/processor/simulator"
	"flint/internal/returns"
)

// TestDoctorFindsLostValue breaks the data of returns in the ways in which value could get lost, one at a time.
func TestDoctorFindsLostValue(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d db.DB) {
		for sql, want := range map[string]string{
			`DELETE FROM return_resolutions WHERE merchant_id = $1 AND status = 'requires_action' AND replacement_order_id = ''`: "a resolution that was not canceled stands behind it (count)",
			`UPDATE return_resolutions SET status = 'canceled' WHERE merchant_id = $1`:                                           "a resolution that was not canceled stands behind it (count)",
			`UPDATE return_claims SET return_id = 'ret_other' WHERE merchant_id = $1`:                                            "it is of the order of its return (1 when so)",
			`DELETE FROM payment_intents WHERE merchant_id = $1 AND credit_of <> ''`:                                             "value that left as exchange credit = what arrived on the other order",
			`UPDATE payment_intents SET captured = captured - 1 WHERE merchant_id = $1 AND credit_of <> ''`:                      "value that left as exchange credit = what arrived on the other order",
			`UPDATE refunds SET method = '' WHERE merchant_id = $1 AND method = 'exchange_credit'`:                               "credit that stands on an order has left another (count)",
		} {
			s := open(t, d)
			o := s.sold()
			s.settle(s.approved(o, 1, returns.AfterApproval), exchange(1000))
			s.settle(s.approved(o, 1, returns.TimingManual), returns.ResolutionInput{Type: returns.ResolutionRefund})
			s.Check(t)
			s.Write(t, func(tx db.Tx) error { return tx.Send(sql, s.Scope.MerchantID) })
			report, err := doctor.Check(s.Context(), s.DB, doctor.Options{Scope: &s.Scope})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range report.Findings {
				found = found || f.Rule == want
			}
			if !found {
				t.Errorf("%s: nothing says %q: %v", sql, want, report.Findings)
			}
		}
	})
}

// TestDisputeOfMovedValue: a bank takes a payment back of which a part stands on another order. What is out of reach
// of refunds is what is left of it, and grows when the exchange is undone.
func TestDisputeOfMovedValue(t *testing.T) {
	each(t, func(s *shop) {
		o, _, x := s.dearer()
		leg := s.State(s.t, o.ID).Leg()
		opened, err := s.Simulator.OpenDispute(s.Context(), simulator.OpenInput{Scope: s.Scope, PaymentID: leg.ID, Amount: leg.Captured})
		s.ok(err)
		s.Deliver(s.t)
		held := func(want int64) {
			s.t.Helper()
			s.Check(s.t)
			if got := s.State(s.t, o.ID); got.Leg().Disputed != want || got.Order.Disputes.Open != leg.Captured {
				s.t.Errorf("%d is held, want %d; open %d of %d", got.Leg().Disputed, want, got.Order.Disputes.Open, leg.Captured)
			}
		}
		held(leg.Captured - x.Returned)
		s.Write(s.t, func(tx db.Tx) error {
			_, _, err := s.Returns.CancelResolution(tx, returns.ActInput{ResolutionVersion: s.of(x), Reason: "buyer_request"})
			return err
		})
		held(leg.Captured)
		_, err = s.Simulator.MoveDispute(s.Context(), simulator.MoveInput{Scope: s.Scope, Ref: opened.Ref, Status: dispute.StatusWon})
		s.ok(err)
		s.Deliver(s.t)
		if got := s.State(s.t, o.ID).Leg(); got.Disputed != 0 || got.Refunded != 0 {
			s.t.Errorf("after it was won %d is held and %d refunded", got.Disputed, got.Refunded)
		}
	})
}

// TestDisputedPaymentFailsTheResolution: what cannot be given back now fails, can be tried again once the dispute is
// over, and stops nobody from receiving goods.
func TestDisputedPaymentFailsTheResolution(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		x := s.settle(s.approved(o, 1, returns.TimingManual), returns.ResolutionInput{Type: returns.ResolutionRefund})
		opened, err := s.Simulator.OpenDispute(s.Context(), simulator.OpenInput{Scope: s.Scope, PaymentID: s.State(s.t, o.ID).Leg().ID, Amount: 100})
		s.ok(err)
		s.Deliver(s.t)
		act := returns.ActInput{ResolutionVersion: s.of(x), Reason: "merchant_approved"}
		s.Write(s.t, func(tx db.Tx) error { _, _, err := s.Returns.Release(tx, act); return err })
		if x = s.read(x.ID); x.Status != returns.ResolutionFailed || x.FailureCode != "PAYMENT_INTENT_DISPUTED" {
			s.t.Fatalf("the resolution is %s, %s", x.Status, x.FailureCode)
		}
		_, err = s.Simulator.MoveDispute(s.Context(), simulator.MoveInput{Scope: s.Scope, Ref: opened.Ref, Status: dispute.StatusWon})
		s.ok(err)
		s.Deliver(s.t)
		s.Write(s.t, func(tx db.Tx) error { _, _, err := s.Returns.Retry(tx, act); return err })
		s.work()
		s.wants(s.read(x.ID), "fulfilled", x.Returned, 0)
	})
}

// TestKeptValueStaysWithTheMerchant: units of which no money moves do not leave their value to the units after them.
func TestKeptValueStaysWithTheMerchant(t *testing.T) {
	each(t, func(s *shop) {
		o := s.sold()
		s.settle(s.approved(o, 1, returns.AfterApproval), returns.ResolutionInput{Type: returns.ResolutionNoMoney})
		x := s.settle(s.approved(o, 2, returns.AfterApproval), returns.ResolutionInput{Type: returns.ResolutionRefund})
		if l := o.Lines[0]; x.Refunded > l.Total*2/3+2 {
			s.t.Errorf("2 of 3 units of %d gave back %d", l.Total, x.Refunded)
		}
		if err := s.try(o.ID); !fault.Is(err, "NOTHING_TO_REFUND_FOR_LINE_ITEM") && !fault.Is(err, "INVALID_QUANTITY") {
			s.t.Errorf("a fourth unit: %v", err)
		}
	})
}
