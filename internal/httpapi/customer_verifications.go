package httpapi

import (
	"context"
	"time"

	"flint/internal/auth/buyer"
	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/order"
)

// CreateCustomerVerificationRequest asks for a code by mail.
type CreateCustomerVerificationRequest struct {
	CustomerID string `json:"customer_id" maxLength:"64"`
	Email      string `json:"email" maxLength:"254" fault:"long=INVALID_EMAIL_FORMAT" doc:"With which the guest purchases were made."`
	Purpose    string `json:"purpose" enum:"link_guest_purchases"`
	Channel    string `json:"channel,omitzero" enum:"email"`
}

// CreateCustomerVerificationInput is the request of createCustomerVerification.
type CreateCustomerVerificationInput struct {
	Body CreateCustomerVerificationRequest
}

// Validate implements Validator.
func (in *CreateCustomerVerificationInput) Validate() error {
	var f fault.List
	customer.CheckEmail(&f, "email", in.Body.Email)
	return f.Err()
}

// ConfirmCustomerVerificationRequest is what the customer read in the mail.
type ConfirmCustomerVerificationRequest struct {
	Code string `json:"code" minLength:"1" maxLength:"40" fault:"invalid=CUSTOMER_VERIFICATION_CODE_INVALID,long=CUSTOMER_VERIFICATION_CODE_INVALID"`
}

// ConfirmCustomerVerificationInput is the request of confirmCustomerVerification.
type ConfirmCustomerVerificationInput struct {
	VerificationID string `path:"customer_verification_id" id:"cver"`
	Body           ConfirmCustomerVerificationRequest
}

// LinkGuestPurchasesRequest names a confirmed verification.
type LinkGuestPurchasesRequest struct {
	VerificationID string `json:"customer_verification_id" maxLength:"64"`
}

// LinkGuestPurchasesInput is the request of linkCustomerGuestPurchases.
type LinkGuestPurchasesInput struct {
	CustomerID string `path:"customer_id" id:"cus"`
	Body       LinkGuestPurchasesRequest
}

// CustomerVerification is a proof, or half a proof, that a customer reads the mail of an address.
type CustomerVerification struct {
	ID         string    `json:"customer_verification_id"`
	CustomerID string    `json:"customer_id"`
	Email      string    `json:"email"`
	Channel    string    `json:"channel" enum:"email"`
	Purpose    string    `json:"purpose" enum:"link_guest_purchases"`
	Status     string    `json:"status" enum:"pending,confirmed"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at" doc:"Of the code, and when confirmed, of the right to redeem it."`
}

// GuestPurchaseLink tells which orders a customer got.
type GuestPurchaseLink struct {
	CustomerID     string   `json:"customer_id"`
	VerificationID string   `json:"customer_verification_id"`
	Count          int      `json:"linked_order_count"`
	OrderIDs       []string `json:"order_ids"`
}

func wireVerification(v *buyer.Verification) *CustomerVerification {
	status := "pending"
	if v.Confirmed {
		status = "confirmed"
	}
	return &CustomerVerification{ID: v.ID, CustomerID: v.CustomerID, Email: v.Email, Channel: "email", Purpose: buyer.PurposeLink, Status: status,
		CreatedAt: v.CreatedAt, ExpiresAt: v.ExpiresAt}
}

func registerVerifications(a *API, s *Services) {
	Write(a, "createCustomerVerification", func(ctx context.Context, tx db.Tx, c *Caller, in *CreateCustomerVerificationInput) (*CustomerVerification, error) {
		made, err := s.Buyers.Verify(ctx, tx, buyer.VerifyInput{Scope: c.Scope, CustomerID: in.Body.CustomerID, Email: in.Body.Email})
		return wired(wireVerification)(made, inBody(err, "customer_id"))
	}, Doc("Mail a code to claim guest purchases", "The answer is the same whether there are any and whether a mail went out."),
		Errors("CUSTOMER_VERIFICATION_RATE_LIMITED", "CUSTOMER_VERIFICATION_LIMIT_REACHED", "CUSTOMER_VERIFICATION_UNAVAILABLE", "INVALID_EMAIL_FORMAT"))

	Write(a, "confirmCustomerVerification", func(ctx context.Context, tx db.Tx, c *Caller, in *ConfirmCustomerVerificationInput) (*CustomerVerification, error) {
		return wired(wireVerification)(s.Buyers.ConfirmVerification(ctx, tx, c.Scope, in.VerificationID, in.Body.Code))
	}, Doc("Confirm a mailed code", "What it proves may be redeemed once, within 15 minutes. Five wrong codes end it."),
		Errors("CUSTOMER_VERIFICATION_CODE_INVALID", "CUSTOMER_VERIFICATION_EXPIRED", "CUSTOMER_VERIFICATION_USED", "CUSTOMER_VERIFICATION_PURPOSE_MISMATCH"))

	Write(a, "linkCustomerGuestPurchases", func(ctx context.Context, tx db.Tx, c *Caller, in *LinkGuestPurchasesInput) (*GuestPurchaseLink, error) {
		if _, err := s.Customers.Get(ctx, tx, c.Scope, in.CustomerID); err != nil {
			return nil, err
		}
		address, err := s.Buyers.Redeem(ctx, tx, c.Scope, in.CustomerID, in.Body.VerificationID)
		if err != nil {
			return nil, inBody(err, "customer_verification_id")
		}
		linked, err := s.Orders.LinkGuests(ctx, tx, order.LinkGuestsInput{Scope: c.Scope, Cause: s.cause(c), CustomerID: in.CustomerID, Address: address})
		if err != nil {
			return nil, err
		}
		return &GuestPurchaseLink{CustomerID: in.CustomerID, VerificationID: in.Body.VerificationID, Count: len(linked), OrderIDs: linked}, nil
	}, Doc("Give a customer their guest purchases", "Orders of the proven address that have no customer, at most 200 at a time. Orders of somebody else stay theirs."),
		Errors("CUSTOMER_VERIFICATION_NOT_CONFIRMED", "CUSTOMER_VERIFICATION_EXPIRED", "CUSTOMER_VERIFICATION_USED", "CUSTOMER_VERIFICATION_CUSTOMER_MISMATCH",
			"CUSTOMER_VERIFICATION_PURPOSE_MISMATCH"))
}

// inBody says which field of the body named what was not found.
func inBody(err error, param string) error {
	if f := fault.Of(err); f != nil && f.Class == fault.ClassNotFound && f.Param == "" {
		named := *f
		named.Param = param
		return &named
	}
	return err
}
