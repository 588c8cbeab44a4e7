package httpapi

import (
	"context"
	"fmt"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/payment"
)

// PaymentSourceCredential is what to charge: exactly one member.
type PaymentSourceCredential struct {
	Token             string `json:"token,omitzero" maxLength:"512" doc:"Payment method collected by a page of the merchant."`
	PaymentMethodID   string `json:"payment_method_id,omitzero" maxLength:"64" doc:"Saved method of the order's customer."`
	ConfirmationToken string `json:"confirmation_token,omitzero" maxLength:"512" doc:"Collected by a checkout page."`
}

// PaymentIntentSelection is a leg to confirm, with at most one credential.
type PaymentIntentSelection struct {
	PaymentIntentID   string `json:"payment_intent_id" minLength:"1" maxLength:"64"`
	Token             string `json:"token,omitzero" maxLength:"512"`
	PaymentMethodID   string `json:"payment_method_id,omitzero" maxLength:"64"`
	ConfirmationToken string `json:"confirmation_token,omitzero" maxLength:"512"`
}

// BuyerContactInput is a contact sent with a payment.
type BuyerContactInput struct {
	Email string `json:"email,omitzero" maxLength:"255"`
	Phone string `json:"phone,omitzero" maxLength:"16" doc:"E.164."`
}

// GiftCardAmount is a reserved part of the contract.
type GiftCardAmount struct {
	GiftCardID string `json:"gift_card_id"`
	Amount     Money  `json:"amount_money"`
}

// SetupPaymentSource is a reserved part of the contract.
type SetupPaymentSource struct {
	Token string `json:"token" minLength:"1"`
}

// PayOrderRequest starts or resumes a payment; action tells which of its fields belong to it.
type PayOrderRequest struct {
	Action              string                   `json:"action" enum:"pay,confirm_payment_intents,setup,resume" fault:"invalid=INVALID_ACTION"`
	Source              *PaymentSourceCredential `json:"payment_source,omitzero" doc:"For pay; left out only when nothing is outstanding."`
	PaymentIntents      []PaymentIntentSelection `json:"payment_intents,omitempty" maxItems:"50" doc:"For confirm_payment_intents."`
	Completion          string                   `json:"completion_behavior,omitzero" enum:"complete_order,partial_payment" doc:"For confirm_payment_intents; complete_order by default."`
	SetupSource         *SetupPaymentSource      `json:"setup_payment_source,omitzero" doc:"Reserved."`
	AttemptID           string                   `json:"order_payment_attempt_id,omitzero" maxLength:"64" doc:"For resume."`
	ExpectedOutstanding *Money                   `json:"expected_outstanding_money,omitzero" doc:"What the payer saw; when it differs, nothing is charged."`
	BuyerContact        *BuyerContactInput       `json:"buyer_contact,omitzero"`
	GiftCards           any                      `json:"accepted_gift_card_allocation,omitzero" doc:"Reserved."`
	SaveMethod          bool                     `json:"save_payment_method,omitzero" doc:"With a checkout session's own credential that acts for a customer: save the card for their next checkout."`
	SavePhone           string                   `json:"save_payment_method_phone,omitzero" doc:"Reserved."`
}

// Validate reports fields that do not belong to the action.
func (r *PayOrderRequest) Validate() error {
	var f fault.List
	refuseReserved(&f, r.GiftCards != nil, "accepted_gift_card_allocation")
	refuseReserved(&f, r.SavePhone != "", "save_payment_method_phone")
	if r.SaveMethod && (r.Action != "pay" || r.Source == nil || r.Source.ConfirmationToken == "") {
		f.Add("SAVE_PAYMENT_METHOD_NOT_ALLOWED", "save_payment_method", "Only a card that was typed for this payment can be saved: send it as payment_source.confirmation_token of action pay.")
	}
	refuseReserved(&f, r.SetupSource != nil, "setup_payment_source")
	refuseReserved(&f, r.Action == "setup", "action")
	for _, field := range []struct {
		sent        bool
		name, owner string
	}{
		{r.Source != nil, "payment_source", "pay"},
		{len(r.PaymentIntents) > 0, "payment_intents", "confirm_payment_intents"},
		{r.Completion != "", "completion_behavior", "confirm_payment_intents"},
		{r.AttemptID != "", "order_payment_attempt_id", "resume"},
	} {
		if field.sent && r.Action != field.owner {
			f.Add("UNKNOWN_FIELD", field.name, "This field belongs to action %s.", field.owner)
		}
	}
	if r.Action == "confirm_payment_intents" && len(r.PaymentIntents) == 0 {
		f.Add("FIELD_REQUIRED", "payment_intents", "Choose at least one payment intent.")
	}
	if r.Action == "resume" && r.AttemptID == "" {
		f.Add("FIELD_REQUIRED", "order_payment_attempt_id", "Name the attempt to resume.")
	}
	if c := r.BuyerContact; c != nil {
		if c.Email != "" {
			checkout.CheckEmail(&f, "buyer_contact.email", c.Email)
		}
		if c.Phone != "" {
			checkout.CheckPhone(&f, "buyer_contact.phone", c.Phone)
		}
	}
	return f.Err()
}

