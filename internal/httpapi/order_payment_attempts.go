package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/db/listing"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/payment"
)

// cause names the caller, and the session through which a buyer acts.
func (s *Services) cause(c *Caller) event.Cause {
	cause := c.Cause()
	if c.Kind == auth.CheckoutCredential {
		cause.CheckoutSessionID = c.SubjectID
	}
	return cause
}

// ListAttemptsInput is the request of listOrderPaymentAttempts.
type ListAttemptsInput struct {
	OrderID string `path:"order_id" id:"ord"`
	PageQuery
}

// AttemptInput names one attempt of an order.
type AttemptInput struct {
	OrderID   string `path:"order_id" id:"ord"`
	AttemptID string `path:"order_payment_attempt_id" id:"opat"`
}

// CancelAttemptInput is the request of cancelOrderPaymentAttempt.
type CancelAttemptInput struct {
	OrderID   string `path:"order_id" id:"ord"`
	AttemptID string `path:"order_payment_attempt_id" id:"opat"`
	Body      *CancelAttemptRequest

	operations []payment.Operation
}

// CancelAttemptRequest says why.
type CancelAttemptRequest struct {
	Reason string `json:"cancellation_reason,omitzero" enum:"requested_by_customer,duplicate,fraudulent,abandoned"`
}

func registerPaymentAttempts(a *API, s *Services) {
	Get(a, "listOrderPaymentAttempts", func(ctx context.Context, tx db.Tx, c *Caller, in *ListAttemptsInput) (Page[*OrderPaymentAttempt], error) {
		session, err := s.orderOf(tx, c, in.OrderID)
		if err != nil {
			return Page[*OrderPaymentAttempt]{}, err
		}
		if _, err := s.Orders.Get(ctx, tx, c.Scope, in.OrderID); err != nil {
			return Page[*OrderPaymentAttempt]{}, err
		}
		sessionID := ""
		if session != nil {
			sessionID = session.ID
		}
		page, err := List(c, in.PageQuery, func(after *listing.Cursor, limit int) ([]*payment.Attempt, *listing.Cursor, error) {
			return payment.Attempts(tx, c.Scope, in.OrderID, sessionID, after, limit)
		})
		if err != nil {
			return Page[*OrderPaymentAttempt]{}, err
		}
		intents, err := payment.OfOrder(tx, c.Scope, in.OrderID, false)
		if err != nil {
			return Page[*OrderPaymentAttempt]{}, err
		}
		out := Page[*OrderPaymentAttempt]{Data: make([]*OrderPaymentAttempt, len(page.Data)), Next: page.Next}
		for n, attempt := range page.Data {
			actions, err := payment.Actions(tx, attempt)
			if err != nil {
				return out, err
			}
			out.Data[n] = wireAttempt(attempt, attempt.LegsAmong(intents), actions, a.BaseURL, c.Now)
		}
		return out, nil
	}, Doc("List the payment attempts of an order", "Newest first."))

	Get(a, "getOrderPaymentAttempt", func(ctx context.Context, tx db.Tx, c *Caller, in *AttemptInput) (*OrderPaymentAttempt, error) {
		if err := s.mayUseAttempt(tx, c, in.OrderID, in.AttemptID); err != nil {
			return nil, err
		}
		return s.attemptNow(a, tx, c.Scope, in.OrderID, in.AttemptID)
	}, Doc("Read a payment attempt", "Shows its legs, and what the buyer has to do."))

	Staged(a, "cancelOrderPaymentAttempt", Steps[CancelAttemptInput, *PayOrderResult]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *CancelAttemptInput) (string, error) {
			if err := s.mayUseAttempt(tx, c, in.OrderID, in.AttemptID); err != nil {
				return "", err
			}
			reason := ""
			if in.Body != nil {
				reason = in.Body.Reason
			}
			var err error
			in.operations, err = s.Payments.CancelAttempt(tx, payment.CancelAttemptInput{
				Scope: c.Scope, OrderID: in.OrderID, AttemptID: in.AttemptID, Reason: reason, Cause: s.cause(c),
			})
			return in.AttemptID, err
		},
		Finish: func(ctx context.Context, c *Caller, in *CancelAttemptInput, attemptID string, settle func(db.Tx, *PayOrderResult) error) (*PayOrderResult, error) {
			pay := &PayOrderInput{OrderID: in.OrderID, operations: in.operations}
			return s.finishPay(ctx, a, c, pay, attemptID, settle)
		},
	}, Doc("Cancel the open payment attempt", "Gives unsettled legs up and frees the order. Legs that have settled stay."),
		Errors("PAYMENT_ATTEMPT_NOT_CANCELABLE", "CHECKOUT_RECOVERY_ATTEMPT_MISMATCH"))
}

// mayUseAttempt refuses an attempt that the caller may not see: a buyer sees those of their own session.
func (s *Services) mayUseAttempt(tx db.Tx, c *Caller, orderID, attemptID string) error {
	session, err := s.orderOf(tx, c, orderID)
	if err != nil {
		return err
	}
	if session != nil {
		if err := session.MayUse(attemptID, c.Now); err != nil {
			return err
		}
	}
	attempt, err := payment.GetAttempt(tx, c.Scope, orderID, attemptID)
	if err != nil {
		return err
	}
	if session != nil && attempt.CheckoutSessionID != session.ID {
		return fault.NotFound("payment attempt")
	}
	return nil
}
