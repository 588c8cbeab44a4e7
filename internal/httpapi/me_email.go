package httpapi

import (
	"context"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/notification"
)

// CreateEmailChangeRequest names the new address.
type CreateEmailChangeRequest struct {
	NewEmail string `json:"new_email" maxLength:"254" fault:"long=INVALID_EMAIL_FORMAT"`
}

// CreateEmailChangeInput is the request of me.createEmailChangeRequest.
type CreateEmailChangeInput struct{ Body CreateEmailChangeRequest }

// Validate implements Validator.
func (in *CreateEmailChangeInput) Validate() error {
	var f fault.List
	customer.CheckEmail(&f, "new_email", in.Body.NewEmail)
	return f.Err()
}

// ConfirmEmailChangeRequest is what the customer read in both mails.
type ConfirmEmailChangeRequest struct {
	NewCode     string `json:"new_email_code" maxLength:"40" fault:"long=CUSTOMER_VERIFICATION_CODE_INVALID"`
	CurrentCode string `json:"current_email_code,omitzero" maxLength:"40" fault:"long=CUSTOMER_VERIFICATION_CODE_INVALID" doc:"Needed while current_email_confirmation_required."`
}

// ConfirmEmailChangeInput is the request of me.confirmEmailChangeRequest.
type ConfirmEmailChangeInput struct {
	RequestID string `path:"email_change_request_id" id:"ecr"`
	Body      ConfirmEmailChangeRequest
}

// EmailChangeRequest is a customer's wish for another address.
type EmailChangeRequest struct {
	ID           string    `json:"email_change_request_id"`
	NeedsCurrent bool      `json:"current_email_confirmation_required"`
	NewEmail     string    `json:"new_email" flint:"extension"`
	Status       string    `json:"status" enum:"pending,confirmed" flint:"extension"`
	CreatedAt    time.Time `json:"created_at" flint:"extension"`
	ExpiresAt    time.Time `json:"expires_at" flint:"extension" doc:"Of the codes."`
}

func wireEmailChange(e *buyer.EmailChange) *EmailChangeRequest {
	out := &EmailChangeRequest{ID: e.ID, NeedsCurrent: e.NeedsCurrent() && !e.Confirmed, NewEmail: e.NewEmail, Status: "pending", CreatedAt: e.CreatedAt, ExpiresAt: e.ExpiresAt}
	if e.Confirmed {
		out.Status = "confirmed"
	}
	return out
}

// CustomerEmailPreferences are the optional mails that an address takes from the merchant.
type CustomerEmailPreferences struct {
	CustomerID        string `json:"customer_id"`
	CheckoutReminders bool   `json:"checkout_reminders"`
	ShippingUpdates   bool   `json:"shipping_updates"`
}

// UpdateEmailPreferencesRequest changes the fields that are sent.
type UpdateEmailPreferencesRequest struct {
	CheckoutReminders *bool `json:"checkout_reminders,omitzero"`
	ShippingUpdates   *bool `json:"shipping_updates,omitzero"`
}

// UpdateEmailPreferencesInput is the request of me.updateEmailPreferences.
type UpdateEmailPreferencesInput struct{ Body UpdateEmailPreferencesRequest }

// Validate implements Validator.
func (in *UpdateEmailPreferencesInput) Validate() error {
	if in.Body.CheckoutReminders == nil && in.Body.ShippingUpdates == nil {
		return fault.Invalid("NO_FIELDS_TO_UPDATE", "", "The request names no field to change.")
	}
	return nil
}

func registerMyEmail(a *API, s *Services) {
	Write(a, "me.createEmailChangeRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateEmailChangeInput) (*EmailChangeRequest, error) {
		return wired(wireEmailChange)(s.Buyers.RequestEmailChange(ctx, tx, buyer.ChangeEmailInput{Scope: c.Scope, CustomerID: c.SubjectID, NewEmail: in.Body.NewEmail}))
	}, Doc("Ask for another e-mail address", "Mails a code to the new address and one to the present one. Nothing changes before both are confirmed."),
		Errors("CUSTOMER_EMAIL_ALREADY_USED", "INVALID_EMAIL_FORMAT", "CUSTOMER_VERIFICATION_RATE_LIMITED", "CUSTOMER_VERIFICATION_LIMIT_REACHED", "CUSTOMER_VERIFICATION_UNAVAILABLE"))

	Write(a, "me.confirmEmailChangeRequest", func(ctx context.Context, tx db.Tx, c *Caller, in *ConfirmEmailChangeInput) (*EmailChangeRequest, error) {
		e, err := s.Buyers.ConfirmEmailChange(ctx, tx, buyer.ConfirmEmailInput{Scope: c.Scope, CustomerID: c.SubjectID, RequestID: in.RequestID,
			NewCode: in.Body.NewCode, CurrentCode: in.Body.CurrentCode})
		if err != nil {
			return nil, err
		}
		_, err = s.Customers.SetEmail(ctx, tx, customer.SetEmailInput{Scope: c.Scope, Cause: c.Cause(), ID: c.SubjectID, Email: e.NewEmail})
		return wired(wireEmailChange)(e, err)
	}, Doc("Confirm the other e-mail address", "With the codes of both mails; five wrong ones end the request."),
		Errors("CUSTOMER_VERIFICATION_CODE_INVALID", "CUSTOMER_VERIFICATION_EXPIRED", "CUSTOMER_VERIFICATION_USED", "CUSTOMER_EMAIL_ALREADY_USED"))

	Get(a, "me.getEmailPreferences", func(ctx context.Context, tx db.Tx, c *Caller, _ *struct{}) (*CustomerEmailPreferences, error) {
		out, _, err := s.preferences(ctx, tx, c)
		return out, err
	}, Doc("Read own e-mail preferences", "They belong to the address at this merchant. Receipts and other mails about money are always sent."), Errors("CUSTOMER_EMAIL_REQUIRED"))

	Write(a, "me.updateEmailPreferences", func(ctx context.Context, tx db.Tx, c *Caller, in *UpdateEmailPreferencesInput) (*CustomerEmailPreferences, error) {
		out, email, err := s.preferences(ctx, tx, c)
		if err != nil {
			return nil, err
		}
		setTo(&out.CheckoutReminders, in.Body.CheckoutReminders)
		setTo(&out.ShippingUpdates, in.Body.ShippingUpdates)
		return out, s.Receipts.SetPreferences(tx, c.Scope, email, notification.Choices{CheckoutReminders: out.CheckoutReminders, ShippingUpdates: out.ShippingUpdates})
	}, Doc("Change own e-mail preferences", "Switches optional mails on and off."), Errors("CUSTOMER_EMAIL_REQUIRED", "NO_FIELDS_TO_UPDATE"))
}

func setTo[T any](field *T, v *T) {
	if v != nil {
		*field = *v
	}
}

// preferences reads what the caller's address takes.
func (s *Services) preferences(ctx context.Context, tx db.Tx, c *Caller) (*CustomerEmailPreferences, string, error) {
	me, err := s.Customers.Get(ctx, tx, c.Scope, c.SubjectID)
	if err != nil {
		return nil, "", err
	}
	if me.Email == "" || !me.ErasedAt.IsZero() {
		return nil, "", &fault.Error{Class: fault.ClassNotFound, Code: "CUSTOMER_EMAIL_REQUIRED", Message: "The customer has no e-mail address."}
	}
	choices, err := s.Receipts.Preferences(tx, c.Scope, me.Email)
	return &CustomerEmailPreferences{CustomerID: me.ID, CheckoutReminders: choices.CheckoutReminders, ShippingUpdates: choices.ShippingUpdates}, me.Email, err
}