// PayOrderInput is the request of payOrder.
type PayOrderInput struct {
	OrderID string `path:"order_id" id:"ord"`
	Device  string `header:"Flint-Buyer-Device" maxLength:"32" doc:"32 lower-case hexadecimal digits that stand for the buyer's device."`
	Body    PayOrderRequest

	operations []payment.Operation
}

// Validate implements Validator.
func (in *PayOrderInput) Validate() error { return in.Body.Validate() }

// PayOrderResult is an order with the attempt that pays it.
type PayOrderResult struct {
	Order   *Order               `json:"order"`
	Attempt *OrderPaymentAttempt `json:"payment_attempt,omitzero"`
}

func registerPayOrder(a *API, s *Services) {
	Staged(a, "payOrder", Steps[PayOrderInput, *PayOrderResult]{
		Start: func(ctx context.Context, tx db.Tx, c *Caller, in *PayOrderInput) (string, error) {
			return s.startPay(tx, c, in)
		},
		Finish: func(ctx context.Context, c *Caller, in *PayOrderInput, attemptID string, settle func(db.Tx, *PayOrderResult) error) (*PayOrderResult, error) {
			return s.finishPay(ctx, a, c, in, attemptID, settle)
		},
	}, Doc("Pay an order", "Starts a payment attempt, or resumes one. A decline is a success of this call whose attempt is failed."),
		Errors("CHECKOUT_ATTEMPTS_EXHAUSTED", "CHECKOUT_SESSION_NOT_OPEN", "CHECKOUT_RECOVERY_RESTRICTED", "CHECKOUT_RECOVERY_ATTEMPT_MISMATCH",
			"ORDER_CHANGED_REFRESH_REQUIRED", "ORDER_PAYMENT_ATTEMPT_ACTIVE", "ORDER_ALREADY_PAID", "ORDER_CLOSED", "PAYMENT_SOURCE_REQUIRED",
			"PAYMENT_SOURCE_CONFLICT", "PAYMENT_SOURCE_NOT_ALLOWED", "PAYMENT_METHOD_NOT_ACTIVE", "PAYMENT_METHOD_ON_SESSION_ONLY",
			"PAYMENT_METHOD_CUSTOMER_MISMATCH", "PAYMENT_METHOD_UNAVAILABLE", "SAVE_PAYMENT_METHOD_NOT_ALLOWED", "SAVE_PAYMENT_METHOD_NOT_OFFERED", "PAYMENT_OPTION_NOT_READY", "PAYMENT_LEG_SELECTION_REQUIRED", "PAYMENT_ATTEMPT_NOT_RESUMABLE",
			"PAYMENT_ATTEMPT_STILL_PROCESSING", "PAYMENT_LEGS_INCOMPLETE", "AMOUNT_EXCEEDS_BALANCE", "ORDER_TAX_LOCATION_REQUIRED"))
}

