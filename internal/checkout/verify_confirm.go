package checkout

import (
	"context"
	"fmt"

	"flint/internal/customer"
	"flint/internal/db"
	"flint/internal/event"
	"flint/internal/fault"
	"flint/internal/order"
	"flint/internal/secret"
	"flint/internal/tenant"
)

// ConfirmVerificationInput is a code that was typed.
type ConfirmVerificationInput struct {
	Scope          tenant.Scope
	SessionID      string
	VerificationID string
	Code           string
	ActsForID      string // customer the credential acts for already, empty for nobody
	Cause          event.Cause
}

// Confirmed is what a right code brought.
type Confirmed struct {
	Session    *Session
	Order      *order.Order
	CustomerID string
	Secret     secret.Text // of the credential that acts for the customer; empty for PurposeConfirmSave
}

// ConfirmVerification checks a code. The right one makes a credential that acts for the customer with the
// address, who is created when there is none; what was given out before keeps working and acts for nobody.
// A wrong one is counted, so the caller commits the transaction although the answer is
// CUSTOMER_VERIFICATION_CODE_INVALID.
//
// Faults: RESOURCE_NOT_FOUND, CHECKOUT_SESSION_NOT_OPEN, CHECKOUT_SESSION_EXPIRED, CHECKOUT_PAYMENT_RESOLVING,
// CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED, CHECKOUT_CUSTOMER_CONFLICT, CUSTOMER_VERIFICATION_CODE_INVALID,
// CUSTOMER_VERIFICATION_UNAVAILABLE.
func (s *Service) ConfirmVerification(ctx context.Context, tx db.Tx, in ConfirmVerificationInput) (*Confirmed, error) {
	o, session, err := s.lock(tx, in.Scope, in.SessionID)
	if err != nil {
		return nil, err
	}
	found, err := queryVerifications(tx, session, `customer_verification_id = $4`+tx.ForUpdate(), in.VerificationID)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.NotFound("customer verification")
	}
	v := found[0]
	if v.Purpose != PurposeConfirmSave {
		if err := s.checkOpen(session, s.Clock.Now()); err != nil {
			return nil, err
		}
		switch {
		case in.ActsForID != "":
			return nil, fault.Conflict("CHECKOUT_CUSTOMER_ALREADY_AUTHORIZED", "This credential acts for a customer already.")
		case o.ActiveAttemptID != "":
			return nil, resolving(o)
		}
	}
	right, err := s.tryCode(tx, v, in.Code)
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, fault.Invalid("CUSTOMER_VERIFICATION_CODE_INVALID", "code", "The code is wrong, was replaced or has expired.").
			Then("Type the newest code, or ask for another one.")
	}
	who, err := s.proven(ctx, tx, session, v, in.Cause)
	if err != nil {
		return nil, err
	}
	plain, err := s.grant(tx, session, who.ID, v.Email)
	return &Confirmed{Session: session, Order: o, CustomerID: who.ID, Secret: plain}, err
}

// tryCode counts a try and tells whether the code is the one that was sent. A right one may be sent again
// while it lasts, for an answer can get lost; that counts as a try. In a sandbox 000000 is wrong and any
// other code passes.
func (s *Service) tryCode(tx db.Tx, v *Verification, code string) (bool, error) {
	now := s.Clock.Now()
	sandbox := v.Scope.Mode() == tenant.ModeTest
	if sandbox && code == "999999" {
		return false, fault.Unavailable("CUSTOMER_VERIFICATION_UNAVAILABLE", "Codes cannot be checked now.")
	}
	if v.status == codeReplaced || !now.Before(v.ExpiresAt) || v.tries >= CodeTries {
		return false, nil
	}
	right := secret.Equal(v.codeHash, s.codeHash(v, code))
	if sandbox {
		right = code != "000000"
	}
	status := v.status
	if right {
		status = codeConfirmed
	}
	err := tx.Send(`UPDATE checkout_verifications SET tries = tries + 1, last_try_at = $5, status = $6
		WHERE merchant_id = $1 AND environment_id = $2 AND checkout_session_id = $3 AND customer_verification_id = $4`,
		v.Scope.MerchantID, v.Scope.EnvironmentID, v.SessionID, v.ID, now, status)
	if err != nil {
		return false, fmt.Errorf("count a try of a code: %w", err)
	}
	return right, nil
}

// proven is the customer with the address, made when nobody has it. A customer whom the merchant named is
// never replaced by another.
func (s *Service) proven(ctx context.Context, tx db.Tx, session *Session, v *Verification, cause event.Cause) (*customer.Customer, error) {
	who, err := s.customerOf(ctx, tx, v.Scope, v.Email)
	if err != nil {
		return nil, err
	}
	if session.CustomerID != "" && (who == nil || who.ID != session.CustomerID) {
		return nil, fault.Conflict("CHECKOUT_CUSTOMER_CONFLICT", "The checkout belongs to another customer.")
	}
	if who != nil {
		return who, nil
	}
	return s.Orders.Customers.Create(ctx, tx, customer.CreateInput{Scope: v.Scope, Cause: cause, Email: v.Email, Verified: true})
}

// MaskEmail hides an address but for its first letter and its domain.
func MaskEmail(email string) string {
	for n, r := range email {
		if r == '@' && n > 0 {
			return email[:1] + "***" + email[n:]
		}
	}
	return "***"
}
