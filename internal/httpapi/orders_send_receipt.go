package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/notification"
)

// SendReceiptRequest says where the receipt goes.
type SendReceiptRequest struct {
	Email string `json:"email,omitzero" maxLength:"255" doc:"The address on file when left out."`
}

// SendReceiptInput is the request of sendOrderReceipt.
type SendReceiptInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    *SendReceiptRequest
}

func registerSendReceipt(a *API, s *Services) {
	Write(a, "sendOrderReceipt", func(ctx context.Context, tx db.Tx, c *Caller, in *SendReceiptInput) (*Done, error) {
		if _, err := s.orderOf(tx, c, in.OrderID); err != nil {
			return nil, err
		}
		email := ""
		if in.Body != nil {
			email = in.Body.Email
		}
		err := s.Receipts.SendReceipt(ctx, tx, notification.Input{
			Scope: c.Scope, OrderID: in.OrderID, Email: email, Checkout: c.Kind == auth.CheckoutCredential, Cause: s.cause(c),
		})
		return &Done{Success: true}, err
	}, Doc("Mail the receipt of a paid order", "One in five minutes to an address, and to at most three addresses for good."),
		Errors("ORDER_RECEIPT_NOT_AVAILABLE", "ORDER_RECEIPT_MERCHANT_MANAGED", "ORDER_RECEIPT_EMAIL_UNAVAILABLE",
			"ORDER_RECEIPT_EMAIL_ON_FILE", "ORDER_RECEIPT_RESEND_RATE_LIMITED", "ORDER_RECEIPT_RECIPIENT_LIMIT_REACHED"))
}
