package payment_test

import (
	"slices"
	"testing"

	"flint/internal/flinttest"
	"flint/internal/order"
	"flint/internal/payment"
)

func TestDeclinedLegOfAnOldPriceGivesWay(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		o := b.Order(t, "USD", []flinttest.Line{{Price: 1000, Quantity: 1}})
		b.Paid(t, o.ID, "simtok_decline_card_declined")
		addLine(t, b, o.ID, 500)
		s := b.Paid(t, o.ID, "simtok_approve")
		want(t, s, payment.AttemptSucceeded, payment.IntentSucceeded, order.PaymentPaid, 1500, 0)
		if s.Intents[0].Status != payment.IntentCanceled {
			t.Errorf("the declined leg is %s", s.Intents[0].Status)
		}
		if got := b.Events(t, o.ID); !slices.Contains(got, "payment_intent.canceled") {
			t.Errorf("nobody was told of the canceled leg: %v", got)
		}
	})
}
