package fulfillment

import (
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// admit refuses to fulfil an order that nothing should be handed over for: one that was closed without money, or
// whose money all went back. An open order is fulfilled whatever was paid, as merchants deliver on account.
func (s *Service) admit(tx db.Tx, o *order.Order) error {
	switch {
	case o.DeriveRefundStatus() == order.RefundRefunded:
		return notFulfillable("All money of the order went back to the buyer.")
	case o.Status == order.StatusClosed && o.DerivePaymentStatus() != order.PaymentPaid:
		return notFulfillable("The order was closed before it was paid.")
	}
	for _, admit := range s.Admit {
		if err := admit(tx, o); err != nil {
			return err
		}
	}
	return nil
}

func notFulfillable(why string) error {
	return fault.Conflict("ORDER_NOT_FULFILLABLE", "%s", why)
}
