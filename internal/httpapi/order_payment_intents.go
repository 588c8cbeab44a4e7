package httpapi

import (
	"context"
	"fmt"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/metadata"
	"flint/internal/order"
	"flint/internal/payment"
)

// WalletSelection chooses wallets for cards.
type WalletSelection struct {
	DigitalWallets []string `json:"digital_wallets,omitempty" enum:"apple_pay,google_pay"`
}

// SourceSelection narrows how a source is collected.
type SourceSelection struct {
	Card *WalletSelection `json:"card,omitzero"`
}

// CreateOrderPaymentIntentRequest stages a leg.
type CreateOrderPaymentIntentRequest struct {
	Amount              *Money            `json:"amount_money,omitzero" doc:"Everything outstanding when left out."`
	CaptureMethod       string            `json:"capture_method,omitzero" enum:"automatic,manual"`
	Options             []string          `json:"payment_options,omitempty" enum:"card,apple_pay,google_pay,affirm,ach_debit" maxItems:"5"`
	SourceSelection     *SourceSelection  `json:"payment_source_selection,omitzero"`
	ReturnURL           string            `json:"payment_return_url,omitzero" maxLength:"2048"`
	ExternalReferenceID string            `json:"external_reference_id,omitzero" maxLength:"255"`
	Metadata            map[string]string `json:"metadata,omitempty"`
}

// CreateOrderPaymentIntentInput is the request of createOrderPaymentIntent.
type CreateOrderPaymentIntentInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    *CreateOrderPaymentIntentRequest
}

// CreatePaymentIntentResult is a new leg and how to collect it.
type CreatePaymentIntentResult struct {
	Intent     *PaymentIntent     `json:"payment_intent"`
	Collection *PaymentCollection `json:"payment_collection"`
}

// CaptureOrderPaymentRequest takes money of a hold.
type CaptureOrderPaymentRequest struct {
	Amount    *Money `json:"amount_money,omitzero" doc:"Everything capturable when left out; the rest is released."`
	AttemptID string `json:"order_payment_attempt_id,omitzero" maxLength:"64"`
}

// CaptureOrderPaymentInput is the request of captureOrderPayment.
type CaptureOrderPaymentInput struct {
	OrderID  string `path:"order_id" id:"ord"`
	IntentID string `path:"payment_intent_id" id:"pi"`
	Body     *CaptureOrderPaymentRequest

	operations []payment.Operation
}

// CancelOrderPaymentRequest gives a leg up.
type CancelOrderPaymentRequest struct {
	Reason    string `json:"cancellation_reason,omitzero" enum:"requested_by_customer,duplicate,fraudulent,abandoned"`
	AttemptID string `json:"order_payment_attempt_id,omitzero" maxLength:"64"`
}

// CancelOrderPaymentInput is the request of cancelOrderPayment.
type CancelOrderPaymentInput struct {
	OrderID  string `path:"order_id" id:"ord"`
	IntentID string `path:"payment_intent_id" id:"pi"`
	Body     *CancelOrderPaymentRequest

	operations []payment.Operation
}

// OrderPaymentResult is an order with a leg and its attempt.
type OrderPaymentResult struct {
	Order   *Order               `json:"order"`
	Intent  *PaymentIntent       `json:"payment_intent"`
	Attempt *OrderPaymentAttempt `json:"payment_attempt,omitzero"`
}

func registerOrderPaymentIntents(a *API, s *Services) {
	Write(a, "createOrderPaymentIntent", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateOrderPaymentIntentInput) (*CreatePaymentIntentResult, error) {
		return s.stage(tx, c, in)
	}, Doc("Stage a payment intent of an order", "Nothing is charged until it is confirmed by the pay call."),
		Errors("AMOUNT_EXCEEDS_BALANCE", "AMOUNT_TOO_SMALL", "PAYMENT_INTENT_LIMIT_REACHED", "PAYMENT_OPTION_NOT_READY", "ORDER_DELAYED_CAPTURE_SPLIT_PAYMENT_UNSUPPORTED"))

	Staged(a, "captureOrderPayment", Steps[CaptureOrderPaymentInput, *OrderPaymentResult]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *CaptureOrderPaymentInput) (string, error) {
			r := in.Body
			if r == nil {
				r = &CaptureOrderPaymentRequest{}
			}
			var err error
			in.operations, err = s.Payments.Capture(tx, payment.CaptureInput{
				Scope: c.Scope, OrderID: in.OrderID, IntentID: in.IntentID, AttemptID: r.AttemptID, Amount: r.Amount.amount(), Cause: s.cause(c),
			})
			return in.IntentID, err
		},
		Finish: func(ctx context.Context, c *Caller, in *CaptureOrderPaymentInput, intentID string, settle func(db.Tx, *OrderPaymentResult) error) (*OrderPaymentResult, error) {
			return s.finishLeg(ctx, a, c, in.OrderID, intentID, in.operations, settle)
		},
	}, Doc("Capture an authorized payment", "Takes the amount and releases the rest of the hold."),
		Errors("PAYMENT_ATTEMPT_ID_REQUIRED", "PAYMENT_ATTEMPT_MISMATCH", "INVALID_STATUS_FOR_CAPTURE", "PAYMENT_AUTHORIZATION_EXPIRED", "CAPTURE_AMOUNT_EXCEEDS_CAPTURABLE"))

	Staged(a, "cancelOrderPayment", Steps[CancelOrderPaymentInput, *OrderPaymentResult]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *CancelOrderPaymentInput) (string, error) {
			if _, err := s.orderOf(tx, c, in.OrderID); err != nil {
				return "", err
			}
			r := in.Body
			if r == nil {
				r = &CancelOrderPaymentRequest{}
			}
			var err error
			in.operations, err = s.Payments.Cancel(tx, payment.CancelInput{
				Scope: c.Scope, OrderID: in.OrderID, IntentID: in.IntentID, AttemptID: r.AttemptID, Reason: r.Reason, Cause: s.cause(c),
			})
			return in.IntentID, err
		},
		Finish: func(ctx context.Context, c *Caller, in *CancelOrderPaymentInput, intentID string, settle func(db.Tx, *OrderPaymentResult) error) (*OrderPaymentResult, error) {
			return s.finishLeg(ctx, a, c, in.OrderID, intentID, in.operations, settle)
		},
	}, Doc("Cancel an unsettled payment", "Releases a hold, or gives up a staged, declined or waiting leg."),
		Errors("PAYMENT_ATTEMPT_ID_REQUIRED", "PAYMENT_ATTEMPT_MISMATCH", "ORDER_PAYMENT_LEG_ALREADY_SETTLED", "PAYMENT_INTENT_NOT_CANCELABLE"))
}

