package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/notification"
	"flint/internal/order"
)

type (
	// ListMyOrdersInput is the request of me.listOrders.
	ListMyOrdersInput struct {
		PageQuery
		OrderFilter
	}
	// MyOrderInput names an own order.
	MyOrderInput struct {
		OrderID string `path:"order_id" id:"ord"`
	}
)

func registerMyOrders(a *API, s *Services) {
	Get(a, "me.listOrders", func(ctx context.Context, tx db.Tx, c *Caller, in *ListMyOrdersInput) (Page[*Order], error) {
		return s.listOrders(ctx, a, tx, c, in.PageQuery, in.OrderFilter, c.SubjectID)
	}, Doc("List own orders", "Newest first unless sorted otherwise. query looks at the order's number."), Errors("CURRENCY_REQUIRED", "INVALID_AMOUNT_RANGE"))

	Get(a, "me.getOrder", func(ctx context.Context, tx db.Tx, c *Caller, in *MyOrderInput) (*Order, error) {
		o, err := s.myOrder(ctx, tx, c, in.OrderID)
		if err != nil {
			return nil, err
		}
		return s.wireOrderNow(a, tx, c, o)
	}, Doc("Read an own order", "With what the customer may do. What the merchant noted for itself is left out."))

	Get(a, "me.listOrderActivities", func(ctx context.Context, tx db.Tx, c *Caller, in *ListOrderActivitiesInput) (Page[OrderActivity], error) {
		if _, err := s.myOrder(ctx, tx, c, in.OrderID); err != nil {
			return Page[OrderActivity]{}, err
		}
		page, err := s.listActivities(ctx, tx, c, in)
		for i := range page.Data {
			page.Data[i].ActorType, page.Data[i].ActorID = "", "" // who of the merchant did it is the merchant's
		}
		return page, err
	}, Doc("List the history of an own order", "Newest first unless sorted otherwise."))

	Write(a, "me.sendOrderReceipt", func(ctx context.Context, tx db.Tx, c *Caller, in *MyOrderInput) (*Done, error) {
		if _, err := s.myOrder(ctx, tx, c, in.OrderID); err != nil {
			return nil, err
		}
		err := s.Receipts.SendReceipt(ctx, tx, notification.Input{Scope: c.Scope, OrderID: in.OrderID, Checkout: true, Cause: c.Cause()})
		return &Done{Success: true}, err
	}, Doc("Mail the receipt of an own order", "To the order's own address, once in five minutes."),
		Errors("ORDER_RECEIPT_NOT_AVAILABLE", "ORDER_RECEIPT_EMAIL_UNAVAILABLE", "ORDER_RECEIPT_MERCHANT_MANAGED", "ORDER_RECEIPT_RESEND_RATE_LIMITED"))
}

// myOrder reads an order of the session's customer; others' do not exist.
func (s *Services) myOrder(ctx context.Context, tx db.Tx, c *Caller, orderID string) (*order.Order, error) {
	o, err := s.Orders.Get(ctx, tx, c.Scope, orderID)
	if err == nil && (o.CustomerID == "" || o.CustomerID != c.SubjectID) {
		err = fault.NotFound("order")
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}
