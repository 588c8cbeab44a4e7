package server

import (
	"context"
	"fmt"
	"time"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/merchant"
	"flint/internal/notification"
	"flint/internal/order"
	"flint/internal/settings"
	"flint/internal/tenant"
)

// Effective reads the settings that hold for an environment.
type Effective = func(tx db.Tx, scope tenant.Scope) (*settings.Settings, error)

// ReceiptOrders tells package notification, which knows no orders, what a receipt says. The address
// on file is the one the buyer left with the payment, otherwise the customer's.
func ReceiptOrders(orders *order.Service, merchants *merchant.Service, customers *customer.Service, effective Effective) func(context.Context, db.Tx, tenant.Scope, string) (notification.Order, error) {
	return func(ctx context.Context, tx db.Tx, scope tenant.Scope, orderID string) (notification.Order, error) {
		o, err := orders.Load(tx, scope, orderID)
		if err != nil {
			return notification.Order{}, err
		}
		m, err := merchants.Get(ctx, tx, scope.MerchantID)
		if err != nil {
			return notification.Order{}, fmt.Errorf("read the merchant of a receipt: %w", err)
		}
		email, err := addressOf(ctx, tx, customers, o)
		if err != nil {
			return notification.Order{}, fmt.Errorf("read the customer of a receipt: %w", err)
		}
		e, err := effective(tx, scope)
		if err != nil {
			return notification.Order{}, fmt.Errorf("read the settings of a receipt: %w", err)
		}
		out := receiptOrder(o, m, email)
		out.OnRequest = !e.Receipts.AutoEmail
		out.MerchantSends = e.EmailDelivery.MerchantSends(notification.FamilyReceipts)
		out.Header, out.Footer, out.Brief = e.Receipts.Header, e.Receipts.Footer, !e.Receipts.Itemized
		return out, nil
	}
}

// addressOf is where to write to about an order: the address that the buyer left with the payment, otherwise the
// customer's; empty when there is none.
func addressOf(ctx context.Context, tx db.Tx, customers *customer.Service, o *order.Order) (string, error) {
	switch contact := o.BuyerContact; {
	case contact != nil && (contact.Email != "" || contact.EmailCleared):
		return contact.Email, nil
	case o.CustomerID != "":
		c, err := customers.Get(ctx, tx, o.Scope, o.CustomerID)
		if err != nil {
			return "", err
		}
		return c.Email, nil
	}
	return "", nil
}

func receiptOrder(o *order.Order, m merchant.Merchant, email string) notification.Order {
	p := o.Pricing
	out := notification.Order{
		Number: o.Number, Paid: o.DerivePaymentStatus() == order.PaymentPaid, Email: email, PaidAt: o.SettledAt,
		Merchant: mailMerchant(m),
		Currency: o.Currency, Subtotal: p.Subtotal, Discount: p.Discount, Tax: p.Tax, TaxIncluded: p.TaxIncluded, Tip: p.Tip, Total: p.Total,
		Received: o.Settlement.Paid, Refunded: o.Settlement.Refunded,
	}
	if zone, err := time.LoadLocation(m.ReportingTimezone); err == nil { // UTC otherwise
		out.Zone = zone
	}
	for i := range o.Lines {
		l := &o.Lines[i]
		out.Items = append(out.Items, notification.Item{Name: l.Name, Quantity: l.Quantity, Amount: l.Subtotal})
	}
	for i := range o.Charges {
		out.Charges = append(out.Charges, notification.Item{Name: o.Charges[i].Name, Amount: o.Charges[i].Applied})
	}
	return out
}

// mailMerchant is who a mail says it comes from.
func mailMerchant(m merchant.Merchant) notification.Merchant {
	out := notification.Merchant{Name: m.BusinessName, SupportEmail: m.SupportEmail, SupportPhone: m.SupportPhone, SupportURL: m.SupportURL}
	if a := m.Address; a != nil {
		for _, l := range []string{a.Line1, a.Line2, a.PostalCode + " " + a.City, a.State, a.Country} {
			if l != "" && l != " " {
				out.Address = append(out.Address, l)
			}
		}
	}
	return out
}

// receiptOfCheckout mails the receipt to a buyer who has paid on a page of ours and left an address.
// What keeps a receipt from going out never keeps a payment from being booked.
func (s *Server) receiptOfCheckout(tx db.Tx, o *order.Order, cause event.Cause) error {
	if cause.CheckoutSessionID == "" || o.Outstanding() > 0 || o.BuyerContact == nil || o.BuyerContact.Email == "" {
		return nil
	}
	err := s.Receipts.SendReceipt(tx.Context(), tx, notification.Input{
		Scope: o.Scope, OrderID: o.ID, Checkout: true, Automatic: true, Cause: event.Cause{ActorType: "system", RequestID: cause.RequestID},
	})
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		return nil
	}
	return err
}
