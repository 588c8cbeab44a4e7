package httpapi

import (
	"context"

	"flint/internal/db"
	"flint/internal/order"
)

// CloseOrderRequest says why.
type CloseOrderRequest struct {
	Reason string `json:"reason_message,omitzero" maxLength:"5000" fault:"long=NOTE_TOO_LONG" doc:"For the merchant; buyers do not see it."`
}

// CloseOrderInput is the request of closeOrder.
type CloseOrderInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    CloseOrderRequest
}

func registerCloseOrder(a *API, s *Services) {
	Write(a, "closeOrder", func(ctx context.Context, tx db.Tx, c *Caller, in *CloseOrderInput) (*Order, error) {
		o, err := s.Orders.Close(ctx, tx, order.CloseInput{Scope: c.Scope, Cause: s.cause(c), OrderID: in.OrderID, Reason: in.Body.Reason})
		return s.orderAnswer(a, tx, c, o, err)
	}, Doc("Close an order", "It takes no more changes or payments; refunds stay possible. Discounts that were not redeemed are canceled."),
		Errors("ORDER_ALREADY_CLOSED", "PAYMENT_ATTEMPT_IN_PROGRESS"))
}