func (s *Services) stage(tx db.Tx, c *Caller, in *CreateOrderPaymentIntentInput) (*CreatePaymentIntentResult, error) {
	session, err := s.openSessionOf(tx, c, in.OrderID)
	if err != nil {
		return nil, err
	}
	flow, sessionID := "api", ""
	if session != nil {
		flow, sessionID = "checkout", session.ID
	}
	r := in.Body
	if r == nil {
		r = &CreateOrderPaymentIntentRequest{}
	}
	var f fault.List
	for n, o := range r.Options {
		if o != "card" && o != "ach_debit" {
			f.Add("PAYMENT_OPTION_NOT_READY", fmt.Sprintf("payment_options[%d]", n), "This payment option is not available.")
		}
	}
	if r.SourceSelection != nil && r.SourceSelection.Card != nil {
		refuseReserved(&f, len(r.SourceSelection.Card.DigitalWallets) > 0, "payment_source_selection.card.digital_wallets")
	}
	f.AddError("metadata", metadata.Check(r.Metadata))
	if err := f.Err(); err != nil {
		return nil, err
	}
	i, o, err := s.Payments.Stage(tx, payment.StageInput{
		Scope: c.Scope, OrderID: in.OrderID, CheckoutSessionID: sessionID, Amount: r.Amount.amount(), CaptureMethod: r.CaptureMethod, Options: r.Options,
		ReturnURL: r.ReturnURL, Flow: flow, ExternalReferenceID: r.ExternalReferenceID, Metadata: r.Metadata, Cause: s.cause(c),
	})
	if err != nil {
		return nil, err
	}
	collection, err := s.collection(tx, c.Scope, o, sessionID)
	return &CreatePaymentIntentResult{Intent: wireIntent(i, c.Now), Collection: collection}, err
}

func (s *Services) finishLeg(ctx context.Context, a *API, c *Caller, orderID, intentID string, ops []payment.Operation, settle func(db.Tx, *OrderPaymentResult) error) (*OrderPaymentResult, error) {
	answer := func(tx db.Tx) (*OrderPaymentResult, error) {
		o, err := s.Orders.Get(ctx, tx, c.Scope, orderID)
		if err != nil {
			return nil, err
		}
		return s.legResult(a, tx, c, o, intentID)
	}
	if ops == nil {
		var err error
		ops, err = read(ctx, a, func(tx db.Tx) ([]payment.Operation, error) {
			i, err := payment.Get(tx, c.Scope, intentID)
			if err != nil {
				return nil, err
			}
			return payment.PlannedOf(tx, i)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(ops) == 0 {
		return read(ctx, a, answer)
	}
	var out *OrderPaymentResult
	err := s.Payments.Execute(ctx, ops, s.cause(c), func(tx db.Tx, o *order.Order) error {
		var err error
		if out, err = s.legResult(a, tx, c, o, intentID); err != nil {
			return err
		}
		return settle(tx, out)
	})
	return out, err
}

func (s *Services) legResult(a *API, tx db.Tx, c *Caller, o *order.Order, intentID string) (*OrderPaymentResult, error) {
	wire, err := s.wireOrderNow(a, tx, c, o)
	if err != nil {
		return nil, err
	}
	i, err := payment.Get(tx, c.Scope, intentID)
	if err != nil {
		return nil, err
	}
	out := &OrderPaymentResult{Order: wire, Intent: wireIntent(i, a.Clock.Now())}
	if i.AttemptID != "" {
		out.Attempt, err = s.attemptNow(a, tx, c.Scope, o.ID, i.AttemptID)
	}
	return out, err
}
