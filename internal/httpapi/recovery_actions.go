package httpapi

import (
	"context"

	"flint/internal/auth"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/payment"
	"flint/internal/recovery"
)

// CreateRecoveryActionRequest asks for another door to an order.
type CreateRecoveryActionRequest struct {
	Type          string `json:"type" enum:"checkout_session,payment_link,invoice,recovery_link" doc:"The door to open. All but recovery_link end the open session; a recovery_link leads to it, or to a new one of the same configuration."`
	CancelPayment bool   `json:"cancel_open_payment,omitzero" doc:"Give up a payment that waits for its buyer. One that the bank works on cannot be given up."`
}

// CreateSessionRecoveryActionInput is the request of createCheckoutSessionRecoveryAction.
type CreateSessionRecoveryActionInput struct {
	SessionID string `path:"checkout_session_id" id:"cs"`
	Body      CreateRecoveryActionRequest

	operations []payment.Operation
}

// CreateOrderRecoveryActionInput is the request of createOrderRecoveryAction.
type CreateOrderRecoveryActionInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Body    CreateRecoveryActionRequest

	operations []payment.Operation
}

// doorScopes are what a caller needs beside the right to manage sessions.
var doorScopes = map[string]string{recovery.TypePaymentLink: "checkouts.payment_links.write", recovery.TypeInvoice: "commerce.invoices.write"}

func registerRecoveryActions(a *API, s *Services) {
	codes := Errors("ORDER_NOT_OPEN", "ORDER_ALREADY_PAID", "CHECKOUT_SESSION_CURRENT_CHANGED", "CHECKOUT_PAYMENT_RESOLVING",
		"PAYMENT_ATTEMPT_NOT_CANCELABLE", "RECOVERY_ACTION_UNAVAILABLE", "RECOVERY_ACTION_ALREADY_ENDED", "PAYMENT_OPTION_UNAVAILABLE",
		"ORDER_ALREADY_HAS_ACTIVE_INVOICE", "ORDER_COLLECTION_ALREADY_ACTIVE", "INVOICE_TIMEZONE_REQUIRED", "ORDER_TAX_NOT_READY")
	doc := "Ends the open session and opens the new door in one transaction, so that an order never has two. The url is in this answer alone."

	Staged(a, "createCheckoutSessionRecoveryAction", Steps[CreateSessionRecoveryActionInput, *RecoveryAction]{
		Start: func(_ context.Context, tx db.Tx, c *Caller, in *CreateSessionRecoveryActionInput) (subject string, err error) {
			subject, in.operations, err = s.startRecovery(tx, c, recovery.StartInput{SessionID: in.SessionID}, &in.Body)
			return subject, err
		},
		Finish: func(ctx context.Context, c *Caller, in *CreateSessionRecoveryActionInput, actionID string, settle func(db.Tx, *RecoveryAction) error) (*RecoveryAction, error) {
			return s.finishRecovery(ctx, a, c, actionID, in.operations, settle)
		},
	}, Doc("Replace a session by another door to its order", doc), OneTimeSecrets(), codes)

	Staged(a, "createOrderRecoveryAction", Steps[CreateOrderRecoveryActionInput, *RecoveryAction]{
		Start: func(_ context.Context, tx db.Tx, c *Caller, in *CreateOrderRecoveryActionInput) (subject string, err error) {
			subject, in.operations, err = s.startRecovery(tx, c, recovery.StartInput{OrderID: in.OrderID}, &in.Body)
			return subject, err
		},
		Finish: func(ctx context.Context, c *Caller, in *CreateOrderRecoveryActionInput, actionID string, settle func(db.Tx, *RecoveryAction) error) (*RecoveryAction, error) {
			return s.finishRecovery(ctx, a, c, actionID, in.operations, settle)
		},
	}, Doc("Open another door to an order", doc), OneTimeSecrets(), codes)
}

func (s *Services) startRecovery(tx db.Tx, c *Caller, in recovery.StartInput, body *CreateRecoveryActionRequest) (string, []payment.Operation, error) {
	if scope := doorScopes[body.Type]; scope != "" && !c.Scopes.Has(scope) {
		return "", nil, insufficientScope(auth.AllOf(scope), []string{scope})
	}
	in.Scope, in.Type, in.CancelPayment, in.Cause = c.Scope, body.Type, body.CancelPayment, c.Cause()
	action, ops, err := s.Recovery.Start(tx, in)
	if err != nil {
		return "", nil, err
	}
	return action.ID, ops, nil
}

// finishRecovery gives up the payment that was in the way and opens the door. operations are those that the
// start planned; after a crash they are read again.
func (s *Services) finishRecovery(ctx context.Context, a *API, c *Caller, actionID string, operations []payment.Operation, settle func(db.Tx, *RecoveryAction) error) (*RecoveryAction, error) {
	if operations == nil {
		var err error
		if operations, err = read(ctx, a, func(tx db.Tx) ([]payment.Operation, error) { return recovery.Unfinished(tx, c.Scope, actionID) }); err != nil {
			return nil, err
		}
	}
	if err := s.Payments.Execute(ctx, operations, c.Cause(), nil); err != nil {
		return nil, err
	}
	var out *RecoveryAction
	err := a.DB.Write(ctx, func(tx db.Tx) error {
		action, door, err := s.Recovery.Finish(ctx, tx, c.Scope, actionID, c.Cause())
		if err != nil {
			return err
		}
		out = wireRecoveryAction(action)
		out.URL = door.URL
		return settle(tx, out)
	})
	if f := fault.Of(err); f != nil && f.Class.Status() < 500 {
		if err := a.DB.Write(ctx, func(tx db.Tx) error { return s.Recovery.Fail(tx, c.Scope, actionID, f.Code) }); err != nil {
			return nil, err
		}
	}
	return out, err
}
