package httpapi

import (
	"context"
	"errors"
	"time"

	"flint/internal/checkout"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/idempotency"
)

// CreateCheckoutVerificationRequest asks for a code.
type CreateCheckoutVerificationRequest struct {
	Purpose string `json:"purpose" enum:"gift_card_purchase,save_payment_method,use_saved_payment_methods,confirm_saved_payment_method" fault:"invalid=INVALID_PURPOSE"`
	Channel string `json:"channel,omitzero" enum:"email,sms,auto" fault:"invalid=INVALID_CHANNEL" doc:"auto for use_saved_payment_methods, else email, when left out; needed for confirm_saved_payment_method."`
	Email   string `json:"email,omitzero" maxLength:"255" doc:"For all purposes but confirm_saved_payment_method."`
}

// CreateCheckoutVerificationInput is the request of checkoutSessions.createCustomerVerification.
type CreateCheckoutVerificationInput struct {
	SessionID string `path:"checkout_session_id" id:"cs"`
	Body      CreateCheckoutVerificationRequest
}

// CheckoutVerification is a code that was sent.
type CheckoutVerification struct {
	ID              string    `json:"customer_verification_id"`
	SessionID       string    `json:"checkout_session_id"`
	Purpose         string    `json:"purpose" enum:"gift_card_purchase,save_payment_method,use_saved_payment_methods,confirm_saved_payment_method"`
	Channel         string    `json:"channel" enum:"email,sms"`
	Email           string    `json:"email,omitzero"`
	PhoneLastDigits string    `json:"phone_last_digits,omitzero"`
	CreatedAt       time.Time `json:"created_at"`
	ExpiresAt       time.Time `json:"expires_at"`
}

// ConfirmCheckoutVerificationRequest is the typed code.
type ConfirmCheckoutVerificationRequest struct {
	Code string `json:"code" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$"`
}

// ConfirmCheckoutVerificationInput is the request of checkoutSessions.confirmCustomerVerification.
type ConfirmCheckoutVerificationInput struct {
	SessionID      string `path:"checkout_session_id" id:"cs"`
	VerificationID string `path:"customer_verification_id" id:"ccver"`
	Body           ConfirmCheckoutVerificationRequest
}

// CheckoutVerificationConfirmation is the session as the new credential reads it, with that credential.
type CheckoutVerificationConfirmation struct {
	Session *CheckoutSession `json:"checkout_session"`
	Access  *CheckoutAccess  `json:"checkout_access,omitzero" doc:"Acts for the customer; absent for confirm_saved_payment_method."`
}

func registerCheckoutVerifications(a *API, s *Services) {
	Write(a, "checkoutSessions.createCustomerVerification", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCheckoutVerificationInput) (*CheckoutVerification, error) {
		if c.SubjectID != in.SessionID {
			return nil, fault.NotFound("checkout session")
		}
		asker := ""
		if c.Address.IsValid() {
			asker = c.Address.Unmap().String()
		}
		v, err := s.Checkouts.SendVerification(ctx, tx, checkout.VerificationInput{
			Scope: c.Scope, SessionID: in.SessionID, Purpose: in.Body.Purpose, Channel: in.Body.Channel, Email: in.Body.Email,
			ActsForID: c.ActsForID, Asker: asker, Cause: s.cause(c),
		})
		if err != nil {
			return nil, err
		}
		out := &CheckoutVerification{ID: v.ID, SessionID: v.SessionID, Purpose: v.Purpose, Channel: v.Channel, Email: v.Email, CreatedAt: v.CreatedAt, ExpiresAt: v.ExpiresAt}
		if v.Purpose == checkout.PurposeConfirmSave {
			out.Email = checkout.MaskEmail(v.Email)
		}
		return out, nil
	}, Doc("Send the buyer a code", "By mail, for 15 minutes and five tries; a new one voids the earlier ones. Whether somebody has the address is not told."),
		Errors("CUSTOMER_VERIFICATION_NOT_OFFERED", "CUSTOMER_VERIFICATION_NOT_SENT", "CUSTOMER_VERIFICATION_TEXT_UNAVAILABLE",
			"CUSTOMER_VERIFICATION_LIMIT_REACHED", "CUSTOMER_VERIFICATION_RATE_LIMITED", "CUSTOMER_VERIFICATION_EMAIL_NOT_ALLOWED",
			"CUSTOMER_VERIFICATION_UNAVAILABLE", "INVALID_PURPOSE", "INVALID_CHANNEL", "CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED", "CHECKOUT_PAYMENT_RESOLVING",
			"CHECKOUT_SESSION_NOT_OPEN", "CHECKOUT_LAUNCH_TOKEN_RESTRICTED", "PAYMENT_METHOD_SAVE_NOT_PENDING", "PAYMENT_METHOD_SAVE_CODE_LIMIT_REACHED"))

	Write(a, "checkoutSessions.confirmCustomerVerification", func(ctx context.Context, tx db.Tx, c *Caller, in *ConfirmCheckoutVerificationInput) (*CheckoutVerificationConfirmation, error) {
		if c.SubjectID != in.SessionID {
			return nil, fault.NotFound("checkout session")
		}
		confirmed, err := s.Checkouts.ConfirmVerification(ctx, tx, checkout.ConfirmVerificationInput{
			Scope: c.Scope, SessionID: in.SessionID, VerificationID: in.VerificationID, Code: in.Body.Code, ActsForID: c.ActsForID, Cause: s.cause(c),
		})
		if wrong, ok := errors.AsType[*fault.Error](err); ok && wrong.Code == "CUSTOMER_VERIFICATION_CODE_INVALID" {
			return nil, idempotency.Keep(wrong) // the try counts
		}
		if err != nil {
			return nil, err
		}
		out := &CheckoutVerificationConfirmation{}
		as := *c
		if v := confirmed.Secret.Reveal(); v != "" {
			out.Access = &CheckoutAccess{v}
			as.ActsForID = confirmed.CustomerID
		}
		out.Session, err = s.sessionNow(ctx, a, tx, &as, in.SessionID, nil)
		return out, err
	}, Doc("Confirm a code", "The right code makes this checkout act for the customer with the address, through a new credential. The order's customer changes when the payment succeeds."),
		OneTimeSecrets(), Errors("CUSTOMER_VERIFICATION_CODE_INVALID", "CUSTOMER_VERIFICATION_UNAVAILABLE", "CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED",
			"CHECKOUT_CUSTOMER_CONFLICT", "CHECKOUT_PAYMENT_RESOLVING", "CHECKOUT_SESSION_NOT_OPEN", "CHECKOUT_SESSION_EXPIRED", "CHECKOUT_LAUNCH_TOKEN_RESTRICTED"))
}
