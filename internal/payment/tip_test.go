package payment_test

import (
	"testing"

	"flint/internal/db"
	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

// A tip that was asked for after a leg was staged is carried by that leg all the same.
func TestTipAskedAfterStaging(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 5000, Quantity: 1}})
		leg, err := b.Stage(o.ID, 5000, "")
		if err != nil {
			t.Fatal(err)
		}
		b.Write(t, func(tx db.Tx) error {
			_, err := b.Orders.Patch(b.Context(), tx, order.PatchInput{Scope: b.Scope, Cause: b.Cause, OrderID: o.ID, Tip: &order.TipInput{Amount: flinttest.Money(500, "USD")}})
			return err
		})
		more, err := b.Stage(o.ID, 200, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Confirm(o.ID, payment.PartialPayment, map[string]string{leg.ID: "simtok_approve", more.ID: "simtok_approve"}); err != nil {
			t.Fatal(err)
		}
		s := b.Paid(t, o.ID, "simtok_approve")
		if s.Order.Settlement.SettledTip != 500 || s.Order.Tips[0].Status != order.TipSettled {
			t.Errorf("%d of the tip settled, it is %s", s.Order.Settlement.SettledTip, s.Order.Tips[0].Status)
		}
	})
}
