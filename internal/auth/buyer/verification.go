package buyer

import (
	"context"
	"fmt"
	"time"

	"flint/internal/db"
	"flint/internal/fault"
	"flint/internal/id"
	"flint/internal/idempotency"
	"flint/internal/tenant"
)

// ConfirmedFor is how long a confirmed verification may be redeemed.
const ConfirmedFor = 15 * time.Minute

// Verification is a proof, or half a proof, that a customer reads the mail of an address.
type Verification struct {
	ID         string // cver_…
	CustomerID string
	Email      string
	Confirmed  bool
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// VerifyInput asks for a code that proves an address before its guest purchases are claimed.
type VerifyInput struct {
	Scope      tenant.Scope
	CustomerID string
	Email      string // checked by the caller
}

func (c *code) verification() *Verification {
	return &Verification{ID: c.ID, CustomerID: c.CustomerID, Email: c.Address, Confirmed: !c.ConfirmedAt.IsZero(), CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt}
}

// Verify begins a verification. A mail goes out only when the address has guest purchases, and the answer
// does not tell. Faults: RESOURCE_NOT_FOUND for the customer, CUSTOMER_VERIFICATION_RATE_LIMITED,
// CUSTOMER_VERIFICATION_LIMIT_REACHED, CUSTOMER_VERIFICATION_UNAVAILABLE where no mail is sent.
func (s *Service) Verify(_ context.Context, tx db.Tx, in VerifyInput) (*Verification, error) {
	if s.SendCode == nil {
		return nil, fault.Conflict("CUSTOMER_VERIFICATION_UNAVAILABLE", "This installation sends no mail.").Then("The operator connects a mail server.")
	}
	if _, err := s.Find(tx, in.Scope, in.CustomerID); err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	switch wait, full, err := crowded(tx, in.Scope, in.Email, in.CustomerID, now); {
	case err != nil:
		return nil, err
	case full:
		return nil, errLimit()
	case wait > 0:
		return nil, errRateLimited(wait)
	}
	guest, err := s.Guest(tx, in.Scope, in.Email)
	if err != nil {
		return nil, err
	}
	c := code{Scope: in.Scope, ID: s.IDs.New(id.CustomerVerification), Purpose: PurposeLink, CustomerID: in.CustomerID, Address: in.Email, CreatedAt: now,
		ExpiresAt: now.Add(CodeLife)}
	return c.verification(), s.send(tx, c, guest)
}

// ConfirmVerification proves the address. A wrong code is counted: CUSTOMER_VERIFICATION_CODE_INVALID is a
// kept fault. Others: RESOURCE_NOT_FOUND, CUSTOMER_VERIFICATION_EXPIRED, CUSTOMER_VERIFICATION_USED.
func (s *Service) ConfirmVerification(_ context.Context, tx db.Tx, scope tenant.Scope, verificationID, typed string) (*Verification, error) {
	c, err := s.verificationCode(tx, scope, verificationID)
	if err != nil {
		return nil, err
	}
	now := s.Clock.Now()
	switch s.judge(c, typed, now) {
	case codeUsed:
		return nil, errCodeUsed()
	case codeEnded:
		return nil, errCodeExpired()
	case codeWrong:
		if err := missed(tx, c); err != nil {
			return nil, err
		}
		return nil, idempotency.Keep(errCode())
	}
	return c.verification().confirmed(now), confirm(tx, c, now, now.Add(ConfirmedFor))
}

func (v *Verification) confirmed(now time.Time) *Verification {
	v.Confirmed, v.ExpiresAt = true, now.Add(ConfirmedFor)
	return v
}

// Redeem uses a confirmed verification of a customer up and tells the address that it proves. Faults:
// RESOURCE_NOT_FOUND, CUSTOMER_VERIFICATION_CUSTOMER_MISMATCH, CUSTOMER_VERIFICATION_NOT_CONFIRMED,
// CUSTOMER_VERIFICATION_EXPIRED, CUSTOMER_VERIFICATION_USED.
func (s *Service) Redeem(_ context.Context, tx db.Tx, scope tenant.Scope, customerID, verificationID string) (address string, err error) {
	c, err := s.verificationCode(tx, scope, verificationID)
	if err != nil {
		return "", err
	}
	now := s.Clock.Now()
	switch {
	case c.CustomerID != customerID:
		return "", fault.Conflict("CUSTOMER_VERIFICATION_CUSTOMER_MISMATCH", "This verification is another customer's.")
	case !c.RedeemedAt.IsZero():
		return "", errCodeUsed()
	case c.ConfirmedAt.IsZero():
		return "", fault.Conflict("CUSTOMER_VERIFICATION_NOT_CONFIRMED", "This verification was not confirmed.")
	case !now.Before(c.ExpiresAt):
		return "", errCodeExpired()
	}
	if err := tx.Send(`UPDATE customer_codes SET redeemed_at = $4 WHERE merchant_id = $1 AND environment_id = $2 AND code_id = $3`,
		scope.MerchantID, scope.EnvironmentID, c.ID, now); err != nil {
		return "", fmt.Errorf("redeem a verification: %w", err)
	}
	return c.Address, nil
}

// verificationCode locks the code of a verification. Codes of other purposes are a
// CUSTOMER_VERIFICATION_PURPOSE_MISMATCH.
func (s *Service) verificationCode(tx db.Tx, scope tenant.Scope, verificationID string) (*code, error) {
	if !id.Valid(id.CustomerVerification, verificationID) {
		return nil, fault.NotFound("customer verification")
	}
	c, err := findCode(tx, scope, verificationID, tx.ForUpdate())
	switch {
	case err != nil:
		return nil, err
	case c == nil:
		return nil, fault.NotFound("customer verification")
	case c.Purpose != PurposeLink:
		return nil, fault.Conflict("CUSTOMER_VERIFICATION_PURPOSE_MISMATCH", "This verification was made for something else.")
	}
	return c, nil
}
