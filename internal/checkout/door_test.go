package checkout_test

import (
	"testing"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/flinttest"
	"flint/internal/payment"
)

// A session that has ended, in whatever way, takes no payment, whoever still holds its credential.
func TestADeadDoorTakesNoPayment(t *testing.T) {
	for _, c := range []struct {
		name, code string
		end        func(t *testing.T, b *flinttest.Bench, s *checkout.Session)
	}{
		{"closed", "CHECKOUT_SESSION_NOT_OPEN", func(t *testing.T, b *flinttest.Bench, s *checkout.Session) {
			b.Write(t, func(tx db.Tx) error {
				_, err := b.Checkouts.Close(tx, checkout.CloseInput{Scope: b.Scope, SessionID: s.ID, Cause: b.Cause})
				return err
			})
		}},
		{"replaced", "CHECKOUT_SESSION_NOT_OPEN", func(t *testing.T, b *flinttest.Bench, s *checkout.Session) {
			opened(t, b, s.OrderID, s.ID)
		}},
		{"fenced", "CHECKOUT_SESSION_NOT_OPEN", func(t *testing.T, b *flinttest.Bench, s *checkout.Session) {
			b.Write(t, func(tx db.Tx) error {
				o, err := b.Orders.Load(tx, b.Scope, s.OrderID)
				if err != nil {
					return err
				}
				return b.Checkouts.Fence(tx, o, checkout.ReasonInvoiceVoided, b.Cause)
			})
		}},
		{"past its time", "CHECKOUT_SESSION_EXPIRED", func(_ *testing.T, b *flinttest.Bench, _ *checkout.Session) {
			b.Advance(25 * time.Hour)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, b *flinttest.Bench) {
				o := simple(t, b)
				s := opened(t, b, o.ID, "")
				leg, err := b.Stage(o.ID, 0, "")
				if err != nil {
					t.Fatal(err)
				}
				c.end(t, b, s)
				flinttest.Refused(t, b.PaySession(o.ID, s.ID, "simtok_approve"), c.code)
				err = b.DB.Write(b.Context(), func(tx db.Tx) error {
					_, err := b.Payments.Confirm(tx, payment.ConfirmInput{Scope: b.Scope, OrderID: o.ID, CheckoutSessionID: s.ID, Cause: b.Cause,
						Selections: []payment.Selection{{PaymentIntentID: leg.ID, Source: payment.Credential{Token: "simtok_approve"}}}})
					return err
				})
				flinttest.Refused(t, err, c.code)
				if got := b.State(t, o.ID); got.Order.Settlement.Paid != 0 || len(got.Attempts) != 0 {
					t.Errorf("paid %d in %d attempts", got.Order.Settlement.Paid, len(got.Attempts))
				}
			})
		})
	}
}

// The session of one order is no way to another.
func TestADoorLeadsToItsOrder(t *testing.T) {
	each(t, func(t *testing.T, b *flinttest.Bench) {
		s := opened(t, b, simple(t, b).ID, "")
		flinttest.Refused(t, b.PaySession(simple(t, b).ID, s.ID, "simtok_approve"), "RESOURCE_NOT_FOUND")
	})
}
