package refund_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/flinttest"
	"flint/internal/money"
	"flint/internal/order"
	"flint/internal/payment"
	"flint/internal/refund"
)

// A discount makes a line cheaper than the refund that is on its way for it. The money moves, so it is
// booked, and nothing more of the line can be given back.
func TestLineThatBecomesCheaperThanItsRefund(t *testing.T) {
	for _, token := range []string{"simtok_approve", "simtok_refund_fails"} {
		t.Run(token, func(t *testing.T) {
			each(t, func(t *testing.T, b *flinttest.Bench) {
				o := b.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}, {Price: 5000, Quantity: 1}})
				leg, err := b.Stage(o.ID, 5000, "")
				if err == nil {
					err = b.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: token})
				}
				if err != nil {
					t.Fatal(err)
				}
				r, err := b.Refund(o.ID, line(o, 0, 1))
				made(t, r, err)
				b.Write(t, func(tx db.Tx) error {
					_, err := b.Orders.ApplyDiscount(b.Context(), tx, order.ApplyDiscountInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Discount: order.DiscountInput{
						Name: "Off", Amount: money.Amount{Minor: 2000, Currency: "USD"}, Class: order.DiscountLineItem, LineIDs: []string{o.Lines[0].ID}}})
					return err
				})
				flinttest.Refused(t, second(b.Refund(o.ID, line(o, 0, 1))), "NOTHING_TO_REFUND_FOR_LINE_ITEM")
				flinttest.Refused(t, second(b.Refund(o.ID, func(in *refund.CreateInput) {
					in.Lines = []refund.LineInput{{LineID: o.Lines[0].ID, Amount: flinttest.Money(1, "USD")}}
				})), "AMOUNT_EXCEEDS_REFUNDABLE")
				settle(t, b)
				want := refund.StatusSucceeded
				if token != "simtok_approve" {
					want = refund.StatusFailed
				}
				if got := b.RefundOf(t, r.ID); got.Status != want {
					t.Errorf("the refund is %s, want %s", got.Status, want)
				}
				if want == refund.StatusFailed { // the line can be refunded again, at what it costs now
					again, err := b.Refund(o.ID, line(o, 0, 1))
					if made(t, again, err); again.Amount != 3000 {
						t.Errorf("the second try gives back %d", again.Amount)
					}
				}
			})
		})
	}
}
