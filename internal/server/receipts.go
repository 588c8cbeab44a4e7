package server

import (
	"context"
	"time"

	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/tenant"
)

// receiptOrder reads what a receipt says of an order; the order stays locked until tx ends.
func (s *Server) receiptOrder(ctx context.Context, tx db.Tx, scope tenant.Scope, orderID string) (notification.Order, error) {
	o, err := s.Services.Orders.Load(tx, scope, orderID)
	if err != nil {
		return notification.Order{}, err
	}
	m, err := s.Merchants.Get(ctx, tx, scope.MerchantID)
	if err != nil {
		return notification.Order{}, err
	}
	out := notification.Order{
		Number: o.Number, Paid: o.DerivePaymentStatus() == order.PaymentPaid, PaidAt: o.SettledAt, Zone: time.UTC,
		Merchant: notification.Merchant{
			Name: m.BusinessName, SupportEmail: m.SupportEmail, SupportPhone: m.SupportPhone, SupportURL: m.SupportURL,
		},
		Currency: o.Currency, Subtotal: o.Pricing.Subtotal, Discount: o.Pricing.Discount, Tax: o.Pricing.Tax,
		TaxIncluded: o.Pricing.TaxIncluded, Tip: o.Pricing.Tip, Total: o.Pricing.Total, Received: o.Settlement.Paid,
		Refunded: o.Settlement.Refunded,
	}
	if o.BuyerContact != nil {
		out.Email = o.BuyerContact.Email
	}
	if out.Email == "" && o.CustomerID != "" {
		c, err := s.Services.Customers.Get(ctx, tx, scope, o.CustomerID)
		if err != nil && !fault.Is(err, "RESOURCE_NOT_FOUND") {
			return out, err
		}
		if err == nil {
			out.Email = c.Email
		}
	}
	for _, l := range o.Lines {
		out.Items = append(out.Items, notification.Item{Name: l.Name, Quantity: l.Quantity, Amount: l.Subtotal})
	}
	for _, c := range o.Charges {
		out.Charges = append(out.Charges, notification.Item{Name: c.Name, Amount: c.Applied})
	}
	return out, nil
}

// receiptOfCheckout mails the receipt to a buyer who has paid on a page of ours and left an address.
// What keeps a receipt from going out never keeps a payment from being booked.
func (s *Server) receiptOfCheckout(tx db.Tx, o *order.Order, cause event.Cause) error {
	if cause.CheckoutSessionID == "" || o.Outstanding() > 0 || o.BuyerContact == nil || o.BuyerContact.Email == "" {
		return nil
	}
	err := s.Receipts.SendReceipt(tx.Context(), tx, notification.Input{
		Scope: o.Scope, OrderID: o.ID, Checkout: true, Cause: event.Cause{ActorType: "system", RequestID: cause.RequestID},
	})
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		return nil
	}
	return err
}