func (s *Services) startPay(tx db.Tx, c *Caller, in *PayOrderInput) (string, error) {
	r := &in.Body
	if r.Action == "resume" {
		return r.AttemptID, s.mayUseAttempt(tx, c, in.OrderID, r.AttemptID)
	}
	session, err := s.openSessionOf(tx, c, in.OrderID)
	if err != nil {
		return "", err
	}
	contact := payment.Contact{}
	flow, sessionID := "api", ""
	if session != nil {
		flow, sessionID = "checkout", session.ID
		if err := s.Checkouts.PaysFor(tx, session, c.ActsForID); err != nil {
			return "", err
		}
		if saved := session.Detail.Contact; saved != nil {
			contact = payment.Contact{Email: saved.Email, Phone: saved.Phone}
		}
	}
	if b := r.BuyerContact; b != nil {
		if b.Email != "" {
			contact.Email = b.Email
		}
		if b.Phone != "" {
			contact.Phone = b.Phone
		}
	}
	var started payment.Started
	switch r.Action {
	case "confirm_payment_intents":
		selections := make([]payment.Selection, len(r.PaymentIntents))
		for n, p := range r.PaymentIntents {
			selections[n] = payment.Selection{PaymentIntentID: p.PaymentIntentID, Source: payment.Credential{
				Token: p.Token, PaymentMethodID: p.PaymentMethodID, ConfirmationToken: p.ConfirmationToken,
			}}
		}
		started, err = s.Payments.Confirm(tx, payment.ConfirmInput{
			Scope: c.Scope, OrderID: in.OrderID, CheckoutSessionID: sessionID, ActsFor: c.ActsForID, Selections: selections, Completion: r.Completion,
			ExpectedOutstanding: r.ExpectedOutstanding.amount(), Contact: contact, Cause: s.cause(c),
		})
	default:
		var source payment.Credential
		if r.Source != nil {
			source = payment.Credential{Token: r.Source.Token, PaymentMethodID: r.Source.PaymentMethodID, ConfirmationToken: r.Source.ConfirmationToken}
		}
		var saveFor string
		if saveFor, err = s.saveFor(tx, c, r, session); err != nil {
			return "", err
		}
		started, err = s.Payments.Pay(tx, payment.PayInput{
			Scope: c.Scope, OrderID: in.OrderID, CheckoutSessionID: sessionID, Source: source, ActsFor: c.ActsForID, SaveFor: saveFor,
			ExpectedOutstanding: r.ExpectedOutstanding.amount(), Contact: contact, Flow: flow, Cause: s.cause(c),
		})
	}
	if err != nil {
		return "", err
	}
	in.operations = started.Operations
	return started.Attempt.ID, nil
}

// saveFor is the customer for whom the card is saved once it has been charged; empty when nobody asked.
func (s *Services) saveFor(tx db.Tx, c *Caller, r *PayOrderRequest, session *checkout.Session) (string, error) {
	if !r.SaveMethod {
		return "", nil
	}
	if session == nil || c.ActsForID == "" {
		return "", fault.Invalid("SAVE_PAYMENT_METHOD_NOT_ALLOWED", "save_payment_method", "A card is saved in a checkout session whose credential acts for a customer.").
			Then("Let the buyer confirm their e-mail address with a customer verification first.")
	}
	offered, err := s.Checkouts.OffersVerification(tx, session)
	if err != nil {
		return "", err
	}
	if !offered {
		return "", fault.Invalid("SAVE_PAYMENT_METHOD_NOT_OFFERED", "save_payment_method", "This checkout does not offer to save a card.")
	}
	return c.ActsForID, nil
}

func (s *Services) finishPay(ctx context.Context, a *API, c *Caller, in *PayOrderInput, attemptID string, settle func(db.Tx, *PayOrderResult) error) (*PayOrderResult, error) {
	answer := func(tx db.Tx) (*PayOrderResult, error) {
		o, err := s.Orders.Get(ctx, tx, c.Scope, in.OrderID)
		if err != nil {
			return nil, err
		}
		return s.payResult(a, tx, c, o, attemptID)
	}
	if in.Body.Action == "resume" {
		if err := s.Payments.Resume(ctx, c.Scope, in.OrderID, attemptID, s.cause(c)); err != nil {
			return nil, err
		}
		return read(ctx, a, answer)
	}
	ops := in.operations
	if ops == nil {
		// An earlier call of the same key broke off, or nothing had to be asked of a processor.
		var err error
		ops, err = read(ctx, a, func(tx db.Tx) ([]payment.Operation, error) {
			attempt, err := payment.GetAttempt(tx, c.Scope, in.OrderID, attemptID)
			if err != nil {
				return nil, err
			}
			return payment.Planned(tx, attempt)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(ops) == 0 {
		return read(ctx, a, answer)
	}
	var out *PayOrderResult
	err := s.Payments.Execute(ctx, ops, s.cause(c), func(tx db.Tx, o *order.Order) error {
		var err error
		if out, err = s.payResult(a, tx, c, o, attemptID); err != nil {
			return err
		}
		return settle(tx, out)
	})
	if err != nil {
		return nil, fmt.Errorf("pay order %s: %w", in.OrderID, err)
	}
	return out, nil
}

func (s *Services) payResult(a *API, tx db.Tx, c *Caller, o *order.Order, attemptID string) (*PayOrderResult, error) {
	wire, err := s.wireOrderNow(a, tx, c, o)
	if err != nil {
		return nil, err
	}
	out := &PayOrderResult{Order: wire, Attempt: wire.ActiveAttempt}
	if out.Attempt == nil || out.Attempt.ID != attemptID {
		out.Attempt, err = s.attemptNow(a, tx, c.Scope, o.ID, attemptID)
	}
	return out, err
}
